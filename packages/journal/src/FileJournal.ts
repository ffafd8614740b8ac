/**
 * Journals in files, for one machine. A run is a folder that people can read: `journal.jsonl` with one line for each
 * append, `blobs/` with files named after their SHA-256, and `lock`.
 *
 * An append is one write of one line at the end of the file. A line that a process left half-written when it died was
 * never acknowledged; the next writer cuts it off. Folders have the mode 0700 and files 0600; a link is refused, and
 * so is a file or folder that other users own or may write.
 *
 * With a lock, an append of up to 64 KiB is written by the calling thread and not by the runtime's pool of threads: that
 * is a quarter of the time, because the bytes only go into the kernel's memory. A `FileSystem` that keeps other bytes
 * than it is given, or keeps them elsewhere, is noticed, and is asked for every append.
 *
 * A writer holds a lock of the kernel (an exclusive transaction on the empty file `lock`, by `node:sqlite`), which is
 * free the moment its process ends, however it ends. Where a runtime has no `node:sqlite`, two processes may open one
 * run: then the order in the file decides, and the former writer fails with TakenOver at its next append. Lock and
 * order are sure on local disks only: a file system on the network promises neither.
 *
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as FileJournal from "effect-gemini-journal/FileJournal"
 * import * as Layer from "effect/Layer"
 *
 * export const journal = FileJournal.layer({ directory: ".runs" }).pipe(Layer.provide(NodeFileSystem.layer))
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { kernelLock } from "./internal/fileLock.ts"
import * as FileStore from "./internal/fileStore.ts"
import * as Journal from "./Journal.ts"
import type { JournalStore } from "./JournalStore.ts"

/**
 * Where the files are and how safely they are written, beside the limits and redaction of every journal.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends Journal.Options {
  /** The folder of all runs. It is made when the first run is created. It must not be a link. */
  readonly directory: string
  /**
   * Whether each append is on the disk before it is acknowledged, so that it outlives a power cut. Default false: an
   * append then outlives the death of the process, the most common accident, and takes a twentieth of the time.
   */
  readonly sync?: boolean | undefined
  /** How long `follow` waits between two looks at the file. Default 100 milliseconds. */
  readonly poll?: Duration.Input | undefined
}

/**
 * The store of this module without the service over it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeStore = (options: Options): Effect.Effect<JournalStore, never, FileSystem.FileSystem> =>
  Effect.suspend(() =>
    FileStore.make({
      directory: options.directory,
      sync: options.sync ?? false,
      poll: Duration.toMillis(Duration.fromInputUnsafe(options.poll ?? "100 millis")),
      lock: kernelLock()
    })
  )

/**
 * The `Journal` service over files of one folder. Building it touches no file; a folder that is not safe to use fails
 * with `Unsafe` at the first call.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Journal.Journal, never, FileSystem.FileSystem> =>
  Layer.effect(Journal.Journal, Effect.flatMap(makeStore(options), (store) => Journal.make(store, options)))
