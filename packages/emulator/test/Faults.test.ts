import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

/** Real time, also inside it.effect: what is proved here is what happens on a socket. */
const liveClock = Layer.succeed(Clock.Clock, Context.get(Context.empty(), Clock.Clock))

const sockets = Emulator.layerServer().pipe(Layer.provideMerge(NodeHttpClient.layerUndici), Layer.provide(liveClock))
const memory = Emulator.layerHttpClient()

const call = Effect.fnUntraced(function*(options: {
  readonly method?: string
  readonly model?: string
  readonly body?: unknown
  readonly key?: string | undefined
  readonly headers?: Record<string, string>
} = {}) {
  const { url } = yield* Emulator.Emulator
  const method = options.method ?? "generateContent"
  const request = HttpClientRequest.post(`${url}/v1beta/models/${options.model ?? "gemini-3.8-flash"}:${method}`).pipe(
    HttpClientRequest.setHeaders({ "x-goog-api-key": "key", ...options.headers }),
    HttpClientRequest.bodyJsonUnsafe(options.body ?? { contents: [{ role: "user", parts: [{ text: "Hi" }] }] })
  )
  return yield* HttpClient.execute(request)
})

const stream = Effect.fnUntraced(function*(headers: Record<string, string> = {}) {
  return yield* call({ method: "streamGenerateContent?alt=sse", headers })
})

const received = Effect.fnUntraced(function*(response: HttpClientResponse.HttpClientResponse) {
  const decoder = new TextDecoder()
  let text = ""
  const exit = yield* Effect.exit(Stream.runForEach(response.stream, (bytes) =>
    Effect.sync(() => {
      text += decoder.decode(bytes, { stream: true })
    })))
  return { text, broken: Exit.isFailure(exit) }
})

const withFault = Effect.fnUntraced(function*(fault: Fault.Fault) {
  const emulator = yield* Emulator.Emulator
  yield* emulator.clear
  yield* emulator.addFault(fault)
  return emulator
})

const events = (text: string) => text.split("\r\n\r\n").filter((event) => event.startsWith("data: {"))

