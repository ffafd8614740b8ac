/** Calls by a name whose model becomes known while they wait. */
import { assert, describe, it } from "@effect/vitest"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import { RateLimited } from "effect-gemini/errors/GeminiErrorReason"
import * as GeminiError from "effect-gemini/GeminiError"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Lane } from "../../src/internal/limiter/Lane.ts"
import { far } from "./farStore.ts"

const id = (name: string) => Result.getOrThrow(ModelId.parse(name))
const [guess, target] = [id("gemini-3.8-flash"), id("gemini-2.5-flash")]
const limits: Tier.Limits = { rpm: 3, tpm: 1_000, rpd: 100, concurrency: 10 }

/** The window and its margin. */
const turn = 60_060
const day = 8 * 3_600_000

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Lets a store that lies further away answer. */
const settled = Effect.replicateEffect(Effect.yieldNow, 200, { discard: true })
const turns = (count: number) =>
  Effect.replicateEffect(Effect.andThen(TestClock.adjust(turn), settled), count, { discard: true })

/** A 429 that counts the call for another model, or names none. */
const refused = (model?: string) =>
  new GeminiError.GeminiError({
    method: "generateContent",
    attempts: [],
    retryAfter: Duration.seconds(20),
    reason: new RateLimited({
      violations: model === undefined ? [] : [{ quotaId: "PerMinute", quotaDimensions: { model } }]
    })
  })

