// What the tests saw of the mutants that were planted.
import * as Schema from "effect/Schema"
import type { Equivalent } from "./equivalent.ts"

/** The part of Stryker's report that is read, in the format that mutation-testing-elements publishes. */
export const Report = Schema.fromJsonString(Schema.Struct({
  files: Schema.Record(
    Schema.String,
    Schema.Struct({
      source: Schema.String,
      mutants: Schema.Array(Schema.Struct({
        mutatorName: Schema.String,
        replacement: Schema.optionalKey(Schema.String),
        status: Schema.String,
        location: Schema.Struct({ start: Schema.Struct({ line: Schema.Finite, column: Schema.Finite }) })
      }))
    })
  )
}))

/** What was found, in numbers and in lines. */
export interface Score {
  readonly killed: number
  /** Those of them that ran out of time: on a busy machine some may only have been late. */
  readonly timedOut: number
  readonly survived: number
  readonly equivalent: number
  /** Mutants that could not be judged: those of code that runs while a module loads. */
  readonly unjudged: number
  readonly percent: number
  /** A line each, with a word, its place, what stood there and what was put in its place. */
  readonly survivors: ReadonlyArray<string>
}

/** A word for what was changed where nobody saw it, by Stryker's name of the mutator. */
const words: Readonly<Record<string, string>> = {
  ArithmeticOperator: "sum",
  ArrayDeclaration: "list",
  ArrowFunction: "function",
  AssignmentOperator: "sum",
  BlockStatement: "body",
  BooleanLiteral: "flag",
  ConditionalExpression: "condition",
  EqualityOperator: "bound",
  LogicalOperator: "either",
  MethodExpression: "method",
  ObjectLiteral: "option",
  OptionalChaining: "absence",
  UnaryOperator: "sign",
  UpdateOperator: "count"
}

const oneLine = (text: string): string => {
  const flat = text.replaceAll(/\s+/g, " ").trim()
  return flat.length > 100 ? `${flat.slice(0, 97)}...` : flat
}

export const scoreOf = (report: typeof Report.Type, equivalents: ReadonlyArray<Equivalent>): Score => {
  let killed = 0
  let timedOut = 0
  let equivalent = 0
  let unjudged = 0
  const survivors: Array<string> = []
  const results = Object.entries(report.files).flatMap(([file, { mutants, source }]) => {
    const lines = source.split("\n")
    return mutants.map((mutant) => ({ ...mutant, file, line: (lines[mutant.location.start.line - 1] ?? "").trim() }))
  })
  for (const mutant of results) {
    const { file, line } = mutant
    // What fails outside of a test, such as a file that no longer loads, turns a run red as well.
    if (mutant.status === "Timeout") timedOut++
    if (mutant.status === "Killed" || mutant.status === "Timeout" || mutant.status === "RuntimeError") killed++
    // What was not chosen only stood in the range of something that was.
    else if (mutant.status === "CompileError") continue
    else if (mutant.status !== "Survived" && mutant.status !== "NoCoverage") unjudged++
    else {
      const known = equivalents.some((one) =>
        one.file === file && one.mutator === mutant.mutatorName && one.line === line &&
        (one.replacement === undefined || one.replacement === mutant.replacement)
      )
      if (known) equivalent++
      else {
        const word = mutant.status === "NoCoverage" ? "unreached" : words[mutant.mutatorName] ?? mutant.mutatorName
        const start = mutant.location.start
        survivors.push(
          `${word}: ${file}:${start.line}:${start.column}  ${oneLine(line)}  >  ${oneLine(mutant.replacement ?? "")}`
        )
      }
    }
  }
  const judged = killed + survivors.length
  return {
    killed,
    timedOut,
    survived: survivors.length,
    equivalent,
    unjudged,
    percent: judged === 0 ? 100 : Math.round(1000 * killed / judged) / 10,
    survivors
  }
}

/** The natural logarithm of n!. */
const factorial = (n: number): number => {
  let sum = 0
  for (let each = 2; each <= n; each++) sum += Math.log(each)
  return sum
}

const choose = (n: number, k: number): number => factorial(n) - factorial(k) - factorial(n - k)

/**
 * How likely as few are seen, or fewer, in a room whose tests are as good as when its score was recorded. That score is
 * itself a sample's, so what is known of the room is a Beta distribution, and the chance that of its Beta-binomial one.
 */
export const chanceOf = (
  found: { readonly killed: number; readonly survived: number },
  before: { readonly killed: number; readonly survived: number }
): number => {
  const judged = found.killed + found.survived
  const all = judged + before.killed + before.survived
  let chance = 0
  for (let seen = 0; seen <= found.killed; seen++) {
    chance += Math.exp(
      choose(before.killed + seen, seen) + choose(before.survived + judged - seen, judged - seen) -
        choose(all + 1, judged)
    )
  }
  return chance
}

/**
 * Whether changed lines are seen less than their room was. Where all their mutants were judged, it is what they are,
 * and what is wanted of the room is enough, since its own score is a sample's. Of a sample it is asked whether chance
 * explains it: it says no once in a hundred times.
 */
export const isLower = (
  found: { readonly killed: number; readonly survived: number },
  before: { readonly killed: number; readonly survived: number },
  wanted: number,
  isSample: boolean
): boolean => {
  const judged = found.killed + found.survived
  if (judged === 0) return false
  if (isSample) return chanceOf(found, before) < 0.01
  return found.killed / judged < Math.min(wanted / 100, before.killed / (before.killed + before.survived))
}
