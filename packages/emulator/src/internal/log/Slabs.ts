/**
 * Bytes of many requests side by side in few large pieces: V8 neither moves nor counts them one by one.
 *
 * A slab is freed as soon as all that it holds is given back, and not when the collector comes by, which
 * does not see how much is waiting for it. A log drops its oldest first, so what a slab holds goes at
 * about the same time. Whoever looks at it after that finds it gone.
 */

export interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** How many places are in it. */
  places: number
  used: number
}

/** Where some bytes are. */
export interface Place {
  readonly slab: Slab
  readonly from: number
  readonly to: number
}

/** Undefined: it is gone. */
export const read = ({ slab }: Place, from: number, to: number): Uint8Array | undefined =>
  slab.bytes.byteLength === 0 ? undefined : slab.bytes.subarray(from, to)

const made = (length: number): Slab => ({ bytes: new Uint8Array(length), places: 0, used: 0 })

const smallest = 4096
const largest = 256 * 1024

export class Slabs {
  private size = smallest
  private current = made(0)

  /** Copies of them, in a row: what a connection hands over may be a part of something large. */
  put(pieces: ReadonlyArray<Uint8Array>): Place {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const slab = this.slabFor(length)
    const from = slab.used
    for (const piece of pieces) {
      slab.bytes.set(piece, slab.used)
      slab.used += piece.length
    }
    slab.places++
    return { slab, from, to: slab.used }
  }

  private slabFor(length: number): Slab {
    if (length > largest / 4) return made(length)
    if (this.current.used + length > this.current.bytes.length) {
      const full = this.current
      this.current = made(Math.max(this.size, length))
      this.size = Math.min(2 * this.size, largest)
      this.free(full)
    }
    return this.current
  }

  /** Gives a place back. */
  drop({ slab }: Place): void {
    slab.places--
    this.free(slab)
  }

  private free(slab: Slab): void {
    if (slab.places <= 0 && slab !== this.current) slab.bytes.buffer.transfer(0)
  }

  clear(): void {
    this.current = made(0)
    this.size = smallest
  }
}