describe.each([["in memory", LaneStore.memory], ["far away", far]])("calls that wait, over a store %s", (_, store) => {
  const limiter = (name: string, body: (it: RateLimiter.Service) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it.effect(name, () =>
      RateLimiter.RateLimiter.use(body).pipe(
        Effect.provide(RateLimiter.layerStore().pipe(Layer.provide(Layer.succeed(LaneStore.LaneStore, store))))
      ))

  const laneOf = (
    limiter: RateLimiter.Service,
    quotaModel = guess,
    of: (model: ModelId.ModelId, call?: CallOptions) => Tier.Limits = (_, call) => ({ ...limits, ...call?.limits })
  ) => {
    const options = { limiter, project: "p", location: "global", quotaModel, isAlias: quotaModel === guess, limits: of }
    return new Lane(options, "generate")
  }
  const timed = (lane: Lane, options?: CallOptions, tokens = 10) =>
    Effect.scoped(Effect.andThen(lane.meter("m", () => tokens, options).acquire, Clock.currentTimeMillis))
  const used = (limiter: RateLimiter.Service, model: string) =>
    Effect.map(limiter.snapshot, (all) => {
      const found = all.find(({ lane }) => lane.quotaModel === model)
      return [found?.used.requests ?? 0, found?.waiting ?? 0]
    })

  limiter(
    "by an alias go on waiting where it is counted, after those who wait there, in their order",
    (limiter) =>
      Effect.gen(function*() {
        const alias = laneOf(limiter)
        const direct = laneOf(limiter, target)
        yield* Effect.forEach([1, 2, 3], () => timed(alias))
        const order: Array<string> = []
        const waiting = (lane: Lane, name: string, options?: CallOptions) =>
          start(Effect.tap(timed(lane, options), () => Effect.sync(() => void order.push(name))))
        const fibers = [
          yield* waiting(alias, "batch", { priority: "batch" }),
          yield* waiting(alias, "first"),
          yield* waiting(alias, "second")
        ]
        yield* timed(direct)
        // This one knows the model by its name, and stays with it.
        const other = yield* start(timed(laneOf(limiter, id("gemini-3.8-flash"))))
        yield* settled
        alias.answeredBy(target)
        yield* settled
        assert.deepStrictEqual(yield* used(limiter, target), [4, 3])
        assert.deepStrictEqual(yield* used(limiter, guess), [3, 1])
        fibers.push(yield* waiting(direct, "direct"))
        yield* turns(3)
        // All three of the alias count until they have left the window of the target, where one more had gone.
        assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [2 * turn, turn, turn, turn])
        assert.deepStrictEqual(order, ["first", "second", "direct", "batch"])
        assert.strictEqual(yield* Fiber.join(other), turn)
      })
  )

  limiter("go on where the alias stands now, however often it changes", (limiter) =>
    Effect.gen(function*() {
      const alias = laneOf(limiter)
      const fibers = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => start(Effect.tap(timed(alias), () => settled))
      )
      yield* settled
      for (let i = 0; i < 4; i++) {
        alias.answeredBy(i % 2 === 0 ? target : "gemini-3.9-flash")
        yield* settled
      }
      // Three went while the alias stood for the guess, and three at once where it moved on to; the rest waits there.
      assert.deepStrictEqual(yield* used(limiter, "gemini-3.9-flash"), [3, 2])
      assert.deepStrictEqual(yield* used(limiter, target), [6, 0])
      yield* turns(2)
      const times = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(times, [0, 0, 0, 0, 0, 0, turn, turn])
    }))

  limiter("keep their deadline, leave when interrupted, and end with the limiter", (limiter) =>
    Effect.gen(function*() {
      const alias = laneOf(limiter)
      yield* Effect.forEach([1, 2, 3], () => timed(alias))
      const late = yield* start(Effect.flip(timed(alias, { maxWait: "30 seconds" })))
      const leaves = yield* start(timed(alias))
      const stays = yield* start(timed(alias))
      yield* settled
      yield* TestClock.adjust("10 seconds")
      alias.answeredBy(target)
      yield* settled
      yield* Fiber.interrupt(leaves)
      assert.deepStrictEqual(yield* used(limiter, target), [3, 2])
      yield* Effect.andThen(TestClock.adjust("20 seconds"), settled)
      assert.strictEqual((yield* Fiber.join(late)).reason._tag, "RateLimited")
      yield* turns(2)
      assert.isAtMost(yield* Fiber.join(stays), 10_000 + turn)
      assert.deepStrictEqual([yield* used(limiter, target), yield* used(limiter, guess)], [[0, 0], [0, 0]])
    }))

  limiter("are told what the target cannot give, or will not today", (limiter) =>
    Effect.gen(function*() {
      const alias = laneOf(limiter, guess, (model) => model === target ? { ...limits, tpm: 50 } : limits)
      yield* Effect.forEach([1, 2, 3], () => timed(alias))
      const large = yield* start(Effect.flip(timed(alias, { oversize: "reject" }, 60)))
      const fails = yield* start(Effect.flip(timed(alias)))
      const waits = yield* start(timed(alias, { whenExhausted: "wait" }))
      yield* settled
      yield* limiter.feedback({ project: "p", location: "global", quotaModel: target, family: "generate" }, {
        _tag: "QuotaExhausted",
        resetAt: day
      })
      alias.answeredBy(target)
      yield* settled
      assert.deepInclude({ ...(yield* Fiber.join(large)).reason }, { _tag: "RequestTooLarge", limit: 50 })
      assert.deepInclude({ ...(yield* Fiber.join(fails)).reason }, { _tag: "QuotaExhausted", resetAt: day })
      yield* Effect.andThen(TestClock.adjust(day), settled)
      assert.strictEqual(yield* Fiber.join(waits), day)
    }))

  limiter("keep limits of their own at the target", (limiter) =>
    Effect.gen(function*() {
      const alias = laneOf(limiter, guess, (_, call) => ({ ...limits, rpm: 20, ...call?.limits }))
      const one = { limits: { rpm: 1 } }
      yield* timed(alias, one)
      const fibers = yield* Effect.forEach([1, 2, 3], () => start(timed(alias, one)))
      yield* settled
      alias.answeredBy(target)
      yield* settled
      assert.deepStrictEqual(yield* used(limiter, target), [2, 2])
      yield* turns(3)
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [0, turn, 2 * turn])
    }))

  limiter(
    "stay where they are when a 429 counts one of them elsewhere, and those who went there come back",
    (limiter) =>
      Effect.gen(function*() {
        const name = laneOf(limiter, target)
        yield* Effect.forEach([1, 2, 3], () => timed(name))
        const stayed = yield* start(timed(name))
        yield* settled
        yield* name.learn(refused("gemini-2.5-pro"))
        yield* settled
        assert.deepStrictEqual(yield* used(limiter, target), [3, 1])
        const away = yield* Effect.forEach([1, 2, 3, 4], () => start(timed(name)))
        yield* settled
        assert.deepStrictEqual(yield* used(limiter, "gemini-2.5-pro"), [3, 4])
        yield* Effect.andThen(TestClock.adjust("20 seconds"), settled)
        const back = yield* start(timed(name))
        yield* settled
        assert.strictEqual((yield* used(limiter, "gemini-2.5-pro"))[1], 0)
        yield* turns(3)
        assert.strictEqual(yield* Fiber.join(stayed), turn)
        for (const fiber of [...away, back]) assert.isAtMost(yield* Fiber.join(fiber), 20_000 + 2 * turn)
      })
  )
})
