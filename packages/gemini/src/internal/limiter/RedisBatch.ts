/**
 * What one script granted to this process: one entry and one lease in Redis, for all the calls that asked together.
 *
 * Redis is told how the whole of it stands, not what changed, so that a word which was lost is made good by the next one.
 */
import type { Word } from "./laneScript.ts"

export class RedisBatch {
  readonly position: string
  readonly at: number
  inFlight = 0
  #requests = 0
  #tokens = 0
  #owed = 0
  #cancelled = 0
  #number = 0

  constructor(position: string, at: number) {
    this.position = position
    this.at = at
  }

  add(tokens: number): void {
    this.#requests++
    this.#tokens += tokens
    this.inFlight++
  }

  settle(before: number, tokens: number): void {
    this.#tokens += tokens - before
    this.#owed += Math.max(0, tokens - before)
  }

  release(): void {
    this.inFlight--
  }

  /** Gives a call back that was never sent. */
  cancel(tokens: number): void {
    this.inFlight--
    this.#requests--
    this.#tokens -= tokens
    this.#cancelled++
  }

  /** How it stands now. What is owed is told once: the next word tells only the corrections that come after this one. */
  get word(): Word {
    const word = {
      position: this.position,
      at: this.at,
      number: ++this.#number,
      tokens: this.#tokens,
      requests: this.#requests,
      inFlight: this.inFlight,
      owed: this.#owed,
      cancelled: this.#cancelled
    }
    this.#owed = 0
    return word
  }
}
