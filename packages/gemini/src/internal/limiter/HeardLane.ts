/**
 * One lane in Redis as this process last heard of it, with what a 429 taught while Redis could not be told. It answers
 * questions without asking Redis.
 */
import type * as LaneStore from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import { type Told, told } from "./laneScript.ts"
import { longestPark } from "./LaneWindow.ts"

/** An answer may be this many milliseconds late: it is heard with the time of its question. */
const outOfOrder = 10_000

export class HeardLane {
  readonly #span: number
  #told = told()
  /** When Redis was last heard, by this process's clock. */
  #toldAt = -Infinity
  /** Until when nothing is asked, because of a 429 that Redis could not be told of. */
  #pausedUntil = -Infinity
  #parkedUntil = -Infinity
  #last = -Infinity

  constructor(span: number) {
    this.#span = span
  }

  hear(told: Told, now: number): void {
    this.#advance(now)
    this.#told = told
    this.#toldAt = now
  }

  /** Notes that a call ended. Redis is told, too, and confirms it later. */
  release(): void {
    if (this.#told.inFlight > 0) this.#told.inFlight--
  }

  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until)
  }

  park(resetAt: number): void {
    this.#parkedUntil = Math.max(this.#parkedUntil, resetAt)
  }

  /** The refusal for which Redis need not be asked, if there is one. */
  refusal(now: number): LaneStore.Refusal | undefined {
    this.#advance(now)
    const until = Math.max(this.#pausedUntil, this.#parkedUntil)
    if (now >= until) return undefined
    const resetAt = now < this.#parkedUntil ? this.#parkedUntil : undefined
    return { _tag: "Refused", retryIn: until - now, resetAt }
  }

  /** The lane as it stands now: nothing is left of the window once that has passed, nor of the day after `dayEnd`. */
  reading(limits: Limits, dayEnd: number, now: number): LaneStore.Reading {
    this.#advance(now)
    const at = this.#toldAt
    const told = this.#told
    const isPast = now >= at + this.#span
    const today = now >= dayEnd ? 0 : told.today
    const parkedUntil = Math.max(at + told.parkedFor, this.#parkedUntil)
    const until = Math.max(parkedUntil, at + told.pausedFor, this.#pausedUntil)
    return {
      requests: isPast ? 0 : told.requests,
      tokens: isPast ? 0 : told.tokens,
      today,
      inFlight: told.inFlight,
      freeIn: told.freeIn,
      parkedUntil: until > now ? until : undefined,
      exhausted: parkedUntil > now || today >= limits.rpd,
      learned: now < at + told.goneIn && (told.rpm < limits.rpm || told.tpm < limits.tpm)
        ? {
          rpm: told.rpm < limits.rpm ? told.rpm : undefined,
          tpm: told.tpm < limits.tpm ? told.tpm : undefined,
          risesAt: at + told.risesIn,
          until: at + told.goneIn
        }
        : undefined
    }
  }

  /** The same, with an estimate of when everything that is wanted finds room together. */
  seen(limits: Limits, { requests, tokens }: LaneStore.Wanted, dayEnd: number, now: number): LaneStore.Reading {
    const reading = this.reading(limits, dayEnd, now)
    let at = Math.max(now, reading.parkedUntil ?? 0)
    if (reading.today + requests > limits.rpd) at = Math.max(at, nextPacificMidnight(now))
    // The entries that must leave first are taken to be equal, and to leave evenly after the first of them.
    const count = Math.max(1, reading.requests)
    const leaving = Math.max(
      reading.requests + requests - (reading.learned?.rpm ?? limits.rpm),
      Math.ceil((reading.tokens + tokens - (reading.learned?.tpm ?? limits.tpm)) * count / Math.max(1, reading.tokens))
    )
    const first = this.#told.freeIn < Infinity ? this.#told.freeIn : 0
    if (leaving > 0) at = Math.max(at, this.#toldAt + first + (leaving - 1) / count * (this.#span - first))
    return { ...reading, freeIn: at - now }
  }
  /** Moves on to a time. If this process's clock was set back, what was heard keeps its age. */
  #advance(now: number): void {
    const back = this.#last - now
    if (back > outOfOrder) {
      this.#toldAt -= back
      this.#pausedUntil -= back
      this.#parkedUntil = Math.min(this.#parkedUntil, now + longestPark)
      this.#last = now
    }
    this.#last = Math.max(this.#last, now)
  }
}
