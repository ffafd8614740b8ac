/**
 * Bytes that came in pieces and are wanted as one: how many they are, and no more memory than
 * that. A piece is a view of what was read from the socket, which it keeps alive, and costs a
 * hundred bytes itself: small ones are copied together once there are many, each once.
 */
import * as Utf8 from "./utf8.ts"

/** So many pieces are looked at together. */
const many = 256

/** Below this size on average they are copied. */
const small = 8 * 1024

export class Pieces {
  #pieces: Array<Uint8Array> = []
  /** How many of them, and of how many bytes, were looked at. */
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

  /** All of it as one. May lie in a larger buffer. */
  whole(): Uint8Array {
    const [only] = this.#pieces
    if (only !== undefined && this.#pieces.length === 1) return only
    const whole = Utf8.concat(this.#pieces)
    this.#pieces = [whole]
    this.#settled = 1
    this.#settledBytes = this.bytes
    return whole
  }

  /** All of it as one; there is nothing left here. */
  take(): Uint8Array {
    const whole = this.whole()
    this.drop()
    return whole
  }

  /** All of it as it came; there is nothing left here. */
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
