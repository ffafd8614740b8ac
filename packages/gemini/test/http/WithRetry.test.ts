import { assert, describe, it } from "@effect/vitest"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const request = { model: "gemini-3.8-flash", contents: [{ role: "user", parts: [{ text: "Hi" }] }] }
const answer = JSON.stringify({ candidates: [{ content: { parts: [{ text: "a" }] }, finishReason: "STOP" }] })
const unfinished = JSON.stringify({ candidates: [{ content: { parts: [{ text: "a" }] } }] })
const refusal = (code: number, retryDelay?: string): [body: string, status: number] => [
  JSON.stringify({
    error: {
      code,
      ...(retryDelay === undefined
        ? {}
        : { details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay }] })
    }
  }),
  code
]

/** Answers the requests in order, and counts them. */
const make = Effect.fnUntraced(function*(answers: ReadonlyArray<[body: string, status: number]>) {
  const seen = { requests: 0 }
  const client = HttpClient.make((sent) =>
    Effect.sync(() => {
      const [body, status] = answers[seen.requests++] ?? ["", 500]
      return HttpClientResponse.fromWeb(sent, new Response(body, { status }))
    })
  )
  const http = yield* GeminiHttp.make({ apiKey: Redacted.make("k") }).pipe(
    Effect.provideService(HttpClient.HttpClient, client)
  )
  return { http: GeminiHttp.withRetry({ attempts: 3 })(http), seen }
})

const settle = Effect.promise(() => new Promise<void>((resume) => void setImmediate(resume)))
const pass = (input: Duration.Input) => Effect.andThen(settle, Effect.andThen(TestClock.adjust(input), settle))

describe("withRetry, for users of the bare transport", () => {
  it.effect("waits exactly as long as the server asks, then calls once more", () =>
    Effect.gen(function*() {
      const { http, seen } = yield* make([refusal(429, "53.016s"), [answer, 200]])
      const fiber = yield* Effect.forkChild(http.generateContent(request))
      yield* pass("53015 millis")
      assert.strictEqual(seen.requests, 1)
      yield* pass("1 millis")
      assert.strictEqual(seen.requests, 2)
      assert.deepStrictEqual<unknown>(yield* Fiber.join(fiber), JSON.parse(answer))
    }))

  it.effect("gives up after the last attempt and names them all", () =>
    Effect.gen(function*() {
      const { http, seen } = yield* make([refusal(503), refusal(500), refusal(503)])
      const fiber = yield* Effect.forkChild(Effect.flip(http.countTokens(request)))
      for (let i = 0; i < 4; i++) yield* pass("1 minute")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(seen.requests, 3)
      assert.deepStrictEqual(error.attempts.map(({ reason, status }) => [status, reason]), [
        [503, "Overloaded"],
        [500, "ServerError"],
        [503, "Overloaded"]
      ])
      assert.deepStrictEqual(error.attempts.map(({ delay }) => delay !== undefined), [true, true, false])
    }))

  it.effect("does not repeat what cannot succeed", () =>
    Effect.gen(function*() {
      const { http, seen } = yield* make([refusal(404), [answer, 200]])
      const error = yield* Effect.flip(http.generateContent(request))
      assert.strictEqual(error.reason._tag, "NotFound")
      assert.strictEqual(seen.requests, 1)
    }))

  it.effect("a stream is tried again before its first chunk", () =>
    Effect.gen(function*() {
      const { http, seen } = yield* make([refusal(503), ["", 200], [`data: ${answer}\n\n`, 200]])
      const fiber = yield* Effect.forkChild(Stream.runCollect(http.generateContentStream(request)))
      for (let i = 0; i < 3; i++) yield* pass("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).length, 1)
      assert.strictEqual(seen.requests, 3)
    }))

  it.effect("a stream is never tried again after a chunk was emitted", () =>
    Effect.gen(function*() {
      const { http, seen } = yield* make([[`data: ${unfinished}\n\n`, 200], [`data: ${answer}\n\n`, 200]])
      let chunks = 0
      const error = yield* http.generateContentStream(request).pipe(
        Stream.runForEach(() => Effect.sync(() => void chunks++)),
        Effect.flip
      )
      assert.strictEqual(error.reason._tag, "StreamInterrupted")
      assert.deepStrictEqual([chunks, seen.requests, error.attempts.length], [1, 1, 1])
    }))
})
