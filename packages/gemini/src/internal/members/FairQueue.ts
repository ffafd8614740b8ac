/**
 * Who goes next of those who wait for the same thing: the callers take turns, whoever has
 * how many calls waiting; within a caller first come, first served. Interactive calls go
 * before batch calls, which are slowed, never starved. No Effect in it.
 */
import { interactiveInRow } from "../limiter/headroom.ts"

/** What of a waiting call decides its turn. */
export interface Place {
  readonly caller: string
  readonly isBatch: boolean
}

/** Callers in the order of their turns, each with its calls in the order of their coming. */
class Turns<P extends Place> {
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

  /** Whether it was there. Whoever had a turn goes behind the others. */
  remove(place: P, hadTurn: boolean): boolean {
    const places = this.#callers.get(place.caller)
    if (places === undefined || !places.delete(place)) return false
    if (hadTurn || places.size === 0) this.#callers.delete(place.caller)
    if (hadTurn && places.size > 0) this.#callers.set(place.caller, places)
    return true
  }
}

export class FairQueue<P extends Place> {
  readonly #interactive = new Turns<P>()
  readonly #batch = new Turns<P>()
  /** Interactive admissions since a batch call waits. */
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

  /** It goes because it was its turn. */
  admit(place: P): void {
    this.#remove(place, true)
    this.#inRow = place.isBatch || this.#batch.first === undefined ? 0 : this.#inRow + 1
  }

  /** It gave up. */
  leave(place: P): void {
    this.#remove(place, false)
    if (this.#batch.first === undefined) this.#inRow = 0
  }

  #remove(place: P, hadTurn: boolean): void {
    const turns = place.isBatch ? this.#batch : this.#interactive
    if (turns.remove(place, hadTurn)) this.#size--
  }
}
