/** Cuts bytes into lines. A line has a bound, because whoever writes it chooses its length. */
import { Pieces } from "../http/Pieces.ts"

const newline = 10

export class JsonLines {
  readonly #rest = new Pieces()
  readonly #decoder = new TextDecoder()
  readonly #limit: number
  isTooLarge = false

  /** `limit` is the most bytes of a line. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** The lines that these bytes complete, without blank ones. */
  push(bytes: Uint8Array): ReadonlyArray<string> {
    const lines: Array<string> = []
    let from = 0
    for (let at = bytes.indexOf(newline); at !== -1 && !this.isTooLarge; at = bytes.indexOf(newline, from)) {
      this.#keep(bytes.subarray(from, at))
      this.#complete(lines)
      from = at + 1
    }
    this.#keep(bytes.subarray(from))
    return lines
  }

  /** The last line, if it has no end of its own. */
  end(): ReadonlyArray<string> {
    const lines: Array<string> = []
    this.#complete(lines)
    return lines
  }

  #keep(bytes: Uint8Array): void {
    if (this.#rest.bytes + bytes.length > this.#limit) this.isTooLarge = true
    if (this.isTooLarge) return this.#rest.drop()
    // What a consumer keeps of the socket's own buffer would change under it.
    if (bytes.length > 0) this.#rest.push(bytes.slice())
  }

  #complete(lines: Array<string>): void {
    if (this.#rest.isEmpty || this.isTooLarge) return
    const line = this.#decoder.decode(this.#rest.take())
    if (line.trim() !== "") lines.push(line)
  }
}
