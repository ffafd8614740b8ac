/**
 * The one error of the journal: which call failed, for which run, and a `reason` that says why.
 *
 * Catch by reason with `Effect.catchReason("JournalError", "Busy", …)` or `Effect.catchReasons`; plain TypeScript
 * switches on `error.reason._tag`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { JournalErrorReason } from "./JournalErrorReason.ts"

/**
 * A call of the journal failed: `reason` says why and what to do.
 *
 * @category errors
 * @since 0.1.0
 */
export class JournalError extends Schema.TaggedError<JournalError>("effect-gemini-journal/JournalError")(
  "JournalError",
  {
    /** The call, such as `resume` or `append`. */
    method: Schema.String,
    /** The run's id, if the call was for one run and its id is valid. */
    id: Schema.optionalKey(Schema.String),
    reason: JournalErrorReason
  }
) {
  /** Whether the same call may succeed later. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }

  override get message(): string {
    const where = this.id === undefined ? this.method : `${this.method} (${this.id})`
    return `${where} ${this.reason._tag}: ${this.reason.message}`
  }
}
