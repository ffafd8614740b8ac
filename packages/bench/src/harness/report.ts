/** Figures as tables, and figures against a baseline. */
import type { Figure, Row } from "../rows.ts"

export interface Report {
  readonly date: string
  readonly machine: string
  readonly quick: boolean
  readonly server: string
  readonly figures: ReadonlyArray<Figure>
}

const labels: Record<string, string> = {
  floor: "floor",
  "floor-fetch": "fetch, a line split, JSON.parse",
  genai: "@google/genai",
  effect: "Effect's layerUndici alone",
  "http-undici": "GeminiHttp · layerUndici",
  "client-undici": "GeminiClient · layerUndici",
  "http-dispatch": "GeminiHttp · dispatch",
  "client-dispatch": "GeminiClient · dispatch",
  "http-fetch": "GeminiHttp · fetch",
  "client-fetch": "GeminiClient · fetch",
  "promises-dispatch": "Gemini of promises · dispatch",
  "promises-fetch": "Gemini of promises · fetch"
}

/** A subject as readers know it. */
export const label = (subject: string): string => {
  const [name = subject, ...flags] = subject.split("+")
  return [labels[name] ?? name, ...flags.map((flag) => `(${flag})`)].join(" ")
}

/** A figure as readers see it. */
export const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(value < 0.2 ? 3 : 2)

export const isReached = ({ better, goal, value }: Figure): boolean | undefined =>
  goal === undefined ? undefined : better === "higher" ? value >= goal : value <= goal

const verdict = (figure: Figure): string => {
  const reached = isReached(figure)
  return reached === undefined ? "" : reached ? "reached" : "missed"
}

const goalText = ({ better, goal }: Figure): string =>
  goal === undefined ? "" : `${better === "higher" ? "≥" : "≤"} ${goal}`

/** Rows of text as a Markdown table that also reads well in a terminal. */
export const table = (head: ReadonlyArray<string>, body: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((cell, i) => Math.max(cell.length, ...body.map((line) => (line[i] ?? "").length)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`
  return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body.map(line)].join("\n")
}

export const rowTable = (row: Row, figures: ReadonlyArray<Figure>): string => {
  const groups = Map.groupBy(figures.filter(({ subject }) => subject !== "floor"), (figure) => figure.row)
  const several = groups.size > 1
  return `### ${row.title}\n\n` +
    table(
      ["client", "figure", "goal", "", "cost"],
      Array.from(groups.values()).flat().map((figure) => [
        label(figure.subject) + (several ? ` · ${figure.row.split(": ")[1] ?? ""}` : ""),
        `${number(figure.value)} ${figure.unit}`,
        goalText(figure),
        verdict(figure),
        figure.detail ?? ""
      ])
    ) + "\n"
}

/** What is compared with the baseline. */
export const checked = (figure: Figure): number => figure.checked ?? figure.value

/** These subjects are other people's clients: their figures are not kept in a baseline. */
const others: ReadonlySet<string> = new Set(["floor", "floor-fetch", "effect", "genai"])

export type Baseline = Readonly<Record<string, number>>

export const baselineOf = (figures: ReadonlyArray<Figure>): Baseline =>
  Object.fromEntries(
    figures.filter(({ subject, unchecked }) => !others.has(subject) && unchecked !== true).map((figure) => [
      `${figure.row} | ${figure.subject}`,
      Number(checked(figure).toPrecision(4))
    ])
  )

export const tolerance = 0.15

/** The tolerance of the gate: it makes five rounds, on a machine that does other things as well. */
export const gateTolerance = 0.35

export interface Worse {
  readonly key: string
  readonly before: number
  readonly now: number
}

/** The figures that are worse than the baseline's by more than their own tolerance, or else by more than `allowed`. */
export const worse = (
  baseline: Baseline,
  figures: ReadonlyArray<Figure>,
  allowed: number = tolerance
): ReadonlyArray<Worse> =>
  figures.flatMap((figure) => {
    const key = `${figure.row} | ${figure.subject}`
    const before = baseline[key]
    const now = checked(figure)
    if (before === undefined) return []
    const margin = figure.tolerance ?? allowed
    const bad = figure.better === "higher" ? now < before * (1 - margin) : now > before * (1 + margin)
    return bad ? [{ key, before, now }] : []
  })
