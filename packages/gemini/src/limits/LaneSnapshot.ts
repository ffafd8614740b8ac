/**
 * A lane as it stands: how much of it is used, how soon it would admit a request, and what a 429 said of it.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as LaneStore from "./LaneStore.ts"
import type { Limits } from "./Tier.ts"

/**
 * A lane as it stands, for display and metrics.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaneSnapshot {
  readonly lane: LaneStore.LaneKey
  /** The limits of the last admission. */
  readonly limits: Limits
  readonly used: {
    /** Requests in the rolling window. */
    readonly requests: number
    /** Tokens in the rolling window: as the server counted them if it did, else as estimated. */
    readonly tokens: number
    /** Requests of the Pacific day. */
    readonly today: number
    readonly inFlight: number
  }
  /** Tokens counted above `limits.tpm`. The next admission waits until as many have left the window. */
  readonly debt: number
  /** Calls in the queue. */
  readonly waiting: number
  /** When a small request finds room if nobody waits, in milliseconds of the Clock; undefined: when a call ends. */
  readonly nextFree: number | undefined
  /** When attempts may start again after a 429, in milliseconds of the Clock. */
  readonly parkedUntil: number | undefined
  /** Whether the day's quota is spent. */
  readonly isExhausted: boolean
  /**
   * What 429s did to the lane: nothing, a pause, a limit below the tier's that is held, or one that rises again.
   */
  readonly phase: "inactive" | "cooldown" | "learned" | "probing"
  /** The limits that 429s taught, while they are below the tier's. */
  readonly learned: LaneStore.Learned | undefined
}

/**
 * How soon a lane could admit a request. Nothing is taken and no store is asked: for a lane that processes share it
 * says what this process heard last.
 *
 * @category models
 * @since 0.1.0
 */
export interface Headroom {
  /**
   * Milliseconds until the request would be admitted, after those that wait before it: 0 is now, `Infinity` is never.
   * It is exact for a lane in memory where nobody waits, and an estimate otherwise; where only the end of calls makes
   * room, each round of them counts as a second.
   */
  readonly admitsIn: number
  /** How many calls would go before it. */
  readonly waiting: number
  /** The free share, from 0 to 1, of requests, tokens or concurrency, whichever is least. */
  readonly free: number
}

/**
 * What a 429 taught about a lane.
 *
 * @category models
 * @since 0.1.0
 */
export type Feedback =
  /**
   * A quota per minute was exceeded, or the 429 named none: no new attempt starts before `retryAfter`, and those in
   * flight go on. `quotas` are the quotas per minute that the 429 named and the lane counts, for `learn` of
   * `RateLimiter.Options`. `limits` are the lane's, for calls with limits of their own; default: those of the last admission.
   */
  | {
    readonly _tag: "RateLimited"
    readonly retryAfter: Duration.Duration | undefined
    readonly quotas?: ReadonlyArray<LaneStore.Lesson> | undefined
    readonly limits?: Limits | undefined
  }
  /** The day's quota is spent: the lane is parked until `resetAt` (milliseconds since the epoch), 25 hours at most. */
  | { readonly _tag: "QuotaExhausted"; readonly resetAt: number }
