/** When acts were asked, waited for quota or for a person, and were lost, on rows by act; and when processes died. Pure. */
import type { Entry } from "effect-gemini-journal/Entry"
import type { RunRecord } from "../RunRecord.ts"

export type BarKind = "asked" | "failed" | "lost" | "quota" | "person"

/** Something of an act that took time; milliseconds since the epoch. */
export interface Bar {
  readonly act: string
  readonly kind: BarKind
  readonly from: number
  readonly to: number
  readonly what: string
}

/** A moment of the run itself. */
export interface Mark {
  readonly at: number
  readonly kind: "resumed" | "died" | "paused" | "ended"
  readonly what: string
}

export interface Times {
  readonly bars: ReadonlyArray<Bar>
  readonly marks: ReadonlyArray<Mark>
}

export const timesOf = (entries: ReadonlyArray<Entry<RunRecord>>): Times => {
  const bars: Array<Bar> = []
  const marks: Array<Mark> = []
  /** What is in flight or waited for, by act. */
  const open = new Map<string, { readonly kind: BarKind; readonly from: number; readonly what: string }>()
  let last = 0
  let standing: "running" | "paused" | "over" = "running"
  const end = (act: string, to: number, kind?: BarKind, what?: string): void => {
    const begun = open.get(act)
    if (begun === undefined) return
    open.delete(act)
    // A clock that was set back tells nothing.
    bars.push({
      act,
      kind: kind ?? begun.kind,
      from: begun.from,
      to: Math.max(to, begun.from),
      what: what ?? begun.what
    })
  }
  /** What was in flight is heard no more; questions to people stay open. */
  const lose = (to: number): void => {
    for (const [act, { kind }] of open) {
      if (kind === "asked") end(act, to, "lost", "in flight when its process ended: nobody heard the answer")
      else if (kind === "quota") end(act, to)
    }
  }
  for (const { _tag, at, writer, ...entry } of entries) {
    const time = Math.max(last, at)
    if (_tag === "Resumed") {
      if (standing === "running") {
        marks.push({ at: last, kind: "died", what: "the process ended without a word" })
        lose(last)
      }
      marks.push({ at: time, kind: "resumed", what: `process ${writer.pid ?? "?"} goes on` })
      standing = "running"
    }
    last = time
    if (!("record" in entry)) continue
    const { record } = entry
    switch (record._tag) {
      case "ActAsked":
        end(record.act, time)
        open.set(record.act, {
          kind: "asked",
          from: time,
          what: `attempt ${record.attempt}${record.model === undefined ? "" : ` on ${record.model}`}`
        })
        break
      case "ActAnswered":
        end(record.act, time, undefined, `answered by ${record.model}`)
        break
      case "ActFailed":
        end(record.act, time, "failed", `${record.cause.reason}: ${record.cause.message}`)
        break
      case "Waiting":
        end(record.act, time)
        open.set(record.act, { kind: "quota", from: time, what: record.cause.message })
        break
      case "ApprovalAsked":
        open.set(record.act, { kind: "person", from: time, what: record.question })
        break
      case "Decided": {
        const { by, verdict } = record.decision
        end(
          record.act,
          time,
          undefined,
          `${verdict === "approve" ? "approved" : "denied"}${by === undefined ? "" : ` by ${by}`}`
        )
        break
      }
      case "Paused":
        lose(time)
        marks.push({ at: time, kind: "paused", what: record.stopped === true ? "stopped" : "paused" })
        standing = "paused"
        break
      case "Cancelled":
      case "Finished":
        lose(time)
        marks.push({
          at: time,
          kind: "ended",
          what: record._tag === "Cancelled" ? "cancelled" : record.ok ? "finished" : "failed"
        })
        standing = "over"
        break
    }
  }
  for (const act of open.keys()) end(act, last)
  return { bars, marks }
}
