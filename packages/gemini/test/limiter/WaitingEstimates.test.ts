/** Calls that wait ask for as many tokens as are known when their turn comes, not for as many as when they came. */
import { assert, describe, it } from "@effect/vitest"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Content from "effect-gemini/wire/Content"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as TestClock from "effect/testing/TestClock"
import { Lane } from "../../src/internal/limiter/Lane.ts"
import { estimateOf } from "../../src/internal/limiter/tokenEstimate.ts"
import { far } from "./farStore.ts"

const limits: Tier.Limits = { rpm: 100, tpm: 1_000, rpd: 100, concurrency: 1 }
const turn = 60_060
const settled = Effect.replicateEffect(Effect.yieldNow, 100, { discard: true })
const estimate = estimateOf({ contents: [Content.user("x".repeat(400))] })
const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe.each([["in memory", LaneStore.memory], ["far away", far]])("over a store %s", (_, store) => {
  it.effect.each([
    { what: "the same", options: undefined },
    { what: "limits of their own", options: { limits: { tpm: 900 } } }
  ])("what the first answers teach holds for those that wait, with $what", ({ options }) =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const lane = new Lane({
        limiter,
        project: "p",
        location: "global",
        quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
        isAlias: false,
        limits: (_, call) => ({ ...limits, ...call?.limits })
      }, "generate")
      const usageMetadata = { promptTokenCount: 400 }
      const call = lane.meter("m", () => estimate, options).use((permit) =>
        Effect.gen(function*() {
          const at = yield* Clock.currentTimeMillis
          yield* Effect.sleep("1 second")
          lane.heard(estimate, { usageMetadata }, true)
          yield* permit.settle(400)
          return at
        })
      )
      const fibers = yield* Effect.forEach(Array.from({ length: 6 }), () => start(call))
      yield* settled
      yield* Effect.andThen(TestClock.adjust("1 second"), settled)
      // By the estimate nine more would fit beside the first one, and by what it taught one more.
      yield* Effect.andThen(TestClock.adjust("1 second"), settled)
      assert.strictEqual((yield* limiter.snapshot)[0]?.used.tokens, 800)
      assert.strictEqual((yield* limiter.snapshot)[0]?.waiting, 4)
      yield* Effect.andThen(TestClock.adjust(turn - 2_000), settled)
      for (let i = 0; i < 3; i++) {
        yield* Effect.andThen(TestClock.adjust("1 second"), settled)
        yield* Effect.andThen(TestClock.adjust(turn - 1_000), settled)
        assert.isAtMost((yield* limiter.snapshot)[0]?.used.tokens ?? 0, 1_000)
      }
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [
        0,
        1_000,
        turn,
        turn + 1_000,
        2 * turn,
        2 * turn + 1_000
      ])
    }).pipe(
      Effect.provide(RateLimiter.layerStore().pipe(Layer.provide(Layer.succeed(LaneStore.LaneStore, store))))
    ))
})
