/**
 * Files that the API keeps for 48 hours, to be named in requests: uploads of any size, and all that can be done with what
 * is there.
 *
 * An upload goes in chunks of 8 MiB; one is sent while the next one is read. After a cut or a failure of the server it asks how far the
 * server is and goes on from there. The name of the file is chosen before the upload starts, so that it is known what
 * became of it even if the last answer is lost.
 *
 * ```ts
 * import * as Files from "effect-gemini/files/Files"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const Gemini = Files.layer().pipe(
 *   Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") })),
 *   Layer.provide(NodeGemini.layerHttpClient()),
 *   Layer.merge(NodeServices.layer)
 * )
 *
 * const program = Effect.gen(function*() {
 *   const files = yield* Files.Files
 *   const { file, handle } = yield* files.upload("./talk.mp4")
 *   const ready = yield* files.awaitActive(handle)
 *   return { fileData: { fileUri: ready.file.uri, mimeType: file.mimeType } }
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
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { CallOptions } from "../call/CallOptions.ts"
import type * as GeminiConfig from "../GeminiConfig.ts"
import type { GeminiError } from "../GeminiError.ts"
import * as Service from "../internal/uploads/fileService.ts"
import * as ResourceHttp from "../ResourceHttp.ts"
import type { Input, ResourceHandle } from "../resources/ResourceHandle.ts"
import type { File } from "../wire/File.ts"
import type { UploadHandle } from "./UploadHandle.ts"
import * as UploadIndex from "./UploadIndex.ts"

/**
 * What may be uploaded: a path (it needs a FileSystem in the context, such as that of NodeServices.layer), bytes, a Blob,
 * or a stream, which is read once. A stream that another process goes on with is read again from its beginning; a
 * function that opens it behind so many bytes spares that.
 *
 * @category models
 * @since 0.2.0
 */
export type Source<E = never> =
  | string
  | Uint8Array
  | Blob
  | Stream.Stream<Uint8Array, E>
  | ((offset: number) => Stream.Stream<Uint8Array, E>)

/**
 * A file with its handle, which names the member that made it, too.
 *
 * @category models
 * @since 0.2.0
 */
export interface KeptFile {
  readonly file: File
  readonly handle: ResourceHandle
}

/**
 * How far an upload is. The first one comes when the upload has begun, with nothing sent; the last one has the `file`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Progress {
  /** With this another process can go on. */
  readonly handle: UploadHandle
  /** Bytes that the server has. */
  readonly sent: number
  /** Bytes in all; undefined for a stream whose size is not known yet. */
  readonly size: number | undefined
  readonly file: KeptFile | undefined
}

/**
 * Options of an upload.
 *
 * @category options
 * @since 0.2.0
 */
export interface UploadOptions extends CallOptions {
  /**
   * By default the type of the path's or Blob's own. Needed for bytes and streams. What the API cannot read is refused
   * before anything is sent, unless `isUnchecked`.
   */
  readonly mimeType?: string | undefined
  readonly displayName?: string | undefined
  /** `files/ID` or `ID`: at most 40 small letters, digits and dashes. Default: a random one. */
  readonly name?: string | undefined
  /** The number of bytes of a stream. Another number fails. Without it the server is told none. */
  readonly size?: number | undefined
  /** Sends bytes of any type. Default `false`. */
  readonly isUnchecked?: boolean | undefined
}

/**
 * Options of a wait: `interval` (default 5 seconds) between two questions, and the `deadline` (default 10 minutes), after
 * which it fails with TimedOut.
 *
 * @category options
 * @since 0.2.0
 */
export interface AwaitOptions extends CallOptions {
  readonly interval?: Duration.Input | undefined
  readonly deadline?: Duration.Input | undefined
}

/**
 * Options of `uploadOnce`: `margin` is the life that a file must have left to be used again, default one hour.
 *
 * @category options
 * @since 0.2.0
 */
export interface OnceOptions extends UploadOptions {
  readonly margin?: Duration.Input | undefined
}

/**
 * The methods about files. Failures are GeminiErrors, and the error of a source's own stream. A file that is gone,
 * expired or another project's is NotFound.
 *
 * @category models
 * @since 0.2.0
 */
