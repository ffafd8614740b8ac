/** The lines of a text that is kept as bytes, one at a time. */
const newline = 10

export function* linesOf(bytes: Iterable<Uint8Array>): Generator<string> {
  const decoder = new TextDecoder()
  let rest: Array<Uint8Array> = []
  const line = () => decoder.decode(rest.length === 1 ? rest[0] : Buffer.concat(rest))
  for (const piece of bytes) {
    let from = 0
    for (let at = piece.indexOf(newline); at !== -1; at = piece.indexOf(newline, from)) {
      rest.push(piece.subarray(from, at))
      yield line()
      rest = []
      from = at + 1
    }
    if (from < piece.length) rest.push(piece.subarray(from))
  }
  if (rest.length > 0) yield line()
}
