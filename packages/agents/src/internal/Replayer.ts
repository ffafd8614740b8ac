/** A run played again, session by session, by the loop that played it first. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { AgentError } from "../AgentError.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import { Diverged } from "../Diverged.ts"
import type { Replayed } from "../Replayed.ts"
import * as Digests from "./digest.ts"
import { Ledger } from "./Ledger.ts"
import { Loop } from "./Loop.ts"
import { Over, Script } from "./Script.ts"
import * as SharedLog from "./SharedLog.ts"
import * as Shown from "./shown.ts"
import * as Spans from "./spans.ts"
import type { Spec } from "./spec.ts"
import type { Tools } from "./Toolbox.ts"
import * as TraceLines from "./traceLines.ts"

const opens = ({ _tag }: AgentRecord): boolean => _tag === "Begun" || _tag === "Continued"

interface Session {
  /** The first record that the loop writes: what people decided comes before it. */
  readonly at: number
  readonly end: number
}

export const sessionsOf = (records: ReadonlyArray<AgentRecord>): ReadonlyArray<Session> => {
  const begins = records.flatMap((record, index) => opens(record) ? [index] : [])
  // What stands before a fork is the other run's, cut wherever it was.
  const ends = records.flatMap((record, index) => opens(record) || record._tag === "Forked" ? [index] : [])
  return begins.map((begin) => {
    let at = begin + 1
    while (records[at]?._tag === "Decided") at++
    return { at, end: ends.find((end) => end > begin) ?? records.length }
  })
}

/** The place where the run begins, if it goes on with the messages of another one that was handed over to it. */
const handedAt = (records: ReadonlyArray<AgentRecord>): number => {
  const at = records.findLastIndex(({ _tag }) => _tag === "Forked")
  const before = records[at - 1]
  return before?._tag === "Finished" && before.handoff !== undefined ? at : 0
}

/** The records must be of the agent of that name. */
export const sameAgent = (
  name: string,
  records: ReadonlyArray<AgentRecord>,
  from = 0
): Effect.Effect<void, Diverged> => {
  const first = records.findIndex(({ _tag }, at) => at >= from && _tag === "Begun")
  const begun = records[first]
  const found = begun?._tag === "Begun" ? begun.agent : undefined
  return found === name
    ? Effect.void
    : Effect.fail(new Diverged({ at: Math.max(0, first), path: "agent", expected: found, found: name }))
}

const sameTools = (
  records: ReadonlyArray<AgentRecord>,
  tools: Tools,
  from: number
): Effect.Effect<void, Diverged> =>
  Effect.gen(function*() {
    const now = yield* Digests.ofTools(tools)
    for (const [at, record] of records.entries()) {
      if (record._tag !== "Begun" || at < from) continue
      const found = TraceLines.difference(record.tools, now, "tools")
      if (found !== undefined) {
        return yield* new Diverged({ at, path: found.path, expected: found.a, found: found.b })
      }
    }
  })

export const run = <I, A, C>(
  spec: Spec<I, A, unknown, never, C>,
  tools: Tools,
  records: ReadonlyArray<AgentRecord>
): Effect.Effect<Replayed<A>, Diverged, C> =>
  Effect.gen(function*() {
    const from = handedAt(records)
    yield* sameAgent(spec.name, records, from)
    yield* sameTools(records, tools, from)
    const values: Array<A> = []
    const written: Array<AgentRecord> = []
    for (const { at, end } of sessionsOf(records)) {
      // What was said before it was handed over is given, as another agent's.
      if (at < from) continue
      const script = new Script(records, at, end)
      const ledger = new Ledger({
        agent: spec.name,
        id: "replay",
        journal: script.journal("replay"),
        records: records.slice(0, at),
        tell: undefined
      })
      const toolbox = yield* Shown.withReading(script.toolbox(tools), () => ledger.records)
      const box = { tools: toolbox.tools, handle: script.toolbox({}).handle }
      const exit = yield* new Loop(spec, ledger, box, script.actor<C>()).play.pipe(
        Spans.unseen,
        Effect.provideService(SharedLog.Root, SharedLog.replayed(() => records.slice(0, script.place))),
        Effect.exit
      )
      const value = yield* judged(exit, script)
      // What opens a session, and what people decided, is given to the run.
      written.push(...records.slice(written.length, at), ...script.written, ...script.rest)
      if (value === undefined) continue
      if (value.handoff !== undefined) continue
      const decoded = spec.output.fromJson(value.value)
      if (Result.isSuccess(decoded)) values.push(decoded.success)
    }
    return { values, records: written }
  })

/** Stops that the loop decides from the records alone, so that their words are its own too. */
const decided = new Set<string>([
  "StepLimit",
  "CallLimit",
  "TokenLimit",
  "NoProgress",
  "Suspended",
  "Unusable",
  "CheckFailed",
  "HandoffLimit"
])

/** Whether the loop ended where the session did, and as it did. */
export const judged = <B>(
  exit: Exit.Exit<B, unknown>,
  script: Script
): Effect.Effect<B | undefined, Diverged> => {
  if (Exit.isSuccess(exit)) {
    return script.next === undefined ? Effect.succeed(exit.value) : Effect.fail(script.diverged(undefined))
  }
  const defect = exit.cause.reasons.find(Cause.isDieReason)?.defect
  if (defect instanceof Over) return Effect.undefined
  if (defect instanceof Diverged) return Effect.fail(defect)
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  if (!(error instanceof AgentError)) return Effect.die(Cause.squash(exit.cause))
  const { next } = script
  const { reason } = error
  // The process may have died before it could write why it stopped.
  if (next === undefined) return Effect.undefined
  // Why the model gave no answer is the server's word, and not the agent's.
  if (next._tag !== "Stopped") return Effect.fail(script.diverged({ _tag: "Stopped", reason: reason._tag }))
  if (next.reason !== reason._tag && reason._tag !== "Refused") {
    return Effect.fail(script.diverged(reason._tag, "reason", next.reason))
  }
  const message = decided.has(reason._tag) && !script.hasWaited ? reason.message.slice(0, 2_000) : next.message
  if (message !== next.message) return Effect.fail(script.diverged(message, "message", next.message))
  script.stop({ ...next, message })
  return script.next === undefined ? Effect.undefined : Effect.fail(script.diverged(undefined))
}
