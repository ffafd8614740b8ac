/**
 * The line of a key in a TOML text that is known to be valid, for messages about its value. Effect's Toml gives values
 * without positions. This reads no values: it follows table headers and the keys at the beginnings of lines, so a key
 * within an inline table is found at the line of that table.
 */

export type Path = ReadonlyArray<string | number>

const part = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))\s*(\.|$)/y

/** The names of a dotted key, or `undefined` if the text is not a key. */
const namesOf = (key: string): ReadonlyArray<string> | undefined => {
  const names: Array<string> = []
  part.lastIndex = 0
  while (part.lastIndex < key.length) {
    const found = part.exec(key)
    if (found === null) return undefined
    names.push(found[1] ?? found[2] ?? found[3] ?? "")
  }
  return names.length === 0 ? undefined : names
}

const shared = (path: Path, other: Path): number => {
  let length = 0
  while (length < path.length && length < other.length && String(path[length]) === String(other[length])) length++
  return length
}

/** The line, from 1, of a key or of its nearest parent that has one. */
export const lineOf = (text: string, path: Path): number | undefined => {
  let best: number | undefined
  let depth = 0
  let table: Path = []
  let open: string | undefined
  const rows = new Map<string, number>()
  text.replace(/^\uFEFF/, "").split("\n").forEach((line, index) => {
    const wasOpen = open !== undefined
    for (const [quotes] of line.matchAll(/"""|'''/g)) {
      open = open === undefined
        ? quotes
        : open === quotes
        ? undefined
        : open
    }
    if (wasOpen) return
    const header = /^\s*\[(\[?)([^\]]+)\]/.exec(line)
    const key = header === null ? /^([^=#[{]+?)\s*=/.exec(line)?.[1] : undefined
    const names = namesOf((header?.[2] ?? key ?? "").trim())
    if (names === undefined) return
    let here: Path = header === null ? [...table, ...names] : names
    if (header !== null) {
      const id = JSON.stringify(names)
      const row = (rows.get(id) ?? -1) + 1
      if (header[1] === "[") {
        rows.set(id, row)
        here = [...names, row]
      }
      table = here
    }
    const length = shared(path, here)
    if (length > depth) {
      depth = length
      best = index + 1
    }
  })
  return best
}
