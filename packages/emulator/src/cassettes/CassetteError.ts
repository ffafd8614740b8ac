/**
 * What can be wrong with a cassette.
 *
 * @since 0.2.0
 */
import * as Data from "effect/Data"

/**
 * A cassette cannot be read, written or used as it was asked for.
 *
 * @category errors
 * @since 0.2.0
 */
export class CassetteError extends Data.TaggedError("CassetteError")<{
  readonly file: string
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.file}: ${this.description}`
  }
}
