/** Turns of a session's views follow one another. Pure; whoever takes it releases it, also where it still waits. */
export class TurnLock {
  #holder: object | undefined
  #waiting: Array<readonly [owner: object, resume: () => void]> = []

  /** `true`: it is the owner's. `false`: `resume` is called when it is. */
  take(owner: object, resume: () => void): boolean {
    if (this.#holder === undefined) {
      this.#holder = owner
      return true
    }
    this.#waiting.push([owner, resume])
    return false
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
