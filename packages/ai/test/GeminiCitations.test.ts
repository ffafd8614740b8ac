/** Citations stand behind the words that they support. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiCitations from "effect-gemini-ai/GeminiCitations"

const web = (n: number) => ({ web: { uri: `https://s${n}.example/`, title: `Source ${n}` } })

describe("citations", () => {
  it("are marked by bytes of UTF-8, each stretch with all its sources, unused sources left out", () => {
    const text = "Zürich 😀 grows. Bern does not."
    const bytes = (part: string) => new TextEncoder().encode(part).length
    const cited = GeminiCitations.render(text, {
      groundingChunks: [web(1), web(2), web(3)],
      groundingSupports: [
        { segment: { startIndex: 18, endIndex: bytes(text) }, groundingChunkIndices: [2] },
        { segment: { endIndex: bytes("Zürich 😀 grows.") }, groundingChunkIndices: [0, 2, 9] }
      ]
    }, ({ number }) => `[${number}]`)
    assert.strictEqual(cited.text, "Zürich 😀 grows.[1][3] Bern does not.[3]")
    assert.deepStrictEqual(cited.citations.map(({ number }) => number), [1, 3])
  })

  it("of an answer without grounding are none", () => {
    assert.deepStrictEqual(GeminiCitations.render("so", undefined), { text: "so", citations: [] })
  })
})
