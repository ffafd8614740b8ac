/**
 * The one error of Live sessions: an envelope that says which operation failed, around
 * a `reason` that says why.
 *
 * Catch by reason with `Effect.catchReason("LiveError", "Interrupted", …)` or
 * `Effect.catchReasons`; plain TypeScript switches on `error.reason._tag`. No field
 * ever holds a URL, a header, the key or what was said.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { LiveErrorReason } from "./errors/LiveErrorReason.ts"

/**
 * A session failed, or an operation of one. `code` is the WebSocket close code if the connection was closed.
 *
 * @category errors
 * @since 0.1.0
 */
export class LiveError extends Schema.TaggedError<LiveError>("effect-gemini/LiveError")("LiveError", {
  method: Schema.String,
  model: Schema.optionalKey(Schema.String),
  code: Schema.optionalKey(Schema.Finite),
  reason: LiveErrorReason
}) {
  /** Whether the same session or call may succeed later. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }

  override get message(): string {
    const where = this.model === undefined ? this.method : `${this.method} (${this.model})`
    return `${where} ${this.reason._tag}: ${this.reason.message}`
  }
}
