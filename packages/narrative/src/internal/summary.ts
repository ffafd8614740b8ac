/** What a run came to, from its state. */
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
