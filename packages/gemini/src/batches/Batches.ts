/**
 * Many requests in one job, for half the price, done within hours; the API gives up after 48.
 *
 * The requests come from a list or a stream. Below 20 MB they go with the create, beyond that in a file, which this
 * uploads. Results are read as a stream, and each is known by the key of its request: their order is not promised, and a
 * batch that has succeeded may hold requests that failed. Such a failure is a result like any other.
 *
 * ```ts
 * import * as Batches from "effect-gemini/batches/Batches"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import { Effect, Layer, Redacted, Stream } from "effect"
 *
 * const Gemini = Batches.layer().pipe(
 *   Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") })),
 *   Layer.provide(NodeGemini.layerHttpClient())
 * )
 *
 * const program = Effect.gen(function*() {
 *   const batches = yield* Batches.Batches
 *   const { handle } = yield* batches.create({
 *     model: "gemini-3.8-flash",
 *     rows: ["France", "Germany"].map((country) => ({
 *       key: country,
 *       request: { contents: `What is the capital of ${country}?` }
 *     }))
 *   })
 *   const done = yield* batches.awaitDone(handle, { deadline: "2 days" })
 *   yield* batches.results(done).pipe(
 *     Stream.runForEach((result) =>
 *       Effect.log(result.key, result._tag === "Success" ? result.response : result.error.message)
 *     )
 *   )
 * }).pipe(Effect.provide(Gemini))
 * ```
 *
 * On Vertex AI a batch reads from Cloud Storage or BigQuery and writes there ({@link StoredBatch}); rows and files of the
 * Gemini API fail there with Unsupported before anything is sent, and so does a stored batch on the Gemini API.
 *
 * `BatchRun` goes further: it cuts a stream into jobs, asks for failed rows again, and survives its process.
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
import type * as GeminiClient from "../GeminiClient.ts"
import type * as GeminiConfig from "../GeminiConfig.ts"
import type { GeminiError } from "../GeminiError.ts"
import * as Service from "../internal/batches/batchService.ts"
import * as ResourceHttp from "../ResourceHttp.ts"
import type { Input, ResourceHandle } from "../resources/ResourceHandle.ts"
import type { Batch } from "../wire/Batch.ts"
import type { Content } from "../wire/Content.ts"
import type { EmbedContentRequest, EmbedContentResponse } from "../wire/Embedding.ts"
import type { GenerateContentResponse } from "../wire/GenerateContent.ts"
import type { Part } from "../wire/Part.ts"

/**
 * One request of a batch, with the key by which its result is known. Keys of one batch differ.
 *
 * @category models
 * @since 0.2.0
 */
export interface BatchRow {
  readonly key: string
  readonly request: GeminiClient.Request
}

/**
 * One content to embed, with its key.
 *
 * @category models
 * @since 0.2.0
 */
export interface EmbedRow {
  readonly key: string
  readonly request: Omit<EmbedContentRequest, "content"> & {
    readonly contents: string | Content | ReadonlyArray<Part>
  }
}

/**
 * The requests of a batch: a list, or a stream that is read once.
 *
 * @category models
 * @since 0.2.0
 */
export type Rows<Row, E = never> = Iterable<Row> | Stream.Stream<Row, E>

/**
 * What a batch is made of: `rows`, or a `file` of JSON lines that the API has already.
 *
 * @category models
 * @since 0.2.0
 */
export type BatchSource<Row, E = never> =
  | { readonly rows: Rows<Row, E>; readonly file?: undefined }
  | { readonly file: Input; readonly rows?: undefined }

/**
 * A batch to be made.
 *
 * @category models
 * @since 0.2.0
 */
