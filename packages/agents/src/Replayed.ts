/**
 * What a replay is given beside the records, and what it gives.
 *
 * @since 0.1.0
 */
import type * as Tool from "effect/ai/Tool"
import type { AgentRecord } from "./AgentRecord.ts"

/**
 * What a replay gave.
 *
 * @category models
 * @since 0.1.0
 */
export interface Replayed<out A> {
  /** The answers of the run's turns that came to one, the last one last. */
  readonly values: ReadonlyArray<A>
  /** The records that the replay wrote; what the run was given, such as decisions, stands where it was. */
  readonly records: ReadonlyArray<AgentRecord>
}

/**
 * The records of a run, and those of its children and workers by their names, such as `writer.1`, or `coder.2.0` for the
 * call `2.0`; `Replay.read` reads them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recorded {
  readonly records: ReadonlyArray<AgentRecord>
  readonly runs: Readonly<Record<string, Recorded>>
}

/**
 * What a replay is given beside the run's own records.
 *
 * @category options
 * @since 0.1.0
 */
export interface ReplayOptions {
  /** Tools that the agent gets from elsewhere, such as an MCP server's: their declarations stand for them. */
  readonly tools?: Readonly<Record<string, Tool.Any>> | undefined
  /** The runs of a team's children, or of a manager's workers. */
  readonly runs?: Recorded["runs"] | undefined
}
