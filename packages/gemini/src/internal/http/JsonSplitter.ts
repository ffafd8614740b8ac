/**
 * Splits the bytes of a JSON stream into its objects: those of the array that streamGenerateContent sends without
 * `alt=sse` (`[{…}`, `,\r\n{…}`, `]`), or objects one after another.
 *
 * Invariants: braces count only outside strings. Every byte is looked at once. The bytes of an object are joined and
 * decoded once, when its last brace has come. Nothing is kept of an object that is larger than `limit`.
 */
import { Pieces } from "./Pieces.ts"
import type { Splitter } from "./StreamSplitter.ts"
import * as Utf8 from "./utf8.ts"

const QUOTE = 34
const BACKSLASH = 92
const OPEN = 123
const CLOSE = 125

/** The bytes between objects: those of the list, white space, and a byte order mark. */
const between: ReadonlySet<number> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ new TextEncoder().encode(",[] \t\n\v\f\r\uFEFF")
)

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
      } else if (!between.has(byte) && this.#stray.length < 100) {
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

  /** Holds bytes, and tells whether they are within the limit. */
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
