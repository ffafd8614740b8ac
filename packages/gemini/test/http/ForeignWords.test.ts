/** The words of servers, gateways and transports, as an error says them: short, clean and without what was sent. */
import { assert, describe, it } from "@effect/vitest"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as ErrorWords from "../../src/internal/http/errorWords.ts"
import * as Finish from "../../src/internal/http/finish.ts"
import * as ResponseBody from "../../src/internal/http/responseBody.ts"

describe("a body that is not of Google's", () => {
  const rows: ReadonlyArray<readonly [text: string, words: string | undefined]> = [
    ["", undefined],
    [" \n", undefined],
    ["  down for repair\n", "down for repair"],
    ["x".repeat(301), "x".repeat(300)],
    ["<html><head><title> Bad gateway </title></head>", "the server answered with a page: Bad gateway"],
    [`<title lang="en">${"t".repeat(301)}</title>`, `the server answered with a page: ${"t".repeat(300)}`],
    ["<html><title> </title>", "the server answered with an HTML page"],
    ["  <!DOCTYPE html>", "the server answered with an HTML page"],
    ["{\"message\":\"Forbidden\"}", "Forbidden"],
    ["{\"detail\":\"Not here\"}", "Not here"],
    ["{\"message\":\"\"}", undefined],
    ["{\"message\":5,\"detail\":\"a\"}", undefined],
    ["{\"other\":1}", undefined],
    [`{"message":"${"m".repeat(301)}"}`, "m".repeat(300)],
    ["{\"error\":{\"message\":\"cut", "the error's body is cut off"],
    [" [1,", "the error's body is cut off"]
  ]
  for (const [text, words] of rows) {
    it(`${JSON.stringify(text.slice(0, 40))} says ${JSON.stringify(words?.slice(0, 40))}`, () => {
      assert.strictEqual(ErrorWords.ofOthers(text), words)
      assert.strictEqual(ErrorWords.of(text, undefined), words)
    })
  }

  it("says the message of Google's error, in the 16,384 characters that an error has, and never the key", () => {
    const body = (message: string) => JSON.stringify({ error: { code: 400, message, status: "INVALID_ARGUMENT" } })
    assert.strictEqual(ErrorWords.of(body("API key AIzaKey not valid"), "AIzaKey")?.includes("AIzaKey"), false)
    assert.strictEqual(ErrorWords.of(body("m".repeat(16_385)), undefined)?.length, 16_384)
    assert.strictEqual(ErrorWords.of("the key AIzaKey is bad", "AIzaKey")?.includes("AIzaKey"), false)
  })
})

describe("a transport's failure", () => {
  const request = HttpClientRequest.post("https://example.test/", {
    headers: { "x-goog-api-key": "secret", empty: "" }
  })
  const network = (cause: unknown, key?: string) =>
    ResponseBody.network(
      { method: "generateContent", ...(key === undefined ? {} : { key: Redacted.make(key) }) },
      new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
    ).reason
  const described = (cause: unknown, key?: string) => {
    const reason = network(cause, key)
    return reason._tag === "Network" ? [reason.code, reason.description] : [reason._tag]
  }

  it("is told in the words and with the code of its innermost cause", () => {
    const inner = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })
    assert.deepStrictEqual(described(inner), ["ECONNRESET", "socket hang up"])
    assert.deepStrictEqual(described(new Error("fetch failed", { cause: inner })), ["ECONNRESET", "socket hang up"])
    assert.deepStrictEqual(described(new Error("fetch failed", { cause: "no error" })), [undefined, "fetch failed"])
    assert.deepStrictEqual(described(Object.assign(new Error("a"), { code: 5 })), [undefined, "a"])
    assert.deepStrictEqual(described("a text"), [undefined, "the transport failed: TransportError"])
  })

  it("is told by its name where its message quotes a header or says nothing", () => {
    assert.deepStrictEqual(described(new TypeError("\"secret\" is an invalid header")), [undefined, "TypeError"])
    assert.deepStrictEqual(described(new RangeError("")), [undefined, "RangeError"])
    // A header without a value is in every message.
    assert.deepStrictEqual(described(new Error("refused")), [undefined, "refused"])
  })

  it("is told without the key", () => {
    assert.notInclude(String(described(new Error("to https://h/?key=AIzaKey1"), "AIzaKey1")), "AIzaKey1")
    assert.include(String(described(new Error("AIzaOther was refused"), "AIzaKey1")), "AIzaOther")
  })

  it("is a deadline, or what is not there, where its code says so", () => {
    const coded = (code: string) => described(Object.assign(new Error("a"), { code }))
    assert.deepStrictEqual(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"].map(coded), [
      ["TimedOut"],
      ["TimedOut"],
      ["TimedOut"]
    ])
    assert.deepStrictEqual(coded("NO_UNDICI"), ["Unsupported"])
  })

  it("for an address that is none names the option", () => {
    const error = ResponseBody.network(
      { method: "generateContent" },
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.InvalidUrlError({ request, cause: new Error("a") })
      })
    )
    assert.deepStrictEqual(error.reason._tag === "InvalidRequest" ? error.reason.fields : undefined, [
      { field: "baseUrl", description: "expected an absolute http or https URL" }
    ])
  })
})

it("an answer says something by text, calls and media, and nothing by thoughts and signatures", () => {
  const says = (...parts: ReadonlyArray<object>) => Finish.says({ candidates: [{ content: { parts } }] })
  const call = { functionCall: { name: "f" } }
  assert.deepStrictEqual([says({ text: "a" }), says(call), says({ ...call, thoughtSignature: "c2ln" })], [
    true,
    true,
    true
  ])
  assert.deepStrictEqual([says({ text: "" }, { inlineData: {} }), says({ thought: false, text: "a" })], [true, true])
  assert.deepStrictEqual(
    [
      says(),
      says({ text: "" }),
      says({ thought: true, text: "a" }),
      says({ thoughtSignature: "c2ln" }),
      says({
        thought: true,
        ...call
      }),
      says({ partMetadata: {} })
    ],
    Array(6).fill(false)
  )
})
