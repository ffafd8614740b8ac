/**
 * What a call asks of its lane, and what it gets: the right to make one attempt.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { GeminiError } from "../GeminiError.ts"
import type * as CountTokens from "../wire/CountTokens.ts"
import type { GenerateContentRequest, GenerateContentResponse } from "../wire/GenerateContent.ts"
import type { LaneKey } from "./LaneStore.ts"
import type { Limits } from "./Tier.ts"

/**
 * What a call asks of its lane.
 *
 * @category models
 * @since 0.1.0
 */
export interface Admission {
  readonly lane: LaneKey
  readonly limits: Limits
  /** Estimated input tokens. */
  readonly tokens: number
  /**
   * Limits of the call's own, no higher than `limits`. Calls of a lane that bring the same ones keep them together, in
   * this process; while there is no room in them such a call stands aside, and nobody waits behind it.
   */
  readonly own?: Limits | undefined
  /**
   * Whose call this is: see `RateLimiter.moved`.
   *
   * @internal
   */
  readonly party?: Party | undefined
  /**
   * What the call would ask now: where its party is counted, and by what was learnt of its tokens since.
   *
   * @internal
   */
  readonly again?: (() => Terms) | undefined
  /** `interactive` goes before `batch`; within a priority the first to come goes first. Default `interactive`. */
  readonly priority?: Priority | undefined
  /** The method that errors name. Default `acquire`. */
  readonly method?: string | undefined
  /** How long the call may wait; then it fails with RateLimited, or with QuotaExhausted if the day's quota is spent. */
  readonly maxWait?: Duration.Input | undefined
  /** How many calls may already wait in the lane. With more of them the call fails with LimiterFull at once. */
  readonly maxQueue?: number | undefined
  /** The request, for a gate that prices it, and how to have the server count its tokens. */
  readonly asks?: {
    readonly request: GenerateContentRequest
    readonly count: (request: GenerateContentRequest) => Effect.Effect<CountTokens.CountTokensResponse, GeminiError>
  } | undefined
  /** How many rows of a batch this stands for, for a gate: each has an answer of its own, at the price of batches. */
  readonly rows?: number | undefined
  /** What to do while the day's quota is spent. Default `fail`. */
  readonly whenExhausted?: "fail" | "wait" | undefined
  /** Whether a request above the whole token budget goes `alone` on an empty window (default) or is refused. */
  readonly oversize?: "alone" | "reject" | undefined
  /** Called when the call has to wait; `until` is when that ends, as far as is known (milliseconds of the Clock). */
  readonly onWait?:
    | ((waiting: { readonly lane: LaneKey; readonly until: number | undefined }) => Effect.Effect<void>)
    | undefined
}

/**
 * Where a call is counted, the limits there, and its estimated tokens.
 *
 * @category models
 * @since 0.2.0
 */
export type Terms = Pick<Admission, "lane" | "limits" | "own" | "tokens">

/**
 * The calls by one name. If the server turns out to count them elsewhere, those that wait go there together.
 *
 * @category models
 * @since 0.2.0
 */
export interface Party {
  /** Where they are counted now. */
  readonly lane: LaneKey
  /** It grows with all that is learnt of their tokens. */
  readonly revision: number
  /** How many permits they got since they are counted there. */
  given: number
}

/**
 * Which calls go first when several wait for one lane: `interactive` ones before `batch` ones.
 *
 * @category models
 * @since 0.1.0
 */
export type Priority = "interactive" | "batch"

/**
 * The fields of an answer by which it is charged.
 *
 * @category models
 * @since 0.1.0
 */
export type Charged = Pick<GenerateContentResponse, "usageMetadata" | "candidates" | "modelVersion" | "promptFeedback">

/**
 * The right to make one attempt.
 *
 * @category models
 * @since 0.1.0
 */
export interface Permit {
  /** Tells the lane how many input tokens the server has counted so far; the last call counts. */
  readonly settle: (tokens: number) => Effect.Effect<void>
  /**
   * Takes each answer, or each chunk of a stream, to be charged. It is present only where there are gates.
   */
  readonly charge?: ((answer: Charged) => void) | undefined
  /** Gives everything back at once. It is for an attempt that was never handed to the transport. */
  readonly cancel: Effect.Effect<void>
}
