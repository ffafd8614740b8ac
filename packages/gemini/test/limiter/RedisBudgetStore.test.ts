import { assert, describe, it } from "@effect/vitest"
import * as Budget from "effect-gemini/Budget"
import * as BudgetStore from "effect-gemini/limits/BudgetStore"
import * as RedisBudgetStore from "effect-gemini/limits/RedisBudgetStore"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Redis, RedisError } from "effect/persistence/Redis"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as RedisServer from "./RedisServer.ts"

const admission: RateLimiter.Admission = {
  lane: {
    project: "p",
    location: "global",
    quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-pro")),
    family: "generate"
  },
  limits: { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity },
  tokens: 100
}

/** A process of its own over the Redis of the context. */
const process = Effect.fnUntraced(function*(options: Budget.Options, store: RedisBudgetStore.Options = {}) {
  const context = yield* Layer.build(
    Layer.mergeAll(RateLimiter.layer).pipe(
      Layer.provideMerge(Budget.layer(options)),
      Layer.provide(RedisBudgetStore.layer(store))
    )
  )
  const limiter = Context.get(context, RateLimiter.RateLimiter)
  return {
    /** Calls `answered` between the answer and the end of its attempt. */
    call: (input: number, output: number, answered?: () => void) =>
      limiter.use(
        admission,
        (permit) =>
          Effect.sync(() => {
            permit.charge?.({ usageMetadata: { promptTokenCount: input, candidatesTokenCount: output } })
            answered?.()
          })
      ),
    read: Effect.map(Context.get(context, Budget.Budget).read, ([one]) => one)
  }
})

if (!RedisServer.isInstalled) {
  describe("a budget in Redis", () => {
    it.skip(`is shared (${RedisServer.skipReason})`, () => {})
  })
}

describe.runIf(RedisServer.isInstalled)("a budget in Redis", () => {
  it.live("is shared by processes, outlives them, and is exact", () =>
    Effect.gen(function*() {
      const options = { name: "a b", tokens: 2_000, money: "1", per: "total", outputTokens: 0 } as const
      yield* Effect.scoped(Effect.flatMap(process(options), ({ call }) => call(100, 800)))
      const one = yield* process(options)
      const two = yield* process(options)
      yield* one.call(100, 0)
      yield* two.call(900, 0)
      // gemini-2.5-pro: 1.25 and 10 dollars a million.
      const reading = yield* one.read
      assert.deepStrictEqual(
        [reading?.tokens, reading && BigDecimal.format(reading.money), reading?.isPartial, reading?.name],
        [1_900, "0.009375", false, "a b"]
      )
      yield* two.call(100, 0)
      for (const process of [one, two]) {
        assert.strictEqual((yield* Effect.flip(process.call(1, 1))).reason._tag, "QuotaExhausted")
      }
      const keys = yield* Redis.use((redis) => redis.send<ReadonlyArray<string>>("KEYS", "*"))
      assert.deepStrictEqual(keys, ["gemini:budget:a%20b"])
    }).pipe(Effect.provide(RedisServer.layer)))

  it.live("lets no more go at once than fit", () =>
    Effect.gen(function*() {
      const options = { tokens: 1_000, per: "month", outputTokens: 0 } as const
      const processes = yield* Effect.forEach([1, 2, 3, 4], () => process(options))
      const exits = yield* Effect.forEach(
        processes.flatMap(({ call }) => Array.from({ length: 10 }, () => Effect.exit(call(100, 0)))),
        (call) => call,
        { concurrency: "unbounded" }
      )
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 10)
      const [key = ""] = yield* Redis.use((redis) => redis.send<ReadonlyArray<string>>("KEYS", "*"))
      const resetAt = (yield* (processes[0]?.read ?? Effect.undefined))?.resetAt ?? 0
      const expiry = yield* Redis.use((redis) => redis.send<number>("PEXPIRETIME", key))
      assert.strictEqual(expiry, resetAt + 86_400_000)
    }).pipe(Effect.provide(RedisServer.layer)))

  it.live("that Redis does not answer for refuses, or lets go and tells it later", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.start()
      const redis = yield* Layer.build(RedisServer.layerOf(server.url))
      const options = { tokens: 10_000, per: "total", outputTokens: 0 } as const
      const store = { timeout: "100 millis", probeEvery: "20 millis" } as const
      const closed = yield* Effect.provideContext(process(options, store), redis)
      const open = yield* Effect.provideContext(process(options, { ...store, whenDown: "open" }), redis)
      yield* closed.call(100, 0)
      yield* server.freeze
      const { model, reason } = yield* Effect.flip(closed.call(100, 0))
      assert.strictEqual(model, "gemini-2.5-pro")
      assert.deepInclude({ ...reason }, { _tag: "LimiterUnavailable", store: "redis", code: "TIMEOUT" })
      const before = yield* Clock.currentTimeMillis
      yield* open.call(100, 50)
      yield* open.call(100, 50)
      assert.isBelow((yield* Clock.currentTimeMillis) - before, 5_000)
      yield* server.thaw
      const known = yield* closed.read.pipe(Effect.retry({ times: 100, schedule: Schedule.spaced("20 millis") }))
      // A step that Redis got while it was frozen it may have counted.
      assert.isAtLeast(known?.tokens ?? 0, 100)
      const told = yield* open.read.pipe(Effect.retry({ times: 100, schedule: Schedule.spaced("20 millis") }))
      assert.isAtLeast(told?.tokens ?? 0, 400)
    }))

  it.live("is told in one step what all the calls of an outage used", () =>
    Effect.gen(function*() {
      const redis = yield* Redis
      let isDown = true
      let steps = 0
      const away = new RedisError({ cause: "away" })
      const flaky = Redis.of({
        ...redis,
        send: (...args) => Effect.suspend(() => isDown ? Effect.fail(away) : redis.send(...args)),
        eval: (script) => (...args) =>
          Effect.suspend(() => ++steps && isDown ? Effect.fail(away) : redis.eval(script)(...args))
      })
      const options = { tokens: 10_000, per: "total", outputTokens: 0 } as const
      const store = { whenDown: "open", probeEvery: "20 millis" } as const
      const { call, read } = yield* Effect.provideService(process(options, store), Redis, flaky)
      for (let i = 0; i < 20; i++) yield* call(10, 20)
      isDown = false
      steps = 0
      const told = yield* read.pipe(Effect.retry({ times: 100, schedule: Schedule.spaced("20 millis") }))
      assert.strictEqual(told?.tokens, 600)
      assert.strictEqual(steps, 1)
    }).pipe(Effect.provide(RedisServer.layer)))
})

