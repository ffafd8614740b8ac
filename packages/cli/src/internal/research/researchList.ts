/** `gemini-fx research --list`: the researches of a folder, and how far each is. */
import * as Journal from "effect-gemini-journal/Journal"
import * as DeepResearch from "effect-gemini/research/DeepResearch"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import * as Footer from "../ask/footer.ts"
import * as Lines from "../lines.ts"
import type { Screen } from "../Screen.ts"
import { cleanLine, json as toJson } from "../Shown.ts"
import { plural, table } from "../table.ts"
import { searches } from "./ResearchBar.ts"

/** The columns of a question and of what came of it, out of those that the other two leave. */
const widths = (columns: number, taken: number): readonly [question: number, came: number] => {
  const left = Math.max(24, columns - taken - 7)
  const came = Math.min(28, Math.floor(left / 2))
  return [Math.min(64, left - came), came]
}

const came = ({ message, report, searches: count, state }: DeepResearch.ResearchStatus): string => {
  if (report !== undefined) {
    const cost = Footer.dollars(report.cost)
    const paid = cost === undefined ? "" : `, ${Lines.money(cost, report.cost.isPartial)}`
    return `${plural(report.sources.length, "source")}${paid}`
  }
  if (message !== undefined) return cleanLine(message)
  return state === "awaiting" ? "a plan waits" : searches(count)
}

export const list = Effect.fnUntraced(function*(screen: Screen, isJson: boolean, pricedAs: string) {
  const journal = yield* Journal.Journal
  const ids = (yield* Stream.runCollect(journal.list(DeepResearch.prefix))).map(({ id }) =>
    id.slice(DeepResearch.prefix.length)
  )
  const all = yield* Effect.forEach(ids, (id) => DeepResearch.status(id, { pricedAs }))
  if (isJson) {
    const documents = all.map(({ report, ...status }) => ({
      ...status,
      ...(report === undefined ? {} : { text: report.text, sources: report.sources })
    }))
    return yield* screen.write(`${toJson(documents, 2)}\n`)
  }
  if (all.length === 0) return yield* screen.write("there are none\n")
  const stdio = yield* Stdio.Stdio
  const { columns } = yield* Terminal.Terminal
  const width = (yield* stdio.stdoutIsTerminal) ? (yield* columns) || 80 : 120
  const [question, rest] = widths(width, Math.max(...all.map(({ id, state }) => id.length + state.length)))
  const rows = all.map((status) => [
    status.id,
    status.state,
    Lines.fit(status.query.replaceAll("\n", " "), question),
    Lines.fit(came(status), rest)
  ])
  yield* screen.write(`${table(["research", "state", "question", "what came"], rows)}\n`)
})
