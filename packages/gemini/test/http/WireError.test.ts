import { assert, describe, it } from "@effect/vitest"
import type { GeminiErrorReason } from "effect-gemini/errors/GeminiErrorReason"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as WireError from "../../src/internal/http/wireError.ts"

const rpc = (type: string, fields: object) => ({ "@type": `type.googleapis.com/google.rpc.${type}`, ...fields })

const body = (code: number, status: string, message: string, ...details: ReadonlyArray<object>) =>
  JSON.stringify({ error: { code, message, status, ...(details.length === 0 ? {} : { details }) } }, null, 2)

const now = Date.UTC(2026, 10, 22, 12)

const fromResponse = (status: number, text: string, more: Partial<WireError.ErrorResponse> = {}) =>
  WireError.fromResponse({ method: "generateContent", model: "gemini-3.8-flash", status, text, now, ...more })

const apiKeyInvalid = rpc("ErrorInfo", { reason: "API_KEY_INVALID", domain: "googleapis.com" })
const quota = (...quotaIds: ReadonlyArray<string>) =>
  rpc("QuotaFailure", {
    violations: quotaIds.map((quotaId) => ({
      quotaMetric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
      quotaId,
      quotaValue: "20",
      quotaDimensions: { location: "global", model: "gemini-3.8-flash" }
    }))
  })
const perMinute = "GenerateRequestsPerMinutePerProjectPerModel"
const perDay = "GenerateRequestsPerDayPerProjectPerModel"