describe.runIf(RedisServer.isInstalled)("a step whose outcome nobody knows", () => {
  /** Redis does what it is asked, and its answer is lost while `isLost`. */
  const forgetful = (redis: Redis["Service"], isLost: () => boolean) =>
    Redis.of({
      ...redis,
      eval: (script) => (...args) =>
        Effect.flatMap(redis.eval(script)(...args), (answer) =>
          isLost() ? Effect.fail(new RedisError({ cause: "lost" })) : Effect.succeed(answer))
    })
  const options = { tokens: 20_000, per: "total", outputTokens: 0 } as const
  const patient = Effect.retry({ times: 200, schedule: Schedule.spaced("20 millis") })

  it.live.each(["closed", "open"] as const)(
    "counts once, and a reservation is given back (%s)",
    (whenDown) =>
      Effect.gen(function*() {
        const redis = yield* Redis
        let isLost = false
        const store = { whenDown, probeEvery: "10 millis" } as const
        const { call, read } = yield* Effect.provideService(
          process(options, store),
          Redis,
          forgetful(redis, () => isLost)
        )
        let charged = 0
        for (let round = 0; round < 40; round++) {
          // The reservation's answer is lost, or that of the end, or none.
          const before = round % 3 === 0
          isLost = before
          const exit = yield* Effect.exit(call(100, round, () => (isLost = round % 3 === 1)))
          if (Exit.isSuccess(exit)) charged += 100 + round
          isLost = false
          const known = yield* patient(read)
          assert.strictEqual(known?.tokens, charged, `round ${round}`)
          assert.strictEqual(known?.reserved.tokens, 0, `round ${round}`)
        }
        assert.isAbove(charged, whenDown === "open" ? 4_000 : 2_500)
      }).pipe(Effect.provide(RedisServer.layer))
  )

  it.live("counts once though it arrives again after its answer was known", () =>
    Effect.gen(function*() {
      const redis = yield* Redis
      const strays: Array<Effect.Effect<unknown, RedisError>> = []
      let isStray = false
      // A connection was lost with the step in its buffers, which reach Redis after the next connection's.
      const flaky = Redis.of({
        ...redis,
        eval: (script) => (...args) =>
          Effect.suspend(() => {
            const step = redis.eval(script)(...args)
            if (!isStray) return step
            strays.push(step)
            return Effect.fail(new RedisError({ cause: "reset" }))
          })
      })
      const { call, read } = yield* Effect.provideService(
        process(options, { probeEvery: "10 millis" }),
        Redis,
        flaky
      )
      for (const isAtEnd of [false, true]) {
        isStray = !isAtEnd
        yield* Effect.exit(call(100, 23, () => (isStray = isAtEnd)))
        isStray = false
        yield* patient(read)
      }
      // These tell Redis what it need not keep.
      yield* call(100, 0)
      yield* call(100, 0)
      for (const stray of strays) yield* stray
      const known = yield* read
      assert.deepStrictEqual([known?.tokens, known?.reserved.tokens], [323, 0])
      assert.strictEqual(strays.length, 2)
    }).pipe(Effect.provide(RedisServer.layer)))

  it.live.each(["closed", "open"] as const)(
    "is told before the process ends, once Redis is back (%s)",
    (whenDown) =>
      Effect.gen(function*() {
        const redis = yield* Redis
        let isDown = false
        const away = new RedisError({ cause: "away" })
        const flaky = Redis.of({
          ...redis,
          send: (...args) => Effect.suspend(() => isDown ? Effect.fail(away) : redis.send(...args)),
          eval: (script) => (...args) => Effect.suspend(() => isDown ? Effect.fail(away) : redis.eval(script)(...args))
        })
        yield* Effect.scoped(Effect.gen(function*() {
          const { call } = yield* Effect.provideService(
            process(options, { whenDown, probeEvery: "1 hour" }),
            Redis,
            flaky
          )
          yield* call(100, 23, () => (isDown = true))
          if (whenDown === "open") yield* call(100, 1)
          isDown = false
        }))
        const known = yield* (yield* process(options)).call(0, 0).pipe(
          Effect.andThen(
            Redis.use((redis) =>
              redis.send<ReadonlyArray<string>>("HMGET", "gemini:budget:default", "tokens", "heldTokens")
            )
          )
        )
        assert.deepStrictEqual(known, [whenDown === "open" ? "224" : "123", "0"])
      }).pipe(Effect.provide(RedisServer.layer))
  )

  it.live("keeps no slot of an attempt whose end it is known to have counted", () =>
    Effect.gen(function*() {
      const { call } = yield* process(options)
      for (let i = 0; i < 20; i++) yield* call(100, 1)
      const fields = yield* Redis.use((redis) => redis.send<ReadonlyArray<string>>("HKEYS", "gemini:budget:default"))
      // The last one's end is said with the next step.
      assert.strictEqual(fields.filter((field) => field.startsWith("s:")).length, 1)
    }).pipe(Effect.provide(RedisServer.layer)))

  it.live("compares sums that no double holds", () =>
    Effect.gen(function*() {
      const store = yield* Effect.provide(BudgetStore.BudgetStore, RedisBudgetStore.layer())
      const limits = { money: 9_007_199_254_740_993_001n }
      const slot = (id: string, money: bigint) => ({ id, amount: { tokens: 0, money } })
      assert.strictEqual(yield* store.reserve("k", slot("a", 9_007_199_254_740_993_000n), limits, Infinity), "reserved")
      assert.strictEqual(yield* store.reserve("k", slot("b", 2n), limits, Infinity), "held")
      assert.strictEqual(yield* store.reserve("k", slot("b", 1n), limits, Infinity), "reserved")
      assert.strictEqual(yield* store.reserve("k", slot("b", 1n), limits, Infinity), "reserved")
      const used = { tokens: 5, isPartial: false, isEstimated: true }
      for (const _ of [1, 2]) {
        yield* store.settle("k", { id: "a", amount: { ...used, money: 9_007_199_254_740_993_000n } }, Infinity)
      }
      assert.strictEqual(yield* store.reserve("k", slot("c", 1n), limits, Infinity), "held")
      assert.strictEqual(yield* store.reserve("k", slot("c", 2n), limits, Infinity), "spent")
      yield* store.atLeast("k", { tokens: 7, money: 3n }, Infinity)
      assert.deepStrictEqual(yield* store.read("k"), {
        tokens: 7,
        money: 9_007_199_254_740_993_001n,
        isPartial: false,
        isEstimated: true,
        held: { tokens: 0, money: 1n }
      })
    }).pipe(Effect.provide(RedisServer.layer)))
})
