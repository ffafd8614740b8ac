/** What a body means at its edges: whole reasons and whole errors, field by field, and what is told of nothing. */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import type * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as BodyPieces from "../../src/internal/http/bodyPieces.ts"
import * as Finish from "../../src/internal/http/finish.ts"
import * as Body from "../../src/internal/http/responseBody.ts"
import { isUnreached } from "../../src/internal/http/unreached.ts"
import * as WireError from "../../src/internal/http/wireError.ts"

const call = { method: "generateContent", model: "m" }
const ratings = [{ category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH" }]
const parts = [{ text: "Hi" }]
const ending = (finishReason: string | undefined, more: object = {}): GenerateContent.GenerateContentResponse => ({
  candidates: [{ ...(finishReason === undefined ? {} : { finishReason }), ...more }]
})

describe("how an answer ended", () => {
  it("is nothing where it has not ended or is whole, whatever else it says", () => {
    for (const reason of [undefined, "STOP", "MAX_TOKENS"]) {
      assert.isUndefined(Finish.reasonOf(ending(reason, { finishMessage: "x", safetyRatings: ratings })))
    }
    assert.isUndefined(Finish.reasonOf({}))
    assert.isUndefined(Finish.reasonOf({ candidates: [] }))
  })

  it("is a reason with the words and the ratings that it came with, and no others", () => {
    const bare = ending("SAFETY")
    assert.deepStrictEqual(
      Finish.reasonOf(bare),
      new Reason.ResponseBlocked({ finishReason: "SAFETY", response: bare })
    )
    const told = ending("SAFETY", { finishMessage: "unsafe", safetyRatings: ratings })
    assert.deepStrictEqual(
      Finish.reasonOf(told),
      new Reason.ResponseBlocked({
        finishReason: "SAFETY",
        response: told,
        description: "unsafe",
        safetyRatings: ratings
      })
    )
    const rejected = ending("MALFORMED_FUNCTION_CALL", { finishMessage: "no such", safetyRatings: ratings })
    assert.deepStrictEqual(
      Finish.reasonOf(rejected),
      new Reason.ToolCallRejected({
        finishReason: "MALFORMED_FUNCTION_CALL",
        response: rejected,
        description: "no such"
      })
    )
    const other = ending("OTHER")
    assert.strictEqual(Finish.reasonOf(other)?._tag, "InvalidResponse")
    const news = ending("SOMETHING_NEW")
    assert.deepStrictEqual(
      Finish.reasonOf(news),
      new Reason.InvalidResponse({
        path: "candidates[0]",
        expected: "content, got one that ended with SOMETHING_NEW",
        finishReason: "SOMETHING_NEW",
        response: news
      })
    )
    // Of a reason that nobody knows an answer is an answer.
    assert.isUndefined(Finish.reasonOf(ending("SOMETHING_NEW", { content: { parts } })))
    assert.isUndefined(Finish.reasonOf(news, true))
    assert.isDefined(Finish.reasonOf(ending("SAFETY", { content: { parts } }), true))
  })

  it("is an error with the id and the usage of its answer, and with neither where there is none", () => {
    const plain = ending("SAFETY")
    const reason = Finish.reasonOf(plain) ?? assert.fail("no reason")
    assert.deepStrictEqual(
      Finish.rejection(call, plain),
      new GeminiError({ method: "generateContent", model: "m", attempts: [], reason })
    )
    assert.isUndefined(Finish.rejection(call, ending("STOP")))
    assert.isUndefined(Finish.rejection(call, ending("SOMETHING_NEW"), true))
    const full = { ...plain, responseId: "r", usageMetadata: { promptTokenCount: 2, totalTokenCount: 5 } }
    const told = Finish.refused({ method: "m" }, full, reason)
    assert.deepStrictEqual([told.method, told.model, told.requestId, told.usage?.totalTokens], ["m", undefined, "r", 5])
    assert.isFalse("model" in told && told.model !== undefined)
  })

  it("is a blocked prompt with its words and ratings, if it says so", () => {
    assert.isUndefined(Finish.promptBlocked({}))
    assert.isUndefined(Finish.promptBlocked({ promptFeedback: { blockReasonMessage: "x", safetyRatings: ratings } }))
    assert.deepStrictEqual(
      Finish.promptBlocked({ promptFeedback: { blockReason: "SAFETY" } }),
      new Reason.PromptBlocked({ blockReason: "SAFETY" })
    )
    assert.deepStrictEqual(
      Finish.promptBlocked({
        promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "no", safetyRatings: ratings }
      }),
      new Reason.PromptBlocked({ blockReason: "SAFETY", description: "no", safetyRatings: ratings })
    )
  })
})

describe("a 200", () => {
  const failed = (text: string) => {
    const read = Body.decodeGenerate(call, text)
    return Result.isFailure(read) ? read.failure : undefined
  }
  const error = { code: 503, message: "busy", status: "UNAVAILABLE" }
  it("may hold an error, alone or in a list, and what only looks like one is an answer", () => {
    for (const body of [{ error }, [{ error }]]) {
      assert.strictEqual(failed(JSON.stringify(body))?.reason._tag, "Overloaded")
    }
    // It has a code and a status like an error, but is none of Google's bodies.
    assert.strictEqual(failed(JSON.stringify(error))?.reason._tag, "InvalidResponse")
    assert.isUndefined(
      failed(JSON.stringify({ candidates: [{ content: { parts } }], code: 503, status: "UNAVAILABLE" }))
    )
  })
  it("is said to be what it is not", () => {
    const expected = (text: string) => {
      const reason = failed(text)?.reason
      return reason?._tag === "InvalidResponse" ? [reason.path, reason.expected] : reason
    }
    assert.deepStrictEqual(expected(""), ["", "a body, got none"])
    assert.deepStrictEqual(expected("{"), ["", "JSON"])
    for (const text of ["null", "5", "\"x\"", "[]"]) {
      assert.strictEqual(failed(text)?.reason._tag, "InvalidResponse", text)
    }
    assert.deepStrictEqual(expected("{\"other\":1}"), ["", "a GenerateContentResponse"])
    for (
      const text of ["{}", "{\"usageMetadata\":{}}", "{\"modelVersion\":\"x\",\"other\":1}", "{\"candidates\":[]}"]
    ) {
      assert.isUndefined(failed(text), text)
    }
  })
  it("keeps its envelope in the error of a blocked prompt", () => {
    const text = JSON.stringify({ promptFeedback: { blockReason: "SAFETY" }, responseId: "r" })
    const told = failed(text)
    assert.deepStrictEqual(
      [told?.method, told?.model, told?.requestId, told?.attempts],
      ["generateContent", "m", "r", []]
    )
  })
})

describe("the reason of a status", () => {
  const of = (status: number, error: object = {}, more: Partial<WireError.ErrorResponse> = {}) =>
    WireError.fromResponse({
      method: "m",
      status,
      text: JSON.stringify({ error: { message: "said", ...error } }),
      ...more
    })
  const info = (reason: string) => ({ details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason }] })
  const description = "said"
  const invalid = (path: string, expected: string) => new Reason.InvalidResponse({ description, path, expected })
  const rows: ReadonlyArray<readonly [number, object, Reason.GeminiErrorReason]> = [
    [400, {}, new Reason.InvalidRequest({ description, fields: [] })],
    [400, info("API_KEY_INVALID"), new Reason.Unauthenticated({ description, code: "API_KEY_INVALID" })],
    [400, info("OTHER"), new Reason.InvalidRequest({ description, fields: [] })],
    [401, {}, new Reason.Unauthenticated({ description })],
    [402, info("X"), new Reason.Unauthenticated({ description, code: "X" })],
    [403, {}, new Reason.Unauthenticated({ description })],
    [404, {}, new Reason.NotFound({ description, nearMatches: [] })],
    [408, {}, new Reason.ServerError({ description, status: 408 })],
    [409, {}, new Reason.InvalidRequest({ description, fields: [] })],
    [429, {}, new Reason.RateLimited({ description, violations: [] })],
    [499, {}, new Reason.ServerError({ description, status: 499 })],
    [500, {}, new Reason.ServerError({ description, status: 500 })],
    [501, {}, new Reason.Unsupported({ description, capability: "m" })],
    [502, {}, new Reason.ServerError({ description, status: 502 })],
    [503, {}, new Reason.Overloaded({ description })],
    [504, {}, new Reason.ServerError({ description, status: 504 })],
    [300, {}, invalid("", "an answer, got a redirect (HTTP 300): check baseUrl")],
    [399, {}, invalid("", "an answer, got a redirect (HTTP 399): check baseUrl")],
    [0, {}, invalid("", "an answer, got a redirect: check baseUrl")],
    [200, {}, invalid("error", "an answer, got an error")],
    [299, {}, invalid("error", "an answer, got an error")],
    [200, { code: 503 }, new Reason.Overloaded({ description })],
    [299, { code: 404 }, new Reason.NotFound({ description, nearMatches: [] })],
    [300, { code: 503 }, invalid("", "an answer, got a redirect (HTTP 300): check baseUrl")]
  ]
  for (const [status, error, reason] of rows) {
    it(`${status} ${JSON.stringify(error)} is ${reason._tag}, whole`, () => {
      assert.deepStrictEqual(of(status, error).reason, reason)
    })
  }

  it("has no words where none were said", () => {
    const silent = WireError.fromResponse({ method: "m", status: 500, text: "" })
    assert.deepStrictEqual(
      silent,
      new GeminiError({ method: "m", status: 500, attempts: [], reason: new Reason.ServerError({ status: 500 }) })
    )
  })

  it("comes with the model, the name, the id and the delay, where they are known", () => {
    const details = [
      { "@type": "type.googleapis.com/google.rpc.RequestInfo", requestId: "r" },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "2s" }
    ]
    assert.deepStrictEqual(
      of(503, { status: "UNAVAILABLE", details }, { model: "x" }),
      new GeminiError({
        method: "m",
        model: "x",
        status: 503,
        googleStatus: "UNAVAILABLE",
        requestId: "r",
        retryAfter: Duration.seconds(2),
        attempts: [],
        reason: new Reason.Overloaded({ description })
      })
    )
    const headers = { "retry-after-ms": "1500", "retry-after": "9" }
    assert.deepStrictEqual(of(503, {}, { headers }).retryAfter, Duration.millis(1_500))
    assert.deepStrictEqual(of(503, {}, { headers: { "retry-after": "9" } }).retryAfter, Duration.seconds(9))
  })
})

