/**
 * What one call may set: a signal that ends it, deadlines, retries, and how long it waits for quota.
 *
 * @since 0.3.0
 */
import type * as Gemini from "effect-gemini/call/CallOptions"
import type { GeminiError } from "effect-gemini/GeminiError"

/**
 * The second argument of every call. Durations are texts like `"30 seconds"`, or milliseconds.
 *
 * @category options
 * @since 0.3.0
 */
export interface CallOptions extends Omit<Gemini.CallOptions, "observe" | "fallback"> {
  /** Aborting it ends the call, with its request; the call rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined
  /** Called at every wait of the call: for quota, or between two attempts. */
  readonly observe?: ((event: CallEvent) => void) | undefined
  /** Another transport or model, for when quota or an outage stops this one. */
  readonly fallback?: Fallback | undefined
}

/**
 * An event of a call that waits: `Waiting` for its quota, or `Retrying` after a failed attempt.
 *
 * @category models
 * @since 0.3.0
 */
export type CallEvent = Gemini.CallEvent

/**
 * Where a call goes when quota, an outage or a deadline ended it after all its attempts.
 *
 * @category options
 * @since 0.3.0
 */
export interface Fallback extends Omit<Gemini.Fallback, "observe"> {
  /** Called when the call goes this way, with the error that made it. */
  readonly observe?: ((error: GeminiError) => void) | undefined
}
