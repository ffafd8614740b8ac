import { assert, describe, it } from "@effect/vitest"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"

const limits: Tier.Limits = { rpm: 4, tpm: 1_000, rpd: 100, concurrency: 10 }
const lane: RateLimiter.LaneKey = {
  project: "p",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}
const ask = (more: Partial<RateLimiter.Admission> = {}): RateLimiter.Admission => ({
  lane,
  limits,
  tokens: 10,
  whenExhausted: "wait",
  ...more
})
/** The window and its margin. */
const turn = 60_060

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const limiter = (name: string, body: (it: RateLimiter.Service) => Effect.Effect<void, unknown>) =>
  it.effect(name, () => RateLimiter.RateLimiter.use(body).pipe(Effect.provide(RateLimiter.layer)))

describe("headroom", () => {
  limiter(
    "is everything of a lane that nobody used, and takes nothing of it",
    Effect.fnUntraced(function*(limiter) {
      for (let i = 0; i < 10; i++) {
        assert.deepStrictEqual(yield* limiter.headroom(ask()), { admitsIn: 0, waiting: 0, free: 1 })
      }
      assert.deepStrictEqual(yield* limiter.snapshot, [])
    })
  )

  limiter(
    "writes nothing of what it is asked with into a lane that is in use",
    Effect.fnUntraced(function*(limiter) {
      yield* limiter.use(ask(), () => Effect.void)
      const before = yield* limiter.snapshot
      const wider = { rpm: 40, tpm: 9_000, rpd: 9_000, concurrency: 90 }
      assert.strictEqual((yield* limiter.headroom(ask({ limits: wider, priority: "batch" }))).free, 0.975)
      assert.deepStrictEqual(yield* limiter.snapshot, before)
      assert.deepStrictEqual(before.map(({ limits }) => limits), [limits])
    })
  )

  limiter(
    "is the least free of requests, tokens and concurrency",
    Effect.fnUntraced(function*(limiter) {
      yield* limiter.use(ask({ tokens: 100 }), () => Effect.void)
      assert.strictEqual((yield* limiter.headroom(ask())).free, 0.75)
      yield* limiter.use(ask({ tokens: 800 }), () => Effect.void)
      assert.closeTo((yield* limiter.headroom(ask())).free, 0.1, 1e-9)
      const { admitsIn } = yield* limiter.headroom(ask({ tokens: 200 }))
      assert.strictEqual(admitsIn, turn)
      const one = { ...limits, concurrency: 1 }
      yield* limiter.use(ask({ limits: one }), () =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* limiter.headroom(ask({ limits: one })), {
            admitsIn: 1_000,
            waiting: 0,
            free: 0
          })
        }))
    })
  )

  limiter(
    "counts those who wait before: all of them for a batch call, for another the interactive ones",
    Effect.fnUntraced(function*(limiter) {
      for (let i = 0; i < 4; i++) yield* limiter.use(ask(), () => Effect.void)
      const queued = [
        ...Array.from({ length: 5 }, () => ask()),
        ...Array.from({ length: 3 }, () => ask({ priority: "batch" }))
      ]
      for (const admission of queued) yield* start(limiter.use(admission, () => Effect.void))
      // Four go a window.
      const interactive = yield* limiter.headroom(ask())
      const batch = yield* limiter.headroom(ask({ priority: "batch" }))
      assert.deepStrictEqual([interactive.waiting, interactive.admitsIn], [5, 2 * turn])
      assert.deepStrictEqual([batch.waiting, batch.admitsIn], [8, 3 * turn])
      assert.strictEqual(interactive.free, 0)
      const late = yield* start(limiter.use(ask({ priority: "batch" }), () => Clock.currentTimeMillis))
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* Fiber.join(late), batch.admitsIn)
    })
  )

  limiter(
    "is nothing of a lane that is paused or whose day is spent, until that is over",
    Effect.fnUntraced(function*(limiter) {
      yield* limiter.feedback(lane, { _tag: "RateLimited", retryAfter: Duration.seconds(7) })
      assert.deepStrictEqual(yield* limiter.headroom(ask()), { admitsIn: 7_000, waiting: 0, free: 0 })
      yield* limiter.feedback(lane, { _tag: "QuotaExhausted", resetAt: 3_600_000 })
      assert.deepStrictEqual(yield* limiter.headroom(ask()), { admitsIn: 3_600_000, waiting: 0, free: 0 })
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* limiter.headroom(ask()), { admitsIn: 0, waiting: 0, free: 1 })
    })
  )

  limiter(
    "is never for what the limits allow at no time",
    Effect.fnUntraced(function*(limiter) {
      for (const none of [{ rpm: 0 }, { tpm: 0 }, { rpd: 0 }, { concurrency: 0 }]) {
        const headroom = yield* limiter.headroom(ask({ limits: { ...limits, ...none } }))
        assert.deepStrictEqual(headroom, { admitsIn: Infinity, waiting: 0, free: 0 })
      }
    })
  )

  const seeds = { seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 })) }

  it.effect.prop(
    "says to the millisecond when a call goes that nobody is before, whatever went earlier",
    seeds,
    ({ seed }) =>
      Effect.gen(function*() {
        let state = seed
        const below = (limit: number) => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) % limit
        const limiter = yield* RateLimiter.RateLimiter
        const admission = () => ask({ tokens: below(30) === 0 ? 1_500 : below(600), limits: { ...limits, rpd: 40 } })
        for (let step = 0; step < 60; step++) {
          yield* TestClock.adjust(below(25_000))
          if (below(15) === 0) {
            yield* limiter.feedback(lane, { _tag: "RateLimited", retryAfter: Duration.millis(below(90_000)) })
          }
          const mine = admission()
          const now = yield* Clock.currentTimeMillis
          const { admitsIn } = yield* limiter.headroom(mine)
          const fiber = yield* start(limiter.use(mine, () => Clock.currentTimeMillis))
          if (admitsIn > 0) yield* TestClock.adjust(admitsIn - 1)
          assert.strictEqual(fiber.pollUnsafe() === undefined, admitsIn > 0, `step ${step}: ${admitsIn}`)
          yield* TestClock.adjust(1)
          assert.strictEqual((yield* Fiber.join(fiber)) - now, admitsIn)
        }
      }).pipe(Effect.provide(RateLimiter.layer.pipe(Layer.provideMerge(TestClock.layer())))),
    { arbitrary: { runs: 20 }, timeout: 60_000 }
  )
})
