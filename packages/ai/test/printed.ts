/** Tables that a suite prints: what was expected, filled in before anything ran, beside what came. */

export interface Printed {
  readonly title: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

const cut = (text: string, length: number): string => text.length > length ? `${text.slice(0, length - 1)}…` : text

export const print = ({ columns, rows, title }: Printed): void => {
  const cells = [columns, ...rows].map((row) => row.map((cell) => cut(cell.replaceAll("\n", " "), 60)))
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? "").length)))
  const line = (row: ReadonlyArray<string>) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd()
  process.stdout.write([`\n${title}`, ...cells.map(line), ""].join("\n"))
}
