/**
 * The client on Node's undici: several times the unary throughput of `fetch`.
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
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { Services } from "./FetchGemini.ts"
import * as GeminiClient from "./GeminiClient.ts"
import * as GeminiConfig from "./GeminiConfig.ts"
import * as DispatchClient from "./internal/dispatchClient.ts"

/** How long undici connects if no option says it, in milliseconds. */
const connectTimeout = 10_000

const agent = (options: GeminiConfig.Options): Layer.Layer<NodeHttpClient.Dispatcher> => {
  const connect = options.timeouts?.connect
  // Our own deadline follows the Clock; the agent's stands behind it.
  const millis = connect === undefined ? connectTimeout : Duration.toMillis(connect) + 1_000
  return Layer.effect(
    NodeHttpClient.Dispatcher,
    Effect.acquireRelease(
      Effect.sync(() => DispatchClient.makeAgent(millis === Infinity ? 0 : millis)),
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
 * The same over a dispatcher of yours: a proxy, client certificates, a limit of
 * connections.
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
 * Key, base URL and version from the environment; `options` win over it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (options: GeminiConfig.Options = {}): Layer.Layer<Services, Config.ConfigError> =>
  Layer.unwrap(Effect.map(GeminiConfig.load(options), layerHttp))
