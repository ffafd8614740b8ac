/**
 * The arithmetic of a lane: an exact rolling window, without Effect.
 *
 * Invariant: in any span of `window` milliseconds at most `rpm` entries were taken.
 * The guard is part of the window: requests travel at different speeds, and without
 * it the server sees a waiting batch's late ones together with the next batch.
 */
import type { Limits } from "../Tier.ts"

export const windowMillis = 60_000

/** Part of the window that is held back for the spread of travel times to the server. */
export const guardMillis = Math.max(50, windowMillis / 1000)

export class LaneWindow {
  readonly #sent: Array<number> = []
  #inFlight = 0
  readonly #limits: Limits

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Takes an entry, or says at what time to ask again (`Infinity`: when a call ends). */
  take(now: number): number | undefined {
    this.#forget(now)
    if (this.#inFlight >= this.#limits.concurrency) return Infinity
    const oldest = this.#sent[this.#sent.length - this.#limits.rpm]
    if (oldest !== undefined) return oldest + windowMillis + guardMillis
    this.#sent.push(now)
    this.#inFlight++
    return undefined
  }

  /** A call ended: frees concurrency alone, what was sent stays counted. */
  release(): void {
    this.#inFlight--
  }

  used(now: number): number {
    this.#forget(now)
    return this.#sent.length
  }

  get inFlight(): number {
    return this.#inFlight
  }

  #forget(now: number): void {
    while (this.#sent[0] !== undefined && this.#sent[0] + windowMillis + guardMillis <= now) this.#sent.shift()
  }
}
