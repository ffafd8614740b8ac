/** What one call can ask for, and what it never does. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type { CallEvent } from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import { GeminiError } from "effect-gemini/GeminiError"
import * as LiveTransport from "effect-gemini/live/LiveTransport"
import * as RateLimiter from "effect-gemini/RateLimiter"
import type * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

type Options = Parameters<typeof GeminiClient.layer>[0]

const apiKey = Redacted.make("test-key")
const model = "gemini-3.8-flash"
const request = { model, contents: "one two three four five six seven eight nine ten" }

const services = (options: Options = {}, emulator: Emulator.Options = {}) =>
  GeminiClient.layer({ apiKey, tier: "tier3", ...options }).pipe(
    Layer.provideMerge(Emulator.layerHttpClient(emulator))
  )

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const lane = Effect.flatMap(RateLimiter.RateLimiter, (limiter) => Effect.map(limiter.snapshot, (lanes) => lanes[0]))

const retryInfo = (code: number, retryDelay: string) => ({
  error: { code, details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay }] }
})

const dailyQuota = {
  error: {
    code: 429,
    details: [{
      "@type": "type.googleapis.com/google.rpc.QuotaFailure",
      violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier", quotaValue: "20" }]
    }]
  }
}

const finished = (finishReason: string, text = "half") => ({
  response: {
    candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason, index: 0 }],
    usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 1, totalTokenCount: 8 },
    modelVersion: model
  }
})

describe("deadlines", () => {
  it.effect("total covers attempts and backoffs, and the error tells of all attempts", () =>
    Effect.gen(function*() {
      const { addFault, requests } = yield* Emulator.Emulator
      yield* addFault({ status: 503, delay: 400, when: { times: 1 } }, { halfOpen: true })
      const gemini = yield* GeminiClient.GeminiClient
      const fiber = yield* start(Effect.flip(gemini.generate(request, { timeouts: { total: "5 seconds" } })))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error.reason, { _tag: "TimedOut", phase: "total" })
      assert.deepStrictEqual(error.attempts.map(({ reason, status }) => ({ reason, status })), [
        { reason: "Overloaded", status: 503 },
        { reason: "TimedOut", status: undefined }
      ])
      assert.deepStrictEqual((yield* requests).map((entry) => entry.outcome), ["complete", "aborted"])
    }).pipe(Effect.provide(services())))

  it.effect("total covers the wait for quota", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      yield* gemini.generate(request)
      const fiber = yield* start(Effect.flip(gemini.generate(request)))
      yield* TestClock.adjust("20 seconds")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error.reason, { _tag: "TimedOut", phase: "total" })
      assert.deepStrictEqual(error.attempts, [])
      assert.strictEqual((yield* lane)?.waiting, 0)
    }).pipe(Effect.provide(services({ limits: { [model]: { rpm: 1 } }, timeouts: { total: "20 seconds" } }))))

  it.effect("total covers a stream to its last chunk", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const texts: Array<string> = []
      const fiber = yield* start(Effect.flip(Stream.runForEach(
        gemini.generateStream(request, { timeouts: { total: "25 seconds" } }),
        (chunk) => Effect.sync(() => texts.push(chunk.text))
      )))
      yield* TestClock.adjust("25 seconds")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error.reason, { _tag: "TimedOut", phase: "total" })
      assert.isAtLeast(texts.length, 1)
      assert.strictEqual((yield* lane)?.used.inFlight, 0)
    }).pipe(Effect.provide(services({}, { chunkDelay: 10_000 }))))

  it.effect("a delay that the total deadline does not allow fails at once, and says when to come back", () =>
    Effect.gen(function*() {
      yield* (yield* Emulator.Emulator).addFault(retryInfo(429, "39s"))
      const gemini = yield* GeminiClient.GeminiClient
      const error = yield* Effect.flip(gemini.generate(request, { timeouts: { total: "30 seconds" } }))
      assert.strictEqual(error.reason._tag, "RateLimited")
      assert.deepStrictEqual(error.retryAfter, Duration.seconds(39))
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    }).pipe(Effect.provide(services())))
})

describe("retry", () => {
  it.effect("a call's own policy wins over the client's, setting by setting", () =>
    Effect.gen(function*() {
      const { addFault, requests } = yield* Emulator.Emulator
      yield* addFault({ status: 503 })
      const gemini = yield* GeminiClient.GeminiClient
      yield* Effect.flip(gemini.generate(request, { retry: { attempts: 1 } }))
      assert.strictEqual((yield* requests).length, 1)
      const fiber = yield* start(Effect.flip(gemini.generate(request, { retry: { attempts: 5 } })))
      yield* TestClock.adjust("400 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).attempts.length, 5)
    }).pipe(Effect.provide(services({ retry: { attempts: 2, baseDelay: "100 millis", factor: 1 } }))))

  it.effect("a backoff holds no permit: another call goes out meanwhile", () =>
    Effect.gen(function*() {
      const { addFault } = yield* Emulator.Emulator
      yield* addFault({ ...retryInfo(503, "30s"), when: { times: 1 } })
      const gemini = yield* GeminiClient.GeminiClient
      const fiber = yield* start(gemini.generate(request))
      assert.strictEqual((yield* lane)?.used.inFlight, 0)
      assert.include((yield* gemini.generate(request)).text, "one two three")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).attempts.length, 2)
    }).pipe(Effect.provide(services({ limits: { [model]: { concurrency: 1 } } }))))

  it.effect("interrupting a call in its backoff ends it at once, and nothing is sent later", () =>
    Effect.gen(function*() {
      const { addFault, requests } = yield* Emulator.Emulator
      yield* addFault(retryInfo(503, "30s"))
      const gemini = yield* GeminiClient.GeminiClient
      const fibers = [
        yield* start(gemini.generate(request)),
        yield* start(Stream.runDrain(gemini.generateStream(request)))
      ]
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* requests).length, 2)
    }).pipe(Effect.provide(services())))

  it.effect("a stream that ends before its first chunk is asked for again, one that began is not", () =>
    Effect.gen(function*() {
      const { addFault, requests } = yield* Emulator.Emulator
      yield* addFault({ cut: { chunks: 0 }, when: { times: 1 } }, { cut: { chunks: 1, clean: true } })
      const gemini = yield* GeminiClient.GeminiClient
      const texts: Array<string> = []
      const fiber = yield* start(Effect.flip(
        Stream.runForEach(gemini.generateStream(request), (chunk) => Effect.sync(() => texts.push(chunk.text)))
      ))
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "StreamInterrupted")
      assert.deepStrictEqual(error.attempts.map(({ reason }) => reason), ["Network", "StreamInterrupted"])
      assert.isAtLeast(texts.length, 1)
      assert.strictEqual((yield* requests).length, 2)
    }).pipe(Effect.provide(services())))

  it.effect("an answer after retries tells of every attempt", () =>
    Effect.gen(function*() {
      const { addFault } = yield* Emulator.Emulator
      yield* addFault({ ...retryInfo(503, "2s"), when: { times: 1 } })
      const gemini = yield* GeminiClient.GeminiClient
      const fiber = yield* start(gemini.generate(request))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual((yield* Fiber.join(fiber)).attempts, [
        { model, status: 503, reason: "Overloaded", delay: Duration.seconds(2) },
        { model, status: 200 }
      ])
    }).pipe(Effect.provide(services())))

  it.effect("a rejected tool call is asked for again only by those who opted in", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue(finished("MALFORMED_FUNCTION_CALL"), finished("MALFORMED_FUNCTION_CALL"), "fine")
      const gemini = yield* GeminiClient.GeminiClient
      const error = yield* Effect.flip(gemini.generate(request))
      assert.strictEqual(error.reason._tag, "ToolCallRejected")
      assert.strictEqual(error.usage?.promptTokens, 7)
      const fiber = yield* start(gemini.generate(request, { retry: { toolCalls: true } }))
      yield* TestClock.adjust("1 second")
      const answer = yield* Fiber.join(fiber)
      assert.strictEqual(answer.text, "fine")
      assert.deepStrictEqual(answer.attempts.map(({ reason }) => reason), ["ToolCallRejected", undefined])
    }).pipe(Effect.provide(services())))
})

describe("quota", () => {
  it.effect("observe tells of waits for quota and of retries", () =>
    Effect.gen(function*() {
      yield* (yield* Emulator.Emulator).addFault({ ...retryInfo(503, "3s"), when: { times: 1 } })
      const gemini = yield* GeminiClient.GeminiClient
      const events: Array<CallEvent> = []
      const observe = (event: CallEvent) => Effect.sync(() => void events.push(event))
      const fiber = yield* start(gemini.generate(request, { observe }))
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(events.map((event) => event._tag), ["Retrying", "Waiting"])
      const [retrying, waiting] = events
      assert.isTrue(retrying?._tag === "Retrying" && retrying.attempt === 1 && Duration.toSeconds(retrying.delay) === 3)
      assert.isTrue(waiting?._tag === "Waiting" && waiting.lane.quotaModel === model && waiting.until === 60_060)
    }).pipe(Effect.provide(services({ limits: { [model]: { rpm: 1 } } }))))

  it.effect("interactive calls go before batch calls that came first", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      yield* gemini.generate(request)
      const order: Array<string> = []
      const call = (name: string, priority?: "batch") =>
        start(Effect.tap(gemini.generate(request, { priority }), () => Effect.sync(() => order.push(name))))
      yield* call("batch", "batch")
      yield* call("interactive")
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(order, ["interactive", "batch"])
    }).pipe(Effect.provide(services({ limits: { [model]: { rpm: 1 } } }))))

  it.effect("maxQueue and maxWait are refusals of our own: never tried again, and no attempt", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      yield* gemini.generate(request)
      const waiting = yield* start(gemini.generate(request))
      const full = yield* Effect.flip(gemini.generate(request, { maxQueue: 1 }))
      assert.strictEqual(full.reason._tag, "LimiterFull")
      assert.deepStrictEqual(full.attempts, [])
      const late = yield* start(Effect.flip(gemini.generate(request, { maxWait: "1 second" })))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(late)).reason._tag, "RateLimited")
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(waiting)
      assert.strictEqual((yield* (yield* Emulator.Emulator).requests).length, 2)
    }).pipe(Effect.provide(services({ limits: { [model]: { rpm: 1 } } }))))

  it.effect("a spent day fails with its reset time, and parks the lane for the next call", () =>
    Effect.gen(function*() {
      const { addFault, requests } = yield* Emulator.Emulator
      yield* addFault({ ...dailyQuota, when: { times: 1 } })
      const gemini = yield* GeminiClient.GeminiClient
      const error = yield* Effect.flip(gemini.generate(request))
      // The test's clock begins at the epoch, 16:00 in Los Angeles: midnight is 8 hours away.
      assert.deepInclude(error.reason, { _tag: "QuotaExhausted", resetAt: 8 * 3_600_000 })
      const next = yield* Effect.flip(gemini.generate(request))
      assert.strictEqual(next.reason._tag, "QuotaExhausted")
      assert.strictEqual((yield* requests).length, 1)
    }).pipe(Effect.provide(services())))

  it.effect("whenExhausted wait: the call waits for the new day and is answered", () =>
    Effect.gen(function*() {
      const { addFault, requests } = yield* Emulator.Emulator
      yield* addFault({ ...dailyQuota, when: { times: 1 } })
      const gemini = yield* GeminiClient.GeminiClient
      const fiber = yield* start(gemini.generate(request, { whenExhausted: "wait" }))
      yield* TestClock.adjust("8 hours")
      assert.strictEqual((yield* Fiber.join(fiber)).attempts.length, 2)
      assert.deepStrictEqual((yield* requests).map((entry) => entry.time), [0, 8 * 3_600_000])
    }).pipe(Effect.provide(services())))

  it.effect("a missing key is a typed error, before anything is counted", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const error = yield* Effect.flip(gemini.generate(request))
      assert.strictEqual(error.reason._tag, "MissingApiKey")
      assert.deepStrictEqual(error.attempts, [])
      yield* Effect.flip(Stream.runDrain(gemini.generateStream(request)))
      assert.strictEqual((yield* lane)?.used.requests, 0)
    }).pipe(Effect.provide(services({ apiKey: undefined }))))

  it.effect("an alias and its target share a lane, and limits of either name hold", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      yield* gemini.generate({ ...request, model: "gemini-flash-latest" })
      const second = yield* start(gemini.generate(request))
      assert.strictEqual((yield* lane)?.waiting, 1)
      const snapshot = yield* (yield* RateLimiter.RateLimiter).snapshot
      assert.deepStrictEqual(snapshot.map(({ lane, limits }) => [lane.quotaModel, limits.rpm]), [[model, 1]])
      yield* Fiber.interrupt(second)
    }).pipe(Effect.provide(services({ limits: { [`models/${model}`]: { rpm: 1 } } }))))

  it.effect("an alias follows the modelVersion of an answer, any name the model that a 429 names", () =>
    Effect.gen(function*() {
      const { addFault, enqueue } = yield* Emulator.Emulator
      const { response } = finished("STOP")
      const answer = { response: { ...response, modelVersion: "gemini-3.9-flash" } }
      yield* enqueue(answer, answer)
      const gemini = yield* GeminiClient.GeminiClient
      const lanes = Effect.flatMap(
        RateLimiter.RateLimiter,
        (limiter) =>
          Effect.map(limiter.snapshot, (lanes) => lanes.map(({ lane, used }) => [lane.quotaModel, used.requests]))
      )
      yield* gemini.generate({ ...request, model: "gemini-flash-latest" })
      // The server counted it for the model that answered: it counts in that lane too.
      assert.deepStrictEqual(yield* lanes, [[model, 1], ["gemini-3.9-flash", 1]])
      yield* gemini.generate({ ...request, model: "gemini-flash-latest" })
      assert.deepStrictEqual(yield* lanes, [[model, 1], ["gemini-3.9-flash", 2]])
      const violations = [{ quotaId: "PerMinute", quotaDimensions: { model: "gemini-2.5-flash" } }]
      yield* addFault({
        error: { code: 429, details: [{ "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations }] },
        when: { times: 1 }
      })
      yield* Effect.flip(gemini.generate({ ...request, model: "gemini-2.5-flash-001" }, { retry: { attempts: 1 } }))
      const parked = (yield* (yield* RateLimiter.RateLimiter).snapshot).filter((lane) => lane.parkedUntil !== undefined)
      assert.deepStrictEqual(parked.map(({ lane }) => lane.quotaModel), ["gemini-2.5-flash"])
    }).pipe(Effect.provide(services())))

  describe("a 429 that names another model", () => {
    const own = "gemini-2.5-flash"
    const other = "gemini-2.5-pro"
    const naming = (quotaId: string, named: string, retryDelay?: string) => ({
      error: {
        code: 429,
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            violations: [{ quotaId, quotaValue: "5", quotaDimensions: { model: named } }]
          },
          ...(retryDelay === undefined ? [] : [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay }])
        ]
      },
      when: { times: 1 }
    })
    const call = Effect.flatMap(
      GeminiClient.GeminiClient,
      (gemini) => Effect.result(gemini.generate({ contents: "Hi", model: own }, { retry: { attempts: 1 } }))
    )
    const used = Effect.map(
      Effect.flatMap(RateLimiter.RateLimiter, (limiter) => limiter.snapshot),
      (lanes) => Object.fromEntries(lanes.map(({ lane, used }) => [lane.quotaModel, used.requests]))
    )
    const parked = Effect.map(
      Effect.flatMap(RateLimiter.RateLimiter, (limiter) => limiter.snapshot),
      (lanes) => lanes.flatMap(({ lane, parkedUntil }) => parkedUntil === undefined ? [] : [lane.quotaModel])
    )
    const tier = services({ limits: { [other]: { rpm: 5 } } })

    it.effect("for the day parks that model, and this one for the wait that it asks for", () =>
      Effect.gen(function*() {
        yield* (yield* Emulator.Emulator).addFault(naming("PerDay", other, "20s"))
        assert.strictEqual((yield* call)._tag, "Failure")
        assert.deepStrictEqual(yield* parked, [other])
        yield* TestClock.adjust("19999 millis")
        assert.strictEqual((yield* call)._tag, "Failure")
        yield* TestClock.adjust("1 milli")
        assert.strictEqual((yield* call)._tag, "Success")
        // The day of the other model is spent all the same.
        assert.deepStrictEqual(yield* parked, [other])
      }).pipe(Effect.provide(tier)))

    it.effect("for the minute leaves this one its own limits afterwards, a minute later if it asks for no wait", () =>
      Effect.gen(function*() {
        yield* (yield* Emulator.Emulator).addFault(naming("PerMinute", other))
        assert.strictEqual((yield* call)._tag, "Failure")
        yield* TestClock.adjust("1 minute")
        const before = (yield* used)[own] ?? 0
        // The other model takes five a minute.
        for (let n = 0; n < 20; n++) assert.strictEqual((yield* call)._tag, "Success")
        assert.strictEqual((yield* used)[own], before + 20)
      }).pipe(Effect.provide(tier)))

    it.effect("moves nothing for good, and one that names this model again ends it", () =>
      Effect.gen(function*() {
        const { addFault } = yield* Emulator.Emulator
        yield* addFault(naming("PerMinute", other, "60s"))
        yield* call
        yield* addFault(naming("PerMinute", own, "0.5s"))
        const fiber = yield* start(call)
        yield* TestClock.adjust("61 seconds")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "Failure")
        yield* TestClock.adjust("500 millis")
        const before = (yield* used)[own] ?? 0
        assert.strictEqual((yield* call)._tag, "Success")
        assert.strictEqual((yield* used)[own], before + 1)
      }).pipe(Effect.provide(tier)))
  })

  it.effect("a stream that is not read to its end gives its concurrency back at once", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const first = yield* Stream.runHead(gemini.generateStream(request))
      assert.strictEqual(first._tag, "Some")
      assert.strictEqual((yield* lane)?.used.inFlight, 0)
      yield* (yield* Emulator.Emulator).awaitClosed(1)
      assert.strictEqual((yield* (yield* Emulator.Emulator).requests)[0]?.outcome, "aborted")
    }).pipe(Effect.provide(services())))

  it.effect("a stream settles its permit with the server's count", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue(finished("STOP"))
      const gemini = yield* GeminiClient.GeminiClient
      yield* Stream.runDrain(gemini.generateStream({ model, contents: "x".repeat(4_000) }))
      assert.strictEqual((yield* lane)?.used.tokens, 7)
    }).pipe(Effect.provide(services())))
})

describe("finishes", () => {
  it.effect.each(["SAFETY", "IMAGE_SAFETY", "NO_IMAGE", "RECITATION"])(
    "%s: an error with usage, unary",
    (reason) =>
      Effect.gen(function*() {
        yield* (yield* Emulator.Emulator).enqueue(finished(reason))
        const error = yield* Effect.flip((yield* GeminiClient.GeminiClient).generate(request))
        assert.deepInclude(error.reason, { _tag: "ResponseBlocked", finishReason: reason })
        assert.strictEqual(error.usage?.totalTokens, 8)
        assert.strictEqual(error.attempts.length, 1)
      }).pipe(Effect.provide(services()))
  )

  it.effect("a stream that ends abnormally delivers its chunks, then fails, and is not asked for again", () =>
    Effect.gen(function*() {
      const { enqueue, requests } = yield* Emulator.Emulator
      yield* enqueue({ chunks: ["one ", "two ", finished("SAFETY", "three").response] })
      const gemini = yield* GeminiClient.GeminiClient
      const chunks: Array<GeminiClient.StreamChunk> = []
      const error = yield* Effect.flip(
        Stream.runForEach(gemini.generateStream(request), (chunk) => Effect.sync(() => chunks.push(chunk)))
      )
      assert.strictEqual(chunks.map((chunk) => chunk.text).join(""), "one two three")
      assert.isTrue(chunks.every((chunk) => !chunk.finished))
      assert.deepInclude(error.reason, { _tag: "ResponseBlocked", finishReason: "SAFETY" })
      assert.strictEqual(error.usage?.totalTokens, 8)
      assert.strictEqual((yield* requests).length, 1)
    }).pipe(Effect.provide(services())))

  it.effect("MAX_TOKENS is a normal finish", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue(finished("MAX_TOKENS"), finished("MAX_TOKENS"))
      const gemini = yield* GeminiClient.GeminiClient
      assert.strictEqual((yield* gemini.generate(request)).finishReason, "MAX_TOKENS")
      const chunks = yield* Stream.runCollect(gemini.generateStream(request))
      assert.deepInclude(chunks.at(-1), { finished: true, finishReason: "MAX_TOKENS" })
    }).pipe(Effect.provide(services())))
})

const liveResponse = (text: string): GenerateContent.GenerateContentResponse => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }]
})

const fakeLive = Layer.succeed(LiveTransport.LiveTransport, {
  generateContent: ({ model }) => Effect.succeed(liveResponse(`live ${model}`)),
  generateContentStream: ({ model }) => Stream.make(liveResponse(`live ${model}`))
})

const liveModel = "gemini-3.1-flash-live-preview"

describe("routing", () => {
  it.effect("a model that has only the Live API goes over Live, others only if asked to", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      assert.strictEqual((yield* gemini.generate({ ...request, model: liveModel })).text, `live ${liveModel}`)
      assert.include((yield* gemini.generate(request)).text, "one two three")
      assert.strictEqual((yield* gemini.generate(request, { transport: "live" })).text, `live ${model}`)
      const chunks = yield* Stream.runCollect(gemini.generateStream({ ...request, model: liveModel }))
      assert.deepStrictEqual(chunks.map(({ finished, text }) => ({ finished, text })), [
        { finished: true, text: `live ${liveModel}` }
      ])
    }).pipe(Effect.provide(services().pipe(Layer.provide(fakeLive)))))

  it.effect("without a LiveTransport such a model is LiveNotProvided, and nothing is sent", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const error = yield* Effect.flip(gemini.generate({ ...request, model: liveModel }))
      assert.strictEqual(error.reason._tag, "LiveNotProvided")
      assert.strictEqual((yield* (yield* Emulator.Emulator).requests).length, 0)
    }).pipe(Effect.provide(services())))

  it.effect("asked over HTTP all the same, its 404 names the way that it goes", () =>
    Effect.gen(function*() {
      yield* (yield* Emulator.Emulator).addFault({ status: 404 })
      const gemini = yield* GeminiClient.GeminiClient
      const error = yield* Effect.flip(gemini.generate({ ...request, model: liveModel }, { transport: "http" }))
      assert.strictEqual(error.reason._tag, "NotFound")
      assert.include(error.message, "This model speaks the Live API")
      const other = yield* Effect.flip(gemini.generate({ ...request, model: "gemini-0" }))
      assert.notInclude(other.message, "Live")
    }).pipe(Effect.provide(services())))
})

describe("options", () => {
  it.effect.each<[string, Options]>([
    ["defaultModel", { defaultModel: "not a model" }],
    ["retry.attempts", { retry: { attempts: -1 } }],
    ["retry.baseDelay", { retry: { baseDelay: -5 } }],
    ["timeouts.total", { timeouts: { total: Number.NaN } }],
    ["timeouts.idle", { timeouts: { idle: "-1 seconds" } }],
    ["drain", { drain: -1 }],
    ["baseUrl", { baseUrl: "generativelanguage.googleapis.com" }]
  ])("what cannot be meant is named: %s", ([field, options]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* GeminiClient.GeminiClient).generate({ contents: "Hi" }))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.include(error.message, field)
    }).pipe(Effect.provide(services(options))))

  it.effect("the options of one call as well", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const error = yield* Effect.flip(gemini.generate(request, { retry: { attempts: 0 } }))
      assert.include(error.message, "retry.attempts: expected a whole number of at least 1, got 0 (number)")
      const limits = yield* Effect.flip(gemini.generate(request, { limits: { rpm: -1 } }))
      assert.include(limits.message, "limits.rpm: expected a whole number of at least 0")
      const wait = yield* Effect.flip(gemini.generate(request, { maxWait: -1 }))
      assert.include(wait.message, "maxWait: expected a duration")
      assert.strictEqual((yield* (yield* Emulator.Emulator).requests).length, 0)
    }).pipe(Effect.provide(services())))
})

describe("plain TypeScript", () => {
  it.effect("a ManagedRuntime's promises reject with the GeminiError itself", () =>
    Effect.promise(async () => {
      const runtime = ManagedRuntime.make(services({}, { faults: [{ status: 403 }] }))
      const rejection: unknown = await runtime.runPromise(
        GeminiClient.GeminiClient.use((gemini) => gemini.generate(request))
      ).then(() => undefined, (error: unknown) => error)
      await runtime.dispose()
      assert.instanceOf(rejection, GeminiError)
      assert.strictEqual(rejection instanceof GeminiError ? rejection.reason._tag : "", "Unauthenticated")
    }))

  it.effect("an aborted signal interrupts the call", () =>
    Effect.promise(async () => {
      const runtime = ManagedRuntime.make(services({}, { faults: [{ halfOpen: true }] }))
      const controller = new AbortController()
      const exit = runtime.runPromiseExit(
        GeminiClient.GeminiClient.use((gemini) => gemini.generate(request)),
        { signal: controller.signal }
      )
      await runtime.runPromise(Effect.flatMap(Emulator.Emulator, (emulator) => emulator.awaitRequests(1)))
      controller.abort()
      assert.isTrue(Exit.hasInterrupts(await exit))
      await runtime.dispose()
    }))
})

describe("countTokens, embeddings and the list of models", () => {
  it.effect("countTokens counts instructions and tools too, on a lane of its own", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const { requests } = yield* Emulator.Emulator
      const short = yield* gemini.countTokens({ contents: "one two three" })
      const long = yield* gemini.countTokens({ contents: "one two three", systemInstruction: "four five six seven" })
      assert.isAbove(long.totalTokens, short.totalTokens)
      const [first, second] = yield* requests
      assert.deepStrictEqual(first?.body, { contents: [{ role: "user", parts: [{ text: "one two three" }] }] })
      assert.deepNestedInclude(second?.body, { "generateContentRequest.model": `models/${model}` })
      const snapshot = yield* (yield* RateLimiter.RateLimiter).snapshot
      assert.deepStrictEqual(snapshot.map(({ lane, used }) => [lane.family, used.requests]), [["count", 2]])
    }).pipe(Effect.provide(services({ defaultModel: model }))))

  it.effect("texts and contents become vectors in one request, in order, on a lane of their own", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const { requests } = yield* Emulator.Emulator
      const one = yield* gemini.embed({ contents: "alpha" })
      const three = yield* gemini.embed({
        contents: ["beta", { parts: [{ text: "alpha" }] }, "gamma"],
        taskType: "RETRIEVAL_DOCUMENT"
      })
      assert.strictEqual(one.vectors.length, 1)
      assert.strictEqual(three.vectors.length, 3)
      assert.strictEqual(three.model, "gemini-embedding-001")
      const [, second] = yield* requests
      assert.strictEqual(second?.apiMethod, "batchEmbedContents")
      assert.deepNestedInclude(second?.body, {
        "requests[1].content.parts[0].text": "alpha",
        "requests[2].taskType": "RETRIEVAL_DOCUMENT"
      })
      const snapshot = yield* (yield* RateLimiter.RateLimiter).snapshot
      assert.deepStrictEqual(snapshot.map(({ lane }) => [lane.family, lane.quotaModel]), [
        ["embed", "gemini-embedding-001"]
      ])
    }).pipe(Effect.provide(services())))

  it.effect("parts are one content to embed, as everywhere; contents are one vector each", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const { requests } = yield* Emulator.Emulator
      const parts = yield* gemini.embed({ contents: [{ text: "alpha" }, { text: "beta" }] })
      const contents = yield* gemini.embed({ contents: [{ parts: [{ text: "a" }] }, { parts: [{ text: "b" }] }] })
      assert.deepStrictEqual([parts.vectors.length, contents.vectors.length], [1, 2])
      const [first] = yield* requests
      assert.deepNestedInclude(first?.body, { "requests[0].content.parts[1].text": "beta" })
    }).pipe(Effect.provide(services())))

  it.effect("the list of models is retried and waits for no quota", () =>
    Effect.gen(function*() {
      yield* (yield* Emulator.Emulator).addFault({ status: 503, when: { times: 1 } })
      const gemini = yield* GeminiClient.GeminiClient
      const fiber = yield* start(Stream.runCollect(gemini.listModels({ pageSize: 5 })))
      yield* TestClock.adjust("1 second")
      const models = yield* Fiber.join(fiber)
      assert.isAbove(models.length, 5)
      assert.strictEqual((yield* gemini.getModel(model)).name, `models/${model}`)
      assert.strictEqual((yield* (yield* RateLimiter.RateLimiter).snapshot).length, 0)
    }).pipe(Effect.provide(services())))

  it.effect("names that cannot be models are refused everywhere, before anything is sent", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const name = "../secret"
      const errors = yield* Effect.all([
        Effect.flip(gemini.generate({ model: name, contents: "Hi" })),
        Effect.flip(Stream.runDrain(gemini.generateStream({ model: name, contents: "Hi" }))),
        Effect.flip(gemini.countTokens({ model: name, contents: "Hi" })),
        Effect.flip(gemini.embed({ model: name, contents: "Hi" })),
        Effect.flip(gemini.getModel(name))
      ])
      assert.deepStrictEqual(errors.map((error) => error.reason._tag), errors.map(() => "InvalidRequest"))
      assert.strictEqual((yield* (yield* Emulator.Emulator).requests).length, 0)
    }).pipe(Effect.provide(services())))
})
