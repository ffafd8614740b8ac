/** Changes of a text that is cut into pieces: the pieces are cut again at the same places. */

export interface Edit {
  /** What is replaced, by its places in the text: half-open, and apart from the other edits. */
  readonly start: number
  readonly end: number
  readonly replacement: string
}

/**
 * The pieces with the edits in them. The pieces are bytes of one text in `encoding`, and the places of the edits are
 * places in that text. A piece that ended within what is replaced ends as far within the replacement, in proportion.
 */
export const applied = (
  pieces: ReadonlyArray<Uint8Array>,
  text: string,
  edits: ReadonlyArray<Edit>,
  encoding: "utf8" | "latin1"
): ReadonlyArray<Uint8Array> => {
  if (edits.length === 0) return pieces
  const parts: Array<Buffer> = []
  /** For each stretch of old bytes the stretch of new ones. */
  const stretches: Array<{ from: number; length: number; to: number; newLength: number; kept: boolean }> = []
  let from = 0
  let to = 0
  const add = (old: string, now: string, kept: boolean) => {
    const bytes = Buffer.from(now, encoding)
    const length = kept ? bytes.length : Buffer.byteLength(old, encoding)
    stretches.push({ from, length, to, newLength: bytes.length, kept })
    parts.push(bytes)
    from += length
    to += bytes.length
  }
  let at = 0
  for (const { end, replacement, start } of edits.toSorted((a, b) => a.start - b.start)) {
    const before = text.slice(at, start)
    add(before, before, true)
    add(text.slice(start, end), replacement, false)
    at = end
  }
  add(text.slice(at), text.slice(at), true)
  const whole = Buffer.concat(parts)
  const made: Array<Uint8Array> = []
  let old = 0
  let start = 0
  let stretch = 0
  for (const piece of pieces) {
    old += piece.length
    while (stretch < stretches.length - 1) {
      const { from, length } = stretches[stretch] ?? { from: 0, length: 0 }
      if (old <= from + length) break
      stretch++
    }
    const { from, kept, length, newLength, to } = stretches[stretch] ??
      { from: 0, length: 0, to: 0, newLength: 0, kept: true }
    const inside = old - from
    const end = to + (kept || length === 0 ? inside : Math.round(inside * newLength / length))
    made.push(whole.subarray(start, end))
    start = end
  }
  return made
}
