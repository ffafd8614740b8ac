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

/** The act of the file to which each act belongs, itself or a group, by the names that the file writes. */
export const rootsOf = <A extends Named>(acts: ReadonlyArray<A>): ReadonlyMap<string, A> => {
  const roots = new Map<string, A>()
  const visit = (act: Named, root: A): void => {
    roots.set(act.name, root)
    for (const inner of act.acts ?? []) visit(inner, root)
  }
  for (const act of acts) visit(act, act)
  return roots
}

/** Sorts what belongs to acts by the order of the file; what is of one act stays as it came, the act itself last. */
export const inOrder = <B>(
  acts: ReadonlyArray<Named>,
  all: Iterable<readonly [name: string, value: B]>
): ReadonlyArray<B> => {
  const roots = rootsOf(acts)
  const byRoot = new Map<string, { readonly inner: Array<B>; own: ReadonlyArray<B> }>()
  for (const { name } of acts) byRoot.set(name, { inner: [], own: [] })
  for (const [name, value] of all) {
    const place = byRoot.get(roots.get(baseOf(name))?.name ?? "")
    if (place === undefined) continue
    if (byRoot.has(name)) place.own = [value]
    else place.inner.push(value)
  }
  return [...byRoot.values()].flatMap(({ inner, own }) => [...inner, ...own])
}
