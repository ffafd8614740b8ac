import { assert, describe, it } from "@effect/vitest"
import * as Content from "effect-gemini/wire/Content"
import { estimateTokens } from "../../src/internal/limiter/tokenEstimate.ts"

const blob = (mimeType: string, bytes: number) => ({
  contents: [Content.user([{ inlineData: { mimeType, data: "A".repeat(Math.ceil(bytes / 0.75)) } }])]
})

describe("estimateTokens", () => {
  it("text is about four characters a token, tools and instructions included", () => {
    const contents = [Content.user("x".repeat(4_000))]
    assert.approximately(estimateTokens({ contents }), 1_000, 5)
    const tools = [{ functionDeclarations: [{ name: "look", description: "y".repeat(400) }] }]
    assert.approximately(estimateTokens({ contents, tools }), 1_100, 10)
  })

  it("an image is one tile, whatever its size", () => {
    assert.approximately(estimateTokens(blob("image/png", 10_000_000)), 258, 5)
    assert.approximately(estimateTokens(blob("image/png", 1_000)), 258, 5)
  })

  it("audio, video and documents grow with their bytes", () => {
    assert.approximately(estimateTokens(blob("audio/mp3", 16_000 * 60)), 32 * 60, 40)
    assert.approximately(estimateTokens(blob("video/mp4", 125_000 * 60)), 258 * 60, 60)
    assert.approximately(estimateTokens(blob("application/pdf", 50_000 * 10)), 2_580, 40)
  })

  it("a thought signature and the settings cost nothing", () => {
    const plain = { contents: [Content.model([{ text: "hi" }])] }
    const signed = {
      contents: [Content.model([{ text: "hi", thoughtSignature: "s".repeat(100_000) }])],
      generationConfig: { stopSequences: ["z".repeat(1_000)] }
    }
    assert.strictEqual(estimateTokens(signed), estimateTokens(plain))
  })

  it("costs the same for one byte of image as for 16 million", () => {
    const time = (request: object) => {
      const from = performance.now()
      for (let i = 0; i < 1_000; i++) estimateTokens(request)
      return performance.now() - from
    }
    const big = blob("image/png", 16_000_000)
    time(big)
    // Stringifying it once takes longer than this.
    assert.isBelow(time(big), 100)
  })

  it("is at least one", () => {
    assert.strictEqual(estimateTokens({}), 1)
  })
})
