/** A table of Markdown as rows of a terminal: no cell is cut, and no row is longer than the terminal is wide. Pure. */
import { lexer, type Tokens } from "marked"
import { Shown, shown } from "../Shown.ts"
import { type Run, unpainted, widthOf, WordWrap } from "../WordWrap.ts"
import * as Inline from "./inline.ts"
import * as Paints from "./paints.ts"

/** A column that is narrower shows no words any more. */
const narrowest = 6

const textOf = (runs: ReadonlyArray<Run>): string => runs.map(({ text }) => text).join("")

/** The widths of columns that together fit, or undefined. The widest give way first. */
const fitted = (natural: ReadonlyArray<number>, room: number): ReadonlyArray<number> | undefined => {
  const widths = [...natural]
  let over = widths.reduce((sum, width) => sum + width, 0) - room
  while (over > 0) {
    const widest = Math.max(...widths)
    if (widest <= narrowest) return undefined
    const next = Math.max(narrowest, ...widths.filter((width) => width < widest))
    const same = widths.filter((width) => width === widest).length
    const less = Math.min(widest - next, Math.ceil(over / same)) || 1
    for (const [i, width] of widths.entries()) {
      if (width !== widest || over <= 0) continue
      const taken = Math.min(less, over)
      widths[i] = width - taken
      over -= taken
    }
  }
  return widths
}

/** A cell as rows of its column, each with its width. */
const cellRows = (runs: ReadonlyArray<Run>, width: number): ReadonlyArray<readonly [Shown, number]> => {
  const wrap = new WordWrap(width)
  wrap.words(runs)
  return wrap.rows()
}

const beside = (
  cells: ReadonlyArray<ReadonlyArray<Run>>,
  widths: ReadonlyArray<number>,
  aligns: ReadonlyArray<string>
) => {
  const columns = cells.map((cell, i) => cellRows(cell, widths[i] ?? narrowest))
  const height = Math.max(1, ...columns.map((rows) => rows.length))
  return Array.from({ length: height }, (_, at) => {
    const pieces = columns.map((rows, i) => {
      const [text, width] = rows[at] ?? [shown``, 0]
      const space = Math.max(0, (widths[i] ?? 0) - width)
      const left = aligns[i] === "right" ? space : aligns[i] === "center" ? space >> 1 : 0
      const right = i === columns.length - 1 ? 0 : space - left
      return shown`${" ".repeat(left)}${text}${" ".repeat(right)}`
    })
    return Shown.join(pieces, " │ ")
  })
}

/** Undefined where the source is not a table, or the terminal too narrow for one. */
export const tableRows = (source: string, width: number): Shown | undefined => {
  const [first] = lexer(source, { gfm: true })
  if (first?.type !== "table" || first.raw.trim() !== source.trim()) return undefined
  const table = first as Tokens.Table
  const head = table.header.map(({ text }) => Inline.runs(text, Paints.strong))
  const body = table.rows.map((cells) => cells.map(({ text }) => Inline.runs(text, unpainted)))
  const natural = head.map((cell, i) =>
    Math.max(3, ...[cell, ...body.map((cells) => cells[i] ?? [])].map((runs) => widthOf(textOf(runs))))
  )
  const widths = width === 0 ? natural : fitted(natural, width - 3 * (natural.length - 1))
  if (widths === undefined) return undefined
  const aligns = table.align.map((align) => align ?? "left")
  const line = Shown.styled("\x1b[2m", widths.map((cells) => "─".repeat(cells)).join("─┼─"), "\x1b[22m")
  const rows = [...beside(head, widths, aligns), line, ...body.flatMap((cells) => beside(cells, widths, aligns))]
  return shown`${Shown.join(rows, "\n")}\n`
}
