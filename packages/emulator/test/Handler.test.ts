import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import { EmulatorError } from "effect-gemini-emulator/EmulatorError"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { flash, generate, post, prompt, text } from "./Wire.ts"

const liveClock = Layer.succeed(Clock.Clock, Context.get(Context.empty(), Clock.Clock))

const options: Emulator.Options = {
  projects: {
    scripted: { keys: ["own-key"], answers: ({ method }) => method === "countTokens" ? undefined : "by key" }
  }
}

const sockets = Emulator.layerServer(options).pipe(
  Layer.provideMerge(NodeHttpClient.layerUndici),
  Layer.provide(liveClock)
)

describe.each([["over sockets", sockets], ["in memory", Emulator.layerHttpClient(options)]])("%s", (_, services) => {
  layer(services)((it) => {
    it.effect("SSE: data, a space after colons only, CR LF CR LF, and no [DONE]", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.enqueue({
          chunks: [{ candidates: [{ content: { parts: [{ text: "a: b,\n \"c\"" }] } }], modelVersion: "m" }]
        })
        const response = yield* post(`/v1beta/models/${flash}:streamGenerateContent?alt=sse`, prompt("Hi"))
        assert.strictEqual(
          yield* response.text,
          "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"a: b,\\n \\\"c\\\"\"}]}}],\"modelVersion\": \"m\"}\r\n\r\n"
        )
        assert.strictEqual(response.headers["content-type"], "text/event-stream")
        assert.strictEqual(response.headers["content-disposition"], "attachment")
        assert.strictEqual(response.headers["server"], "scaffolding on HTTPServer2")
        assert.strictEqual(response.headers["vary"], "Origin, X-Origin, Referer")
      }))

    it.effect("without alt=sse a stream is one JSON array, and so is its error", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.enqueue({ chunks: [{ a: 1 }, { b: 2 }] })
        const response = yield* post(`/v1beta/models/${flash}:streamGenerateContent`, prompt("Hi"))
        // Recorded 2026: the separator stands on a line of its own.
        assert.strictEqual(yield* response.text, "[{\n  \"a\": 1\n}\n,\r\n{\n  \"b\": 2\n}\n]")
        assert.strictEqual(response.headers["content-type"], "application/json; charset=UTF-8")
        const refused = yield* post("/v1beta/models/gemini-none:streamGenerateContent", prompt("Hi"))
        const [error] = JSON.parse(yield* refused.text)
        assert.strictEqual(error.error.status, "NOT_FOUND")
      }))

    it.effect("v1, v1beta and v1alpha, also with double slashes; any other path is an HTML 404", () =>
      Effect.gen(function*() {
        for (const path of ["/v1/models/", "/v1beta/models/", "/v1alpha/models/", "//v1beta//models/"]) {
          assert.strictEqual((yield* post(`${path}${flash}:generateContent`, prompt("Hi"))).status, 200)
        }
        const lost = yield* post("/v2/models/x:generateContent", {})
        assert.strictEqual(lost.status, 404)
        assert.include(lost.headers["content-type"] ?? "", "text/html")
      }))

    it.effect("a key in the query is as good as one in the header; without one it is 403", () =>
      Effect.gen(function*() {
        const path = `/v1beta/models/${flash}:generateContent`
        const inQuery = yield* post(`${path}?key=k`, prompt("Hi"), { "x-goog-api-key": "" })
        assert.strictEqual((yield* post(path, prompt("Hi"), { "x-goog-api-key": "" })).status, 403)
        assert.strictEqual(inQuery.status, 200)
      }))

    it.effect("answers by key, by request, and by the queue", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const said = (headers: Record<string, string>) =>
          Effect.flatMap(post(`/v1beta/models/${flash}:generateContent`, prompt("Hi"), headers), (response) =>
            Effect.map(response.text, (body) => text(JSON.parse(body))))
        assert.strictEqual(yield* said({ "x-goog-api-key": "own-key" }), "by key")
        assert.strictEqual(yield* said({ "x-emulator-answer": "{\"text\":\"by header\"}" }), "by header")
        yield* emulator.enqueue({ text: "for another", when: { key: "other" } }, "queued")
        assert.strictEqual(yield* said({}), "queued")
        assert.include(yield* said({}), "answering from the emulator")
        assert.strictEqual(yield* said({ "x-goog-api-key": "other" }), "for another")
      }))

    it.effect("a refused request uses up no answer", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.enqueue("kept")
        assert.strictEqual((yield* post(`/v1beta/models/${flash}:generateContent`, { contents: [] })).status, 400)
        assert.strictEqual(text(yield* generate(prompt("Hi"))), "kept")
      }))

    it.effect("the log keeps what arrived, and no key", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.clear
        yield* (yield* post(`/v1beta/models/${flash}:countTokens?key=secret-1`, prompt("Hi"), {
          "x-goog-api-key": "secret-2",
          authorization: "Bearer secret-3",
          "x-own": "kept"
        })).text
        const [entry] = yield* emulator.awaitClosed(1)
        assert.deepInclude(entry, {
          id: 0,
          method: "POST",
          path: `/v1beta/models/${flash}:countTokens`,
          apiMethod: "countTokens",
          model: flash,
          body: prompt("Hi"),
          status: 200,
          outcome: "complete"
        })
        assert.strictEqual(entry?.headers["x-own"], "kept")
        assert.isAbove(entry?.bytesSent ?? 0, 10)
        assert.notInclude(JSON.stringify(entry), "secret")
        assert.deepStrictEqual(yield* emulator.counters, {
          total: 1,
          dropped: 0,
          connections: 1,
          byMethod: { countTokens: 1 },
          byModel: { [flash]: 1 },
          byProject: { default: 1 },
          byRegion: { global: 1 },
          byStatus: { 200: 1 },
          byOutcome: { complete: 1 }
        })
      }))

    it.effect("an endless answer is drawn from only as fast as the client reads", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        let drawn = 0
        const endless = function*() {
          for (;;) {
            drawn++
            yield "x".repeat(10_000)
          }
        }
        yield* emulator.enqueue({ chunks: endless() })
        const response = yield* post(`/v1beta/models/${flash}:streamGenerateContent?alt=sse`, prompt("Hi"))
        yield* Stream.runDrain(Stream.take(response.stream, 3))
        assert.isAbove(drawn, 0)
        // Socket buffers on both sides hold some; 20 MB is more than they do.
        assert.isBelow(drawn, 2000)
      }))
  })
})

