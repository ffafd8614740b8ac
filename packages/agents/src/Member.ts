/**
 * The agents of a team as types: what they take, give, fail with and need, read from the type of each.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import type { ValueOf } from "effect-gemini-agents/Member"
 *
 * const clerk = Agent.make({ name: "clerk", instructions: "Be short." })
 * const value: ValueOf<typeof clerk> = "a text"
 * console.log(value) // a text
 * ```
 *
 * @since 0.1.0
 */
import type * as Exit from "effect/Exit"
import type * as Schema from "effect/Schema"
import type { AgentError } from "./AgentError.ts"
import type { Agent } from "./AgentOptions.ts"

/**
 * Any agent, whatever it takes.
 *
 * @category models
 * @since 0.1.0
 */
export type Member = Agent<never, unknown, unknown, unknown, unknown, unknown>

/**
 * What a team asks of its agents before their types are known. It says nothing of those types: `Agent.make` in the place
 * of a `Member` would take on its `unknown`, in the place of a `Named` it says its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Named extends Pick<Member, "name" | "description"> {}

/**
 * The same agents, as soon as their types are known: what is not a `Wanted` is refused at its place.
 *
 * @category models
 * @since 0.1.0
 */
export type Agents<M extends Readonly<Record<string, Named>>, Wanted extends Named = Member> = {
  readonly [K in keyof M]: M[K] extends Wanted ? M[K] : Wanted
}

/**
 * What all of these agents take.
 *
 * @category models
 * @since 0.1.0
 */
export type CommonOf<M extends Named> = [M] extends [Agent<infer I, unknown, unknown, unknown, unknown, unknown>] ? I
  : never

/**
 * What an agent takes.
 *
 * @category models
 * @since 0.1.0
 */
export type InputOf<M extends Named> = M extends Agent<infer I, unknown, unknown, unknown, unknown, unknown> ? I
  : never

/**
 * What an agent gives.
 *
 * @category models
 * @since 0.1.0
 */
export type ValueOf<M extends Named> = M extends Agent<never, infer A, unknown, unknown, unknown, unknown> ? A : never

/**
 * What an agent fails with beside its stops: the errors of its tools and of its own effects.
 *
 * @category models
 * @since 0.1.0
 */
export type FailureOf<M extends Named> = M extends Agent<never, unknown, infer T, infer E, unknown, unknown> ? T | E
  : never

/**
 * What an agent needs.
 *
 * @category models
 * @since 0.1.0
 */
export type NeedsOf<M extends Named> = M extends Agent<never, unknown, unknown, unknown, infer R, unknown> ? R : never

/**
 * The tools about whose calls people decide.
 *
 * @category models
 * @since 0.1.0
 */
export type ApprovalsOf<M extends Named> = M extends Agent<never, unknown, unknown, unknown, unknown, unknown, infer D>
  ? D
  : never

/**
 * How the input of a team becomes a part for each of its agents: both or neither. Without them each gets the input.
 *
 * @category options
 * @since 0.1.0
 */
export type Splitting<M extends Readonly<Record<string, Named>>, I> =
  | { readonly input?: undefined; readonly split?: undefined }
  | {
    /** The schema of the team's input; `Schema.String` if it is text. */
    readonly input: Schema.Codec<I, unknown>
    /** It must only depend on what it is given, for it is called again when the run is resumed. */
    readonly split: (input: NoInfer<I>) => { readonly [K in keyof M]: InputOf<M[K]> }
  }

/**
 * What the agents of a team gave, by their names.
 *
 * @category models
 * @since 0.1.0
 */
export type Values<M extends Readonly<Record<string, Named>>> = { readonly [K in keyof M]: ValueOf<M[K]> }

/**
 * What the agents of a team gave or why they did not, by their names.
 *
 * @category models
 * @since 0.1.0
 */
export type Exits<M extends Readonly<Record<string, Named>>> = {
  readonly [K in keyof M]: Exit.Exit<ValueOf<M[K]>, AgentError<FailureOf<M[keyof M]>>>
}
