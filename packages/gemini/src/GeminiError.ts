/**
 * The one error of HTTP calls: an envelope that says which call failed and how
 * far it came, around a `reason` that says why.
 *
 * Catch by reason with `Effect.catchReason("GeminiError", "RateLimited", …)` or
 * `Effect.catchReasons`; plain TypeScript switches on `error.reason._tag`. No field
 * ever holds a request, a header, the key or prompt text.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { GeminiErrorReason } from "./errors/GeminiErrorReason.ts"
import { Delay } from "./internal/call/delay.ts"
import { oneOf } from "./internal/wire/leaves.ts"
import { Usage } from "./wire/Usage.ts"

/**
 * One attempt of a logical call: the model that it went to, how it ended, and how long the call then waited before the
 * next one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Attempt = Schema.Struct({
  model: Schema.String,
  /** The member that it went to, if the client has several. */
  member: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Finite),
  reason: Schema.optionalKey(Schema.String),
  delay: Schema.optionalKey(Delay),
  /** The transport, if the attempt went by way of `fallback`. */
  transport: Schema.optionalKey(oneOf(["http", "live"]))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Attempt = typeof Attempt.Type

/**
 * What a create may have made although no answer said so: its name if that was chosen before, else the display name to
 * look for, and the member that was asked.
 *
 * @category schemas
 * @since 0.2.0
 */
export const MayExist = Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  displayName: Schema.optionalKey(Schema.String),
  member: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export type MayExist = typeof MayExist.Type

/**
 * A failed call: the operation (`method`), the model it went to, the HTTP `status` and Google's name for it
 * (`googleStatus`), the delay that the server asked for (`retryAfter`), every attempt, the tokens that were counted,
 * the responses before it (`received`), what may exist although the create failed (`mayExist`), and the `reason`.
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { GeminiError } from "effect-gemini/GeminiError"
 * import { RateLimited } from "effect-gemini/errors/GeminiErrorReason"
 *
 * const call = Effect.fail(
 *   new GeminiError({ method: "generateContent", attempts: [], reason: new RateLimited({ violations: [] }) })
 * )
 * const text = call.pipe(
 *   Effect.catchReason("GeminiError", "RateLimited", () => Effect.succeed("later"))
 * )
 * Effect.runPromise(text).then(console.log) // later
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class GeminiError extends Schema.TaggedError<GeminiError>("effect-gemini/GeminiError")("GeminiError", {
  method: Schema.String,
  model: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Finite),
  googleStatus: Schema.optionalKey(Schema.String),
  requestId: Schema.optionalKey(Schema.String),
  retryAfter: Schema.optionalKey(Delay),
  attempts: Schema.Array(Attempt),
  usage: Schema.optionalKey(Usage),
  /** The earlier responses, the oldest first, if the call broke between two hops of its answer. */
  received: Schema.optionalKey(Schema.Array(Schema.Unknown)),
  mayExist: Schema.optionalKey(MayExist),
  reason: GeminiErrorReason
}) {
  /** Whether the same call may succeed later. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }

  override get message(): string {
    const where = this.model === undefined ? this.method : `${this.method} (${this.model})`
    const status = this.status === undefined ? "" : ` [HTTP ${this.status}]`
    const wait = this.retryAfter === undefined ? "" : ` Retry after ${Duration.toMillis(this.retryAfter) / 1_000} s.`
    const tries = this.attempts.length > 1 ? ` After ${this.attempts.length} attempts.` : ""
    return `${where}${status} ${this.reason._tag}: ${this.reason.message}${wait}${tries}`
  }

  /**
   * The same failure with the attempts of the whole logical call. The stack stays that of
   * the place that failed, not of the retry loop.
   */
  withAttempts(attempts: ReadonlyArray<Attempt>): GeminiError {
    return this.with({ attempts })
  }

  /** The same failure with a reason that says more. */
  withReason(reason: GeminiErrorReason): GeminiError {
    return this.with({ reason })
  }

  /** The same failure with further fields; fields that are `undefined` here stay as they were. */
  with(known: {
    readonly attempts?: ReadonlyArray<Attempt> | undefined
    readonly usage?: Usage | undefined
    readonly received?: ReadonlyArray<unknown> | undefined
    readonly mayExist?: MayExist | undefined
    readonly reason?: GeminiErrorReason | undefined
  }): GeminiError {
    const { attempts, mayExist, reason, received, usage } = known
    // Of its own keys an error may enumerate more than its fields: the schema takes those alone.
    const copy = new GeminiError({
      ...this,
      ...(attempts && { attempts }),
      ...(mayExist && { mayExist }),
      ...(reason && { reason }),
      ...(received && { received }),
      ...(usage && { usage })
    })
    const headline = copy.stack?.split("\n    at ", 1)[0]
    const frames = this.stack?.indexOf("\n    at ") ?? -1
    if (headline !== undefined && frames >= 0) copy.stack = headline + (this.stack?.slice(frames) ?? "")
    return copy
  }
}
