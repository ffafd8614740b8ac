/**
 * What an attempt holds of one budget, from its reservation to its end. Then it is charged by the server's last count
 * if that is whole, else by the most that is known of it.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Budget from "../../Budget.ts"
import { Repeated } from "../../call/Repeated.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as BudgetStore from "../../limits/BudgetStore.ts"
import type * as Gate from "../../limits/Gate.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import * as Usage from "../../wire/Usage.ts"
import { isUnreached } from "../http/unreached.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import { countable, isCountable } from "../wire/countable.ts"
import * as BudgetAmount from "./amount.ts"

export interface Options {
  readonly options: Budget.Limits
  readonly admission: RateLimiter.Admission
  /** What it reserved, or, if the server has counted its input since, what it would reserve now. */
  readonly reserved: () => BudgetStore.Amount
  /** Says what it used. It is called once. */
  readonly settle: (used: BudgetStore.Charge) => Effect.Effect<void>
}

/** Whether the server refused, or was never reached, so that nothing was charged. */
const isRefused = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && exit.cause.reasons.some((reason) => {
    if (!Cause.isFailReason(reason) || !(reason.error instanceof GeminiError)) return false
    const { status } = reason.error
    return status === undefined ? isUnreached(reason.error) : status >= 400
  })

/**
 * Whether the answer was cut since it repeats itself (`Repetition`): then what came is what is charged. Anybody else who
 * leaves a stream may have left the server at work.
 */
const isCut = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some((reason) => Cause.isFailReason(reason) && reason.error instanceof Repeated)

export class BudgetHold implements Gate.Hold {
  readonly #of: Options
  #metadata: RateLimiter.Charged["usageMetadata"]
  #candidates: RateLimiter.Charged["candidates"]
  #modelVersion: RateLimiter.Charged["modelVersion"]
  #isHeard = false
  /** Whether the count came with the end of the answer, or after it. */
  #isFinal = false
  /** The candidates that finished. A blocked prompt has none, and is over. */
  #finished: Set<number> | undefined
  #isBlocked = false
  /** An estimate of the output that was received since the last count. */
  #received = 0

  constructor(of: Options) {
    this.#of = of
  }

  /** Takes an answer. The last count is the whole one, but what was searched for may stand in an earlier chunk. */
  readonly charge = (answer: RateLimiter.Charged): void => {
    const { candidates, modelVersion, promptFeedback, usageMetadata } = answer
    this.#isHeard = true
    this.#modelVersion = modelVersion ?? this.#modelVersion
    this.#isBlocked ||= promptFeedback?.blockReason != null
    for (const { finishReason, index } of candidates ?? []) {
      if (finishReason != null) (this.#finished ??= new Set()).add(Usage.count(index))
    }
    if (usageMetadata != null && Object.values(Usage.fromMetadata(usageMetadata)).every(isCountable)) {
      this.#metadata = Usage.carried(this.#metadata, usageMetadata)
      this.#isFinal = this.#isBlocked || (this.#finished !== undefined && this.#finished.size >= this.#asked)
      this.#received = 0
    } else if (candidates != null) {
      for (const { content } of candidates) if (content != null) this.#received += estimateTokens(content)
    }
    if (candidates?.some(({ groundingMetadata }) => groundingMetadata != null) === true) this.#candidates = candidates
  }

  /** How many candidates the answer has. */
  get #asked(): number {
    return Math.max(1, Usage.count(this.#of.admission.asks?.request.generationConfig?.candidateCount))
  }

  readonly end = ({ exit, isWhole, sent }: Gate.Ending): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => this.#of.settle(this.#used(exit, isWhole, sent, now)))

  #used(exit: Exit.Exit<unknown, unknown>, isWhole: boolean, sent: boolean, now: number): BudgetStore.Charge {
    const { admission, options } = this.#of
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
    if (this.#isHeard && !seen.isPartial && isCut(exit)) return { ...seen, isEstimated: true }
    const reserved = this.#of.reserved()
    // For something without a price, or not counted to its end, at least the reservation is charged.
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
    const input = count == null ? countable(this.#of.admission.tokens) : promptTokens
    return {
      ...count,
      promptTokenCount: input,
      candidatesTokenCount: candidatesTokens + this.#received,
      candidatesTokensDetails: undefined,
      totalTokenCount: (count == null ? input : totalTokens) + this.#received
    }
  }
}
