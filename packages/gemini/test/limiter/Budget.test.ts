import { assert, describe, it } from "@effect/vitest"
import * as Budget from "effect-gemini/Budget"
import type * as Cost from "effect-gemini/Cost"
import type { GeminiErrorReason } from "effect-gemini/errors/GeminiErrorReason"
import { Network, Overloaded, TimedOut } from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { ask, lane, limits, start, usage } from "./pricedLane.ts"

const id = (name: string) => Result.getOrThrow(ModelId.parse(name))
/** A dollar for a million tokens in, four for a million out. */
const prices: Cost.Prices = {
  asOf: "2026-11-01",
  source: "test",
  models: { priced: [{ input: { any: "1" }, output: { any: "4" }, grounding: { unit: "query", price: "0.5" } }] }
}
/** A call that the server answers with so many tokens. */
const call = (limiter: RateLimiter.Service, charged: RateLimiter.Charged | undefined, admission = ask()) =>
  limiter.use(admission, (permit) => Effect.sync(() => charged !== undefined && permit.charge?.(charged)))
const read = Effect.flatMap(Budget.Budget, (budget) => budget.read)
const spent = Effect.map(read, ([one]) => ({
  tokens: one?.tokens,
  money: one && BigDecimal.format(one.money),
  isPartial: one?.isPartial
}))

const withBudget = (
  name: string,
  options: Budget.Options | ReadonlyArray<Budget.Options>,
  body: (it: RateLimiter.Service) => Effect.Effect<void, unknown, Scope.Scope | Budget.Budget>
) =>
  it.effect(name, () =>
    RateLimiter.RateLimiter.use(body).pipe(
      Effect.provide(RateLimiter.layer.pipe(Layer.provideMerge(Budget.layer(options))))
    ))

const money = { money: "0.01", per: "total", prices, outputTokens: 0 } as const

