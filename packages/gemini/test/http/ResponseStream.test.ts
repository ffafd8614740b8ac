import { assert, describe, it } from "@effect/vitest"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const encoder = new TextEncoder()

interface Outcome {
  readonly chunks: ReadonlyArray<GenerateContent.GenerateContentResponse>
  readonly error: GeminiError | undefined
}

/** What a consumer sees of a body that arrives in pieces of `size` bytes, and may break off. */
const consume = Effect.fnUntraced(function*(
  body: string | Uint8Array,
  options: { readonly size?: number; readonly error?: Error; readonly contentType?: string } = {}
) {
  const bytes = typeof body === "string" ? encoder.encode(body) : body
  const size = options.size ?? 65_536
  let at = 0
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (at < bytes.length) return controller.enqueue(bytes.subarray(at, at += size))
      if (options.error === undefined) controller.close()
      else controller.error(options.error)
    }
  })
  const client = HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(
      request,
      new Response(stream, { headers: { "content-type": options.contentType ?? "text/event-stream" } })
    ))
  )
  const gemini = yield* GeminiHttp.make({ apiKey: Redacted.make("test-key") }).pipe(
    Effect.provideService(HttpClient.HttpClient, client)
  )
  const chunks: Array<GenerateContent.GenerateContentResponse> = []
  const error = yield* gemini.generateContentStream({
    model: "gemini-3.8-flash",
    contents: [{ role: "user", parts: [{ text: "Hi" }] }]
  }).pipe(
    Stream.runForEach((chunk) => Effect.sync(() => void chunks.push(chunk))),
    Effect.flip,
    Effect.orElseSucceed(() => undefined)
  )
  return { chunks, error } satisfies Outcome
})

const chunk = (text: string, finishReason?: string) => ({
  candidates: [{
    content: { role: "model", parts: [{ text }] },
    ...(finishReason === undefined ? {} : { finishReason }),
    index: 0
  }]
})
const event = (value: unknown, eol = "\r\n") => `data: ${JSON.stringify(value)}${eol}${eol}`
const texts = ({ chunks }: Outcome) => chunks.map(GenerateContent.text)
const failure = { error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } }

describe("a stream ends well", () => {
  it.effect("chunks are the JSON received, unknown keys, nulls and order of parts included", () =>
    Effect.gen(function*() {
      const sent = [
        { ...chunk("a"), turnToken: "t", promptFeedback: {} },
        { candidates: [{ content: { parts: [{ functionCall: {}, thoughtSignature: "s" }, { future: 1 }] } }] },
        { usageMetadata: { promptTokenCount: "12", candidatesTokenCount: null } },
        chunk("", "FUTURE_REASON"),
        chunk("text after the first finish reason"),
        chunk("b", "STOP"),
        { usageMetadata: { promptTokenCount: 3 } }
      ]
      const outcome = yield* consume(sent.map((value) => event(value)).join(""), { size: 7 })
      assert.isUndefined(outcome.error)
      assert.deepStrictEqual<unknown>(outcome.chunks, sent)
    }))

  it.effect("without its last blank line, with an empty event, comments, and a [DONE] that proxies add", () =>
    Effect.gen(function*() {
      const body = `: hi\n\ndata:\n\n${event(chunk("a"))}retry: 3\n\n${event(chunk("b", "STOP")).trimEnd()}`
      assert.deepStrictEqual(texts(yield* consume(body)), ["a", "b"])
      const done = yield* consume(`${body}\n\ndata: [DONE]\n\n`)
      assert.deepStrictEqual([texts(done), done.error], [["a", "b"], undefined])
    }))

  it.effect("as a JSON array, whatever the content type says", () =>
    Effect.gen(function*() {
      const body = `[${JSON.stringify(chunk("a"), null, 2)}\n,\r\n${JSON.stringify(chunk("b", "STOP"), null, 2)}\n]\n`
      for (const contentType of ["application/json", "text/event-stream"]) {
        const outcome = yield* consume(body, { contentType, size: 3 })
        assert.deepStrictEqual([texts(outcome), outcome.error], [["a", "b"], undefined])
      }
    }))
})

