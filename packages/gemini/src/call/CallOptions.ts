/**
 * The options in which one call may differ from its client, and the events that it tells while it runs.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Continuation, Retry, Timeouts } from "../GeminiConfig.ts"
import type { GeminiError } from "../GeminiError.ts"
import type * as Tier from "../limits/Tier.ts"
import type { MemberChoice } from "../members/Member.ts"
import type * as ModelId from "../models/ModelId.ts"
import type { LaneKey, Priority } from "../RateLimiter.ts"

/**
 * Overrides of one call, the second argument of every operation of `GeminiClient`. Options that are left out are those
 * of the client.
 *
 * @category options
 * @since 0.1.0
 */
export interface CallOptions {
  /** Deadlines; those that are left out are the client's. */
  readonly timeouts?: Timeouts | undefined
  /** Retries; settings that are left out are the client's. */
  readonly retry?: Retry | undefined
  /** Whether a broken-off answer is followed to its end. */
  readonly continuation?: Continuation | undefined
  /** Quotas to keep for this call, as `limits` are. */
  readonly tier?: Tier.TierName | Tier.Tier | undefined
  /**
   * Overrides of the tier for the model of this call. What is lower than the client's bounds, in this process, the calls
   * that bring the same limits, and nobody else waits for them; what is higher holds for the whole lane while this call
   * asks.
   */
  readonly limits?: Partial<Tier.Limits> | undefined
  /** Whether the server counts the request first, where it holds what cannot be estimated. Default: the client's. */
  readonly countInput?: "estimate" | "server" | undefined
  /** `interactive` (the default) goes before `batch` when both wait for quota. */
  readonly priority?: Priority | undefined
  /** The longest wait for quota before each attempt. Default: no limit. */
  readonly maxWait?: Duration.Input | undefined
  /**
   * How many calls may already wait for the model's quota; with more of them the call fails at once with LimiterFull.
   * Default: no limit.
   */
  readonly maxQueue?: number | undefined
  /**
   * Whether the call fails with QuotaExhausted while the day's quota or a budget is spent, or waits until it resets; of a
   * budget whose rest is only reserved, until others give back enough. Default `fail`.
   */
  readonly whenExhausted?: "fail" | "wait" | undefined
  /**
   * Whether a request estimated above the model's whole token budget goes alone on an empty window, or fails with
   * RequestTooLarge. Default `alone`.
   */
  readonly oversize?: "alone" | "reject" | undefined
  /** Extra request headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** How the call travels. Default: HTTP, or Live for a model that has nothing else. */
  readonly transport?: "http" | "live" | undefined
  /** Another transport or model, for when quota or an outage stops this one. Default: none. */
  readonly fallback?: Fallback | undefined
  /** Called at every wait of the call. It runs in the call's fiber, so keep it short. */
  readonly observe?: ((event: CallEvent) => Effect.Effect<void>) | undefined
}

/**
 * Where a call goes when quota, an outage or a deadline ended it after all its attempts: over this transport, to this
 * model (default: the same one), with attempts and deadlines of its own. A stream goes there only before its first
 * chunk. The answer's `attempts` hold those of both ways.
 *
 * @category options
 * @since 0.1.0
 */
export interface Fallback {
  readonly transport: "http" | "live"
  readonly model?: ModelId.Name | undefined
  /** Called when the call goes this way, with the error that made it. It runs in the call's fiber, so keep it short. */
  readonly observe?: ((error: GeminiError) => Effect.Effect<void>) | undefined
}

/**
 * An event of a call that waits or chooses a member.
 *
 * @category models
 * @since 0.1.0
 */
export type CallEvent =
  /** The call waits for its quota; `until` is in milliseconds since the epoch, as far as is known. */
  | { readonly _tag: "Waiting"; readonly lane: LaneKey; readonly until: number | undefined }
  /**
   * The call waits between two attempts: number `attempt` failed with `error`, and the next one comes after `delay`.
   */
  | {
    readonly _tag: "Retrying"
    readonly attempt: number
    readonly delay: Duration.Duration
    readonly error: GeminiError
  }
  /** The attempt goes to one of several members; the candidates come in the order of choice. */
  | {
    readonly _tag: "Chosen"
    readonly member: string
    readonly model: string
    readonly candidates: ReadonlyArray<MemberChoice>
  }
