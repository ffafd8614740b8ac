/** Calls that wait in a worker: what the run above them knows of it. */
import type * as ToolCalls from "effect-gemini-ai/ToolCalls"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type { Decision, Request } from "../Approval.ts"

/** What people decided about calls of workers, for the handlers of the calls that these wait in. */
export const WorkerDecisions: Context.Reference<ReadonlyArray<Decision<string>>> = /* @__PURE__ */ Context.Reference<
  ReadonlyArray<Decision<string>>
>("effect-gemini-agents/WorkerDecisions", { defaultValue: () => [] })

/** A worker that waits for people, or whose journal is lost: its call has no end, and is made again on resume. */
export class Unended implements ToolCalls.Handled<unknown> {
  readonly result = null
  readonly encodedResult = null
  readonly isFailure = true
  readonly pending: ReadonlyArray<Request>
  readonly cause: Cause.Cause<unknown> | undefined

  constructor(pending: ReadonlyArray<Request>, cause: Cause.Cause<unknown> | undefined) {
    this.pending = pending
    this.cause = cause
  }
}

/** It as a handler of a toolkit says it, which can but break off. */
export const unendedOf = ({ failure }: ToolCalls.Handled<unknown>): Unended | undefined => {
  if (failure === undefined) return undefined
  const defect = failure.reasons.find(Cause.isDieReason)?.defect
  return defect instanceof Unended ? defect : undefined
}

/** How the calls of a worker are named: by the tool, and the call's name in the run. */
export const pathOf = (name: string, call: string): string => `${name}.${call}`
