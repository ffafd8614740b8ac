/**
 * Those who wait in front of a lane: interactive calls before batch calls, and within a priority the first to come
 * first. Each waiter is a link of the list, so that leaving it costs the same from any place.
 */
import type { GeminiError } from "../../GeminiError.ts"
import { countable } from "../wire/countable.ts"

/**
 * While both kinds wait, in a lane or for members, every ninth admission is a batch call's: batch calls are slowed, but
 * never starved.
 */
export const interactiveInRow = 8

/** A waiter in the list. */
interface Linked<Self> {
  readonly isBatch: boolean
  readonly admission: { readonly tokens: number }
  /** Makes the error of a waiter that is not willing to wait. */
  readonly refuse: ((retryIn: number) => GeminiError) | undefined
  previous: Self | undefined
  next: Self | undefined
}

/** The waiters of one priority. */
class Rank<A> {
  first: A | undefined = undefined
  last: A | undefined = undefined
  length = 0
  tokens = 0
}

export class WaitingList<A extends Linked<A>> {
  readonly interactive = new Rank<A>()
  readonly batch = new Rank<A>()
  /** How many interactive calls were admitted while a batch call waits. */
  #inRow = 0
  /** How many waiters are not willing to wait behind the head. */
  hasty = 0

  get size(): number {
    return this.interactive.length + this.batch.length
  }

  /** The waiter that goes next. */
  get head(): A | undefined {
    const { first } = this.interactive
    return first === undefined || (this.#inRow >= interactiveInRow && this.batch.first !== undefined)
      ? this.batch.first
      : first
  }

  /** The waiters that go next, in order, at most so many. */
  heads(most: number): ReadonlyArray<A> {
    const heads: Array<A> = []
    let interactive = this.interactive.first
    let batch = this.batch.first
    let inRow = this.#inRow
    while (heads.length < most) {
      if (batch !== undefined && (interactive === undefined || inRow >= interactiveInRow)) {
        heads.push(batch)
        batch = batch.next
        inRow = 0
      } else if (interactive !== undefined) {
        heads.push(interactive)
        interactive = interactive.next
        inRow++
      } else break
    }
    return heads
  }

  /** What `f` gives for the waiters, where it gives something. */
  select<B>(f: (waiter: A) => B | undefined): ReadonlyArray<readonly [A, B]> {
    const selected: Array<readonly [A, B]> = []
    for (const row of [this.interactive, this.batch]) {
      for (let waiter = row.first; waiter !== undefined; waiter = waiter.next) {
        const given = f(waiter)
        if (given !== undefined) selected.push([waiter, given])
      }
    }
    return selected
  }

  enter(waiter: A): void {
    const row = this.#rowOf(waiter)
    waiter.previous = row.last
    if (row.last === undefined) row.first = waiter
    else row.last.next = waiter
    row.last = waiter
    this.#count(row, waiter)
  }

  #count(row: Rank<A>, waiter: A): void {
    row.length++
    if (waiter.refuse !== undefined) this.hasty++
    row.tokens += countable(waiter.admission.tokens)
  }

  /** Puts a waiter before those of its priority. */
  enterFirst(waiter: A): void {
    const row = this.#rowOf(waiter)
    const { first } = row
    if (first === undefined) return this.enter(waiter)
    waiter.next = first
    first.previous = waiter
    row.first = waiter
    this.#count(row, waiter)
  }

  /** Changes the tokens that a waiter asks for. */
  resize(waiter: A, change: () => void): void {
    const row = this.#rowOf(waiter)
    row.tokens -= countable(waiter.admission.tokens)
    change()
    row.tokens += countable(waiter.admission.tokens)
  }

  /** Takes a waiter out because its turn has come. */
  admit(waiter: A): void {
    this.#inRow = waiter.isBatch ? 0 : this.#inRow + 1
    this.leave(waiter)
  }

  /** Takes a waiter out because it gives up or is refused. */
  leave(waiter: A): void {
    const row = this.#rowOf(waiter)
    if (waiter.previous === undefined) row.first = waiter.next
    else waiter.previous.next = waiter.next
    if (waiter.next === undefined) row.last = waiter.previous
    else waiter.next.previous = waiter.previous
    waiter.previous = undefined
    waiter.next = undefined
    row.length--
    if (waiter.refuse !== undefined) this.hasty--
    row.tokens -= countable(waiter.admission.tokens)
    if (this.batch.first === undefined) this.#inRow = 0
  }

  #rowOf(waiter: A): Rank<A> {
    return waiter.isBatch ? this.batch : this.interactive
  }
}
