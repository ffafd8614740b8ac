/** The order of play is that of the file; an act comes later only if it needs one that stands behind it. */

interface Node {
  readonly name: string
  readonly needs: ReadonlyArray<string>
}

/** Fails with the names of a cycle, the first repeated at the end. Unknown names are ignored. */
export const order = <A extends Node>(
  acts: ReadonlyArray<A>
): { readonly order: ReadonlyArray<A> } | { readonly cycle: ReadonlyArray<string> } => {
  const names = new Set(acts.map((act) => act.name))
  const done = new Set<string>()
  const out: Array<A> = []
  while (out.length < acts.length) {
    const next = acts.find((act) =>
      !done.has(act.name) && act.needs.every((need) => done.has(need) || !names.has(need))
    )
    if (next === undefined) return { cycle: cycleOf(acts.filter((act) => !done.has(act.name))) }
    done.add(next.name)
    out.push(next)
  }
  return { order: out }
}

// Every act that is left needs another one that is left, so following these needs leads into a cycle.
const cycleOf = (left: ReadonlyArray<Node>): ReadonlyArray<string> => {
  const byName = new Map(left.map((act) => [act.name, act]))
  const path: Array<string> = []
  let name = left[0]?.name
  while (name !== undefined && !path.includes(name)) {
    path.push(name)
    name = byName.get(name)?.needs.find((need) => byName.has(need))
  }
  return name === undefined ? path : [...path.slice(path.indexOf(name)), name]
}
