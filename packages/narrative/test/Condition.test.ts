/** Conditions as people write them: what they mean, that they are read as they are printed, and that nothing breaks them. */
import { assert, describe, it } from "@effect/vitest"
import * as Condition from "effect-gemini-narrative/Condition"
import * as Result from "effect/Result"
import * as Text from "../src/internal/conditionText.ts"
import type { Environment } from "../src/internal/template.ts"

const outputs: Readonly<Record<string, string>> = {
  draft: " A TODO stands here. ",
  empty: "",
  zero: "0",
  review: JSON.stringify({ score: 7, verdict: "good", tags: ["a", "b"], ok: true, none: null, list: [] })
}

const environment: Environment = (name) => {
  const text = outputs[name]
  return text === undefined ? undefined : { text }
}

const holds = (text: string): boolean => Text.holds(Result.getOrThrow(Text.parse(text)), environment)

/** Numbers between 0 and 1, the same each time. */
const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

const make = (next: () => number) => {
  const one = <A>(list: ReadonlyArray<A>): A => {
    const found = list[Math.floor(next() * list.length)]
    if (found === undefined) throw new Error("an empty list")
    return found
  }
  const operand = (): Condition.Operand =>
    one<() => Condition.Operand>([
      () => ({ ref: one(["draft", "review", "a-b", "_x"].slice(0, 3)) }),
      () => ({ ref: "review", path: one([["score"], ["tags", 0], ["a", "b", 12, "c"]]) }),
      () => ({ value: one(["", "x", "it's \"quoted\" \\ ä", "and or not (", 0, -3, 2.5, true, false, null]) })
    ])()
  const condition = (depth: number): Condition.Condition => {
    const kind = depth === 0
      ? one(["Holds", "Compare"] as const)
      : one(["Holds", "Compare", "Not", "And", "Or"] as const)
    switch (kind) {
      case "Holds":
        return { _tag: kind, what: operand() }
      case "Compare":
        return { _tag: kind, left: operand(), by: one(Condition.Comparison.literals), right: operand() }
      case "Not":
        return { _tag: kind, of: condition(depth - 1) }
      default:
        return { _tag: kind, left: condition(depth - 1), right: condition(depth - 1) }
    }
  }
  return { condition, one }
}

describe("a condition", () => {
  it("holds as people mean it", () => {
    for (
      const [text, expected] of [
        ["draft contains 'TODO'", true],
        ["draft == \"A TODO stands here.\"", true],
        ["not draft", false],
        ["empty", false],
        ["zero", false],
        ["missing", false],
        ["missing == 3", false],
        ["missing != 3", true],
        ["missing < 3", false],
        ["review.score >= 7", true],
        ["review.score > 7", false],
        ["review.score <= 7 and review.score < 8", true],
        ["review.score == '7'", true],
        ["review.verdict == 'good' or missing", true],
        ["review.tags contains 'b'", true],
        ["review.tags contains 'c'", false],
        ["review.tags[1] == 'b'", true],
        ["review.ok", true],
        ["review.ok == true", true],
        ["review.none", false],
        ["review.none == null", true],
        ["review.list", false],
        ["review.constructor", false],
        ["review.tags.length", true],
        // `and` binds closer than `or`, and `not` closer than both.
        ["review.ok or missing and missing", true],
        ["(review.ok or missing) and missing", false],
        ["not missing and review.ok", true],
        ["not (missing or review.ok)", false]
      ] as const
    ) assert.strictEqual(holds(text), expected, text)
  })

  it("is read as it is printed, whatever it is", () => {
    const next = random(7)
    const { condition } = make(next)
    for (let i = 0; i < 3_000; i++) {
      const made = condition(4)
      const text = Condition.print(made)
      const read = Text.parse(text)
      assert.isTrue(Result.isSuccess(read), text)
      const again = Result.getOrThrow(read)
      assert.strictEqual(Condition.print(again), text)
      assert.strictEqual(Text.holds(again, environment), Text.holds(made, environment), text)
    }
  })

  it("is read or refused with its place, and never more than that", () => {
    const next = random(11)
    const { condition, one } = make(next)
    const noise = [
      "(",
      ")",
      "and",
      "or",
      "not",
      "==",
      "<",
      "&&",
      "{{",
      "'",
      "\"",
      "\\",
      "x[",
      "x.",
      ".",
      " ",
      "\n",
      "9",
      "é"
    ]
    for (let i = 0; i < 3_000; i++) {
      const text = Condition.print(condition(2))
      const at = Math.floor(next() * (text.length + 1))
      const broken = text.slice(0, at) + one(noise) + text.slice(next() < 0.5 ? at : at + 1)
      const read = Text.parse(broken)
      if (Result.isSuccess(read)) continue
      const { find, hint, what } = read.failure
      assert.isTrue(broken.includes(find), `${JSON.stringify(broken)}: ${find}`)
      assert.isAbove(what.length, 0)
      assert.isAbove(hint.length, 0)
    }
  })
})