describe("an answer that is an error has the one reason that it should have", () => {
  const cases: ReadonlyArray<readonly [string, number, string, GeminiErrorReason["_tag"]]> = [
    ["a bad key", 400, body(400, "INVALID_ARGUMENT", "API key not valid.", apiKeyInvalid), "Unauthenticated"],
    ["a bad token", 401, body(401, "UNAUTHENTICATED", "no"), "Unauthenticated"],
    ["no credit", 402, "", "Unauthenticated"],
    ["no permission", 403, body(403, "PERMISSION_DENIED", "no"), "Unauthenticated"],
    ["a bad field", 400, body(400, "INVALID_ARGUMENT", "no"), "InvalidRequest"],
    ["the region", 400, body(400, "FAILED_PRECONDITION", "User location is not supported."), "InvalidRequest"],
    ["too many bytes", 413, "<html><title>413 Too Large</title></html>", "InvalidRequest"],
    ["an unknown model", 404, body(404, "NOT_FOUND", "models/x is not found"), "NotFound"],
    ["404 without a body", 404, "", "NotFound"],
    ["429 without details", 429, body(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted."), "RateLimited"],
    ["a minute's quota", 429, body(429, "RESOURCE_EXHAUSTED", "q", quota(perMinute)), "RateLimited"],
    ["a day's quota", 429, body(429, "RESOURCE_EXHAUSTED", "q", quota(`${perDay}-FreeTier`)), "QuotaExhausted"],
    ["a day's among others", 429, body(429, "RESOURCE_EXHAUSTED", "q", quota(perMinute, perDay)), "QuotaExhausted"],
    ["two QuotaFailures", 429, body(429, "", "q", quota(perMinute), quota(perDay)), "QuotaExhausted"],
    [
      "the older form of a quota",
      429,
      body(429, "", "q", rpc("ErrorInfo", { reason: "RATE_LIMIT_EXCEEDED", metadata: { quota_limit: perMinute } })),
      "RateLimited"
    ],
    ["a page about 429", 429, "<!doctype html><title>Too many</title>", "RateLimited"],
    ["a cancelled call", 499, body(499, "CANCELLED", "The operation was cancelled."), "ServerError"],
    ["a server failure", 500, body(500, "INTERNAL", "An internal error has occurred."), "ServerError"],
    ["not implemented", 501, body(501, "UNIMPLEMENTED", "no"), "Unsupported"],
    ["a gateway's page", 502, "<html><head><title>502 Bad Gateway</title></head></html>", "ServerError"],
    ["overload", 503, body(503, "UNAVAILABLE", "high demand"), "Overloaded"],
    ["a server's deadline", 504, body(504, "DEADLINE_EXCEEDED", "no"), "ServerError"],
    ["a request timeout", 408, "", "ServerError"],
    ["a redirect", 302, "{\"error\":{\"code\":302,\"message\":\"moved\",\"status\":\"\"}}", "InvalidResponse"],
    ["a redirect without a body", 307, "", "InvalidResponse"],
    ["inside a 200", 200, body(503, "UNAVAILABLE", "high demand"), "Overloaded"],
    ["inside a 200, without a code", 200, "{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\"}}", "RateLimited"],
    ["inside a 200, the code as text", 200, "{\"error\":{\"code\":\"503\"}}", "Overloaded"],
    ["inside a 200, the code by name", 200, "{\"error\":{\"code\":\"RESOURCE_EXHAUSTED\"}}", "RateLimited"],
    ["inside a 200, gRPC's code", 200, "{\"error\":{\"code\":14,\"message\":\"down\"}}", "Overloaded"],
    ["inside a 200, gRPC's code and a name", 200, "{\"error\":{\"code\":5,\"status\":\"NOT_FOUND\"}}", "NotFound"],
    ["inside a 200, of no kind", 200, "{\"error\":\"oops\"}", "InvalidResponse"],
    ["in an array", 404, `[${body(404, "NOT_FOUND", "models/x is not found")}]`, "NotFound"],
    ["last in an array", 200, `[{"candidates":[]},${body(500, "INTERNAL", "no")}]`, "ServerError"],
    ["a string", 404, "{\"error\":\"not here\"}", "NotFound"],
    ["a code that disagrees", 404, body(400, "INVALID_ARGUMENT", "models/x is not found"), "NotFound"],
    ["a cut body", 503, "{\"error\":{\"code\":503,\"mess", "Overloaded"],
    ["null", 500, "null", "ServerError"],
    ["details of unknown kinds", 400, body(400, "", "no", { a: 1 }, rpc("Tomorrow", { x: [] })), "InvalidRequest"]
  ]
  it.each(cases)("%s (HTTP %i)", (_, status, text, tag) => {
    assert.strictEqual(fromResponse(status, text).reason._tag, tag)
  })
})

describe("what the server said is kept", () => {
  it("status, name, message and request id", () => {
    const error = fromResponse(400, body(400, "INVALID_ARGUMENT", "no", rpc("RequestInfo", { requestId: "r1" })))
    assert.strictEqual(error.status, 400)
    assert.strictEqual(error.googleStatus, "INVALID_ARGUMENT")
    assert.strictEqual(error.requestId, "r1")
    assert.include(error.message, "no")
  })

  it("the refused fields, once in the message", () => {
    const description = "Invalid JSON payload received. Unknown name \"foo\" at 'generation_config': Cannot find field."
    const violations = [{ field: "generation_config", description }]
    const { reason } = fromResponse(
      400,
      body(400, "INVALID_ARGUMENT", description, rpc("BadRequest", { fieldViolations: violations }))
    )
    assert.isTrue(reason._tag === "InvalidRequest")
    if (reason._tag === "InvalidRequest") assert.deepStrictEqual(reason.fields, violations)
    assert.strictEqual(reason.message, description)
  })

  it("quota ids and dimensions; values of 0 are left out", () => {
    const { reason } = fromResponse(
      429,
      body(
        429,
        "RESOURCE_EXHAUSTED",
        "q",
        rpc("QuotaFailure", {
          violations: [{ quotaId: perDay, quotaDimensions: { model: "gemini-3.8-flash", odd: 1 } }]
        })
      )
    )
    assert.isTrue(reason._tag === "QuotaExhausted")
    if (reason._tag !== "QuotaExhausted") return
    assert.deepStrictEqual(reason.violations, [
      { quotaId: perDay, quotaDimensions: { model: "gemini-3.8-flash" } }
    ])
    assert.strictEqual(reason.resetAt, Date.UTC(2026, 10, 23, 8))
  })

  it("when a day is back, by the server's clock if it says its time", () => {
    const resetAt = (now: number, headers?: Readonly<Record<string, string>>, ...details: ReadonlyArray<object>) => {
      const { reason } = fromResponse(429, body(429, "", "q", quota(perDay), ...details), { now, headers })
      return reason._tag === "QuotaExhausted" ? reason.resetAt : undefined
    }
    const midnight = Date.UTC(2026, 10, 23, 8)
    const ahead = midnight + 4_000
    assert.strictEqual(resetAt(ahead, { date: new Date(midnight - 1_000).toUTCString() }), ahead + 1_000)
    assert.strictEqual(resetAt(ahead, { date: "-5" }), ahead + 60_000)
    assert.strictEqual(resetAt(ahead, {}, rpc("RetryInfo", { retryDelay: "20s" })), ahead + 20_000)
    assert.strictEqual(resetAt(ahead, { "retry-after": "7" }), ahead + 7_000)
    assert.strictEqual(resetAt(midnight - 1, { "retry-after": "7" }), midnight)
  })

  it("the links of Help, and a message that is only localized", () => {
    const details = [
      rpc("ErrorInfo", { reason: "SERVICE_DISABLED" }),
      rpc("Help", { links: [{ description: "enable", url: "https://example.org/enable" }] }),
      rpc("LocalizedMessage", { locale: "en-US", message: "The API is disabled." })
    ]
    const { reason } = fromResponse(403, JSON.stringify({ error: { code: 403, details } }))
    assert.strictEqual(reason.message, "The API is disabled. See https://example.org/enable")
    if (reason._tag === "Unauthenticated") assert.strictEqual(reason.code, "SERVICE_DISABLED")
  })

  it("the words of a gateway whose errors have a shape of their own", () => {
    const said = (body: unknown) => fromResponse(403, JSON.stringify(body)).reason.message
    assert.strictEqual(said({ message: "Forbidden by policy" }), "Forbidden by policy")
    assert.strictEqual(said({ detail: "Not for you" }), "Not for you")
    assert.strictEqual(said({ fault: 1 }), "the API key was refused")
    assert.strictEqual(fromResponse(403, "{\"error\":{\"mess").reason.message, "the error's body is cut off")
  })

  it("without the key, wherever the server quotes it", () => {
    const key = "sentinel/\\key"
    const details = [
      rpc("ErrorInfo", { reason: key, metadata: { quota_limit: key } }),
      rpc("Help", { links: [{ url: `https://example.org/?key=${key}` }] }),
      rpc("BadRequest", { fieldViolations: [{ field: key, description: `key ${key}` }] }),
      rpc("QuotaFailure", { violations: [{ quotaMetric: key, quotaId: key, quotaDimensions: { [key]: key } }] }),
      rpc("RequestInfo", { requestId: key })
    ]
    for (const status of [400, 403, 429, 503]) {
      const text = body(status, `STATUS_${key}`, `said ${key}`, ...details)
      const inside = { method: "m", httpStatus: 200, body: JSON.parse(text), key }
      for (const error of [fromResponse(status, text, { key }), WireError.fromBody(inside)]) {
        assert.notInclude(JSON.stringify(error) + error.message + error.reason.message, "sentinel")
      }
    }
    const deep = `{"error":{"code":503,"details":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`
    assert.strictEqual(fromResponse(503, deep, { key }).reason._tag, "Overloaded")
  })

  it("whole, where the key of a test or of the emulator is a word or less", () => {
    const details = [rpc("RetryInfo", { retryDelay: "7s" }), quota(perDay)]
    for (const key of ["k", "e", "y", "quota", "Day", "any", "model", "Info"]) {
      const error = fromResponse(429, body(429, "RESOURCE_EXHAUSTED", "check each one, anyway", ...details), { key })
      assert.strictEqual(error.reason._tag, "QuotaExhausted", key)
      assert.strictEqual(error.googleStatus, "RESOURCE_EXHAUSTED")
      assert.strictEqual(error.retryAfter && Duration.toMillis(error.retryAfter), 7_000)
      assert.include(error.message, "check each one, anyway")
      const dimensions = error.reason._tag === "QuotaExhausted" && error.reason.violations[0]?.quotaDimensions
      assert.deepStrictEqual(dimensions, { location: "global", model: "gemini-3.8-flash" })
    }
    assert.include(fromResponse(401, "your key 'any' is bad", { key: "any" }).message, "your key '<key>' is bad")
  })

  it("a page's title and a text's start, not the whole of it", () => {
    assert.include(fromResponse(502, "<html><title>Bad Gateway</title>…").message, "a page: Bad Gateway")
    assert.isBelow(fromResponse(500, "x".repeat(10_000)).message.length, 500)
  })
})

describe("the delay", () => {
  const millis = (text: string, headers: Record<string, string> = {}) => {
    const { retryAfter } = fromResponse(429, text, { headers })
    return retryAfter === undefined ? undefined : Duration.toMillis(retryAfter)
  }
  const retryInfo = (retryDelay: string) => rpc("RetryInfo", { retryDelay })

  it("comes from RetryInfo, then from the message, then from the header", () => {
    const message = "Please retry in 20.5s."
    const header = { "retry-after": "7" }
    assert.strictEqual(millis(body(429, "", message, retryInfo("53.016342224s")), header), 53_017)
    assert.strictEqual(millis(body(429, "", message), header), 20_500)
    assert.strictEqual(millis(body(429, "", "no"), header), 7000)
    assert.isUndefined(millis(body(429, "", "no")))
  })

  it.each([["20s", 20_000], ["34.4s", 34_400], ["900ms", 900], ["1h2m3s", 3_723_000], ["41380s", 41_380_000]])(
    "%s",
    (text, expected) => assert.strictEqual(millis(body(429, "", `Please retry in ${text}.`)), expected)
  )

  it("a date in the header counts from now, and never less than nothing", () => {
    assert.strictEqual(millis("", { "retry-after": new Date(now + 5000).toUTCString() }), 5000)
    assert.strictEqual(millis("", { "retry-after": new Date(now - 5000).toUTCString() }), 0)
    assert.isUndefined(millis("", { "retry-after": "soon" }))
    // Date.parse would take these for years.
    for (const text of ["-5", "0.5.1", "12:30", "1,5", "2026"]) {
      assert.strictEqual(millis("", { "retry-after": text }), text === "2026" ? 2_026_000 : undefined, text)
    }
  })
})

describe("an unknown model", () => {
  const notFound = (model: string, message: string) => {
    const { reason } = fromResponse(404, body(404, "NOT_FOUND", message), { model })
    if (reason._tag !== "NotFound") throw new Error(reason._tag)
    return reason
  }

  it("names near matches from what is known, without a request", () => {
    const reason = notFound("gemini-3.8-flsh", "models/gemini-3.8-flsh is not found for API version v1beta")
    assert.strictEqual(reason.nearMatches[0], "gemini-3.8-flash")
    assert.include(reason.message, "Did you mean gemini-3.8-flash")
  })

  it("names none where the cache or file is what is missing", () => {
    assert.deepStrictEqual(notFound("gemini-3.8-flsh", "cachedContents/abc is not found").nearMatches, [])
  })

  it("that speaks the other transport says so", () => {
    const text = "models/gemini-3.8-live is not found for API version v1beta, or is not supported for generateContent."
    assert.strictEqual(notFound("gemini-3.8-live", text).transport, "live")
    const live =
      "models/gemini-3.8-flash is not found for API version v1beta, or is not supported for bidiGenerateContent."
    assert.strictEqual(notFound("gemini-3.8-flash", live).transport, "http")
  })
})

describe("whatever comes as an error", () => {
  const details = Schema.Array(Schema.Struct({
    "@type": Schema.Literals([
      "type.googleapis.com/google.rpc.ErrorInfo",
      "type.googleapis.com/google.rpc.QuotaFailure",
      "type.googleapis.com/google.rpc.RetryInfo",
      "type.googleapis.com/google.rpc.BadRequest",
      "type.googleapis.com/google.rpc.Help",
      "odd"
    ]),
    reason: Schema.Json,
    metadata: Schema.Json,
    violations: Schema.Union([Schema.Json, Schema.Array(Schema.Struct({ quotaId: Schema.Json }))]),
    fieldViolations: Schema.Union([Schema.Json, Schema.Array(Schema.Struct({ field: Schema.Json }))]),
    links: Schema.Union([Schema.Json, Schema.Array(Schema.Struct({ url: Schema.Json }))]),
    retryDelay: Schema.Json
  }))

  it.prop(
    "is a GeminiError with a message",
    {
      status: Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 })),
      error: Schema.Union([
        Schema.Json,
        Schema.Struct({ code: Schema.Json, message: Schema.Json, status: Schema.Json, details })
      ]),
      wrapped: Schema.Boolean,
      cut: Schema.Natural,
      retryAfter: Schema.String
    },
    ({ cut, error, retryAfter, status, wrapped }) => {
      const text = JSON.stringify(wrapped ? [{ error }] : { error })
      for (const body of [text, text.slice(0, cut % text.length), JSON.stringify(error)]) {
        const failed = fromResponse(status, body, { headers: { "retry-after": retryAfter } })
        assert.isAbove(failed.message.length, 20)
        if (status >= 300) assert.strictEqual(failed.status, status)
      }
    },
    { arbitrary: { runs: 500 } }
  )
})

describe("a status that is a name of JavaScript's", () => {
  it.each(["toString", "constructor", "__proto__"])("%s is a word like any other", (status) => {
    const failed = fromResponse(200, JSON.stringify({ error: { message: "No.", status } }))
    assert.strictEqual(failed.googleStatus, status)
    assert.strictEqual(failed.status, 200)
  })
})

describe("a key that the server quotes", () => {
  it("is cut out of its words", () => {
    const key = `AIza${"x".repeat(35)}`
    const suspended = body(403, "PERMISSION_DENIED", `Consumer 'api_key:${key}' has been suspended.`)
    assert.notInclude(JSON.stringify(fromResponse(403, suspended)), key)
    const other = body(403, "PERMISSION_DENIED", "Consumer 'api_key:sentinel' has been suspended.")
    assert.notInclude(JSON.stringify(fromResponse(403, other, { key: "sentinel" })), "sentinel")
  })
})
