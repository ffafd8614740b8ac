/**
 * The client on the platform's `fetch`: Node, Bun, Deno, browsers, workers.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as GeminiClient from "./GeminiClient.ts"
import * as GeminiConfig from "./GeminiConfig.ts"
import type * as GeminiHttp from "./GeminiHttp.ts"
import type * as ModelPool from "./ModelPool.ts"
import type * as RateLimiter from "./RateLimiter.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Services = GeminiClient.GeminiClient | ModelPool.ModelPool | RateLimiter.RateLimiter | GeminiHttp.GeminiHttp

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: GeminiConfig.Options): Layer.Layer<Services> =>
  Layer.provide(GeminiClient.layer(options), FetchHttpClient.layer)

/**
 * Key, base URL and version from the environment; `options` win over it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (options: GeminiConfig.Options = {}): Layer.Layer<Services, Config.ConfigError> =>
  Layer.unwrap(
    Effect.map(GeminiConfig.fromEnvironment(), (environment) => layer({ ...environment, ...options }))
  )
