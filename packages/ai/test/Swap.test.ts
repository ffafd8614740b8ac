/** Three everyday programs of Effect's OpenAI provider (`everyday.ts`), run on Gemini by another Layer alone. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Contact, extract, search, shopHandlers, support } from "./everyday.ts"
import { answer, bodies, call, type Json, record, signature } from "./scripted.ts"

/** OpenAI's lines with the names changed, over the emulator's HttpClient in place of fetch's. */
const Gemini = GeminiClient.layerConfig({ apiKey: Config.Redacted("GEMINI_API_KEY") }).pipe(
  Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ GEMINI_API_KEY: "key" })))
)
const model = GeminiLanguageModel.model("gemini-3.8-flash", { temperature: 0.2 }).pipe(Layer.provide(Gemini))
const embeddings = GeminiEmbeddingModel.model("gemini-embedding-001", { dimensions: 256 }).pipe(Layer.provide(Gemini))

const scripted = (...answers: ReadonlyArray<ReadonlyArray<Json>>) => {
  let n = 0
  return Emulator.layerHttpClient({ answers: () => answer(answers[n++] ?? []) })
}

describe("by another Layer alone", () => {
  it.live("a form is filled in, retried, streamed and counted", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual({ ...(yield* extract) }, {
        value: new Contact({ name: "Ada", mail: "ada@example.com", since: "1843" }),
        said: "Hello Ada.",
        finishReason: "stop",
        counted: true,
        by: "gemini-3.8-flash"
      })
      assert.deepInclude(record((yield* bodies)[0]?.["generationConfig"]), {
        temperature: 0.2,
        responseMimeType: "application/json"
      })
      assert.deepStrictEqual((yield* bodies).length, 3)
    }).pipe(
      Effect.provide(model.pipe(Layer.provideMerge(scripted(
        [{ text: "{\"name\":\"Ada\"}" }],
        [{ text: "{\"name\":\"Ada\",\"mail\":\"ada@example.com\",\"since\":\"1843\"}" }],
        [{ text: "Hello Ada." }]
      ))))
    ))

  it.effect("a chat calls tools, waits for a person, and is stored in between", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* support, {
        listed: "Order 7.",
        refunded: ["order 7 is paid back"],
        said: "It is paid back."
      })
      const last = (yield* bodies).at(-1)
      assert.deepStrictEqual(record(last?.["systemInstruction"])["parts"], [{ text: "You work for a shop." }])
    }).pipe(
      Effect.provide([
        model.pipe(Layer.provideMerge(scripted(
          [call("search_orders", { customer: "Ada", since: "2026-01-01" }, "1", signature)],
          [{ text: "Order 7." }],
          [call("refund", { id: 7 }, "2", signature)],
          [{ text: "It is paid back." }]
        ))),
        shopHandlers
      ])
    ))

  it.effect("texts are found by their meaning", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* search, {
        dimensions: [256, 256],
        found: ["bread needs flour and water", "a cat sleeps all day"]
      })
      assert.deepStrictEqual((yield* bodies).length, 2)
    }).pipe(Effect.provide(embeddings.pipe(Layer.provideMerge(Emulator.layerHttpClient())))))
})