describe("the socket server", () => {
  const services = sockets

  it.effect("sends headers before a silence, and reads slowly without losing a byte", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ stall: { chunks: 0 }, when: { times: 1 } }, { slowRead: { millis: 1, bytes: 50_000 } })
      const silent = yield* post(`/v1beta/models/${flash}:streamGenerateContent?alt=sse`, prompt("Hi"))
      assert.strictEqual(silent.status, 200)
      const large = prompt("x".repeat(500_000))
      yield* (yield* post(`/v1beta/models/${flash}:generateContent`, large)).text
      assert.deepStrictEqual((yield* emulator.requests)[1]?.body, large)
    }).pipe(Effect.provide(services, { local: true })))

  it.effect("a client that leaves while it is still being read, or thought about, is in the log", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const call = post(`/v1beta/models/${flash}:generateContent`, prompt("x".repeat(200_000)))
      yield* emulator.addFault({ slowRead: { millis: 20, bytes: 5000 }, when: { times: 1 } }, { delay: 60_000 })
      const slow = yield* Effect.forkChild(call, { startImmediately: true })
      yield* Effect.promise(() => new Promise((resume) => setTimeout(resume, 50)))
      yield* Fiber.interrupt(slow)
      yield* emulator.awaitClosed(1)
      const waiting = yield* Effect.forkChild(call, { startImmediately: true })
      yield* emulator.awaitRequests(2)
      yield* Fiber.interrupt(waiting)
      const entries = yield* emulator.awaitClosed(2)
      assert.deepStrictEqual(entries.map(({ outcome }) => outcome), ["aborted", "aborted"])
    }).pipe(Effect.provide(services, { local: true })))

  it.effect("a page in a browser may call it", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* Emulator.Emulator
      const asked = yield* HttpClient.options(`${url}/v1beta/models`, {
        headers: { origin: "http://page.test", "access-control-request-headers": "x-goog-api-key" }
      })
      assert.strictEqual(asked.headers["access-control-allow-headers"], "x-goog-api-key")
      const called = yield* HttpClient.get(`${url}/v1beta/models?key=k`, { headers: { origin: "http://page.test" } })
      assert.strictEqual(called.headers["access-control-allow-origin"], "http://page.test")
      assert.strictEqual((yield* requests).length, 1)
    }).pipe(Effect.provide(services, { local: true })))
})

