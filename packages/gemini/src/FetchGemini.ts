/**
 * The client on the platform's `fetch`: Node, Bun, Deno, browsers, workers.
 *
 * What we send: `x-goog-api-key`, `content-type`, `x-goog-api-client:
 * effect-gemini/<version>`, and what the call or `transformClient` adds; the platform adds
 * its own, such as accept-encoding. A redirect is an error: the key must not follow one.
 *
 * `fetch` does not show its sockets: `timeouts.connect` covers the time to the response
 * head here, which a thinking model may take minutes to send. Left out, Node's own limits
 * hold: 10 s to connect, 300 s to the head and between two pieces, each a `TimedOut`; the
 * `NodeGemini` layer has no such cap.
 *
 * For a proxy, or a body that streams, provide the HttpClient yourself: `GeminiClient.layer(options)` takes any.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as GeminiClient from "./GeminiClient.ts"
import type * as GeminiConfig from "./GeminiConfig.ts"
import * as GeminiHttp from "./GeminiHttp.ts"
import * as Environment from "./internal/config/environment.ts"
import * as Attempt from "./internal/http/attempt.ts"
import * as BareMethods from "./internal/http/bareMethods.ts"
import * as FetchClient from "./internal/http/fetchClient.ts"
import type * as ModelPool from "./ModelPool.ts"
import * as RateLimiter from "./RateLimiter.ts"

/**
 * The services that these layers provide.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = GeminiClient.GeminiClient | ModelPool.ModelPool | RateLimiter.RateLimiter | GeminiHttp.GeminiHttp

/**
 * The client with its options in code.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import { GeminiClient } from "effect-gemini/GeminiClient"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const Gemini = FetchGemini.layer({
 *   apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? ""),
 *   baseUrl: process.env.GEMINI_BASE_URL,
 *   tier: "tier1",
 *   timeouts: { total: "1 minute" }
 * })
 * const answer = await GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello" })).pipe(
 *   Effect.provide(Gemini),
 *   Effect.runPromise
 * )
 * console.log(answer.text)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: GeminiConfig.Options): Layer.Layer<Services> =>
  GeminiClient.layerNoHttp(options).pipe(
    Layer.provideMerge(Layer.effect(
      GeminiHttp.GeminiHttp,
      Effect.map(FetchClient.make, (client) => BareMethods.of(Attempt.make({ ...options }, client)))
    )),
    Layer.provideMerge(RateLimiter.layer)
  )

/**
 * Only the HttpClient of these layers, for `Members.layer` and other layers that take any. It is leaner than
 * `FetchHttpClient.layer`, follows no redirect, and sends no body that streams; it takes `FetchHttpClient.Fetch` and
 * `FetchHttpClient.RequestInit` from the context, as that one does.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Members from "effect-gemini/Members"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const gemini = Members.layer({ members: [{ name: "one", apiKey: Redacted.make("…") }] }).pipe(
 *   Layer.provide(FetchGemini.layerHttpClient)
 * )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerHttpClient: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  FetchClient.make
)

/**
 * The client with key, base URL and version from the environment; `options` win over it, as values or as `Config`:
 * `layerConfig({ apiKey: Config.Redacted("MY_KEY") })`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (options: GeminiConfig.ConfigOptions = {}): Layer.Layer<Services, Config.ConfigError> =>
  Environment.layer(options, layer)
