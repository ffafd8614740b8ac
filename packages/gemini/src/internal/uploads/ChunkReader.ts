/** The chunks in which a source is uploaded: parts of what lies in memory, or made of the pieces that a source gives. */
import * as Effect from "effect/Effect"
import type { GeminiError } from "../../GeminiError.ts"
import { type NextPiece, stretch, type Whole } from "./source.ts"

export interface Chunk {
  /** It is valid until the next but one is read. */
  readonly bytes: Uint8Array
  readonly isLast: boolean
}

/** Reads the next chunk: a full one, or what is left. An empty one is read only where the source is empty. */
export interface Chunks<E> {
  readonly read: Effect.Effect<Chunk, GeminiError | E>
}

/** Chunks of a source that gives any of its bytes at once: none of them is copied, and no buffer is kept. */
export const sliced = (
  { size, slice }: Whole,
  { length, offset }: { readonly offset: number; readonly length: number }
): Chunks<never> => {
  let at = offset
  return {
    read: Effect.suspend(() => {
      const from = at
      at = Math.max(from, Math.min(from + length, size))
      const isLast = at >= size
      return Effect.map(slice(from, at), (bytes) => ({ bytes, isLast }))
    })
  }
}

/**
 * Makes chunks of pieces in two buffers, so that one can be read while the other is sent, and knows which chunk is the last
 * one. Reading ahead by one piece tells it, because a source may end exactly where a chunk does.
 */
export class ChunkReader<E> implements Chunks<E> {
  #buffer: Uint8Array
  #other: Uint8Array
  readonly #next: NextPiece<E>
  #filled = 0
  #yielded = 0
  /** What was read and found no room in the chunk. */
  #ahead: Uint8Array = new Uint8Array()

  constructor(buffers: readonly [Uint8Array, Uint8Array], next: NextPiece<E>) {
    ;[this.#buffer, this.#other] = buffers
    this.#next = next
  }

  readonly read: Effect.Effect<Chunk, GeminiError | E> = Effect.suspend(() => {
    const full = this.#buffer
    this.#buffer = this.#other
    this.#other = full
    this.#filled = 0
    this.#yielded = 0
    this.#take(this.#ahead)
    return this.#fill
  })

  #take(piece: Uint8Array): void {
    const room = Math.min(piece.length, this.#buffer.length - this.#filled)
    this.#buffer.set(piece.subarray(0, room), this.#filled)
    this.#filled += room
    this.#ahead = piece.subarray(room)
  }

  readonly #fill: Effect.Effect<Chunk, GeminiError | E> = Effect.suspend(() => {
    if (this.#ahead.length > 0) return Effect.succeed(this.#chunk(false))
    return Effect.flatMap(this.#next, (piece) => {
      if (piece === undefined) return Effect.succeed(this.#chunk(true))
      this.#take(piece)
      // A source that never waits would keep the bytes of the chunk before from leaving.
      const isLong = this.#filled - this.#yielded >= stretch
      if (isLong) this.#yielded = this.#filled
      return isLong ? Effect.andThen(Effect.yieldNow, this.#fill) : this.#fill
    })
  })

  #chunk(isLast: boolean): Chunk {
    return { bytes: this.#buffer.subarray(0, this.#filled), isLast }
  }
}
