/**
 * Why the limiter refused a call: nothing was sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The request alone is estimated above the lane's whole budget of tokens a minute.
 * Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestTooLarge
  extends Schema.TaggedError<RequestTooLarge>("effect-gemini/GeminiError/RequestTooLarge")("RequestTooLarge", {
    estimatedTokens: Schema.Finite,
    limit: Schema.Finite
  })
{
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the request is estimated at ${this.estimatedTokens} tokens, the lane allows ${this.limit} a minute`
  }
}

/**
 * Too many calls wait for this model's quota. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class LimiterFull
  extends Schema.TaggedError<LimiterFull>("effect-gemini/GeminiError/LimiterFull")("LimiterFull", {
    waiting: Schema.Finite,
    limit: Schema.Finite
  })
{
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `${this.waiting} calls already wait for this model's quota (at most ${this.limit}): shed load or raise maxQueue`
  }
}

/**
 * The store that processes share their quotas in does not answer, and `whenDown` is
 * `closed`: nothing is sent that nobody counts. `code` is the connection's or the store's.
 *
 * @category errors
 * @since 0.1.0
 */
export class LimiterUnavailable
  extends Schema.TaggedError<LimiterUnavailable>("effect-gemini/GeminiError/LimiterUnavailable")(
    "LimiterUnavailable",
    {
      store: Schema.String,
      code: Schema.optionalKey(Schema.String)
    }
  )
{
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    const code = this.code === undefined ? "" : ` (${this.code})`
    return `the quotas in ${this.store} cannot be counted${code}: calls are refused until it answers again, ` +
      `or go on by themselves with whenDown "local" or "open"`
  }
}
