/**
 * Splits the bytes of a streamed body into the JSON texts in it, whatever the framing is.
 *
 * The first character decides, and not the content type, which gateways get wrong: an event stream cannot begin with a
 * brace or bracket, and a JSON stream must.
 */
import { JsonSplitter } from "./JsonSplitter.ts"
import { Pieces } from "./Pieces.ts"
import { SseSplitter } from "./SseSplitter.ts"

/** One framing. Feed it bytes as they come, then end it once. */
export interface Splitter {
  /** Takes bytes, and returns `out` with the texts that they completed. The bytes are kept, not copied. */
  readonly push: (bytes: Uint8Array, out?: Array<string>) => ReadonlyArray<string>
  /** Ends the body, and returns what had come of the last text, whole or not. */
  readonly end: () => ReadonlyArray<string>
  /** Whether `end` returned a text without its terminator, which may be only half of a text. */
  readonly cut: boolean
  /** Whether one text was larger than the limit. Nothing of it was kept, and nothing comes after it. */
  readonly isTooLarge: boolean
  /** Text that belongs to no event or object, such as an error body after the last event. */
  readonly stray: string
}

const isBrace = (byte: number): boolean => byte === 123 || byte === 91

/** Whether this byte decides nothing: blanks, and the bytes of a byte order mark. */
const isPreamble = (byte: number): boolean =>
  byte === 32 || (byte >= 9 && byte <= 13) || byte === 0xef || byte === 0xbb || byte === 0xbf

export class StreamSplitter implements Splitter {
  #splitter: Splitter | undefined
  readonly #preamble = new Pieces()
  readonly #limit: number
  #isTooLarge = false

  /** `limit` is the most bytes that one text may have. */
  constructor(limit = Infinity) {
    this.#limit = limit
  }

  push(bytes: Uint8Array, out: Array<string> = []): ReadonlyArray<string> {
    if (this.#splitter !== undefined) return this.#splitter.push(bytes, out)
    const first = bytes.find((byte) => !isPreamble(byte))
    if (first === undefined) {
      this.#preamble.push(bytes)
      this.#isTooLarge = this.#preamble.bytes > this.#limit
      if (this.#isTooLarge) this.#preamble.drop()
      return out
    }
    const splitter = isBrace(first) ? new JsonSplitter(this.#limit) : new SseSplitter(this.#limit)
    this.#splitter = splitter
    for (const piece of this.#preamble.takeAll()) splitter.push(piece, out)
    return splitter.push(bytes, out)
  }

  end(): ReadonlyArray<string> {
    return this.#splitter?.end() ?? []
  }

  /** Whether the body consists of events, whose lines can be found again from the middle of a stream. */
  get isEvents(): boolean {
    return this.#splitter instanceof SseSplitter
  }

  get cut(): boolean {
    return this.#splitter?.cut ?? false
  }

  get isTooLarge(): boolean {
    return this.#splitter?.isTooLarge ?? this.#isTooLarge
  }

  get stray(): string {
    return this.#splitter?.stray ?? ""
  }
}
