/**
 * How a long history is made shorter. Nothing is lost: the records stay, and only what is sent changes.
 *
 * It fires before a step when the last answer counted more than four fifths of `above` as its input, and comes down to
 * `keep`. Between the two nothing moves, so that the server's implicit cache keeps its prefix: instructions, tools and
 * the first message stay the same bytes. Whole exchanges go, a call always with its response; those of earlier turns
 * first.
 *
 * @since 0.1.0
 */
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

/**
 * When and how.
 *
 * @category options
 * @since 0.1.0
 */
export interface Compaction<out E = never, out R = never> {
  /** Input tokens that no question may have. */
  readonly above: number
  /** Input tokens that are left. Default: two fifths of `above`. */
  readonly keep?: number | undefined
  /** The model that writes the summary. Default: the agent's. It is charged to the run. */
  readonly model?: Layer.Layer<LanguageModel.LanguageModel, E, R> | undefined
  /** Writes the summary without a model, from the messages that go. */
  readonly summarize?: ((messages: ReadonlyArray<Prompt.Message>) => Effect.Effect<string>) | undefined
}
