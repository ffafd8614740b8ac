import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as LiveClose from "../../src/internal/live/close.ts"
import * as LiveEndpoint from "../../src/internal/live/endpoint.ts"
import * as LiveCheck from "../../src/internal/live/setupCheck.ts"

type Expected = readonly [code: number, before: string, after: string, mayRedial: boolean]

// Filled in from RFC 6455 and from the reasons that users of the API report.
const expected: ReadonlyArray<Expected> = [
  [1000, "Handshake", "Interrupted", true],
  [1001, "Handshake", "Interrupted", true],
  [1002, "Handshake", "Interrupted", false],
  [1003, "Handshake", "Interrupted", false],
  [1005, "Handshake", "Interrupted", true],
  [1006, "Network", "Interrupted", true],
  [1007, "Handshake", "Interrupted", false],
  [1008, "Handshake", "Interrupted", false],
  [1009, "Handshake", "Interrupted", false],
  [1010, "Handshake", "Interrupted", false],
  [1011, "Handshake", "Interrupted", true],
  [1012, "Handshake", "Interrupted", true],
  [1013, "Handshake", "Interrupted", true],
  [1014, "Handshake", "Interrupted", true],
  [1015, "Connection", "Interrupted", true],
  [4001, "Handshake", "Interrupted", true]
]

describe("the end of a connection", () => {
  it("every close code says its reason and whether it may be redialled, before and after setup", () => {
    for (const [code, before, after, mayRedial] of expected) {
      for (const isSetUp of [false, true]) {
        const verdict = LiveClose.verdict({ _tag: "Closed", code, text: "why" }, { isSetUp, goAway: undefined })
        assert.deepStrictEqual(
          [code, verdict.reason._tag, verdict.mayRedial, verdict.code],
          [code, isSetUp ? after : before, mayRedial, code]
        )
        assert.strictEqual(verdict.reason.isRetryable, mayRedial, `${code} retryable as it is redialled`)
      }
    }
  })

  // Filled in from recordings, and from the reports that the table names.
  it("the words of a close say more than its code, before and after setup", () => {
    const rows: ReadonlyArray<readonly [code: number, text: string, before: boolean, after: boolean]> = [
      [1008, "The operation was aborted.", true, true],
      [1007, "The operation was aborted.", false, false],
      [1008, "So it is: The operation was aborted.", false, false],
      [1008, "Operation is not implemented, or supported, or enabled.", false, true],
      [1008, "Requested entity was not found.", false, false],
      [1007, "Request contains an invalid argument.", false, false],
      [1007, "API key not valid. Please pass a valid API key.", false, false],
      [
        1008,
        "models/x is not found for API version v1beta, or is not supported for bidiGenerateContent. Call Li",
        false,
        false
      ],
      [1011, "Internal error occurred.", true, true],
      [1011, "Deadline expired before operation could complete.", true, true],
      [1011, "You exceeded your current quota, please check your plan and billing details.", true, true],
      [1011, "Your prepayment credits are depleted. Please go to AI Studio", false, false]
    ]
    for (const [code, text, before, after] of rows) {
      for (const isSetUp of [false, true]) {
        const { mayRedial, reason } = LiveClose.verdict({ _tag: "Closed", code, text }, { isSetUp, goAway: undefined })
        assert.deepStrictEqual([code, text, isSetUp, mayRedial], [code, text, isSetUp, isSetUp ? after : before])
        assert.strictEqual(reason.isRetryable, mayRedial, `${code} ${text}`)
        assert.include(reason.message, text)
      }
    }
  })

  it("what a refusal is about: the key, the model, or the handle that was sent", () => {
    const about = (code: number, text: string): string => {
      const { reason } = LiveClose.verdict({ _tag: "Closed", code, text }, { isSetUp: false, goAway: undefined })
      return [
        LiveClose.isKeyRefused(reason) ? "key" : "",
        LiveClose.isModelMissing(reason) ? "model" : "",
        LiveClose.isHandleRefused(reason) ? "handle" : ""
      ].join("")
    }
    assert.strictEqual(about(1007, "API key expired. Please renew the API key."), "key")
    assert.strictEqual(about(1008, "Your project has been denied access. Please contact support."), "key")
    assert.strictEqual(about(1011, "Your prepayment credits are depleted. Please go to AI Studio"), "key")
    const expired = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or"
    assert.strictEqual(about(1008, expired), "key")
    assert.strictEqual(about(1008, "models/x is not found for API version v1beta"), "model")
    const whole = "projects/p/locations/us-central1/publishers/google/models/x"
    assert.strictEqual(about(1008, `Publisher Model \`${whole}\` not found.`), "model")
    assert.strictEqual(about(1008, `Publisher Model \`${whole}`), "model", "words that are cut")
    assert.strictEqual(about(1008, "Requested entity was not found."), "handle")
    assert.strictEqual(about(1007, "Invalid session resumption handle."), "handle")
    assert.strictEqual(about(1007, "Request contains an invalid argument."), "handle")
    assert.strictEqual(about(1008, "The operation was aborted."), "")
    assert.strictEqual(about(1011, "Internal error occurred."), "")
  })

  it("a close after goAway is ServerDisconnect, and a refusal stays one, with its words", () => {
    for (const [code, text] of [[1000, ""], [1006, ""], [1011, ""], [1008, "The operation was aborted."]] as const) {
      const verdict = LiveClose.verdict({ _tag: "Closed", code, text }, {
        isSetUp: true,
        goAway: { timeLeft: 9000 }
      })
      assert.deepStrictEqual([verdict.reason._tag, verdict.mayRedial], ["ServerDisconnect", true])
      if (verdict.reason._tag === "ServerDisconnect") {
        assert.deepStrictEqual(verdict.reason.timeLeft, Duration.seconds(9))
      }
    }
    for (const code of [1007, 1008]) {
      const verdict = LiveClose.verdict({ _tag: "Closed", code, text: "no" }, {
        isSetUp: true,
        goAway: { timeLeft: 9 }
      })
      assert.deepStrictEqual([verdict.reason._tag, verdict.mayRedial], ["Interrupted", false])
      assert.include(verdict.reason.message, "no")
    }
  })

  it("an upgrade status is Connection, and only what may pass is redialled", () => {
    for (
      const [status, mayRedial] of [
        [301, false],
        [400, false],
        [401, false],
        [403, false],
        [404, false],
        [408, true],
        [429, true],
        [500, true],
        [502, true],
        [503, true],
        [504, true]
      ] as const
    ) {
      const verdict = LiveClose.verdict({ _tag: "Refused", status }, { isSetUp: false, goAway: undefined })
      assert.deepStrictEqual([status, verdict.reason._tag, verdict.mayRedial], [status, "Connection", mayRedial])
      assert.strictEqual(verdict.reason.isRetryable, mayRedial)
    }
  })
})

