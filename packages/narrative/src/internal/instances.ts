/**
 * Acts that are played more than once are known by their name and place: `draft[2]` is the third round or item, `draft[2][0]`
 * the first one in it. Here such names find the act of the file that they belong to.
 */

interface Named {
  readonly name: string
  readonly acts?: ReadonlyArray<Named> | undefined
}

/** The name that the file writes. */
export const baseOf = (name: string): string => {
  const at = name.indexOf("[")
  return at === -1 ? name : name.slice(0, at)
}

interface Placed<A> {
  /** The act of the file to which it belongs, itself or a group. */
  readonly root: A
  /** Its place in each group around it, the outermost first. */
  readonly places: ReadonlyArray<number>
  readonly isGroup: boolean
}

const placed = <A extends Named>(acts: ReadonlyArray<A>): ReadonlyMap<string, Placed<A>> => {
  const found = new Map<string, Placed<A>>()
  const visit = (act: Named, root: A, places: ReadonlyArray<number>): void => {
    found.set(act.name, { root, places, isGroup: act.acts !== undefined })
    for (const [place, inner] of (act.acts ?? []).entries()) visit(inner, root, [...places, place])
  }
  for (const act of acts) visit(act, act, [])
  return found
}

/** The act of the file to which each act belongs, itself or a group, by the names that the file writes. */
export const rootsOf = <A extends Named>(acts: ReadonlyArray<A>): ReadonlyMap<string, A> =>
  new Map(Array.from(placed(acts), ([name, { root }]) => [name, root]))

/** By rounds and items first, in each by the order of its group, and a group after what is in it. */
const orderOf = (name: string, { isGroup, places }: Placed<unknown>): ReadonlyArray<number> => {
  const indices = Array.from(name.slice(baseOf(name).length).matchAll(/\[(\d+)\]/g), ([, index]) => Number(index))
  const way = indices.flatMap((index, depth) => [index, places[depth] ?? 0])
  return isGroup || indices.length < places.length ? [...way, Infinity] : way
}

const compare = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [left = -1, right = -1] = [a[i], b[i]]
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** Sorts what belongs to acts by the order of the file, in groups by rounds and items; the group itself comes last. */
export const inOrder = <B>(
  acts: ReadonlyArray<Named>,
  all: Iterable<readonly [name: string, value: B]>
): ReadonlyArray<B> => {
  const places = placed(acts)
  const byRoot = new Map<
    string,
    { readonly inner: Array<readonly [ReadonlyArray<number>, B]>; own: ReadonlyArray<B> }
  >()
  for (const { name } of acts) byRoot.set(name, { inner: [], own: [] })
  for (const [name, value] of all) {
    const place = places.get(baseOf(name))
    const found = place === undefined ? undefined : byRoot.get(place.root.name)
    if (place === undefined || found === undefined) continue
    if (byRoot.has(name)) found.own = [value]
    else found.inner.push([orderOf(name, place), value])
  }
  return [...byRoot.values()].flatMap(({ inner, own }) => [
    ...inner.toSorted(([a], [b]) => compare(a, b)).map(([, value]) => value),
    ...own
  ])
}
