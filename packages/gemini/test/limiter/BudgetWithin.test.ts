import { assert, describe, it } from "@effect/vitest"
import * as Budget from "effect-gemini/Budget"
import type * as Cost from "effect-gemini/Cost"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as BudgetStore from "effect-gemini/limits/BudgetStore"
import * as RateLimiter from "effect-gemini/RateLimiter"
import type * as CountTokens from "effect-gemini/wire/CountTokens"
import type * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { ask, lane, limits, start, usage } from "./pricedLane.ts"

/** A dollar for a million tokens in, four for a million out. */
const prices: Cost.Prices = {
  asOf: "2026-11-01",
  source: "test",
  models: { priced: [{ input: { any: "1" }, output: { TEXT: "4" } }] }
}
const call = (charged: RateLimiter.Charged, admission = ask()) =>
  RateLimiter.RateLimiter.use((limiter) =>
    limiter.use(admission, (permit) => Effect.sync(() => permit.charge?.(charged)))
  )
const hanging = (admission = ask()) =>
  RateLimiter.RateLimiter.use((limiter) => limiter.use(admission, () => Effect.never))
const tokens = (name: string) => Effect.map(Budget.spending(name), (spending) => spending?.tokens)
const budgetOf = ({ reason }: GeminiError) => reason._tag === "QuotaExhausted" ? reason.budget : reason._tag

const promise = <E>(
  name: string,
  body: () => Effect.Effect<void, E, RateLimiter.RateLimiter>,
  layer: Layer.Layer<RateLimiter.RateLimiter> = RateLimiter.layer
) => it.effect(name, () => Effect.suspend(body).pipe(Effect.provide(layer)))

