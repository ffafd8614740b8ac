/** What a lane makes of each refusal, where its calls go then and until when, and what a call of its own options asks. */
import { assert, describe, it } from "@effect/vitest"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import * as GeminiError from "effect-gemini/GeminiError"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as TestClock from "effect/testing/TestClock"
import { Lane, type Options } from "../../src/internal/limiter/Lane.ts"
import { Tally } from "../../src/internal/limiter/Tally.ts"

const id = (name: string) => Result.getOrThrow(ModelId.parse(name))
const [home, other] = ["gemini-3.8-flash", "gemini-2.5-flash"]
const limits: Tier.Limits = { rpm: 10, tpm: 1_000, rpd: 100, concurrency: 5 }
const hour = 3_600_000
type Violations = Reason.RateLimited["violations"]

/** A lane over the limiter in memory, and what it told it. */
const lane = (
  body: (made: { readonly lane: Lane; readonly heard: Array<RateLimiter.Feedback> }) => Effect.Effect<void, unknown>,
  more: Partial<Options> = {}
) =>
  RateLimiter.RateLimiter.use((service) => {
    const heard: Array<RateLimiter.Feedback> = []
    const limiter = {
      ...service,
      feedback: (key: RateLimiter.LaneKey, feedback: RateLimiter.Feedback) =>
        Effect.andThen(Effect.sync(() => heard.push(feedback)), service.feedback(key, feedback))
    }
    const of = (_: ModelId.ModelId, call?: CallOptions) => ({ ...limits, ...call?.limits })
    const options = { limiter, project: "p", location: "global", quotaModel: id(home), isAlias: false, limits: of }
    return body({ lane: new Lane({ ...options, ...more }, "generate"), heard })
  }).pipe(Effect.provide(RateLimiter.layer))

const refusal = (violations: Violations, seconds?: number) =>
  new GeminiError.GeminiError({
    method: "generateContent",
    attempts: [],
    ...(seconds === undefined ? {} : { retryAfter: Duration.seconds(seconds) }),
    reason: new Reason.RateLimited({ violations })
  })
const spent = (resetAt?: number, seconds?: number) =>
  new GeminiError.GeminiError({
    method: "generateContent",
    attempts: [],
    ...(seconds === undefined ? {} : { retryAfter: Duration.seconds(seconds) }),
    reason: new Reason.QuotaExhausted({ violations: [], ...(resetAt === undefined ? {} : { resetAt }) })
  })
const counting = (model: string, seconds?: number) => refusal([{ quotaDimensions: { model } }], seconds)

describe("the limits a minute that a 429 names", () => {
  const minute = "GenerateRequestsPerMinutePerProjectPerModel"
  const table: ReadonlyArray<readonly [string, Violations, unknown]> = [
    ["nothing", [], undefined],
    ["a value alone", [{ quotaValue: "5" }], undefined],
    ["requests", [{ quotaId: minute, quotaValue: "5" }], [{ counts: "requests", limit: 5 }]],
    ["requests, without the value", [{ quotaId: minute }], [{ counts: "requests", limit: undefined }]],
    ["requests a day", [{ quotaId: "GenerateRequestsPerDayPerProject", quotaValue: "5" }], []],
    ["a metric alone", [{ quotaMetric: "generate_content_requests" }], []],
    ["input tokens by the id", [{ quotaId: "GenerateContentInputTokensPerMinute", quotaValue: "7" }], [
      { counts: "tokens", limit: 7 }
    ]],
    ["input tokens by the metric", [{ quotaId: "XPerMinute", quotaMetric: "input_token_count" }], [
      { counts: "tokens", limit: undefined }
    ]],
    ["output tokens", [{ quotaId: "OutputTokensPerMinute", quotaValue: "7" }], []],
    ["tokens of no kind", [{ quotaId: "XPerMinute", quotaMetric: "token_count" }], []],
    ["one that names none beside one that does", [{ quotaValue: "1" }, { quotaId: minute, quotaValue: "5" }], [
      { counts: "requests", limit: 5 }
    ]]
  ]
  for (const [name, violations, quotas] of table) {
    it.effect(`are told to the limiter: ${name}`, () =>
      lane(({ heard, lane }) =>
        Effect.gen(function*() {
          const error = refusal(violations, 7)
          assert.strictEqual(yield* lane.learn(error), error)
          assert.deepStrictEqual(heard, [
            { _tag: "RateLimited", retryAfter: Duration.seconds(7), quotas, limits } as never
          ])
        })
      ))
  }

  it.effect("pause nothing where one is 0, and no other failure is told", () =>
    lane(({ heard, lane }) =>
      Effect.gen(function*() {
        for (
          const error of [
            refusal([{ quotaId: minute, quotaValue: "0" }], 7),
            new GeminiError.GeminiError({ method: "m", attempts: [], reason: new Reason.Overloaded({}) })
          ]
        ) assert.strictEqual(yield* lane.learn(error), error)
        assert.deepStrictEqual(heard, [])
        assert.strictEqual(lane.closedFor(0), 0)
      })
    ))
})

