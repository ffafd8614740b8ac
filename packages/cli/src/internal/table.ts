/** Rows of text, columns aligned: numbers to the right, the rest to the left. Pure. */
import { cleanLine } from "./Shown.ts"

/** `1048576` becomes `1,048,576`; a number without a limit says that it has none. */
export const count = (n: number | undefined): string =>
  n === undefined ? "-" : n === Infinity ? "no limit" : n.toLocaleString("en-US")

export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const all = [head, ...rows].map((row) => row.map(cleanLine))
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)))
  const isNumber = head.map((_, i) =>
    rows.length > 0 && rows.every((row) => /^(?:[\d,]+|-|no limit)$/.test(row[i] ?? ""))
  )
  const line = (row: ReadonlyArray<string>): string =>
    head.map((_, i) => {
      const cell = row[i] ?? ""
      const width = widths[i] ?? 0
      return isNumber[i] === true ? cell.padStart(width) : cell.padEnd(width)
    }).join("  ").trimEnd()
  return all.map(line).join("\n")
}

/** `3 acts`, `1 act`. */
export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`
