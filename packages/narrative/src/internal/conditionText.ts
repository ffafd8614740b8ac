/** Conditions: read from what a narrative writes, and decided by the outputs there are. */
import * as Result from "effect/Result"
import type { Comparison, Condition, Operand } from "../Condition.ts"
import type { OutputPlace } from "../Reference.ts"
import { type Environment, jsonOf, placeOf, valueAt } from "./template.ts"

/** What is wrong, and the words in the condition that it is about. */
export interface Mistake {
  readonly what: string
  readonly hint: string
  readonly find: string
}

interface Word {
  readonly kind: "place" | "value" | "sign" | "word"
  readonly text: string
}

const lexeme =
  /\s*(?:("(?:[^"\\]|\\.)*"|'[^']*')|(-?\d+(?:\.\d+)?)|(==|!=|<=|>=|<|>|\(|\))|([A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z_$][A-Za-z0-9_$-]*|\[\d{1,6}\])*))/y

const reserved = new Set(["and", "or", "not", "contains", "true", "false", "null"])
const comparisons: ReadonlyMap<string, Comparison> = new Map(
  (["==", "!=", "<", "<=", ">", ">=", "contains"] as const).map((sign) => [sign, sign])
)

const grammar = "as in: critique.score >= 8 and not (draft contains \"TODO\")"

/** Nobody writes a longer one, in UTF-16 units, and each word may be a level of nesting. */
const longest = 4_000

