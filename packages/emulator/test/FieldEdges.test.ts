/** Values of single fields below, at and above what their kind takes, as the JSON front end reads them. */
import { assert, describe, it } from "@effect/vitest"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Fields from "../src/internal/judge/fields.ts"
import * as Judge from "../src/internal/judge/judge.ts"

const isTaken = (generationConfig: object): boolean =>
  Fields.read("GenerateContentRequest", { generationConfig }, "v1beta").violations.length === 0

describe("a number of 32 bits", () => {
  it("is whole and within its bounds, as a number or as text", () => {
    const taken = [0, -1, 2 ** 31 - 1, -(2 ** 31), "7", "-7", 1.0, "1e3"]
    assert.deepStrictEqual(taken.filter((maxOutputTokens) => !isTaken({ maxOutputTokens })), [])
    const refused = [2 ** 31, -(2 ** 31) - 1, 0.5, "0.5", "", "x", "NaN", "Infinity", true, [1]]
    assert.deepStrictEqual(refused.filter((maxOutputTokens) => isTaken({ maxOutputTokens })), [])
  })
})

describe("a fraction", () => {
  it("is any number, also one that is none, as a number or as text", () => {
    const taken = [0, -1.5, 1e300, "1.5", ".5", "1.", "NaN", "Infinity", "-Infinity"]
    assert.deepStrictEqual(taken.filter((temperature) => !isTaken({ temperature })), [])
    const refused = ["", "x", "1x", "+1", "nan", true]
    assert.deepStrictEqual(refused.filter((temperature) => isTaken({ temperature })), [])
  })
})

describe("a truth", () => {
  it("is true or false, as itself or as text, and read as itself", () => {
    const read = (responseLogprobs: unknown) =>
      Fields.read("GenerateContentRequest", { generationConfig: { responseLogprobs } }, "v1beta")
        .value["generationConfig"]
    for (const value of [true, false]) {
      assert.deepStrictEqual(read(value), { responseLogprobs: value })
      assert.deepStrictEqual(read(String(value)), { responseLogprobs: value })
    }
    for (const responseLogprobs of ["TRUE", "", 1, 0]) assert.isFalse(isTaken({ responseLogprobs }))
  })
})

describe("bytes", () => {
  const bytes = (data: unknown) =>
    Fields.read("GenerateContentRequest", { contents: [{ parts: [{ inlineData: { data } }] }] }, "v1beta").violations
      .length === 0

  it("are base64 of either alphabet, with or without padding, of no length that cannot be", () => {
    assert.deepStrictEqual(["", "AQ", "AQ==", "AQI", "AQI=", "AQID", "-_8", "+/8="].filter((data) => !bytes(data)), [])
    assert.deepStrictEqual(["A", "AQIDB", "%", "A Q=", "-/8=", 1, true].filter((data) => bytes(data)), [])
  })
})

describe("an option", () => {
  const isRefused = (generationConfig: object, model = "models/gemini-2.5-flash"): boolean =>
    Judge.judge({
      version: "v1beta",
      method: "generateContent",
      model,
      bodyText: JSON.stringify({ contents: [{ parts: [{ text: "hi" }] }], generationConfig }),
      key: "key",
      models: ModelTable.current,
      now: Date.parse("2026-11-22T00:00:00Z")
    }).refusal !== undefined

  const bounds: ReadonlyArray<
    readonly [
      name: string,
      make: (value: number) => object,
      taken: ReadonlyArray<number>,
      refused: ReadonlyArray<number>
    ]
  > = [
    ["topP", (topP) => ({ topP }), [0, 0.5, 1], [-0.001, 1.001]],
    ["candidateCount", (candidateCount) => ({ candidateCount }), [0, 1, 8], [-1, 9]],
    ["logprobs", (logprobs) => ({ logprobs, responseLogprobs: true }), [0, 1, 20], [-1, 21]],
    ["stopSequences", (n) => ({ stopSequences: Array.from({ length: n }, String) }), [0, 1, 5], [6]],
    ["thinkingBudget", (thinkingBudget) => ({ thinkingConfig: { thinkingBudget } }), [-1, 0, 1, 24_576], [-2, 24_577]]
  ]
  for (const [name, make, taken, refused] of bounds) {
    it(`${name}: ${taken.join(", ")} are taken, ${refused.join(", ")} refused`, () => {
      assert.deepStrictEqual(taken.filter((value) => isRefused(make(value))), [])
      assert.deepStrictEqual(refused.filter((value) => !isRefused(make(value))), [])
    })
  }
})

describe("cached content", () => {
  const refusal = (rest: object): string | undefined =>
    Judge.judge({
      version: "v1beta",
      method: "generateContent",
      model: "models/gemini-2.5-flash",
      bodyText: JSON.stringify({ contents: [{ parts: [{ text: "hi" }] }], ...rest }),
      key: "key",
      models: ModelTable.current,
      now: Date.parse("2026-11-22T00:00:00Z")
    }).refusal?.body.error.message

  it("stands beside none of what belongs into it, and an empty name is none", () => {
    const instruction = { parts: [{ text: "Be brief." }] }
    const tools = [{ functionDeclarations: [{ name: "a" }] }]
    for (const beside of [{ systemInstruction: instruction }, { tools }, { tools, toolConfig: {} }]) {
      assert.include(refusal({ cachedContent: "cachedContents/a", ...beside }) ?? "", "CachedContent can not be used")
      assert.isUndefined(refusal({ cachedContent: "", ...beside }))
      assert.isUndefined(refusal(beside))
    }
    assert.notInclude(refusal({ cachedContent: "cachedContents/a", tools: [] }) ?? "", "CachedContent can not be used")
  })
})
