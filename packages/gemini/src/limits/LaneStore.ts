/**
 * Where lanes are counted: in this process's memory, or somewhere that processes share.
 *
 * A store answers one question, whether a request fits every dimension of its lane now, and takes from all of them at
 * once or from none. The `RateLimiter` takes care of order, waiting and deadlines.
 *
 * This module is for builders of stores; programs use `RedisLaneStore` or `FileLaneStore`.
 *
 * Contract for implementations:
 * - `reserve` is atomic: no other caller sees half of it. A store with a clock of its own
 *   counts by that one and ignores `now`; that is why a refusal says *in how long*.
 * - A reservation counts until it left the window; `release` frees concurrency alone,
 *   `cancel` gives everything back.
 * - A shared store counts concurrency as a lease that it renews itself until `release` or
 *   `cancel`, so that a dead process's calls end in time; what they sent stays counted.
 *   It never refuses with `retryIn: Infinity`, which only a change in this process ends.
 * - Operations are called when they are to happen. A store that needs no I/O acts on the
 *   call and answers with an `Exit`; only then are admissions synchronous.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { GeminiError } from "../GeminiError.ts"
import { LaneWindow } from "../internal/limiter/LaneWindow.ts"
import { countable } from "../internal/wire/countable.ts"
import type * as ModelId from "../models/ModelId.ts"
import type { Limits } from "./Tier.ts"

/**
 * What quotas are counted by: project, location, concrete model and family of methods.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaneKey {
  readonly project: string
  readonly location: string
  readonly quotaModel: ModelId.ModelId
  /** `live` counts the messages of sessions, `liveSession` the sessions themselves. */
  readonly family: "generate" | "embed" | "count" | "live" | "liveSession"
}

/**
 * The rolling window of a lane and the margin that is added to it, both in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Window {
  readonly window: number
  readonly margin: number
}

/**
 * One request that wants room: the lane's limits, and its estimated input tokens.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  readonly limits: Limits
  readonly tokens: number
  /** The method that a store's own error names. Default `acquire`. */
  readonly method?: string | undefined
}

/**
 * A place in the window and among the calls in flight. What else it holds is the store's own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reservation {
  readonly _tag: "Reserved"
}

/**
 * A request found no room. Nothing was taken.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refusal {
  readonly _tag: "Refused"
  /** Milliseconds until asking again makes sense; `Infinity`: when a call of this lane ends. */
  readonly retryIn: number
  /** When the day's quota is back (milliseconds since the epoch), if that one is spent. */
  readonly resetAt: number | undefined
}

/**
 * A lane as the store counts it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reading {
  /** Requests in the window. */
  readonly requests: number
  /** Input tokens in the window: as the server counted them if it did, else as estimated. */
  readonly tokens: number
  /** Requests of the Pacific day. */
  readonly today: number
  readonly inFlight: number
  /** Milliseconds until a request of one token finds room; `Infinity`: when a call ends. */
  readonly freeIn: number
  /** When attempts may start again (milliseconds since the epoch); `exhausted` says whether the day's quota is why. */
  readonly parkedUntil: number | undefined
  readonly exhausted: boolean
  /** Limits below the tier's that 429s taught; `undefined`: none. */
  readonly learned: Learned | undefined
}

/**
 * Limits per window below the tier's, which 429s taught. They are held, then rise from window to window until they are
 * the tier's again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Learned {
  /** Requests per window as of now; `undefined`: the tier's limit. */
  readonly rpm: number | undefined
  /** Tokens per window as of now; `undefined`: the tier's limit. */
  readonly tpm: number | undefined
  /** When the first of them begins to rise, and when the last is forgotten: milliseconds of the Clock. */
  readonly risesAt: number
  readonly until: number
}

/**
 * A quota per minute that a 429 named. Without `limit` the number that the window counted was too many.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lesson {
  readonly counts: "requests" | "tokens"
  readonly limit: number | undefined
}

/**
 * Requests and tokens that want room together.
 *
 * @category models
 * @since 0.1.0
 */
export interface Wanted {
  readonly requests: number
  readonly tokens: number
}

