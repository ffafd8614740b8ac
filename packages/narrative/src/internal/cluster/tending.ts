/**
 * What a worker does beside playing: it says that it lives, hears orders, and sees whether the runs that are its own are
 * taken. A worker whose sockets answer while it takes nothing any more (Effect-TS/effect#6248) is known by that alone.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Live } from "../playRun.ts"
import type { State } from "./Fleet.ts"
import { type OrderKind, orderOf } from "./tables.ts"
import * as ThisProcess from "./thisProcess.ts"

/** Milliseconds between two signs of life. */
export const beat = 1_000
/** Milliseconds between two looks for orders. */
const look = 200
/** A run that waited so long is given to the cluster once more. */
const late = 4_000
/** A worker whose own run waited so long is stuck. */
const stuckAfter = 30_000

export interface Tended {
  /** Runs that this worker has to play and has not taken for half a minute. */
  readonly untaken: Effect.Effect<ReadonlyArray<string>>
}

export const tend = Effect.fnUntraced(function*(
  state: Pick<State, "address" | "isMine" | "live" | "pollNow" | "tables" | "wakeLate" | "worker">
): Effect.fn.Return<Tended, never, Scope.Scope> {
  const { address, isMine, live, pollNow, tables, wakeLate, worker } = state
  const pid = ThisProcess.pid()
  const machine = ThisProcess.machine()
  let untaken: ReadonlyArray<string> = []
  const seen = new Set<string>()
  let taken = 0
  /** What each play was told. An order stays until it is obeyed, so that whoever goes on with the run hears it, too. */
  const heard = new WeakMap<Live, Set<OrderKind>>()

  const mine = (millis: number) =>
    Effect.flatMap(tables.overdue(millis), (ids) => Effect.filter(ids.filter((id) => !live.has(id)), isMine))

  const seenNow = Effect.suspend(() =>
    tables.seen({ id: worker, address, machine, pid }, { playing: live.size, taken, isStuck: untaken.length > 0 })
  )

  const living = Effect.gen(function*() {
    for (const id of live.keys()) {
      if (!seen.has(id)) taken++
      seen.add(id)
    }
    for (const id of seen) if (!live.has(id)) seen.delete(id)
    const waiting = yield* mine(late)
    untaken = waiting.length === 0 ? [] : yield* mine(stuckAfter)
    yield* seenNow
    for (const id of waiting) yield* wakeLate(id)
    if (waiting.length > 0) yield* pollNow
  })
  const hearing = Effect.gen(function*() {
    if (live.size === 0) return
    for (const { id, kind } of yield* tables.orders) {
      const here = live.get(id)
      if (here === undefined || heard.get(here)?.has(kind) === true) continue
      const before = heard.get(here) ?? new Set()
      heard.set(here, before.add(kind))
      yield* Queue.offer(here.orders, orderOf(kind))
    }
  })
  // A database that does not answer is asked again: a worker outlives its outages.
  const forever = (work: Effect.Effect<void, unknown>, millis: number) =>
    Effect.forkScoped(Effect.repeat(Effect.ignore(work), Schedule.spaced(millis)))
  // It is known before it takes a run. Late runs are woken beside that: the cluster answers only once the workflow is
  // there, which is built after this.
  yield* Effect.ignore(seenNow)
  yield* Effect.addFinalizer(() => Effect.ignore(tables.gone(worker)))
  yield* forever(living, beat)
  yield* forever(hearing, look)
  return { untaken: Effect.sync(() => untaken) }
})
