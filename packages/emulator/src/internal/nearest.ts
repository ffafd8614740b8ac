/** Finds the name that somebody may have meant. */

/** How many letters must be changed, inserted, left out or swapped with their neighbour. */
const distance = (a: string, b: string): number => {
  let before: ReadonlyArray<number> = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}

/** The nearest of some names, if one is near: at most two of five letters are wrong, or the beginnings agree. */
export const nearest = (name: string, names: Iterable<string>): string | undefined => {
  const asked = name.slice(0, 64).toLowerCase()
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const each of names) {
    const known = each.toLowerCase()
    const far = known.startsWith(asked) && asked.length > 1 ? 0.5 : distance(asked, known)
    if (far < least && far <= Math.max(1, Math.floor(known.length * 0.4))) {
      best = each
      least = far
    }
  }
  return best
}

/** Gives ` Did you mean "x"?`, or an empty text. */
export const suggestion = (name: string, names: Iterable<string>): string => {
  const meant = nearest(name, names)
  return meant === undefined ? "" : ` Did you mean "${meant}"?`
}
