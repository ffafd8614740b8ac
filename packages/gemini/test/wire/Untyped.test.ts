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
    ["a number in a list of strings", ["one", 2], "contents[0].parts[1]"],
    ["a content whose parts are no list", { role: "user", parts: "x" }, "contents[0].parts"],
    ["a number", 5, "contents[0].parts[0]"]
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

  for (const nothing of [undefined, null]) {
    it.effect(`a call with ${nothing} in place of a request`, () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const bare = GeminiHttp.withRetry({ attempts: 2 })(yield* GeminiHttp.GeminiHttp)
        const request = untyped(nothing)
        const refused = (call: () => Effect.Effect<unknown, GeminiError>) => Effect.flip(Effect.suspend(call))
        const ofClient = yield* Effect.forEach([
          () => gemini.generate(request),
          () => Stream.runDrain(gemini.generateStream(request)),
          () => gemini.countTokens(request)
        ], refused)
        assert.deepStrictEqual(ofClient.map(fieldsOf), ofClient.map(() => ["contents"]))
        const vectors = yield* refused(() => gemini.embed(request))
        assert.strictEqual(vectors.reason._tag, "InvalidRequest")
        const ofHttp = yield* Effect.forEach([
          () => bare.generateContent(request),
          () => Stream.runDrain(bare.generateContentStream(request)),
          () => bare.countTokens(request),
          () => bare.embedContent(request),
          () => bare.batchEmbedContents(request),
          () => bare.getModel(request)
        ], refused)
        assert.deepStrictEqual(ofHttp.map(fieldsOf), ofHttp.map(() => ["model"]))
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
    ["a transformClient that throws", {
      transformClient: () => {
        throw new Error("mine")
      }
    }, "transformClient"],
    ["a transformClient that throws the key", {
      transformClient: () => {
        throw new Error("cannot use sentinel")
      }
    }, "transformClient"],
    ["a transformClient that gives nothing back", { transformClient: () => undefined }, "transformClient"],
    ["a transformClient that is not a function", { transformClient: null }, "transformClient"],
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

  it.effect("a deadline of one call that is not a duration", () =>
    Effect.gen(function*() {
      const bare = yield* GeminiHttp.GeminiHttp
      const wrong: GeminiHttp.AttemptOptions = untyped({ timeouts: { attempt: "soon" } })
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

  for (const headers of [null, 5, "x-a: b"]) {
    it.effect(`headers that are ${JSON.stringify(headers)}`, () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const bare = yield* GeminiHttp.GeminiHttp
        const wrong: GeminiHttp.AttemptOptions = untyped({ headers })
        const errors = yield* Effect.forEach([
          gemini.generate({ contents: "x" }, wrong),
          Stream.runDrain(gemini.generateStream({ contents: "x" }, wrong)),
          bare.generateContent({ model: "m", contents: "x" }, wrong),
          Stream.runDrain(bare.generateContentStream({ model: "m", contents: "x" }, wrong))
        ], (call: Effect.Effect<unknown, GeminiError>) => Effect.flip(call))
        assert.deepStrictEqual(errors.map(fieldsOf), errors.map(() => ["headers"]))
      }).pipe(Effect.provide(layer())))
  }

  it.effect("a header whose value is not a text", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      for (const value of [null, 5, undefined]) {
        const error = yield* Effect.flip(gemini.generate({ contents: "x" }, untyped({ headers: { "x-a": value } })))
        assert.deepStrictEqual(fieldsOf(error), ["headers[\"x-a\"]"])
      }
    }).pipe(Effect.provide(layer())))

  for (const nothing of [null, 5]) {
    it.effect(`options of a call that are ${nothing}`, () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const errors = yield* Effect.forEach([
          gemini.generate({ contents: "x" }, untyped(nothing)),
          Stream.runDrain(gemini.generateStream({ contents: "x" }, untyped(nothing))),
          gemini.embed({ contents: "x" }, untyped(nothing))
        ], (call: Effect.Effect<unknown, GeminiError>) => Effect.flip(call))
        assert.deepStrictEqual(errors.map(fieldsOf), errors.map(() => ["options"]))
      }).pipe(Effect.provide(layer())))
  }

  it.effect("no options at all are those of no key", () =>
    Effect.gen(function*() {
      for (const nothing of [undefined, null]) {
        const error = yield* GeminiClient.GeminiClient.use((gemini) => Effect.flip(gemini.generate({ contents: "x" })))
          .pipe(Effect.provide(Layer.provide(Layer.suspend(() => GeminiClient.layer(untyped(nothing))), http), {
            local: true
          }))
        assert.deepStrictEqual(fieldsOf(error), ["MissingApiKey"])
      }
    }))

  it("building NodeGemini's layer throws nothing", () => {
    assert.doesNotThrow(() => NodeGemini.layerHttp(untyped({ ...options, timeouts: { connect: "soon" } })))
  })
})