describe("a budget", () => {
  withBudget(
    "of tokens counts all that the server counted, and refuses before anything is sent",
    { name: "small", tokens: 1_000, per: "total", outputTokens: 50 },
    Effect.fnUntraced(function*(limiter) {
      yield* call(limiter, usage(120, 700))
      assert.strictEqual((yield* spent).tokens, 820)
      let sent = false
      const error = yield* Effect.flip(
        limiter.use(ask({ method: "generateContent", tokens: 131 }), () =>
          Effect.sync(() => {
            sent = true
          }))
      )
      assert.isFalse(sent)
      assert.deepInclude({ ...error.reason }, { _tag: "QuotaExhausted", budget: "small", violations: [] })
      assert.strictEqual(error.message, "generateContent (priced) QuotaExhausted: the budget small is spent.")
      assert.deepStrictEqual([error.method, error.model, error.attempts.length], ["generateContent", "priced", 0])
      // To the last token, with the 50 that its answer reserves.
      yield* call(limiter, usage(130, 50), ask({ tokens: 130 }))
      assert.strictEqual((yield* spent).tokens, 1_000)
      assert.strictEqual((yield* limiter.snapshot)[0]?.used.requests, 2)
      assert.strictEqual(
        (yield* Effect.flip(call(limiter, undefined, ask({ tokens: 1 })))).reason._tag,
        "QuotaExhausted"
      )
    })
  )

  withBudget(
    "of money is exact, in decimals",
    money,
    Effect.fnUntraced(function*(limiter) {
      for (let i = 0; i < 3; i++) yield* call(limiter, usage(100, 200))
      assert.deepStrictEqual(yield* spent, { tokens: 900, money: "0.0027", isPartial: false })
      yield* call(limiter, usage(3_300, 1_000))
      assert.strictEqual((yield* spent).money, "0.01")
      assert.strictEqual((yield* Effect.flip(call(limiter, undefined))).reason._tag, "QuotaExhausted")
    })
  )

  withBudget(
    "is shared by calls in flight: each reserves its estimate, and gives back what it did not use",
    { tokens: 1_000, per: "total", outputTokens: 200 },
    Effect.fnUntraced(function*(limiter) {
      const running = yield* Effect.forEach([1, 2, 3], () =>
        start(limiter.use(ask(), (permit) =>
          Effect.delay(
            Effect.sync(() => permit.charge?.(usage(100, 10))),
            "1 second"
          ))))
      assert.strictEqual((yield* spent).tokens, 900)
      assert.strictEqual((yield* Effect.flip(call(limiter, undefined))).reason._tag, "QuotaExhausted")
      yield* TestClock.adjust("1 second")
      yield* Effect.forEach(running, Fiber.join)
      assert.strictEqual((yield* spent).tokens, 330)
      yield* call(limiter, usage(100, 10))
    })
  )

  withBudget(
    "is overshot by what the calls in flight used more than they reserved, and by no later one",
    { tokens: 1_000, per: "total", outputTokens: 50 },
    Effect.fnUntraced(function*(limiter) {
      const long = limiter.use(
        ask(),
        (permit) => Effect.delay(Effect.sync(() => permit.charge?.(usage(100, 400))), "1 second")
      )
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => start(Effect.exit(long)))
      yield* TestClock.adjust("1 second")
      const exits = yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 6)
      assert.strictEqual((yield* spent).tokens, 6 * 500)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(long)))
    })
  )

  withBudget(
    "charges what ended without a count: nothing if the server refused or nothing was sent, else what it reserved",
    { tokens: 10_000, per: "total", outputTokens: 500 },
    Effect.fnUntraced(function*(limiter) {
      const failing = (status: number | undefined, code = "ECONNRESET") =>
        limiter.use(ask(), () =>
          Effect.fail(
            new GeminiError({
              method: "generateContent",
              attempts: [],
              reason: status === undefined ? new Network({ code }) : new Overloaded({}),
              ...(status === undefined ? {} : { status })
            })
          ))
      yield* Effect.exit(failing(503))
      yield* Effect.exit(failing(undefined, "ECONNREFUSED"))
      yield* limiter.use(ask(), (permit) => permit.cancel)
      yield* limiter.use(ask({ lane: { ...lane, family: "count" } }), () => Effect.void)
      assert.strictEqual((yield* spent).tokens, 0)
      assert.isFalse((yield* read)[0]?.isEstimated)
      yield* Effect.exit(failing(undefined))
      assert.strictEqual((yield* spent).tokens, 600)
      assert.isTrue((yield* read)[0]?.isEstimated)
      yield* Fiber.interrupt(yield* start(limiter.use(ask(), () => Effect.never)))
      assert.strictEqual((yield* spent).tokens, 1_200)
      yield* call(limiter, undefined)
      assert.strictEqual((yield* spent).tokens, 1_800)
      // A 200 whose body cannot be read was answered all the same.
      yield* Effect.exit(failing(200))
      assert.strictEqual((yield* spent).tokens, 2_400)
      const one = ask({ limits: { ...limits, concurrency: 1 } })
      const holder = yield* start(limiter.use(one, () => Effect.never))
      const waiting = yield* start(limiter.use(one, () => Effect.void))
      // Who waits for its lane holds nothing.
      assert.strictEqual((yield* spent).tokens, 3_000)
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(holder)
      assert.strictEqual((yield* spent).tokens, 3_000)
    })
  )

  withBudget(
    "charges nothing for an attempt that found no way to the server",
    { tokens: 10_000, per: "total", outputTokens: 500 },
    Effect.fnUntraced(function*(limiter) {
      const failing = (reason: GeminiErrorReason) =>
        Effect.exit(
          limiter.use(ask(), () => Effect.fail(new GeminiError({ method: "generateContent", attempts: [], reason })))
        )
      const codes = [
        "ECONNREFUSED",
        "ENOTFOUND",
        "EAI_AGAIN",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "UND_ERR_CONNECT_TIMEOUT",
        "CERT_HAS_EXPIRED",
        "SELF_SIGNED_CERT_IN_CHAIN",
        "ERR_TLS_CERT_ALTNAME_INVALID"
      ]
      for (const code of codes) yield* failing(new Network({ code }))
      yield* failing(new TimedOut({ phase: "connect" }))
      assert.strictEqual((yield* spent).tokens, 0)
      yield* failing(new Network({ code: "ECONNRESET" }))
      yield* failing(new Network({}))
      yield* failing(new TimedOut({ phase: "firstByte" }))
      assert.strictEqual((yield* spent).tokens, 1_800)
    })
  )

  withBudget(
    "follows a stream's chunks: the last count, and what was searched for in any of them",
    { ...money, money: "5" },
    Effect.fnUntraced(function*(limiter) {
      yield* Effect.scoped(Effect.gen(function*() {
        const permit = yield* limiter.acquire(ask())
        permit.charge?.(usage(100, 10))
        permit.charge?.({
          candidates: [{ groundingMetadata: { webSearchQueries: ["a", "b"] } }],
          ...usage(100, 20)
        })
        permit.charge?.({ candidates: [{ finishReason: "STOP" }], ...usage(100, 30), modelVersion: "priced" })
        assert.strictEqual((yield* spent).money, "0.0001")
      }))
      assert.deepStrictEqual(yield* spent, { tokens: 130, money: "1.00022", isPartial: false })
    })
  )

  withBudget(
    "counts what has no price as partial, if told so",
    { ...money, unpriced: "count" },
    Effect.fnUntraced(function*(limiter) {
      yield* call(limiter, usage(100, 100), ask({ lane: { ...lane, quotaModel: id("unknown") } }))
      assert.deepStrictEqual(yield* spent, { tokens: 200, money: "0", isPartial: true })
    })
  )

  withBudget(
    "refuses what has no price, and says what to do",
    money,
    Effect.fnUntraced(function*(limiter) {
      const unpriced = ask({ lane: { ...lane, quotaModel: id("unknown") } })
      const { message, reason } = yield* Effect.flip(call(limiter, undefined, unpriced))
      assert.deepInclude({ ...reason }, { _tag: "Unpriced", model: "unknown", budget: "default" })
      assert.include(
        message,
        "the budget default is of money, and no price is known for unknown: name one in the budget's prices, " +
          "or let it go uncounted with unpriced: \"count\""
      )
      for (const name of ["constructor", "toString"]) {
        const odd = ask({ lane: { ...lane, quotaModel: id(name) } })
        assert.strictEqual((yield* Effect.flip(call(limiter, undefined, odd))).reason._tag, "Unpriced")
      }
      yield* call(limiter, usage(1, 1))
    })
  )

  withBudget(
    "is kept for each of what `by` says",
    { tokens: 150, per: "total", outputTokens: 0, by: ({ lane }) => lane.project },
    Effect.fnUntraced(function*(limiter) {
      const of = (project: string) => call(limiter, usage(100, 0), ask({ lane: { ...lane, project } }))
      yield* of("a")
      yield* of("b/c")
      assert.strictEqual((yield* Effect.flip(of("a"))).reason._tag, "QuotaExhausted")
      assert.deepStrictEqual((yield* read).map(({ by, tokens }) => [by, tokens]), [["a", 100], ["b/c", 100]])
    })
  )

  withBudget(
    "that fits is given back where another one refuses",
    [{ name: "money", ...money }, { name: "tokens", tokens: 150, per: "total", outputTokens: 0 }],
    Effect.fnUntraced(function*(limiter) {
      yield* call(limiter, usage(100, 0))
      const { reason } = yield* Effect.flip(call(limiter, undefined))
      assert.strictEqual(reason._tag === "QuotaExhausted" && reason.budget, "tokens")
      assert.deepStrictEqual((yield* read).map(({ name, tokens }) => [name, tokens]), [["money", 100], ["tokens", 100]])
    })
  )

  withBudget(
    "hears what answers are charged, each of several",
    [
      { name: "first", tokens: 1_000, per: "total", outputTokens: 0 },
      { name: "second", tokens: 1_000, per: "total", outputTokens: 0 }
    ],
    Effect.fnUntraced(function*(limiter) {
      yield* call(limiter, usage(90, 210))
      assert.deepStrictEqual((yield* read).map(({ name, tokens }) => [name, tokens]), [["first", 300], ["second", 300]])
    })
  )

  withBudget(
    "keeps what it counted when another one begins a longer period",
    [
      { name: "day", tokens: 150, per: "day", outputTokens: 0 },
      { name: "month", tokens: 1_000, per: "month", outputTokens: 0, by: ({ lane }) => lane.project },
      { name: "total", tokens: 1_000, per: "total", outputTokens: 0, by: ({ lane }) => lane.project }
    ],
    Effect.fnUntraced(function*(limiter) {
      yield* call(limiter, usage(100, 0))
      const error = yield* Effect.flip(call(limiter, usage(100, 0), ask({ lane: { ...lane, project: "other" } })))
      assert.strictEqual(error.reason._tag === "QuotaExhausted" && error.reason.budget, "day")
      assert.deepStrictEqual((yield* read).map(({ tokens }) => tokens), [100, 100, 100])
    })
  )

  withBudget(
    "without a name is not another one without a name",
    [{ tokens: 150, per: "day", outputTokens: 0 }, { tokens: 1_000, per: "month", outputTokens: 0 }],
    Effect.fnUntraced(function*(limiter) {
      // The last day of a month ends with the month.
      yield* TestClock.setTime(Date.parse("2026-11-30T20:00:00Z"))
      yield* call(limiter, usage(100, 0))
      assert.deepStrictEqual((yield* read).map(({ tokens }) => tokens), [100, 100])
    })
  )

  withBudget(
    "gets back what a call reserved that was interrupted, wherever its fiber yields",
    { tokens: 100_000, per: "total", outputTokens: 7 },
    Effect.fnUntraced(function*(limiter) {
      for (let place = 0; place < 60; place++) {
        let left = place
        const scheduler = new Scheduler.MixedScheduler()
        scheduler.shouldYield = () => left-- === 0
        for (const wait of [limiter.use(ask(), () => Effect.never), Effect.scoped(limiter.acquire(ask()))]) {
          left = place
          const fiber = yield* start(Effect.provideService(wait, Scheduler.Scheduler, scheduler))
          yield* Fiber.interrupt(fiber)
        }
      }
      // What had its permit may have been sent: what it reserved stays counted.
      assert.strictEqual(((yield* spent).tokens ?? 0) % 107, 0)
      assert.strictEqual((yield* read)[0]?.reserved.tokens, 0)
    })
  )

  withBudget(
    "of the name and the period of another one fails every call",
    [{ tokens: 150, per: "day" }, { money: "1", per: "day" }],
    Effect.fnUntraced(function*(limiter) {
      const error = yield* Effect.flip(call(limiter, undefined))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.include(error.message, "budget.name: another budget per day is called \"default\", too: name them apart")
    })
  )

  it.effect("of a limit that is not an amount fails every call, not the building", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<Partial<Budget.Options>> = [{ money: "five" }, { money: "-1" }, { tokens: NaN }]
      for (const options of wrong) {
        const limiter = yield* Effect.provide(
          RateLimiter.make(),
          Layer.mergeAll(LaneStore.layerMemory, Budget.layer({ per: "day", ...options }))
        )
        const { reason } = yield* Effect.flip(call(limiter, undefined))
        assert.strictEqual(reason._tag, "InvalidRequest")
      }
    }))
})

