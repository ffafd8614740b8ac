/** What a run came to, from its state. */
import type { ActResult } from "../ActResult.ts"
import type { Ended } from "../RunEngine.ts"
import type { RunSummary } from "../Runs.ts"
import type { ActState, RunState } from "../RunState.ts"

const named = (acts: ReadonlyArray<ActState>, status: ActState["status"]): ReadonlyArray<string> =>
  acts.flatMap((act) => act.status === status ? [act.act] : [])

export const summaryOf = (state: RunState): RunSummary => {
  const { acts, causes, createdAt, file, id, isStopped, pid, standing, title, totals, until, updatedAt } = state
  return {
    id,
    title,
    file,
    standing,
    acts: acts.length,
    answered: named(acts, "answered").length,
    failed: named(acts, "failed"),
    skipped: named(acts, "skipped"),
    totals,
    causes,
    until,
    isStopped,
    createdAt,
    updatedAt,
    pid
  }
}

/** An answer as those read it who want its text. */
export const resultOf = (
  record: Ended & { readonly _tag: "ActAnswered" },
  text: string,
  list?: string
): ActResult => ({
  act: record.act,
  model: record.model,
  text,
  ...(list === undefined ? {} : { list }),
  ...(record.finishReason === undefined ? {} : { finishReason: record.finishReason }),
  ...(record.usage === undefined ? {} : { usage: record.usage }),
  ...(record.attempts === undefined ? {} : { attempts: record.attempts }),
  startedAt: record.startedAt,
  duration: record.duration
})
