/**
 * Runs in files of one machine. A run is a folder that people can read, as `FileJournal` says: `journal.jsonl` with a
 * line for each record, `blobs/` with images and long texts, `lock`, and `cancel` once somebody asks the process that plays
 * it to stop for good. Folders have the mode 0700 and files 0600.
 *
 * A run has one process at a time: a second one is told `Busy`, until the first ends or dies, in whatever way.
 *
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as FileRuns from "effect-gemini-narrative/FileRuns"
 * import * as Layer from "effect/Layer"
 *
 * export const runs = FileRuns.layer({ directory: ".runs" }).pipe(Layer.provide(NodeFileSystem.layer))
 * ```
 *
 * @since 0.2.0
 */
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as CancelFile from "./internal/cancelFile.ts"
import * as DecisionFile from "./internal/decisionFile.ts"
import * as JournalRuns from "./internal/journalRuns.ts"
import { Runs } from "./Runs.ts"

/**
 * Where the runs lie and how safely they are written; see `FileJournal.Options`.
 *
 * @category options
 * @since 0.2.0
 */
export type Options = FileJournal.Options

/**
 * The runs of one folder. Building it touches no file.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<Runs, never, FileSystem.FileSystem> =>
  Layer.effect(
    Runs,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const journal = yield* Journal.make(yield* FileJournal.makeStore(options), options)
      return yield* Effect.provideService(
        JournalRuns.make(CancelFile.make(fs, options.directory), DecisionFile.make(fs, options.directory)),
        Journal.Journal,
        journal
      )
    })
  )
