/** A run's events as `run` writes and shows them: records become acts that begin and end, and remarks. */
import type { ActResult } from "effect-gemini-narrative/ActResult"
import type { NarrativeEvent } from "effect-gemini-narrative/NarrativeEvent"
import type { RunError } from "effect-gemini-narrative/RunError"
import type { RunEvent } from "effect-gemini-narrative/RunEvent"
import { type ActAnswered, standing } from "effect-gemini-narrative/RunRecord"
import type { Service } from "effect-gemini-narrative/Runs"
import * as Effect from "effect/Effect"
import * as Lines from "../lines.ts"

/** Something to show: an event of an act, or a line about the run. */
export type Scene =
  | { readonly _tag: "Act"; readonly event: Exclude<NarrativeEvent, { readonly _tag: "NarrativeFinished" }> }
  | { readonly _tag: "Remark"; readonly line: string }

const remark = (line: string): ReadonlyArray<Scene> => [{ _tag: "Remark", line }]

/** Long texts lie beside the journal. */
const resultOf = Effect.fnUntraced(function*(runs: Service, id: string, record: typeof ActAnswered.Type) {
  const { act, attempts, duration, finishReason, model, output, startedAt, usage } = record
  const text = "text" in output
    ? output.text
    : (yield* runs.results(id)).find((result) => result.act === act)?.text ?? ""
  const result: ActResult = {
    act,
    model,
    text,
    ...(record.isGroup === undefined ? {} : { isGroup: record.isGroup }),
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(usage === undefined ? {} : { usage }),
    ...(attempts === undefined ? {} : { attempts }),
    startedAt,
    duration
  }
  return result
})

/** What an event shows; nothing, for those that only the journal needs. */
export const scenes = Effect.fnUntraced(function*(
  runs: Service,
  id: string,
  event: RunEvent,
  now: number
): Effect.fn.Return<ReadonlyArray<Scene>, RunError> {
  if (event._tag === "Told") return [{ _tag: "Act", event: event.event }]
  if (event._tag === "Opened") {
    return event.seq === 0 ? [] : remark(`process ${event.pid ?? "?"} goes on with the run`)
  }
  const { record } = event
  switch (record._tag) {
    case "ActAsked": {
      const { act, attempt, mayHaveRun, model } = record
      const again = mayHaveRun === true && attempt > 1
        ? remark(`${act} is asked again: it was in flight when its process died`)
        : attempt > 1
        ? remark(`${act} is asked again${model === undefined ? "" : `, on ${model}`}`)
        : []
      return [...again, { _tag: "Act", event: { _tag: "ActStarted", act, model } }]
    }
    case "ActAnswered":
      return [{
        _tag: "Act",
        event: { _tag: "ActFinished", act: record.act, result: yield* resultOf(runs, id, record) }
      }]
    case "ActSkipped":
      return remark(
        record.because === record.act
          ? `${record.act} is left out by its condition`
          : `${record.act} is left out, because it needs ${record.because}`
      )
    case "ApprovalAsked":
      return remark(`${record.act} waits until somebody approves it: ${record.question}`)
    case "Decided": {
      const { by, reason, verdict } = record.decision
      const who = by === undefined || by === "" ? "" : ` by ${by}`
      const done = verdict === "approve" ? "approved" : "denied"
      return remark(`${record.act} is ${done}${who}${reason === undefined ? "" : `: ${reason}`}`)
    }
    case "Waiting":
      return remark(`${record.act} ${record.cause.message}, ${Lines.time(Math.max(0, record.until - now))} left`)
    default:
      return []
  }
})

/** Whether nothing is played after an event, for good or for now. */
export const isEnd = (event: RunEvent): boolean => event._tag === "Recorded" && standing(event.record) !== "running"
