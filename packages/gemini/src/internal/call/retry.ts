/**
 * Whether a failed attempt is followed by another one, and after how long. It is without Effect, so that the rules can
 * be read and tested as a table.
 */
import * as Duration from "effect/Duration"
import type { Retry } from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import { longestAsked } from "../limiter/Lane.ts"
import { mayBeAskedAgain } from "./failures.ts"

export interface Policy {
  readonly attempts: number
  readonly baseDelay: number
  readonly maxDelay: number
  readonly factor: number
  readonly maxRetryAfter: number
  readonly toolCalls: boolean
}

/**
 * The policy of one call: what the call says, else what the client says, else the defaults. Times are in milliseconds.
 */
export const policy = (client: Retry | undefined, call: Retry | undefined): Policy => ({
  attempts: call?.attempts ?? client?.attempts ?? 3,
  baseDelay: Duration.toMillis(call?.baseDelay ?? client?.baseDelay ?? 1_000),
  maxDelay: Duration.toMillis(call?.maxDelay ?? client?.maxDelay ?? 60_000),
  factor: call?.factor ?? client?.factor ?? 2,
  maxRetryAfter: Duration.toMillis(call?.maxRetryAfter ?? client?.maxRetryAfter ?? longestAsked),
  toolCalls: call?.toolCalls ?? client?.toolCalls ?? false
})

/**
 * The backoff after so many failures: exponential, and jittered between half and whole. `random` is at least 0 and
 * below 1.
 */
export const backoff = (policy: Policy, failures: number, random: number): number =>
  Math.min(policy.maxDelay, policy.baseDelay * policy.factor ** (failures - 1)) * (0.5 + random / 2)

export interface FailedAttempt {
  readonly error: GeminiError
  /** How many attempts have failed so far, this one included. */
  readonly failures: number
  /** How many attempts there may be, if this failure has a number of its own. */
  readonly attempts?: number | undefined
  /** How many milliseconds are left until the call's total deadline. */
  readonly remaining: number
  /** Whether the caller asked to wait for the day's quota: the lane is parked, so the limiter does the waiting. */
  readonly waitForQuota: boolean
  readonly random: number
}

/**
 * How many milliseconds to wait before the next attempt, or `undefined` if no attempt follows.
 *
 * The server's own delay wins over the backoff. A delay that the caller's limits do not allow ends the call now,
 * instead of after a sleep in vain.
 */
export const delayAfter = (policy: Policy, failure: FailedAttempt): number | undefined => {
  const { error, failures, random, remaining } = failure
  // The comparison is negated so that NaN attempts mean no further attempt, not endless ones.
  if (!(failures < (failure.attempts ?? policy.attempts))) return undefined
  if (!mayBeAskedAgain(error, { toolCalls: policy.toolCalls, waitForQuota: failure.waitForQuota })) return undefined
  if (error.reason._tag === "QuotaExhausted") return 0
  const asked = error.retryAfter === undefined ? undefined : Duration.toMillis(error.retryAfter)
  if (asked !== undefined && asked > policy.maxRetryAfter) return undefined
  const delay = asked ?? backoff(policy, failures, random)
  return delay >= remaining ? undefined : delay
}
