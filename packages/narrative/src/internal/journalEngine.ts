/** The engine over a journal: what it records outlives the process as the journal promises. */
import type * as Journal from "effect-gemini-journal/Journal"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Semaphore from "effect/Semaphore"
import type { Decision } from "../Decision.ts"
import { type Asked, type Contents, type Ended, type Engine, sleepUntil, type Undecided } from "../RunEngine.ts"
import { fromJournal, type RunError } from "../RunError.ts"
import type { RunEvent } from "../RunEvent.ts"
import { type RunRecord, standing } from "../RunRecord.ts"
import type { DecisionSign } from "./decisionFile.ts"
import type { RunFold } from "./RunFold.ts"

export interface Settings {
  readonly journal: Journal.Journal["Service"]
  readonly run: Journal.Run<RunRecord>
  readonly fold: RunFold
  /** What acts ended with before, by their keys. */
  readonly ended: Map<string, Ended>
  readonly cancelled: Effect.Effect<void>
  readonly told: PubSub.PubSub<RunEvent>
  /** Where somebody in this process puts a decision, by the key of the act. */
  readonly decisions: Map<string, Deferred.Deferred<Decision>>
  /** Where other processes put decisions. */
  readonly sign: DecisionSign | undefined
}

/** Bytes beside the journal of a run that is only read. */
export const contentsOf = (journal: Journal.Journal["Service"], id: string): Pick<Contents, "get"> => ({
  get: (sha256) => Effect.mapError(journal.getBlob(id, sha256), (error) => fromJournal("read", error))
})

export const make = ({ cancelled, decisions, ended, fold, journal, run, sign, told }: Settings): Engine => {
  const turn = Semaphore.makeUnsafe(1)
  /** An append that was begun is also ended: whether it was written would then not be known. */
  const record = (records: ReadonlyArray<RunRecord>): Effect.Effect<void, RunError> => {
    const last = records.at(-1)
    if (last === undefined) return Effect.void
    return Effect.uninterruptible(
      turn.withPermits(1)(
        Effect.gen(function*() {
          const seq = yield* Effect.mapError(
            run.append(records, { state: standing(last) }),
            (error) => fromJournal("play", error)
          )
          const at = yield* Clock.currentTimeMillis
          for (const [index, record] of records.entries()) {
            fold.take({ _tag: "Recorded", seq: seq + index, at, writer: run.writer, record })
            yield* PubSub.publish(told, { _tag: "Recorded", seq: seq + index, at, record })
          }
        })
      )
    )
  }
  /** A run asks for each key once, so its text need not be held after that. */
  const take = (key: string): Ended | undefined => {
    const known = ended.get(key)
    if (known !== undefined) ended.delete(key)
    return known
  }
  const decided = Effect.fnUntraced(function*(
    { act, key }: Asked,
    decision: Decision
  ): Effect.fn.Return<Decision, RunError> {
    yield* record([{ _tag: "Decided", act, key, decision }])
    if (sign !== undefined) yield* sign.take(run.id, key)
    return decision
  })
  const decision = Effect.fnUntraced(function*(asked: Asked): Effect.fn.Return<Decision | Undecided, RunError> {
    const { act, key } = asked
    const known = fold.questionOf(key)?.decision
    if (known !== undefined) return known
    if (fold.undecided(act) !== key) yield* record([{ _tag: "ApprovalAsked", ...asked }])
    const left = sign === undefined ? undefined : yield* sign.look(run.id, key)
    if (left !== undefined) return yield* decided(asked, left)
    const here = Deferred.makeUnsafe<Decision>()
    decisions.set(key, here)
    const somewhere = sign === undefined
      ? Deferred.await(here)
      : Effect.raceFirst(Deferred.await(here), sign.seen(run.id, key))
    const later = Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(somewhere), (decision) => decided(asked, decision))
    )
    return { later: Effect.ensuring(later, Effect.sync(() => decisions.delete(key))) }
  })
  return {
    known: take,
    decision,
    act: (key, perform) =>
      Effect.suspend(() => {
        const known = take(key)
        if (known !== undefined) return Effect.succeed(known)
        // An answer that came is also kept. `perform` itself says where it may be interrupted.
        return Effect.uninterruptible(Effect.tap(perform(fold.askedOf(key)), (result) => record([result])))
      }),
    record,
    sleep: sleepUntil,
    cancelled,
    contents: {
      put: (bytes) => Effect.mapError(run.putBlob(bytes), (error) => fromJournal("play", error)),
      get: contentsOf(journal, run.id).get
    }
  }
}
