/** Gemini as the LanguageModel of effect/ai, over the emulator. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as SpanRecorder from "../calls/spanRecorder.ts"

const model = "gemini-3.8-flash"

const services = (config: GeminiLanguageModel.Config.Settings = {}, emulator: Emulator.Options = {}) =>
  GeminiLanguageModel.layer({ model, config }).pipe(
    Layer.provideMerge(GeminiClient.layer({ apiKey: Redacted.make("test-key"), tier: "tier3" })),
    Layer.provideMerge(Emulator.layerHttpClient({ strictSignatures: true, ...emulator }))
  )

const Weather = Tool.make("weather", {
  description: "The weather of a city",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ celsius: Schema.Finite })
})
const toolkit = Toolkit.make(Weather)
const handlers = toolkit.toLayer({ weather: ({ city }) => Effect.succeed({ celsius: city.length }) })

describe("the language model", () => {
  it.effect("generateText answers", () =>
    Effect.gen(function*() {
      const answer = yield* LanguageModel.generateText({ prompt: "one two three" })
      assert.include(answer.text, "one two three")
      assert.strictEqual(answer.finishReason, "stop")
      assert.isAbove(answer.usage.outputTokens.total ?? 0, 0)
    }).pipe(Effect.provide(services())))

  it.effect("streamText brings the same text", () =>
    Effect.gen(function*() {
      const whole = yield* LanguageModel.generateText({ prompt: "one two three" })
      const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "one two three" }))
      const text = parts.flatMap((part) => part.type === "text-delta" ? [part.delta] : []).join("")
      assert.strictEqual(text, whole.text)
      assert.strictEqual(parts.at(-1)?.type, "finish")
    }).pipe(Effect.provide(services())))

  it.effect("a chat with tools keeps its signatures", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      const first = yield* chat.generateText({ prompt: "weather in Paris", toolkit })
      assert.strictEqual(first.finishReason, "tool-calls")
      const second = yield* chat.generateText({ prompt: [], toolkit })
      assert.include(second.text, "celsius")
    }).pipe(Effect.provide([services(), handlers])))
})

describe("telemetry", () => {
  it.effect("follows the GenAI conventions, streamed or not, without prompt or answer", () =>
    Effect.gen(function*() {
      const { spans, tracer } = SpanRecorder.make()
      yield* Effect.all([
        LanguageModel.generateText({ prompt: "one secret three" }),
        Stream.runDrain(LanguageModel.streamText({ prompt: "one secret three" }))
      ]).pipe(Effect.withTracer(tracer))
      for (const name of ["LanguageModel.generateText", "LanguageModel.streamText"]) {
        const attributes = Object.fromEntries(spans.find((span) => span.name === name)?.attributes ?? [])
        assert.deepInclude(attributes, {
          "gen_ai.provider.name": "gcp.gemini",
          "gen_ai.operation.name": "chat",
          "gen_ai.request.model": model,
          "gen_ai.request.temperature": 0.5,
          "gen_ai.response.model": model,
          "gen_ai.response.finish_reasons": ["STOP"]
        })
        assert.isAbove(Number(attributes["gen_ai.usage.output_tokens"]), 0)
        assert.notInclude(JSON.stringify(attributes), "secret")
      }
    }).pipe(Effect.provide(services({ temperature: 0.5 }))))
})
