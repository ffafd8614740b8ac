/** Runs as a table: where each stands, how far it came, what it cost, how old it is. Pure. */
import * as CliOutput from "effect/cli/CliOutput"
import * as Age from "../age.ts"
import * as Lines from "../lines.ts"
import { table } from "../table.ts"

/** A run as a list shows it, whoever plays it. */
export interface Row {
  readonly id: string
  /** Who owns its records. */
  readonly kind: "narrative" | "agent" | "unknown"
  /** The title of the narrative, or the name of the agent. */
  readonly title: string
  readonly state: string
  /** Acts that are done, of how many; steps of an agent. */
  readonly done: string
  readonly tokens: number | undefined
  /** Dollars as a decimal text. */
  readonly dollars: string | undefined
  /** Whether the dollars hold an estimate, or leave something out that has no price. */
  readonly isRough: boolean
  /** Why it does not go on, in one line. */
  readonly why: string
  /** Bytes of the journal and what lies beside it. */
  readonly bytes: number
  /** Milliseconds since the epoch. */
  readonly updatedAt: number
}

interface Column {
  readonly head: string
  readonly cell: (row: Row, now: number) => string
}

const columns = {
  id: { head: "run", cell: ({ id }) => id },
  state: { head: "state", cell: ({ state }) => state },
  done: { head: "acts", cell: ({ done }) => done },
  cost: { head: "cost", cell: ({ dollars, isRough }) => Lines.money(dollars, isRough) },
  age: { head: "age", cell: ({ updatedAt }, now) => Age.say(now - updatedAt) },
  tokens: { head: "tokens", cell: ({ tokens }) => tokens === undefined ? "-" : tokens.toLocaleString("en-US") },
  title: { head: "title", cell: ({ title }) => title },
  why: { head: "why", cell: ({ why }) => why }
} satisfies Record<string, Column>

const { age, cost, done, id, state, title, tokens, why } = columns

/** From the widest picture to the narrowest: what a person compares stays longest. */
const choices: ReadonlyArray<ReadonlyArray<Column>> = [
  [id, state, done, tokens, cost, age, title, why],
  [id, state, done, cost, age, title, why],
  [id, state, done, cost, age, title],
  [id, state, done, cost, age],
  [id, state, done, age],
  [id, state]
]

const width = (text: string): number => Math.max(...text.split("\n").map((line) => CliOutput.displayWidth(line)))

/** The last column may be cut to so many cells, but to no fewer, before a column is left out. */
const least = 16

/** The table in so many columns of a terminal; `Infinity` in a pipe, where nothing is left out. */
export const list = (rows: ReadonlyArray<Row>, now: number, size: number): string => {
  for (const choice of choices) {
    const all = table(choice.map(({ head }) => head), rows.map((row) => choice.map(({ cell }) => cell(row, now))))
    if (width(all) <= size) return all
    const last = choice.at(-1)
    if (last !== title && last !== why) continue
    const before = table(
      choice.slice(0, -1).map(({ head }) => head),
      rows.map((row) => choice.slice(0, -1).map(({ cell }) => cell(row, now)))
    )
    if (size - width(before) - 2 >= least) return all.split("\n").map((line) => Lines.fit(line, size)).join("\n")
  }
  return rows.map(({ id, state }) => `${id}  ${state}`).join("\n")
}
