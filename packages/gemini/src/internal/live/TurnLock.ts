/**
 * Puts the turns of a session's views in a row. A view that takes the lock must release it, also if it still waits for
 * it.
 */
import * as Effect from "effect/Effect"
import { soon } from "./microtask.ts"

export class TurnLock {
  #holder: object | undefined
  #waiting: Array<readonly [owner: object, resume: () => void]> = []

  /** `true` means that the owner has the lock. `false` means that `resume` will be called when it has. */
  take(owner: object, resume: () => void): boolean {
    if (this.#holder === undefined) {
      this.#holder = owner
      return true
    }
    this.#waiting.push([owner, resume])
    return false
  }

  /** Runs an effect when the owner has the lock. */
  within<A, E>(owner: object, effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    let isMine = false
    let wake: (() => void) | undefined
    const taken = (): void => {
      isMine = true
      wake?.()
    }
    if (this.take(owner, taken)) return effect
    const turn = Effect.callback<void>((resume) => {
      // The fiber may have yielded before it waits.
      if (isMine) return resume(Effect.void)
      wake = () => soon(() => resume(Effect.void))
    })
    return Effect.flatMap(turn, () => effect)
  }

  release(owner: object): void {
    if (this.#holder !== owner) {
      this.#waiting = this.#waiting.filter(([other]) => other !== owner)
      return
    }
    const next = this.#waiting.shift()
    this.#holder = next?.[0]
    next?.[1]()
  }
}
