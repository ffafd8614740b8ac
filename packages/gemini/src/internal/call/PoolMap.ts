/**
 * The pool's map: immutable, by member and model; the entry that was unused for longest leaves first.
 *
 * It is two native maps, one inside the other, which are copied when a client comes or goes (which is rare, and a few
 * hundred entries at most). So finding a client is two lookups of strings whose hash the engine keeps, without a key to
 * build or a structural hash.
 */

export interface Pooled {
  readonly used: number
}

export interface PoolMap<E extends Pooled> {
  readonly size: number
  readonly members: ReadonlyMap<string, ReadonlyMap<string, E>>
}

export interface Key {
  readonly member: string
  readonly model: string
}

export const empty: PoolMap<never> = { size: 0, members: new Map() }

export const get = <E extends Pooled>(map: PoolMap<E>, member: string, model: string): E | undefined =>
  map.members.get(member)?.get(model)

const withModels = <E extends Pooled>(
  map: PoolMap<E>,
  member: string,
  size: number,
  models: ReadonlyMap<string, E>
): PoolMap<E> => {
  const members = new Map(map.members)
  if (models.size === 0) members.delete(member)
  else members.set(member, models)
  return { size, members }
}

/** Adds an entry under a key that has none. */
export const set = <E extends Pooled>(map: PoolMap<E>, key: Key, entry: E): PoolMap<E> =>
  withModels(map, key.member, map.size + 1, new Map(map.members.get(key.member)).set(key.model, entry))

/** Removes an entry, if it is still the one under the key. */
export const remove = <E extends Pooled>(map: PoolMap<E>, key: Key, entry: E): PoolMap<E> => {
  if (get(map, key.member, key.model) !== entry) return map
  const models = new Map(map.members.get(key.member))
  models.delete(key.model)
  return withModels(map, key.member, map.size - 1, models)
}

/**
 * At most `capacity` entries: of those that may go, the ones that were used longest ago are removed. If one has to go, an
 * eighth of the capacity goes with it, so that not every new model walks over all of them.
 */
export const trim = <E extends Pooled>(map: PoolMap<E>, capacity: number, mayGo: (entry: E) => boolean): PoolMap<E> => {
  if (map.size <= capacity) return map
  const idle = Array.from(map.members.values()).flatMap((models) => Array.from(models.values())).filter(mayGo)
  const gone = new Set(idle.sort((a, b) => a.used - b.used).slice(0, map.size - capacity + (capacity >> 3)))
  const members = new Map<string, ReadonlyMap<string, E>>()
  for (const [member, models] of map.members) {
    const kept = new Map(Array.from(models).filter(([, entry]) => !gone.has(entry)))
    if (kept.size > 0) members.set(member, kept)
  }
  return { size: map.size - gone.size, members }
}
