/** The engine over a journal: what it records outlives the process as the journal promises. */
import type * as Journal from "effect-gemini-journal/Journal"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as PubSub from "effect/PubSub"
import * as Semaphore from "effect/Semaphore"
import type { Decision } from "../Decision.ts"
import { type Asked, type Contents, type Ended, type Engine, sleepUntil, type Undecided } from "../RunEngine.ts"
import { fromJournal, type RunError } from "../RunError.ts"
import type { RunEvent } from "../RunEvent.ts"
import { type RunRecord, standing } from "../RunRecord.ts"
import type { DecisionSign } from "./decisionFile.ts"
import type { RunFold } from "./RunFold.ts"

/** A decision on its way from somebody in this process to the run's journal. */
export interface Handed {
  readonly given: Deferred.Deferred<Decision>
  /** Whether it was recorded; the run may end before that. */
  readonly recorded: Deferred.Deferred<boolean>
}

export interface Settings {
  readonly journal: Journal.Journal["Service"]
  readonly run: Journal.Run<RunRecord>
  readonly fold: RunFold
  /** What acts ended with before, by their keys. */
  readonly ended: Map<string, Ended>
  readonly cancelled: Effect.Effect<void>
  readonly told: PubSub.PubSub<RunEvent>
  /** Where somebody in this process puts a decision, by the key of the act. */
  readonly decisions: Map<string, Handed>
  /** Where other processes put decisions. */
  readonly sign: DecisionSign | undefined
}

/** Records that are to be written, and who waits for that. */
interface Waiting {
  readonly records: ReadonlyArray<RunRecord>
  readonly done: Deferred.Deferred<void, RunError>
}

/** Whether the journal took offence at what was to be written, and wrote nothing. */
const isRefused = (exit: Exit.Exit<void, RunError>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some((reason) =>
    reason._tag === "Fail" && (reason.error.reason._tag === "TooLarge" || reason.error.reason._tag === "Invalid")
  )

/** So many records of a megabyte are less than the largest append. */
const most = 7

/** Bytes beside the journal of a run that is only read. */
export const contentsOf = (journal: Journal.Journal["Service"], id: string): Pick<Contents, "get"> => ({
  get: (sha256) => Effect.mapError(journal.getBlob(id, sha256), (error) => fromJournal("read", error))
})

export const make = ({ cancelled, decisions, ended, fold, journal, run, sign, told }: Settings): Engine => {
  const turn = Semaphore.makeUnsafe(1)
  const waiting: Array<Waiting> = []
  const append = Effect.fnUntraced(function*(records: ReadonlyArray<RunRecord>): Effect.fn.Return<void, RunError> {
    const last = records.at(-1)
    if (last === undefined) return
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
  /** Acts beside each other have records at once: what came while another append was written is one append. */
  const flush = Effect.suspend(() => {
    const [first, ...rest] = waiting
    if (first === undefined) return Effect.void
    const batch = [first]
    let size = first.records.length
    for (const next of rest) {
      size += next.records.length
      if (size > most) break
      batch.push(next)
    }
    waiting.splice(0, batch.length)
    const settle = (those: ReadonlyArray<Waiting>, exit: Exit.Exit<void, RunError>) =>
      Effect.forEach(those, ({ done }) => Deferred.done(done, exit), { discard: true })
    const alone = Effect.forEach(
      batch,
      (one) => Effect.flatMap(Effect.exit(append(one.records)), (exit) => settle([one], exit)),
      { discard: true }
    )
    return Effect.flatMap(
      Effect.exit(append(batch.flatMap(({ records }) => records))),
      // A record that is refused does not keep those beside it from being written.
      (exit) => batch.length > 1 && isRefused(exit) ? alone : settle(batch, exit)
    )
  })
  /** An append that was begun is also ended: whether it was written would then not be known. */
  const record = (records: ReadonlyArray<RunRecord>): Effect.Effect<void, RunError> => {
    if (records.length === 0) return Effect.void
    return Effect.uninterruptible(Effect.suspend(() => {
      const mine: Waiting = { records, done: Deferred.makeUnsafe() }
      waiting.push(mine)
      const written = Effect.suspend(() => Deferred.isDoneUnsafe(mine.done) ? Effect.void : flush)
      return Effect.andThen(turn.withPermits(1)(written), Deferred.await(mine.done))
    }))
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
    const here: Handed = { given: Deferred.makeUnsafe(), recorded: Deferred.makeUnsafe() }
    decisions.set(key, here)
    const somewhere = sign === undefined
      ? Deferred.await(here.given)
      : Effect.raceFirst(Deferred.await(here.given), sign.seen(run.id, key))
    const later = Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(somewhere), (decision) => decided(asked, decision))
    )
    return {
      later: Effect.onExit(later, (exit) => {
        decisions.delete(key)
        return Deferred.succeed(here.recorded, Exit.isSuccess(exit))
      })
    }
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
