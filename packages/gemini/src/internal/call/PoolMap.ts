/**
 * The pool's map: by member and model; the entry that was unused for longest leaves first.
 *
 * It is two native maps, one inside the other, so that finding a client is two lookups of strings whose hash the engine
 * keeps, without a key to build or a structural hash. The order of use is that of a set, whose first entry was unused for
 * longest: a use puts an entry to its end, and nothing is walked over to find who leaves.
 */

export interface Key {
  readonly member: string
  readonly model: string
}

export class PoolMap<E extends Key> {
  readonly #members = new Map<string, Map<string, E>>()
  readonly #byUse = new Set<E>()
  #newest: E | undefined

  get size(): number {
    return this.#byUse.size
  }

  get(member: string, model: string): E | undefined {
    return this.#members.get(member)?.get(model)
  }

  /** Notes that an entry is used now. */
  use(entry: E): void {
    if (this.#newest === entry || !this.#byUse.delete(entry)) return
    this.#byUse.add(entry)
    this.#newest = entry
  }

  /** Adds an entry under a key that has none. */
  add(entry: E): void {
    const models = this.#members.get(entry.member)
    if (models === undefined) this.#members.set(entry.member, new Map([[entry.model, entry]]))
    else models.set(entry.model, entry)
    this.#byUse.add(entry)
    this.#newest = entry
  }

  /** Removes an entry, if it is still there. */
  remove(entry: E): void {
    if (!this.#byUse.delete(entry)) return
    if (this.#newest === entry) this.#newest = undefined
    const models = this.#members.get(entry.member)
    models?.delete(entry.model)
    if (models?.size === 0) this.#members.delete(entry.member)
  }

  /** Keeps at most `capacity` entries: of those that may go, the ones that were used longest ago are removed. */
  trim(capacity: number, mayGo: (entry: E) => boolean): void {
    if (this.size <= capacity) return
    for (const entry of this.#byUse) {
      if (mayGo(entry)) this.remove(entry)
      if (this.size <= capacity) return
    }
  }
}
