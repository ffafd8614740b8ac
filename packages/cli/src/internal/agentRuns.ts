/** Runs of agents, as text, as lines of JSON, as a page, and as they are written. */
import type { AgentError } from "effect-gemini-agents/AgentError"
import * as AgentRecord from "effect-gemini-agents/AgentRecord"
import * as AgentRun from "effect-gemini-agents/AgentRun"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as Trace from "effect-gemini-agents/Trace"
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { json as toJson } from "./Shown.ts"

export type Refusal = AgentError<never>

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
