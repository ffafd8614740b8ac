/**
 * Bytes of a JSON stream → its objects: the array that streamGenerateContent sends
 * without `alt=sse` (`[{…}`, `,\r\n{…}`, `]`), or objects one after another.
 *
 * Invariants: braces count only outside strings; every byte is looked at once; an
 * object's bytes are joined and decoded once, when its last brace has come; of one that is
 * larger than `limit` nothing is kept.
 */
import { Pieces } from "./Pieces.ts"
import type { Splitter } from "./StreamSplitter.ts"
import * as Utf8 from "./utf8.ts"

const QUOTE = 34
const COMMA = 44
const BACKSLASH = 92
const OPEN_LIST = 91
const CLOSE_LIST = 93
const OPEN = 123
const CLOSE = 125

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13)

/** A byte of a byte order mark. */
const isMark = (byte: number): boolean => byte === 0xef || byte === 0xbb || byte === 0xbf

export class JsonSplitter implements Splitter {
  readonly #held = new Pieces()
  readonly #limit: number
  #depth = 0
  #inString = false
  #escaped = false
  #stray = ""
  cut = false
  isTooLarge = false

  constructor(limit = Infinity) {
    this.#limit = limit
  }

  push(bytes: Uint8Array, out: Array<string> = []): ReadonlyArray<string> {
    if (this.isTooLarge) return out
    let start = this.#depth > 0 ? 0 : -1
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === BACKSLASH) this.#escaped = true
        else if (byte === QUOTE) this.#inString = false
      } else if (byte === OPEN) {
        if (this.#depth++ === 0) start = i
      } else if (this.#depth > 0) {
        if (byte === QUOTE) this.#inString = true
        else if (byte === CLOSE && --this.#depth === 0) {
          if (!this.#hold(bytes.subarray(start, i + 1))) return out
          out.push(Utf8.decode(this.#held.take()))
          start = -1
        }
      } else if (
        byte !== COMMA && byte !== OPEN_LIST && byte !== CLOSE_LIST && !isSpace(byte) && !isMark(byte) &&
        this.#stray.length < 100
      ) {
        this.#stray += String.fromCharCode(byte)
      }
    }
    if (start >= 0) this.#hold(bytes.subarray(start))
    return out
  }

  end(): ReadonlyArray<string> {
    this.cut = this.#depth > 0 && !this.isTooLarge
    return this.cut ? [Utf8.decode(this.#held.take())] : []
  }

  /** Whether it is not too much. */
  #hold(bytes: Uint8Array): boolean {
    this.#held.push(bytes)
    if (this.#held.bytes <= this.#limit) return true
    this.isTooLarge = true
    this.#held.drop()
    return false
  }

  get stray(): string {
    return this.#stray
  }
}
