/**
 * Watching a run: what is recorded first, then what happens. In the process that plays the run watchers are told at
 * once, streamed text among it; others follow the journal.
 */
import type { Entry } from "effect-gemini-journal/Entry"
import type * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { fromJournal, type RunError } from "../RunError.ts"
import type { RunEvent } from "../RunEvent.ts"
import { records, type RunRecord, standing } from "../RunRecord.ts"

export const eventOf = (entry: Entry<RunRecord>): RunEvent =>
  entry._tag === "Recorded"
    ? { _tag: "Recorded", seq: entry.seq, at: entry.at, record: entry.record }
    : { _tag: "Opened", seq: entry.seq, at: entry.at, pid: entry.writer.pid }

/** Whether nothing follows an event, unless the run is taken up with a newer text. */
const isOver = (event: RunEvent): boolean =>
  event._tag === "Recorded" && ["finished", "failed", "cancelled"].includes(standing(event.record))

const toError = (error: JournalError): RunError => fromJournal("events", error)

/** The events from the number `from`. `live` has those of a run that is played in this process. */
export const follow = (
  journal: Journal.Journal["Service"],
  id: string,
  from: number,
  live: PubSub.PubSub<RunEvent> | undefined
): Stream.Stream<RunEvent, RunError> =>
  Stream.unwrap(Effect.gen(function*() {
    const told = live === undefined ? undefined : yield* PubSub.subscribe(live)
    const { next } = yield* Effect.mapError(journal.head(id), toError)
    let seen = from
    const counted = (event: RunEvent): boolean => {
      if (event._tag === "Told") return true
      if (event.seq < seen) return false
      seen = event.seq + 1
      return true
    }
    const stored = (stream: Stream.Stream<Entry<RunRecord>, JournalError>) =>
      Stream.mapError(Stream.map(stream, eventOf), toError)
    const replayed = stored(journal.read(records, id, from))
    const followed = Stream.suspend(() => stored(journal.follow(records, id, seen)))
    const events = told === undefined
      ? stored(journal.follow(records, id, from))
      : replayed.pipe(Stream.concat(Stream.fromSubscription(told)), Stream.concat(followed))
    return events.pipe(
      Stream.filter(counted),
      Stream.takeUntil((event) => isOver(event) && event._tag !== "Told" && event.seq >= next - 1)
    )
  }))
