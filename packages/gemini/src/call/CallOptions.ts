/**
 * What one call may say differently from its client, and what it tells while it runs.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Continuation, Retry, Timeouts } from "../GeminiConfig.ts"
import type { GeminiError } from "../GeminiError.ts"
import type { MemberChoice } from "../members/Member.ts"
import type { LaneKey, Priority } from "../RateLimiter.ts"
import type * as Tier from "../limits/Tier.ts"

/**
 * Overrides of one call, the second argument of every operation of `GeminiClient`.
 * What is left out stays as the client has it.
 *
 * @category options
 * @since 0.1.0
 */
export interface CallOptions {
  /** Deadlines, each on its own. */
  readonly timeouts?: Timeouts | undefined
  /** Retries, each setting on its own. */
  readonly retry?: Retry | undefined
  /** Whether a broken-off answer is followed to its end. */
  readonly continuation?: Continuation | undefined
  /** Quotas to keep for this call; what its lane has counted so far counts against them. */
  readonly tier?: Tier.TierName | Tier.Tier | undefined
  /** Overrides of the tier for the model of this call. */
  readonly limits?: Partial<Tier.Limits> | undefined
  /** `interactive` (the default) goes before `batch` when both wait for quota. */
  readonly priority?: Priority | undefined
  /** Longest wait for quota before each attempt. Default: no limit. */
  readonly maxWait?: Duration.Input | undefined
  /** Longest queue for the model's quota; beyond it the call fails at once with LimiterFull. Default: no limit. */
  readonly maxQueue?: number | undefined
  /** While the day's quota is spent: fail with QuotaExhausted, or wait until it resets. Default `fail`. */
  readonly whenExhausted?: "fail" | "wait" | undefined
  /** A request estimated above the model's whole token budget: alone on an empty window, or RequestTooLarge. Default `alone`. */
  readonly oversize?: "alone" | "reject" | undefined
  /** Extra request headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** How the call travels. Default: HTTP, or Live for a model that has nothing else. */
  readonly transport?: "http" | "live" | undefined
  /** Another way, where quota or an outage closes this one. Default: none. */
  readonly fallback?: Fallback | undefined
  /** Told of every wait of the call. It runs in the call's fiber: keep it short. */
  readonly observe?: ((event: CallEvent) => Effect.Effect<void>) | undefined
}

/**
 * Where a call goes when quota, an outage or a deadline ended it after all its attempts: with
 * its own attempts and deadlines, over this transport, to this model (default the same). Of
 * a stream only before its first chunk. The answer's `attempts` tell of both ways.
 *
 * @category options
 * @since 0.1.0
 */
export interface Fallback {
  readonly transport: "http" | "live"
  readonly model?: string | undefined
  /** Told when the call goes the other way, and why. It runs in the call's fiber: keep it short. */
  readonly observe?: ((error: GeminiError) => Effect.Effect<void>) | undefined
}

/**
 * What a call waits for.
 *
 * @category models
 * @since 0.1.0
 */
export type CallEvent =
  /** For its quota; `until` in milliseconds since the epoch, as far as is known. */
  | { readonly _tag: "Waiting"; readonly lane: LaneKey; readonly until: number | undefined }
  /** Between two attempts: number `attempt` failed with `error`, the next one comes after `delay`. */
  | {
    readonly _tag: "Retrying"
    readonly attempt: number
    readonly delay: Duration.Duration
    readonly error: GeminiError
  }
  /** Of several members: where the attempt goes, and everywhere it could have gone, in the order of choice. */
  | {
    readonly _tag: "Chosen"
    readonly member: string
    readonly model: string
    readonly candidates: ReadonlyArray<MemberChoice>
  }
