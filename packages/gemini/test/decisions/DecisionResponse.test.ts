/** Answers are read by their questions: numbers that fit, probabilities of 1, names that may be anything. */
import { assert, describe, it } from "@effect/vitest"
import type { DecisionQuestion } from "effect-gemini/decisions/DecisionRequest"
import * as DecisionRequest from "effect-gemini/decisions/DecisionRequest"
import * as DecisionResponse from "effect-gemini/decisions/DecisionResponse"
import * as Result from "effect/Result"

const noul = { type: "noul", instructions: "x" } as const
const choice = { type: "choice", instructions: "x", criteria: { a: "A", b: "B", c: "C" } } as const
const score = { type: "score", instructions: "x", criteria: ["low", "mid", "high"] } as const
const thirds = { a: 0.2, b: 0.5, c: 0.3 }

const read = (question: DecisionQuestion, answer: DecisionResponse.WireDecision | undefined) =>
  Result.match(DecisionResponse.read(question, answer), {
    onFailure: ({ expected, path }) => `${path}: ${expected}`,
    onSuccess: (read) => read
  })

describe("an answer that fits", () => {
  it("of yes or no, at both ends, also as text", () => {
    assert.deepStrictEqual(read(noul, { type: "noul", noul: 0, confidence: 1 }), {
      type: "noul",
      noul: 0,
      confidence: 1
    })
    assert.deepStrictEqual(read(noul, { type: "noul", noul: "1" }), { type: "noul", noul: 1, confidence: 1 })
    assert.deepStrictEqual(read(noul, { type: "noul", noul: 0.25, confidence: 7 }), {
      type: "noul",
      noul: 0.25,
      confidence: 0.75
    })
  })

  it("of a choice keeps Google's choice and the order of the options", () => {
    const answer = read(choice, { type: "choice", choice: "c", probabilities: { ...thirds, d: 0.9 }, confidence: 0.4 })
    assert.deepStrictEqual(answer, { type: "choice", choice: "c", probabilities: thirds, confidence: 0.4 })
  })

  it("of a choice among names that every object has", () => {
    const criteria = Object.fromEntries([["__proto__", "x"], ["constructor", "y"]])
    const probabilities = Object.fromEntries([["__proto__", 0.25], ["constructor", 0.75]])
    const answer = read({ ...choice, criteria }, { type: "choice", choice: "constructor", probabilities })
    assert.deepStrictEqual(answer, { type: "choice", choice: "constructor", probabilities, confidence: 0.75 })
  })

  it("of a score lists its levels, and is at most the highest", () => {
    const probabilities = { 0: 0, 1: 0, 2: 1 }
    assert.deepStrictEqual(read(score, { type: "score", score: 2.004, probabilities, legend: { 2: "high" } }), {
      type: "score",
      score: 2,
      probabilities: [0, 0, 1],
      confidence: 1
    })
  })

  it("is scaled to 1 where it was rounded", () => {
    const answer = read(choice, { type: "choice", choice: "a", probabilities: { a: 0.33, b: 0.33, c: 0.33 } })
    if (typeof answer === "string" || answer.type !== "choice") throw new Error(String(answer))
    const parts = Object.values<number>(answer.probabilities)
    assert.lengthOf(parts, 3)
    for (const part of parts) assert.closeTo(part, 1 / 3, 1e-12)
    assert.closeTo(parts.reduce((a, b) => a + b, 0), 1, 1e-12)
  })
})