describe("a server that asks for a long wait", () => {
  const ask = (seconds: number, expected: number, more: Partial<Options> = {}) =>
    lane(({ heard, lane }) =>
      Effect.gen(function*() {
        yield* lane.learn(refusal([], seconds))
        assert.strictEqual(lane.closedFor(0), expected)
        const [told] = heard
        const longest = more.retry?.maxRetryAfter === undefined ? 120_000 : 5_000
        assert.strictEqual(
          told?._tag === "RateLimited" && told.retryAfter ? Duration.toMillis(told.retryAfter) : undefined,
          Math.min(longest, seconds * 1_000)
        )
      }), more)
  it.effect("closes the lane beyond two minutes, and tells the limiter of two", () =>
    Effect.andThen(ask(120, 0), ask(121, 121_000)))
  it.effect("closes it beyond what the options allow", () =>
    Effect.andThen(
      ask(5, 0, { retry: { maxRetryAfter: "5 seconds" } }),
      ask(6, 6_000, { retry: { maxRetryAfter: "5 seconds" } })
    ))
  it.effect("closes it for 25 hours at most", () =>
    Effect.andThen(ask(25 * 3_600, 25 * hour), ask(26 * 3_600, 25 * hour)))

  it.effect("closes it until that time, and not where the clock was set back", () =>
    lane(({ lane }) =>
      Effect.gen(function*() {
        yield* lane.learn(refusal([], 200))
        assert.strictEqual(lane.closedFor(199_999), 1)
        assert.strictEqual(lane.closedFor(200_000), 0)
        // Once it is open it stays so.
        assert.strictEqual(lane.closedFor(199_999), 0)
        yield* lane.learn(refusal([], 200))
        assert.strictEqual(lane.closedFor(200_000 - 25 * hour), 25 * hour)
        assert.strictEqual(lane.closedFor(200_000 - 25 * hour - 1), 0)
        assert.strictEqual(lane.closedFor(0), 0)
      })
    ))

  it.effect("refuses calls meanwhile as it refused the first one, with what is left of the wait", () =>
    lane(({ lane }) =>
      Effect.gen(function*() {
        const error = refusal([{ quotaId: "XPerMinute" }], 200)
        yield* lane.learn(error)
        yield* TestClock.adjust(150_000)
        const meter = lane.meter("generateContent", () => 1, undefined)
        for (const asked of [Effect.scoped(meter.acquire), meter.use(() => Effect.void)]) {
          const refused = yield* Effect.flip(asked)
          assert.strictEqual(refused.reason, error.reason)
          assert.strictEqual(refused.model, home)
          assert.strictEqual(refused.method, "generateContent")
          assert.deepStrictEqual(refused.retryAfter, Duration.seconds(50))
        }
        yield* TestClock.adjust(50_000)
        yield* meter.use(() => Effect.void)
      })
    ))
})

