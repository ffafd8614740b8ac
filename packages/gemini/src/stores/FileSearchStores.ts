/**
 * File search stores: documents that the API cuts, embeds and searches for an answer, which cites them.
 *
 * Bytes go into a store by a resumable upload, which goes on after a cut; files that the API has already are imported. Both
 * answer with an operation, and the document can be found once it is ACTIVE: `awaitDocument` waits for that. A
 * {@link Citation} tells document, page and text.
 *
 * ```ts
 * import * as Citation from "effect-gemini/stores/Citation"
 * import * as FileSearchStores from "effect-gemini/stores/FileSearchStores"
 * import * as GeminiClient from "effect-gemini/GeminiClient"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * const options = { apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") }
 *
 * const Gemini = Layer.mergeAll(
 *   FileSearchStores.layer().pipe(
 *     Layer.provide(ResourceHttp.layer(options)),
 *     Layer.provide(NodeGemini.layerHttpClient())
 *   ),
 *   NodeGemini.layerHttp(options),
 *   NodeServices.layer // a path is read by its FileSystem
 * )
 *
 * const program = Effect.gen(function*() {
 *   const stores = yield* FileSearchStores.FileSearchStores
 *   const gemini = yield* GeminiClient.GeminiClient
 *   const { handle, store } = yield* stores.create({ displayName: "Manuals" })
 *   const operation = yield* stores.upload(handle, "./manual.pdf", { metadata: { year: 2026 } })
 *   yield* stores.awaitDocument(operation)
 *   const answer = yield* gemini.generate({
 *     contents: "How is the filter changed?",
 *     tools: [{ fileSearch: { fileSearchStoreNames: [store.name], metadataFilter: "year > 2020" } }]
 *   })
 *   return Citation.of(answer.response).map(({ document, page, text }) => ({ document, page, text }))
 * }).pipe(Effect.provide(Gemini))
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { CallOptions } from "../call/CallOptions.ts"
import type { Source } from "../files/Files.ts"
import type { UploadHandle } from "../files/UploadHandle.ts"
import type * as GeminiConfig from "../GeminiConfig.ts"
import type { GeminiError } from "../GeminiError.ts"
import type { Metadata } from "../internal/stores/metadata.ts"
import * as Service from "../internal/stores/storeService.ts"
import type { KeptOperation, PollOptions } from "../operations/Operations.ts"
import * as ResourceHttp from "../ResourceHttp.ts"
import type { Input, ResourceHandle } from "../resources/ResourceHandle.ts"
import type { FileSearchStore, StoreDocument } from "../wire/FileSearchStore.ts"

/**
 * A store with its handle, which names the member that made it, too.
 *
 * @category models
 * @since 0.2.0
 */
export interface KeptStore {
  readonly store: FileSearchStore
  readonly handle: ResourceHandle
}

/**
 * A document with its handle.
 *
 * @category models
 * @since 0.2.0
 */
export interface KeptDocument {
  readonly document: StoreDocument
  readonly handle: ResourceHandle
}

/**
 * What is said of a document: metadata, by which a search can be filtered (at most 20 entries), and how its text is cut, in
 * words: at most 512 for a chunk, of which `overlap` are those of the one before.
 *
 * @category options
 * @since 0.2.0
 */
export interface DocumentOptions extends CallOptions {
  readonly metadata?: Metadata | undefined
  readonly chunking?: { readonly words?: number | undefined; readonly overlap?: number | undefined } | undefined
}

/**
 * Options of an upload into a store.
 *
 * @category options
 * @since 0.2.0
 */
export interface DocumentUploadOptions extends DocumentOptions {
  /** By default the type of the path's or Blob's own. Needed for bytes and streams. */
  readonly mimeType?: string | undefined
  /** At most 512 characters; citations have it as their title. Without it the server knows the name of a path alone. */
  readonly displayName?: string | undefined
  /** The number of bytes of a stream. Another number fails. */
  readonly size?: number | undefined
}

/**
 * How far an upload is; the last one has the `operation`.
 *
 * @category models
 * @since 0.2.0
 */
export interface DocumentProgress {
  /** With this another process can go on. */
  readonly handle: UploadHandle
  readonly sent: number
  readonly size: number | undefined
  readonly operation: KeptOperation | undefined
}

/**
 * One document of `importAll`: a source that is uploaded, or a file that the API has.
 *
 * @category models
 * @since 0.2.0
 */
export type ImportItem<E = never> =
  | DocumentUploadOptions & { readonly source: Source<E>; readonly file?: undefined }
  | DocumentOptions & { readonly file: Input; readonly source?: undefined }

/**
 * What became of the documents, in the order in which they were done.
 *
 * @category models
 * @since 0.2.0
 */
