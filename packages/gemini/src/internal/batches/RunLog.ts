/**
 * Where a run keeps its records: in the Journal of the context, or in memory for as long as it runs. In memory only what
 * is still needed stays: the rows of open jobs.
 */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as RunRecord from "./runRecord.ts"

export interface RunLog {
  /** Whether another process can go on with it. */
  readonly isKept: boolean
  readonly append: (
    records: ReadonlyArray<RunRecord.RunRecord>,
    state?: string
  ) => Effect.Effect<void, JournalError>
  readonly put: (bytes: Uint8Array) => Effect.Effect<string, JournalError>
  readonly get: (blob: string) => Effect.Effect<Uint8Array, JournalError>
  /** Says that blobs are not needed any more. */
  readonly drop: (blobs: ReadonlyArray<string>) => void
  /** What was written before it was opened. */
  readonly before: Stream.Stream<RunRecord.RunRecord, JournalError>
}

/** The start of the ids of its runs, by which `Journal.prune` finds those that are old. */
export const prefix = "gemini-batch-"

export const idOf = (id: string): string => `${prefix}${id}`

const recorded = (
  journal: Journal.Journal["Service"],
  id: string,
  before = Infinity
): Stream.Stream<RunRecord.RunRecord, JournalError> =>
  journal.read(RunRecord.records, idOf(id)).pipe(
    Stream.takeWhile(({ seq }) => seq < before),
    Stream.map((entry) => entry._tag === "Recorded" ? [entry.record] : []),
    Stream.flattenIterable
  )

const inJournal = (
  journal: Journal.Journal["Service"],
  id: string
): Effect.Effect<RunLog, JournalError, Scope.Scope> =>
  Effect.map(
    Effect.catchReason(
      journal.resume(RunRecord.records, idOf(id)),
      "JournalError",
      "NotFound",
      () => journal.create(RunRecord.records, idOf(id))
    ),
    (run) => ({
      isKept: true,
      append: (records, state) => Effect.asVoid(run.append(records, { state })),
      put: (bytes) => run.putBlob(bytes),
      get: (blob) => journal.getBlob(idOf(id), blob),
      drop: () => undefined,
      before: recorded(journal, id, run.next)
    })
  )

const inMemory = (): RunLog => {
  const blobs = new Map<string, Uint8Array>()
  let count = 0
  return {
    isKept: false,
    append: () => Effect.void,
    put: (bytes) =>
      Effect.sync(() => {
        const name = String(count++)
        blobs.set(name, bytes)
        return name
      }),
    get: (blob) => Effect.sync(() => blobs.get(blob) ?? new Uint8Array()),
    drop: (gone) => {
      for (const blob of gone) blobs.delete(blob)
    },
    before: Stream.empty
  }
}

/** The log of a run, to be written by this scope alone. */
export const open = (id: string): Effect.Effect<RunLog, JournalError, Scope.Scope> =>
  Effect.flatMap(
    Effect.serviceOption(Journal.Journal),
    (journal) => Option.isNone(journal) ? Effect.sync(inMemory) : inJournal(journal.value, id)
  )

/** What a run has written, for those who only look. */
export const seen = (journal: Journal.Journal["Service"], id: string): Pick<RunLog, "before" | "get"> => ({
  before: recorded(journal, id),
  get: (blob) => journal.getBlob(idOf(id), blob)
})
