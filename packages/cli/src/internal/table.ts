/** Rows of text, columns aligned: numbers to the right, the rest to the left. Pure. */
import { cleanLine } from "./Shown.ts"

/** `1048576` becomes `1,048,576`; a number without a limit says that it has none. */
export const count = (n: number | undefined): string =>
  n === undefined ? "-" : n === Infinity ? "no limit" : n.toLocaleString("en-US")

/** Words in rows of so many cells, each begun by an indent. */
const rowsOf = (text: string, columns: number, indent: number): ReadonlyArray<string> => {
  const rows: Array<string> = []
  for (const word of text.split(" ")) {
    const row = rows.at(-1)
    if (row !== undefined && row.length + 1 + word.length <= columns) rows[rows.length - 1] = `${row} ${word}`
    else rows.push(" ".repeat(indent) + word)
  }
  return rows
}

/** A last column that is narrower is put below the others. */
const narrowest = 24

/**
 * The same within the columns of a terminal (0: there is none): what does not fit goes on below the last column, or each
 * row becomes lines of its own, with the names of the columns.
 */
export const tableWithin = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  columns: number
): string => {
  const lines = table(head, rows).split("\n")
  if (columns === 0 || lines.every((line) => line.length <= columns)) return lines.join("\n")
  const at = (lines[0] ?? "").lastIndexOf(head.at(-1) ?? "")
  if (columns - at >= narrowest) {
    return lines.flatMap((line) => {
      const [first = "", ...rest] = rowsOf(line.slice(at), columns, at)
      return [line.slice(0, at) + first.slice(at), ...rest].map((row) => row.trimEnd())
    }).join("\n")
  }
  return rows.map((row) => {
    const [name = "", ...cells] = row.map(cleanLine)
    const said = cells.map((cell, i) => `${head[i + 1] ?? ""} ${cell}`).join("; ")
    return [name, ...rowsOf(said, columns, 2)].join("\n")
  }).join("\n")
}

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
