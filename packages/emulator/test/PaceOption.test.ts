/** The pace at which an emulator says what has no pace of its own. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { generate, prompt } from "./Wire.ts"

const timed = (words: string) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.andThen(generate(prompt(words)), Clock.currentTimeMillis))
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

describe("pace", () => {
  it.effect("says so many tokens a second", () =>
    Effect.gen(function*() {
      // 40 letters are 10 tokens.
      assert.strictEqual(yield* timed(`emulator:say ${"abcd ".repeat(8).trim()}e`), 1000)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ pace: 10 }))))

  it.effect("is not that of an answer with its own", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue({ text: "a".repeat(40), pace: { tokensPerSecond: 100 } }, { text: "a".repeat(40), chunkDelay: 0 })
      assert.strictEqual(yield* timed("x"), 100)
      assert.strictEqual(yield* timed("x"), 3_600_000)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ pace: 10 }))))

  it.effect("is off by default", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* timed("x"), 0)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))
})