describe("an answer that does not fit says where", () => {
  const cases: ReadonlyArray<
    readonly [name: string, DecisionQuestion, DecisionResponse.WireDecision | undefined, says: string]
  > = [
    ["missing", noul, undefined, ": an answer, got none"],
    ["of another type", noul, { type: "choice", choice: "a" }, "type: \"noul\", got \"choice\""],
    ["without a type", noul, { noul: 0.5 }, "type: \"noul\", got null"],
    ["without its number", noul, { type: "noul" }, "noul: a probability from 0 to 1"],
    ["of null", noul, { type: "noul", noul: null }, "noul: a probability from 0 to 1"],
    ["below 0", noul, { type: "noul", noul: -0.001 }, "noul: a probability from 0 to 1"],
    ["above 1", noul, { type: "noul", noul: 1.001 }, "noul: a probability from 0 to 1"],
    ["of no option", choice, { type: "choice", choice: "d", probabilities: thirds }, "choice: the id of an option"],
    [
      "of what every object has",
      choice,
      { type: "choice", choice: "toString", probabilities: thirds },
      "choice: the id of an option"
    ],
    [
      "without an option",
      choice,
      { type: "choice", choice: "a", probabilities: { a: 0.5, b: 0.5 } },
      "probabilities.c: a probability from 0 to 1"
    ],
    [
      "whose parts are too much",
      choice,
      { type: "choice", choice: "a", probabilities: { a: 0.5, b: 0.5, c: 0.016 } },
      "probabilities: parts of 1, got 1.016 together"
    ],
    [
      "whose parts are nothing",
      choice,
      { type: "choice", choice: "a", probabilities: { a: 0, b: 0, c: 0 } },
      "probabilities: parts of 1, got 0 together"
    ],
    ["off the scale", score, { type: "score", score: 2.01, probabilities: {} }, "score: a number from 0 to 2"],
    ["below the scale", score, { type: "score", score: -0.1, probabilities: {} }, "score: a number from 0 to 2"],
    [
      "without a level",
      score,
      { type: "score", score: 1, probabilities: { 0: 0.5, 1: 0.5 } },
      "probabilities.2: a probability from 0 to 1"
    ]
  ]
  it.each(cases)("%s", (_, question, answer, says) => assert.strictEqual(read(question, answer), says))
})

describe("what is refused before it is sent", () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`o${i}`, ""]))
  const levels = (count: number) => Array.from({ length: count }, (_, i) => `l${i}`)
  const said = (question: DecisionQuestion) =>
    DecisionRequest.violations({ input: "x", questions: { q: question } }).map(({ field }) => field)

  it.each<readonly [name: string, question: DecisionQuestion, fields: ReadonlyArray<string>]>([
    ["yes or no", noul, []],
    ["no instructions", { ...noul, instructions: "" }, ["questions.q.instructions"]],
    ["instructions without a text", { ...noul, instructions: [] }, ["questions.q.instructions"]],
    ["1 option", { ...choice, criteria: many(1) }, ["questions.q.criteria"]],
    ["2 options", { ...choice, criteria: many(2) }, []],
    ["255 options", { ...choice, criteria: many(255) }, []],
    ["256 options", { ...choice, criteria: many(256) }, ["questions.q.criteria"]],
    ["an option with blanks", { ...choice, criteria: { a: "", " b": "" } }, ["questions.q.criteria[\" b\"]"]],
    ["an option with a line end", { ...choice, criteria: { a: "", "b\nc": "" } }, ["questions.q.criteria[\"b\\nc\"]"]],
    ["1 level", { ...score, criteria: levels(1) }, ["questions.q.criteria"]],
    ["255 levels", { ...score, criteria: levels(255) }, []],
    ["256 levels", { ...score, criteria: levels(256) }, ["questions.q.criteria"]],
    ["an empty level", { ...score, criteria: ["a", ""] }, ["questions.q.criteria[1]"]]
  ])("%s", (_, question, fields) => assert.deepStrictEqual(said(question), fields))

  it("no input, no question", () => {
    const fields = DecisionRequest.violations({ input: [], questions: {} }).map(({ field }) => field)
    assert.deepStrictEqual(fields, ["input", "questions"])
  })
})

describe("usage", () => {
  it("has the names of the rest of the API", () => {
    const usage = {
      total_input_tokens: 10,
      total_cached_tokens: "4",
      total_output_tokens: 1,
      total_tool_use_tokens: 2,
      total_thought_tokens: 3,
      total_tokens: 16,
      input_tokens_by_modality: [{ modality: "audio", tokens: 10 }]
    }
    assert.deepStrictEqual(DecisionResponse.usage({ usage }), {
      promptTokens: 10,
      cachedTokens: 4,
      toolUsePromptTokens: 2,
      thoughtsTokens: 3,
      candidatesTokens: 1,
      totalTokens: 16
    })
    assert.deepStrictEqual(DecisionResponse.usageMetadata({ usage })?.promptTokensDetails, [
      { modality: "AUDIO", tokenCount: 10 }
    ])
    assert.isUndefined(DecisionResponse.usage({}))
  })
})
