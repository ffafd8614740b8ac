/**
 * How far a run may go. Whatever bound is reached, the run stops with a reason that says so, and `resume` goes on with
 * larger ones.
 *
 * @since 0.1.0
 */
import type * as BigDecimal from "effect/BigDecimal"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/**
 * The bounds of a run, or of one turn of a conversation.
 *
 * @category options
 * @since 0.1.0
 */
export interface Bounds {
  /** How often the model may answer. Default 20. */
  readonly steps?: number | undefined
  /** How many calls it may make. Default: no bound. */
  readonly calls?: number | undefined
  /**
   * Input and output tokens of all its answers and its workers' together, as models count them; of another agent whose
   * messages it goes on with after a handoff, nothing. Default: no bound.
   */
  readonly tokens?: number | undefined
  /**
   * US dollars, as a decimal or its text: for the run, its workers and its children. Each attempt is reserved before it is
   * sent, over the client of effect-gemini. Default: no bound.
   */
  readonly money?: BigDecimal.BigDecimal | string | undefined
  /**
   * Output tokens of an answer, thoughts among them, where `money` is bounded: that much is reserved, and asked for as
   * `maxOutputTokens` where the model's own setting is not less. Near the limit it is less. Default 8,192.
   */
  readonly outputTokens?: number | undefined
  /**
   * How the input of a question is counted where `money` is bounded: by its length (`estimate`, the default), which may be
   * too low, or near the limit by the `server`, so that the bound is exceeded by nothing but what `Budget` of effect-gemini
   * excludes: searches with Google, and what Google's own tools put into the prompt.
   */
  readonly countInput?: "estimate" | "server" | undefined
  /**
   * How long the run may take in this process, from `run` or `resume` on. A step that runs is cut. Default: no
   * bound.
   */
  readonly time?: Duration.Input | undefined
  /** The same calls with the same arguments and results, so often in a row, count as standing still. Default 3. */
  readonly repeats?: number | undefined
  /** How often in a row the model is asked again after an answer that cannot be used. Default 2. */
  readonly retries?: number | undefined
}

/**
 * The bounds that hold where nothing is said.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaults = { steps: 20, repeats: 3, retries: 2 } as const

const count = Schema.Finite

/**
 * The bounds under which a run goes on, as far as they were given; see `Bounds`. Money is a decimal text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RecordedBounds = Schema.Struct({
  steps: Schema.optionalKey(count),
  calls: Schema.optionalKey(count),
  tokens: Schema.optionalKey(count),
  money: Schema.optionalKey(Schema.String),
  outputTokens: Schema.optionalKey(count),
  repeats: Schema.optionalKey(count),
  retries: Schema.optionalKey(count)
})

/**
 * @category models
 * @since 0.1.0
 */
export type RecordedBounds = typeof RecordedBounds.Type
