/**
 * Bytes of many requests side by side in few large pieces: V8 neither moves nor counts them one by
 * one, and 100,000 small ones take what their bytes take (measured: half of what they do apart).
 *
 * A slab is freed when nothing points into it any more. A log drops its oldest first, so what a slab
 * holds goes at about the same time.
 */

/** Where some bytes are. */
export interface Place {
  readonly slab: Uint8Array
  readonly from: number
  readonly to: number
}

const smallest = 4096
const largest = 256 * 1024

export const bytesOf = ({ from, slab, to }: Place): Uint8Array => slab.subarray(from, to)

export class Slabs {
  private size = smallest
  private slab = new Uint8Array(0)
  private used = 0

  /** A copy, since what a connection hands over may be a part of something large. */
  put(bytes: Uint8Array): Place {
    if (bytes.length > largest / 4) return { slab: bytes.slice(), from: 0, to: bytes.length }
    if (this.used + bytes.length > this.slab.length) {
      this.slab = new Uint8Array(Math.max(this.size, bytes.length))
      this.used = 0
      this.size = Math.min(2 * this.size, largest)
    }
    const from = this.used
    this.slab.set(bytes, from)
    this.used += bytes.length
    return { slab: this.slab, from, to: this.used }
  }

  clear(): void {
    this.slab = new Uint8Array(0)
    this.used = 0
    this.size = smallest
  }
}