describe("a budget around an effect", () => {
  promise("holds for the calls in it and for no others", () =>
    Effect.gen(function*() {
      const within = Budget.within({ name: "run", tokens: 250, outputTokens: 0 })
      yield* within(Effect.gen(function*() {
        yield* call(usage(100, 50))
        assert.strictEqual(budgetOf(yield* Effect.flip(call(usage(0, 0), ask({ tokens: 101 })))), "run")
        yield* call(usage(100, 0))
        assert.strictEqual(yield* tokens("run"), 250)
      }))
      yield* call(usage(1_000, 1_000))
      assert.deepStrictEqual(yield* Budget.spendings, [])
      // Without a store each counts for itself.
      yield* within(call(usage(100, 0)))
    }))

  promise(
    "nests: a call must fit all of them, and what the inner refuses the outer has back",
    () =>
      Effect.gen(function*() {
        const run = Effect.gen(function*() {
          yield* call(usage(100, 0))
          assert.strictEqual(budgetOf(yield* Effect.flip(call(usage(100, 0)))), "run")
          assert.strictEqual(yield* tokens("run"), 100)
        }).pipe(Budget.within({ name: "run", tokens: 150, outputTokens: 0 }))
        yield* Effect.gen(function*() {
          yield* run
          yield* run
          assert.strictEqual(yield* tokens("agent"), 200)
          assert.strictEqual(yield* tokens("team"), 200)
          assert.strictEqual(budgetOf(yield* Effect.flip(call(usage(0, 0), ask({ tokens: 101 })))), "agent")
          assert.deepStrictEqual((yield* Budget.spendings).map(({ name, tokens }) => [name, tokens]), [
            ["team", 200],
            ["agent", 200]
          ])
          const team = (yield* Budget.spendings)[0]
          assert.deepStrictEqual([team?.reserved.tokens, team?.isEstimated], [0, false])
        }).pipe(
          Budget.within({ name: "agent", tokens: 300, outputTokens: 0 }),
          Budget.within({ name: "team", money: "1", prices, outputTokens: 0 })
        )
      })
  )

  promise(
    "stands within the budget of its client",
    () =>
      Effect.gen(function*() {
        yield* call(usage(60, 0))
        assert.strictEqual(budgetOf(yield* Effect.flip(call(usage(0, 0)))), "client")
        yield* call(usage(40, 0), ask({ tokens: 40 }))
        assert.strictEqual(yield* tokens("run"), 100)
      }).pipe(Budget.within({ name: "run", tokens: 1_000, outputTokens: 0 })),
    RateLimiter.layer.pipe(
      Layer.provide(Budget.layer({ name: "client", tokens: 150, per: "total", outputTokens: 0 }))
    )
  )

  promise("counts money to the picodollar", () =>
    Effect.gen(function*() {
      const odd: Cost.Prices = { ...prices, models: { priced: [{ input: { any: "0.000001" }, output: {} }] } }
      yield* Effect.gen(function*() {
        for (let i = 0; i < 3; i++) yield* call(usage(1, 0), ask({ tokens: 1 }))
        const spent = yield* Budget.spending("pico")
        assert.strictEqual(spent && BigDecimal.format(spent.money), "0.000000000003")
        assert.strictEqual(budgetOf(yield* Effect.flip(call(usage(1, 0), ask({ tokens: 1 })))), "pico")
      }).pipe(Budget.within({ name: "pico", money: "0.000000000003", prices: odd, outputTokens: 0 }))
    }))

  promise("says that its rest is reserved, not that it is spent, while it is not", () =>
    Effect.gen(function*() {
      const holder = yield* start(hanging())
      const held = yield* Effect.flip(call(usage(0, 0)))
      assert.include(held.message, "the budget run has no room beside what calls in flight reserved of it.")
      assert.strictEqual((yield* Budget.spending("run"))?.reserved.tokens, 100)
      yield* Fiber.interrupt(holder)
      const spent = yield* Effect.flip(call(usage(0, 0)))
      assert.include(spent.message, "the budget run is spent.")
    }).pipe(Budget.within({ name: "run", tokens: 150, outputTokens: 0 })))

  promise("holds nothing for a call that waits for its lane", () =>
    Effect.gen(function*() {
      const one = ask({ limits: { ...limits, concurrency: 1 } })
      const holder = yield* start(hanging(one))
      const waiting = yield* Effect.forEach(Array.from({ length: 50 }), () => start(call(usage(1, 0), one)))
      assert.strictEqual(yield* tokens("run"), 100)
      yield* Fiber.interrupt(holder)
      yield* Effect.forEach(waiting, Fiber.join)
      assert.strictEqual(yield* tokens("run"), 150)
    }).pipe(Budget.within({ name: "run", tokens: 250, outputTokens: 0 })))

  promise("begins with what a journal says was used, and says so twice counts once", () =>
    Effect.gen(function*() {
      const spent = { tokens: 400, money: "0.5" }
      const options = { name: "run", tokens: 1_000, money: "1", prices, outputTokens: 0, spent }
      const read = Effect.map(Budget.spending("run"), (one) => [one?.tokens, one && BigDecimal.format(one.money)])
      const shared = Effect.gen(function*() {
        assert.deepStrictEqual(yield* Budget.within(options)(Effect.andThen(call(usage(100, 0)), read)), [
          500,
          "0.5001"
        ])
        // The store knows of more: that is the truth.
        assert.deepStrictEqual(yield* Budget.within(options)(read), [500, "0.5001"])
        assert.deepStrictEqual(yield* read, [500, "0.5001"])
      })
      yield* Effect.provide(shared, BudgetStore.layerMemory)
      assert.deepStrictEqual(yield* Budget.within(options)(read), [400, "0.5"])
      assert.strictEqual(yield* tokens("run"), undefined)
    }))

  promise(
    "whose limit is not an amount, or whose name is that of one around it, is refused at once",
    () =>
      Effect.gen(function*() {
        const wrong: ReadonlyArray<readonly [Budget.WithinOptions, string]> = [
          [{ name: "a", money: "five" }, "budget.money"],
          [{ name: "a", money: "" }, "budget.money"],
          [{ name: "a", money: "-1" }, "budget.money"],
          [{ name: "a", tokens: NaN }, "budget.tokens"],
          [{ name: "a", outputTokens: -1 }, "budget.outputTokens"],
          [{ name: "a", spent: { money: "?" } }, "budget.spent.money"],
          [{ name: "around", tokens: 1 }, "budget.name"]
        ]
        for (const [options, field] of wrong) {
          const { message, reason } = yield* Effect.flip(Budget.within(options)(Effect.die("not begun")))
          assert.strictEqual(reason._tag, "InvalidRequest")
          assert.include(message, field)
        }
      }).pipe(Budget.within({ name: "around", tokens: 10 }))
  )

  promise("reserves no more output than the request allows", () =>
    Effect.gen(function*() {
      const asks = (generationConfig: GenerateContent.GenerateContentRequest["generationConfig"]) =>
        ask({ asks: { request: { contents: [], generationConfig }, count: () => Effect.die("not asked") } })
      const reserved = (admission: RateLimiter.Admission) =>
        Effect.gen(function*() {
          const holder = yield* start(hanging(admission))
          const one = yield* Budget.spending("run")
          yield* Fiber.interrupt(holder)
          return one?.reserved.tokens
        })
      assert.strictEqual(yield* reserved(ask()), 600)
      assert.strictEqual(yield* reserved(asks({ maxOutputTokens: 30 })), 130)
      assert.strictEqual(yield* reserved(asks({ maxOutputTokens: 30, candidateCount: 4 })), 220)
      assert.strictEqual(yield* reserved(asks({ maxOutputTokens: 501 })), 600)
      assert.strictEqual(yield* reserved(ask({ lane: { ...lane, family: "embed" } })), 100)
    }).pipe(Budget.within({ name: "run", tokens: 100_000, outputTokens: 500 })))

  promise("waits for its client's next period without a permit, if told so", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2026-07-01T08:00:00Z"))
      const one = ask({ limits: { ...limits, concurrency: 1 }, whenExhausted: "wait" })
      yield* call(usage(100, 0), one)
      const waiting = yield* start(call(usage(100, 0), one))
      yield* TestClock.adjust("1 hour")
      const [snapshot] = yield* RateLimiter.RateLimiter.use((limiter) => limiter.snapshot)
      assert.strictEqual(snapshot?.used.inFlight, 0)
      yield* TestClock.adjust("23 hours")
      yield* Fiber.join(waiting)
    }), RateLimiter.layer.pipe(Layer.provide(Budget.layer({ tokens: 150, per: "day", outputTokens: 0 }))))
})

