/** What a circuit of a member does when the machine's clock is set. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as TestClock from "effect/testing/TestClock"
import * as Circuit from "../../src/internal/members/circuit.ts"

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
