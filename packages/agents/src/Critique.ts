/**
 * What a critic says of a draft, and how `Team.repeat` makes a further one of it.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import { Critique } from "effect-gemini-agents/Critique"
 * import * as Team from "effect-gemini-agents/Team"
 *
 * const writer = Agent.make({ name: "writer", instructions: "You write a line about the subject." })
 * const critic = Agent.make({ name: "critic", instructions: "Is it short, and does it rhyme?", output: Critique })
 * const poet = Team.repeat(writer, { until: critic, times: 3 }).named("poet")
 * console.log(poet.name) // poet
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { Agent } from "./AgentOptions.ts"

/**
 * What a critic says of a draft: whether it is good, or what is to be better. It is the output of a critic's agent.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Critique = Schema.Struct({
  isGood: Schema.Boolean.annotate({ description: "Whether the draft may stay as it is." }),
  advice: Schema.String.annotate({ description: "What is to be better; empty if it is good." })
})

/**
 * @category models
 * @since 0.1.0
 */
export type Critique = typeof Critique.Type

/**
 * A draft that the critic did not take.
 *
 * @category models
 * @since 0.1.0
 */
export interface Round<out I, out A> {
  /** The input of the team. */
  readonly input: I
  readonly value: A
  readonly advice: string
}

/**
 * How often a draft is made.
 *
 * @category options
 * @since 0.1.0
 */
export interface RepeatOptions<in A, out T, out E, out R, out D extends string> {
  readonly until: Agent<A, Critique, T, E, R, unknown, D>
  /** How many drafts there are at most. Default 4. */
  readonly times?: number | undefined
  readonly name?: string | undefined
  readonly description?: string | undefined
}
