/** What the status line says of a run of batches: a bar, how many rows have their result, and what is under way. Pure. */
import type { RunProgress } from "effect-gemini/batches/RunOptions"
import { cleanLine } from "./Shown.ts"

const width = 24

const many = (count: number, what: string): string =>
  `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`

/** The rows whose results are there, and what is under way, without a bar. */
export const said = ({ failed, isAllRead, open, results, rows }: RunProgress): string => {
  const all = isAllRead ? ` of ${many(rows, "row")}` : ` of ${many(rows, "row")} read so far`
  const synchronous = open.filter(({ isSynchronous }) => isSynchronous).length
  return [
    `${results.toLocaleString("en-US")}${all}`,
    ...(failed === 0 ? [] : [`${failed.toLocaleString("en-US")} failed`]),
    ...(open.length === 0 ? [] : [`${many(open.length, "job")} under way`]),
    ...(synchronous === 0 ? [] : [`${synchronous} asked synchronously`])
  ].join(" · ")
}

export class BatchBar {
  readonly #name: string
  #progress: RunProgress | undefined

  constructor(name: string) {
    this.#name = cleanLine(name)
  }

  on(progress: RunProgress): void {
    this.#progress = progress
  }

  line(): string {
    const progress = this.#progress
    if (progress === undefined) return `${this.#name} …`
    const share = progress.rows === 0 ? 0 : progress.results / progress.rows
    const full = Math.floor(share * width)
    const bar = "█".repeat(full) + "░".repeat(width - full)
    return `${this.#name} ${bar} ${Math.floor(share * 100)} % · ${said(progress)}`
  }
}