/**
 * One lane's counters. `now` is the caller's Clock in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredLane {
  readonly reserve: (ask: Claim, now: number) => Effect.Effect<Reservation | Refusal, GeminiError>
  /**
   * Reserves several at once, in order, each as `reserve` does; it is for stores behind a network. The answers end
   * with the first refusal, after which nothing was asked.
   */
  readonly reserveAll?: (
    asks: ReadonlyArray<Claim>,
    now: number
  ) => Effect.Effect<ReadonlyArray<Reservation | Refusal>, GeminiError>
  /** The server's count of the reservation's tokens; the last call wins. */
  readonly settle: (reservation: Reservation, tokens: number, now: number) => Effect.Effect<void>
  /** The call ended: frees concurrency alone. */
  readonly release: (reservation: Reservation, now: number) => Effect.Effect<void>
  /** The call was never sent: gives everything back. */
  readonly cancel: (reservation: Reservation, now: number) => Effect.Effect<void>
  /** Counts requests that were sent elsewhere: `earlier` ones of today, and one now for each of `tokens`. */
  readonly charge: (earlier: number, tokens: ReadonlyArray<number>, now: number) => Effect.Effect<void>
  /** Lets no attempt start for `retryAfter` milliseconds; without it the pause grows from a second to a minute. */
  readonly pause: (retryAfter: number | undefined, now: number) => Effect.Effect<void>
  /** Lets no attempt start before `resetAt` (milliseconds since the epoch), because the day's quota is spent. */
  readonly park: (resetAt: number, now: number) => Effect.Effect<void>
  /** The server refused by a quota below the lane's limits, or perhaps below them. */
  readonly teach: (lesson: Lesson, limits: Limits, now: number) => Effect.Effect<void>
  readonly read: (limits: Limits, now: number) => Effect.Effect<Reading>
  /**
   * What `read` would say, from what this process heard last and without I/O. `freeIn` is the time until all that is
   * wanted finds room together.
   */
  readonly seen: (limits: Limits, wanted: Wanted, now: number) => Reading
  /** Whether this process may forget the lane without losing a count. */
  readonly isIdle: (limits: Limits, now: number) => boolean
}

/**
 * Opens lanes: what a store has to offer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Does no I/O. */
  readonly open: (key: LaneKey, window: Window) => StoredLane
}

/**
 * Where the limiter counts its lanes, as a service. Without one they are counted in memory.
 *
 * @category services
 * @since 0.1.0
 */
export class LaneStore extends Context.Service<LaneStore, Service>()("effect-gemini/limits/LaneStore") {}

class MemoryReservation implements Reservation {
  readonly _tag = "Reserved"
  readonly lane: MemoryLane
  readonly position: number
  readonly at: number
  tokens: number

  constructor(lane: MemoryLane, position: number, at: number, tokens: number) {
    this.lane = lane
    this.position = position
    this.at = at
    this.tokens = tokens
  }
}

class MemoryLane implements StoredLane {
  readonly counters: LaneWindow

  constructor({ margin, window }: Window) {
    this.counters = new LaneWindow(window, margin)
  }

  reserve(ask: Claim, now: number): Exit.Exit<Reservation | Refusal> {
    const { counters } = this
    const tokens = countable(ask.tokens)
    const position = counters.take(now, ask.limits, tokens)
    return Exit.succeed(
      position >= 0
        ? new MemoryReservation(this, position, now, tokens)
        : { _tag: "Refused", retryIn: counters.retryAt - now, resetAt: counters.resetAt }
    )
  }

  settle(reservation: Reservation, tokens: number, now: number): Exit.Exit<void> {
    if (this.#owns(reservation) && tokens !== reservation.tokens) {
      this.counters.settle(now, reservation.position, reservation.tokens, tokens)
      reservation.tokens = tokens
    }
    return Exit.void
  }

  release(): Exit.Exit<void> {
    this.counters.release()
    return Exit.void
  }

  cancel(reservation: Reservation): Exit.Exit<void> {
    if (this.#owns(reservation)) this.counters.cancel(reservation.position, reservation.at)
    return Exit.void
  }

  charge(earlier: number, tokens: ReadonlyArray<number>, now: number): Exit.Exit<void> {
    this.counters.charge(now, earlier, tokens)
    return Exit.void
  }

  pause(retryAfter: number | undefined, now: number): Exit.Exit<void> {
    this.counters.pause(now, retryAfter)
    return Exit.void
  }

  park(resetAt: number): Exit.Exit<void> {
    this.counters.park(resetAt)
    return Exit.void
  }

  teach(lesson: Lesson, limits: Limits, now: number): Exit.Exit<void> {
    this.counters.teach(now, lesson, limits)
    return Exit.void
  }

  read(limits: Limits, now: number): Exit.Exit<Reading> {
    return Exit.succeed(this.counters.read(now, limits))
  }

  seen(limits: Limits, wanted: Wanted, now: number): Reading {
    return this.counters.read(now, limits, wanted)
  }

  isIdle(limits: Limits, now: number): boolean {
    return this.counters.isIdle(now, limits)
  }

  #owns(reservation: Reservation): reservation is MemoryReservation {
    return reservation instanceof MemoryReservation && reservation.lane === this
  }
}

/**
 * Lanes in this process's memory.
 *
 * @category constructors
 * @since 0.1.0
 */
export const memory: Service = { open: (_, window) => new MemoryLane(window) }

/**
 * Lanes in this process's memory, as a Layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<LaneStore> = /* @__PURE__ */ Layer.succeed(LaneStore, memory)
