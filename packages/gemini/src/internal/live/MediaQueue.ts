/**
 * Realtime media on its way out. The queue is bounded; the oldest frames are dropped and counted, because sound that is
 * a second old when it could leave helps nobody. Pure.
 */
export class MediaQueue {
  readonly limit: number
  dropped = 0
  #frames: Array<string> = []
  #bytes = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#frames.length
  }

  /** Whether the next frame would push out an older one. */
  isFull(bytes: number): boolean {
    return this.#frames.length > 0 && this.#bytes + bytes > this.limit
  }

  push(frame: string): void {
    while (this.isFull(frame.length)) {
      this.#bytes -= this.#frames.shift()?.length ?? 0
      this.dropped++
    }
    this.#frames.push(frame)
    this.#bytes += frame.length
  }

  take(): string | undefined {
    const frame = this.#frames.shift()
    if (frame !== undefined) this.#bytes -= frame.length
    return frame
  }

  /** Drops what was meant for a connection that is gone. */
  drop(): void {
    this.dropped += this.#frames.length
    this.#frames = []
    this.#bytes = 0
  }
}
