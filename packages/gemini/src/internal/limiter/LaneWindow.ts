/**
 * The arithmetic of a lane: an exact rolling window over requests and tokens, the
 * Pacific day, and the calls in flight, without Effect.
 *
 * Invariant: in any span of `window` milliseconds at most `rpm` requests and `tpm`
 * reserved tokens were taken, in any Pacific day at most `rpd` requests, and at no time
 * more than `concurrency` are in flight. The guard is part of the window: requests
 * travel at different speeds, and without it the server sees a waiting batch's late
 * ones together with the next batch.
 */
import type { Lesson, Reading, Wanted } from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import { earlier, learn, type Learned, limitAt } from "./learned.ts"

/** Backoff after a 429 that says nothing: doubled with each, from a second to a minute. */
const firstPause = 1_000
const longestPause = 60_000

/** An estimate as it can be counted: anything but a number above zero counts nothing. */
export const countable = (estimate: number): number => estimate > 0 ? Math.min(estimate, 1e15) : 0

/** A window as it can be written down: what was sent, oldest first, and what was learnt. */
export interface Saved {
  readonly entries: ReadonlyArray<readonly [at: number, tokens: number, requests: number]>
  readonly first: number
  readonly today: number
  readonly late: number
  readonly strikes: number
  /** These are times in milliseconds; 0 stands for no time. */
  readonly last: number
  readonly dayEnd: number
  readonly dayCountsSince: number
  readonly pausedUntil: number
  readonly parkedUntil: number
  readonly learned?: readonly [rpm: Learned | null, tpm: Learned | null]
}

const small: Wanted = { requests: 1, tokens: 1 }

export class LaneWindow {
  // What was sent, oldest first: positions count up for ever, `position & mask` is the slot.
  #times = new Float64Array(16)
  #tokens = new Float64Array(16)
  #requests = new Uint8Array(16)
  #mask = 15
  #first = 0
  #end = 0

  /** Requests, and tokens reserved or counted, in the window as of the last call. */
  requests = 0
  tokens = 0
  inFlight = 0
  /** Requests of the Pacific day as of the last call. */
  today = 0
  /** No attempt starts before: a pause for a moment, a park until the day's quota is back. */
  pausedUntil = -Infinity
  parkedUntil = -Infinity

  /** After a refusal: when to ask again (`Infinity`: when a call ends). */
  retryAt = 0
  /** After a refusal: when the day's quota is back, if that is what is spent. */
  resetAt: number | undefined = undefined

  #last = -Infinity
  #dayEnd = -Infinity
  #dayCountsSince = -Infinity
  // Sent within a guard of midnight: they may arrive after it, so they count for both days.
  #late = 0
  #strikes = 0
  /** What 429s taught; mostly nothing. */
  #rpm: Learned | undefined = undefined
  #tpm: Learned | undefined = undefined

  readonly #span: number
  readonly #guard: number

  constructor(window: number, guard: number) {
    this.#span = window + guard
    this.#guard = guard
  }

