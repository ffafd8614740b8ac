/**
 * Writes what a run does, and gives results once they are written. It knows where the run stands.
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import type { RunOptions, RunProgress, RunResult } from "../../batches/RunOptions.ts"
import type { RunLog } from "./RunLog.ts"
import * as RunRecord from "./runRecord.ts"
import * as RunResults from "./runResults.ts"

/** Results up to so many bytes stand in the record itself. */
const inRecord = 64 * 1024

export const progressOf = (state: RunRecord.RunState): RunProgress => ({
  rows: state.read,
  isAllRead: state.isAllRead,
  results: state.results,
  failed: state.failed,
  jobs: state.jobs,
  created: state.created,
  open: [...state.open.values()].map(({ displayName, handle, isSynchronous, job, rows }) => ({
    job,
    displayName,
    batch: handle?.name,
    rows,
    isSynchronous
  })),
  deadline: state.begun?.deadline,
  isCancelled: state.isCancelled,
  isFinished: state.isFinished
})

export interface RunWriter {
  readonly log: RunLog
  readonly state: () => RunRecord.RunState
  /** The record of a job that is cut now; `read` are the rows of the source that it took. */
  readonly cut: (job: {
    readonly attempt: number
    readonly rows: number
    readonly blobs: ReadonlyArray<string>
    readonly read?: number
    readonly hash?: string
  }) => Extract<RunRecord.RunRecord, { readonly _tag: "Cut" }>
  /** Writes records, then gives the results that are in them. */
  readonly write: (
    records: ReadonlyArray<RunRecord.RunRecord>,
    lines?: ReadonlyArray<RunRecord.ResultLine>,
    word?: string
  ) => Effect.Effect<void, JournalError>
  /** The record of results of a job. */
  readonly results: (
    job: number,
    lines: ReadonlyArray<RunRecord.ResultLine>
  ) => Effect.Effect<RunRecord.ResultsRecord, JournalError>
  /** Writes and gives results of a job. */
  readonly give: (job: number, lines: ReadonlyArray<RunRecord.ResultLine>) => Effect.Effect<void, JournalError>
}

/** A place where results go, which makes the run wait until somebody takes them. */
export type Sink<E> = Queue.Queue<ReadonlyArray<RunResult>, E | Cause.Done>

export const make = <E>(
  log: RunLog,
  first: RunRecord.RunState,
  sink: Sink<E>,
  { id, onProgress }: Pick<RunOptions, "id" | "onProgress">
): Effect.Effect<RunWriter> =>
  Effect.map(Semaphore.make(1), (lock) => {
    let state = first
    let numbers = state.jobs

    const write: RunWriter["write"] = (records, lines = [], word = "running") =>
      lock.withPermits(1)(Effect.gen(function*() {
        yield* log.append(records, word)
        const at = state.results
        // What is written need not be in memory, too.
        for (const { text: _, ...record } of records.map((record) => ({ text: undefined, ...record }))) {
          state = RunRecord.step(state, record)
        }
        if (lines.length > 0) {
          yield* Queue.offer(
            sink,
            lines.map((line, index) => RunResults.resultOf(line, at + index))
          )
        }
        if (onProgress !== undefined) yield* onProgress(progressOf(state))
      }))

    const results: RunWriter["results"] = (job, lines) => {
      const failed = lines.filter(({ error }) => error !== undefined).length
      const of = { _tag: "Results" as const, job, count: lines.length, failed }
      if (!log.isKept) return Effect.succeed(of)
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("")
      return text.length * 3 <= inRecord
        ? Effect.succeed({ ...of, text })
        : Effect.map(log.put(new TextEncoder().encode(text)), (blob) => ({ ...of, blob }))
    }

    return {
      log,
      state: () => state,
      cut: ({ attempt, blobs, hash = "", read = 0, rows }) => {
        // Numbers are given out before a job is written.
        const job = numbers++
        const displayName = `${id}-${state.begun?.nonce}-${job}`
        return { _tag: "Cut", job, displayName, attempt, rows, blobs, read, hash }
      },
      write,
      results,
      give: (job, lines) =>
        lines.length === 0 ? Effect.void : Effect.flatMap(results(job, lines), (record) => write([record], lines))
    }
  })
