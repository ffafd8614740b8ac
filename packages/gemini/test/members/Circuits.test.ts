/** What a circuit of a member does when the machine's clock is set, and which calls need not look at it. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as TestClock from "effect/testing/TestClock"
import * as Circuit from "../../src/internal/members/circuit.ts"
import * as ScriptedLanes from "./scriptedLanes.ts"

const minute = 60_000
const day = 1_440 * minute

describe("a circuit that opened while the clock was wrong", () => {
  for (const [name, skew] of [["a minute", minute], ["a day", day], ["years", 1_500 * day]] as const) {
    for (const [sign, ahead] of [["back", skew], ["forward", -skew]] as const) {
      it.effect(`is open for its own time, not until the date that was wrong: ${name} ${sign}`, () =>
        Effect.gen(function*() {
          const test = yield* Clock.Clock
          let off = ahead
          const wrong: Clock.Clock = {
            currentTimeMillisUnsafe: () => test.currentTimeMillisUnsafe() + off,
            currentTimeMillis: Effect.map(test.currentTimeMillis, (now) => now + off),
            currentTimeNanosUnsafe: () => test.currentTimeNanosUnsafe() + BigInt(off) * 1_000_000n,
            currentTimeNanos: Effect.map(test.currentTimeNanos, (now) => now + BigInt(off) * 1_000_000n),
            monotonicTimeNanosUnsafe: () => test.monotonicTimeNanosUnsafe(),
            monotonicTimeNanos: test.monotonicTimeNanos,
            sleep: (duration) => test.sleep(duration)
          }
          yield* Effect.gen(function*() {
            const circuits = yield* Circuit.fromContext()
            for (let n = 0; n < 3; n++) {
              const report = yield* circuits.enter("a")
              report?.(CircuitBreaker.failure())
              yield* Effect.yieldNow
            }
            assert.deepStrictEqual(yield* circuits.state("a"), { state: "open", retryIn: 5_000 })
            off = 0
            assert.deepStrictEqual(yield* circuits.state("a"), { state: "open", retryIn: 5_000 })
            assert.isUndefined(yield* circuits.enter("a"))
            yield* Effect.provideService(TestClock.adjust("4999 millis"), Clock.Clock, test)
            assert.isUndefined(yield* circuits.enter("a"))
            yield* Effect.provideService(TestClock.adjust("1 milli"), Clock.Clock, test)
            assert.isDefined(yield* circuits.enter("a"))
          }).pipe(Effect.provideService(Clock.Clock, wrong))
        }))
    }
  }
})

describe("a circuit is untouched", () => {
  const attempt = Effect.fnUntraced(function*(circuits: Circuit.Circuits, outcome: CircuitBreaker.Outcome) {
    const report = yield* circuits.enter("a")
    report?.(outcome)
    return yield* Effect.yieldNow
  })

  it.effect("until a failure is told, and again once it closed after an answer", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      assert.isTrue(circuits.isUntouched("a"))
      yield* attempt(circuits, CircuitBreaker.success)
      yield* attempt(circuits, CircuitBreaker.ignored)
      assert.isTrue(circuits.isUntouched("a"))
      yield* attempt(circuits, CircuitBreaker.failure())
      assert.isFalse(circuits.isUntouched("a"))
      assert.isTrue(circuits.isUntouched("b"))
      yield* attempt(circuits, CircuitBreaker.ignored)
      assert.isFalse(circuits.isUntouched("a"))
      yield* attempt(circuits, CircuitBreaker.success)
      assert.isTrue(circuits.isUntouched("a"))
    }))

  it.effect("not while it is open, nor while it lets a call find out how the member is", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      const early = yield* circuits.enter("a")
      for (let n = 0; n < 3; n++) yield* attempt(circuits, CircuitBreaker.failure())
      // An answer to a call that began before it opened closes nothing.
      early?.(CircuitBreaker.success)
      yield* Effect.yieldNow
      assert.strictEqual((yield* circuits.state("a")).state, "open")
      assert.isFalse(circuits.isUntouched("a"))
      yield* TestClock.adjust("5 seconds")
      const probe = yield* circuits.enter("a")
      assert.isFalse(circuits.isUntouched("a"))
      probe?.(CircuitBreaker.success)
      yield* Effect.yieldNow
      assert.deepStrictEqual(yield* circuits.state("a"), Circuit.closed)
      assert.isTrue(circuits.isUntouched("a"))
    }))

  it.effect("never over a store that other processes write to", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      assert.isFalse(circuits.isUntouched("a"))
    }).pipe(Effect.provide(CircuitBreaker.layerStoreMemory())))

  it.effect("always where circuits never open", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext(false)
      yield* attempt(circuits, CircuitBreaker.failure())
      assert.isTrue(circuits.isUntouched("a"))
    }))
})

describe("a call is sent to the first member without a look at the others", () => {
  const { failure, success } = CircuitBreaker
  const setting = Effect.fnUntraced(function*() {
    const lanes = yield* ScriptedLanes.make({ a: {}, b: {} }, {
      models: [ScriptedLanes.model, ScriptedLanes.other],
      isSeen: true
    })
    const [a, b, elsewhere] = [lanes.way(0), lanes.way(1), lanes.way(2)]
    return {
      lanes,
      a,
      elsewhere,
      tell: Effect.fnUntraced(function*(way: typeof a, outcome: CircuitBreaker.Outcome) {
        const report = yield* lanes.circuits.enter(way.circuit("generate"))
        report?.(outcome)
        yield* Effect.yieldNow
      }),
      /** The member that is found without a look, for a call of the first model alone. */
      found: Effect.map(lanes.route(undefined, { ways: [a, b] }).first, (found) => found?.way.member.name)
    }
  })

  it.effect("after a failure that no answer followed, and while another model is left alone", () =>
    Effect.gen(function*() {
      const { a, elsewhere, found, lanes, tell } = yield* setting()
      yield* tell(a, failure())
      assert.isFalse(lanes.circuits.isUntouched(a.circuit("generate")))
      assert.strictEqual(yield* found, "a")
      yield* lanes.open(elsewhere)
      yield* lanes.route().look
      assert.isFalse(lanes.turns.isEmpty)
      assert.strictEqual(yield* found, "a")
    }))

  it.effect("not while one of its own is left alone, and again once that was seen to be well", () =>
    Effect.gen(function*() {
      const { a, found, lanes, tell } = yield* setting()
      yield* lanes.open(a)
      assert.isUndefined(yield* found)
      yield* lanes.route().look
      yield* TestClock.adjust("5 seconds")
      assert.isUndefined(yield* found)
      yield* tell(a, success)
      assert.strictEqual((yield* lanes.circuits.state(a.circuit("generate"))).state, "closed")
      assert.isUndefined(yield* found)
      yield* lanes.route().look
      assert.strictEqual(yield* found, "a")
    }))

  it.effect("never over a store that other processes write to", () =>
    Effect.gen(function*() {
      const { found } = yield* setting()
      assert.isUndefined(yield* found)
    }).pipe(Effect.provide(CircuitBreaker.layerStoreMemory())))
})
