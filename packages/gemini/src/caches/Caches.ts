/**
 * Prefixes of requests that the API keeps: a manual, a video, tools and an instruction, which many requests share and
 * which cost a tenth there. A request names its cache in `cachedContent`.
 *
 * A cache costs as long as it is there, so it has an end: `ttl` or `expireTime`, an hour if neither is said. It belongs to
 * one model. {@link CachedPrefix} makes, renews and gives up caches by itself, where that pays.
 *
 * ```ts
 * import * as Caches from "effect-gemini/caches/Caches"
 * import * as GeminiClient from "effect-gemini/GeminiClient"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * const options = { apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") }
 *
 * const Gemini = Layer.mergeAll(
 *   Caches.layer.pipe(Layer.provide(ResourceHttp.layer(options)), Layer.provide(NodeGemini.layerHttpClient())),
 *   NodeGemini.layerHttp(options)
 * )
 *
 * const program = Effect.gen(function*() {
 *   const caches = yield* Caches.Caches
 *   const gemini = yield* GeminiClient.GeminiClient
 *   const { cache, handle } = yield* caches.create({
 *     model: "gemini-3.8-flash",
 *     systemInstruction: "Answer from the manual.",
 *     contents: "All of the manual …",
 *     ttl: "10 minutes"
 *   })
 *   const answer = yield* gemini.generate({
 *     model: "gemini-3.8-flash",
 *     cachedContent: cache.name,
 *     contents: "How is the filter changed?"
 *   })
 *   yield* caches.delete(handle)
 *   return answer.usage?.cachedTokens
 * }).pipe(Effect.provide(Gemini))
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { CallOptions } from "../call/CallOptions.ts"
import type * as GeminiConfig from "../GeminiConfig.ts"
import type { GeminiError } from "../GeminiError.ts"
import * as Service from "../internal/caches/cacheService.ts"
import * as ResourceHttp from "../ResourceHttp.ts"
import type { Input, ResourceHandle } from "../resources/ResourceHandle.ts"
import type { CachedContent } from "../wire/CachedContent.ts"
import type * as Content from "../wire/Content.ts"
import type { GenerateContentRequest } from "../wire/GenerateContent.ts"

/**
 * A cache with its handle, which names the member that made it, too.
 *
 * @category models
 * @since 0.2.0
 */
export interface KeptCache {
  readonly cache: CachedContent
  readonly handle: ResourceHandle
}

/**
 * The end of a cache: so long from now on, or a time (RFC 3339 text or a Date). At most one of them.
 *
 * @category models
 * @since 0.2.0
 */
export interface Expiry {
  readonly ttl?: Duration.Input | undefined
  readonly expireTime?: string | Date | undefined
}

/**
 * What is cached, in the fields of a request, for which model and how long. One of `contents`, `systemInstruction` and
 * `tools` is needed. Below the model's minimum (1,024 tokens for 2.5 Flash, 4,096 for most others) the server refuses.
 *
 * @category models
 * @since 0.2.0
 */
export interface CacheRequest extends Expiry, Pick<GenerateContentRequest, "tools" | "toolConfig"> {
  readonly model: string
  readonly contents?: Content.Input | undefined
  readonly systemInstruction?: string | Content.Content | undefined
  /**
   * At most 128 characters. Without one a random name is sent, by which the cache is found if the answer is lost. A name
   * of your own may stand for several caches, so then a lost answer fails with `mayExist`.
   */
  readonly displayName?: string | undefined
  /**
   * A key of Cloud KMS by which the cache is encrypted, on Vertex AI alone:
   * `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
   */
  readonly encryptionSpec?: { readonly kmsKeyName: string } | undefined
}

/**
 * The methods about caches. Failures are GeminiErrors. A cache that is gone, expired or another project's is NotFound.
 *
 * @category models
 * @since 0.2.0
 */
export interface CachesService {
  readonly create: (request: CacheRequest, options?: CallOptions) => Effect.Effect<KeptCache, GeminiError>
  readonly get: (cache: Input, options?: CallOptions) => Effect.Effect<KeptCache, GeminiError>
  /**
   * All caches of the project, the newest first, asked for page by page (of 100, at most 1,000). Over members,
   * `MemberCall.set({ member })` says whose.
   */
  readonly list: (options?: CallOptions & { readonly pageSize?: number | undefined }) => Stream.Stream<
    KeptCache,
    GeminiError
  >
  /** Gives a cache another end, earlier or later. Nothing else of it can be changed. */
  readonly update: (cache: Input, expiry: Expiry, options?: CallOptions) => Effect.Effect<KeptCache, GeminiError>
  readonly delete: (cache: Input, options?: CallOptions) => Effect.Effect<void, GeminiError>
}

/**
 * The methods as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class Caches extends Context.Service<Caches, CachesService>()("effect-gemini/Caches") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (options: GeminiConfig.Options): Layer.Layer<Caches, never, HttpClient.HttpClient> =>
    Layer.provide(layer, ResourceHttp.layer(options))
}

/**
 * The service over a ResourceHttp.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make: (http: ResourceHttp.Service) => CachesService = Service.make

/**
 * The service over the ResourceHttp of the context: that of one key, or that of `MemberResources`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<Caches, never, ResourceHttp.ResourceHttp> = /* @__PURE__ */ Layer.effect(
  Caches,
  /* @__PURE__ */ Effect.map(ResourceHttp.ResourceHttp, make)
)
