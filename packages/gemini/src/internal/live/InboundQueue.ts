/**
 * What was received and not yet read: lossless up to a bound of bytes, and no further.
 * Pure; one reader.
 */
import * as Arr from "effect/Array"

export type End<E> = { readonly _tag: "Done" } | { readonly _tag: "Failed"; readonly error: E }

export class InboundQueue<A, E> {
  readonly limit: number
  #items: Array<A> = []
  #sizes: Array<number> = []
  #bytes = 0
  #end: End<E> | undefined
  #ready: (() => void) | undefined
  #isWaking = false

  constructor(limit: number) {
    this.limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#items.length
  }

  /** Why nothing comes any more, once everything was taken. */
  get ended(): End<E> | undefined {
    return this.#items.length === 0 ? this.#end : undefined
  }

  get isClosed(): boolean {
    return this.#end !== undefined
  }

  /** `false`: the bound is reached and the item was not taken in. */
  push(item: A, bytes: number): boolean {
    if (this.#end !== undefined) return true
    // One item of any size is let in: a bound below a message would stop everything.
    if (this.#items.length > 0 && this.#bytes + bytes > this.limit) {
      // A reader that waits takes what a single read of the socket brought before it is too much.
      this.#hand()
      if (this.#items.length > 0) return false
    }
    this.#put(item, bytes)
    this.#wake()
    return true
  }

  /** Everything that waits, if anything does. */
  takeAll(): Arr.NonEmptyArray<A> | undefined {
    const items = this.#items
    if (!Arr.isArrayNonEmpty(items)) return undefined
    this.#items = []
    this.#sizes = []
    this.#bytes = 0
    return items
  }

  /** Takes out what is not to be read any more; says how many. */
  discard(isUnwanted: (item: A) => boolean): number {
    const [items, sizes] = [this.#items, this.#sizes]
    this.#items = []
    this.#sizes = []
    this.#bytes = 0
    items.forEach((item, i) => {
      if (!isUnwanted(item)) this.#put(item, sizes[i] ?? 0)
    })
    return items.length - this.#items.length
  }

  /** The first end counts; what is queued is read before it. */
  end(end: End<E>): void {
    this.#end ??= end
    this.#wake()
  }

  /** Calls back, once, when there is something to take or an end. */
  onReady(ready: (() => void) | undefined): void {
    this.#ready = ready
    if (this.#items.length > 0 || this.#end !== undefined) this.#wake()
  }

  #put(item: A, bytes: number): void {
    this.#items.push(item)
    this.#sizes.push(bytes)
    this.#bytes += bytes
  }

  // Once for all the frames of a socket read, not once a frame.
  #wake(): void {
    if (this.#ready === undefined || this.#isWaking) return
    this.#isWaking = true
    queueMicrotask(() => {
      this.#isWaking = false
      this.#hand()
    })
  }

  #hand(): void {
    const ready = this.#ready
    this.#ready = undefined
    ready?.()
  }
}
