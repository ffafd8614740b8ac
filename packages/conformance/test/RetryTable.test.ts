/**
 * What a call does about every refusal, as a table that was filled in before it was run:
 * requests that the server sees, when the call ends by the clock, and how it ends.
 *
 * Jitter is fixed (Random gives 1/2), so a backoff is three quarters of its full length:
 * 750 ms, then 1.5 s.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as GoogleError from "effect-gemini-emulator/GoogleError"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const apiKey = Redacted.make("test-key")

const services = (options: Partial<Parameters<typeof GeminiClient.layer>[0]> = {}) =>
  GeminiClient.layer({
    apiKey,
    tier: "tier3",
    timeouts: { attempt: "5 seconds", firstByte: "5 seconds", idle: "5 seconds" },
    ...options
  }).pipe(
    Layer.provideMerge(Emulator.layerHttpClient())
  )

const fixedJitter = Effect.provideService(Random.Random, {
  nextDoubleUnsafe: () => 0.5,
  nextIntUnsafe: () => 0
})

const retryInfo = (retryDelay: string) => ({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay })
const quotaFailure = (quotaId: string) => ({
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: [{ quotaMetric: "generativelanguage.googleapis.com/requests", quotaId, quotaValue: "10" }]
})

/** Requests, milliseconds until the end, and the end itself: `ok` or the error's reason. */
type Outcome = readonly [requests: number, time: number, result: string]

interface Row {
  /** As it stands in place of the answer. */
  readonly fault: Fault.Fault
  /** As it stands after a stream's first chunk. */
  readonly midStream: Fault.Fault
  /** The first request fails, the next would be answered. */
  readonly once: Outcome
  /** Every request fails. */
  readonly always: Outcome
  /** The stream that broke after its first chunk. */
  readonly broken: Outcome
}

const status = (
  code: number,
  outcomes: Pick<Row, "once" | "always" | "broken">,
  details?: ReadonlyArray<unknown>
): Row => {
  const error = { code, ...(details === undefined ? {} : { details }) }
  return { fault: { error }, midStream: { errorAfter: { ...error, chunks: 1 } }, ...outcomes }
}

const final = (reason: string) => ({ once: [1, 0, reason], always: [1, 0, reason], broken: [1, 0, reason] }) as const
const backedOff = (reason: string) =>
  ({ once: [2, 750, "ok"], always: [3, 2_250, reason], broken: [1, 0, reason] }) as const