export type BatchRequest<Row, E = never> = BatchSource<Row, E> & {
  readonly model: string
  /** Default: a random one, by which the batch is found if the answer to its create is lost. */
  readonly displayName?: string | undefined
  /** Says that no other batch has this `displayName`, so that a lost answer can be settled by it. Default `false`. */
  readonly isUniqueName?: boolean | undefined
  /** Rows of more bytes together go in a file. Default and most: 20 MB. Results of a file are never in memory as a whole. */
  readonly inlineBytes?: number | undefined
  /** Among the project's batches; higher ones go first. */
  readonly priority?: number | undefined
  /** Whom the API tells of the end; a batch of embeddings has none. */
  readonly webhook?:
    | {
      readonly uris?: ReadonlyArray<string> | undefined
      readonly userMetadata?: Readonly<Record<string, unknown>> | undefined
    }
    | undefined
}

/**
 * A batch on Vertex AI, whose requests lie with Google and whose answers go there. The lines of an object are
 * `{"request":{"contents":[…]}}`, and those of its answers `{"status","request","response"}`.
 *
 * ```ts
 * import * as Batches from "effect-gemini/batches/Batches"
 * import * as Batch from "effect-gemini/wire/Batch"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const batches = yield* Batches.Batches
 *   const { handle } = yield* batches.create({
 *     model: "gemini-3.8-flash",
 *     from: "gs://my-bucket/questions.jsonl",
 *     to: "gs://my-bucket/answers"
 *   })
 *   const { batch } = yield* batches.awaitDone(handle, { deadline: "2 days" })
 *   // The answers are predictions.jsonl in there, for a client of Cloud Storage.
 *   return Batch.outputOf(batch)?.gcsOutputDirectory
 * })
 * ```
 *
 * @category models
 * @since 0.3.0
 */
export interface StoredBatch {
  readonly model: string
  /**
   * Where the requests lie: `gs://BUCKET/OBJECT` or a list of those, `bq://PROJECT.DATASET.TABLE`, or
   * `projects/P/locations/L/datasets/D`.
   */
  readonly from: string | ReadonlyArray<string>
  /**
   * Where the answers go: a prefix `gs://BUCKET/…` or `bq://PROJECT.DATASET.TABLE`. Default: beside the requests, as
   * the official SDK has it. `gs://b/rows.jsonl` gives `gs://b/rows/dest`, and any other source `SOURCE_dest_` with the
   * milliseconds since the epoch; a dataset has no default.
   */
  readonly to?: string | undefined
  /** Default: a random one, by which the batch is found if the answer to its create is lost. */
  readonly displayName?: string | undefined
  /** Says that no other batch has this `displayName`, so that a lost answer can be settled by it. Default `false`. */
  readonly isUniqueName?: boolean | undefined
  readonly rows?: undefined
  readonly file?: undefined
}

/**
 * A batch with its handle, which names the member that made it, too.
 *
 * @category models
 * @since 0.2.0
 */
export interface KeptBatch {
  readonly batch: Batch
  readonly handle: ResourceHandle
}

/**
 * The result of one request: its response, or the error that the server gives for it. `index` is its place among the
 * results; `key` is `undefined` for a request that was sent without one.
 *
 * @category models
 * @since 0.2.0
 */
export type BatchResult<A = GenerateContentResponse> =
  | { readonly _tag: "Success"; readonly key: string | undefined; readonly index: number; readonly response: A }
  | { readonly _tag: "Failure"; readonly key: string | undefined; readonly index: number; readonly error: GeminiError }

/**
 * A vector out of a batch, with its tokens as the API writes them there.
 *
 * @category models
 * @since 0.2.0
 */
export type EmbedResult = EmbedContentResponse & { readonly tokenCount?: string | number | null | undefined }

/**
 * Options of a wait. The first question comes at once, the next one after `interval` (default 5 seconds), and each pause
 * is `factor` (default 1.5) times as long as the one before, up to `maxInterval` (default 5 minutes). After `deadline`
 * (default 49 hours) the wait fails with TimedOut, and the batch goes on.
 *
 * @category options
 * @since 0.2.0
 */
