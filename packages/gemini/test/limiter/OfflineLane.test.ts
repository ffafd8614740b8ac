import { assert, it } from "@effect/vitest"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { OfflineLane } from "../../src/internal/limiter/OfflineLane.ts"

const key = {
  project: "p",
  location: "",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-3.8-flash")),
  family: "generate"
} as const

const lane = () => new OfflineLane({ whenDown: "open", localShare: 1 }, key, { window: 60_000, margin: 60 })

/** What is told at a time of two requests, of five and of seven tokens, at 0 and 1 s. */
const toldAt = (now: number) => {
  const offline = lane()
  offline.keep({ at: 0, tokens: 5 }, 0)
  offline.keep({ at: 1_000, tokens: 7 }, 1_000)
  const told: Array<readonly [earlier: number, tokens: ReadonlyArray<number>]> = []
  const tell = (earlier: number, tokens: ReadonlyArray<number>) =>
    Effect.sync(() => {
      told.push([earlier, tokens])
      return true
    })
  return Effect.as(Effect.andThen(offline.catchUp(tell, now), offline.catchUp(tell, now)), told)
}

it.effect("a Redis that is back hears once of what was sent, and in its window only of what is in the window", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* toldAt(60_059), [[0, [5, 7]]])
    assert.deepStrictEqual(yield* toldAt(60_060), [[1, [7]]])
    assert.deepStrictEqual(yield* toldAt(61_059), [[1, [7]]])
    assert.deepStrictEqual(yield* toldAt(61_060), [[2, []]])
    assert.deepStrictEqual(yield* toldAt(26 * 3_600_000), [[2, []]])
    // The clock was set back: both lie ahead, by less than the window and by more.
    assert.deepStrictEqual(yield* toldAt(-59_000), [[0, [5, 7]]])
  }))

it.effect("what a Redis did not hear of it is told again", () =>
  Effect.gen(function*() {
    const offline = lane()
    offline.keep({ at: 0, tokens: 5 }, 0)
    yield* offline.catchUp(() => Effect.succeed(false), 10)
    assert.isFalse(offline.isIdle(26 * 3_600_000))
    let told: ReadonlyArray<unknown> = []
    yield* offline.catchUp((...heard) => Effect.sync(() => ((told = heard), true)), 70_000)
    assert.deepStrictEqual(told, [1, []])
    assert.isTrue(offline.isIdle(26 * 3_600_000))
  }))
