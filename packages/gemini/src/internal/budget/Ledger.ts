/**
 * What Redis does not know yet of one budget, and what it need not keep: attempts whose end it was not told, and slots
 * that it may forget because their end is known to be counted.
 */
import type * as BudgetStore from "../../limits/BudgetStore.ts"

const nothing: BudgetStore.Charge = { tokens: 0, money: 0n, isPartial: false, isEstimated: false }

const sum = (one: BudgetStore.Charge, other: BudgetStore.Charge): BudgetStore.Charge => ({
  tokens: one.tokens + other.tokens,
  money: one.money + other.money,
  isPartial: one.isPartial || other.isPartial,
  isEstimated: one.isEstimated || other.isEstimated
})

/** How many slots one step tells. */
const most = 500

export class Ledger {
  endsAt = Infinity
  readonly #late = new Map<string, BudgetStore.Charge>()
  /** The charge of attempts that Redis was never asked for. It is all in one slot, because an outage may be long. */
  #outage: { readonly id: string; charge: BudgetStore.Charge } | undefined
  #outages = 0
  /** Attempts that were let go without Redis. */
  readonly #unasked = new Set<string>()
  /**
   * Attempts of which a step was sent and not answered. Their slots stay, because that step may arrive at any time: TCP
   * delivers what a lost connection had in its buffers, and another connection may be ahead of it.
   */
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

  /** Keeps slots that a step was to tell, because it did not reach Redis or nobody knows whether it did. */
  keepKnown(known: ReadonlyArray<string>): void {
    this.#known.push(...known)
  }

  /** Notes that an attempt goes on though Redis could not be asked. */
  unasked(id: string): void {
    this.#unasked.add(id)
  }

  unsure(id: string): void {
    this.#unsure.add(id)
  }

  /** Gives back a reservation of which nobody knows, whatever became of it. */
  release(id: string): void {
    this.#unsure.add(id)
    this.#late.set(id, nothing)
  }

  /** Keeps a charge that Redis cannot be told now, or that it was told and did not answer. */
  postpone(id: string, charge: BudgetStore.Charge, isAway: boolean): void {
    if (!isAway) this.#unsure.add(id)
    if (!this.#unasked.delete(id) || !isAway) {
      this.#late.set(id, charge)
      return
    }
    const outage = this.#outage ??= { id: `${id}-${++this.#outages}`, charge: nothing }
    outage.charge = sum(outage.charge, charge)
  }

  /** Takes some of the charges that are late. */
  takeLate(): ReadonlyArray<readonly [id: string, charge: BudgetStore.Charge]> {
    const taken = [...this.#late].slice(0, most)
    for (const [id] of taken) this.#late.delete(id)
    if (taken.length < most && this.#outage !== undefined) {
      const { charge, id } = this.#outage
      this.#outage = undefined
      return [...taken, [id, charge]]
    }
    return taken
  }

  /** Keeps charges that a step told and that Redis did not answer. */
  keepLate(late: ReadonlyArray<readonly [id: string, charge: BudgetStore.Charge]>): void {
    for (const [id, charge] of late) {
      this.#late.set(id, charge)
      this.#unsure.add(id)
    }
  }

  /** Notes that Redis has counted these slots. */
  counted(slots: ReadonlyArray<readonly [id: string, charge: BudgetStore.Charge]>): void {
    for (const [id] of slots) {
      this.#unasked.delete(id)
      if (!this.#unsure.delete(id)) this.#known.push(id)
    }
  }
}
