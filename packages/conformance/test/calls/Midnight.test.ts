/**
 * The quota of a day by a server whose clock is not ours, across the midnight at which it turns. The server is its own
 * oracle: it counts what it answers by its own day.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { pass } from "../members/simulation.ts"

const model = "gemini-2.5-flash"
const midnight = Date.UTC(2026, 5, 2, 7)
const minute = 60_000
/** How many requests the server answers in a day, and how many the client sends at once at most. */
const rpd = 50
const concurrency = 5

const answer = {
  candidates: [{ content: { role: "model", parts: [{ text: "ok" }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  modelVersion: model
}
const spent = (retryDelay: string | undefined) => ({
  error: {
    code: 429,
    status: "RESOURCE_EXHAUSTED",
    message: "spent",
    details: [
      {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier", quotaValue: String(rpd) }]
      },
      ...(retryDelay === undefined ? [] : [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay }])
    ]
  }
})

interface Case {
  /** By how many milliseconds our clock is ahead of the server's. */
  readonly ahead: number
  readonly saysDate: boolean
  readonly retryDelay: string | undefined
  /** How long after its midnight the server gives the quota back. */
  readonly late?: number
}

/** What the server did in its new day, of which the one before is spent. */
interface Counts {
  answered: number
  refused: number
  /** When it answered first. */
  first: number | undefined
}

const serve = ({ ahead, late = 0, retryDelay, saysDate }: Case, counts: Counts) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.gen(function*() {
        yield* Effect.sleep(15)
        const now = (yield* Clock.currentTimeMillis) - ahead
        const isNew = now >= midnight + late && counts.answered < rpd
        if (isNew) {
          counts.answered++
          counts.first ??= now
        } else if (now > midnight - minute) counts.refused++
        yield* Effect.sleep(50)
        return HttpClientResponse.fromWeb(
          request,
          new Response(JSON.stringify(isNew ? answer : spent(retryDelay)), {
            status: isNew ? 200 : 429,
            headers: {
              "content-type": "application/json",
              ...(saysDate ? { date: new Date(now).toUTCString() } : {})
            }
          })
        )
      })
    )
  )

/** Callers that wait for the day, from five minutes before its midnight until ten minutes after. */
const across = (what: Case): Effect.Effect<Counts> => {
  const counts: Counts = { answered: 0, refused: 0, first: undefined }
  const limits = { rpm: 60, tpm: Infinity, rpd, concurrency }
  return Effect.gen(function*() {
    yield* TestClock.setTime(midnight - 5 * minute)
    const gemini = yield* GeminiClient.GeminiClient
    const call = Effect.exit(gemini.generate({ contents: "x" }, { whenExhausted: "wait" }))
    const callers = yield* Effect.forkChild(
      Effect.forEach(Array.from({ length: 200 }), () => call, { concurrency: 10, discard: true }),
      { startImmediately: true }
    )
    yield* pass("15 minutes", "1 second")
    yield* Fiber.interrupt(callers)
    return counts
  }).pipe(
    Effect.provide(
      GeminiClient.layer({ apiKey: Redacted.make("key"), defaultModel: model, limits: { [model]: limits } }).pipe(
        Layer.provide(serve(what, counts))
      )
    )
  )
}

describe("a day that others have spent", () => {
  const clocks = [0, 20, 1_000, 5_000, 59_000].flatMap((ahead) =>
    [true, false].flatMap((saysDate) => ["20s", undefined].map((retryDelay): Case => ({ ahead, saysDate, retryDelay })))
  )
  it.effect.each(clocks)("is used again when the server gives it back: %o", (what) =>
    Effect.gen(function*() {
      const { answered, first = Infinity, refused } = yield* across(what)
      // What was refused before is counted, too, because nobody says that it was not.
      assert.isAtLeast(answered, rpd - refused)
      // Where the server says its time, it is asked when its day begins; else it is asked once a minute, or as it says.
      assert.isAtMost(refused, what.saysDate ? 2 * concurrency : 4 * concurrency)
      assert.isAtMost(first - midnight, what.saysDate ? 3_000 : minute + 1_000)
    }), { timeout: 60_000 })

  it.effect.each([true, false])("that comes back late is used, too (Date: %o)", (saysDate) =>
    Effect.gen(function*() {
      const late = 2 * minute
      const { answered, first = Infinity, refused } = yield* across({ ahead: 0, saysDate, retryDelay: "20s", late })
      assert.isAtMost(first - midnight, late + 21_000)
      assert.isAtLeast(answered, rpd - refused)
    }), { timeout: 60_000 })
})