const table: Readonly<Record<string, Row>> = {
  "400": status(400, final("InvalidRequest")),
  "401": status(401, final("Unauthenticated")),
  "403": status(403, final("Unauthenticated")),
  "404": status(404, final("NotFound")),
  "408": status(408, backedOff("ServerError")),
  "429 per minute with RetryInfo": status(429, {
    once: [2, 53_016, "ok"],
    always: [3, 106_032, "RateLimited"],
    broken: [1, 0, "RateLimited"]
  }, [quotaFailure("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), retryInfo("53.016s")]),
  // The whole lane pauses for a second, then two: longer than this call's own backoff.
  "429 without details": status(429, {
    once: [2, 1_000, "ok"],
    always: [3, 3_000, "RateLimited"],
    broken: [1, 0, "RateLimited"]
  }),
  "429 per day": status(
    429,
    final("QuotaExhausted"),
    [quotaFailure("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), retryInfo("21s")]
  ),
  "429 with more than maxRetryAfter": status(429, final("RateLimited"), [retryInfo("41380s")]),
  "499": status(499, final("ServerError")),
  "500": status(500, backedOff("ServerError")),
  "502": status(502, backedOff("ServerError")),
  "503": status(503, backedOff("Overloaded")),
  "503 with RetryInfo": status(503, {
    once: [2, 9_000, "ok"],
    always: [3, 18_000, "Overloaded"],
    broken: [1, 0, "Overloaded"]
  }, [retryInfo("9s")]),
  "504": status(504, backedOff("ServerError")),
  // Five seconds of silence each (timeouts.attempt); of a stream five between two chunks (timeouts.idle).
  "timeout": {
    fault: { halfOpen: true },
    midStream: { stall: { chunks: 1 } },
    once: [2, 5_750, "ok"],
    always: [3, 17_250, "TimedOut"],
    broken: [1, 5_000, "TimedOut"]
  },
  "connection reset": {
    fault: { reset: true },
    midStream: { reset: { chunks: 1 } },
    ...backedOff("Network"),
    broken: [1, 0, "StreamInterrupted"]
  }
}

const request = { model: "gemini-3.8-flash", contents: "one two three four five six seven eight nine ten" }

interface Ended {
  readonly result: string
  readonly chunks: number
  readonly time: number
  readonly error: GeminiError | undefined
}

/** Runs a call to its end under a clock that somebody has to move. */
const ended = Effect.fnUntraced(function*<R>(
  call: Effect.Effect<number, GeminiError, R>
): Effect.fn.Return<Ended, never, R> {
  const began = yield* Clock.currentTimeMillis
  const fiber = yield* Effect.forkChild(
    Effect.result(call).pipe(
      Effect.flatMap((result) =>
        Effect.map(Clock.currentTimeMillis, (now) => ({
          result: Result.isSuccess(result) ? "ok" : result.failure.reason._tag,
          chunks: Result.isSuccess(result) ? result.success : -1,
          time: now - began,
          error: Result.isSuccess(result) ? undefined : result.failure
        }))
      ),
      fixedJitter
    ),
    { startImmediately: true }
  )
  while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 minute")
  return yield* Fiber.join(fiber)
})

const unary = Effect.flatMap(
  GeminiClient.GeminiClient,
  (gemini) => Effect.as(gemini.generate(request), 1)
)

const stream = Effect.flatMap(
  GeminiClient.GeminiClient,
  (gemini) => Stream.runCount(gemini.generateStream(request))
)

const countTokens = Effect.flatMap(
  GeminiClient.GeminiClient,
  (gemini) => Effect.as(gemini.countTokens(request), 1)
)

const embeddings = Effect.flatMap(
  GeminiClient.GeminiClient,
  (gemini) => Effect.as(gemini.embed({ contents: ["one two three", "four five six"] }), 1)
)

const calls = { unary, "stream start": stream, countTokens, embeddings }

const outcomeOf = Effect.fnUntraced(function*(fault: Fault.Fault, call: typeof unary) {
  const emulator = yield* Emulator.Emulator
  yield* emulator.addFault(fault)
  const end = yield* ended(call)
  const requests = yield* emulator.requests
  return { end, requests, outcome: [requests.length, end.time, end.result] as const }
})

describe.each(Object.entries(table))("%s", (_, row) => {
  it.effect.each(Object.entries(calls))("%s, once", ([, call]) =>
    Effect.gen(function*() {
      const { end, outcome } = yield* outcomeOf({ ...row.fault, when: { times: 1 } }, call)
      assert.deepStrictEqual(outcome, row.once)
      if (end.error !== undefined) assert.strictEqual(end.error.attempts.length, 1)
    }).pipe(Effect.provide(services())))

  it.effect.each(Object.entries(calls))("%s, always", ([, call]) =>
    Effect.gen(function*() {
      const { end, outcome } = yield* outcomeOf(row.fault, call)
      assert.deepStrictEqual(outcome, row.always)
      assert.strictEqual(end.error?.attempts.length, row.always[0])
      assert.deepStrictEqual(
        end.error?.attempts.map((attempt) => attempt.delay === undefined),
        Array.from({ length: row.always[0] }, (_, i) => i === row.always[0] - 1)
      )
      if (row.always[0] > 1) assert.include(end.error?.message, `After ${row.always[0]} attempts.`)
    }).pipe(Effect.provide(services())))

  it.effect("mid-stream: nothing is sent again, and what came first was delivered", () =>
    Effect.gen(function*() {
      const chunks: Array<GeminiClient.StreamChunk> = []
      const { outcome } = yield* outcomeOf(
        row.midStream,
        Effect.flatMap(
          GeminiClient.GeminiClient,
          (gemini) =>
            Effect.as(
              Stream.runForEach(gemini.generateStream(request), (chunk) => Effect.sync(() => chunks.push(chunk))),
              1
            )
        )
      )
      assert.deepStrictEqual(outcome, row.broken)
      assert.isAtLeast(chunks.length, 1)
      assert.isTrue(chunks.every((chunk) => !chunk.finished))
    }).pipe(Effect.provide(services())))
})

describe("RetryInfo of 53.016 s", () => {
  it.effect.each(Object.entries(calls))(
    "%s: no request before, exactly one at that time",
    ([, call]) =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const { fault } = table["429 per minute with RetryInfo"] ?? assert.fail("no such row")
        yield* emulator.addFault({ ...fault, when: { times: 1 } })
        const fiber = yield* Effect.forkChild(call, { startImmediately: true })
        yield* TestClock.adjust("53015 millis")
        assert.strictEqual((yield* emulator.requests).length, 1)
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual((yield* emulator.requests).map((request) => request.time), [0, 53_016])
        yield* Fiber.join(fiber)
      }).pipe(Effect.provide(services()))
  )

  it.effect("a RetryInfo cut to whole seconds, as the server sends it, is not taken for the whole delay", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const violation = {
        metric: "generate_content_free_tier_requests",
        id: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        model: request.model,
        limit: 10
      }
      const { body: { error } } = GoogleError.quotaExceeded([violation], 53.016)
      yield* emulator.addFault({ error, when: { times: 1 } })
      const fiber = yield* Effect.forkChild(unary, { startImmediately: true })
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual((yield* emulator.requests).map((request) => request.time), [0, 53_016])
    }).pipe(Effect.provide(services())))
})
