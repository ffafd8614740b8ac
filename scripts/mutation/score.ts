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
  readonly survived: number
  readonly equivalent: number
  /** Mutants that could not be judged: code that runs while a module loads, and code that no longer runs at all. */
  readonly unjudged: number
  readonly percent: number
  /** A line each, with its place, what stood there and what was put in its place. */
  readonly survivors: ReadonlyArray<string>
}

const oneLine = (text: string): string => {
  const flat = text.replaceAll(/\s+/g, " ").trim()
  return flat.length > 100 ? `${flat.slice(0, 97)}...` : flat
}

export const scoreOf = (report: typeof Report.Type, equivalents: ReadonlyArray<Equivalent>): Score => {
  let killed = 0
  let equivalent = 0
  let unjudged = 0
  const survivors: Array<string> = []
  const results = Object.entries(report.files).flatMap(([file, { mutants, source }]) => {
    const lines = source.split("\n")
    return mutants.map((mutant) => ({ ...mutant, file, line: (lines[mutant.location.start.line - 1] ?? "").trim() }))
  })
  for (const mutant of results) {
    const { file, line } = mutant
    if (mutant.status === "Killed" || mutant.status === "Timeout") killed++
    else if (mutant.status !== "Survived" && mutant.status !== "NoCoverage") unjudged++
    else {
      const known = equivalents.some((one) =>
        one.file === file && one.mutator === mutant.mutatorName && one.line === line &&
        (one.replacement === undefined || one.replacement === mutant.replacement)
      )
      if (known) equivalent++
      else {
        survivors.push(
          `${file}:${mutant.location.start.line}:${mutant.location.start.column} ${mutant.mutatorName}` +
            `${mutant.status === "NoCoverage" ? ", not reached" : ""}\n    ${oneLine(line)}\n    > ${
              oneLine(mutant.replacement ?? "")
            }`
        )
      }
    }
  }
  const judged = killed + survivors.length
  return {
    killed,
    survived: survivors.length,
    equivalent,
    unjudged,
    percent: judged === 0 ? 100 : Math.round(1000 * killed / judged) / 10,
    survivors
  }
}

/**
 * Whether a score is lower than the floor beyond what a sample of this size does by chance: of rooms that stand right
 * at their floor, one sample in fifty would see as few.
 */
export const isLower = (score: Score, floor: number): boolean => {
  const judged = score.killed + score.survived
  const hit = floor / 100
  let chance = 0
  let term = (1 - hit) ** judged
  for (let seen = 0; seen <= score.killed; seen++) {
    chance += term
    term *= ((judged - seen) / (seen + 1)) * (hit / (1 - hit))
  }
  return judged > 0 && chance < 0.02
}