export interface FilesService {
  /** Uploads, and gives the file. It may be a video that is still PROCESSING: see `awaitActive`. */
  readonly upload: <E = never>(
    source: Source<E>,
    options?: UploadOptions
  ) => Effect.Effect<KeptFile, GeminiError | E>
  /** Uploads at the pace of who reads the stream, and says how far it is after every chunk. */
  readonly uploadProgress: <E = never>(
    source: Source<E>,
    options?: UploadOptions
  ) => Stream.Stream<Progress, GeminiError | E>
  /**
   * Goes on with an upload that this process or another one began, with the same source. An upload that is finished gives
   * its file; one that the server does not know is NotFound.
   */
  readonly resume: <E = never>(
    handle: UploadHandle,
    source: Source<E>,
    options?: CallOptions
  ) => Effect.Effect<KeptFile, GeminiError | E>
  /** The same with its progress. */
  readonly resumeProgress: <E = never>(
    handle: UploadHandle,
    source: Source<E>,
    options?: CallOptions
  ) => Stream.Stream<Progress, GeminiError | E>
  /** Uploads, and deletes the file when the scope closes, whether or not the upload came to its end. */
  readonly uploadScoped: <E = never>(
    source: Source<E>,
    options?: UploadOptions
  ) => Effect.Effect<KeptFile, GeminiError | E, Scope.Scope>
  /**
   * Gives the file of the same bytes and type that was uploaded before, as long as it is ACTIVE and has an hour to live;
   * else uploads. The source is read twice, so a stream must give the same bytes again. What was uploaded is remembered in
   * the {@link UploadIndex} of the context, by default that of this process. Calls for the same bytes at the same time
   * upload once.
   */
  readonly uploadOnce: <E = never>(
    source: Source<E>,
    options?: OnceOptions
  ) => Effect.Effect<KeptFile, GeminiError | E>
  readonly get: (file: Input, options?: CallOptions) => Effect.Effect<KeptFile, GeminiError>
  /** All files of the project, asked for page by page. Over members, `MemberCall.set({ member })` says whose. */
  readonly list: (options?: CallOptions & { readonly pageSize?: number | undefined }) => Stream.Stream<
    KeptFile,
    GeminiError
  >
  readonly delete: (file: Input, options?: CallOptions) => Effect.Effect<void, GeminiError>
  /** The bytes of a generated file, as they come. The API gives uploaded files to nobody. */
  readonly download: (file: Input, options?: CallOptions) => Stream.Stream<Uint8Array, GeminiError>
  /** Registers objects of Cloud Storage (`gs://bucket/object`) as files. `token` is an OAuth access token for them. */
  readonly register: (
    uris: ReadonlyArray<string>,
    token: Redacted.Redacted<string>,
    options?: CallOptions
  ) => Effect.Effect<ReadonlyArray<KeptFile>, GeminiError>
  /** Waits until the file is ACTIVE. If it is FAILED, this fails with the error that the server gives for it. */
  readonly awaitActive: (file: Input, options?: AwaitOptions) => Effect.Effect<KeptFile, GeminiError>
}

/**
 * The methods as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class Files extends Context.Service<Files, FilesService>()("effect-gemini/Files") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (options: GeminiConfig.Options): Layer.Layer<Files, never, HttpClient.HttpClient> =>
    Layer.provide(layer({ retry: options.retry }), ResourceHttp.layer(options))
}

/**
 * How often an upload goes on after failures one after another, without a byte more at the server between them.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  readonly retry?: GeminiConfig.Retry | undefined
}

/**
 * The service over the ResourceHttp of the context, and its UploadIndex if there is one.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options = {}): Effect.Effect<FilesService, never, ResourceHttp.ResourceHttp> =>
  Effect.gen(function*() {
    const http = yield* ResourceHttp.ResourceHttp
    const index = yield* UploadIndex.UploadIndex
    return Service.make(http, index, options.retry)
  })

/**
 * The service over the ResourceHttp of the context: that of one key, or that of `MemberResources`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options = {}): Layer.Layer<Files, never, ResourceHttp.ResourceHttp> =>
  Layer.effect(Files, make(options))
