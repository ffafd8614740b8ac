/** The name that somebody may have meant: of a model, of an option, of a word that an option takes. Pure. */

/** How many edits (insert, drop, change, swap neighbours) turn one name into the other. */
export const distance = (a: string, b: string): number => {
  let before: Array<number> = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let best = Math.min(change, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (before[j - 2] ?? 0) + 1)
      }
      row.push(best)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}

/** The names of which at most so large a share of the letters differs, the nearest first. */
export const nearest = (name: string, names: Iterable<string>, share: number): ReadonlyArray<string> =>
  name.length > 100 ? [] : Array.from(names, (known) => ({ known, edits: distance(name, known) }))
    .filter(({ edits }) => edits <= name.length * share)
    .sort((a, b) => a.edits - b.edits || a.known.length - b.known.length)
    .map(({ known }) => known)
