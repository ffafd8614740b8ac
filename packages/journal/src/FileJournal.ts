/**
 * Journals in files, for one machine. A run is a folder that people can read: `journal.jsonl` with one line an append,
 * `blobs/` with files named after their SHA-256, and `lock`.
 *
 * An append is one write of one line at the end of the file. A line that a death tore is cut off by the next owner;
 * nobody was told of it. Folders have the mode 0700 and files 0600; a link, or what other users own or may write, is
 * refused.
 *
 * A writer holds a lock of the kernel (an exclusive transaction on the empty file `lock`, by `node:sqlite`), which is
 * free the moment its process ends in whatever way. Where a runtime has no `node:sqlite`, two processes may open one run:
 * then the order in the file decides, and the former writer fails with TakenOver at its next append. Both hold on local
 * disks alone: a network's file system promises neither the lock nor the order.
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
 * @category options
 * @since 0.1.0
 */
export interface Options extends Journal.Options {
  /** The folder of all runs. It is made when the first run is created; it must not be a link. */
  readonly directory: string
  /**
   * Whether each append is on the disk before it is acknowledged, so that it outlives a power cut. Default false: it then
   * outlives the death of the process, which is what costs a run most often, at a twentieth of the time.
   */
  readonly sync?: boolean | undefined
  /** How often a file that is followed is looked at. Default 100 milliseconds. */
  readonly poll?: Duration.Input | undefined
}

/**
 * The store alone.
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
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Journal.Journal, never, FileSystem.FileSystem> =>
  Layer.effect(Journal.Journal, Effect.flatMap(makeStore(options), (store) => Journal.make(store, options)))
