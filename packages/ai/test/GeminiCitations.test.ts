/** Citations stand behind the words that they support. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiCitations from "effect-gemini-ai/GeminiCitations"
import { FinishFold } from "../src/internal/FinishFold.ts"

const web = (n: number) => ({ web: { uri: `https://s${n}.example/`, title: `Source ${n}` } })
const bytes = (part: string) => new TextEncoder().encode(part).length
const number = (source: GeminiCitations.Citation) => `[${source.number}]`

/** One source at one stretch. */
const support = (segment: object) => ({
  groundingChunks: [web(1)],
  groundingSupports: [{ segment, groundingChunkIndices: [0] }]
})

describe("citations", () => {
  it("are marked by bytes of UTF-8, each stretch with all its sources, unused sources left out", () => {
    const text = "Zürich 😀 grows. Bern does not."
    const cited = GeminiCitations.render(text, {
      groundingChunks: [web(1), web(2), web(3)],
      groundingSupports: [
        { segment: { startIndex: 18, endIndex: bytes(text) }, groundingChunkIndices: [2] },
        { segment: { endIndex: bytes("Zürich 😀 grows.") }, groundingChunkIndices: [0, 2, 9] }
      ]
    }, number)
    assert.strictEqual(cited.text, "Zürich 😀 grows.[1][3] Bern does not.[3]")
    assert.deepStrictEqual(cited.citations.map(({ number }) => number), [1, 3])
  })

  it("of an answer without grounding are none", () => {
    assert.deepStrictEqual(GeminiCitations.render("so", undefined), { text: "so", citations: [] })
  })

  it("change no character of the text, wherever a stretch ends, and stand behind whole characters", () => {
    const text = "\ufeffa\ufeffé漢😀\ud800b\ufeff"
    const characters = Array.from(text)
    for (let end = -1; end <= bytes(text) + 2; end++) {
      const cited = GeminiCitations.render(text, support({ endIndex: end }), () => "|").text
      assert.strictEqual(cited.replace("|", ""), text, `at ${end}`)
      if (end <= 0) continue
      // The least number of whole characters that have so many bytes.
      let index = 0
      for (let passed = 0; passed < end && index < characters.length; index++) passed += bytes(characters[index] ?? "")
      assert.strictEqual(Array.from(cited).indexOf("|"), index, `at ${end}`)
    }
    for (const end of ["7", "x", null, Number.NaN, Infinity, 1e30, -1]) {
      const cited = GeminiCitations.render(text, support({ endIndex: end }), () => "|").text
      assert.strictEqual(cited.replace("|", ""), text, String(end))
    }
  })

  describe("in one of several parts", () => {
    const parts = ["Laravel is a PHP framework. ", "", "Zürich ships queues. ", "Zürich ships queues."]
    const segments: ReadonlyArray<readonly [name: string, segment: object, marked: number | undefined]> = [
      ["the first", { endIndex: 27 }, 27],
      ["a later one", { partIndex: 2, endIndex: 8 }, 28 + 7],
      ["the last, by its end", { partIndex: 3, endIndex: 21 }, parts.join("").length],
      ["one that is said twice", { partIndex: 3, startIndex: 8, endIndex: 14, text: "ships" }, 28 + 21 + 13],
      ["as text", { partIndex: "2", endIndex: "8" }, 28 + 7],
      ["one that there is not", { partIndex: 4, endIndex: 5 }, undefined],
      ["one of no number", { partIndex: "x", endIndex: 3 }, undefined]
    ]
    for (const [name, segment, marked] of segments) {
      it(`the texts of all parts say where it is: ${name}`, () => {
        const whole = parts.join("")
        const expected = marked === undefined ? whole : `${whole.slice(0, marked)}[1]${whole.slice(marked)}`
        assert.strictEqual(GeminiCitations.render(parts, support(segment), number).text, expected)
      })
    }

    it("without the parts, by the words of the stretch; without those nothing is marked", () => {
      const whole = parts.join("")
      const cited = (segment: object) => GeminiCitations.render(whole, support(segment), number).text
      const words = "ships queues."
      assert.strictEqual(
        cited({ partIndex: 2, startIndex: 8, endIndex: 21, text: words }),
        whole.replace(words, `${words}[1]`)
      )
      for (
        const segment of [
          { partIndex: 2, endIndex: 8 },
          { partIndex: 2, endIndex: 8, text: "" },
          { partIndex: 2, endIndex: 8, text: "not there" }
        ]
      ) assert.strictEqual(cited(segment), whole)
    })
  })

  it("of a model's answer count in the whole text, whatever parts it came in, thoughts among them", () => {
    const segment = { partIndex: 3, startIndex: 3, endIndex: 10, text: "Zürich" }
    const groundingMetadata = support(segment)
    const content = {
      parts: [
        { text: "I think …", thought: true },
        { text: "Zürich. " },
        { functionCall: { name: "f", args: {} } },
        { text: "In Zürich." },
        { text: " Zürich" }
      ]
    }
    for (const isStream of [false, true]) {
      const fold = new FinishFold()
      if (isStream) {
        for (const part of content.parts) fold.add({ candidates: [{ content: { parts: [part] } }] })
        fold.add({ candidates: [{ groundingMetadata, finishReason: "STOP" }] })
      } else fold.add({ candidates: [{ content, groundingMetadata, finishReason: "STOP" }] })
      const { metadata } = fold.part(false)
      const cited = GeminiCitations.render("Zürich. In Zürich. Zürich", metadata?.google?.groundingMetadata, number)
      assert.strictEqual(cited.text, "Zürich. In Zürich[1]. Zürich", JSON.stringify(metadata))
    }
  })
})
