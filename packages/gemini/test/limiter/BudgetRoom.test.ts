/**
 * Calls that would rather wait (`whenExhausted: "wait"`) go on as soon as what is in their way, which is only reserved,
 * is given back. The oracle is what the server charged.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Budget from "effect-gemini/Budget"
import * as BudgetStore from "effect-gemini/limits/BudgetStore"
import * as RedisBudgetStore from "effect-gemini/limits/RedisBudgetStore"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as TestClock from "effect/testing/TestClock"
import * as BudgetStores from "../../src/internal/budget/store.ts"
import * as RedisServer from "./RedisServer.ts"

const limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const ask = (more: Partial<RateLimiter.Admission> = {}): RateLimiter.Admission => ({
  lane: {
    project: "p",
    location: "global",
    quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-pro")),
    family: "generate"
  },
  limits,
  tokens: 10,
  whenExhausted: "wait",
  ...more
})
const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** A server that answers after a second with 90 tokens, and its own count. */
const server = () => {
  let charged = 0
  let most = 0
  let running = 0
  const call = (admission = ask()) =>
    RateLimiter.RateLimiter.use((limiter) =>
      limiter.use(admission, (permit) =>
        Effect.gen(function*() {
          most = Math.max(most, ++running)
          yield* Effect.sleep("1 second")
          running--
          charged += 100
          permit.charge?.({ usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 90, totalTokenCount: 100 } })
        }))
    )
  return { call, charged: () => charged, most: () => most }
}
const isOver = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.pollUnsafe() !== undefined

describe("a call that waits for room in a budget", () => {
  const layer = RateLimiter.layer.pipe(
    Layer.provideMerge(Budget.layer({ tokens: 20_000, per: "day", outputTokens: 990 }))
  )

  it.effect("waits while only reservations are in its way: all that the budget pays for are answered", () =>
    Effect.gen(function*() {
      const { call, charged, most } = server()
      const fibers = yield* Effect.forEach(Array.from({ length: 150 }), () => start(Effect.exit(call())))
      let seconds = 0
      while (!fibers.every(isOver) && seconds++ < 60) yield* TestClock.adjust("1 second")
      const exits = yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 150)
      assert.strictEqual(charged(), 15_000)
      const [reading] = yield* (yield* Budget.Budget).read
      assert.deepStrictEqual([reading?.tokens, reading?.reserved.tokens], [15_000, 0])
      // Twenty reservations fit in the beginning, five in the end: nobody waits for a second where there is room.
      assert.strictEqual(most(), 20)
      assert.isAtMost(seconds, 14)
    }).pipe(Effect.provide(layer)))

  it.effect("is refused as spent when it is, or waits for the next day then", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2026-07-01T08:00:00Z"))
      const { call, charged } = server()
      const fibers = yield* Effect.forEach(Array.from({ length: 220 }), () => start(Effect.exit(call())))
      yield* TestClock.adjust("5 minutes")
      // 19,000 and a reservation of 1,000 fit; at 19,100 the day is over.
      assert.strictEqual(charged(), 19_100)
      assert.strictEqual(fibers.filter((fiber) => !isOver(fiber)).length, 29)
      yield* TestClock.adjust("24 hours")
      const exits = yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 220)
      assert.strictEqual(charged(), 22_000)
    }).pipe(Effect.provide(layer)))

  it.effect("is told at once where it is larger than the whole budget, because no day has room for it", () =>
    Effect.gen(function*() {
      const call = yield* start(Effect.flip(server().call(ask({ tokens: 19_011 }))))
      assert.isTrue(isOver(call))
      const { message, reason, retryAfter } = yield* Fiber.join(call)
      assert.deepInclude({ ...reason }, { _tag: "QuotaExhausted", budget: "default" })
      assert.isFalse("resetAt" in reason)
      assert.include(message, "larger than the whole budget default")
      assert.isUndefined(retryAfter)
      // One that just fits goes.
      const largest = yield* start(server().call(ask({ tokens: 19_010 })))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(largest)
    }).pipe(Effect.provide(layer)))

  it.effect("waits no longer than `maxWait`, holds no permit, and leaves nothing behind when it is interrupted", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const holding = yield* Effect.forEach(
        Array.from({ length: 20 }),
        () => start(limiter.use(ask(), () => Effect.never))
      )
      const before = yield* Clock.currentTimeMillis
      const impatient = yield* start(Effect.flip(server().call(ask({ maxWait: "2500 millis" }))))
      const patient = yield* start(server().call())
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* limiter.snapshot)[0]?.used.inFlight, 20)
      assert.isFalse(isOver(impatient))
      yield* TestClock.adjust("1 second")
      assert.isTrue(isOver(impatient))
      const { message, reason } = yield* Fiber.join(impatient)
      assert.deepInclude({ ...reason }, { _tag: "QuotaExhausted", budget: "default" })
      assert.include(message, "has no room beside what calls in flight reserved of it")
      assert.isAtMost((yield* Clock.currentTimeMillis) - before, 3_000)
      yield* Fiber.interrupt(patient)
      yield* Effect.forEach(holding, Fiber.interrupt)
      // What was interrupted in flight stays charged: 20 reservations are all there is.
      const [reading] = yield* (yield* Budget.Budget).read
      assert.deepStrictEqual([reading?.tokens, reading?.reserved.tokens], [20_000, 0])
    }).pipe(Effect.provide(layer)))

  it.effect("goes on with thousands of others when much is given back at once", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const used = (permit: RateLimiter.Permit) =>
        Effect.delay(
          Effect.sync(() => permit.charge?.({ usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 } })),
          "1 second"
        )
      const small = (tokens: number) => ask({ tokens, lane: { ...ask().lane, family: "embed" } })
      const large = yield* start(limiter.use(small(20_000), used))
      const fibers = yield* Effect.forEach(
        Array.from({ length: 5_000 }),
        () => start(Effect.exit(limiter.use(small(1), used)))
      )
      yield* TestClock.adjust("990 millis")
      assert.strictEqual(fibers.filter(isOver).length, 0)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(large)
      assert.strictEqual(fibers.filter(isOver).length, 5_000)
      const [reading] = yield* (yield* Budget.Budget).read
      assert.deepStrictEqual([reading?.tokens, reading?.reserved.tokens], [5_001, 0])
    }).pipe(Effect.provide(layer)))

  it.effect("is refused at once where it did not ask to wait", () =>
    Effect.gen(function*() {
      const { call } = server()
      const fibers = yield* Effect.forEach(
        Array.from({ length: 25 }),
        () => start(Effect.exit(call(ask({ whenExhausted: "fail" }))))
      )
      assert.strictEqual(fibers.filter(isOver).length, 5)
    }).pipe(Effect.provide(layer)))

  it.effect("lets each of nested budgets give back its room", () =>
    Effect.gen(function*() {
      const { call, charged } = server()
      const fibers = yield* Effect.forEach([1, 2], (run) =>
        Effect.forEach(Array.from({ length: 10 }), () =>
          start(call())).pipe(Budget.within({ name: `run-${run}`, tokens: 3_000, outputTokens: 990 })))
      yield* TestClock.adjust("30 seconds")
      yield* Effect.forEach(fibers.flat(), Fiber.join)
      assert.strictEqual(charged(), 2_000)
    }).pipe(Effect.provide(RateLimiter.layer), Budget.within({ name: "team", tokens: 5_000, outputTokens: 990 })))
})