describe("a cut stream ends in StreamInterrupted with what was received", () => {
  for (
    const [name, body] of [
      ["between events", event(chunk("a")) + event(chunk("b"))],
      ["inside an event", event(chunk("a")) + event(chunk("b")) + "data: {\"candidates\": [{\"con"],
      ["inside an event after a finish reason", event(chunk("a")) + event(chunk("b", "STOP")) + "data: {\"usageM"],
      [
        "inside a UTF-8 sequence",
        Uint8Array.of(...encoder.encode(event(chunk("a")) + event(chunk("b")) + "data: {\"ü")).slice(0, -1)
      ],
      ["inside an array's object", `[${JSON.stringify(chunk("a"))},${JSON.stringify(chunk("b"))},{"cand`]
    ] as const
  ) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { chunks, error } = yield* consume(body, { size: 11 })
        assert.strictEqual(error?.reason._tag, "StreamInterrupted")
        assert.deepStrictEqual(chunks.map(GenerateContent.text), ["a", "b"])
        if (error?.reason._tag === "StreamInterrupted") assert.deepStrictEqual<unknown>(error.reason.received, chunks)
      }))
  }

  it.effect("and in its own failure where the last event is whole, and no chunk", () =>
    Effect.gen(function*() {
      for (const last of ["data: {\"candidates\": 5}", "data: {\"other\": 5}"]) {
        const { chunks, error } = yield* consume(event(chunk("a")) + last)
        assert.strictEqual(error?.reason._tag, "InvalidResponse")
        assert.lengthOf(chunks, 1)
      }
    }))

  it.effect("an empty body", () =>
    Effect.gen(function*() {
      const { error } = yield* consume("")
      assert.deepInclude(error?.reason, { _tag: "StreamInterrupted", received: [] })
    }))

  it.effect("a socket error in mid-stream, with its code", () =>
    Effect.gen(function*() {
      const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })
      const { chunks, error } = yield* consume(event(chunk("a")), { error: reset })
      assert.strictEqual(error?.reason._tag, "StreamInterrupted")
      assert.include(error?.message, "ECONNRESET")
      assert.strictEqual(chunks.length, 1)
    }))

  it.effect("a socket error before the first byte is a Network error", () =>
    Effect.gen(function*() {
      const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })
      const { error } = yield* consume("", { error: reset })
      assert.deepInclude(error?.reason, { _tag: "Network", code: "ECONNRESET" })
    }))

  it.effect("the received chunks are bounded to a mebibyte, the dropped ones counted", () =>
    Effect.gen(function*() {
      const body = Array.from({ length: 40 }, (_, i) => event(chunk(`${i} ${"x".repeat(100_000)}`))).join("")
      const { chunks, error } = yield* consume(body)
      assert.strictEqual(chunks.length, 40)
      assert.strictEqual(error?.reason._tag, "StreamInterrupted")
      if (error?.reason._tag !== "StreamInterrupted") return
      const { dropped = 0, received } = error.reason
      assert.strictEqual(received.length + dropped, 40)
      assert.isAtMost(JSON.stringify(received).length, (1 << 20) + 1_000)
      assert.isAbove(received.length, 8)
      assert.deepStrictEqual<unknown>(received, chunks.slice(dropped))
    }))
})

describe("an error inside a 200 is that error", () => {
  const pretty = JSON.stringify(failure, null, 2)
  for (
    const [name, tail] of [
      ["as a data event", event(failure)],
      ["as bare JSON over several lines", pretty],
      ["as bare JSON with CRLF", `${pretty.replaceAll("\n", "\r\n")}\r\n`],
      ["wrapped in an array", `[${pretty}]\n`],
      ["wrapped in an array in an event", event([failure])]
    ] as const
  ) {
    it.effect(`${name}, after two events`, () =>
      Effect.gen(function*() {
        const outcome = yield* consume(event(chunk("a")) + event(chunk("b")) + tail, { size: 5 })
        assert.strictEqual(outcome.error?.reason._tag, "Overloaded")
        assert.deepStrictEqual(texts(outcome), ["a", "b"])
      }))
    it.effect(`${name}, alone`, () =>
      Effect.gen(function*() {
        const outcome = yield* consume(tail)
        assert.strictEqual(outcome.error?.reason._tag, "Overloaded")
      }))
  }

  it.effect("as the last object of an array stream", () =>
    Effect.gen(function*() {
      const outcome = yield* consume(`[${JSON.stringify(chunk("a"))}\n,\r\n${pretty}]`)
      assert.strictEqual(outcome.error?.reason._tag, "Overloaded")
      assert.deepStrictEqual(texts(outcome), ["a"])
    }))

  it.effect("even behind a finish reason", () =>
    Effect.gen(function*() {
      const outcome = yield* consume(event(chunk("a", "STOP")) + pretty)
      assert.strictEqual(outcome.error?.reason._tag, "Overloaded")
    }))
})

describe("a body that is not an answer is InvalidResponse, with its path", () => {
  for (
    const [name, body] of [
      ["HTML", "<!DOCTYPE html>\n<html><body>Sign in</body></html>"],
      ["prose", "upstream connect error"],
      ["an event that is not JSON", "data: {nope}\n\n" + event(chunk("a", "STOP"))],
      ["an object of something else", event({ this: [{ is: {} }] })]
    ] as const
  ) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { error } = yield* consume(body)
        assert.strictEqual(error?.reason._tag, "InvalidResponse")
      }))
  }

  it.effect("every chunk is validated: number 19,999 of 20,000 names its path, the 19,998 before it are delivered", () =>
    Effect.gen(function*() {
      const good = event(chunk("forty bytes of text, more or less, or so"))
      const bad = event({ candidates: [{ content: { role: "model", parts: [{ text: 5 }] } }] })
      const { chunks, error } = yield* consume(good.repeat(19_998) + bad + event(chunk("", "STOP")), { size: 65_536 })
      assert.strictEqual(chunks.length, 19_998)
      assert.deepInclude(error?.reason, {
        _tag: "InvalidResponse",
        path: "candidates[0].content.parts[0].text"
      })
    }))

  it.effect("a blocked prompt is PromptBlocked with the server's words", () =>
    Effect.gen(function*() {
      const { error } = yield* consume(event({
        promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "no" },
        usageMetadata: { promptTokenCount: 7 }
      }))
      assert.deepInclude(error?.reason, { _tag: "PromptBlocked", blockReason: "SAFETY", description: "no" })
      assert.strictEqual(error?.usage?.promptTokens, 7)
    }))
})