describe("a budget's period", () => {
  const full = Effect.fnUntraced(function*(limiter: RateLimiter.Service, from: string) {
    yield* TestClock.setTime(Date.parse(from))
    yield* call(limiter, usage(100, 0))
    const { reason, retryAfter } = yield* Effect.flip(call(limiter, undefined))
    assert.isDefined(retryAfter)
    const resetAt = reason._tag === "QuotaExhausted" ? reason.resetAt : undefined
    return resetAt === undefined ? undefined : new Date(resetAt).toISOString()
  })
  const tokens = { tokens: 100, outputTokens: 0 } as const

  withBudget(
    "of a day turns at midnight in Los Angeles, and who asked to wait is let go then",
    { ...tokens, per: "day" },
    Effect.fnUntraced(function*(limiter) {
      // The day of 25 hours.
      assert.strictEqual(yield* full(limiter, "2026-11-01T07:30:00Z"), "2026-11-02T08:00:00.000Z")
      const waiting = yield* start(
        limiter.use(ask({ whenExhausted: "wait" }), () => Clock.currentTimeMillis)
      )
      const impatient = yield* Effect.exit(call(limiter, undefined, ask({ whenExhausted: "wait", maxWait: "1 hour" })))
      assert.isTrue(Exit.isFailure(impatient))
      yield* TestClock.adjust("25 hours")
      assert.strictEqual(new Date(yield* Fiber.join(waiting)).toISOString(), "2026-11-02T08:00:00.000Z")
    })
  )

  withBudget(
    "of a month turns with the month in Los Angeles",
    { ...tokens, per: "month" },
    Effect.fnUntraced(function*(limiter) {
      assert.strictEqual(yield* full(limiter, "2026-10-31T23:00:00Z"), "2026-11-01T07:00:00.000Z")
      assert.strictEqual(yield* full(limiter, "2026-11-01T07:00:00Z"), "2026-12-01T08:00:00.000Z")
      // December by UTC, November there.
      yield* TestClock.setTime(Date.parse("2026-12-01T07:59:59Z"))
      assert.strictEqual((yield* Effect.flip(call(limiter, undefined))).reason._tag, "QuotaExhausted")
      assert.strictEqual(yield* full(limiter, "2026-12-31T20:00:00Z"), "2027-01-01T08:00:00.000Z")
      assert.strictEqual(yield* full(limiter, "2027-02-01T03:00:00Z"), "2027-02-01T08:00:00.000Z")
    })
  )

  withBudget(
    "of a day is the one of the clock again that was ahead and is set back",
    { ...tokens, per: "day" },
    Effect.fnUntraced(function*(limiter) {
      assert.strictEqual(yield* full(limiter, "2030-01-01T20:00:00Z"), "2030-01-02T08:00:00.000Z")
      assert.strictEqual(yield* full(limiter, "2026-11-28T21:00:00Z"), "2026-11-29T08:00:00.000Z")
      assert.strictEqual(yield* full(limiter, "2026-11-29T21:00:00Z"), "2026-11-30T08:00:00.000Z")
    })
  )

  withBudget(
    "that ended is charged with what was reserved in it",
    { ...tokens, per: "day" },
    Effect.fnUntraced(function*(limiter) {
      yield* TestClock.setTime(Date.parse("2026-07-01T06:59:00Z"))
      const late = yield* start(
        limiter.use(ask(), (permit) => Effect.delay(Effect.sync(() => permit.charge?.(usage(90, 0))), "2 minutes"))
      )
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(late)
      yield* call(limiter, usage(100, 0))
      assert.strictEqual((yield* spent).tokens, 100)
    })
  )
})

