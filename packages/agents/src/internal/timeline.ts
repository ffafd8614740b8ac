/** When the model was asked, tools ran and people were waited for, on one axis. Pure. */
import * as Timeline from "effect-gemini-journal/Timeline"
import type { TimedRecord } from "../AgentRecord.ts"
import * as StepCall from "../StepCall.ts"

/** Something that took time; milliseconds since the epoch. */
export interface Bar {
  readonly kind: "model" | "tool" | "wait" | "child"
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
  /** Children that were open when the run stopped. */
  const stopped = new Map<string, string>()
  let last = 0
  const end = (key: string, to: number, label?: string): void => {
    const begun = open.get(key)
    if (begun === undefined) return
    open.delete(key)
    // A clock that was set back tells nothing.
    out.push({ ...begun, label: label ?? begun.label, to: Math.max(to, begun.from), isOpen: false })
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
      case "ChildStarted":
        open.set(`child ${record.child}`, { kind: "child", label: record.child, from: at })
        break
      case "ChildEnded":
        end(
          `child ${record.child}`,
          at,
          record.handoff === undefined ? undefined : `${record.child} → ${record.handoff}`
        )
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
      case "Stopped": {
        for (const [key, begun] of open) {
          if (begun.kind !== "child" && begun.kind !== "tool") continue
          end(key, at)
          // A child that is open goes on with the run, and a call that is made again says so itself.
          if (begun.kind === "child") stopped.set(key, begun.label)
        }
        const isAsked = [...open.values()].some(({ kind }) => kind === "wait")
        if (record.reason === "Suspended" && !isAsked) {
          open.set("below", { kind: "wait", label: "people are waited for", from: at })
        }
        break
      }
      case "Continued":
        end("below", at)
        for (const [key, label] of stopped) open.set(key, { kind: "child", label, from: at })
        stopped.clear()
        break
    }
  }
  for (const begun of open.values()) out.push({ ...begun, to: Math.max(last, begun.from), isOpen: true })
  return out.toSorted((a, b) => a.from - b.from || a.to - b.to)
}

/** A wait for a person is a rest, which is drawn short if it is long. */
export const axisOf = (bars: ReadonlyArray<Bar>): Timeline.Axis =>
  Timeline.axisOf(bars.map(({ from, kind, to }) => ({ from, to, isRest: kind === "wait" })))
