/**
 * Why the limiter refused a call: nothing was sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { geminiReason } from "../internal/wire/reasonClass.ts"

/**
 * The request alone is estimated above the lane's whole budget of tokens a minute.
 * Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestTooLarge extends geminiReason<RequestTooLarge>()("RequestTooLarge", {
  estimatedTokens: Schema.Finite,
  limit: Schema.Finite
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the request is estimated at ${this.estimatedTokens} tokens, the lane allows ${this.limit} a minute`
  }
}

/**
 * A budget of money knows no price for the call, so it cannot tell whether the call still fits. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unpriced extends geminiReason<Unpriced>()("Unpriced", {
  model: Schema.String,
  /** The service tier, if the request names one. */
  mode: Schema.optionalKey(Schema.String),
  budget: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const mode = this.mode === undefined ? "" : ` served as ${this.mode}`
    return `the budget ${this.budget} is of money, and no price is known for ${this.model}${mode}: ` +
      `name one in the budget's prices, or let it go uncounted with unpriced: "count"`
  }
}

/**
 * Too many calls wait for this model's quota. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class LimiterFull extends geminiReason<LimiterFull>()("LimiterFull", {
  waiting: Schema.Finite,
  limit: Schema.Finite
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `${this.waiting} calls already wait for this model's quota (at most ${this.limit}): shed load or raise maxQueue`
  }
}

/**
 * The store in which processes share their quotas does not answer, and `whenDown` is `closed`, so nothing is sent
 * uncounted. `code` is that of the connection or the store.
 *
 * @category errors
 * @since 0.1.0
 */
export class LimiterUnavailable extends geminiReason<LimiterUnavailable>()("LimiterUnavailable", {
  store: Schema.String,
  code: Schema.optionalKey(Schema.String)
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    const code = this.code === undefined ? "" : ` (${this.code})`
    return `the quotas in ${this.store} cannot be counted${code}: calls are refused until it answers again, ` +
      `or go on by themselves with whenDown "local" or "open"`
  }
}
