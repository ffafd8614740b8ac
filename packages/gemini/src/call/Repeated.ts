/**
 * The error of a stream that `Repetition` has cut.
 *
 * @since 0.2.0
 */
import * as Data from "effect/Data"

/**
 * The stream said the same piece over and over, and was cut. The text itself is not in the error: what came before was
 * delivered.
 *
 * @category errors
 * @since 0.2.0
 */
export class Repeated extends Data.TaggedError("Repeated")<{
  /** How many characters the piece has. */
  readonly piece: number
  /** How often it stands at the end of what came. */
  readonly times: number
  /** How many characters came in all. */
  readonly characters: number
}> {
  override get message(): string {
    return `the answer repeats a piece of ${this.piece} characters ${this.times} times, and was cut after ` +
      `${this.characters} characters: ask again, with another temperature or a clearer end`
  }
}
