/**
 * What can go wrong with a narrative: before it is played (`NarrativeInvalid`, every
 * problem at once) and while it is played (`ActFailed`, with the results so far).
 *
 * @since 0.1.0
 */
import { GeminiError } from "effect-gemini/GeminiError"
import * as Schema from "effect/Schema"
import { ActResult } from "./ActResult.ts"

/**
 * One problem of a narrative: where it is, what it is and what to do about it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Problem = Schema.Struct({
  /** Line in the file, from 1. Missing where the problem is not in the text (a missing file, a variable). */
  line: Schema.optionalKey(Schema.Finite),
  /** Column in that line, from 1, in UTF-16 units. */
  column: Schema.optionalKey(Schema.Finite),
  /** Path of the key: `acts[1].prompt`. Empty for the file as a whole. */
  key: Schema.String,
  what: Schema.String,
  hint: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Problem = typeof Problem.Type

const say = (file: string, { column, hint, key, line, what }: Problem): string => {
  const place = [line, column].filter((n) => n !== undefined).map(String)
  const where = [file, ...place, ...(key === "" ? [] : [key])].join(":")
  return `${where}: ${what}${hint === undefined ? "" : ` (${hint})`}`
}

/**
 * A narrative that cannot be played. Its message has one line a problem:
 * `story.toml:12:10:acts[1].prompt: what is wrong (a hint)`.
 *
 * @category errors
 * @since 0.1.0
 */
export class NarrativeInvalid extends Schema.TaggedError<NarrativeInvalid>("effect-gemini-narrative/NarrativeInvalid")(
  "NarrativeInvalid",
  { file: Schema.String, problems: Schema.Array(Problem) }
) {
  override get message(): string {
    return this.problems.map((problem) => say(this.file, problem)).join("\n")
  }
}

/**
 * The model finished an act without any text, so there is nothing to show or to hand on.
 *
 * @category errors
 * @since 0.1.0
 */
export class EmptyAnswer extends Schema.TaggedError<EmptyAnswer>("effect-gemini-narrative/EmptyAnswer")(
  "EmptyAnswer",
  { finishReason: Schema.optionalKey(Schema.String) }
) {
  override get message(): string {
    return this.finishReason === "MAX_TOKENS"
      ? "the model spent all its tokens before it wrote any text: raise max_output_tokens"
      : `the model wrote no text (finish reason ${this.finishReason ?? "unknown"})`
  }
}

/**
 * An act was not sent, or its answer cannot be used: `kind` says why in a word, the message in a
 * sentence.
 *
 * - `Denied`: nobody approved it.
 * - `MissingOutput`: what its texts refer to is not there, such as an optional field or the fourth of three items.
 * - `InvalidOutput`: its answer is not JSON, although others use fields of it.
 * - `TooManyItems`: the list of `for_each` is longer than `max_items`.
 * - `LoopEnded`: the condition of `repeat` did not hold after the last round, and `on_max` is `fail`.
 *
 * @category errors
 * @since 0.3.0
 */
export class ActRefused extends Schema.TaggedError<ActRefused>("effect-gemini-narrative/ActRefused")("ActRefused", {
  kind: Schema.Literals(["Denied", "MissingOutput", "InvalidOutput", "TooManyItems", "LoopEnded"]),
  why: Schema.String
}) {
  override get message(): string {
    return this.why
  }
}

/**
 * An act failed. `reason` is the client's `GeminiError` (or `EmptyAnswer`, or `ActRefused`); `results`
 * holds the acts that had finished, ready to be passed back as `results` to go on
 * from here.
 *
 * @category errors
 * @since 0.1.0
 */
export class ActFailed extends Schema.TaggedError<ActFailed>("effect-gemini-narrative/ActFailed")("ActFailed", {
  act: Schema.String,
  results: Schema.Array(ActResult),
  reason: Schema.Union([GeminiError, EmptyAnswer, ActRefused])
}) {
  override get message(): string {
    return `act "${this.act}" failed: ${this.reason.message}`
  }
}