  /** Takes from every dimension and gives the entry's position, or takes nothing and gives -1. */
  take(now: number, tier: Limits, tokens: number): number {
    this.advance(now)
    const limits = this.#within(now, tier)
    if (!this.#fits(now, limits, tokens)) return this.#refuse(now, limits, 1, tokens)
    this.inFlight++
    this.today++
    if (now >= this.#dayEnd - this.#guard) this.#late++
    return this.#push(now, tokens, 1)
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
        risesAt: Math.min(this.#rpm?.risesAt ?? Infinity, this.#tpm?.risesAt ?? Infinity),
        until: Math.max(this.#rpm?.until ?? 0, this.#tpm?.until ?? 0)
      }
    }
  }

  /**
   * Corrects an entry from `before` tokens to what the server counted. In the window the
   * entry is changed in place; a correction that comes later and upward is owed from now on.
   */
  settle(now: number, position: number, before: number, tokens: number): void {
    this.advance(now)
    if (position >= this.#first) {
      const slot = position & this.#mask
      this.tokens += tokens - (this.#tokens[slot] ?? 0)
      this.#tokens[slot] = tokens
    } else if (tokens > before) {
      this.#push(now, tokens - before, 0)
    }
  }

  /** A call ended: frees concurrency alone, what was sent stays counted. */
  release(): void {
    this.inFlight--
  }

  /** The call was never sent: everything is given back. */
  cancel(position: number, at: number): void {
    this.inFlight--
    if (at >= this.#dayCountsSince) this.today--
    if (at >= this.#dayEnd - this.#guard) this.#late--
    if (position < this.#first) return
    const slot = position & this.#mask
    this.requests -= this.#requests[slot] ?? 0
    this.tokens -= this.#tokens[slot] ?? 0
    this.#requests[slot] = 0
    this.#tokens[slot] = 0
    if (position === this.#end - 1) this.#end--
  }

  /** Of requests that were sent elsewhere: so many earlier in the day, and these now. */
  charge(now: number, earlier: number, tokens: ReadonlyArray<number>): void {
    this.advance(now)
    this.today += earlier + tokens.length
    if (now >= this.#dayEnd - this.#guard) this.#late += earlier + tokens.length
    for (const each of tokens) this.#push(now, each, 1)
  }

  /** A 429 for the moment. Without `retryAfter` the pause grows with each one that follows. */
  pause(now: number, retryAfter: number | undefined): void {
    this.advance(now)
    if (retryAfter !== undefined) {
      this.pausedUntil = Math.max(this.pausedUntil, now + retryAfter)
      return
    }
    // One refusal of many in flight teaches what the others then repeat.
    if (now < this.pausedUntil) return
    if (now >= this.pausedUntil + this.#span) this.#strikes = 0
    this.pausedUntil = now + Math.min(longestPause, firstPause * 2 ** this.#strikes)
    this.#strikes++
  }

  /** A 429 for the day. */
  park(resetAt: number): void {
    this.parkedUntil = Math.max(this.parkedUntil, resetAt)
  }

  /** A 429 by a limit below these, or perhaps so. */
  teach(now: number, lesson: Lesson, limits: Limits): void {
    this.advance(now)
    if (lesson.counts === "tokens") this.#tpm = learn(lesson, limits.tpm, this.#tpm, this.tokens, now, this.#span)
    else this.#rpm = learn(lesson, limits.rpm, this.#rpm, this.requests, now, this.#span)
  }

  /** Nothing that limits is counted, running or learned: the lane can be forgotten. */
  isIdle(now: number, limits: Limits): boolean {
    this.advance(now)
    return this.requests === 0 && this.tokens === 0 && this.inFlight === 0 &&
      (this.today === 0 || limits.rpd === Infinity) &&
      now >= this.parkedUntil && now >= this.pausedUntil &&
      this.#within(now, limits) === limits
  }

  save(): Saved {
    const entries: Array<readonly [number, number, number]> = []
    for (let position = this.#first; position < this.#end; position++) {
      const slot = position & this.#mask
      entries.push([this.#times[slot] ?? 0, this.#tokens[slot] ?? 0, this.#requests[slot] ?? 0])
    }
    const time = (at: number): number => at === -Infinity ? 0 : at
    return {
      entries,
      first: this.#first,
      today: this.today,
      late: this.#late,
      strikes: this.#strikes,
      last: time(this.#last),
      dayEnd: time(this.#dayEnd),
      dayCountsSince: time(this.#dayCountsSince),
      pausedUntil: time(this.pausedUntil),
      parkedUntil: time(this.parkedUntil),
      learned: [this.#rpm ?? null, this.#tpm ?? null]
    }
  }

  /** Of a new window: goes on with what another one saved. */
  restore(saved: Saved): void {
    const time = (at: number): number => at === 0 ? -Infinity : at
    this.#first = this.#end = saved.first
    for (const [at, tokens, requests] of saved.entries) this.#push(at, tokens, requests)
    this.today = saved.today
    this.#late = saved.late
    this.#strikes = saved.strikes
    this.#last = time(saved.last)
    this.#dayEnd = time(saved.dayEnd)
    this.#dayCountsSince = time(saved.dayCountsSince)
    this.pausedUntil = time(saved.pausedUntil)
    this.parkedUntil = time(saved.parkedUntil)
    this.#rpm = saved.learned?.[0] ?? undefined
    this.#tpm = saved.learned?.[1] ?? undefined
  }

  /** Moves time on: entries leave the window, the day turns. */
  advance(now: number): void {
    if (now < this.#last) this.#setBack(now)
    this.#last = now
    const edge = now - this.#span
    while (this.#first < this.#end) {
      const slot = this.#first & this.#mask
      if ((this.#times[slot] ?? 0) > edge) break
      this.requests -= this.#requests[slot] ?? 0
      this.tokens -= this.#tokens[slot] ?? 0
      this.#first++
    }
    if (this.#first === this.#end) this.tokens = 0
    if (now >= this.#dayEnd) this.#turnDay(now)
  }

  /** The limits, or what was learned where it is less; what is back at the tier's is forgotten. */
  #within(now: number, limits: Limits): Limits {
    if (this.#rpm === undefined && this.#tpm === undefined) return limits
    const rpm = limitAt(this.#rpm, now, this.#span)
    const tpm = limitAt(this.#tpm, now, this.#span)
    if (rpm === Infinity) this.#rpm = undefined
    if (tpm === Infinity) this.#tpm = undefined
    return rpm < limits.rpm || tpm < limits.tpm
      ? { ...limits, rpm: Math.min(rpm, limits.rpm), tpm: Math.min(tpm, limits.tpm) }
      : limits
  }

  #fits(now: number, limits: Limits, tokens: number): boolean {
    return this.requests < limits.rpm &&
      // What is larger than the whole budget goes alone.
      (this.tokens + tokens <= limits.tpm || (tokens > limits.tpm && this.tokens === 0)) &&
      this.today < limits.rpd &&
      this.inFlight < limits.concurrency &&
      now >= this.pausedUntil && now >= this.parkedUntil
  }

  #refuse(now: number, limits: Limits, wanted: number, tokens: number): -1 {
    let at = Math.max(this.pausedUntil, this.parkedUntil, now)
    this.resetAt = now < this.parkedUntil ? this.parkedUntil : undefined
    if (this.today + wanted > limits.rpd) {
      this.resetAt = Math.max(this.parkedUntil, this.#dayEnd)
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
    for (let position = this.#first; position < this.#end; position++) {
      const slot = position & this.#mask
      requests -= this.#requests[slot] ?? 0
      tokens -= this.#tokens[slot] ?? 0
      if (requests <= 0 && tokens <= 0) return (this.#times[slot] ?? 0) + this.#span
    }
    return Infinity
  }

  #push(now: number, tokens: number, requests: number): number {
    if (this.#end - this.#first > this.#mask) this.#grow()
    const slot = this.#end & this.#mask
    this.#times[slot] = now
    this.#tokens[slot] = tokens
    this.#requests[slot] = requests
    this.requests += requests
    this.tokens += tokens
    return this.#end++
  }

  #grow(): void {
    const size = (this.#mask + 1) * 2
    const times = new Float64Array(size)
    const tokens = new Float64Array(size)
    const requests = new Uint8Array(size)
    for (let position = this.#first; position < this.#end; position++) {
      const from = position & this.#mask
      const to = position & (size - 1)
      times[to] = this.#times[from] ?? 0
      tokens[to] = this.#tokens[from] ?? 0
      requests[to] = this.#requests[from] ?? 0
    }
    this.#times = times
    this.#tokens = tokens
    this.#requests = requests
    this.#mask = size - 1
  }

  /** The machine's clock was set back: what is in the window keeps its age. */
  #setBack(now: number): void {
    const back = this.#last - now
    for (let position = this.#first; position < this.#end; position++) {
      const slot = position & this.#mask
      this.#times[slot] = (this.#times[slot] ?? 0) - back
    }
    this.pausedUntil -= back
    this.#rpm = earlier(this.#rpm, back)
    this.#tpm = earlier(this.#tpm, back)
  }

  #turnDay(now: number): void {
    const end = nextPacificMidnight(now)
    const isNextDay = this.#dayEnd !== -Infinity && nextPacificMidnight(this.#dayEnd) === end
    this.today = isNextDay ? this.#late : 0
    this.#dayCountsSince = isNextDay ? this.#dayEnd - this.#guard : now
    this.#late = 0
    this.#dayEnd = end
  }
}
