/**
 * Where a run stands: the fold of its records, with each act and the sums.
 *
 * @since 0.2.0
 */
import type { Usage } from "effect-gemini/wire/Usage"
import type { Decision } from "./Decision.ts"
import type { FailureCause, RunBudget, RunSettings, RunTotals, Standing } from "./RunRecord.ts"

/**
 * One act of a run.
 *
 * - `waiting`: it has not been asked, or what it needs is not there yet.
 * - `undecided`: somebody is asked whether it may be sent; `question` says what.
 * - `asked`: its request is in flight, or was when the process died.
 * - `paused`: it failed in a way that may pass; `resume` asks it again.
 *
 * @category models
 * @since 0.2.0
 */
export interface ActState {
  readonly act: string
  readonly status: "waiting" | "undecided" | "asked" | "answered" | "paused" | "failed" | "skipped"
  /** The name and the fingerprint under which it was asked last. */
  readonly key: string | undefined
  /** How often it was asked under that key. */
  readonly attempts: number
  /** Whether a request of it was in flight at the death of a process, so that the model may have answered unheard. */
  readonly mayHaveRun: boolean
  readonly model: string | undefined
  readonly usage: Usage | undefined
  /** Dollars as a decimal text. */
  readonly cost: string | undefined
  readonly finishReason: string | undefined
  /** Why it failed, or waits. */
  readonly cause: FailureCause | undefined
  /** When it was asked last, and how long that took, in milliseconds. */
  readonly startedAt: number | undefined
  readonly duration: number | undefined
  /** What somebody was asked before it could be sent, and what they decided. */
  readonly question: string | undefined
  readonly decision: Decision | undefined
  /** Until when it waits for quota, in milliseconds since the epoch. */
  readonly until: number | undefined
}

/**
 * A run: its standing, its acts in the order of the file, and what it came to so far.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunState {
  readonly id: string
  readonly title: string
  readonly file: string
  readonly standing: Standing
  readonly settings: RunSettings
  readonly budget: RunBudget | undefined
  /** The version of this package that began the run. */
  readonly library: string
  readonly acts: ReadonlyArray<ActState>
  readonly totals: RunTotals
  /** Why it is paused: the acts that stand in its way. */
  readonly causes: ReadonlyArray<{ readonly act: string; readonly cause: FailureCause }>
  /** From when it is worth resuming, in milliseconds since the epoch, where that is known. */
  readonly until: number | undefined
  /** Whether it is paused because somebody stopped it. */
  readonly isStopped: boolean
  /** The run that this one is a copy of, and the act that is asked anew. */
  readonly forkedFrom: { readonly id: string; readonly act: string } | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
  /** The sequence number that comes next. */
  readonly next: number
  /** The process that wrote last. It may have ended since. */
  readonly pid: number | undefined
}