describe("where a session is dialled", () => {
  const make = (options: Omit<LiveEndpoint.Options, "apiKey">, key = "secret key".replace(" ", "-")) => {
    const endpoint = Result.getOrThrow(LiveEndpoint.make({ ...options, apiKey: Redacted.make(key) }))
    return { url: Redacted.value(endpoint.url), headers: Redacted.value(endpoint.headers) }
  }

  it("the key goes into a header, and into the address only where that is asked for", () => {
    const path = "wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService"
    assert.deepStrictEqual(make({}), {
      url: `${path}.BidiGenerateContent`,
      headers: { "x-goog-api-key": "secret-key" }
    })
    assert.deepStrictEqual(make({ keyInUrl: true }), {
      url: `${path}.BidiGenerateContent?key=secret-key`,
      headers: undefined
    })
  })

  it("an ephemeral token picks method and version, a base URL keeps its path", () => {
    assert.deepStrictEqual(make({ baseUrl: "http://127.0.0.1:1/proxy/" }, "auth_tokens/AB"), {
      url:
        "ws://127.0.0.1:1/proxy/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained?access_token=auth_tokens/AB",
      headers: undefined
    })
  })

  it("no key and an impossible one are refused", () => {
    assert.deepStrictEqual(LiveEndpoint.make({}), Result.fail("missing"))
    assert.deepStrictEqual(LiveEndpoint.make({ apiKey: Redacted.make("a b") }), Result.fail("malformed"))
  })
})

describe("settings that the Live API refuses", () => {
  it("are found before dialling, with their path", () => {
    const found = LiveCheck.check({
      model: "models/m",
      generationConfig: {
        responseMimeType: "application/json",
        stopSequences: ["x"],
        responseModalities: ["TEXT", "AUDIO"]
      },
      systemInstruction: { parts: [{ inlineData: { data: "", mimeType: "image/png" } }] }
    })
    assert.deepStrictEqual(found.map(({ field }) => field), [
      "setup.generationConfig.responseMimeType",
      "setup.generationConfig.stopSequences",
      "setup.generationConfig.responseModalities",
      "setup.systemInstruction.parts[0]"
    ])
    assert.deepStrictEqual(LiveCheck.check({ model: "models/m", generationConfig: { temperature: 1 } }), [])
  })
})
