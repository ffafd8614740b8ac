/**
 * The one error of an agent's run: which agent, which run, why, and the records so far.
 *
 * ```ts
 * import { AgentError } from "effect-gemini-agents/AgentError"
 * import { StepLimit } from "effect-gemini-agents/AgentErrorReason"
 *
 * const reason = new StepLimit({ limit: 20, used: 20 })
 * const error = new AgentError({ agent: "clerk", id: "run-1", reason, records: [] })
 * console.log(error.message)
 * // clerk (run-1): the model was not done after 20 steps: resume it with a larger bound to go on
 * ```
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { AgentErrorReason } from "./AgentErrorReason.ts"
import type { AgentRecord } from "./AgentRecord.ts"

/**
 * A run ended without an answer. `records` is the trace so far; neither logs nor JSON show it, for it is what people
 * wrote. `Effect.catchReason("AgentError", "Suspended", …)` catches one reason.
 *
 * @category errors
 * @since 0.1.0
 */
export class AgentError<out E = unknown> extends Data.TaggedError("AgentError")<{
  readonly agent: string
  readonly id: string
}> {
  declare readonly reason: AgentErrorReason<E>
  readonly #records: ReadonlyArray<AgentRecord>

  constructor(fields: {
    readonly agent: string
    readonly id: string
    readonly reason: AgentErrorReason<E>
    readonly records: ReadonlyArray<AgentRecord>
  }) {
    super({ agent: fields.agent, id: fields.id })
    Object.defineProperty(this, "reason", { value: fields.reason, enumerable: true })
    this.#records = fields.records
  }

  get records(): ReadonlyArray<AgentRecord> {
    return this.#records
  }

  override get message(): string {
    return `${this.agent} (${this.id}): ${this.reason.message}`
  }
}
