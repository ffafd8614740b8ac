/** What somebody decides about an act of a run, wherever the run is played, or while nobody plays it. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Decision } from "../Decision.ts"
import { fromJournal, Refused, RunError, UnknownAct } from "../RunError.ts"
import { records } from "../RunRecord.ts"
import { follow } from "./follow.ts"
import type { Place } from "./playRun.ts"
import { readRun } from "./ReadRun.ts"

/** How long a decision waits for the process that plays the run to take it. */
const patience = "10 seconds"

const refused = (id: string, why: string): RunError =>
  new RunError({ method: "decide", id, reason: new Refused({ path: "act", why }) })

export const decide = Effect.fnUntraced(function*(
  { decisionSign, journal, live, movesOn = false }: Place,
  id: string,
  act: string,
  decision: Decision
): Effect.fn.Return<void, RunError> {
  const { read } = yield* readRun(journal, id)
  const { acts, standing } = read.fold.state
  const state = acts.find((known) => known.act === act)
  if (state === undefined) {
    const known = acts.map(({ act }) => act)
    return yield* new RunError({ method: "decide", id, reason: new UnknownAct({ act, known }) })
  }
  if (standing === "finished" || standing === "failed" || standing === "cancelled") {
    return yield* refused(id, `the run is over (${standing})`)
  }
  const key = read.fold.undecided(act)
  if (key === undefined) {
    const { verdict } = state.decision ?? {}
    const open = acts.filter(({ status }) => status === "undecided").map(({ act }) => act)
    const waits = open.length === 0 ? "no act does now" : `these do: ${open.join(", ")}`
    return yield* refused(
      id,
      verdict === undefined
        ? `"${act}" does not wait for approval; ${waits}`
        : `"${act}" is decided: ${verdict}`
    )
  }

  /** While nobody plays the run, the decision is written here. */
  const append = Effect.scoped(Effect.gen(function*() {
    const run = yield* journal.resume(records, id)
    const now = yield* readRun(journal, id)
    // Somebody may have decided meanwhile: the first word holds.
    if (now.read.fold.undecided(act) !== key) return
    yield* run.append([
      { _tag: "Decided", act, key, decision },
      { _tag: "Paused", acts: [], stopped: true }
    ], { state: "paused" })
  })).pipe(
    Effect.catchTag("JournalError", (error) => Effect.fail(fromJournal("decide", error)))
  )

  const here = live.get(id)
  /** Returns once this process does not play the run any more. */
  const ended = here === undefined ? Effect.never : Effect.exit(here.end)

  /** The process that plays the run takes it from where it looks, at once or whenever it goes on with the run. */
  const tell = (busy: RunError): Effect.Effect<void, RunError> => {
    if (decisionSign === undefined) return Effect.fail(busy)
    const taken = follow(journal, id, 0, undefined).pipe(
      Stream.takeUntil((event) =>
        event._tag === "Recorded" && event.record._tag === "Decided" && event.record.key === key
      ),
      Stream.runDrain,
      Effect.as(true),
      Effect.raceFirst(Effect.as(Effect.raceFirst(Effect.sleep(patience), ended), false)),
      Effect.flatMap((isTaken) => isTaken || movesOn ? Effect.void : append)
    )
    return Effect.andThen(Effect.mapError(decisionSign.give(id, key, decision), () => busy), taken)
  }

  // The run may end, or be interrupted, between being told and writing it down: then it is decided as if nobody played it.
  const handed = here?.decisions.get(key)
  if (handed !== undefined) {
    yield* Deferred.succeed(handed.given, decision)
    if (yield* Effect.raceFirst(Deferred.await(handed.recorded), Effect.as(ended, false))) return
    yield* ended
  }
  return yield* Effect.catchReason(append, "RunError", "Busy", (_, error) => tell(error))
})