export interface BatchPollOptions extends CallOptions {
  readonly interval?: Duration.Input | undefined
  readonly factor?: number | undefined
  readonly maxInterval?: Duration.Input | undefined
  readonly deadline?: Duration.Input | undefined
  /** Ends a pause early, for example when a webhook has told that the batch is done. It is run anew in each pause. */
  readonly told?: Effect.Effect<unknown> | undefined
}

/**
 * The methods about batches. Failures are GeminiErrors, and the error of the rows' own stream.
 *
 * @category models
 * @since 0.2.0
 */
export interface BatchesService {
  /** Begins a batch. Rows that cannot be sent are refused with their place before the batch is made. */
  readonly create: <E = never>(
    request: BatchRequest<BatchRow, E> | StoredBatch,
    options?: CallOptions
  ) => Effect.Effect<KeptBatch, GeminiError | E>
  /** Begins a batch of embeddings. */
  readonly createEmbeddings: <E = never>(
    request: BatchRequest<EmbedRow, E>,
    options?: CallOptions
  ) => Effect.Effect<KeptBatch, GeminiError | E>
  readonly get: (batch: Input, options?: CallOptions) => Effect.Effect<KeptBatch, GeminiError>
  /**
   * All batches of the project, the newest first, page by page, without their results. `filter` is the server's own
   * language, such as `state="JOB_STATE_RUNNING"` on Vertex AI.
   */
  readonly list: (
    options?: CallOptions & { readonly pageSize?: number | undefined; readonly filter?: string | undefined }
  ) => Stream.Stream<KeptBatch, GeminiError>
  /** The batch of this display name, the newest if there are several; over members that of whichever made it. */
  readonly find: (displayName: string, options?: CallOptions) => Effect.Effect<KeptBatch | undefined, GeminiError>
  /** Stops a batch. One that is done stays as it is. */
  readonly cancel: (batch: Input, options?: CallOptions) => Effect.Effect<void, GeminiError>
  readonly delete: (batch: Input, options?: CallOptions) => Effect.Effect<void, GeminiError>
  /** Every state that was asked for, the last of which is done. A batch that failed is a state like any other. */
  readonly poll: (batch: Input, options?: BatchPollOptions) => Stream.Stream<KeptBatch, GeminiError>
  /** Waits until the batch is done, in whichever way. */
  readonly awaitDone: (batch: Input, options?: BatchPollOptions) => Effect.Effect<KeptBatch, GeminiError>
  /**
   * The results, as they are read. A batch that made none (since it failed, expired, was cancelled, or is not done)
   * fails. A download that is cut begins again, and no result comes twice. On Vertex AI they lie in Cloud Storage or
   * BigQuery, where this reads nothing: it fails with Unsupported, which names the place.
   */
  readonly results: (
    batch: Input | KeptBatch,
    options?: CallOptions
  ) => Stream.Stream<BatchResult, GeminiError>
  /** The results of a batch of embeddings. */
  readonly embeddings: (
    batch: Input | KeptBatch,
    options?: CallOptions
  ) => Stream.Stream<BatchResult<EmbedResult>, GeminiError>
}

/**
 * The methods as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class Batches extends Context.Service<Batches, BatchesService>()("effect-gemini/Batches") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (options: GeminiConfig.Options): Layer.Layer<Batches, never, HttpClient.HttpClient> =>
    Layer.provide(layer({ retry: options.retry }), ResourceHttp.layer(options))
}

/**
 * The service over the ResourceHttp of the context. `retry` says how often an upload or a download goes on after
 * failures one after another.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  options: { readonly retry?: GeminiConfig.Retry | undefined } = {}
): Effect.Effect<BatchesService, never, ResourceHttp.ResourceHttp> =>
  Effect.map(ResourceHttp.ResourceHttp, (http) => Service.make(http, options.retry))

/**
 * The service over the ResourceHttp of the context: that of one key, or that of `MemberResources`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  options: { readonly retry?: GeminiConfig.Retry | undefined } = {}
): Layer.Layer<Batches, never, ResourceHttp.ResourceHttp> => Layer.effect(Batches, make(options))