describe("a day that is spent", () => {
  // The clock of a test begins at four in the afternoon in California.
  const midnight = 8 * hour
  it.effect("comes back as it was where it says when it is back, and else with that time", () =>
    lane(({ heard, lane }) =>
      Effect.gen(function*() {
        const told = spent(5 * hour)
        assert.strictEqual(yield* lane.learn(told), told)
        const untold = yield* lane.learn(spent())
        assert.deepInclude(untold.reason, { _tag: "QuotaExhausted", resetAt: midnight })
        yield* TestClock.setTime(midnight)
        const early = yield* lane.learn(spent(undefined, 7))
        assert.deepInclude(early.reason, { resetAt: midnight + 7_000 })
        const silent = yield* lane.learn(spent())
        assert.deepInclude(silent.reason, { resetAt: midnight + 60_000 })
        assert.deepStrictEqual(
          heard,
          [5 * hour, midnight, midnight + 7_000, midnight + 60_000].map((resetAt) => ({
            _tag: "QuotaExhausted",
            resetAt
          }))
        )
      })
    ))
})

describe("a 429 that counts the call for another model", () => {
  const at = (lane: Lane, now: number): string => {
    lane.closedFor(now)
    return lane.lane.quotaModel
  }
  for (
    const [name, seconds, until] of [
      ["a minute, where it asks for no wait", undefined, 60_000],
      ["as long as it asks to wait", 20, 20_000],
      ["two minutes at most", 500, 120_000]
    ] as const
  ) {
    it.effect(`sends calls there for ${name}`, () =>
      lane(({ lane }) =>
        Effect.gen(function*() {
          yield* lane.learn(counting(other, seconds))
          assert.strictEqual(lane.lane.quotaModel, other)
          assert.strictEqual(at(lane, until - 1), other)
          assert.strictEqual(at(lane, until), home)
        })
      ))
  }
  it.effect("does so no longer where the clock was set back by more than that", () =>
    lane(({ lane }) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(1_000_000)
        yield* lane.learn(counting(other, 120))
        assert.strictEqual(at(lane, 1_000_000), other)
        assert.strictEqual(at(lane, 999_999), home)
      })
    ))
  it.effect("goes home from the second other model, too, and at once where it names the home", () =>
    lane(({ lane }) =>
      Effect.gen(function*() {
        yield* lane.learn(counting(other, 20))
        yield* lane.learn(counting("gemini-2.5-pro", 20))
        assert.strictEqual(at(lane, 19_999), "gemini-2.5-pro")
        assert.strictEqual(at(lane, 20_000), home)
        yield* lane.learn(counting(other, 20))
        yield* lane.learn(counting(home, 20))
        assert.strictEqual(lane.lane.quotaModel, home)
        assert.strictEqual(at(lane, 10_000), home)
      })
    ))
  it.effect("stays where it names none, its own, or what is no name; the first that names one counts", () =>
    lane(({ lane }) =>
      Effect.gen(function*() {
        for (
          const error of [
            refusal([], 20),
            refusal([{ quotaDimensions: { location: "global" } }], 20),
            counting(home, 20),
            counting("no name!", 20)
          ]
        ) {
          yield* lane.learn(error)
          assert.strictEqual(lane.lane.quotaModel, home)
        }
        yield* lane.learn(
          refusal([{}, { quotaDimensions: { location: "x" } }, { quotaDimensions: { model: other } }], 20)
        )
        assert.deepStrictEqual(lane.lane, {
          project: "p",
          location: "global",
          quotaModel: id(other),
          family: "generate"
        })
      })
    ))
  it.effect("is over for the call that asks once the wait is over", () =>
    lane(({ lane }) =>
      Effect.gen(function*() {
        yield* lane.learn(counting(other, 20))
        yield* TestClock.adjust(20_000)
        yield* lane.meter("m", () => 1, undefined).use(() =>
          Effect.sync(() => assert.strictEqual(lane.lane.quotaModel, home))
        )
      })
    ))
})

describe("the model that an answer names", () => {
  it.effect("is taken for an alias alone, and for good", () =>
    Effect.andThen(
      lane(({ lane }) =>
        Effect.sync(() => {
          lane.answeredBy(other)
          assert.strictEqual(lane.lane.quotaModel, home)
        })
      ),
      lane(({ lane }) =>
        Effect.gen(function*() {
          for (const nothing of [undefined, null, home]) lane.answeredBy(nothing)
          assert.strictEqual(lane.lane.quotaModel, home)
          yield* lane.learn(counting("gemini-2.5-pro", 20))
          lane.answeredBy(other)
          assert.strictEqual(lane.lane.quotaModel, other)
          lane.closedFor(hour)
          assert.strictEqual(lane.lane.quotaModel, other)
        }), { isAlias: true })
    ))
})