describe("an answer without a whole count", () => {
  /** A stream that is charged its chunks and ends with `exit`. */
  const streamed = (chunks: ReadonlyArray<RateLimiter.Charged>, admission = ask()) =>
    Effect.scoped(
      RateLimiter.RateLimiter.use((limiter) =>
        Effect.map(limiter.acquire(admission), (permit) => chunks.forEach((chunk) => permit.charge?.(chunk)))
      )
    )
  const finish = { candidates: [{ finishReason: "STOP" }] }
  const text = (length: number): RateLimiter.Charged => ({
    candidates: [{ content: { role: "model", parts: [{ text: "x".repeat(length) }] } }]
  })

  const table: ReadonlyArray<readonly [string, ReadonlyArray<RateLimiter.Charged>, number, boolean]> = [
    ["the last count at its finish", [usage(100, 10), { ...usage(100, 40), ...finish }], 140, false],
    ["a count after its finish", [finish, usage(100, 40)], 140, false],
    ["a blocked prompt's count", [{ ...usage(90, 0), promptFeedback: { blockReason: "SAFETY" } }], 90, false],
    ["left after a chunk: its reservation", [usage(100, 10)], 300, true],
    ["cut after more than was reserved: what was counted", [usage(100, 900)], 1_000, true],
    ["cut without any count: its reservation", [text(40)], 300, true],
    ["cut without any count after much text: what was received", [text(4_000), text(4_000)], 2_100, true],
    ["cut after a count and more text: both", [usage(100, 500), text(400)], 700, true],
    ["nothing at all: its reservation", [], 300, true]
  ]
  for (const [what, chunks, expected, isEstimated] of table) {
    promise(`is charged ${what}`, () =>
      Effect.gen(function*() {
        yield* streamed(chunks)
        const spent = yield* Budget.spending("run")
        assert.deepStrictEqual([spent?.tokens, spent?.isEstimated], [expected, isEstimated])
        assert.strictEqual(spent?.reserved.tokens, 0)
      }).pipe(Budget.within({ name: "run", tokens: 100_000, outputTokens: 200 })))
  }

  promise("is charged the count at the finish of the last candidate, not of the first", () =>
    Effect.gen(function*() {
      const request = { contents: [], generationConfig: { candidateCount: 2 } }
      const admission = ask({ asks: { request, count: () => Effect.succeed({ totalTokens: 0 }) } })
      const first = { ...usage(100, 40), candidates: [{ index: 0, finishReason: "STOP" }] }
      const second = { ...usage(100, 70), candidates: [{ index: 1, finishReason: "STOP" }] }
      yield* streamed([first, second], admission)
      const whole = yield* Budget.spending("run")
      assert.deepStrictEqual([whole?.tokens, whole?.isEstimated], [170, false])
      yield* streamed([first, usage(100, 60)], admission)
      const cut = yield* Budget.spending("run")
      assert.deepStrictEqual([cut?.tokens, cut?.isEstimated], [170 + 300, true])
    }).pipe(Budget.within({ name: "run", tokens: 100_000, outputTokens: 200 })))

  promise("in money, is charged no less than was reserved where something has no price", () =>
    Effect.gen(function*() {
      const image = { ...usage(100, 10) }
      yield* streamed([{
        usageMetadata: {
          ...image.usageMetadata,
          candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 10 }]
        },
        ...finish
      }])
      const spent = yield* Budget.spending("run")
      assert.deepStrictEqual([spent && BigDecimal.format(spent.money), spent?.isPartial], ["0.0009", true])
    }).pipe(Budget.within({ name: "run", money: "1", prices, outputTokens: 200 })))
})