describe("a caller that leaves while a store is asked for room", () => {
  const slow = Layer.sync(BudgetStore.BudgetStore, () => {
    const store = BudgetStores.memory()
    return { ...store, reserve: (...args) => Effect.delay(store.reserve(...args), "1 second") }
  })

  it.effect("sent nothing: its lane and its budget have all of it back", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const { call, charged } = server()
      const leaving = yield* start(call())
      yield* TestClock.adjust("500 millis")
      const left = yield* start(Fiber.interrupt(leaving))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(left)
      assert.strictEqual(charged(), 0)
      const [reading] = yield* (yield* Budget.Budget).read
      assert.deepStrictEqual([reading?.tokens, reading?.reserved.tokens], [0, 0])
      assert.deepInclude((yield* limiter.snapshot)[0]?.used, { requests: 0, tokens: 0, today: 0, inFlight: 0 })
    }).pipe(
      Effect.provide(
        RateLimiter.layer.pipe(
          Layer.provideMerge(Budget.layer({ tokens: 20_000, per: "day", outputTokens: 990 })),
          Layer.provide(slow)
        )
      )
    ))
})

describe.runIf(RedisServer.isInstalled)("a call that waits for room in a budget in Redis", () => {
  it.live("goes on after other processes gave theirs back", () =>
    Effect.gen(function*() {
      const process = Effect.map(
        Layer.build(
          RateLimiter.layer.pipe(
            Layer.provideMerge(Budget.layer({ tokens: 1_500, per: "total", outputTokens: 990 })),
            Layer.provide(RedisBudgetStore.layer())
          )
        ),
        (context) => Effect.provide(server().call(), context)
      )
      const [one, two] = [yield* process, yield* process]
      yield* Effect.all([one, two, two], { concurrency: 3 })
    }).pipe(Effect.provide(RedisServer.layer)))
})
