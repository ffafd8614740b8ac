/**
 * What Redis does not know yet of one budget, and what it need not keep: attempts whose end it was
 * not told, and slots that it may forget because their end is known to be counted.
 */
import type * as Budget from "../../Budget.ts"

const nothing: Budget.Charge = { tokens: 0, money: 0n, isPartial: false, isEstimated: false }

const sum = (one: Budget.Charge, other: Budget.Charge): Budget.Charge => ({
  tokens: one.tokens + other.tokens,
  money: one.money + other.money,
  isPartial: one.isPartial || other.isPartial,
  isEstimated: one.isEstimated || other.isEstimated
})

/** Slots that one step tells. */
const most = 500

export class Ledger {
  endsAt = Infinity
  readonly #late = new Map<string, Budget.Charge>()
  /** Of attempts that Redis was never asked for: all in one slot, for an outage may be long. */
  #outage: { readonly id: string; charge: Budget.Charge } | undefined
  #outages = 0
  /** Attempts that were let go without Redis. */
  readonly #unasked = new Set<string>()
  /** Reservations of which nobody knows whether they were made: their slots stay, against one that comes late. */
  readonly #unsure = new Set<string>()
  #known: Array<string> = []

  get isQuiet(): boolean {
    return this.#late.size === 0 && this.#outage === undefined && this.#unasked.size === 0 && this.#unsure.size === 0
  }

  get isLate(): boolean {
    return this.#late.size > 0 || this.#outage !== undefined
  }

  /** Takes the slots that may be forgotten, to tell them with a step. */
  takeKnown(): ReadonlyArray<string> {
    const known = this.#known.slice(0, most)
    this.#known = this.#known.slice(most)
    return known
  }

  /** A step with them did not reach Redis, or nobody knows. */
  keepKnown(known: ReadonlyArray<string>): void {
    this.#known.push(...known)
  }

  /** An attempt goes on, though Redis could not be asked. */
  unasked(id: string): void {
    this.#unasked.add(id)
  }

  unsure(id: string): void {
    this.#unsure.add(id)
  }

  /** A reservation of which nobody knows is given back, whatever became of it. */
  release(id: string): void {
    this.#unsure.add(id)
    this.#late.set(id, nothing)
  }

  /** What Redis cannot be told now. */
  postpone(id: string, charge: Budget.Charge, isAway: boolean): void {
    if (!this.#unasked.delete(id) || !isAway) {
      this.#late.set(id, charge)
      return
    }
    const outage = this.#outage ??= { id: `${id}-${++this.#outages}`, charge: nothing }
    outage.charge = sum(outage.charge, charge)
  }

  /** Takes some of what is late. */
  takeLate(): ReadonlyArray<readonly [id: string, charge: Budget.Charge]> {
    const taken = [...this.#late].slice(0, most)
    for (const [id] of taken) this.#late.delete(id)
    if (taken.length < most && this.#outage !== undefined) {
      const { charge, id } = this.#outage
      this.#outage = undefined
      return [...taken, [id, charge]]
    }
    return taken
  }

  keepLate(late: ReadonlyArray<readonly [id: string, charge: Budget.Charge]>): void {
    for (const [id, charge] of late) this.#late.set(id, charge)
  }

  /** Redis said that it counted them. */
  counted(slots: ReadonlyArray<readonly [id: string, charge: Budget.Charge]>): void {
    for (const [id] of slots) {
      this.#unasked.delete(id)
      if (!this.#unsure.delete(id)) this.#known.push(id)
    }
  }
}