describe.each([["over sockets", sockets], ["in memory", memory]])("%s", (_, services) => {
  layer(services)((it) => {
    it.effect("an answer is enqueued and used once", () =>
      Effect.gen(function*() {
        const emulator = yield* withFault({ when: { method: "none" } })
        yield* emulator.enqueue("one two three four five six seven eight", { error: { code: 429 } })
        const first = yield* (yield* call()).text
        const second = yield* call()
        const third = yield* (yield* call()).text
        assert.include(first, "\"text\": \"one two three four five six seven eight\"")
        assert.strictEqual(second.status, 429)
        assert.include(yield* second.text, "\"status\": \"RESOURCE_EXHAUSTED\"")
        assert.include(third, "emulator")
      }))

    it.effect("chunks, bodies and raw bytes are sent as given", () =>
      Effect.gen(function*() {
        const emulator = yield* withFault({ when: { method: "none" } })
        yield* emulator.enqueue(
          { chunks: ["a", "b", { candidates: [{ finishReason: "STOP" }] }] },
          { response: { candidates: [{ finishReason: "OTHER" }] } },
          { raw: { status: 206, headers: { "x-own": "1" }, body: ["da", "ta"] } }
        )
        const first = yield* received(yield* stream())
        const second = yield* (yield* call()).json
        const third = yield* call()
        assert.deepStrictEqual(events(first.text).length, 3)
        assert.deepStrictEqual(second, { candidates: [{ finishReason: "OTHER" }] })
        assert.deepStrictEqual([third.status, third.headers["x-own"], yield* third.text], [206, "1", "data"])
      }))

    it.effect("status: the HTTP error with Google's body", () =>
      Effect.gen(function*() {
        yield* withFault({ status: 503, when: { times: 1 } })
        const response = yield* call()
        assert.strictEqual(response.status, 503)
        assert.include(yield* response.text, "experiencing high demand")
        assert.strictEqual((yield* call()).status, 200)
      }))

    it.effect("inside: the error arrives in a 200", () =>
      Effect.gen(function*() {
        yield* withFault({ status: 500, inside: true })
        const response = yield* call()
        assert.strictEqual(response.status, 200)
        assert.include(yield* response.text, "\"code\": 500")
      }))

    it.effect("cut: after n chunks the connection ends before the body does", () =>
      Effect.gen(function*() {
        yield* withFault({ cut: { chunks: 2 } })
        const { broken, text } = yield* received(yield* stream())
        assert.strictEqual(events(text).length, 2)
        assert.isTrue(broken)
      }))

    it.effect("cut: after n bytes", () =>
      Effect.gen(function*() {
        yield* withFault({ cut: { bytes: 100 } })
        const { broken, text } = yield* received(yield* stream())
        assert.strictEqual(text.length, 100)
        assert.isTrue(broken)
      }))

    it.effect("a clean cut ends the body as if it were complete", () =>
      Effect.gen(function*() {
        yield* withFault({ cut: { chunks: 1, clean: true } })
        const { broken, text } = yield* received(yield* stream())
        assert.strictEqual(events(text).length, 1)
        assert.isFalse(broken)
      }))

    it.effect("reset: before the headers there is no response", () =>
      Effect.gen(function*() {
        const emulator = yield* withFault({ reset: true })
        const error = yield* Effect.flip(call())
        assert.strictEqual(error.reason._tag, "TransportError")
        assert.strictEqual((yield* emulator.requests).at(-1)?.outcome, "reset")
      }))

    it.effect("reset: in the body", () =>
      Effect.gen(function*() {
        yield* withFault({ reset: { chunks: 1 }, stall: { chunks: 1, millis: 0 } })
        const { broken } = yield* received(yield* stream())
        assert.isTrue(broken)
      }))

    it.effect("garbage, and a body that is not JSON under another content type", () =>
      Effect.gen(function*() {
        const emulator = yield* withFault({ garbage: { chunks: 1, text: "%%%" } })
        const { text } = yield* received(yield* stream())
        assert.include(text, "\r\n\r\n%%%data: ")
        yield* emulator.clear
        yield* emulator.addFault({ body: "<html></html>", headers: { "content-type": "text/html" } })
        const page = yield* call()
        assert.deepStrictEqual([page.status, page.headers["content-type"], yield* page.text], [
          200,
          "text/html",
          "<html></html>"
        ])
      }))

    it.effect("errorAfter: bare pretty JSON after the last event", () =>
      Effect.gen(function*() {
        yield* withFault({ errorAfter: { code: 499, chunks: 2 } })
        const { broken, text } = yield* received(yield* stream())
        assert.strictEqual(events(text).length, 2)
        assert.isTrue(text.endsWith(
          "\r\n\r\n{\n  \"error\": {\n    \"code\": 499,\n    \"message\": " +
            "\"The operation was cancelled.\",\n    \"status\": \"CANCELLED\"\n  }\n}\n"
        ))
        assert.isFalse(broken)
      }))

    it.effect("nth and times choose the requests", () =>
      Effect.gen(function*() {
        yield* withFault({ status: 500, when: { nth: 2, times: 2, model: "gemini-3.8-flash" } })
        const statuses = yield* Effect.forEach([1, 2, 3, 4], () => Effect.map(call(), ({ status }) => status))
        assert.deepStrictEqual(statuses, [200, 500, 500, 200])
      }))

    it.effect("a client can ask for a fault itself, by header", () =>
      Effect.gen(function*() {
        yield* withFault({ when: { method: "none" } })
        const response = yield* call({ headers: { "x-emulator-fault": "{\"status\":429}" } })
        assert.strictEqual(response.status, 429)
      }))

    it.effect("a header that asks wrongly is refused with words that say so", () =>
      Effect.gen(function*() {
        yield* withFault({ when: { method: "none" } })
        const typo = yield* call({ headers: { "x-emulator-fault": "{\"statsu\":429}" } })
        const text = yield* call({ headers: { "x-emulator-answer": "hello" } })
        assert.deepStrictEqual([typo.status, text.status], [400, 400])
        assert.include(
          yield* typo.text,
          "Header x-emulator-fault of the emulator: statsu: there is no such field. Did you mean \\\"status\\\"?"
        )
        assert.include(yield* text.text, "it is neither an object nor a text")
      }))

    it.effect("a client that goes away is seen", () =>
      Effect.gen(function*() {
        const emulator = yield* withFault({ stall: { chunks: 1 } })
        const response = yield* stream()
        yield* Stream.runHead(response.stream)
        const [entry] = yield* emulator.awaitClosed(1)
        assert.strictEqual(entry?.outcome, "aborted")
        assert.isNumber(entry?.closedAt)
        yield* emulator.clear
        yield* emulator.addFault({ halfOpen: true })
        const fiber = yield* Effect.forkChild(call(), { startImmediately: true })
        yield* emulator.awaitRequests(1)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual((yield* emulator.awaitClosed(1)).at(-1)?.outcome, "aborted")
      }))
  })
})

describe("time", () => {
  it.effect("delays, stalls and slow reading pass under TestClock", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ delay: 60_000, stall: { chunks: 1, millis: 60_000 }, slowRead: { millis: 60_000 } })
      const fiber = yield* Effect.forkChild(Effect.flatMap(stream(), received), { startImmediately: true })
      yield* TestClock.adjust(179_999)
      assert.isTrue(fiber.pollUnsafe() === undefined)
      yield* TestClock.adjust(1)
      assert.isFalse((yield* Fiber.join(fiber)).broken)
    }).pipe(Effect.provide(memory)))
})
