import type { Window } from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import type { LaneQueue } from "./LaneQueue.ts"
import { OwnLimits } from "./OwnLimits.ts"
import type { Ticket } from "./Ticket.ts"

/** How many different limits are kept; beyond that, those that count nothing are forgotten. */
const most = 64

const nameOf = ({ concurrency, rpd, rpm, tpm }: Limits): string => `${rpm} ${tpm} ${rpd} ${concurrency}`

/** All limits that calls of one lane bring for themselves. */
export class OwnLimitsMap {
  readonly #all = new Map<string, OwnLimits>()
  readonly #lane: LaneQueue
  readonly #window: Window
  #sweepAt = most

  constructor(lane: LaneQueue, window: Window) {
    this.#lane = lane
    this.#window = window
  }

  of(limits: Limits, now: number): OwnLimits {
    const known = this.find(limits)
    if (known !== undefined) return known
    if (this.#all.size >= this.#sweepAt) {
      for (const [name, own] of this.#all) if (own.isIdle(now)) this.#all.delete(name)
      this.#sweepAt = Math.max(most, this.#all.size * 2)
    }
    const own = new OwnLimits(this.#lane, limits, this.#window)
    this.#all.set(nameOf(limits), own)
    return own
  }

  find(limits: Limits): OwnLimits | undefined {
    return this.#all.get(nameOf(limits))
  }

  /** How many calls stand aside. */
  get aside(): number {
    let all = 0
    for (const own of this.#all.values()) all += own.aside
    return all
  }

  isIdle(now: number): boolean {
    for (const own of this.#all.values()) if (!own.isIdle(now)) return false
    return true
  }

  /** The calls that stand aside and of which `isMeant` holds. */
  select(isMeant: (ticket: Ticket) => boolean): ReadonlyArray<Ticket> {
    return [...this.#all.values()].flatMap((own) => own.select(isMeant))
  }

  /** Ends those that stand aside for which there is a time when the day's quota is back. */
  tell(resetAtOf: (ticket: Ticket) => number | undefined): void {
    for (const own of this.#all.values()) own.tell(resetAtOf)
  }

  /** Lets come back who can. */
  callBack(): void {
    for (const own of this.#all.values()) own.callBack()
  }

  close(): void {
    for (const own of this.#all.values()) own.close()
  }
}