export interface ImportReport<E = never> {
  readonly imported: ReadonlyArray<{ readonly item: ImportItem<E>; readonly document: KeptDocument }>
  readonly failed: ReadonlyArray<{ readonly item: ImportItem<E>; readonly error: GeminiError | E }>
}

/**
 * The methods about stores and documents. Failures are GeminiErrors. What is gone, or another project's, is NotFound.
 *
 * @category models
 * @since 0.2.0
 */
export interface FileSearchStoresService {
  /** Without a `displayName` a random one is sent, by which the store is found if the answer is lost. */
  readonly create: (
    request?: { readonly displayName?: string | undefined; readonly embeddingModel?: string | undefined },
    options?: CallOptions
  ) => Effect.Effect<KeptStore, GeminiError>
  readonly get: (store: Input, options?: CallOptions) => Effect.Effect<KeptStore, GeminiError>
  /** All stores of the project, page by page (of 20, the most that the API gives). */
  readonly list: (options?: CallOptions & { readonly pageSize?: number | undefined }) => Stream.Stream<
    KeptStore,
    GeminiError
  >
  /** Deletes a store; with documents inside only by `force`, and else the error says what is inside. */
  readonly delete: (
    store: Input,
    options?: CallOptions & { readonly force?: boolean | undefined }
  ) => Effect.Effect<void, GeminiError>
  readonly documents: (
    store: Input,
    options?: CallOptions & { readonly pageSize?: number | undefined }
  ) => Stream.Stream<KeptDocument, GeminiError>
  readonly getDocument: (document: Input, options?: CallOptions) => Effect.Effect<KeptDocument, GeminiError>
  /** Deletes a document. One that has been cut into chunks needs `force`, default `true`. */
  readonly deleteDocument: (
    document: Input,
    options?: CallOptions & { readonly force?: boolean | undefined }
  ) => Effect.Effect<void, GeminiError>
  /** Uploads into a store. The operation makes the document: see `awaitDocument`. */
  readonly upload: <E = never>(
    store: Input,
    source: Source<E>,
    options?: DocumentUploadOptions
  ) => Effect.Effect<KeptOperation, GeminiError | E>
  /** The same, and says how far it is after every chunk. */
  readonly uploadProgress: <E = never>(
    store: Input,
    source: Source<E>,
    options?: DocumentUploadOptions
  ) => Stream.Stream<DocumentProgress, GeminiError | E>
  /** Goes on with an upload that this process or another one began, with the same source and options. */
  readonly resume: <E = never>(
    handle: UploadHandle,
    source: Source<E>,
    options?: DocumentUploadOptions
  ) => Stream.Stream<DocumentProgress, GeminiError | E>
  /** Takes a file into a store that the API has already. It stays there when the file expires. */
  readonly importFile: (
    store: Input,
    file: Input,
    options?: DocumentOptions
  ) => Effect.Effect<KeptOperation, GeminiError>
  /** Waits until the document of an operation can be found. A FAILED one fails. */
  readonly awaitDocument: (operation: KeptOperation, options?: PollOptions) => Effect.Effect<KeptDocument, GeminiError>
  /**
   * Brings many documents into a store, so many at once (`concurrency`, default 4), and waits for each. A document that
   * fails keeps no other one from coming, and stands in the report.
   */
  readonly importAll: <E = never, E2 = never>(
    store: Input,
    items: Stream.Stream<ImportItem<E>, E2>,
    options?: PollOptions & { readonly concurrency?: number | undefined }
  ) => Effect.Effect<ImportReport<E>, E2>
  /** The bytes behind a citation's `mediaId`, by that or by its address. */
  readonly downloadMedia: (media: Input, options?: CallOptions) => Stream.Stream<Uint8Array, GeminiError>
}

/**
 * The methods as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class FileSearchStores extends Context.Service<FileSearchStores, FileSearchStoresService>()(
  "effect-gemini/FileSearchStores"
) {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (
    options: GeminiConfig.Options
  ): Layer.Layer<FileSearchStores, never, HttpClient.HttpClient> =>
    Layer.provide(layer({ retry: options.retry }), ResourceHttp.layer(options))
}

/**
 * The service over the ResourceHttp of the context. `retry` says how often an upload goes on after failures one after
 * another.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  options: { readonly retry?: GeminiConfig.Retry | undefined } = {}
): Effect.Effect<FileSearchStoresService, never, ResourceHttp.ResourceHttp> =>
  Effect.map(ResourceHttp.ResourceHttp, (http) => Service.make(http, options.retry))

/**
 * The service over the ResourceHttp of the context: that of one key, or that of `MemberResources`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  options: { readonly retry?: GeminiConfig.Retry | undefined } = {}
): Layer.Layer<FileSearchStores, never, ResourceHttp.ResourceHttp> => Layer.effect(FileSearchStores, make(options))
