/** Names by their likeness to one that was meant. Pure. */

/** How many letters must be put in, left out or changed to make one of the other. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min((row[j] ?? 0) + (a[i] === b[j] ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** A model may make up a name of any length, and only its beginning is compared. */
const compared = 64

/** The names, those first that are like `meant`; the others stay in their order. */
export const first = (meant: string, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const wanted = meant.slice(0, compared).toLowerCase()
  const limit = Math.max(2, Math.floor(wanted.length / 3))
  const rated = names.map((name) => ({ name, far: distance(wanted, name.slice(0, compared).toLowerCase()) }))
  return rated.map((entry) => entry.far <= limit ? entry : { ...entry, far: limit + 1 })
    .sort((a, b) => a.far - b.far)
    .map(({ name }) => name)
}
