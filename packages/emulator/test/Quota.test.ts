import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Quota from "effect-gemini-emulator/Quota"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { flash, post, prompt } from "./Wire.ts"

const charge = (time: number, inputTokens = 0, model = flash): Quota.Charge => ({
  project: "p",
  model,
  family: "generate",
  inputTokens,
  time
})

const call = (words = "Hi", key = "key") =>
  post(`/v1beta/models/${flash}:generateContent`, prompt(words), { "x-goog-api-key": key })

const statuses = (n: number, key = "key") =>
  Effect.forEach(Array.from({ length: n }), () => Effect.map(call("Hi", key), ({ status }) => status))

describe("the kernel", () => {
  it.prop(
    "admits exactly what fits into every rolling minute",
    { gaps: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 25_000 }))) },
    ({ gaps }) => {
      const quota = Quota.make()
      const limits = { models: { "*": { rpm: 4, tpm: 100 } } }
      const admitted: Array<{ readonly time: number; readonly tokens: number }> = []
      let time = 1_000_000
      for (const [i, gap] of gaps.entries()) {
        time += gap
        const tokens = (i * 37) % 60
        // By the definition: what was admitted in the 60 seconds before, and this one.
        const recent = admitted.filter((entry) => entry.time > time - 60_000)
        const fits = recent.length < 4 && recent.reduce((sum, entry) => sum + entry.tokens, tokens) <= 100
        assert.strictEqual(quota.charge(charge(time, tokens), limits) === undefined, fits)
        if (fits) admitted.push({ time, tokens })
      }
    }
  )

  it("names the delay after which it then admits", () => {
    const quota = Quota.make()
    const limits = { models: { "*": { rpm: 2 } } }
    quota.charge(charge(0), limits)
    quota.charge(charge(20_004), limits)
    const refusal = quota.charge(charge(39_959), limits)
    assert.include(refusal?.body.error.message ?? "", "Please retry in 20.041s.")
    assert.isDefined(quota.charge(charge(59_999), limits))
    assert.isUndefined(quota.charge(charge(60_000), limits))
  })

  it("the day turns at Pacific midnight, also where the clocks change", () => {
    const hour = 3_600_000
    // Midnight in California: 08:00 UTC in winter, 07:00 in summer.
    assert.strictEqual(Quota.untilMidnight(Date.parse("2026-01-15T07:59:59.500Z")), 500)
    assert.strictEqual(Quota.untilMidnight(Date.parse("2026-07-15T06:00:00Z")), hour)
    // 8 March 2026 has 23 hours, 1 November 25.
    assert.strictEqual(Quota.untilMidnight(Date.parse("2026-03-08T08:00:00Z")), 23 * hour)
    assert.strictEqual(Quota.untilMidnight(Date.parse("2026-11-01T07:00:00Z")), 25 * hour)
    assert.strictEqual(Quota.pacificDay(Date.parse("2026-11-01T06:59:59Z")), "2026-10-31")
  })

  it("an alias counts for the model behind it, families and projects for themselves", () => {
    const quota = Quota.make()
    const limits = { models: { "*": { rpm: 1 } } }
    assert.isUndefined(quota.charge(charge(0, 0, "gemini-flash-latest"), limits))
    assert.isDefined(quota.charge(charge(0, 0, flash), limits))
    assert.isUndefined(quota.charge({ ...charge(0), project: "q" }, limits))
    assert.isUndefined(quota.charge({ ...charge(0), family: "embed" }, limits))
  })
})

describe("429", () => {
  const free = Emulator.layerHttpClient({
    quotas: { tier: "free", models: { "*": { rpm: 2, tpm: 40, rpd: 3 } } },
    projects: {
      one: { keys: ["a", "b"] },
      paid: { keys: ["c"], quotas: { tier: "tier1", models: { "*": { rpm: 1 } } } }
    }
  })

  it.effect("in Google's words: message, Help, QuotaFailure, RetryInfo", () =>
    Effect.gen(function*() {
      yield* statuses(2)
      const response = yield* call()
      assert.strictEqual(response.status, 429)
      assert.deepStrictEqual(JSON.parse(yield* response.text), {
        error: {
          code: 429,
          message:
            "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: https://ai.dev/rate-limit. \n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 2, model: gemini-3.8-flash\nPlease retry in 60s.",
          status: "RESOURCE_EXHAUSTED",
          details: [
            {
              "@type": "type.googleapis.com/google.rpc.Help",
              links: [{
                description: "Learn more about Gemini API quotas",
                url: "https://ai.google.dev/gemini-api/docs/rate-limits"
              }]
            },
            {
              "@type": "type.googleapis.com/google.rpc.QuotaFailure",
              violations: [{
                quotaMetric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                quotaId: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
                quotaDimensions: { location: "global", model: "gemini-3.8-flash" },
                quotaValue: "2"
              }]
            },
            { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "60s" }
          ]
        }
      })
    }).pipe(Effect.provide(free, { local: true })))

  it.effect("several limits at once; tokens count", () =>
    Effect.gen(function*() {
      yield* statuses(2)
      yield* TestClock.adjust("1 minute")
      yield* statuses(1)
      const body = yield* (yield* call("x".repeat(400))).text
      const { violations } = JSON.parse(body).error.details[1]
      assert.deepStrictEqual(violations.map(({ quotaId }: { readonly quotaId: string }) => quotaId), [
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        "GenerateContentInputTokensPerModelPerMinute-FreeTier"
      ])
    }).pipe(Effect.provide(free, { local: true })))

  it.effect("keys of one project share its quota; a paid one has its own names", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* statuses(1, "a"), [200])
      assert.deepStrictEqual(yield* statuses(2, "b"), [200, 429])
      assert.deepStrictEqual(yield* statuses(1, "c"), [200])
      const body = yield* (yield* call("Hi", "c")).text
      assert.include(body, "\"GenerateRequestsPerMinutePerProjectPerModel\"")
    }).pipe(Effect.provide(free, { local: true })))

  it.effect("a minute and a day pass under TestClock, or by moving the server's clock", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setTime(Date.parse("2026-11-22T20:00:00Z"))
      assert.deepStrictEqual(yield* statuses(3), [200, 200, 429])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* statuses(2), [200, 429])
      yield* emulator.adjust("12 hours")
      assert.deepStrictEqual(yield* statuses(2), [200, 200])
      assert.strictEqual(yield* emulator.largestInWindow(60_000), 3)
    }).pipe(Effect.provide(free, { local: true })))

  it.effect("without quotas nothing is ever refused", () =>
    Effect.gen(function*() {
      assert.isTrue((yield* statuses(200)).every((status) => status === 200))
    }).pipe(Effect.provide(Emulator.layerHttpClient(), { local: true })))
})
