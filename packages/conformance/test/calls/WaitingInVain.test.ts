/** Nothing waits, and nothing is asked again, where neither can help. */
import { Dispatcher } from "@effect/platform-node/NodeHttpClient"
import Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Gemini from "effect-gemini/GeminiClient"
import { GeminiClient } from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Members from "effect-gemini/Members"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { EventEmitter } from "node:events"
import * as DispatchClient from "../../../gemini/src/internal/http/dispatchClient.ts"
import * as RawServer from "./rawServer.ts"

const apiKey = Redacted.make("key-of-the-test")
const model = "gemini-3.8-flash"

const call = GeminiClient.use((gemini) => gemini.generate({ model, contents: "hi" }))
const stream = GeminiClient.use((gemini) => Stream.runCollect(gemini.generateStream({ model, contents: "hi" })))

/** Both ways to ask, for what does not look at the answer. */
const unary = Effect.asVoid(call)
const streamed = Effect.asVoid(stream)

const client = (baseUrl: string, options: GeminiConfig.Options = {}) =>
  FetchGemini.layer({ apiKey, baseUrl, tier: "tier3", ...options })

const quota = (violations: ReadonlyArray<unknown>, message = "You exceeded your current quota.") => ({
  error: {
    code: 429,
    status: "RESOURCE_EXHAUSTED",
    message,
    details: [
      { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "45s" }
    ]
  }
})

const perMinute = { quotaMetric: "g/requests", quotaId: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier" }
const perDay = { quotaMetric: "g/requests", quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }

describe("a limit of 0", () => {
  const bodies: ReadonlyArray<readonly [name: string, body: unknown]> = [
    ["of a minute", quota([{ ...perMinute, quotaValue: "0" }])],
    ["of a day", quota([{ ...perDay, quotaValue: "0" }])],
    ["beside another limit", quota([{ ...perMinute, quotaValue: "20" }, { ...perDay, quotaValue: "0" }])],
    [
      "that the sentence alone says",
      quota([perMinute], "Quota exceeded for metric: g/requests, limit: 0, model: m\nPlease retry in 45s.")
    ],
    ["that the sentence says of a day", quota([perDay], "* Quota exceeded for metric: g/requests, limit: 0")],
    ["without any violation", quota([], "Quota exceeded for metric: g/requests, limit: 0\nPlease retry in 45s.")]
  ]
  for (const [name, body] of bodies) {
    it.live(`${name} is asked once, and pauses no other call`, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* RawServer.listen((_, response) => RawServer.json(response, body, 429))
        yield* Effect.gen(function*() {
          for (const ask of [unary, streamed, unary]) {
            const error = yield* Effect.timeout(Effect.flip(ask), "5 seconds")
            assert.strictEqual(error._tag, "GeminiError")
            if (error._tag !== "GeminiError") return
            assert.strictEqual(error.reason._tag, "RateLimited")
            assert.isFalse(error.isRetryable)
            assert.include(error.message, "limit of 0")
            assert.lengthOf(error.attempts, 1)
          }
        }).pipe(Effect.provide(client(server.url)))
        assert.lengthOf(server.requests, 3)
      })))
  }

  it.live("is not what a limit of ten, or a price, says", () =>
    Effect.scoped(Effect.gen(function*() {
      for (const said of ["limit: 10", "limit: 0.5", "limit: 05", "no limit"]) {
        const server = yield* RawServer.listen((_, response) => RawServer.json(response, quota([perMinute], said), 429))
        const error = yield* Effect.flip(
          Effect.provide(call, client(server.url, { retry: { attempts: 1 } }))
        )
        assert.isTrue(error.isRetryable, said)
      }
    })))

  it.live("of one member sends the call to another", () =>
    Effect.scoped(Effect.gen(function*() {
      const poor = yield* RawServer.listen((_, response) =>
        RawServer.json(response, quota([{ ...perMinute, quotaValue: "0" }]), 429)
      )
      const rich = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("ok", "STOP")))
      const members = Members.layer({
        members: [
          { name: "poor", apiKey, baseUrl: poor.url, tier: "tier3", location: "a" },
          { name: "rich", apiKey, baseUrl: rich.url, tier: "tier3", location: "b" }
        ]
      })
      const answer = yield* Effect.provide(call, Layer.provide(members, FetchHttpClient.layer))
      assert.strictEqual(answer.text, "ok")
      assert.lengthOf(poor.requests, 1)
    })))
})

