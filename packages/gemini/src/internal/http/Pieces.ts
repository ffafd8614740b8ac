/**
 * Bytes that came in pieces and are wanted as one. It knows how many they are, and takes no more memory than that. A
 * piece is a view of what was read from the socket, which it keeps alive, and costs a hundred bytes itself. So small
 * pieces are copied together once there are many, each of them once.
 */
import * as Utf8 from "./utf8.ts"

/** The number of pieces that are looked at together. */
const many = 256

/** Pieces that are smaller than this on average are copied. */
const small = 8 * 1024

export class Pieces {
  #pieces: Array<Uint8Array> = []
  /** How many pieces, and of how many bytes, were looked at already. */
  #settled = 0
  #settledBytes = 0
  bytes = 0

  push(piece: Uint8Array): void {
    this.bytes += piece.length
    if (this.#pieces.push(piece) === this.#settled + many) this.#settle()
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0
  }

  /** All bytes as one array, which may lie in a larger buffer. */
  whole(): Uint8Array {
    const [only] = this.#pieces
    if (only !== undefined && this.#pieces.length === 1) return only
    const whole = Utf8.concat(this.#pieces)
    this.#pieces = [whole]
    this.#settled = 1
    this.#settledBytes = this.bytes
    return whole
  }

  /** All bytes as one array; nothing is left here. */
  take(): Uint8Array {
    const whole = this.whole()
    this.drop()
    return whole
  }

  /** All bytes in the pieces in which they came; nothing is left here. */
  takeAll(): ReadonlyArray<Uint8Array> {
    const pieces = this.#pieces
    this.drop()
    return pieces
  }

  drop(): void {
    this.#pieces = []
    this.#settled = this.#settledBytes = this.bytes = 0
  }

  #settle(): void {
    if (this.bytes - this.#settledBytes < many * small) {
      this.#pieces.push(Utf8.concat(this.#pieces.splice(this.#settled)))
    }
    this.#settled = this.#pieces.length
    this.#settledBytes = this.bytes
  }
}
