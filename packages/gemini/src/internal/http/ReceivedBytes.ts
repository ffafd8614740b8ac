/** The last bytes of a streamed body, for the error of an interruption, and what becomes of the pieces of one read. */
import type * as Arr from "effect/Array"
import * as Body from "./responseBody.ts"
import { SseSplitter } from "./SseSplitter.ts"
import { StreamSplitter } from "./StreamSplitter.ts"
import * as Utf8 from "./utf8.ts"

/** How much wire text of a stream is kept for the error of an interruption. */
export const receivedLimit = 1 << 20

/** So much is dropped at once: taking off one piece after the other costs a long stream 2 %. */
const slack = receivedLimit / 8

/** What a piece costs besides its bytes. It is counted so that a stream of single bytes is bounded, too. */
const pieceCost = 200

/**
 * What came last, in the form in which it came. Bytes lie outside the heap; parsed chunks or their texts would be
 * copied from generation to generation, and make each chunk of a long stream a tenth dearer. The bytes are split once
 * more when an error asks for them. The objects of a JSON array cannot be found again from the middle, so their texts
 * are kept.
 */
export class ReceivedBytes {
  #pieces: Array<Uint8Array> = []
  #texts: Array<string> = []
  #length = 0
  #dropped = false
  /** How many chunks the consumer got. */
  delivered = 0

  addBytes(bytes: Uint8Array): void {
    this.#pieces.push(bytes)
    this.#length += bytes.length + pieceCost
    if (this.#length > receivedLimit + slack) this.#drop()
  }

  #drop(): void {
    let count = 0
    for (; this.#length > receivedLimit; count++) this.#length -= (this.#pieces[count]?.length ?? 0) + pieceCost
    this.#pieces.splice(0, count)
    this.#dropped = true
  }

  addTexts(texts: ReadonlyArray<string>): void {
    for (const text of texts) {
      this.#texts.push(text)
      this.#length += text.length + pieceCost
    }
    while (this.#length > receivedLimit) this.#length -= (this.#texts.shift()?.length ?? 0) + pieceCost
  }

  /** The chunks, the oldest first. */
  chunks(): Array<unknown> {
    return this.#split().map(Body.parse).filter((chunk) => chunk !== undefined)
  }

  #split(): ReadonlyArray<string> {
    if (this.#pieces.length === 0) return this.#texts
    if (this.#length > receivedLimit) this.#drop()
    // The rest of an event that began in a dropped piece does not look like a line of data, and falls away.
    const splitter = this.#dropped ? new SseSplitter() : new StreamSplitter()
    const texts = this.#pieces.flatMap((piece) => splitter.push(piece))
    return texts.concat(splitter.end())
  }
}

/**
 * undici hands over a piece for each HTTP chunk. If the pieces are smaller than this on average, joining those of one
 * read is cheaper than splitting and decoding each of them. If they are larger, the copy is a seventh of a chunk's
 * cost, and garbage outside the heap (packages/bench: chunks-40, chunks-2k, rss-200M).
 */
const smallPiece = 1024

export const joined = (pieces: Arr.NonEmptyReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> => {
  if (pieces.length === 1) return pieces
  let size = 0
  for (const piece of pieces) size += piece.length
  return size < smallPiece * pieces.length ? [Utf8.concat(pieces)] : pieces
}
