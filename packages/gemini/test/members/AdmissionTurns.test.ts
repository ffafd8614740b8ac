/** Who of those that wait goes next: what a call says of itself, and what its end means for the turns of its caller. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import type { CallOptions } from "../../src/call/CallOptions.ts"
import { admit } from "../../src/internal/members/admission.ts"
import { Signal } from "../../src/internal/members/WaitingRoom.ts"
import * as Lanes from "./scriptedLanes.ts"

/** Calls that come one after the other to a lane that takes ten milliseconds each, and when each was let go. */
const letGo = (...calls: ReadonlyArray<readonly [caller: string, options: CallOptions]>) =>
  Effect.gen(function*() {
    const lanes = yield* Lanes.make({ a: { admitsIn: 9, gives: () => Effect.sleep(10) } })
    const fibers = yield* Effect.forEach(calls, ([caller, options]) =>
      Effect.forkChild(
        Effect.scoped(Effect.gen(function*() {
          yield* admit(lanes.route(options, { caller }), yield* Effect.scope)
          return yield* Clock.currentTimeMillis
        })),
        { startImmediately: true }
      ))
    yield* TestClock.adjust(10 * calls.length)
    const times = yield* Effect.forEach(fibers, Fiber.join)
    assert.deepStrictEqual(lanes.rest(), { held: 0, room: 0, watchers: 0 })
    return times
  })

describe("the turns of calls that wait", () => {
  it.effect("an interactive call goes before a batch call that came earlier, and batch calls among themselves in order", () =>
    Effect.gen(function*() {
      const batch = { priority: "batch" } as const
      assert.deepStrictEqual(yield* letGo(["", {}], ["", batch], ["", batch], ["", {}]), [10, 30, 40, 20])
    }))

  it.effect("a caller that had its turn goes behind the others, however many calls it has waiting", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* letGo(["a", {}], ["a", {}], ["a", {}], ["b", {}], ["b", {}]), [10, 30, 50, 20, 40])
    }))
})

describe("a signal", () => {
  it.effect("that came while nobody waited is heard once by the next who does", () =>
    Effect.gen(function*() {
      const signal = new Signal()
      signal.notify()
      signal.notify()
      yield* signal.next
      const waits = yield* Effect.forkChild(signal.next, { startImmediately: true })
      yield* TestClock.adjust(1)
      assert.isUndefined(waits.pollUnsafe())
      signal.notify()
      yield* Fiber.join(waits)
    }))

  it.effect("for one that was interrupted is kept for the next", () =>
    Effect.gen(function*() {
      const signal = new Signal()
      yield* Fiber.interrupt(yield* Effect.forkChild(signal.next, { startImmediately: true }))
      signal.notify()
      const waits = yield* Effect.forkChild(signal.next, { startImmediately: true })
      yield* TestClock.adjust(1)
      assert.isDefined(waits.pollUnsafe())
    }))
})
