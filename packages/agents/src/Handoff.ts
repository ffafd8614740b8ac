/**
 * Who may hand over to whom in a team, and what is told.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Team from "effect-gemini-agents/Team"
 *
 * const triage = Agent.make({ name: "triage", instructions: "You find out who can help." })
 * const billing = Agent.make({ name: "billing", description: "Invoices and refunds.", instructions: "You do invoices." })
 * const support = Team.handoff({
 *   name: "support",
 *   start: "triage",
 *   agents: { triage, billing },
 *   edges: { triage: ["billing"] }
 * })
 * console.log(support.name) // support
 * ```
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type { Agent } from "./AgentOptions.ts"
import type { Agents, Named } from "./Member.ts"

/**
 * What the next agent is told beside the input of the team.
 *
 * - `transcript`: what was said and done before, as text; long texts and results are cut. It suits any model.
 * - `verbatim`: the messages as they are, signatures with them, so both agents need the same model.
 * - `nothing`.
 * - A schema of an object: the model that hands over fills it.
 *
 * @category options
 * @since 0.1.0
 */
export type Carry = "transcript" | "verbatim" | "nothing" | Schema.Codec<unknown, unknown>

/**
 * Who begins, and who may hand over to whom.
 *
 * @category options
 * @since 0.1.0
 */
export interface HandoffOptions<M extends Readonly<Record<string, Named>>> {
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly agents: M & Agents<M, Agent<string, unknown, unknown, unknown, unknown, unknown>>
  /** The agent that begins. */
  readonly start: NoInfer<keyof M & string>
  /** The agents that each one may hand over to; one without any gives the answer. */
  readonly edges: {
    readonly [K in keyof NoInfer<M>]?: ReadonlyArray<Exclude<keyof NoInfer<M> & string, K>> | undefined
  }
  /** Default: `transcript`. */
  readonly carry?: Carry | undefined
  /** How often they may hand over in a run. Default: 6. */
  readonly limit?: number | undefined
}
