/**
 * The client on Node: HTTP over undici, several times the unary throughput of `fetch`, and
 * Live over `ws`.
 *
 * What we send: `x-goog-api-key`, `content-type`, `x-goog-api-client` and `user-agent`
 * (`effect-gemini/<version>`), and what the call or `transformClient` adds. undici adds
 * nothing but `host`, `connection` and `content-length`: no compression is asked for,
 * and none would be undone. A redirect is an error: the key must not follow one.
 *
 * Connecting takes 10 s at most unless `timeouts.connect` says otherwise; nothing else
 * is limited unless `timeouts` says so.
 *
 * @since 0.1.0
 */
import type * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Socket from "effect/socket/Socket"
import type { Services } from "./FetchGemini.ts"
import * as GeminiClient from "./GeminiClient.ts"
import type * as GeminiConfig from "./GeminiConfig.ts"
import type * as GeminiLive from "./GeminiLive.ts"
import * as Bounds from "./internal/config/bounds.ts"
import * as Environment from "./internal/config/environment.ts"
import * as DispatchClient from "./internal/http/dispatchClient.ts"
import type { LiveTransport } from "./live/LiveTransport.ts"
import * as RateLimiter from "./RateLimiter.ts"

/** How long undici connects if no option says it, in milliseconds. */
const connectTimeout = 10_000

const agent = (options: GeminiConfig.Options): Layer.Layer<NodeHttpClient.Dispatcher> => {
  // A value that is not a duration fails every call (GeminiConfig.problem), not the building of the layer.
  const connect = options.timeouts?.connect === undefined
    ? Option.none()
    : Duration.fromInput(options.timeouts.connect)
  // Our own deadline follows the Clock; the agent's is a second later, in case the Clock stands still.
  const millis = Option.isNone(connect) ? connectTimeout : Duration.toMillis(connect.value) + 1_000
  return Layer.effect(
    DispatchClient.Dispatcher,
    Effect.acquireRelease(
      DispatchClient.makeAgent(millis === Infinity ? 0 : millis),
      (agent) => Effect.promise(() => agent.destroy())
    )
  )
}

/**
 * HTTP over undici, without Live. The connections belong to the layer and close with it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp = (options: GeminiConfig.Options): Layer.Layer<Services> =>
  Layer.provide(layerHttpNoDispatcher(options), agent(options))

/**
 * HTTP over a dispatcher of your own: for a proxy, client certificates or a limit of connections.
 *
 * @category layers
 * @since 0.1.0
 * @example
 * ```ts
 * import { Dispatcher } from "@effect/platform-node/NodeHttpClient"
 * import { ProxyAgent } from "@effect/platform-node/Undici"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const gemini = NodeGemini.layerHttpNoDispatcher({ apiKey: Redacted.make("…") }).pipe(
 *   Layer.provide(Layer.sync(Dispatcher, () => new ProxyAgent("http://proxy.example:3128")))
 * )
 * ```
 */
export const layerHttpNoDispatcher = (
  options: GeminiConfig.Options
): Layer.Layer<Services, never, NodeHttpClient.Dispatcher> =>
  Layer.provide(GeminiClient.layer(options), Layer.effect(HttpClient.HttpClient, DispatchClient.make))

/**
 * Only the HttpClient of these layers, for `Members.layer` and other layers that take any.
 *
 * ```ts
 * import * as Members from "effect-gemini/Members"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const gemini = Members.layer({ members: [{ name: "one", apiKey: Redacted.make("…") }] }).pipe(
 *   Layer.provide(NodeGemini.layerHttpClient())
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttpClient = (
  options: Pick<GeminiConfig.Options, "timeouts"> = {}
): Layer.Layer<HttpClient.HttpClient> =>
  Layer.provide(Layer.effect(HttpClient.HttpClient, DispatchClient.make), agent(options))

/**
 * HTTP without Live, with key, base URL and version from the environment; `options` win over it, as values or as
 * `Config`: `layerConfig({ apiKey: Config.Redacted("MY_KEY") })`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (options: GeminiConfig.ConfigOptions = {}): Layer.Layer<Services, Config.ConfigError> =>
  Environment.layer(options, layerHttp)

// Live is loaded when a program asks for it, because it brings effect/ai's Tool along and a call over HTTP needs
// neither. It stands in a function, so that the bundle of a program without Live has none of it.
const withLive = <A, E, R>(use: (live: typeof GeminiLive) => Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.unwrap(Effect.map(Effect.promise(() => import("./GeminiLive.ts")), use))

const sockets = ({ bounds }: GeminiLive.Options): Layer.Layer<Socket.WebSocketConstructor> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./internal/live/wsConstructor.ts")),
      (constructor) => constructor.layer(Bounds.of(bounds, "frame"))
    )
  )

/**
 * Live sessions over `ws`, with a limiter of their own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLive = (options: GeminiLive.Options): Layer.Layer<GeminiLive.GeminiLive> =>
  Layer.provide(withLive((live) => live.layer(options)), [sockets(options), RateLimiter.layer])

/**
 * Live sessions over `ws`, with key, base URL and version from the environment; `options` win over it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLiveConfig = (
  options: GeminiLive.Options = {}
): Layer.Layer<GeminiLive.GeminiLive, Config.ConfigError> =>
  Layer.unwrap(Effect.map(Environment.load(options), (loaded) => layerLive({ ...options, ...loaded })))

/**
 * The services that {@link layer} provides.
 *
 * @category models
 * @since 0.1.0
 */
export type AllServices = Services | GeminiLive.GeminiLive | LiveTransport

/**
 * HTTP over undici and Live over `ws`, under one limiter: a call of `GeminiClient` to a
 * model that has only the Live API travels there.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: GeminiConfig.Options & GeminiLive.TransportOptions): Layer.Layer<AllServices> =>
  Layer.provide(layerNoSockets(options), [agent(options), sockets(options)])

/**
 * HTTP and Live over a dispatcher and WebSockets of your own: for a proxy or client certificates. `bounds.frame`
 * refuses a frame only after it was read, so give your WebSockets a `maxPayload`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerNoSockets = (
  options: GeminiConfig.Options & GeminiLive.TransportOptions
): Layer.Layer<AllServices, never, NodeHttpClient.Dispatcher | Socket.WebSocketConstructor> => {
  const both = withLive((live) => Layer.merge(live.layer(options), live.layerTransport(options)))
  // The client looks for the transport when it is built.
  return GeminiClient.layerNoLimiter(options).pipe(
    Layer.provideMerge(both),
    Layer.provideMerge(RateLimiter.layer),
    Layer.provide(Layer.effect(HttpClient.HttpClient, DispatchClient.make))
  )
}
