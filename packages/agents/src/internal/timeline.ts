/** When the model was asked, tools ran and people were waited for, on one axis. Pure. */
import type { TimedRecord } from "../AgentRecord.ts"
import * as StepCall from "../StepCall.ts"

/** Something that took time; milliseconds since the epoch. */
export interface Bar {
  readonly kind: "model" | "tool" | "wait"
  readonly label: string
  readonly from: number
  readonly to: number
  /** Whether its end is not in the records. */
  readonly isOpen: boolean
}

export const bars = (trace: ReadonlyArray<TimedRecord>): ReadonlyArray<Bar> => {
  const out: Array<Bar> = []
  const open = new Map<string, Pick<Bar, "kind" | "label" | "from">>()
  const names = new Map<string, string>()
  let last = 0
  const end = (key: string, to: number): void => {
    const begun = open.get(key)
    if (begun === undefined) return
    open.delete(key)
    // A clock that was set back tells nothing.
    out.push({ ...begun, to: Math.max(to, begun.from), isOpen: false })
  }
  for (const { at, record } of trace) {
    if (at === undefined) continue
    last = Math.max(last, at)
    switch (record._tag) {
      case "Asked":
        open.set("model", { kind: "model", label: `step ${record.step}`, from: at })
        break
      case "Answered":
        end("model", at)
        if (record.use === "calls") {
          for (const { call, name } of StepCall.callsOf(record.step, record.messages)) {
            names.set(call, `${call} ${name}`)
          }
        }
        break
      case "AskFailed":
        end("model", at)
        break
      case "CallStarted":
        end(`call ${record.call}`, at)
        open.set(`call ${record.call}`, { kind: "tool", label: names.get(record.call) ?? record.call, from: at })
        break
      case "CallEnded":
        end(`call ${record.call}`, at)
        end(`wait ${record.call}`, at)
        break
      case "Requested":
        open.set(`wait ${record.call}`, {
          kind: "wait",
          label: `${names.get(record.call) ?? record.call} waits`,
          from: at
        })
        break
      case "Decided":
        end(`wait ${record.call}`, at)
        break
    }
  }
  for (const begun of open.values()) out.push({ ...begun, to: Math.max(last, begun.from), isOpen: true })
  return out.toSorted((a, b) => a.from - b.from || a.to - b.to)
}

/** An axis from 0 to 1 for times. */
export interface Axis {
  readonly at: (time: number) => number
  /** Whether times in which nothing ran are drawn shorter than they were. */
  readonly isShortened: boolean
}

/** The part of the time in which something ran that is drawn of a long rest. */
const restPart = 0.1

/** Times in which nothing ran, such as a wait of days for a person, are drawn short: the rest would be too thin to see. */
export const axisOf = (bars: ReadonlyArray<Bar>): Axis => {
  const ends = [...new Set(bars.flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b)
  const pieces = ends.slice(1).map((to, i) => {
    const from = ends[i] ?? to
    const isBusy = bars.some((bar) => bar.kind !== "wait" && bar.from < to && bar.to > from)
    return { from, to, isBusy }
  })
  const busy = pieces.reduce((sum, { from, isBusy, to }) => isBusy ? sum + to - from : sum, 0)
  const most = busy === 0 ? Infinity : busy * restPart
  const widths = pieces.map(({ from, isBusy, to }) => isBusy ? to - from : Math.min(to - from, most))
  const all = widths.reduce((sum, width) => sum + width, 0)
  return {
    isShortened: pieces.some(({ from, to }, i) => (widths[i] ?? 0) < to - from),
    at: (time) => {
      if (all === 0) return 0
      let place = 0
      for (const [i, { from, to }] of pieces.entries()) {
        const width = widths[i] ?? 0
        if (time >= to) place += width
        else if (time > from) place += width * (time - from) / (to - from)
      }
      return place / all
    }
  }
}
