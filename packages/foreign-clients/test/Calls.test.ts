import { createGoogleGenerativeAI } from "@ai-sdk/google"
import * as GoogleClient from "@effect/ai-google/GoogleClient"
import * as GoogleLanguageModel from "@effect/ai-google/GoogleLanguageModel"
import * as LanguageModel from "@effect/ai/LanguageModel"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const name = "gemini-3.8-flash"

let emulator: Awaited<ReturnType<typeof Standalone.start>>
beforeAll(async () => {
  emulator = await Standalone.start()
})
afterAll(() => emulator.stop())

describe("@ai-sdk/google", () => {
  const model = () => createGoogleGenerativeAI({ apiKey: "test-key", baseURL: `${emulator.url}/v1beta` })(name)

  it("a call", async () => {
    const { finishReason, text, usage } = await generateText({ model: model(), prompt: "Say hello" })
    assert.include(text, "Say hello")
    assert.strictEqual(finishReason, "stop")
    assert.isAbove(usage.totalTokens ?? 0, 0)
  })

  it("a stream, with the same text", async () => {
    const { text } = await generateText({ model: model(), prompt: "Say hello" })
    const stream = streamText({ model: model(), prompt: "Say hello" })
    const pieces: Array<string> = []
    for await (const piece of stream.textStream) pieces.push(piece)
    assert.isAbove(pieces.length, 2)
    assert.strictEqual(pieces.join(""), text)
  })

  it("a tool call: its result goes back with the call's signature, and is told", async () => {
    const { steps, text } = await generateText({
      model: model(),
      prompt: "Use get_weather for Rome",
      stopWhen: stepCountIs(2),
      tools: {
        get_weather: tool({
          description: "The weather of a city",
          inputSchema: jsonSchema<{ city: string }>({
            type: "object",
            properties: { city: { type: "string" } },
            required: ["city"]
          }),
          execute: ({ city }) => ({ city, celsius: 21 })
        })
      }
    })
    assert.deepStrictEqual(steps[0]?.toolCalls.map(({ toolName }) => toolName), ["get_weather"])
    assert.include(text, "get_weather returned")
    assert.include(JSON.stringify(emulator.requests().at(-1)?.body), "thoughtSignature")
  })
})

describe("@effect/ai-google on Effect 3", () => {
  const layer = () =>
    GoogleLanguageModel.layer({ model: name }).pipe(
      Layer.provide(GoogleClient.layer({ apiKey: Redacted.make("test-key"), apiUrl: emulator.url })),
      Layer.provide(FetchHttpClient.layer)
    )

  it("a call", async () => {
    const { finishReason, text } = await Effect.runPromise(
      LanguageModel.generateText({ prompt: "Say hello" }).pipe(Effect.provide(layer()))
    )
    assert.include(text, "Say hello")
    assert.strictEqual(finishReason, "stop")
  })

  it("a stream, with the same text", async () => {
    const whole = await Effect.runPromise(
      LanguageModel.generateText({ prompt: "Say hello" }).pipe(Effect.provide(layer()))
    )
    const parts = await Effect.runPromise(
      LanguageModel.streamText({ prompt: "Say hello" }).pipe(Stream.runCollect, Effect.provide(layer()))
    )
    const deltas = [...parts].flatMap((part) => part.type === "text-delta" ? part.delta : [])
    assert.isAbove(deltas.length, 2)
    assert.strictEqual(deltas.join(""), whole.text)
  })
})
