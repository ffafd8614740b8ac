import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { type Timed, Timers } from "../../src/internal/live/Timers.ts"
import { TurnLock } from "../../src/internal/live/TurnLock.ts"

/** One that moves its deadline on by `every` each time, or is done. */
const timed = (deadline: number, every = Infinity) => {
  const rung: Array<number> = []
  const entry = {
    deadline,
    rung,
    onDeadline: (now: number): void => {
      rung.push(now)
      entry.deadline = now + every
    }
  } satisfies Timed & { rung: Array<number> }
  return entry
}

/** A clock that says how many sleep on it. */
const counting = (clock: Clock.Clock) => {
  const counted = { clock, asleep: 0, most: 0 }
  const sleep = (duration: Duration.Duration) =>
    Effect.suspend(() => {
      counted.most = Math.max(counted.most, ++counted.asleep)
      return Effect.ensuring(clock.sleep(duration), Effect.sync(() => counted.asleep--))
    })
  counted.clock = Object.assign(Object.create(clock), { sleep })
  return counted
}

const setup = Effect.map(Clock.Clock, (clock) => {
  const counted = counting(clock)
  return { counted, timers: Timers.of(counted.clock), context: Context.empty() }
})

describe("the deadlines of sessions", () => {
  it.effect("each is called at its own, by one that sleeps for all of them", () =>
    Effect.gen(function*() {
      const { context, counted, timers } = yield* setup
      const all = [timed(30_000), timed(10_000), timed(20_000, 20_000)]
      for (const each of all) timers.watch(each, context)
      assert.strictEqual(counted.asleep, 1)
      for (let second = 0; second < 60; second++) yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(all.map(({ rung }) => rung), [[30_000], [10_000], [20_000, 40_000, 60_000]])
      assert.strictEqual(counted.most, 1)
    }))

  it.effect("one that moves away is not called early, one that moves near is called in time", () =>
    Effect.gen(function*() {
      const { context, timers } = yield* setup
      const away = timed(10_000)
      const near = timed(50_000)
      timers.watch(away, context)
      timers.watch(near, context)
      away.deadline = 40_000
      near.deadline = 5_000
      timers.watch(near, context)
      for (let second = 0; second < 60; second++) yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([away.rung, near.rung], [[40_000], [5_000]])
    }))

  it.effect("one that is due already is called at once, and those behind it still at their own", () =>
    Effect.gen(function*() {
      const { context, timers } = yield* setup
      yield* TestClock.adjust("1 minute")
      const [past, later] = [timed(30_000), timed(90_000)]
      timers.watch(past, context)
      timers.watch(later, context)
      assert.deepStrictEqual([past.rung, later.rung], [[60_000], []])
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual([past.rung, later.rung], [[60_000], [90_000]])
    }))

  it.effect("when the last one is forgotten nobody sleeps any more", () =>
    Effect.gen(function*() {
      const { context, counted, timers } = yield* setup
      const [one, two] = [timed(10_000), timed(20_000)]
      timers.watch(one, context)
      timers.watch(two, context)
      timers.forget(one)
      assert.strictEqual(counted.asleep, 1)
      timers.forget(two)
      assert.strictEqual(counted.asleep, 0)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([one.rung, two.rung], [[], []])
    }))
})

describe("the place of a turn", () => {
  it("goes from one to the next in the order in which they came, without those who left", () => {
    const lock = new TurnLock()
    const told: Array<string> = []
    const [a, b, c, d] = [{}, {}, {}, {}]
    assert.isTrue(lock.take(a, () => told.push("a")))
    assert.isFalse(lock.take(b, () => told.push("b")))
    assert.isFalse(lock.take(c, () => told.push("c")))
    lock.release(b)
    lock.release(a)
    assert.deepStrictEqual(told, ["c"])
    assert.isFalse(lock.take(d, () => told.push("d")))
    lock.release(a)
    assert.deepStrictEqual(told, ["c"])
    lock.release(c)
    lock.release(d)
    assert.deepStrictEqual(told, ["c", "d"])
    assert.isTrue(lock.take(a, () => told.push("a")))
  })
})
