/** Who answered, what is told to a foreign client, whose words are kept, and how pieces of a body lie in memory. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { RequestInit } from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Destination from "../../src/internal/http/destination.ts"
import * as ForeignClient from "../../src/internal/http/foreignClient.ts"
import { Pieces } from "../../src/internal/http/Pieces.ts"
import * as Redirect from "../../src/internal/http/redirect.ts"
import * as ResponseBody from "../../src/internal/http/responseBody.ts"
import * as WireError from "../../src/internal/http/wireError.ts"

describe("another origin answered", () => {
  const answered = (asked: string, response: string, request = asked) =>
    Redirect.elsewhere({
      request: HttpClientRequest.get(asked),
      response: { request: { url: request }, url: response } as HttpClientResponse.HttpClientResponse
    })
  const asked = "https://a.test/v1/models"
  for (
    const [name, args, expected] of [
      ["the same address", [asked, asked], undefined],
      ["another path", [asked, "https://a.test/other"], undefined],
      ["another host", [asked, "https://b.test/v1/models"], "https://b.test"],
      ["a host that begins alike", [asked, "https://a.test.evil.test/v1"], "https://a.test.evil.test"],
      ["another port", ["http://a.test:80/x", "http://a.test:81/x"], "http://a.test:81"],
      ["another scheme", [asked, "http://a.test/v1/models"], "http://a.test"],
      ["the port that the scheme has", [asked, "https://a.test:443/v1/models"], undefined],
      ["an address without a path", ["https://a.test", "https://b.test/x"], "https://b.test"],
      ["an address without a path, itself", ["https://a.test", "https://a.test/"], undefined],
      ["no address at all", [asked, ""], undefined],
      ["a path", ["/v1/models", "https://b.test/x"], undefined],
      ["another host by the request that was really sent", [asked, asked, "https://b.test/x"], "https://b.test"],
      ["an endless name", [asked, `https://${"b".repeat(300)}/`], `https://${"b".repeat(192)}`]
    ] as const
  ) {
    it(name, () => {
      const [from, to, request] = args as readonly [string, string, string?]
      const found = answered(from, to, request)
      assert.strictEqual(found?.answered, expected)
      if (found !== undefined) assert.strictEqual(found.asked, new URL(from).origin)
    })
  }
})

describe("a foreign client", () => {
  const seen = (init?: globalThis.RequestInit, marked: object = {}) =>
    Effect.gen(function*() {
      const told: Array<
        { readonly redirect: string | undefined; readonly spans: boolean; readonly propagates: boolean }
      > = []
      const client = Object.assign(
        HttpClient.make((request) =>
          Effect.withFiber((fiber) => {
            told.push({
              redirect: Context.getOrUndefined(fiber.context, RequestInit)?.redirect,
              spans: !fiber.getRef(HttpClient.TracerDisabledWhen)(request),
              propagates: fiber.getRef(HttpClient.TracerPropagationEnabled)
            })
            return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}")))
          })
        ),
        marked
      )
      const sender = ForeignClient.sender({ apiKey: Redacted.make("k"), baseUrl: "http://a.test" }, client)
      const attempt = { method: "m", httpMethod: "POST", path: "x", body: {} } as const
      yield* sender.unary(attempt, (_, text) => Result.succeed(text)).pipe(
        init === undefined ? (self) => self : Effect.provideService(RequestInit, init)
      )
      return told
    })
  it.effect("follows no redirect, writes no span and sends no trace id", () =>
    Effect.gen(function*() {
      const quiet = { spans: false, propagates: false }
      assert.deepStrictEqual(yield* seen(), [{ redirect: "manual", ...quiet }])
      assert.deepStrictEqual(yield* seen({ redirect: "follow" }), [{ redirect: "manual", ...quiet }])
      assert.deepStrictEqual(yield* seen({ redirect: "error" }), [{ redirect: "error", ...quiet }])
      assert.deepStrictEqual(yield* seen({ redirect: "manual" }), [{ redirect: "manual", ...quiet }])
      assert.deepStrictEqual(yield* seen(undefined, { [Redirect.followsNothing]: true }), [
        { redirect: undefined, ...quiet }
      ])
    }))
})

describe("the words of an answer", () => {
  const key = "AIzaSyA-very-secret-key-0123456789abcdef"
  const read = (body: object) =>
    ResponseBody.decodeGenerate({ method: "generateContent", key: Redacted.make(key) }, JSON.stringify(body))
  it("that become those of an error lose the key, and what the model wrote keeps it", () => {
    const parts = [{ text: `mine is ${key}` }]
    const candidates = [
      { content: { parts }, finishReason: "STOP" },
      { content: { parts }, finishReason: "OTHER", finishMessage: `the key ${key} is bad` }
    ]
    const answer = read({ candidates })
    if (Result.isFailure(answer)) return assert.fail(answer.failure.message)
    const { candidates: given, promptFeedback } = answer.success
    assert.notInclude(JSON.stringify(given?.map(({ finishMessage }) => finishMessage)), key)
    assert.include(given?.[1]?.finishMessage, "is bad")
    assert.strictEqual(JSON.stringify(given?.map(({ content }) => content?.parts)), JSON.stringify([parts, parts]))
    assert.strictEqual(JSON.stringify(given?.[0]), JSON.stringify(candidates[0]))
    assert.isUndefined(promptFeedback)
    const blocked = read({ promptFeedback: { blockReason: "OTHER", blockReasonMessage: `no ${key}` } })
    if (Result.isSuccess(blocked)) return assert.fail("it is no error")
    assert.strictEqual(blocked.failure.reason._tag, "PromptBlocked")
    assert.include(blocked.failure.message, "no <key>")
    assert.notInclude(blocked.failure.message, key)
  })
})

describe("a model that speaks the other transport", () => {
  const notFound = (model: string, method: string) => {
    const text = `models/${model} is not found for API version v1beta, or is not supported for ${method}.`
    const error = WireError.fromResponse({
      method: "m",
      model,
      status: 404,
      now: 0,
      text: JSON.stringify({ error: { code: 404, status: "NOT_FOUND", message: text } })
    })
    return error.reason._tag === "NotFound" ? error.reason : assert.fail(error.reason._tag)
  }
  it("is no near match of itself, and one of neither is", () => {
    assert.deepInclude(notFound("gemini-3.8-live", "generateContent"), { transport: "live", nearMatches: [] })
    assert.deepInclude(notFound("gemini-3.8-flash", "bidiGenerateContent"), { transport: "http", nearMatches: [] })
    const neither = notFound("gemini-3.8-flsh", "generateContent")
    assert.isUndefined(neither.transport)
    assert.strictEqual(neither.nearMatches[0], "gemini-3.8-flash")
    // It has what it was refused for.
    assert.isUndefined(notFound("gemini-3.8-flash", "generateContent").transport)
    assert.isUndefined(notFound("gemini-3.8-live", "bidiGenerateContent").transport)
  })
})

describe("pieces of a body", () => {
  const piece = (length: number, value = 1) => new Uint8Array(length).fill(value)
  it("are one array in their order, however many there are, and nothing is left of what was taken", () => {
    const pieces = new Pieces()
    assert.isTrue(pieces.isEmpty)
    const only = piece(3)
    pieces.push(only)
    assert.strictEqual(pieces.whole(), only)
    assert.isFalse(pieces.isEmpty)
    pieces.push(piece(2, 2))
    assert.deepStrictEqual([...pieces.whole()], [1, 1, 1, 2, 2])
    assert.strictEqual(pieces.bytes, 5)
    pieces.push(piece(1, 3))
    assert.deepStrictEqual([...pieces.take()], [1, 1, 1, 2, 2, 3])
    assert.isTrue(pieces.isEmpty)
    assert.strictEqual(pieces.bytes, 0)
    assert.lengthOf(pieces.take(), 0)
  })
  it("that are small are copied together once there are 256, each once, and large ones never", () => {
    const small = new Pieces()
    for (let n = 0; n < 255; n++) small.push(piece(1, n))
    assert.lengthOf(small.takeAll(), 255)
    for (let n = 0; n < 256; n++) small.push(piece(1, n))
    for (let n = 0; n < 255; n++) small.push(piece(1, n))
    assert.strictEqual(small.bytes, 511)
    const first = small.takeAll()
    assert.deepStrictEqual(first.map(({ length }) => length), [256, ...Array.from({ length: 255 }, () => 1)])
    assert.deepStrictEqual([...first[0] ?? []], Array.from({ length: 256 }, (_, n) => n))
    for (let n = 0; n < 512; n++) small.push(piece(1, n % 256))
    assert.deepStrictEqual(small.takeAll().map(({ length }) => length), [256, 256])
    const large = new Pieces()
    for (let n = 0; n < 256; n++) large.push(piece(8 * 1024))
    assert.lengthOf(large.takeAll(), 256)
    for (let n = 0; n < 256; n++) large.push(piece(n === 0 ? 8 * 1024 - 1 : 8 * 1024))
    assert.lengthOf(large.takeAll(), 1)
  })
  it("that were joined are not copied again", () => {
    const pieces = new Pieces()
    pieces.push(piece(10))
    pieces.push(piece(10))
    pieces.whole()
    for (let n = 0; n < 255; n++) pieces.push(piece(1))
    assert.lengthOf(pieces.takeAll(), 256)
    pieces.push(piece(10))
    pieces.push(piece(10))
    pieces.whole()
    for (let n = 0; n < 256; n++) pieces.push(piece(1))
    assert.deepStrictEqual(pieces.takeAll().map(({ length }) => length), [20, 256])
  })
})

describe("a key", () => {
  it("is one that a header can hold", () => {
    const of = (key?: string) => {
      const found = Destination.keyOf(key === undefined ? {} : { apiKey: Redacted.make(key) })
      return Result.isSuccess(found) ? found.success : `refused: ${found.failure}`
    }
    assert.strictEqual(of("AIza-1~!"), "AIza-1~!")
    assert.strictEqual(of(), "refused: missing")
    assert.strictEqual(of(""), "refused: missing")
    for (const key of [" AIza", "AIza\n", "AI za", "schlüssel", "\u007f"]) {
      assert.strictEqual(of(key), "refused: malformed", key)
    }
  })
})
