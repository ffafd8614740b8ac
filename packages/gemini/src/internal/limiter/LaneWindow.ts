/**
 * The arithmetic of a lane, without Effect: an exact rolling window over requests and tokens, the Pacific day, and the
 * calls in flight.
 *
 * Invariant: in any span of `window` milliseconds at most `rpm` requests and `tpm` reserved tokens were taken, in any
 * Pacific day at most `rpd` requests, and at no time more than `concurrency` are in flight. The margin is part of the
 * window: requests travel at different speeds, and without it the server would see the late ones of one batch together
 * with the next batch.
 */
import type { Lesson, Reading, Wanted } from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import { earlier, learn, type LearnedLimit, limitAt } from "./learned.ts"

/** The pauses after a 429 that names no delay: each is twice the one before, from a second to a minute. */
const firstPause = 1_000
const longestPause = 60_000

/** The longest time that anything stops a lane, whatever a server says: a Pacific day has 25 hours at most. */
export const longestPark = 25 * 3_600_000

const small: Wanted = { requests: 1, tokens: 1 }

export class LaneWindow {
  // What was sent, the oldest first. Positions count up for ever; `position & mask` is the slot.
  protected times = new Float64Array(16)
  protected tokensAt = new Float64Array(16)
  protected requestsAt = new Uint8Array(16)
  protected mask = 15
  protected first = 0
  protected end = 0

  /** The requests, and the tokens reserved or counted, in the window as of the last call. */
  requests = 0
  tokens = 0
  inFlight = 0
  /** The requests of the Pacific day as of the last call. */
  today = 0
  /** No attempt starts before this time: it is a pause for a moment, or a park until the day's quota is back. */
  pausedUntil = -Infinity
  parkedUntil = -Infinity

  /** After a refusal: when to ask again. `Infinity` means when a call ends. */
  retryAt = 0
  /** After a refusal: when the day's quota is back, if the day is what is spent. */
  resetAt: number | undefined = undefined

  protected last = -Infinity
  protected dayEnd = -Infinity
  protected dayCountsSince = -Infinity
  // How many requests were sent within a margin of midnight: they may arrive after it, so they count for both days.
  protected late = 0
  protected strikes = 0
  /** What 429s taught; mostly nothing. */
  protected rpm: LearnedLimit | undefined = undefined
  protected tpm: LearnedLimit | undefined = undefined

  readonly #span: number
  readonly #margin: number

  constructor(window: number, margin: number) {
    this.#span = window + margin
    this.#margin = margin
  }

