/**
 * What a call does about every refusal, as a table that was filled in before it was run:
 * requests that the server sees, when the call ends by the clock, and how it ends. One for
 * a client on its own; `MembersTable.test.ts` has the columns of several members.
 *
 * Jitter is fixed (Random gives 1/2), so a backoff is three quarters of its full length:
 * 750 ms, then 1.5 s.
 */
import type * as Fault from "effect-gemini-emulator/Fault"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

export const timeouts = { attempt: "5 seconds", firstByte: "5 seconds", idle: "5 seconds" } as const

const fixedJitter = Effect.provideService(Random.Random, {
  nextDoubleUnsafe: () => 0.5,
  nextIntUnsafe: () => 0
})

export const retryInfo = (retryDelay: string) => ({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay })
export const quotaFailure = (quotaId: string) => ({
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: [{ quotaMetric: "generativelanguage.googleapis.com/requests", quotaId, quotaValue: "10" }]
})

/** Requests, milliseconds until the end, and the end itself: `ok` or the error's reason. */
export type Outcome = readonly [requests: number, time: number, result: string]

export interface Row {
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

export const table: Readonly<Record<string, Row>> = {
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

export const request = { model: "gemini-3.8-flash", contents: "one two three four five six seven eight nine ten" }

export interface Ended {
  readonly result: string
  readonly chunks: number
  readonly time: number
  readonly error: GeminiError | undefined
}

/** Runs a call to its end under a clock that somebody has to move; in small steps where fibers talk to each other. */
export const ended = Effect.fnUntraced(function*<R>(
  call: Effect.Effect<number, GeminiError, R>,
  step: Duration.Input = "1 minute"
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
  while (fiber.pollUnsafe() === undefined) {
    for (let i = 0; i < 20; i++) yield* Effect.yieldNow
    yield* TestClock.adjust(step)
  }
  return yield* Fiber.join(fiber)
})

export const unary = Effect.flatMap(
  GeminiClient.GeminiClient,
  (gemini) => Effect.as(gemini.generate(request), 1)
)

export const stream = Effect.flatMap(
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

export const calls = { unary, "stream start": stream, countTokens, embeddings }
