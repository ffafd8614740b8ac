/**
 * The rows of events of interactions alone: it prints their figures, and fails where ours are below their goal or behind
 * the official SDK. Started by `pnpm prove 18.7`.
 */
import { startServer } from "./harness/harness.ts"
import { rowTable } from "./harness/report.ts"
import { rows } from "./rows.ts"

const server = await startServer()
const missed: Array<string> = []
for (const row of rows.filter(({ id }) => id.startsWith("events-"))) {
  const figures = await row.run({ url: server.url, quick: true, planted: false, gate: false })
  console.log(rowTable(row, figures))
  const official = figures.find(({ subject }) => subject === "genai")?.value ?? NaN
  for (const { goal, subject, value } of figures) {
    if (goal !== undefined && !(value >= goal && value > official)) {
      missed.push(`${row.id}: ${subject} is ${value.toFixed(2)} of the floor, the official SDK ${official.toFixed(2)}`)
    }
  }
}
server.stop()
for (const line of missed) console.error(line)
process.exitCode = missed.length === 0 ? 0 : 1
