/**
 * Simulated time in steps, between which everything that is due really ends. A body in memory
 * is read through promises, which TestClock cannot see: on a busy machine a minute in one go
 * runs ahead of them.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"

/** Lets what is due end, bodies in memory included. */
export const settled = Effect.promise(async () => {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
})

export const pass = Effect.fnUntraced(function*(time: Duration.Input, step: Duration.Input) {
  const steps = Math.ceil(Duration.toMillis(time) / Duration.toMillis(step))
  for (let i = 0; i < steps; i++) {
    yield* TestClock.adjust(step)
    yield* settled
  }
})
