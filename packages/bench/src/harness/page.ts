/** The tables as pictures: one page that needs nothing else, with a bar for each figure. */
import type { Figure, Row } from "../rows.ts"
import { isReached, label, number, type Report } from "./report.ts"

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character] ?? "&quot;")

const line = 26
const left = 250
const width = 420

/** The bars of figures in one unit; a goal is a line across its bar. */
const bars = (figures: ReadonlyArray<Figure>): string => {
  const finite = figures.flatMap(({ goal, value }) => [value, goal ?? 0]).filter(Number.isFinite)
  const longest = Math.max(...finite, Number.MIN_VALUE)
  const x = (value: number): number => left + Math.max(0, value) / longest * width
  const drawn = figures.map((figure, i) => {
    const { better, detail = "", goal, subject, unit, value } = figure
    const y = i * line
    const reached = isReached(figure)
    const kind = reached === undefined ? "plain" : reached ? "reached" : "missed"
    const mark = goal === undefined
      ? ""
      : `<line class="goal" x1="${x(goal)}" x2="${x(goal)}" y1="${y + 1}" y2="${y + line - 3}"/>`
    const goalText = goal === undefined ? "" : `, goal ${better === "higher" ? "≥" : "≤"} ${goal}: ${kind}`
    const end = Number.isFinite(value) ? x(value) : left
    const said = `${number(value)} ${unit}${goalText}${detail === "" ? "" : ` (${detail})`}`
    return `<text class="name" x="${left - 8}" y="${y + 16}">${escaped(label(subject))}</text>` +
      `<rect class="${kind}" x="${left}" y="${y + 4}" width="${(end - left).toFixed(1)}" height="${
        line - 10
      }" rx="2"/>` +
      `${mark}<text x="${Math.max(end, goal === undefined ? 0 : x(goal)) + 8}" y="${y + 16}">${escaped(said)}</text>`
  })
  const height = figures.length * line
  const total = left + width + 420
  return `<svg viewBox="0 0 ${total} ${height}" width="${total}" height="${height}" role="img">${drawn.join("")}</svg>`
}

const section = (row: Row, figures: ReadonlyArray<Figure>): string => {
  const groups = Map.groupBy(
    figures.filter(({ subject }) => subject !== "floor"),
    (figure) => `${figure.row}\n${figure.unit}`
  )
  const parts = Array.from(groups, ([name, group]) => {
    const [, part = ""] = (name.split("\n")[0] ?? "").split(": ")
    const [{ better } = { better: "lower" }] = group
    const head = `${part === "" ? "" : `${escaped(part)}: `}${better === "higher" ? "longer" : "shorter"} is better`
    return `<h3>${head}</h3>${bars(group)}`
  })
  return `<section id="${escaped(row.id)}"><h2>${escaped(row.title)}</h2>${parts.join("")}</section>`
}

const style = `
:root { color-scheme: light dark; --ink: #1f2328; --back: #fff; --plain: #8c959f; --good: #2da44e; --bad: #cf222e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --back: #0d1117; --plain: #6e7681; --good: #3fb950; --bad: #f85149; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 2rem auto;
  max-width: 1120px; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 0; } h3 { font-size: .85rem; font-weight: 400; margin: .4rem 0; }
section { overflow-x: auto; }
svg { display: block; font-size: 12.5px; }
text { fill: var(--ink); } .name { text-anchor: end; }
.plain { fill: var(--plain); } .reached { fill: var(--good); } .missed { fill: var(--bad); }
.goal { stroke: var(--ink); stroke-width: 2; }`

/** The page of a report, a section for each row. */
export const page = (
  { date, machine, quick, server }: Report,
  rows: ReadonlyArray<readonly [Row, ReadonlyArray<Figure>]>
): string =>
  `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>effect-gemini: benchmarks</title>
<style>${style}</style></head>
<body><h1>effect-gemini: benchmarks</h1>
<p>${escaped(date.slice(0, 16).replace("T", " "))} UTC, ${escaped(machine)}${
    quick ? ", few rounds" : ""
  }. The server alone gives
${escaped(server)}. A line across a bar is its goal; green reaches it, red misses it, grey has none.</p>
${rows.map(([row, figures]) => section(row, figures)).join("\n")}
</body>
</html>
`
