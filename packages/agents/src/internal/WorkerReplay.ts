/**
 * The runs of a manager's workers played again, beside the run that gave them their tasks: each must begin with its call's
 * task, and give what the call's result was. A run that is not given stands as its call's result has it.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Agent } from "../AgentOptions.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import { Diverged } from "../Diverged.ts"
import type { Replayed, ReplayOptions } from "../Replayed.ts"
import type { StepCall } from "../StepCall.ts"
import * as TeamReplay from "./TeamReplay.ts"
import { pathOf } from "./Unended.ts"
import * as Workers from "./Workers.ts"

interface Served {
  readonly call: StepCall
  /** The call's end, and its place in the records. */
  readonly ended: Extract<AgentRecord, { readonly _tag: "CallEnded" }> | undefined
  readonly at: number
}

/** The calls of workers, with their arguments as a person may have changed them. */
const servedBy = (workers: Workers.Workers, records: ReadonlyArray<AgentRecord>): ReadonlyArray<Served> => {
  const served = new Map<string, Served>()
  let state = AgentState.empty
  for (const [at, record] of records.entries()) {
    const known = record._tag === "CallEnded" ? served.get(record.call) : undefined
    if (record._tag === "CallEnded" && known !== undefined && known.ended === undefined) {
      served.set(record.call, { ...known, ended: record, at })
    }
    state = AgentState.next(state, record)
    for (const call of state.calls) {
      if (!Object.hasOwn(workers, call.name)) continue
      served.set(call.call, { at, ended: undefined, ...served.get(call.call), call })
    }
  }
  return [...served.values()]
}

const taskOf = (worker: Workers.Worker<string, unknown>, params: unknown): unknown => {
  const decoded = Schema.decodeUnknownResult(Workers.Task)(params)
  if (Result.isFailure(decoded)) return undefined
  return Result.getOrUndefined(worker.inputToJson(decoded.success.task))
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const one = (
  worker: Workers.Worker<string, unknown>,
  { at, call, ended }: Served,
  { runs = {}, tools }: ReplayOptions
): Effect.Effect<void, Diverged> => {
  const path = pathOf(call.name, call.call)
  const recorded = Object.hasOwn(runs, path) ? runs[path] : undefined
  if (recorded === undefined) return Effect.void
  const was = TeamReplay.inputOf(recorded.records)
  const is = taskOf(worker, call.params)
  if (!isSame(was, is)) return Effect.fail(new Diverged({ at, path: `${path}/input`, expected: was, found: is }))
  // What the checks of its agent need is in the context of the replay.
  const played = worker.replay(recorded.records, { tools, runs: recorded.runs }) as Effect.Effect<unknown, Diverged>
  return Effect.matchEffect(played, {
    onFailure: ({ at, expected, found, path: inner }) =>
      Effect.fail(new Diverged({ at, path: inner === "" ? path : `${path}/${inner}`, expected, found })),
    onSuccess: () => {
      if (ended === undefined || ended.isFailure) return Effect.void
      const { end } = AgentState.fold(recorded.records)
      const gave = end?._tag === "Finished" ? end.value : undefined
      return isSame(gave, ended.result)
        ? Effect.void
        : Effect.fail(new Diverged({ at, path: `${path}/result`, expected: ended.result, found: gave }))
    }
  })
}

/** The manager, whose replay plays its workers again too. */
export const also = <I, A, T, E, R, C, D extends string>(
  manager: Agent<I, A, T, E, R, C, D>,
  workers: Workers.Workers
): Agent<I, A, T, E, R, C, D> => {
  const { employing, handing } = manager
  return {
    ...manager,
    employing: employing && ((tools, toolbox, approvals) => also(employing(tools, toolbox, approvals), workers)),
    handing: handing && ((handover) => also(handing(handover), workers)),
    replay: (records, options): Effect.Effect<Replayed<A>, Diverged, C> =>
      Effect.tap(manager.replay(records, options), () =>
        Effect.forEach(servedBy(workers, records), (served) => {
          const worker = workers[served.call.name]
          return worker === undefined ? Effect.void : one(worker, served, options)
        }, { discard: true }))
  }
}
