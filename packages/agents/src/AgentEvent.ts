/**
 * What a run tells while it goes on: its records as they are written, and the text between them as it comes.
 *
 * @since 0.1.0
 */
import type { AgentRecord } from "./AgentRecord.ts"

/**
 * One event of a run. Text of a step that is asked again, after a hint or in another process, is followed by a further
 * `Asked` record: what came before it is not part of the answer.
 *
 * @category models
 * @since 0.1.0
 */
export type AgentEvent =
  | { readonly _tag: "Record"; readonly record: AgentRecord }
  | { readonly _tag: "TextDelta"; readonly step: number; readonly text: string }
  | { readonly _tag: "ThoughtDelta"; readonly step: number; readonly text: string }
  /** What a child of a team or a worker tells: `child` is its name and number, `critic.2`, or its call, `coder.2.0`. */
  | { readonly _tag: "Child"; readonly child: string; readonly event: AgentEvent }
