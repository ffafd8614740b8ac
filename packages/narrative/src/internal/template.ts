/**
 * `{{name}}` in texts stands for a variable or for the output of an earlier act. `\{{` is a literal `{{`; braces around
 * anything but a name stay as they are.
 */

export type Piece = string | { readonly ref: string }

export const namePattern = /^[A-Za-z][A-Za-z0-9_-]*$/

const token = /\\\{\{|\{\{\s*([A-Za-z][A-Za-z0-9_-]*)\s*\}\}/g

/** Cuts a text into its pieces, in order; neighbouring text is one piece. */
export const parse = (text: string): ReadonlyArray<Piece> => {
  const pieces: Array<Piece> = []
  let literal = ""
  let from = 0
  for (const match of text.matchAll(token)) {
    literal += text.slice(from, match.index)
    from = match.index + match[0].length
    const ref = match[1]
    if (ref === undefined) literal += "{{"
    else {
      if (literal !== "") pieces.push(literal)
      literal = ""
      pieces.push({ ref })
    }
  }
  literal += text.slice(from)
  if (literal !== "") pieces.push(literal)
  return pieces
}

/** Replaces the references that `value` knows and keeps the others. */
export const fill = (
  pieces: ReadonlyArray<Piece>,
  value: (ref: string) => string | undefined
): ReadonlyArray<Piece> => {
  const out: Array<Piece> = []
  for (const piece of pieces) {
    const next = typeof piece === "string" ? piece : value(piece.ref) ?? piece
    const last = out.at(-1)
    if (typeof next === "string" && typeof last === "string") out[out.length - 1] = last + next
    else out.push(next)
  }
  return out
}

export const render = (pieces: ReadonlyArray<Piece>, outputOf: (act: string) => string): string =>
  pieces.map((piece) => typeof piece === "string" ? piece : outputOf(piece.ref)).join("")

export const refs = (pieces: ReadonlyArray<Piece>): ReadonlyArray<string> =>
  pieces.flatMap((piece) => typeof piece === "string" ? [] : [piece.ref])