/** Answers 429 with this Retry-After, then an answer. */
const closing = (retryAfter: string) => {
  let asked = 0
  return RawServer.listen((_, response) => {
    if (asked++ > 0) return RawServer.json(response, RawServer.answer("ok", "STOP"))
    response.writeHead(429, { "retry-after": retryAfter, "content-type": "application/json" })
    response.end("{}")
  })
}

describe("a Retry-After beyond what a call waits", () => {
  for (const seconds of ["121", "3600", "1000000000000"]) {
    it.live(`of ${seconds} s refuses the next calls at once, each with what is left of it`, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* closing(seconds)
        yield* Effect.gen(function*() {
          for (const ask of [unary, unary, streamed]) {
            const error = yield* Effect.timeout(Effect.flip(ask), "2 seconds")
            assert.strictEqual(error._tag, "GeminiError")
            if (error._tag !== "GeminiError") return
            assert.strictEqual(error.reason._tag, "RateLimited")
            const left = error.retryAfter === undefined ? 0 : Duration.toSeconds(error.retryAfter)
            assert.isAbove(left, 110)
            assert.isAtMost(left, Number(seconds))
          }
          // Another model's lane is open.
          const other = yield* GeminiClient.use((gemini) =>
            gemini.generate({ model: "gemini-3.7-flash", contents: "hi" })
          )
          assert.strictEqual(other.text, "ok")
        }).pipe(Effect.provide(client(server.url)))
        assert.lengthOf(server.requests, 2)
      })))
  }

  it.live("of what a call still waits is a pause, as before", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* closing("1")
      const answer = yield* Effect.provide(call, client(server.url))
      assert.strictEqual(answer.text, "ok")
      assert.lengthOf(server.requests, 2)
    })))

  it.effect("is over when it is over, and after 25 hours at the latest", () =>
    Effect.scoped(Effect.gen(function*() {
      let heard = 0
      const http = HttpClient.make((request) =>
        Effect.sync(() =>
          HttpClientResponse.fromWeb(
            request,
            heard++ === 0
              ? new Response("{}", { status: 429, headers: { "retry-after": "1000000000000" } })
              : new Response(JSON.stringify(RawServer.answer("ok", "STOP")))
          )
        )
      )
      const layer = Gemini.layer({ apiKey, tier: "tier3", retry: { attempts: 1 } }).pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, http))
      )
      yield* Effect.gen(function*() {
        yield* Effect.flip(call)
        yield* TestClock.adjust("24 hours")
        const refused = yield* Effect.flip(call)
        assert.strictEqual(Duration.toHours(refused.retryAfter ?? Duration.zero), 1)
        assert.strictEqual(heard, 1)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* call).text, "ok")
        assert.strictEqual(heard, 2)
      }).pipe(Effect.provide(layer))
    })))

  it.live("of one member sends the calls to another, and the closed one is not asked", () =>
    Effect.scoped(Effect.gen(function*() {
      const closed = yield* closing("3600")
      const open = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("ok", "STOP")))
      const members = Members.layer({
        members: [
          { name: "closed", apiKey, baseUrl: closed.url, tier: "tier3", location: "a" },
          { name: "open", apiKey, baseUrl: open.url, tier: "tier3", location: "b" }
        ]
      })
      yield* Effect.gen(function*() {
        for (let i = 0; i < 3; i++) assert.strictEqual((yield* Effect.timeout(call, "5 seconds")).text, "ok")
      }).pipe(Effect.provide(Layer.provide(members, FetchHttpClient.layer)))
      assert.lengthOf(closed.requests, 1)
    })))

  it.live("of every member is a refusal, not a silence", () =>
    Effect.scoped(Effect.gen(function*() {
      const closed = yield* closing("3600")
      const members = Members.layer({ members: [{ name: "only", apiKey, baseUrl: closed.url, tier: "tier3" }] })
      yield* Effect.gen(function*() {
        yield* Effect.timeout(Effect.flip(call), "5 seconds")
        const error = yield* Effect.timeout(Effect.flip(call), "5 seconds")
        assert.strictEqual(error._tag, "GeminiError")
      }).pipe(Effect.provide(Layer.provide(members, FetchHttpClient.layer)))
      assert.lengthOf(closed.requests, 1)
    })))
})

