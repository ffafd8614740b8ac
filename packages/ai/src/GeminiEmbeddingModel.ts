/**
 * Gemini as the `EmbeddingModel` of `effect/ai`: any number of inputs, sent in batches of
 * what the API takes at once, in order.
 *
 * Concurrent `embed` calls with equal settings are gathered into requests of up to 100 by `effect/ai`; a request that
 * fails fails its own callers only. A cache on the service's `resolver` (`RequestResolver.withCache`) knows an input by
 * its text alone, so keep one for each set of settings.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
 * import * as EmbeddingModel from "effect/ai/EmbeddingModel"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   const model = yield* EmbeddingModel.EmbeddingModel
 *   const { vector } = yield* model.embed("the cat sat")
 *   console.log(vector.length) // 768
 * })
 *
 * const gemini = GeminiEmbeddingModel.model("gemini-embedding-001", {
 *   dimensions: 768,
 *   taskType: "RETRIEVAL_DOCUMENT"
 * }).pipe(Layer.provide(FetchGemini.layerConfig()))
 *
 * program.pipe(Effect.provide(gemini), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 */
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import type * as Embedding from "effect-gemini/wire/Embedding"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as Model from "effect/ai/Model"
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RequestResolver from "effect/RequestResolver"
import * as GeminiAiError from "./GeminiAiError.ts"
import * as ConfigOverride from "./internal/configOverride.ts"
import * as SharedBatch from "./internal/sharedBatch.ts"
import { providerName } from "./internal/telemetry.ts"

/**
 * How many inputs one request takes at most (documented, August 2026); more are sent in several requests.
 *
 * @category constants
 * @since 0.1.0
 */
export const batchLimit = 100

/**
 * @since 0.1.0
 */
export declare namespace Config {
  /**
   * What a model, or one call, may set.
   *
   * @category options
   * @since 0.1.0
   */
  export interface Settings extends Pick<Embedding.EmbedContentRequest, "taskType" | "title"> {
    /** The length of the vectors. Default: the model's own. */
    readonly dimensions?: number | undefined
    /** How many requests of one `embedMany` run at once. Default 1; the limits of the quota are kept in any case. */
    readonly concurrency?: number | undefined
    /** Whether an error that the client has retried in vain still counts as retryable. Default `false`. */
    readonly retryExhausted?: boolean | undefined
    /** Deadlines, retries, priority and headers of every request. */
    readonly call?: CallOptions | undefined
  }
}

/**
 * Settings of the calls in whose context this service stands; `withConfigOverride` provides it.
 *
 * @category services
 * @since 0.1.0
 */
export class Config extends Context.Service<
  Config,
  Config.Settings & { readonly model?: (string & {}) | ModelCatalog.EmbeddingModel | undefined }
>()("effect-gemini-ai/GeminiEmbeddingModel/Config") {}

/**
 * Which model embeds, and the settings of its calls.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly model: (string & {}) | ModelCatalog.EmbeddingModel
  readonly config?: Config.Settings | undefined
}

/**
 * The service, over the `GeminiClient` of the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { config: settings, model }: Options
): Effect.fn.Return<EmbeddingModel.EmbeddingModel, never, GeminiClient.GeminiClient> {
  const client = yield* GeminiClient.GeminiClient
  const service = yield* EmbeddingModel.make({
    batchKey: SharedBatch.make(Config),
    embedMany: Effect.fnUntraced(function*({ inputs }) {
      const override = Context.getOrUndefined(yield* Effect.context<never>(), Config)
      const { call, concurrency = 1, dimensions, model: name = model, retryExhausted, ...request } = {
        ...settings,
        ...override
      }
      const batches = yield* Effect.forEach(
        Arr.chunksOf(inputs, batchLimit),
        (contents) =>
          client.embed({
            ...request,
            model: name,
            contents,
            ...(dimensions === undefined ? {} : { outputDimensionality: dimensions })
          }, call).pipe(
            Effect.mapError(GeminiAiError.fromGeminiError("GeminiEmbeddingModel", "embedMany", { retryExhausted }))
          ),
        { concurrency }
      )
      const counted = batches.flatMap(({ promptTokens }) => promptTokens === undefined ? [] : [promptTokens])
      return {
        results: batches.flatMap(({ vectors }) => vectors.map((vector) => Array.from(vector))),
        usage: {
          // If one batch was not counted, the sum would be too small.
          inputTokens: counted.length === batches.length ? counted.reduce((a, b) => a + b, 0) : undefined
        }
      }
    })
  })
  // A batch of one request: if it fails, the callers of the other requests have what they paid for.
  const resolver = RequestResolver.batchN(service.resolver, batchLimit)
  return EmbeddingModel.EmbeddingModel.of({
    ...service,
    resolver,
    embed: (input) =>
      Effect.request(new EmbeddingModel.EmbeddingRequest({ input }), resolver).pipe(
        Effect.withSpan("EmbeddingModel.embed")
      )
  })
})

/**
 * The `EmbeddingModel` service of `effect/ai` as a Layer, over the `GeminiClient` of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<EmbeddingModel.EmbeddingModel, never, GeminiClient.GeminiClient> =>
  Layer.effect(EmbeddingModel.EmbeddingModel, make(options))

/**
 * A model by its name; it also provides `Dimensions`, `ProviderName` and `ModelName`.
 *
 * @category layers
 * @since 0.1.0
 */
export const model = (
  name: (string & {}) | ModelCatalog.EmbeddingModel,
  options: Config.Settings & { readonly dimensions: number }
): Model.Model<
  "gcp.gemini",
  EmbeddingModel.EmbeddingModel | EmbeddingModel.Dimensions,
  GeminiClient.GeminiClient
> =>
  Model.make(
    providerName,
    name,
    Layer.merge(
      layer({ model: name, config: options }),
      Layer.succeed(EmbeddingModel.Dimensions, options.dimensions)
    )
  )

/**
 * Settings for the calls inside an effect, over those of the model and of an outer override.
 *
 * @category options
 * @since 0.1.0
 */
export const withConfigOverride: {
  (overrides: typeof Config.Service): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Config>>
  <A, E, R>(self: Effect.Effect<A, E, R>, overrides: typeof Config.Service): Effect.Effect<A, E, Exclude<R, Config>>
} = /* @__PURE__ */ ConfigOverride.make(Config)
