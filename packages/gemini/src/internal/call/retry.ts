/**
 * Whether a failed attempt is followed by another, and after how long: without Effect,
 * so that the rules can be read and tested as a table.
 */
import * as Duration from "effect/Duration"
import type { Retry } from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import { mayBeAskedAgain } from "./failures.ts"

export interface Policy {
  readonly attempts: number
  readonly baseDelay: number
  readonly maxDelay: number
  readonly factor: number
  readonly maxRetryAfter: number
  readonly toolCalls: boolean
}

/** The policy of one call: what the call says, else what the client says, else the defaults. Times in milliseconds. */
export const policy = (client: Retry | undefined, call: Retry | undefined): Policy => ({
  attempts: call?.attempts ?? client?.attempts ?? 3,
  baseDelay: Duration.toMillis(call?.baseDelay ?? client?.baseDelay ?? 1_000),
  maxDelay: Duration.toMillis(call?.maxDelay ?? client?.maxDelay ?? 60_000),
  factor: call?.factor ?? client?.factor ?? 2,
  maxRetryAfter: Duration.toMillis(call?.maxRetryAfter ?? client?.maxRetryAfter ?? 120_000),
  toolCalls: call?.toolCalls ?? client?.toolCalls ?? false
})

/** The backoff after so many failures: exponential, jittered between half and whole. `random` is in [0, 1). */
export const backoff = (policy: Policy, failures: number, random: number): number =>
  Math.min(policy.maxDelay, policy.baseDelay * policy.factor ** (failures - 1)) * (0.5 + random / 2)

export interface Failure {
  readonly error: GeminiError
  /** Attempts that failed so far, this one included. */
  readonly failures: number
  /** Attempts in all, where this failure has a number of its own. */
  readonly attempts?: number | undefined
  /** Until the call's total deadline, in milliseconds. */
  readonly remaining: number
  /** Whether the caller asked to wait for the day's quota: the lane is parked, so the wait is the limiter's. */
  readonly waitForQuota: boolean
  readonly random: number
}

/**
 * Milliseconds to wait before the next attempt, or `undefined` where no attempt follows.
 *
 * The server's own delay wins over the backoff. A delay that the caller's limits do not
 * allow ends the call now instead of after a sleep in vain.
 */
export const delayAfter = (policy: Policy, failure: Failure): number | undefined => {
  const { error, failures, random, remaining } = failure
  // Asked this way round, a number of attempts that is NaN means no more, not for ever.
  if (!(failures < (failure.attempts ?? policy.attempts))) return undefined
  if (!mayBeAskedAgain(error, { toolCalls: policy.toolCalls, waitForQuota: failure.waitForQuota })) return undefined
  if (error.reason._tag === "QuotaExhausted") return 0
  const asked = error.retryAfter === undefined ? undefined : Duration.toMillis(error.retryAfter)
  if (asked !== undefined && asked > policy.maxRetryAfter) return undefined
  const delay = asked ?? backoff(policy, failures, random)
  return delay >= remaining ? undefined : delay
}
