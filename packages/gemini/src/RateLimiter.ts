/**
 * Client-side quota: a call waits for its lane's permit instead of being refused.
 *
 * A lane is what the server counts by: project, location, concrete model and family
 * of methods. All waiting goes through the Clock, in order of arrival; an interrupted
 * waiter takes nothing with it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { GeminiError } from "./GeminiError.ts"
import { guardMillis, LaneWindow, windowMillis } from "./internal/laneWindow.ts"
import type * as ModelId from "./ModelId.ts"
import type { Limits } from "./Tier.ts"

/**
 * What quotas are counted by.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaneKey {
  readonly project: string
  readonly location: string
  readonly quotaModel: ModelId.ModelId
  readonly family: "generate" | "embed" | "count"
}

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
  /** `interactive` goes before `batch`; within a priority first come, first served. Default `interactive`. */
  readonly priority?: Priority | undefined
  /** Longest wait for the permit; then RateLimited (or QuotaExhausted for a parked day). */
  readonly maxWait?: Duration.Input | undefined
  /** Longest queue; beyond it LimiterFull at once. */
  readonly maxQueue?: number | undefined
  /** What to do while the day's quota is spent. Default `fail`. */
  readonly whenExhausted?: "fail" | "wait" | undefined
  /** A request estimated above the whole token budget: alone on an empty window, or RequestTooLarge. Default `alone`. */
  readonly oversize?: "alone" | "reject" | undefined
  /** Told when the call has to wait, and until when as far as is known (milliseconds of the Clock). */
  readonly onWait?:
    | ((waiting: { readonly lane: LaneKey; readonly until: number | undefined }) => Effect.Effect<void>)
    | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export type Priority = "interactive" | "batch"

/**
 * What a 429 taught about a lane.
 *
 * @category models
 * @since 0.1.0
 */
export type Feedback =
  /** Per minute, or without details: no new attempt before `retryAfter`; those in flight go on. */
  | { readonly _tag: "RateLimited"; readonly retryAfter: Duration.Duration | undefined }
  /** Per day: the lane is parked until `resetAt` (milliseconds since the epoch). */
  | { readonly _tag: "QuotaExhausted"; readonly resetAt: number }

/**
 * The right to make one attempt.
 *
 * @category models
 * @since 0.1.0
 */
export interface Permit {
  /** Tells the lane how many input tokens the server counted. */
  readonly settle: (tokens: number) => Effect.Effect<void>
}

/**
 * A lane as it stands, for display and metrics.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaneSnapshot {
  readonly lane: LaneKey
  readonly limits: Limits
  readonly used: { readonly requests: number; readonly inFlight: number }
  readonly waiting: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** A permit for the time of the scope, for streams. */
  readonly acquire: (admission: Admission) => Effect.Effect<Permit, GeminiError, Scope.Scope>
  /** A permit for the time of an effect, for unary calls. */
  readonly use: <A, E, R>(
    admission: Admission,
    f: (permit: Permit) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | GeminiError, R>
  /** What the server answered about the lane's quota. */
  readonly feedback: (lane: LaneKey, feedback: Feedback) => Effect.Effect<void>
  readonly snapshot: Effect.Effect<ReadonlyArray<LaneSnapshot>>
}

/**
 * @category services
 * @since 0.1.0
 */
export class RateLimiter extends Context.Service<RateLimiter, Service>()("effect-gemini/RateLimiter") {}

interface Lane {
  readonly key: LaneKey
  readonly limits: Limits
  readonly window: LaneWindow
  /** Held by the head of the queue: the others wait behind it in order. */
  readonly head: Semaphore.Semaphore
  readonly ended: Latch.Latch
  waiting: number
}

/**
 * Lanes in memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Service> = Effect.sync(() => {
  const lanes = new Map<string, Lane>()

  const laneOf = ({ lane: key, limits }: Admission): Lane => {
    const id = `${key.project}/${key.location}/${key.quotaModel}/${key.family}`
    const known = lanes.get(id)
    if (known !== undefined) return known
    const lane: Lane = {
      key,
      limits,
      window: new LaneWindow(limits),
      head: Semaphore.makeUnsafe(1),
      ended: Latch.makeUnsafe(false),
      waiting: 0
    }
    lanes.set(id, lane)
    return lane
  }

  const admitted = (lane: Lane): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      lane.ended.closeUnsafe()
      const until = lane.window.take(now)
      if (until === undefined) return Effect.void
      const wait = until === Infinity
        ? lane.ended.await
        : Effect.sleep(until - now)
      return Effect.andThen(wait, admitted(lane))
    })

  const take = (lane: Lane): Effect.Effect<void> =>
    Effect.suspend(() => {
      lane.waiting++
      return Effect.ensuring(
        lane.head.withPermits(1)(admitted(lane)),
        Effect.sync(() => {
          lane.waiting--
        })
      )
    })

  const release = (lane: Lane): Effect.Effect<void> =>
    Effect.sync(() => {
      lane.window.release()
      lane.ended.openUnsafe()
    })

  const permit: Permit = { settle: () => Effect.void }

  return {
    acquire: (admission) =>
      Effect.suspend(() => {
        const lane = laneOf(admission)
        return Effect.as(Effect.acquireRelease(take(lane), () => release(lane), { interruptible: true }), permit)
      }),
    use: (admission, f) =>
      Effect.suspend(() => {
        const lane = laneOf(admission)
        return Effect.acquireUseRelease(take(lane), () => f(permit), () => release(lane))
      }),
    feedback: () => Effect.void,
    snapshot: Effect.map(Clock.currentTimeMillis, (now) =>
      Array.from(lanes.values(), (lane) => ({
        lane: lane.key,
        limits: lane.limits,
        used: { requests: lane.window.used(now), inFlight: lane.window.inFlight },
        waiting: lane.waiting
      })))
  } satisfies Service
})

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<RateLimiter> = Layer.effect(RateLimiter, make)

/**
 * The rolling window that requests are counted in, guard included, in milliseconds.
 *
 * @category constants
 * @since 0.1.0
 */
export const rollingWindowMillis = windowMillis + guardMillis
