/**
 * A lane's window that is written down and continued elsewhere. It stands apart from `LaneWindow`, because a program
 * whose lanes are in memory needs only that one.
 */
import { LaneWindow } from "./LaneWindow.ts"
import type { LearnedLimit } from "./learned.ts"

/** A window in the form in which it can be written down: what was sent, the oldest first, and what was learned. */
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
  readonly learned?: readonly [rpm: LearnedLimit | null, tpm: LearnedLimit | null]
}

export class SavedWindow extends LaneWindow {
  save(): Saved {
    const entries: Array<readonly [number, number, number]> = []
    for (let position = this.first; position < this.end; position++) {
      const slot = position & this.mask
      entries.push([this.times[slot] ?? 0, this.tokensAt[slot] ?? 0, this.requestsAt[slot] ?? 0])
    }
    const time = (at: number): number => at === -Infinity ? 0 : at
    return {
      entries,
      first: this.first,
      today: this.today,
      late: this.late,
      strikes: this.strikes,
      last: time(this.last),
      dayEnd: time(this.dayEnd),
      dayCountsSince: time(this.dayCountsSince),
      pausedUntil: time(this.pausedUntil),
      parkedUntil: time(this.parkedUntil),
      learned: [this.rpm ?? null, this.tpm ?? null]
    }
  }

  /** Continues in a new window what another one saved. */
  restore(saved: Saved): void {
    const time = (at: number): number => at === 0 ? -Infinity : at
    this.first = this.end = saved.first
    for (const [at, tokens, requests] of saved.entries) this.push(at, tokens, requests)
    this.today = saved.today
    this.late = saved.late
    this.strikes = saved.strikes
    this.last = time(saved.last)
    this.dayEnd = time(saved.dayEnd)
    this.dayCountsSince = time(saved.dayCountsSince)
    this.pausedUntil = time(saved.pausedUntil)
    this.parkedUntil = time(saved.parkedUntil)
    this.rpm = saved.learned?.[0] ?? undefined
    this.tpm = saved.learned?.[1] ?? undefined
  }
}