describe("pacing", () => {
  it.effect("chunks come chunkDelay apart, under TestClock", () =>
    Effect.gen(function*() {
      const response = yield* post(`/v1beta/models/${flash}:streamGenerateContent?alt=sse`, prompt("Hi"))
      let chunks = 0
      const fiber = yield* Effect.forkChild(Stream.runForEach(response.stream, () => Effect.sync(() => chunks++)))
      for (const expected of [0, 1, 2, 3]) {
        assert.strictEqual(chunks, expected)
        yield* TestClock.adjust("1 hour")
      }
      yield* Fiber.interrupt(fiber)
      const { requests } = yield* Emulator.Emulator
      assert.strictEqual((yield* requests)[0]?.outcome, "aborted")
    }).pipe(Effect.provide(Emulator.layerHttpClient({ chunkDelay: 3_600_000 }))))
})

describe("without Effect", () => {
  it("a web handler answers, paces and breaks like the server", async () => {
    const gemini = Standalone.webHandler({ chunkDelay: 1 })
    const request = (headers: Record<string, string> = {}) =>
      new Request(`http://gemini.local/v1beta/models/${flash}:streamGenerateContent?alt=sse`, {
        method: "POST",
        headers: { "x-goog-api-key": "key", ...headers },
        body: JSON.stringify(prompt("Hi"))
      })
    const response = await gemini.handler(request())
    assert.strictEqual(response.status, 200)
    assert.match(await response.text(), /^data: \{.*\r\n\r\n$/s)
    const cut = await gemini.handler(request({ "x-emulator-fault": "{\"cut\":{\"chunks\":1}}" }))
    const failure = await cut.text().catch((error: unknown) => error)
    assert.instanceOf(failure, TypeError)
    const reset = await gemini.handler(request({ "x-emulator-fault": "{\"reset\":true}" })).catch((error: unknown) =>
      error
    )
    assert.instanceOf(reset, TypeError)
    assert.deepStrictEqual(gemini.requests().map(({ outcome }) => outcome), ["complete", "cut", "reset"])
  })

  it("a server that cannot listen rejects with why", async () => {
    const first = await Standalone.start()
    const port = Number(new URL(first.url).port)
    const failure = (options: Emulator.Options) => Standalone.start(options).catch((error: unknown) => error)
    const taken = await failure({ port })
    assert.instanceOf(taken, EmulatorError)
    assert.strictEqual(taken.message, `port ${port} of 127.0.0.1 is in use: choose another, or 0 for any free one`)
    const elsewhere = await failure({ host: "192.0.2.1" })
    assert.instanceOf(elsewhere, EmulatorError)
    assert.strictEqual(elsewhere.code, "EADDRNOTAVAIL")
    assert.instanceOf(await failure({ port: 70_000 }), EmulatorError)
    await first.stop()
  })

  it.effect("a stopped server has let go of its port", () =>
    Effect.gen(function*() {
      const gemini = yield* Effect.promise(() => Standalone.start())
      yield* Effect.promise(() => gemini.stop())
      const error = yield* Effect.flip(HttpClient.get(`${gemini.url}/v1beta/models`))
      assert.strictEqual(error.reason._tag, "TransportError")
    }).pipe(Effect.provide(NodeHttpClient.layerUndici)))
})
