import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

// A program in plain JavaScript has no types to hold it back.
const untyped = (value: unknown): never => value as never

const answer = { candidates: [{ content: { parts: [{ text: "hi" }] }, finishReason: "STOP" }] }
const http = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(answer))))
)
const options: GeminiConfig.Options = { apiKey: Redacted.make("sentinel"), tier: "tier3", retry: { attempts: 1 } }
const layer = (own: object = {}) => Layer.provide(GeminiClient.layer(Object.assign({}, options, own)), http)

/** Every way to send contents; each built inside an effect, so a throw is a defect. */
const ways = (contents: never, model = "gemini-3.8-flash") =>
  Effect.gen(function*() {
    const gemini = yield* GeminiClient.GeminiClient
    const bare = yield* GeminiHttp.GeminiHttp
    const calls: ReadonlyArray<Effect.Effect<unknown, GeminiError>> = [
      gemini.generate({ contents, model }),
      Stream.runDrain(gemini.generateStream({ contents, model })),
      gemini.countTokens({ contents, model }),
      bare.generateContent({ contents, model }),
      Stream.runDrain(bare.generateContentStream({ contents, model }))
    ]
    return yield* Effect.forEach(calls, (call) => Effect.flip(call))
  })

const fieldsOf = (error: GeminiError) =>
  error.reason._tag === "InvalidRequest" ? error.reason.fields.map(({ field }) => field) : [error.reason._tag]

describe("what no type held back is InvalidRequest with its path, never a defect", () => {
  const cases: ReadonlyArray<readonly [string, unknown, string]> = [
    ["no contents", undefined, "contents"],
    ["null", null, "contents"],
    ["a list of null", [null], "contents[0].parts[0]"],
    ["a list of undefined", [undefined], "contents[0].parts[0]"],
    ["a list of strings", ["one", "two"], "contents[0].parts[0]"],
    ["a content that is not in a list", { role: "user", parts: [{ text: "x" }] }, "contents[0].parts"],
    ["a number", 5, "contents[0].parts"]
  ]
  for (const [name, contents, path] of cases) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const errors = yield* ways(untyped(contents))
        assert.deepStrictEqual(errors.map(fieldsOf), errors.map(() => [path]))
      }).pipe(Effect.provide(layer())))
  }

  for (const model of [undefined, null, 5, {}]) {
    it.effect(`a model that is ${JSON.stringify(model)}`, () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const bare = yield* GeminiHttp.GeminiHttp
        const name = untyped(model)
        const errors = yield* Effect.forEach([
          bare.generateContent({ model: name, contents: "x" }),
          bare.countTokens({ model: "m", generateContentRequest: { model: name, contents: [] } }),
          gemini.getModel(name)
        ], (call: Effect.Effect<unknown, GeminiError>) => Effect.flip(call))
        assert.deepStrictEqual(errors.map((error) => error.reason._tag), errors.map(() => "InvalidRequest"))
      }).pipe(Effect.provide(layer())))
  }

  it.effect("a batch without requests, or with null in it", () =>
    Effect.gen(function*() {
      const bare = yield* GeminiHttp.GeminiHttp
      const none = yield* Effect.flip(bare.batchEmbedContents(untyped({ model: "m" })))
      const nil = yield* Effect.flip(bare.batchEmbedContents(untyped({ model: "m", requests: [null] })))
      assert.deepStrictEqual([fieldsOf(none), fieldsOf(nil)], [["requests"], ["requests[0]"]])
      assert.strictEqual(
        (yield* Effect.flip(bare.embedContent(untyped({ model: "m" })))).message,
        "embedContent (m) InvalidRequest: content: expected a value, got none"
      )
    }).pipe(Effect.provide(layer())))

  it.effect("contents that hold themselves", () =>
    Effect.gen(function*() {
      const part: Record<string, unknown> = { text: "x" }
      part["self"] = part
      const errors = yield* ways(untyped([part]))
      assert.deepStrictEqual(errors.map((error) => error.reason._tag), errors.map(() => "InvalidRequest"))
    }).pipe(Effect.provide(layer())))
})

describe("options that no type held back fail every call, and say which they are", () => {
  const cases: ReadonlyArray<readonly [string, object, string]> = [
    ["a key as plain text", { apiKey: "sentinel" }, "apiKey"],
    ["no tier at all", { tier: null }, "tier"],
    ["a tier without limits", { tier: { name: "mine" } }, "tier"],
    ["a tier whose limits are none", { tier: { name: "mine", limits: { rpm: "5" }, models: {} } }, "tier.limits.rpm"],
    ["no duration", { timeouts: { connect: "soon" } }, "timeouts.connect"],
    ["an address that is none", { baseUrl: "http://[" }, "baseUrl"],
    ["an address with a query", { baseUrl: "http://127.0.0.1:1?x=1" }, "baseUrl"],
    ["an address with a password", { baseUrl: "http://me:sentinel@127.0.0.1:1" }, "baseUrl"]
  ]
  for (const [name, own, field] of cases) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const bare = yield* GeminiHttp.GeminiHttp
        const calls: ReadonlyArray<Effect.Effect<unknown, GeminiError>> = [
          gemini.generate({ contents: "x" }),
          bare.generateContent({ model: "m", contents: "x" }),
          Stream.runDrain(bare.generateContentStream({ model: "m", contents: "x" }))
        ]
        const errors = yield* Effect.forEach(calls, (call) => Effect.flip(call))
        assert.deepStrictEqual(errors.map(fieldsOf), errors.map(() => [field]))
        assert.notInclude(errors.map((error) => error.message + JSON.stringify(error)).join("\n"), "sentinel")
      }).pipe(Effect.provide(layer(own))))
  }

  it.effect("a deadline of one call that is no duration", () =>
    Effect.gen(function*() {
      const bare = yield* GeminiHttp.GeminiHttp
      const wrong: GeminiHttp.CallOptions = untyped({ timeouts: { attempt: "soon" } })
      const error = yield* Effect.flip(bare.generateContent({ model: "m", contents: "x" }, wrong))
      assert.deepStrictEqual(fieldsOf(error), ["timeouts.attempt"])
    }).pipe(Effect.provide(layer())))

  for (const [name, value] of [["x-a", "one\r\nx-b: sentinel"], ["x a", "b"], ["", "b"]] as const) {
    it.effect(`a header that cannot be sent: ${JSON.stringify(name)}`, () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const error = yield* Effect.flip(gemini.generate({ contents: "x" }, { headers: { [name]: value } }))
        assert.deepStrictEqual(fieldsOf(error), [`headers[${JSON.stringify(name)}]`])
        assert.notInclude(error.message, "sentinel")
      }).pipe(Effect.provide(layer())))
  }

  it("building NodeGemini's layer throws nothing", () => {
    assert.doesNotThrow(() => NodeGemini.layerHttp(untyped({ ...options, timeouts: { connect: "soon" } })))
  })
})
