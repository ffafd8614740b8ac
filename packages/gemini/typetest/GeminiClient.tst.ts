import type * as Answers from "effect-gemini/call/Answer"
import { GeminiClient } from "effect-gemini/GeminiClient"
import type { Answer, StreamChunk } from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import type { Model } from "effect-gemini/wire/Models"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { describe, expect, it } from "tstyche"

declare const gemini: GeminiClient["Service"]

describe("generate", () => {
  it("fails with one tagged error and nothing else", () => {
    expect(GeminiClient.use((gemini) => gemini.generate({ contents: "Hi" }))).type.toBe<
      Effect.Effect<Answer, GeminiError, GeminiClient>
    >()
  })

  it("takes text, parts or contents, and the overrides of one call", () => {
    expect(gemini.generate({ contents: [{ text: "Hi" }] })).type.toBe<Effect.Effect<Answer, GeminiError>>()
    expect(
      gemini.generate(
        {
          model: "gemini-pro-latest",
          contents: [{ role: "user", parts: [{ text: "Hi" }] }],
          systemInstruction: "Short"
        },
        {
          priority: "batch",
          maxWait: "5 minutes",
          retry: { attempts: 5 },
          timeouts: { total: "1 minute" },
          observe: () => Effect.void
        }
      )
    ).type.toBe<Effect.Effect<Answer, GeminiError>>()
  })

  it("does not take options that no call has", () => {
    expect(gemini.generate).type.not.toBeCallableWith({ contents: "Hi" }, { priority: "urgent" })
    expect(gemini.generate).type.not.toBeCallableWith({ contents: "Hi" }, { transport: "pigeon" })
  })
})

describe("the other operations", () => {
  it("fail with the same error", () => {
    expect(gemini.generateStream({ contents: "Hi" })).type.toBe<Stream.Stream<StreamChunk, GeminiError>>()
    expect(gemini.countTokens({ contents: "Hi" })).type.toBe<Effect.Effect<Answers.TokenCount, GeminiError>>()
    expect(gemini.embed({ contents: ["a", "b"] })).type.toBe<Effect.Effect<Answers.Embeddings, GeminiError>>()
    expect(gemini.listModels()).type.toBe<Stream.Stream<Model, GeminiError>>()
    expect(gemini.getModel("gemini-3.8-flash")).type.toBe<Effect.Effect<Model, GeminiError>>()
  })
})
