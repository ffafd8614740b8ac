/**
 * What an attempt holds of one budget, from its reservation to its end: by then it is charged by
 * the server's last count if that is whole, else by all that is known to be too much.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Budget from "../../Budget.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as Gate from "../../limits/Gate.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import * as Usage from "../../wire/Usage.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import * as BudgetAmount from "./amount.ts"

export interface Options {
  readonly options: Budget.Limits
  readonly admission: RateLimiter.Admission
  readonly reserved: Budget.Amount
  /** Says what it used, once. */
  readonly settle: (used: Budget.Charge) => Effect.Effect<void>
}

/** Codes of sockets that were never open. */
const neverSent: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"])

/** The server refused, or was never reached: nothing was charged. */
const isRefused = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && exit.cause.reasons.some((reason) => {
    if (!Cause.isFailReason(reason) || !(reason.error instanceof GeminiError)) return false
    const { reason: why, status } = reason.error
    return (status !== undefined && status >= 400) || (why._tag === "Network" && neverSent.has(why.code ?? ""))
  })

export class Hold implements Gate.Hold {
  readonly #of: Options
  #metadata: RateLimiter.Charged["usageMetadata"]
  #candidates: RateLimiter.Charged["candidates"]
  #modelVersion: RateLimiter.Charged["modelVersion"]
  #isHeard = false
  /** Whether the count came with the end of the answer, or after it. */
  #isFinal = false
  #isFinished = false
  /** Output that was received since the last count, estimated. */
  #received = 0

  constructor(of: Options) {
    this.#of = of
  }

  /** The last count is the whole one; what was searched for may stand in an earlier chunk. */
  readonly charge = (answer: RateLimiter.Charged): void => {
    const { candidates, modelVersion, promptFeedback, usageMetadata } = answer
    this.#isHeard = true
    this.#modelVersion = modelVersion ?? this.#modelVersion
    this.#isFinished ||= promptFeedback?.blockReason != null ||
      candidates?.some(({ finishReason }) => finishReason != null) === true
    if (usageMetadata != null) {
      this.#metadata = usageMetadata
      this.#isFinal = this.#isFinished
      this.#received = 0
    } else if (candidates != null) {
      for (const { content } of candidates) if (content != null) this.#received += estimateTokens(content)
    }
    if (candidates?.some(({ groundingMetadata }) => groundingMetadata != null) === true) this.#candidates = candidates
  }

  readonly end = ({ exit, isWhole, sent }: Gate.Ending): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => this.#of.settle(this.#used(exit, isWhole, sent, now)))

  #used(exit: Exit.Exit<unknown, unknown>, isWhole: boolean, sent: boolean, now: number): Budget.Charge {
    const { admission, options, reserved } = this.#of
    const nothing = { ...BudgetAmount.none, isPartial: false, isEstimated: false }
    if (!sent || (!this.#isHeard && isRefused(exit))) return nothing
    const { family, quotaModel: model } = admission.lane
    const count = this.#metadata
    const seen = BudgetAmount.charged(options, model, {
      usageMetadata: this.#withReceived(count),
      candidates: this.#candidates,
      modelVersion: this.#modelVersion
    }, now)
    const isCounted = count != null && (this.#isFinal || family === "embed" || (isWhole && Exit.isSuccess(exit)))
    if (isCounted && !seen.isPartial) return { ...seen, isEstimated: false }
    // Of what has no price, or was not counted to its end, no less is known than was reserved.
    return {
      tokens: isCounted ? seen.tokens : Math.max(seen.tokens, reserved.tokens),
      money: seen.money > reserved.money ? seen.money : reserved.money,
      isPartial: seen.isPartial,
      isEstimated: !isCounted
    }
  }

  #withReceived(count: RateLimiter.Charged["usageMetadata"]): RateLimiter.Charged["usageMetadata"] {
    if (this.#received === 0) return count
    const { candidatesTokens, promptTokens, totalTokens } = Usage.fromMetadata(count ?? {})
    const input = count == null ? Math.max(0, this.#of.admission.tokens || 0) : promptTokens
    return {
      ...count,
      promptTokenCount: input,
      candidatesTokenCount: candidatesTokens + this.#received,
      candidatesTokensDetails: undefined,
      totalTokenCount: (count == null ? input : totalTokens) + this.#received
    }
  }
}