it("no connection came about by these codes and deadlines, and by no others", () => {
  const error = (reason: Reason.GeminiErrorReason) => new GeminiError({ method: "m", attempts: [], reason })
  const codes = (
    "ECONNREFUSED ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH UND_ERR_CONNECT_TIMEOUT CERT_HAS_EXPIRED " +
    "CERT_NOT_YET_VALID DEPTH_ZERO_SELF_SIGNED_CERT ERR_TLS_CERT_ALTNAME_INVALID SELF_SIGNED_CERT_IN_CHAIN " +
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE"
  ).split(" ")
  for (const code of codes) assert.isTrue(isUnreached(error(new Reason.Network({ code, description: "x" }))), code)
  assert.isFalse(isUnreached(error(new Reason.Network({ code: "ECONNRESET", description: "x" }))))
  assert.isFalse(isUnreached(error(new Reason.Network({ description: "ECONNREFUSED" }))))
  assert.isTrue(isUnreached(error(new Reason.TimedOut({ phase: "connect" }))))
  assert.isFalse(isUnreached(error(new Reason.TimedOut({ phase: "attempt" }))))
  assert.isFalse(isUnreached(error(new Reason.Overloaded({}))))
})

describe("the pieces of a body", () => {
  const request = HttpClientRequest.get("http://a.test")
  const read = (response: HttpClientResponse.HttpClientResponse) =>
    Stream.runCollect(BodyPieces.of(response)).pipe(
      Effect.map((pieces) => pieces.map((piece) => new TextDecoder().decode(piece))),
      Effect.catch(({ reason }) => Effect.succeed(reason._tag))
    )
  /** A response as React Native's fetch gives it: with bytes, and without a body in pieces. */
  const bodiless = () => {
    const response = new Response("whole")
    Object.defineProperty(response, "body", { value: undefined })
    return HttpClientResponse.fromWeb(request, response)
  }
  it.effect("are those of the platform, and where it has none, the whole of it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read(HttpClientResponse.fromWeb(request, new Response("in pieces"))), ["in pieces"])
      assert.deepStrictEqual(yield* read(bodiless()), ["whole"])
    }))
  it.effect("are those of a client that somebody else wrote, whatever it wraps", () =>
    Effect.gen(function*() {
      const own = Stream.make(new TextEncoder().encode("own"))
      for (
        const inner of [
          {},
          { original: undefined },
          { original: null },
          { original: "text" },
          { original: {} },
          { source: null },
          { source: "text" },
          { source: {} },
          { source: { body: {} } },
          { source: { arrayBuffer: () => {}, body: {} } },
          { original: { source: null } }
        ]
      ) {
        const response = Object.assign(Object.create(bodiless()), inner)
        Object.defineProperty(response, "stream", { value: own })
        if (!("source" in inner) && !("original" in inner)) {
          Object.defineProperty(response, "source", { value: undefined })
        }
        assert.deepStrictEqual(yield* read(response), ["own"], JSON.stringify(inner))
      }
    }))
})
