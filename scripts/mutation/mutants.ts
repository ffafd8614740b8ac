// The mutants of source files, as Stryker's instrumenter makes them, and the choice of some of them by a seed.
import * as Schema from "effect/Schema"
import { execFileSync } from "node:child_process"
import { join } from "node:path"

/** A line and a column, both from 1. */
const Place = Schema.Tuple([Schema.Finite, Schema.Finite])

const Mutant = Schema.Struct({
  file: Schema.String,
  from: Place,
  to: Place,
  mutator: Schema.String,
  replacement: Schema.String
})

/** One small bug, and where it would be planted. */
export type Mutant = typeof Mutant.Type

const Listed = Schema.fromJsonString(Schema.Array(Mutant))

/**
 * The mutators that are not used: a text that is changed to "" is nearly always a message, and messages have snapshots
 * that run in other packages than the code.
 */
export const excluded = ["StringLiteral", "Regex"]

/** Every mutant of these files. */
export const mutantsOf = (root: string, files: ReadonlyArray<string>): ReadonlyArray<Mutant> => {
  const script = join(import.meta.dirname, "listMutants.mjs")
  const listed = execFileSync(process.execPath, [script, JSON.stringify(excluded), ...files], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 256 * 2 ** 20
  })
  return Schema.decodeSync(Listed)(listed)
}

/** A mutant's place, as Stryker's `mutate` option writes a range. */
export const rangeOf = (mutant: Mutant): string =>
  `${mutant.file}:${mutant.from[0]}:${mutant.from[1] - 1}-${mutant.to[0]}:${mutant.to[1] - 1}`

/** The same order for the same seed (by numbers of mulberry32). */
const shuffled = <A>(items: ReadonlyArray<A>, seed: number): ReadonlyArray<A> => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return items.map((item) => ({ item, place: next() })).sort((a, b) => a.place - b.place).map(({ item }) => item)
}

/** At most so many mutants, each as likely as any other. */
export const chosen = (mutants: ReadonlyArray<Mutant>, most: number, seed: number): ReadonlyArray<Mutant> =>
  shuffled(mutants, seed).slice(0, most)
