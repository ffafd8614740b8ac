/**
 * Bytes of an event stream → the `data` of its events, in linear time.
 *
 * Why not Effect's Sse: it drops an unterminated last event, fails on `retry:`,
 * bounds events at 10 MiB (inline images pass that) and walks strings character by
 * character, which is 0.69 of a byte splitter's throughput on 40-byte chunks.
 *
 * Invariants: bytes of an unfinished line are kept as they came and decoded only
 * when the line is whole, so no split point can break a UTF-8 sequence; every byte is
 * looked at once.
 */
const LF = 10
const CR = 13

export class SseSplitter {
  #held: Array<Uint8Array> = []
  #data: string | undefined = undefined
  #afterCr = false
  #first = true
  readonly #decoder = new TextDecoder()

  /** Feeds bytes; returns the data of every event that they completed. */
  push(bytes: Uint8Array): Array<string> {
    const out: Array<string> = []
    let start = 0
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]
      if (byte !== LF && byte !== CR) {
        this.#afterCr = false
        continue
      }
      if (byte === LF && this.#afterCr) {
        this.#afterCr = false
        start = i + 1
        continue
      }
      this.#line(this.#take(bytes.subarray(start, i)), out)
      this.#afterCr = byte === CR
      start = i + 1
    }
    if (start < bytes.length) this.#held.push(bytes.slice(start))
    return out
  }

  /** The end of the body: an event without its blank line still counts. */
  end(): Array<string> {
    const out: Array<string> = []
    if (this.#held.length > 0) this.#line(this.#take(new Uint8Array(0)), out)
    this.#line("", out)
    return out
  }

  #take(tail: Uint8Array): string {
    if (this.#held.length === 0) return this.#decoder.decode(tail)
    this.#held.push(tail)
    const whole = new Uint8Array(this.#held.reduce((n, piece) => n + piece.length, 0))
    let offset = 0
    for (const piece of this.#held) {
      whole.set(piece, offset)
      offset += piece.length
    }
    this.#held = []
    return this.#decoder.decode(whole)
  }

  #line(line: string, out: Array<string>): void {
    if (this.#first) {
      this.#first = false
      if (line.charCodeAt(0) === 0xfeff) line = line.slice(1)
    }
    if (line === "") {
      if (this.#data !== undefined) out.push(this.#data)
      this.#data = undefined
    } else if (line.startsWith("data:")) {
      const value = line.charCodeAt(5) === 32 ? line.slice(6) : line.slice(5)
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    }
  }
}
