/**
 * What was received and is not read yet. Nothing is lost up to a bound of bytes, and nothing is taken beyond it. Pure;
 * there is one reader.
 */
import * as Arr from "effect/Array"
import { soon } from "./microtask.ts"

export type QueueEnd<E> = { readonly _tag: "Done" } | { readonly _tag: "Failed"; readonly error: E }

export class InboundQueue<A, E> {
  readonly limit: number
  #items: Array<A> = []
  #sizes: Array<number> = []
  #bytes = 0
  #end: QueueEnd<E> | undefined
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

  /** Why nothing more comes, once everything was taken. */
  get ended(): QueueEnd<E> | undefined {
    return this.#items.length === 0 ? this.#end : undefined
  }

  get isClosed(): boolean {
    return this.#end !== undefined
  }

  /** `false` means that the bound is reached, and that the item was not taken in. */
  push(item: A, bytes: number): boolean {
    if (this.#end !== undefined) return true
    // A single item of any size is let in, because a bound below the size of a message would stop everything.
    if (this.#items.length > 0 && this.#bytes + bytes > this.limit) {
      // A waiting reader takes what one read of the socket brought, before it counts as too much.
      this.#hand()
      if (this.#items.length > 0) return false
    }
    this.#put(item, bytes)
    this.#wake()
    return true
  }

  /** Takes everything that waits, if anything does. */
  takeAll(): Arr.NonEmptyArray<A> | undefined {
    const items = this.#items
    if (!Arr.isArrayNonEmpty(items)) return undefined
    this.#items = []
    this.#sizes = []
    this.#bytes = 0
    return items
  }

  /** Takes out what must not be read any more, and says how many items that were. */
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

  /** Ends the queue. The first end counts, and what is queued is read before it. */
  end(end: QueueEnd<E>): void {
    this.#end ??= end
    this.#wake()
  }

  /** Calls back once, when there is something to take or an end. */
  onReady(ready: (() => void) | undefined): void {
    this.#ready = ready
    if (this.#items.length > 0 || this.#end !== undefined) this.#wake()
  }

  #put(item: A, bytes: number): void {
    this.#items.push(item)
    this.#sizes.push(bytes)
    this.#bytes += bytes
  }

  // The reader is woken once for all the frames of a socket read, not once for each.
  #wake(): void {
    if (this.#ready === undefined || this.#isWaking) return
    this.#isWaking = true
    soon(() => {
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
