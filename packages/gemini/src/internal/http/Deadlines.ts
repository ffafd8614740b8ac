/**
 * Tells which deadline of an attempt passes next: arithmetic on given times, without timers. One sleeper asks `next`,
 * and asks again when it wakes, so that a piece of a stream costs two assignments and no timer.
 */
import type { GeminiErrorReason } from "../../errors/GeminiErrorReason.ts"

export type Phase = Exclude<Extract<GeminiErrorReason, { readonly _tag: "TimedOut" }>["phase"], "total">

/** Milliseconds; `undefined` where nothing limits. */
export type PhaseLimits = { readonly [P in Phase]?: number }

/** When to look again. If there is a phase, its deadline passes then. */
export interface Next {
  readonly at: number
  readonly phase?: Phase
}

export class Deadlines {
  #connected = false
  #begun = false
  #waitingSince: number | undefined = undefined
  readonly #limits: PhaseLimits
  readonly #start: number

  constructor(limits: PhaseLimits, now: number) {
    this.#limits = limits
    this.#start = now
  }

  connected(): void {
    this.#connected = true
  }

  /** Tells that the first byte of the body has come. */
  begun(): void {
    this.#connected = true
    this.#begun = true
  }

  /** Tells that the consumer asks for the next piece. Time in which it asks for none does not count as idle. */
  waiting(now: number): void {
    this.#waitingSince = now
  }

  received(): void {
    this.#waitingSince = undefined
  }

  next(now: number): Next | undefined {
    const { attempt, connect, firstByte, idle } = this.#limits
    let next: Next | undefined
    const offer = (at: number, phase?: Phase): void => {
      if (next === undefined || at < next.at) next = phase === undefined ? { at } : { at, phase }
    }
    if (connect !== undefined && !this.#connected) offer(this.#start + connect, "connect")
    if (firstByte !== undefined && !this.#begun) offer(this.#start + firstByte, "firstByte")
    if (attempt !== undefined) offer(this.#start + attempt, "attempt")
    if (idle !== undefined) {
      // A consumer that begins to wait later cannot be idle before this time.
      if (!this.#begun || this.#waitingSince === undefined) offer(now + idle)
      else offer(this.#waitingSince + idle, "idle")
    }
    return next
  }
}
