/**
 * The waiting room in front of the members' lanes: only the call whose turn it is asks
 * them, all at once, and takes the first permit that any of them gives.
 */
import * as Effect from "effect/Effect"
import * as FairQueue from "./FairQueue.ts"

/** Something that can be waited for again and again. A signal that came while nobody waited is not forgotten. */
export class Signal {
  #resume: ((effect: Effect.Effect<void>) => void) | undefined
  #happened = false

  // The fiber that is woken goes on after the one that woke it, which is still on its way out.
  readonly next: Effect.Effect<void> = Effect.andThen(
    Effect.callback<void>((resume) => {
      if (this.#happened) {
        this.#happened = false
        return resume(Effect.void)
      }
      this.#resume = resume
      return Effect.sync(() => {
        this.#resume = undefined
      })
    }),
    Effect.yieldNow
  )

  notify(): void {
    const resume = this.#resume
    this.#resume = undefined
    if (resume === undefined) this.#happened = true
    else resume(Effect.void)
  }
}

/** The place of a call. Its signal says that its turn may have come, or that it should look again. */
export class WaitingPlace implements FairQueue.Waiter {
  readonly caller: string
  readonly isBatch: boolean
  readonly signal = new Signal()

  constructor(caller: string, isBatch: boolean) {
    this.caller = caller
    this.isBatch = isBatch
  }
}

export class WaitingRoom {
  readonly #queue = new FairQueue.FairQueue<WaitingPlace>()
  readonly #places = new Set<WaitingPlace>()

  has(place: WaitingPlace): boolean {
    return this.#places.has(place)
  }

  get size(): number {
    return this.#queue.size
  }

  isHead(place: WaitingPlace): boolean {
    return this.#queue.head === place
  }

  enter(place: WaitingPlace): void {
    const before = this.#queue.head
    this.#places.add(place)
    this.#queue.enter(place)
    // A place that goes before the head takes its turn away.
    if (before !== undefined && this.#queue.head !== before) before.signal.notify()
  }

  /** Admits a call, also one that never had to wait. */
  admit(place: WaitingPlace): void {
    if (!this.#places.delete(place)) return
    this.#queue.admit(place)
    this.#queue.head?.signal.notify()
  }

  leave(place: WaitingPlace): void {
    if (!this.#places.delete(place)) return
    const wasHead = this.isHead(place)
    this.#queue.leave(place)
    if (wasHead) this.#queue.head?.signal.notify()
  }
}
