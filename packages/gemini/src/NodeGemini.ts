/**
 * The client on Node's undici: twice the unary throughput of `fetch`.
 *
 * undici neither unzips nor follows redirects, which suits this API: no compression
 * is asked for, and a redirect is an error.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Services } from "./FetchGemini.ts"
import * as GeminiClient from "./GeminiClient.ts"
import * as GeminiConfig from "./GeminiConfig.ts"

/**
 * HTTP over undici, without Live.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp = (options: GeminiConfig.Options): Layer.Layer<Services> =>
  Layer.provide(GeminiClient.layer(options), NodeHttpClient.layerUndici)

/**
 * Key, base URL and version from the environment; `options` win over it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (options: GeminiConfig.Options = {}): Layer.Layer<Services, Config.ConfigError> =>
  Layer.unwrap(Effect.map(GeminiConfig.load(options), layerHttp))
