/**
 * A Redis that is slow, or loses one reply, and is not gone. It is a real one; between it and the process its replies
 * are held back by the time of the test.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Budget from "effect-gemini/Budget"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import * as RedisBudgetStore from "effect-gemini/limits/RedisBudgetStore"
import * as RedisLaneStore from "effect-gemini/limits/RedisLaneStore"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Redis } from "effect/persistence/Redis"
import * as TestClock from "effect/testing/TestClock"
import { ask, usage } from "./pricedLane.ts"
import * as RedisServer from "./RedisServer.ts"

const timeouts = { timeout: "500 millis", probeEvery: "1 hour" } as const

/** How long replies are held back, and which script's reply never comes, counted from now on; both may change. */
interface Way {
  late: number
  loses: number
  /** How many replies of scripts have come. */
  replies?: number
}

/** The Redis of the context behind this way. */
const behind = (way: Way) =>
  Effect.map(Redis, (redis) => {
    const held = <A, E>(reply: Effect.Effect<A, E>, isLost: () => boolean) =>
      Effect.flatMap(reply, (answer) =>
        isLost()
          ? Effect.never
          : way.late === 0
          ? Effect.succeed(answer)
          : Effect.as(Effect.sleep(way.late), answer))
    return Redis.of({
      ...redis,
      send: (command, ...args) => held(redis.send(command, ...args), () => false),
      eval: (script) => (...args) =>
        held(redis.eval(script)(...args), () => {
          way.replies = (way.replies ?? 0) + 1
          return way.loses-- === 1
        })
    })
  })

/** Lets the time of the test pass until the effect ends, and real Redis answer in between. */
const pumped = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const redis = yield* Redis
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    for (let step = 0; fiber.pollUnsafe() === undefined && step < 1_000; step++) {
      // A step may load its script first, and what waits for it goes on then.
      for (let turn = 0; turn < 3; turn++) {
        yield* Effect.orDie(redis.send("PING"))
        yield* Effect.yieldNow
      }
      yield* TestClock.adjust("50 millis")
    }
    return yield* Fiber.join(fiber)
  })

/** Waits until so many scripts were answered. */
const repliesOf = (way: Way, count: number): Effect.Effect<void> =>
  Effect.suspend(() =>
    (way.replies ?? 0) >= count ? Effect.void : Effect.andThen(Effect.sleep(1), repliesOf(way, count))
  )

const budgeted = (way: Way, whenDown: "closed" | "open") =>
  Effect.gen(function*() {
    const context = yield* Layer.build(
      RateLimiter.layer.pipe(
        Layer.provideMerge(Budget.layer({ tokens: 20_000, per: "total", outputTokens: 1_000 })),
        Layer.provide(RedisBudgetStore.layer({ ...timeouts, whenDown })),
        Layer.provide(Layer.effect(Redis, behind(way)))
      )
    )
    const limiter = Context.get(context, RateLimiter.RateLimiter)
    const call = limiter.use(ask(), (permit) => Effect.sync(() => permit.charge?.(usage(10, 90))))
    return { call, read: Effect.map(Context.get(context, Budget.Budget).read, ([one]) => one) }
  })

const limited = (way: Way) =>
  Effect.gen(function*() {
    const context = yield* Layer.build(
      RedisLaneStore.layer(timeouts).pipe(
        Layer.provide(Layer.effect(Redis, behind(way)))
      )
    )
    const limiter = yield* RateLimiter.make().pipe(
      Effect.provideService(LaneStore.LaneStore, Context.get(context, LaneStore.LaneStore))
    )
    return limiter.use(
      ask({ limits: { rpm: 1_000, tpm: Infinity, rpd: Infinity, concurrency: 1_000 } }),
      () => Effect.void
    )
  })

const four = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.forEach([1, 2, 3, 4], () => Effect.result(call), { concurrency: 4 })

const reasons = (results: ReadonlyArray<{ readonly _tag: string }>) => results.map(({ _tag }) => _tag)
const answered = ["Success", "Success", "Success", "Success"]

if (!RedisServer.isInstalled) {
  describe("a Redis that is slow", () => {
    it.skip(`refuses no call (${RedisServer.skipReason})`, () => {})
  })
}

describe.runIf(RedisServer.isInstalled)("a Redis whose replies take longer than their time", () => {
  it.effect.each(["closed", "open"] as const)(
    "counts every call in its budget, once, and refuses none (%s)",
    (down) =>
      Effect.gen(function*() {
        const way: Way = { late: 0, loses: 0 }
        const { call, read } = yield* budgeted(way, down)
        yield* pumped(call)
        for (let round = 1; round <= 3; round++) {
          way.late = 750
          assert.deepStrictEqual(reasons(yield* pumped(four(call))), answered)
          way.late = 0
          const known = yield* pumped(read)
          assert.deepStrictEqual([known?.tokens, known?.reserved.tokens], [100 + round * 400, 0])
        }
      }).pipe(Effect.provide(RedisServer.layer)),
    { timeout: 60_000 }
  )

  it.effect("gives every call its permit", () =>
    Effect.gen(function*() {
      const way: Way = { late: 0, loses: 0 }
      const call = yield* limited(way)
      yield* pumped(call)
      way.late = 750
      assert.deepStrictEqual(reasons(yield* pumped(four(call))), answered)
      // The end of a call goes to Redis behind it, and is told before the store goes.
      way.late = 0
      yield* pumped(call)
    }).pipe(Effect.scoped, Effect.provide(RedisServer.layer)), { timeout: 60_000 })
})

describe.runIf(RedisServer.isInstalled)("a Redis that loses one reply", () => {
  it.effect.each(["closed", "open"] as const)(
    "is asked again by its budget, which counts once (%s)",
    (down) =>
      Effect.gen(function*() {
        const way: Way = { late: 0, loses: 0 }
        const { call, read } = yield* budgeted(way, down)
        yield* pumped(call)
        // The reply to the reservation, and then that to the end.
        for (const loses of [1, 2]) {
          way.loses = loses
          yield* pumped(call)
          const known = yield* pumped(read)
          assert.deepStrictEqual([known?.tokens, known?.reserved.tokens], [100 + loses * 100, 0])
        }
      }).pipe(Effect.provide(RedisServer.layer)),
    { timeout: 60_000 }
  )

  it.effect("refuses the call that waited for it, and nobody else", () =>
    Effect.gen(function*() {
      const way: Way = { late: 0, loses: 0 }
      const call = yield* limited(way)
      yield* pumped(call)
      // Three scripts: the greeting, the start of that call, and its end, which goes to Redis behind it and must not be
      // the one whose reply is lost.
      yield* pumped(repliesOf(way, 3))
      way.loses = 1
      const { reason } = yield* pumped(Effect.flip(call))
      assert.deepInclude({ ...reason }, { _tag: "LimiterUnavailable", store: "redis", code: "TIMEOUT" })
      assert.deepStrictEqual(reasons(yield* pumped(four(call))), answered)
    }).pipe(Effect.scoped, Effect.provide(RedisServer.layer)), { timeout: 60_000 })
})
