/** The order of play is that of the file; an act comes later only if it needs one that stands behind it. */
import { Ready } from "./Ready.ts"

interface Node {
  readonly name: string
  readonly needs: ReadonlyArray<string>
}

/** Fails with the names of a cycle, the first repeated at the end. Unknown names are ignored. */
export const order = <A extends Node>(
  acts: ReadonlyArray<A>
): { readonly order: ReadonlyArray<A> } | { readonly cycle: ReadonlyArray<string> } => {
  const ready = new Ready(acts)
  const out: Array<A> = []
  for (let act = ready.take(); act !== undefined; act = ready.take()) {
    out.push(act)
    ready.done(act)
  }
  if (out.length === acts.length) return { order: out }
  const done = new Set(out)
  return { cycle: cycleOf(acts.filter((act) => !done.has(act))) }
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
