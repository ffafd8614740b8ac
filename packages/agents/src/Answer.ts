/**
 * What a run of an agent gave.
 *
 * @since 0.1.0
 */
import type { AgentEvent } from "./AgentEvent.ts"
import type { AgentRecord, Source, Usage } from "./AgentRecord.ts"

/**
 * What a run gave.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer<out A> {
  readonly value: A
  readonly text: string
  readonly id: string
  /** How often the model answered. */
  readonly steps: number
  /** What the run took, as `AgentState.usage` counts it. */
  readonly usage: Usage
  /** US dollars as a decimal text; `undefined` where no price is known. */
  readonly cost: string | undefined
  readonly sources: ReadonlyArray<Source>
  /** Whether a bound asked for it before the model was done. */
  readonly isPartial: boolean
  readonly records: ReadonlyArray<AgentRecord>
}

/**
 * An event of a stream: those of the run, and at the end its answer.
 *
 * @category models
 * @since 0.1.0
 */
export type StreamEvent<A> = AgentEvent | { readonly _tag: "Done"; readonly answer: Answer<A> }
