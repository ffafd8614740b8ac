import { GeminiClient } from "effect-gemini/GeminiClient"
import type { Answer } from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import type * as Effect from "effect/Effect"
import { describe, expect, it } from "tstyche"

describe("generate", () => {
  it("fails with one tagged error and nothing else", () => {
    expect(GeminiClient.use((gemini) => gemini.generate({ contents: "Hi" }))).type.toBe<
      Effect.Effect<Answer, GeminiError, GeminiClient>
    >()
  })
})