describe("a budget that lets the server count", () => {
  const counting = (totalTokens: number) => {
    let asked = 0
    const count = (): Effect.Effect<CountTokens.CountTokensResponse, GeminiError> =>
      Effect.sync(() => {
        asked++
        return { totalTokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }] }
      })
    return { count, asked: () => asked }
  }
  const options = { name: "run", tokens: 10_000, outputTokens: 10, countInput: "server" } as const
  const contents = [{ role: "user", parts: [{ text: "x".repeat(1_000) }] }]

  promise(
    "asks it near the limit alone, and is not overshot by an estimate that was too low",
    () =>
      Effect.gen(function*() {
        const { asked, count } = counting(900)
        const admission = ask({ tokens: 250, asks: { request: { contents }, count } })
        let sent = 0
        while (Exit.isSuccess(yield* Effect.exit(call(usage(900, 10), admission)))) sent++
        // 10 x 910 = 9,100 and the rest, 900, is too small for another.
        assert.strictEqual(sent, 10)
        assert.strictEqual(yield* tokens("run"), 9_100)
        // The request is less than 1,100 bytes long: until 8,890 is spent nobody need count.
        assert.strictEqual(asked(), 1)
      }).pipe(Budget.within(options))
  )

  promise("is not overshot by many at once", () =>
    Effect.gen(function*() {
      const { count } = counting(900)
      const admission = ask({ tokens: 1, asks: { request: { contents }, count } })
      const slow = RateLimiter.RateLimiter.use((limiter) =>
        limiter.use(admission, (permit) => Effect.delay(Effect.sync(() => permit.charge?.(usage(900, 10))), "1 second"))
      )
      const fibers = yield* Effect.forEach(Array.from({ length: 64 }), () => start(Effect.exit(slow)))
      yield* TestClock.adjust("1 second")
      yield* Effect.forEach(fibers, Fiber.join)
      assert.isAtMost((yield* tokens("run")) ?? 0, 10_000)
      assert.isAtLeast((yield* tokens("run")) ?? 0, 9 * 910)
    }).pipe(Budget.within(options)))

  promise("asks it at once of what is not text", () =>
    Effect.gen(function*() {
      const { asked, count } = counting(5_000)
      const request = { contents: [{ role: "user", parts: [{ fileData: { fileUri: "https://x/files/a" } }] }] }
      yield* call(usage(5_000, 10), ask({ asks: { request, count } }))
      assert.strictEqual(asked(), 1)
      assert.strictEqual(budgetOf(yield* Effect.flip(call(usage(0, 0), ask({ asks: { request, count } })))), "run")
      assert.strictEqual(yield* tokens("run"), 5_010)
    }).pipe(Budget.within(options)))

  promise("sends nothing that it could not count", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(
        call(usage(1, 1), ask({ lane: { ...lane, family: "generate" }, tokens: NaN, asks: undefined })).pipe(
          Budget.within({ ...options, name: "small", tokens: -1 })
        )
      )
      assert.strictEqual(failure.reason._tag, "InvalidRequest")
      const count = () => Effect.fail(failure)
      const error = yield* Effect.flip(
        call(usage(1, 1), ask({ asks: { request: { contents }, count } })).pipe(
          Budget.within({ ...options, name: "tiny", tokens: 100 })
        )
      )
      assert.strictEqual(error, failure)
    }).pipe(Budget.within(options)))
})
