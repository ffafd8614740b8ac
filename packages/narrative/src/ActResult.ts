/**
 * What an act came to: its text, the model that answered, tokens and time. A result can be kept as JSON and handed
 * back to resume a narrative.
 *
 * @since 0.1.0
 */
import { Attempt } from "effect-gemini/GeminiError"
import { Usage } from "effect-gemini/wire/Usage"
import * as Schema from "effect/Schema"

/**
 * What one act came to, as data that can be kept as JSON.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ActResult = Schema.Struct({
  act: Schema.String,
  /** The model that answered, as the server names it (an alias names its target). */
  model: Schema.String,
  text: Schema.String,
  /** Whether it is what a loop or fan-out came to, whose acts have results of their own. */
  isGroup: Schema.optionalKey(Schema.Literal(true)),
  /** Of an act that was played for each item of a list: the texts as a JSON array; `text` has them joined. */
  list: Schema.optionalKey(Schema.String),
  finishReason: Schema.optionalKey(Schema.String),
  /** Tokens, where the server counted them. */
  usage: Schema.optionalKey(Usage),
  /** Every attempt of the call; filled by `execute`, which makes unary calls. */
  attempts: Schema.optionalKey(Schema.Array(Attempt)),
  /** Milliseconds since the epoch. */
  startedAt: Schema.Finite,
  /** Milliseconds from the start to the last byte, waits and retries included. */
  duration: Schema.Finite
})

/**
 * @category models
 * @since 0.1.0
 */
export type ActResult = typeof ActResult.Type

/**
 * Sums over the acts of a narrative; every token field counts tokens.
 *
 * @category models
 * @since 0.1.0
 */
export interface Totals {
  readonly acts: number
  readonly promptTokens: number
  readonly outputTokens: number
  readonly totalTokens: number
  /** Milliseconds from the first act's start to the last act's end. */
  readonly duration: number
}

/**
 * What a narrative cost: tokens of every act, and the time from first to last.
 *
 * @category getters
 * @since 0.1.0
 */
export const totals = (results: ReadonlyArray<ActResult>): Totals => {
  let promptTokens = 0
  let outputTokens = 0
  let totalTokens = 0
  let start = Infinity
  let end = -Infinity
  for (const { duration, startedAt, usage } of results) {
    promptTokens += (usage?.promptTokens ?? 0) + (usage?.toolUsePromptTokens ?? 0)
    outputTokens += (usage?.candidatesTokens ?? 0) + (usage?.thoughtsTokens ?? 0)
    totalTokens += usage?.totalTokens ?? 0
    start = Math.min(start, startedAt)
    end = Math.max(end, startedAt + duration)
  }
  return {
    acts: results.length,
    promptTokens,
    outputTokens,
    totalTokens,
    duration: results.length === 0 ? 0 : end - start
  }
}
