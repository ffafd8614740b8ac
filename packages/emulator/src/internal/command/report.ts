/** What an emulator has to say when a program has run against it: what it refused, and what nobody asked for. */
import type { Entry } from "../../RequestLog.ts"
import type { Use } from "../../Rule.ts"
import { line } from "./plain.ts"

export interface Account {
  readonly space: string
  readonly entries: ReadonlyArray<Entry>
  readonly rules: ReadonlyArray<Use>
  /** Answers of the queue that nobody has taken. */
  readonly waiting: number
}

/** Kinds of mistakes that are written out; a person reads no more of them. */
const most = 20

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** What the program did wrong. A fault and a spent quota are what the emulator was told to do. */
const mistakeOf = ({ method, path, status, verdict }: Entry): string | undefined => {
  const call = `${method} ${path}`
  if (verdict === undefined) return status === 404 ? `${call}\n    404: the API has no such path` : undefined
  const { by, nearMisses = [], refused } = verdict
  if (refused === undefined || by === "fault" || by === "quota") return undefined
  const who = by === "unmatched" ? "no rule matches" : by === "judge" ? "Google would refuse it" : `refused (${by})`
  const misses = nearMisses.filter((miss) => !refused.includes(miss)).map((miss) => `\n    nearest: ${line(miss)}`)
  return `${call}\n    ${status ?? "?"}, ${who}: ${line(refused, 1000)}${misses.join("")}`
}

/** What the spaces were asked that have ended, whose logs are gone. */
export interface Ended {
  readonly add: (space: string, entries: ReadonlyArray<Entry>) => void
  readonly calls: () => number
  readonly mistakes: ReadonlyMap<string, number>
}

/** So many different mistakes of ended spaces are kept. */
const kept = 1000

const whereOf = (space: string): string => space === "default" ? "" : ` (space ${line(space, 100)})`

export const ended = (): Ended => {
  const mistakes = new Map<string, number>()
  let calls = 0
  return {
    mistakes,
    calls: () => calls,
    add: (space, entries) => {
      calls += entries.length
      for (const entry of entries) {
        const text = mistakeOf(entry)
        const key = text === undefined ? undefined : `${text}${whereOf(space)}`
        if (key === undefined || mistakes.size >= kept && !mistakes.has(key)) continue
        mistakes.set(key, (mistakes.get(key) ?? 0) + 1)
      }
    }
  }
}

/**
 * The lines for a person, and whether there is anything to do. Of spaces that have ended it is only said what was
 * refused: whoever ended one has looked at the rest.
 */
export const report = (
  accounts: ReadonlyArray<Account>,
  before: Ended = ended()
): { readonly text: string; readonly isClean: boolean } => {
  const mistakes = new Map(before.mistakes)
  const left: Array<string> = []
  let calls = before.calls()
  for (const { entries, rules, space, waiting } of accounts) {
    const where = whereOf(space)
    calls += entries.length
    for (const entry of entries) {
      const text = mistakeOf(entry)
      if (text !== undefined) mistakes.set(`${text}${where}`, (mistakes.get(`${text}${where}`) ?? 0) + 1)
    }
    const unused = rules.filter(({ answered }) => answered === 0).map(({ name }) => JSON.stringify(line(name, 100)))
    if (unused.length > 0) {
      const more = unused.length > 10 ? ` and ${unused.length - 10} more` : ""
      left.push(
        `  never asked for: ${unused.length === 1 ? "the rule" : "the rules"} ${
          unused.slice(0, 10).join(", ")
        }${more}${where}`
      )
    }
    if (waiting > 0) left.push(`  never asked for: ${count(waiting, "answer")} of the queue${where}`)
  }
  const refused = [...mistakes.values()].reduce((sum, n) => sum + n, 0)
  const shown = [...mistakes].slice(0, most).map(([text, n]) => `  ${text}${n === 1 ? "" : `\n    ${n} times`}`)
  if (mistakes.size > most) shown.push(`  and ${count(mistakes.size - most, "other mistake")}`)
  const head = `${count(calls, "call")}, ${refused === 0 ? "none refused" : `${refused} refused`}`
  return { text: [head, ...shown, ...left].join("\n"), isClean: refused === 0 && left.length === 0 }
}
