/**
 * What a watcher of a run sees: the run's records, with their numbers, and in the process that plays it also what is too
 * short-lived to be recorded.
 *
 * @since 0.2.0
 */
import type * as NarrativeEvent from "./NarrativeEvent.ts"
import type { RunRecord } from "./RunRecord.ts"

/**
 * A process began the run, or took it up again. What was in flight before is drawn again from its beginning: whoever
 * shows a piece of an act's text drops it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Opened {
  readonly _tag: "Opened"
  readonly seq: number
  /** Milliseconds since the epoch, by the writer's clock. */
  readonly at: number
  /** The process, on its own machine. */
  readonly pid: number | undefined
}

/**
 * A record was written. Numbers have no gap: a watcher that has seen `seq` goes on from the next one.
 *
 * @category models
 * @since 0.2.0
 */
export interface Recorded {
  readonly _tag: "Recorded"
  readonly seq: number
  readonly at: number
  readonly record: RunRecord
}

/**
 * What only watchers in the process that plays the run are told: text as it streams, waits and retries.
 *
 * @category models
 * @since 0.2.0
 */
export interface Told {
  readonly _tag: "Told"
  readonly event: NarrativeEvent.Chunk | NarrativeEvent.Waiting | NarrativeEvent.Retrying
}

/**
 * One event of a run.
 *
 * @category models
 * @since 0.2.0
 */
export type RunEvent = Opened | Recorded | Told
