/** Where a research keeps its records: in the Journal of the context, or in memory for as long as it runs. */
import * as Journal from "effect-gemini-journal/Journal"
import { JournalError } from "effect-gemini-journal/JournalError"
import { Corrupt } from "effect-gemini-journal/JournalErrorReason"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Kept from "./researchRecord.ts"

export interface ResearchLog {
  readonly append: (records: ReadonlyArray<Kept.ResearchRecord>, state: string) => Effect.Effect<void, JournalError>
  readonly put: (text: string) => Effect.Effect<string, JournalError>
  /** A value that was put, by its schema. */
  readonly get: <A>(schema: Schema.Codec<A, string>, blob: string) => Effect.Effect<A, JournalError>
  /** What was written before it was opened. */
  readonly before: Stream.Stream<Kept.ResearchRecord, JournalError>
}

/** The start of the ids of its runs. */
export const prefix = "gemini-research-"

const idOf = (id: string): string => `${prefix}${id}`

const recorded = (
  journal: Journal.Journal["Service"],
  id: string,
  before = Infinity
): Stream.Stream<Kept.ResearchRecord, JournalError> =>
  journal.read(Kept.records, idOf(id)).pipe(
    Stream.takeWhile(({ seq }) => seq < before),
    Stream.map((entry) => entry._tag === "Recorded" ? [entry.record] : []),
    Stream.flattenIterable
  )

/** A blob is what its digest says, and may still be written by another program. */
const decoded = <A>(schema: Schema.Codec<A, string>, text: string): Effect.Effect<A, JournalError> => {
  const found = Schema.decodeUnknownResult(schema)(text)
  if (Result.isSuccess(found)) return Effect.succeed(found.success)
  const reason = new Corrupt({ description: `a blob of a research is not what it should be: ${found.failure.message}` })
  return Effect.fail(new JournalError({ method: "getBlob", reason }))
}

const getBlob = (journal: Journal.Journal["Service"], id: string): ResearchLog["get"] => (schema, blob) =>
  Effect.flatMap(journal.getBlob(idOf(id), blob), (bytes) => decoded(schema, new TextDecoder().decode(bytes)))

const inJournal = (
  journal: Journal.Journal["Service"],
  id: string,
  mayBegin: boolean
): Effect.Effect<ResearchLog, JournalError, Scope.Scope> => {
  const resumed = journal.resume(Kept.records, idOf(id))
  const opened = mayBegin
    ? Effect.catchReason(resumed, "JournalError", "NotFound", () => journal.create(Kept.records, idOf(id)))
    : resumed
  return Effect.map(opened, (run) => ({
    append: (records, state) => Effect.asVoid(run.append(records, { state })),
    put: (text) => run.putBlob(new TextEncoder().encode(text)),
    get: getBlob(journal, id),
    before: recorded(journal, id, run.next)
  }))
}

const inMemory = (): ResearchLog => {
  const blobs: Array<string> = []
  return {
    append: () => Effect.void,
    put: (text) => Effect.sync(() => String(blobs.push(text) - 1)),
    get: (schema, blob) => decoded(schema, blobs[Number(blob)] ?? ""),
    before: Stream.empty
  }
}

/** The log, to be written by this scope alone. */
export const open = (id: string): Effect.Effect<ResearchLog, JournalError, Scope.Scope> =>
  Effect.flatMap(
    Effect.serviceOption(Journal.Journal),
    (journal) => Option.isNone(journal) ? Effect.sync(inMemory) : inJournal(journal.value, id, true)
  )

/** The log of a research that there is. */
export const reopen = (id: string): Effect.Effect<ResearchLog, JournalError, Scope.Scope | Journal.Journal> =>
  Effect.flatMap(Journal.Journal, (journal) => inJournal(journal, id, false))

/** What a research has written, for those who only look. */
export const seen = (journal: Journal.Journal["Service"], id: string): Pick<ResearchLog, "before" | "get"> => ({
  before: recorded(journal, id),
  get: getBlob(journal, id)
})
