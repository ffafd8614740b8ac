/**
 * Who goes next of those who wait for the same thing. The callers take turns, however many calls each of them has
 * waiting; within a caller the first to come goes first. Interactive calls go before batch calls, which are slowed but
 * never starved. Without Effect.
 */
import { interactiveInRow } from "../limiter/WaitingList.ts"

/** The part of a waiting call that decides its turn. */
export interface Waiter {
  readonly caller: string
  readonly isBatch: boolean
}

/** Callers in the order of their turns, each with its calls in the order of their coming. */
class Rota<P extends Waiter> {
  readonly #callers = new Map<string, Set<P>>()

  get first(): P | undefined {
    for (const places of this.#callers.values()) for (const place of places) return place
    return undefined
  }

  add(place: P): void {
    const places = this.#callers.get(place.caller)
    if (places === undefined) this.#callers.set(place.caller, new Set([place]))
    else places.add(place)
  }

  /** Removes a place, and says whether it was there. A caller that had its turn goes behind the others. */
  remove(place: P, hadTurn: boolean): boolean {
    const places = this.#callers.get(place.caller)
    if (places === undefined || !places.delete(place)) return false
    if (hadTurn || places.size === 0) this.#callers.delete(place.caller)
    if (hadTurn && places.size > 0) this.#callers.set(place.caller, places)
    return true
  }
}

export class FairQueue<P extends Waiter> {
  readonly #interactive = new Rota<P>()
  readonly #batch = new Rota<P>()
  /** How many interactive calls were admitted while a batch call waits. */
  #inRow = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  get head(): P | undefined {
    const interactive = this.#interactive.first
    if (interactive !== undefined && this.#inRow < interactiveInRow) return interactive
    return this.#batch.first ?? interactive
  }

  enter(place: P): void {
    const turns = place.isBatch ? this.#batch : this.#interactive
    turns.add(place)
    this.#size++
  }

  /** Takes a place out because its turn has come. */
  admit(place: P): void {
    this.#remove(place, true)
    this.#inRow = place.isBatch || this.#batch.first === undefined ? 0 : this.#inRow + 1
  }

  /** Takes a place out because its call gave up. */
  leave(place: P): void {
    this.#remove(place, false)
    if (this.#batch.first === undefined) this.#inRow = 0
  }

  #remove(place: P, hadTurn: boolean): void {
    const turns = place.isBatch ? this.#batch : this.#interactive
    if (turns.remove(place, hadTurn)) this.#size--
  }
}