describe("a call's own limits", () => {
  it.effect("raise those of the lane, and bound the call alone where they are below", () =>
    lane(({ lane }) =>
      Effect.sync(() => {
        const of = (options?: CallOptions) => {
          const { limits, own } = lane.terms(1, options)
          return { limits, own }
        }
        assert.deepStrictEqual(of(), { limits, own: undefined })
        assert.deepStrictEqual(of({ maxWait: 5 }), { limits, own: undefined })
        assert.deepStrictEqual(of({ limits: {} }), { limits, own: undefined })
        for (const name of ["rpm", "tpm", "rpd", "concurrency"] as const) {
          const [more, less] = [{ [name]: limits[name] + 1 }, { [name]: limits[name] - 1 }]
          assert.deepStrictEqual(of({ limits: more }), { limits: { ...limits, ...more }, own: undefined }, name)
          assert.deepStrictEqual(of({ limits: less }), { limits, own: { ...limits, ...less } }, name)
        }
        assert.deepStrictEqual(of({ limits: { rpm: 20, tpm: 10 } }), {
          limits: { ...limits, rpm: 20 },
          own: { ...limits, rpm: 20, tpm: 10 }
        })
      })
    ))

  it.effect("bound what a correction may raise its tokens to", () =>
    lane(({ lane }) =>
      Effect.sync(() => {
        const estimate = new Tally()
        estimate.add("text", 200)
        lane.heard(estimate, { usageMetadata: { promptTokenCount: 100_000 } }, true)
        assert.strictEqual(lane.terms(estimate, undefined).tokens, 750)
        assert.strictEqual(lane.terms(estimate, { limits: { tpm: 400 } }).tokens, 300)
        assert.strictEqual(lane.revision, 1)
      })
    ))

  it.effect("go with what else it set, and its waits are told to it, else to the lane's own observer", () =>
    lane(({ lane }) =>
      Effect.gen(function*() {
        const options = {
          maxQueue: 3,
          maxWait: 5,
          oversize: "reject",
          priority: "batch",
          whenExhausted: "wait"
        } as const
        const asked = lane.admission("m", 7, options)
        assert.deepInclude(asked, { ...options, method: "m", tokens: 7, own: undefined })
        assert.strictEqual(Reflect.get(asked, "party"), lane)
        const { lane: _, limits: within, own, tokens } = lane.terms(7, undefined)
        const again: unknown = Reflect.get(asked, "again")
        assert.deepStrictEqual(Reflect.apply(again as () => unknown, undefined, []), {
          lane: _,
          limits: within,
          own,
          tokens
        })
        const waiting = { lane: lane.lane, ahead: 1 } as never
        assert.strictEqual(asked.onWait?.(waiting), "lane's" as never)
        assert.strictEqual(lane.admission("m", 7, undefined).onWait?.(waiting), "lane's" as never)
        const told = lane.admission("m", 7, { observe: (event) => event as never }).onWait?.(waiting)
        assert.deepStrictEqual(told, { _tag: "Waiting", lane: lane.lane, ahead: 1 } as never)
      }), { onWait: () => "lane's" as never }))
})

describe("a call whose tokens are counted first", () => {
  it.effect("counts once for all its attempts, and estimates nothing", () =>
    lane(({ lane }) =>
      Effect.gen(function*() {
        let counts = 0
        const counted = Effect.sync(() => (counts++, 30))
        const meter = lane.meter("m", () => assert.fail("it estimates"), undefined, undefined, counted)
        yield* meter.use(() => Effect.void)
        yield* Effect.scoped(meter.acquire)
        assert.strictEqual(counts, 1)
        let estimates = 0
        const estimated = lane.meter("m", () => (estimates++, 20), undefined)
        yield* estimated.use(() => Effect.void)
        yield* Effect.scoped(estimated.acquire)
        assert.strictEqual(estimates, 1)
      })
    ))
})
