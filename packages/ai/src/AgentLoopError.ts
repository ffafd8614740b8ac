/**
 * The error of an agent loop: what failed, and the conversation up to there.
 *
 * The history is whole: each call of the last step has a result in it, of tools that failed the failure, so that a
 * program can mend the cause and go on from there.
 *
 * ```ts compile-only
 * import * as AgentLoop from "effect-gemini-ai/AgentLoop"
 * import type { LanguageModel } from "effect/ai"
 * import { Toolkit } from "effect/ai"
 * import * as Effect from "effect/Effect"
 *
 * const program: Effect.Effect<string, unknown, LanguageModel.LanguageModel> = AgentLoop.run({
 *   prompt: "add 2 and 3",
 *   toolkit: Toolkit.empty
 * }).pipe(
 *   Effect.map(({ text }) => text),
 *   Effect.catchTag("AgentLoopError", ({ cause, history, steps }) =>
 *     Effect.as(Effect.log(cause.message, steps), `failed after ${history.content.length} messages`))
 * )
 * console.log(program)
 * ```
 *
 * @since 0.2.0
 */
import type * as Prompt from "effect/ai/Prompt"
import * as Data from "effect/Data"

/**
 * What a loop had done when it failed.
 *
 * @category models
 * @since 0.2.0
 */
export interface Failed<E> {
  readonly cause: E
  /** How often the model was asked. */
  readonly steps: number
  /** Input and output tokens of these steps, as far as the model counted them. */
  readonly tokens: number
  readonly history: Prompt.Prompt
}

const wordsOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/**
 * A loop that failed: the model's error, or a tool's whose `failureMode` is `error`. Neither logs nor JSON show the
 * history, which is what people wrote.
 *
 * @category errors
 * @since 0.2.0
 */
export class AgentLoopError<out E> extends Data.TaggedError("AgentLoopError")<{
  readonly message: string
  readonly steps: number
  readonly tokens: number
}> {
  declare readonly cause: E
  readonly #history: Prompt.Prompt

  constructor({ cause, history, steps, tokens }: Failed<E>) {
    super({ message: `after ${steps} ${steps === 1 ? "step" : "steps"}: ${wordsOf(cause)}`, steps, tokens })
    Object.defineProperty(this, "cause", { value: cause, enumerable: false })
    this.#history = history
  }

  /** The conversation up to the failure, to go on from. */
  get history(): Prompt.Prompt {
    return this.#history
  }
}
