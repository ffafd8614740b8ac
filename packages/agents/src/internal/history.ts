/** What a journal has of a run, through all that it was forked from. */
import type * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { records as format, type TimedRecord } from "../AgentRecord.ts"

/** The records before the sequence number `before`, those that the run was forked from first. */
export const read = (
  journal: Journal.Journal["Service"],
  id: string,
  before = Infinity
): Effect.Effect<ReadonlyArray<TimedRecord>, JournalError> =>
  Effect.gen(function*() {
    const entries = yield* Stream.runCollect(Stream.takeWhile(journal.read(format, id), ({ seq }) => seq < before))
    const own = entries.flatMap((entry) => entry._tag === "Recorded" ? [{ record: entry.record, at: entry.at }] : [])
    const first = own[0]?.record
    return first?._tag === "Forked" ? [...yield* read(journal, first.from, first.seq), ...own] : own
  })
