/**
 * What a test sees of the files, caches, documents and operations that an emulator keeps, and what it can do to them.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Files from "./internal/resources/files.ts"
import type * as Uploads from "./internal/resources/uploads.ts"

/**
 * A resumable upload as the server sees it.
 *
 * @category models
 * @since 0.2.0
 */
export type Upload = Uploads.Progress

/**
 * The files of a running emulator.
 *
 * @category models
 * @since 0.2.0
 */
export interface FileControl {
  /**
   * Puts a file there and gives its name. A client can download it only if its `source` is GENERATED. By default it
   * belongs to the project `default`, and has a name of the server's choice.
   */
  readonly add: (file: Files.Given) => Effect.Effect<string>
  /** Lets a file fail: it is FAILED with this error, a video as soon as it has been processed. False: it is not there. */
  readonly fail: (
    name: string,
    error: { readonly code: number; readonly message: string }
  ) => Effect.Effect<boolean>
  /** The files of all projects, as the API shows them. */
  readonly list: Effect.Effect<
    ReadonlyArray<{ readonly project: string; readonly file: Readonly<Record<string, unknown>> }>
  >
  /** The uploads, in the order of their starts, with what has arrived of each. */
  readonly uploads: Effect.Effect<ReadonlyArray<Upload>>
  /** How many files had to go for want of room. */
  readonly dropped: Effect.Effect<number>
}

/**
 * The cached contents of a running emulator.
 *
 * @category models
 * @since 0.2.0
 */
export interface CacheControl {
  /** The caches of all projects, as the API shows them. */
  readonly list: Effect.Effect<
    ReadonlyArray<{ readonly project: string; readonly cache: Readonly<Record<string, unknown>> }>
  >
  /** Loses a cache before its end; gives `false` if there is none of this name. */
  readonly lose: (name: string) => Effect.Effect<boolean>
  /** How many caches had to go for want of room. */
  readonly dropped: Effect.Effect<number>
}

/**
 * The file search stores of a running emulator.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoreControl {
  /** The documents of all projects, as the API shows them. */
  readonly documents: Effect.Effect<
    ReadonlyArray<{ readonly project: string; readonly document: Readonly<Record<string, unknown>> }>
  >
  /** How many documents had to go for want of room. */
  readonly dropped: Effect.Effect<number>
}

/**
 * Long-running operations of a running emulator.
 *
 * @category models
 * @since 0.2.0
 */
export interface OperationControl {
  /**
   * Begins an operation below `parent` (`models/M`), or with a name of its own (`batches/ID`), and gives its name. It is
   * done after so many milliseconds by the server's clock, default 0, with the response or the error.
   */
  readonly begin: (operation: {
    readonly parent?: string | undefined
    readonly name?: string | undefined
    readonly project?: string | undefined
    readonly after?: number | undefined
    readonly metadata?: Readonly<Record<string, unknown>> | undefined
    readonly response?: Readonly<Record<string, unknown>> | undefined
    readonly error?: { readonly code: number; readonly message: string } | undefined
  }) => Effect.Effect<string>
}
