/**
 * Runs of agents, as text, as lines of JSON, as a page, and as they are written. It is loaded when a run of an
 * agent is there, because what plays narratives needs nothing of agents.
 */
import * as AgentRecord from "effect-gemini-agents/AgentRecord"
import * as AgentRun from "effect-gemini-agents/AgentRun"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as Approval from "effect-gemini-agents/Approval"
import * as Trace from "effect-gemini-agents/Trace"
import type { Head } from "effect-gemini-journal/Entry"
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import type { JournalErrorReason } from "effect-gemini-journal/JournalErrorReason"
import type { RunErrorReason } from "effect-gemini-narrative/RunError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { json as toJson } from "../Shown.ts"
import { plural } from "../table.ts"
import type { Row } from "./rows.ts"

export { AgentRun, Approval }

/** Whether it is an agent's run that was taken for one of a narrative. */
export const isAgents = (reason: JournalErrorReason | RunErrorReason): boolean =>
  reason._tag === "ForeignRecord" && reason.found === AgentRecord.records.name

type Read<A> = Effect.Effect<A, JournalError, Journal.Journal>

const read = (id: string): Read<ReadonlyArray<AgentRecord.TimedRecord>> => Trace.read(id)

const waiting = (trace: ReadonlyArray<AgentRecord.TimedRecord>): string =>
  AgentRun.pending(AgentState.fold(trace.map(({ record }) => record))).map(({ call, kind, params, tool }) =>
    `waits for ${kind} of ${call} ${tool}(${JSON.stringify(params)})\n`
  ).join("")

export const text = (id: string): Read<string> =>
  Effect.map(read(id), (trace) => `${Trace.print(trace)}\n${waiting(trace)}`)

export const lines = (id: string): Read<string> =>
  Effect.map(read(id), (trace) => trace.map((timed) => `${toJson(timed)}\n`).join(""))

export const page = (id: string): Read<string> => Effect.map(read(id), (trace) => Trace.html(trace))

const isOver = ({ _tag }: AgentRecord.AgentRecord): boolean => _tag === "Finished" || _tag === "Stopped"

/** What the run's lines say, as they come, until the run ends or stops. */
export const followed = (id: string): Stream.Stream<string, JournalError, Journal.Journal> =>
  Stream.unwrap(Effect.map(Journal.Journal, (journal) => {
    const trace: Array<AgentRecord.TimedRecord> = []
    let printed = 0
    return journal.follow(AgentRecord.records, id).pipe(
      Stream.filter((entry) => entry._tag === "Recorded"),
      Stream.takeUntil(({ record }) => isOver(record)),
      Stream.map(({ at, record }) => {
        trace.push({ at, record })
        const all = Trace.print(trace)
        const fresh = all.slice(printed).replace(/^\n/, "")
        printed = all.length
        return fresh === "" ? "" : `${fresh}\n`
      })
    )
  }))

/** The records as they come, one line of JSON each. */
export const followedLines = (id: string): Stream.Stream<string, JournalError, Journal.Journal> =>
  Stream.unwrap(Effect.map(Journal.Journal, (journal) =>
    journal.follow(AgentRecord.records, id).pipe(
      Stream.filter((entry) => entry._tag === "Recorded"),
      Stream.takeUntil(({ record }) => isOver(record)),
      Stream.map(({ at, record, seq }) => `${toJson({ seq, at, record })}\n`)
    )))

/** The run's line in a list. */
export const row = (id: string, head: Head): Read<Row> =>
  Effect.map(read(id), (trace) => {
    const state = AgentState.fold(trace.map(({ record }) => record))
    const asks = AgentRun.pending(state)
    const { usage } = state
    return {
      id,
      kind: "agent",
      title: state.agent,
      state: head.state ?? state.end?._tag.toLowerCase() ?? "running",
      done: plural(state.stepsBefore + state.steps, "step"),
      tokens: usage.inputTokens + usage.outputTokens,
      dollars: usage.dollars,
      isRough: state.maybeCharged.questions > 0,
      why: asks.map(({ call, kind, tool }) => `${call} ${tool} waits for ${kind}`).join("; "),
      bytes: head.bytes,
      updatedAt: head.updatedAt
    }
  })
