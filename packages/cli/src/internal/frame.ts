/** Lanes as the lines of a picture: bars, waits, resets. Pure. */
import * as Quota from "effect-gemini-emulator/Quota"
import * as CliOutput from "effect/cli/CliOutput"
import type { Group, Lane } from "./lanes.ts"
import * as Lines from "./lines.ts"
import { cleanLine, type Shown, shown } from "./Shown.ts"
import { count } from "./table.ts"

export interface Size {
  readonly columns: number
  readonly rows: number
}

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

/**
 * A bar of `width` cells, in eighths of a cell. If anything is used, it shows; a bar that is not full never looks full.
 */
export const bar = (used: number, limit: number, width: number): string => {
  const share = limit <= 0 ? 1 : Math.min(1, used / limit)
  const exact = Math.round(share * width * 8)
  const cells = share === 0 ? 0 : share === 1 ? width * 8 : Math.max(1, Math.min(width * 8 - 1, exact))
  const text = "█".repeat(Math.floor(cells / 8)) + (eighths[cells % 8] ?? "")
  return text + "░".repeat(width - text.length)
}

interface Row {
  readonly name: string
  readonly used: number
  readonly limit: number | null
  readonly note: string
}

/** A limit that a 429 taught counts before the tier's, until it is forgotten. */
const minute = (
  row: Pick<Row, "name" | "used">,
  tier: number | null,
  learned: number | null,
  left: number
): Row =>
  learned === null ? { ...row, limit: tier, note: "" } : {
    ...row,
    limit: Math.floor(learned),
    note: `learned; ${tier === null ? "no limit" : count(tier)} again in ${Lines.time(Math.max(0, left))}`
  }

const rowsOf = ({ learned, limits, used }: Lane, now: number): ReadonlyArray<Row> => [
  minute(
    { name: "requests/min", used: used.requests },
    limits.rpm,
    learned?.rpm ?? null,
    (learned?.until ?? now) - now
  ),
  minute({ name: "tokens/min", used: used.tokens }, limits.tpm, learned?.tpm ?? null, (learned?.until ?? now) - now),
  {
    name: "requests/day",
    used: used.today,
    limit: limits.rpd,
    note: limits.rpd === null ? "" : `resets in ${Lines.time(Quota.untilMidnight(now))}`
  },
  { name: "at once", used: used.inFlight, limit: limits.concurrency, note: "" }
]

const amount = ({ limit, used }: Row): string =>
  limit === null ? `${count(used)}, no limit` : `${count(used)} of ${count(limit)}`

/** What the lane waits for; the weightiest reason comes first. */
const state = (lane: Lane, now: number): string => {
  const { isExhausted, nextFree, parkedUntil, waiting } = lane
  const left = (until: number) => Lines.time(Math.max(0, until - now))
  if (parkedUntil !== null && parkedUntil > now) {
    return isExhausted ? `the day's quota is spent: parked for ${left(parkedUntil)}` : `parked for ${left(parkedUntil)}`
  }
  if (isExhausted) return "the day's quota is spent"
  if (waiting === 0) return ""
  return nextFree === null || nextFree <= now ? "the next one when a call ends" : `the next one in ${left(nextFree)}`
}

/** Cleaned, because what other processes wrote of their lanes is as foreign as an answer. */
const heading = (lane: Lane, { faint, strong }: Lines.Style): readonly [plain: string, styled: Shown] => {
  const beside = [
    ...(lane.family === "generate" ? [] : [lane.family]),
    ...(lane.project === "default" ? [] : [lane.project]),
    ...(lane.location === "global" ? [] : [lane.location])
  ].join(" ")
  const rest = beside === "" ? "" : ` ${cleanLine(beside)}`
  const model = cleanLine(lane.model)
  return [`${model}${rest}`, shown`${strong(model)}${faint(rest)}`]
}

const empty = shown``
const indent = "  "
const nameWidth = 12
const shortest = 6
const longest = 40

const laneLines = (lane: Lane, columns: number, now: number, style: Lines.Style): ReadonlyArray<Shown> => {
  const rows = rowsOf(lane, now)
  const amounts = Math.max(...rows.map((row) => amount(row).length))
  const notes = Math.max(...rows.map((row) => row.note.length))
  const fixed = indent.length + nameWidth + 2 + amounts + 2
  const withNotes = columns - fixed - notes - 2
  const hasNotes = withNotes >= shortest
  const width = Math.min(longest, hasNotes ? withNotes : columns - fixed)
  const [plain, styled] = heading(lane, style)
  const waits = [...(lane.waiting === 0 ? [] : [`${lane.waiting} waiting`]), state(lane, now)]
    .filter((text) => text !== "").join(", ")
  const head = waits === "" ? plain : `${plain}: ${waits}`
  return [
    CliOutput.displayWidth(head) <= columns
      ? shown`${styled}${head.slice(plain.length)}`
      : shown`${Lines.fit(head, columns)}`,
    ...rows.map((row) => {
      const name = `${indent}${row.name.padEnd(nameWidth)}  `
      if (width < shortest) return shown`${Lines.fit(`${name}${amount(row)}`, columns)}`
      const line = row.limit === null
        ? style.faint("·".repeat(width))
        : row.used >= row.limit
        ? style.strong(bar(row.used, row.limit, width))
        : bar(row.used, row.limit, width)
      const note = hasNotes && row.note !== ""
        ? shown`${" ".repeat(amounts - amount(row).length)}  ${style.faint(row.note)}`
        : ""
      return shown`${name}${line}  ${amount(row)}${note}`
    })
  ]
}

/**
 * The lines of a terminal of this size: none is longer than its columns, and there are no more than
 * its rows.
 */
export const frame = (
  view: { readonly says: string; readonly groups: ReadonlyArray<Group> },
  { columns, rows }: Size,
  now: number,
  style: Lines.Style
): ReadonlyArray<Shown> => {
  const lanes = view.groups.flatMap(({ lanes, title }) => [
    ...(title === undefined || lanes.length === 0 ? [] : [[empty, style.faint(Lines.fit(title, columns))]]),
    ...lanes.map((lane) => [empty, ...laneLines(lane, columns, now, style)])
  ])
  const head = style.faint(Lines.fit(view.says, columns))
  if (lanes.length === 0) {
    const nothing = Lines.fit("no lane counts anything: nothing was sent lately", columns)
    return [head, empty, shown`${nothing}`].slice(0, rows)
  }
  const lines = [head, ...lanes.flat()]
  if (lines.length <= rows) return lines
  const kept = lines.slice(0, Math.max(0, rows - 1))
  return rows < 1 ? [] : [...kept, style.faint(Lines.fit(`… ${lines.length - kept.length} more lines`, columns))]
}