describe("a budget against a naive model", () => {
  const seeds = { seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 })) }

  it.effect.prop(
    "admits the same calls and counts the same, whatever is asked, charged and interrupted",
    seeds,
    ({ seed }) =>
      Effect.gen(function*() {
        let state = seed
        const below = (limit: number) => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) % limit
        const limiter = yield* RateLimiter.RateLimiter
        /** Every call that ever went: its day, what it holds or used. */
        const calls: Array<{ day: number; tokens: number; nanos: number }> = []
        let day = 0
        let inFlight: Array<{ readonly fiber: Fiber.Fiber<unknown, unknown>; readonly index: number }> = []
        const [tokenLimit, nanoLimit, output] = [20_000, 40_000_000, 300]
        const sum = (f: (one: { day: number; tokens: number; nanos: number }) => number) =>
          calls.filter((one) => one.day === day).reduce((sum, one) => sum + f(one), 0)
        yield* TestClock.setTime(Date.parse("2026-07-01T08:00:00Z"))
        for (let step = 0; step < 120; step++) {
          const kind = below(10)
          if (kind === 0 && below(4) === 0) {
            yield* TestClock.adjust("24 hours")
            inFlight = []
            day++
          } else if (kind <= 6) {
            const [input, used] = [below(900), [below(900), below(2_000)] as const]
            const fits = sum(({ tokens }) => tokens) + input + output <= tokenLimit &&
              sum(({ nanos }) => nanos) + input * 1_000 + output * 4_000 <= nanoLimit
            const ending = below(4)
            const index = calls.length
            const fiber = yield* start(limiter.use(ask({ tokens: input }), (permit) =>
              Effect.suspend(() => {
                if (ending !== 0) permit.charge?.(usage(...used))
                const [tokens, nanos] = ending !== 0
                  ? [used[0] + used[1], used[0] * 1_000 + used[1] * 4_000]
                  : [input + output, input * 1_000 + output * 4_000]
                const settled = { day, tokens, nanos }
                // What was cut while it ran may become longer than what was seen of it.
                const cut = {
                  day,
                  tokens: Math.max(tokens, input + output),
                  nanos: Math.max(nanos, input * 1_000 + output * 4_000)
                }
                return Effect.onExit(
                  ending === 1 ? Effect.sleep(`${1 + below(3)} minutes`) : Effect.void,
                  (exit) => Effect.sync(() => void (calls[index] = Exit.isSuccess(exit) ? settled : cut))
                )
              })))
            const exit = fiber.pollUnsafe()
            assert.strictEqual(exit !== undefined && Exit.isFailure(exit), !fits, `step ${step}`)
            if (exit === undefined) {
              calls[index] = { day, tokens: input + output, nanos: input * 1_000 + output * 4_000 }
              inFlight.push({ fiber, index })
            }
          } else if (kind === 7 && inFlight.length > 0) {
            const one = inFlight.splice(below(inFlight.length), 1)[0]
            if (one !== undefined) yield* Fiber.interrupt(one.fiber)
          } else if (kind === 8) {
            yield* TestClock.adjust(`${below(120)} seconds`)
          }
          const [reading] = yield* (yield* Budget.Budget).read
          assert.strictEqual(reading?.tokens ?? 0, sum(({ tokens }) => tokens), `step ${step}`)
          const nanos = reading === undefined ? "0" : BigDecimal.format(reading.money)
          assert.strictEqual(
            nanos,
            BigDecimal.format(BigDecimal.make(BigInt(sum(({ nanos }) => nanos)), 9)),
            `step ${step}`
          )
        }
      }).pipe(
        Effect.provide(
          RateLimiter.layer.pipe(
            Layer.provideMerge(
              Budget.layer({ tokens: 20_000, money: "0.04", per: "day", prices, outputTokens: 300 })
            ),
            Layer.provideMerge(TestClock.layer())
          )
        )
      ),
    { arbitrary: { runs: 30 }, timeout: 60_000 }
  )
})