  /** Takes from every dimension and gives the position of the entry, or takes nothing and gives -1. */
  take(now: number, tier: Limits, tokens: number): number {
    this.advance(now)
    const limits = this.#within(now, tier)
    if (!this.#fits(now, limits, tokens)) return this.#refuse(now, limits, 1, tokens)
    this.inFlight++
    this.today++
    if (now >= this.dayEnd - this.#margin) this.late++
    return this.push(now, tokens, 1)
  }

  read(now: number, tier: Limits, { requests, tokens } = small): Reading {
    this.advance(now)
    const limits = this.#within(now, tier)
    this.#refuse(now, limits, requests, tokens)
    const until = Math.max(this.pausedUntil, this.parkedUntil)
    return {
      requests: this.requests,
      tokens: this.tokens,
      today: this.today,
      inFlight: this.inFlight,
      freeIn: this.retryAt - now,
      parkedUntil: until > now ? until : undefined,
      exhausted: this.parkedUntil > now || this.today >= limits.rpd,
      learned: limits === tier ? undefined : {
        rpm: limits.rpm < tier.rpm ? limits.rpm : undefined,
        tpm: limits.tpm < tier.tpm ? limits.tpm : undefined,
        risesAt: Math.min(this.rpm?.risesAt ?? Infinity, this.tpm?.risesAt ?? Infinity),
        until: Math.max(this.rpm?.until ?? 0, this.tpm?.until ?? 0)
      }
    }
  }

  /**
   * Corrects an entry from `before` tokens to what the server counted. In the window the entry is changed in place. A
   * later correction upward is owed from now on.
   */
  settle(now: number, position: number, before: number, tokens: number): void {
    this.advance(now)
    if (position >= this.first) {
      const slot = position & this.mask
      this.tokens += tokens - (this.tokensAt[slot] ?? 0)
      this.tokensAt[slot] = tokens
    } else if (tokens > before) {
      this.push(now, tokens - before, 0)
    }
  }

  /** Ends a call: this frees only concurrency, and what was sent stays counted. */
  release(): void {
    this.inFlight--
  }

  /** Gives everything back for a call that was never sent. */
  cancel(position: number, at: number): void {
    this.inFlight--
    if (at >= this.dayCountsSince && this.today > 0) this.today--
    if (at >= this.dayEnd - this.#margin && this.late > 0) this.late--
    if (position < this.first) return
    const slot = position & this.mask
    this.requests -= this.requestsAt[slot] ?? 0
    this.tokens -= this.tokensAt[slot] ?? 0
    this.requestsAt[slot] = 0
    this.tokensAt[slot] = 0
    if (position === this.end - 1) this.end--
  }

  /** Adds requests that were sent elsewhere: so many earlier in the day, and these now. */
  charge(now: number, earlier: number, tokens: ReadonlyArray<number>): void {
    this.advance(now)
    this.today += earlier + tokens.length
    if (now >= this.dayEnd - this.#margin) this.late += earlier + tokens.length
    for (const each of tokens) this.push(now, each, 1)
  }

  /** Takes a 429 that is about the moment. Without `retryAfter` the pause grows with each 429 that follows. */
  pause(now: number, retryAfter: number | undefined): void {
    this.advance(now)
    if (retryAfter !== undefined) {
      this.pausedUntil = Math.max(this.pausedUntil, now + retryAfter)
      return
    }
    // When many calls in flight are refused, the first refusal teaches what the others only repeat.
    if (now < this.pausedUntil) return
    if (now >= this.pausedUntil + this.#span) this.strikes = 0
    this.pausedUntil = now + Math.min(longestPause, firstPause * 2 ** this.strikes)
    this.strikes++
  }

  /** Takes a 429 that is about the day. */
  park(resetAt: number): void {
    this.parkedUntil = Math.max(this.parkedUntil, resetAt)
  }

  /** Takes a 429 from a limit that is below these, or may be. */
  teach(now: number, lesson: Lesson, limits: Limits): void {
    this.advance(now)
    if (lesson.counts === "tokens") this.tpm = learn(lesson, limits.tpm, this.tpm, this.tokens, now, this.#span)
    else this.rpm = learn(lesson, limits.rpm, this.rpm, this.requests, now, this.#span)
  }

  /** Whether the lane can be forgotten, because nothing that limits is counted, running or learned. */
  isIdle(now: number, limits: Limits): boolean {
    this.advance(now)
    return this.requests === 0 && this.tokens === 0 && this.inFlight === 0 &&
      (this.today === 0 || limits.rpd === Infinity) &&
      now >= this.parkedUntil && now >= this.pausedUntil &&
      this.#within(now, limits) === limits
  }

  /** Moves time on: entries leave the window, and the day turns. The result says by how much the clock was set back. */
  advance(now: number): number {
    const back = now < this.last ? this.last - now : 0
    if (back > 0) this.#setBack(now, back)
    this.last = now
    const edge = now - this.#span
    while (this.first < this.end) {
      const slot = this.first & this.mask
      if ((this.times[slot] ?? 0) > edge) break
      this.requests -= this.requestsAt[slot] ?? 0
      this.tokens -= this.tokensAt[slot] ?? 0
      this.first++
    }
    if (this.first === this.end) this.tokens = 0
    if (now >= this.dayEnd) this.#turnDay(now)
    return back
  }

  /** The limits, or a learned limit if that is less. A learned limit that has reached the tier's is forgotten. */
  #within(now: number, limits: Limits): Limits {
    if (this.rpm === undefined && this.tpm === undefined) return limits
    const rpm = limitAt(this.rpm, now, this.#span)
    const tpm = limitAt(this.tpm, now, this.#span)
    if (rpm === Infinity) this.rpm = undefined
    if (tpm === Infinity) this.tpm = undefined
    return rpm < limits.rpm || tpm < limits.tpm
      ? { ...limits, rpm: Math.min(rpm, limits.rpm), tpm: Math.min(tpm, limits.tpm) }
      : limits
  }

  #fits(now: number, limits: Limits, tokens: number): boolean {
    return this.requests < limits.rpm &&
      // A request that is larger than the whole budget goes alone.
      (this.tokens + tokens <= limits.tpm || (tokens > limits.tpm && this.tokens === 0)) &&
      this.today < limits.rpd &&
      this.inFlight < limits.concurrency &&
      now >= this.pausedUntil && now >= this.parkedUntil
  }

  #refuse(now: number, limits: Limits, wanted: number, tokens: number): -1 {
    let at = Math.max(this.pausedUntil, this.parkedUntil, now)
    this.resetAt = now < this.parkedUntil ? this.parkedUntil : undefined
    if (this.today + wanted > limits.rpd) {
      this.resetAt = Math.max(this.parkedUntil, this.dayEnd)
      at = Math.max(at, this.resetAt)
    }
    const requests = this.requests + wanted - limits.rpm
    const excess = tokens > limits.tpm ? this.tokens : this.tokens + tokens - limits.tpm
    if (requests > 0 || excess > 0) at = Math.max(at, this.#whenLeft(requests, excess))
    this.retryAt = this.inFlight >= limits.concurrency ? Infinity : at
    return -1
  }

  /** When so many requests and tokens will have left the window. */
  #whenLeft(requests: number, tokens: number): number {
    for (let position = this.first; position < this.end; position++) {
      const slot = position & this.mask
      requests -= this.requestsAt[slot] ?? 0
      tokens -= this.tokensAt[slot] ?? 0
      if (requests <= 0 && tokens <= 0) return (this.times[slot] ?? 0) + this.#span
    }
    // The totals say more than the entries do, as sums of fractions may: when all of these are gone both are nothing.
    return this.last + this.#span
  }

  protected push(now: number, tokens: number, requests: number): number {
    if (this.end - this.first > this.mask) this.#grow()
    const slot = this.end & this.mask
    this.times[slot] = now
    this.tokensAt[slot] = tokens
    this.requestsAt[slot] = requests
    this.requests += requests
    this.tokens += tokens
    return this.end++
  }

  #grow(): void {
    const size = (this.mask + 1) * 2
    const times = new Float64Array(size)
    const tokens = new Float64Array(size)
    const requests = new Uint8Array(size)
    for (let position = this.first; position < this.end; position++) {
      const from = position & this.mask
      const to = position & (size - 1)
      times[to] = this.times[from] ?? 0
      tokens[to] = this.tokensAt[from] ?? 0
      requests[to] = this.requestsAt[from] ?? 0
    }
    this.times = times
    this.tokensAt = tokens
    this.requestsAt = requests
    this.mask = size - 1
  }

  /**
   * Takes note that the machine's clock was set back: what is in the window keeps its age. The day ends at its midnight,
   * whatever day it was taken for, and nothing lies further ahead than it can.
   */
  #setBack(now: number, back: number): void {
    for (let position = this.first; position < this.end; position++) {
      const slot = position & this.mask
      this.times[slot] = (this.times[slot] ?? 0) - back
    }
    this.pausedUntil -= back
    this.parkedUntil = Math.min(this.parkedUntil, now + longestPark)
    this.dayEnd = Math.min(this.dayEnd, nextPacificMidnight(now))
    this.dayCountsSince = Math.min(this.dayCountsSince, now)
    this.rpm = earlier(this.rpm, back)
    this.tpm = earlier(this.tpm, back)
  }

  #turnDay(now: number): void {
    const end = nextPacificMidnight(now)
    const isNextDay = this.dayEnd !== -Infinity && nextPacificMidnight(this.dayEnd) === end
    this.today = isNextDay ? this.late : 0
    this.dayCountsSince = isNextDay ? this.dayEnd - this.#margin : now
    this.late = 0
    this.dayEnd = end
  }
}
