/**
 * Bytes of many requests side by side in few large pieces, because V8 neither moves nor counts these one by one.
 *
 * A slab is freed as soon as everything in it is given back, without waiting for the collector, which does not see how
 * much memory is waiting for it. A log drops its oldest entries first, so that the content of a slab goes at about the
 * same time. A reader that comes after that finds nothing.
 */

export interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** How many places in it are in use. */
  places: number
  used: number
}

/** Where the bytes of one entry are. */
export interface Extent {
  readonly slab: Slab
  readonly from: number
  readonly to: number
}

/** Reads bytes of a place. Undefined: they are gone. */
export const read = ({ slab }: Extent, from: number, to: number): Uint8Array | undefined =>
  slab.bytes.byteLength === 0 ? undefined : slab.bytes.subarray(from, to)

const made = (length: number): Slab => ({ bytes: new Uint8Array(length), places: 0, used: 0 })

const smallest = 4096
const largest = 256 * 1024

export class Slabs {
  private size = smallest
  private current = made(0)

  /** Copies the pieces in a row. Copying is needed because a connection may hand over a part of something large. */
  put(pieces: ReadonlyArray<Uint8Array>): Extent {
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
  drop({ slab }: Extent): void {
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
