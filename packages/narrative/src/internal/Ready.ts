/**
 * Which acts may be played now: those whose needs are done, in the order of the file. An act that stands before what it
 * needs waits for it. This module is pure.
 */

interface Node {
  readonly name: string
  readonly needs: ReadonlyArray<string>
  /** Needs without whose output it is played, too. */
  readonly mayLack?: ReadonlyArray<string> | undefined
}

export class Ready<A extends Node> {
  readonly #acts: ReadonlyArray<A>
  readonly #places: ReadonlyMap<string, number>
  /** How many needs of an act are not done. */
  readonly #unmet: Array<number>
  readonly #users: ReadonlyMap<string, ReadonlyArray<number>>
  /** Places of acts that may be played, the first one first. */
  readonly #ready: Array<number> = []
  readonly #gone = new Set<number>()

  constructor(acts: ReadonlyArray<A>) {
    this.#acts = acts
    this.#places = new Map(acts.map(({ name }, place) => [name, place]))
    const users = new Map<string, Array<number>>()
    this.#unmet = acts.map(({ needs }, place) => {
      const known = new Set(needs.filter((need) => this.#places.has(need)))
      for (const need of known) users.set(need, [...(users.get(need) ?? []), place])
      if (known.size === 0) this.#ready.push(place)
      return known.size
    })
    this.#users = users
  }

  /** The next act to play; undefined if none may be played now. */
  take(): A | undefined {
    const place = this.#ready.shift()
    return place === undefined ? undefined : this.#acts[place]
  }

  /** Puts an act back that was taken and is to be played later. */
  back({ name }: A): void {
    const place = this.#places.get(name)
    if (place !== undefined) this.#insert(place)
  }

  /** The act is done: what needs it may be played once all its needs are. */
  done({ name }: A): void {
    for (const place of this.#users.get(name) ?? []) this.#met(place)
  }

  #met(place: number): void {
    const left = (this.#unmet[place] ?? 0) - 1
    this.#unmet[place] = left
    if (left === 0 && !this.#gone.has(place)) this.#insert(place)
  }

  /**
   * Leaves out whatever needs the act, directly or by others, and says because of which act. What may lack it waits for it
   * no longer.
   */
  skip({ name }: A): ReadonlyArray<{ readonly act: string; readonly because: string }> {
    const skipped: Array<{ readonly act: string; readonly because: string }> = []
    const open = [name]
    for (let because = open.pop(); because !== undefined; because = open.pop()) {
      for (const place of this.#users.get(because) ?? []) {
        const act = this.#acts[place]
        if (act === undefined || this.#gone.has(place)) continue
        if (act.mayLack?.includes(because) === true) {
          this.#met(place)
          continue
        }
        this.#gone.add(place)
        skipped.push({ act: act.name, because })
        open.push(act.name)
      }
    }
    return skipped
  }

  /** The acts that use an act's output. */
  usersOf(name: string): number {
    return this.#users.get(name)?.length ?? 0
  }

  #insert(place: number): void {
    let low = 0
    let high = this.#ready.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ready[middle] ?? 0) < place) low = middle + 1
      else high = middle
    }
    this.#ready.splice(low, 0, place)
  }
}