const words = (text: string): Result.Result<ReadonlyArray<Word>, Mistake> => {
  if (text.length > longest) {
    return Result.fail({ what: `the condition is longer than ${longest} characters`, hint: grammar, find: "" })
  }
  const found: Array<Word> = []
  let at = 0
  while (text.slice(at).trim() !== "") {
    lexeme.lastIndex = at
    const match = lexeme.exec(text)
    if (match === null) {
      const find = text.slice(at).trim()
      const sign = /^(?:&&|\|\||!|=|\{\{)/.exec(find)?.[0]
      const instead: Readonly<Record<string, string>> = {
        "&&": "write and",
        "||": "write or",
        "!": "write not",
        "=": "write ==",
        "{{": "a condition names acts without braces"
      }
      return Result.fail({
        what: `the condition cannot be read from ${JSON.stringify(find.slice(0, 20))} on`,
        hint: sign === undefined ? grammar : instead[sign] ?? grammar,
        find
      })
    }
    at = lexeme.lastIndex
    const [, quoted, number, sign, name] = match
    if (quoted !== undefined || number !== undefined) found.push({ kind: "value", text: quoted ?? number ?? "" })
    else if (sign !== undefined) found.push({ kind: "sign", text: sign })
    else found.push({ kind: reserved.has(name ?? "") ? "word" : "place", text: name ?? "" })
  }
  return Result.succeed(found)
}

class Stop {
  readonly mistake: Mistake
  constructor(mistake: Mistake) {
    this.mistake = mistake
  }
}

const literals: ReadonlyMap<string, boolean | null> = new Map([["true", true], ["false", false], ["null", null]])

class Parser {
  readonly #words: ReadonlyArray<Word>
  readonly #whole: string
  #at = 0

  constructor(words: ReadonlyArray<Word>, whole: string) {
    this.#words = words
    this.#whole = whole
  }

  #peek(): Word | undefined {
    return this.#words[this.#at]
  }

  #takes(text: string): boolean {
    const next = this.#peek()
    if (next === undefined || next.kind === "value" || next.text !== text) return false
    this.#at++
    return true
  }

  #stop(what: string): never {
    throw new Stop({ what, hint: grammar, find: this.#peek()?.text ?? this.#whole })
  }

  whole(): Condition {
    if (this.#words.length === 0) this.#stop("the condition is empty")
    const condition = this.#or()
    const left = this.#peek()
    if (left !== undefined) this.#stop(`${JSON.stringify(left.text)} is too much here`)
    return condition
  }

  #or(): Condition {
    let left = this.#and()
    while (this.#takes("or")) left = { _tag: "Or", left, right: this.#and() }
    return left
  }

  #and(): Condition {
    let left = this.#not()
    while (this.#takes("and")) left = { _tag: "And", left, right: this.#not() }
    return left
  }

  #not(): Condition {
    if (this.#takes("not")) return { _tag: "Not", of: this.#not() }
    if (this.#takes("(")) {
      const inner = this.#or()
      if (!this.#takes(")")) this.#stop("a ) is missing")
      return inner
    }
    const left = this.#operand()
    const next = this.#peek()
    const by = next === undefined || next.kind === "value" ? undefined : comparisons.get(next.text)
    if (by === undefined) return { _tag: "Holds", what: left }
    this.#at++
    return { _tag: "Compare", left, by, right: this.#operand() }
  }

  #operand(): Operand {
    const next = this.#peek()
    if (next === undefined) return this.#stop("the condition ends where a value is expected")
    const value = next.kind === "word" ? literals.get(next.text) : undefined
    if (next.kind === "sign" || next.kind === "word" && value === undefined) {
      return this.#stop(`a value or the name of an act is expected before ${JSON.stringify(next.text)}`)
    }
    this.#at++
    if (value !== undefined) return { value }
    if (next.kind === "place") return placeOf(next.text)
    if (/^["']/.test(next.text)) return { value: next.text.slice(1, -1).replace(/\\(.)/g, "$1") }
    return { value: Number(next.text) }
  }
}

export const parse = (text: string): Result.Result<Condition, Mistake> => {
  const found = words(text)
  if (Result.isFailure(found)) return Result.fail(found.failure)
  try {
    return Result.succeed(new Parser(found.success, text).whole())
  } catch (error) {
    if (error instanceof Stop) return Result.fail(error.mistake)
    throw error
  }
}

/** The operands of a condition, with what they are compared by and with. */
export const operands = (
  condition: Condition
): ReadonlyArray<{ readonly what: Operand; readonly by?: Comparison; readonly other?: Operand }> => {
  switch (condition._tag) {
    case "Holds":
      return [{ what: condition.what }]
    case "Compare": {
      const { by, left, right } = condition
      return [{ what: left, by, other: right }, { what: right, by, other: left }]
    }
    case "Not":
      return operands(condition.of)
    default:
      return [...operands(condition.left), ...operands(condition.right)]
  }
}

/** The places that a condition looks at. */
export const places = (condition: Condition): ReadonlyArray<OutputPlace> =>
  operands(condition).flatMap(({ what }) => "ref" in what ? [what] : [])

/** A whole output is its JSON if it is any, else its text. */
const valueOf = (operand: Operand, environment: Environment): unknown => {
  if (!("ref" in operand)) return operand.value
  if (operand.path !== undefined) return valueAt(operand, environment)
  const value = environment(operand.ref)
  if (value === undefined) return undefined
  const json = jsonOf(value)
  return json === undefined ? value.text.trim() : json
}

const isTrue = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false && value !== 0 &&
    value !== ""

const numberOf = (value: unknown): number => {
  if (typeof value === "number") return value
  return typeof value === "string" && value.trim() !== "" ? Number(value) : NaN
}

const equal = (a: unknown, b: unknown): boolean =>
  typeof a === "number" || typeof b === "number" ? numberOf(a) === numberOf(b) : a === b

const compare = (left: unknown, by: Comparison, right: unknown): boolean => {
  switch (by) {
    case "==":
      return equal(left, right)
    case "!=":
      return !equal(left, right)
    case "contains":
      return Array.isArray(left)
        ? left.some((item) => equal(item, right))
        : typeof left === "string" && left.includes(String(right))
    case "<":
      return numberOf(left) < numberOf(right)
    case "<=":
      return numberOf(left) <= numberOf(right)
    case ">":
      return numberOf(left) > numberOf(right)
    case ">=":
      return numberOf(left) >= numberOf(right)
  }
}

/** Whether the condition holds. What is missing is equal to nothing, and no number. */
export const holds = (condition: Condition, environment: Environment): boolean => {
  switch (condition._tag) {
    case "Holds":
      return isTrue(valueOf(condition.what, environment))
    case "Compare":
      return compare(valueOf(condition.left, environment), condition.by, valueOf(condition.right, environment))
    case "Not":
      return !holds(condition.of, environment)
    case "And":
      return holds(condition.left, environment) && holds(condition.right, environment)
    case "Or":
      return holds(condition.left, environment) || holds(condition.right, environment)
  }
}