describe.each([
  ["FetchHttpClient", FetchHttpClient.layer],
  ["FetchGemini's own client", FetchGemini.layerHttpClient]
])("a platform without response.body, over %s", (_, client) => {
  /** As React Native has it: the bytes are there, but not in pieces. */
  const bodiless: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    return new Proxy(response, {
      get: (target, key) => {
        if (key === "body") return undefined
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === "function" ? value.bind(target) : value
      }
    })
  }
  const layer = (baseUrl: string, options: GeminiConfig.Options = {}) =>
    Gemini.layer({ apiKey, baseUrl, tier: "tier3", retry: { baseDelay: 1 }, ...options }).pipe(
      Layer.provide(client),
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, bodiless))
    )
  const events = [RawServer.answer("漢字 "), RawServer.answer("🚀", "STOP")]

  for (const timeouts of [undefined, { firstByte: "5 seconds", idle: "5 seconds" }] as const) {
    const deadlines = timeouts === undefined ? "without" : "with"

    it.live(`a stream is asked for once and read whole, ${deadlines} deadlines`, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* RawServer.listen((_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" })
          response.end(events.map(RawServer.event).join(""))
        })
        const chunks = yield* Effect.provide(stream, layer(server.url, { timeouts }))
        assert.strictEqual(chunks.map(({ text }) => text).join(""), "漢字 🚀")
        assert.isTrue(chunks.at(-1)?.finished)
        assert.lengthOf(server.requests, 1)
      })))

    it.live(`an answer and an error are read, ${deadlines} deadlines`, () =>
      Effect.scoped(Effect.gen(function*() {
        const good = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("ok", "STOP")))
        assert.strictEqual((yield* Effect.provide(call, layer(good.url, { timeouts }))).text, "ok")
        const bad = yield* RawServer.listen((_, response) =>
          RawServer.json(response, { error: { code: 400, status: "INVALID_ARGUMENT", message: "no such thing" } }, 400)
        )
        for (const ask of [unary, streamed]) {
          const error = yield* Effect.flip(Effect.provide(ask, layer(bad.url, { timeouts })))
          assert.include(error.message, "no such thing")
        }
      })))
  }

  it.live("a stream that is cut, or empty, is still no answer", () =>
    Effect.scoped(Effect.gen(function*() {
      for (const body of ["", RawServer.event(events[0]), "data: {"]) {
        const server = yield* RawServer.listen((_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" })
          response.end(body)
        })
        const error = yield* Effect.flip(Effect.provide(stream, layer(server.url, { retry: { attempts: 1 } })))
        assert.strictEqual(error.reason._tag, "StreamInterrupted", JSON.stringify(body))
      }
    })))

  it.live("what is larger than its bound is refused there, too", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* RawServer.listen((request, response) => {
        const isStream = request.url?.includes("stream") === true
        response.writeHead(200, { "content-type": isStream ? "text/event-stream" : "application/json" })
        response.end(isStream ? RawServer.event(events[1]) : JSON.stringify(events[1]))
      })
      for (const ask of [unary, streamed]) {
        const error = yield* Effect.flip(Effect.provide(ask, layer(server.url, { bounds: { body: 50, event: 50 } })))
        assert.strictEqual(error.reason._tag, "ResponseTooLarge")
      }
    })))
})

describe("a runtime whose undici is a stub", () => {
  /** What such a runtime exports in its place. */
  const stubs: ReadonlyArray<readonly [name: string, stub: object]> = [
    ["nothing", {}],
    ["a class without dispatch", { Agent: EventEmitter, buildConnector: () => undefined }],
    ["no connector", { Agent: Undici.Agent }]
  ]
  for (const [name, stub] of stubs) {
    it.live(`exports ${name}: the layer is built, and each call says at once that NodeGemini needs Node`, () =>
      Effect.scoped(Effect.gen(function*() {
        const agent = DispatchClient.agentOf(stub as typeof Undici, 1_000)
        const layer = NodeGemini.layerHttpNoDispatcher({ apiKey, tier: "tier3" }).pipe(
          Layer.provide(Layer.succeed(Dispatcher, agent))
        )
        for (const ask of [unary, streamed]) {
          const error = yield* Effect.timeout(Effect.flip(Effect.provide(ask, layer)), "5 seconds")
          assert.strictEqual(error._tag, "GeminiError")
          if (error._tag !== "GeminiError") return
          assert.strictEqual(error.reason._tag, "Unsupported")
          assert.include(error.message, "NodeGemini needs Node.js")
          assert.isFalse(error.isRetryable)
        }
        yield* Effect.promise(() => agent.destroy())
      })))
  }

  it("a whole one is an agent", async () => {
    const agent = DispatchClient.agentOf(Undici, 1_000)
    assert.instanceOf(agent, Undici.Agent)
    await agent.destroy()
  })
})
