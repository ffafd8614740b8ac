import { assert, describe, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const apiKey = Redacted.make("test-key")

const overSockets = (client: typeof FetchGemini.layer) =>
  Layer.unwrap(Effect.map(Emulator.Emulator, ({ url }) => client({ apiKey, baseUrl: url }))).pipe(
    Layer.provideMerge(Emulator.layerServer())
  )

describe.each([
  ["FetchGemini over sockets", overSockets(FetchGemini.layer)],
  ["NodeGemini over sockets", overSockets(NodeGemini.layerHttp)],
  ["in memory", GeminiClient.layer({ apiKey }).pipe(Layer.provideMerge(Emulator.layerHttpClient()))]
])("%s", (_, services) => {
  layer(services)((it) => {
    it.effect("one answer, and the same text streamed", () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const answer = yield* gemini.generate({ contents: "Say hello" })
        const chunks = yield* Stream.runCollect(gemini.generateStream({ contents: "Say hello" }))
        assert.include(answer.text, "Say hello")
        assert.strictEqual(chunks.map((chunk) => chunk.text).join(""), answer.text)
        assert.deepStrictEqual(chunks.map((chunk) => chunk.finished), chunks.map((_, i) => i === chunks.length - 1))
        assert.deepStrictEqual(chunks.at(-1)?.usage, answer.usage)
      }))

    it.effect("the model of the request stands in the URL, and the key in no log", () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        yield* gemini.generate({ model: "models/gemini-pro-latest", contents: "Hi" })
        const last = (yield* (yield* Emulator.Emulator).requests).at(-1)
        assert.strictEqual(last?.model, "gemini-pro-latest")
        assert.notInclude(JSON.stringify(last), "test-key")
      }))

    it.effect("a refusal is a typed reason", () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const text = yield* gemini.generate({ model: "palm-2", contents: "Hi" }).pipe(
          Effect.map((answer) => answer.text),
          Effect.catchReason("GeminiError", "NotFound", (reason) => Effect.succeed(reason.message))
        )
        assert.include(text, "models/palm-2 is not found")
      }))
  })
})
