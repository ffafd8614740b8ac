/**
 * One lane while Redis is away: how this process goes on by itself, if it may, and what it has sent meanwhile. Redis is
 * told of that when it is back.
 *
 * A process that uses its share of the limits then (`whenDown: "local"`) also counts while Redis is there, so that it
 * knows the window when Redis goes.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { GeminiError } from "../../GeminiError.ts"
import * as LaneStore from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { type Decision, isMade } from "./decision.ts"

/** What a process does while Redis is away. */
export interface WhenAway {
  /** What is admitted: nothing, everything, or this process's share of the limits. */
  readonly whenDown: "closed" | "open" | "local"
  /** The share of the limits that this process may use alone. */
  readonly localShare: number
}

/** A request that was sent and of which Redis has not heard. */
interface UnheardRequest {
  readonly at: number
  readonly tokens: number
}

const unlimited: Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

export class OfflineLane {
  readonly #alone: WhenAway
  readonly #span: number
  /** The count of this process. */
  readonly counted: LaneStore.StoredLane
  /** The requests within the window of which Redis has not heard, in the order in which they were sent. */
  #unheard: Array<UnheardRequest> = []
  /** How many of them were sent before the window. */
  #unheardBefore = 0

  constructor(alone: WhenAway, key: LaneStore.LaneKey, window: LaneStore.Window) {
    this.#alone = alone
    this.#span = window.window + window.margin
    this.counted = LaneStore.memory.open(key, window)
  }

  /** This process's share of the limits. */
  shareOf(limits: Limits): Limits {
    const { localShare } = this.#alone
    return {
      rpm: Math.max(1, Math.floor(limits.rpm * localShare)),
      tpm: Math.max(1, Math.floor(limits.tpm * localShare)),
      rpd: Math.max(1, Math.floor(limits.rpd * localShare)),
      concurrency: Math.max(1, Math.floor(limits.concurrency * localShare))
    }
  }

  reserve(
    ask: LaneStore.Claim,
    tokens: number,
    now: number
  ): Effect.Effect<Decision, GeminiError> {
    return this.counted.reserve({ limits: this.#limitsOf(ask.limits), tokens }, now)
  }

  seen(limits: Limits, wanted: LaneStore.Wanted, now: number): LaneStore.Reading {
    return this.counted.seen(this.#limitsOf(limits), wanted, now)
  }

  /** The lane in the form in which a read of Redis would tell it. */
  read(limits: Limits, now: number): Effect.Effect<LaneStore.Reading> {
    return this.counted.read(this.shareOf(limits), now)
  }

  teach(lesson: LaneStore.Lesson, limits: Limits, now: number): void {
    const limit = lesson.limit === undefined ? undefined : lesson.limit * this.#alone.localShare
    void this.counted.teach({ ...lesson, limit }, this.shareOf(limits), now)
  }

  /** Counts what Redis granted in the count of this process, too. */
  mirror(tokens: number, now: number): LaneStore.Reservation | undefined {
    if (this.#alone.whenDown !== "local") return undefined
    const answer: Effect.Effect<Decision, GeminiError> = this.counted.reserve(
      { limits: unlimited, tokens },
      now
    )
    return isMade(answer) && Exit.isSuccess(answer) && answer.value._tag === "Reserved" ? answer.value : undefined
  }

  /** Keeps a request that Redis must hear of. Its tokens may still change. */
  keep(sent: UnheardRequest, now: number): void {
    this.#unheard.push(sent)
    this.#age(now)
  }

  #age(now: number): void {
    // The window is looked at on both sides of now: a time lies ahead if the clock was set back.
    while (this.#unheard[0] !== undefined && Math.abs(now - this.#unheard[0].at) >= this.#span) {
      this.#unheard.shift()
      this.#unheardBefore++
    }
  }

  /** Forgets a request, because it was never sent. */
  forget(sent: UnheardRequest): void {
    this.#unheard = this.#unheard.filter((other) => other !== sent)
  }

  /**
   * Tells Redis, which is back, of the requests: of those within the window as if they were sent now, and of those before
   * it how many they were. `tell` says whether it has heard of them.
   */
  catchUp(
    tell: (earlier: number, tokens: ReadonlyArray<number>) => Effect.Effect<boolean>,
    now: number
  ): Effect.Effect<void> {
    this.#age(now)
    if (this.#unheard.length === 0 && this.#unheardBefore === 0) return Effect.void
    const lately = this.#unheard
    const earlier = this.#unheardBefore
    this.#unheard = []
    this.#unheardBefore = 0
    return Effect.map(tell(earlier, lately.map(({ tokens }) => tokens)), (isHeard) => {
      if (isHeard) return
      this.#unheard = [...lately, ...this.#unheard]
      this.#unheardBefore += earlier
    })
  }

  isIdle(now: number): boolean {
    return this.#unheard.length === 0 && this.#unheardBefore === 0 && this.counted.isIdle(unlimited, now)
  }

  #limitsOf(limits: Limits): Limits {
    return this.#alone.whenDown === "open" ? unlimited : this.shareOf(limits)
  }
}
