/**
 * What the program of an agent may know of its run, and how it plays other agents as its children.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Effect from "effect/Effect"
 *
 * const writer = Agent.make({ name: "writer", instructions: "Write a line about the subject." })
 * const poet = Agent.fromEffect({ name: "poet" }, (subject, run) =>
 *   Effect.gen(function*() {
 *     const first = yield* run.child(writer, subject) // its id is the run's, with ".writer.1"
 *     const second = yield* run.child(writer, `what follows ${first.text}`) // ".writer.2"
 *     return `${first.text}\n${second.text}`
 *   }))
 * console.log(poet.name) // poet
 * ```
 *
 * @since 0.1.0
 */
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Effect from "effect/Effect"
import type { AgentError } from "./AgentError.ts"
import type { Agent } from "./AgentOptions.ts"
import type { Answer } from "./Answer.ts"

/**
 * The run of an agent that plays others. A child's failure is an error of this run: with the reason ChildFailed, or, if
 * people are to decide about a call of the child, Suspended, with the child's name before the call's.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunContext {
  readonly id: string
  /**
   * Plays an agent as a child of this run. Its name in the run is `as`, by default its own, and a number, which counts
   * the children of that name. A child that ended before the run was resumed gives its answer again.
   */
  readonly child: <I, A, T, E, R, C, D extends string>(
    agent: Agent<I, A, T, E, R, C, D>,
    input: I,
    options?: { readonly as?: string | undefined }
  ) => Effect.Effect<Answer<A>, AgentError<T | E>, R | LanguageModel.LanguageModel>
}
