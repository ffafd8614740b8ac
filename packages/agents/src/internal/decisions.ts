/** Decisions as they are checked and recorded. Pure. */
import { Refused } from "../AgentErrorReason.ts"
import type { AgentRecord, Verdict } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import type { Decision } from "../Approval.ts"
import * as StepCall from "../StepCall.ts"
import { pathOf } from "./Unended.ts"

type Kind = StepCall.RequestedOf["kind"]

/** What may be decided about what. */
const allowed: Record<Kind, ReadonlySet<Verdict["_tag"]>> = {
  approval: new Set(["approve", "deny", "result"]),
  result: new Set(["result", "deny"]),
  outcome: new Set(["result", "again", "skip"])
}

/** Whether the call was decided before: then it has a verdict, has ended, or has begun and nobody asks about it. */
const isSettled = ({ attempts, ended, requested, verdict }: StepCall.StepCall): boolean =>
  verdict !== undefined || ended !== undefined || (attempts > 0 && requested === undefined)

/** Whether a person was asked about a call of an earlier step: all of these have ended. */
const isEarlier = (before: ReadonlyArray<AgentRecord>, call: string): boolean =>
  before.some((record) => record._tag === "Requested" && record.call === call)

/**
 * The first decision that cannot be taken, and why. One that was taken before is not one: it counts once, also when the
 * run has gone on to other calls since, for whoever decided may not know what became of it.
 */
export const problem = (
  state: AgentState.AgentState,
  before: ReadonlyArray<AgentRecord>,
  decisions: ReadonlyArray<Decision<string>>
): Refused | undefined => {
  const pending = AgentState.pending(state)
  for (const [index, { call, digest, tool, verdict }] of decisions.entries()) {
    const path = `decisions[${index}]`
    const slash = call.indexOf("/")
    if (slash >= 0) {
      // It is about a call of a worker, who checks it.
      const worker = call.slice(0, slash)
      const isKnown = state.calls.some((known) => pathOf(known.name, known.call) === worker) ||
        before.some((record) => record._tag === "CallEnded" && worker.endsWith(`.${record.call}`))
      if (isKnown) continue
      return new Refused({ path, why: `nobody asked about the call ${JSON.stringify(call)}` })
    }
    const known = state.calls.find((known) => known.call === call)
    if (tool !== undefined && known !== undefined && known.name !== tool) {
      return new Refused({
        path: `${path}.tool`,
        why: `the call ${call} is one of ${JSON.stringify(known.name)}, and not of ${JSON.stringify(tool)}`
      })
    }
    if (known === undefined ? isEarlier(before, call) : isSettled(known)) continue
    const request = pending.find((known) => known.call === call)?.requested
    if (request === undefined) return new Refused({ path, why: `nobody asked about the call ${JSON.stringify(call)}` })
    if (digest !== undefined && digest !== request.digest) {
      return new Refused({ path, why: "the call's arguments are not those that were looked at" })
    }
    if (!allowed[request.kind].has(verdict._tag)) {
      return new Refused({ path, why: `${verdict._tag} cannot be decided where ${request.kind} is asked` })
    }
  }
  return undefined
}

/** Those that are waited for; one that was given before counts once. */
export const records = (
  state: AgentState.AgentState,
  decisions: ReadonlyArray<Decision<string>>,
  at: number
): ReadonlyArray<AgentRecord> => {
  const pending = new Set(AgentState.pending(state).map(({ call }) => call))
  return decisions.flatMap(({ by, call, verdict }) =>
    pending.delete(call) ? [{ _tag: "Decided", call, verdict, by, at } as const] : []
  )
}
