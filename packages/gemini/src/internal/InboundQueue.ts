/**
 * What was received and not yet read: lossless up to a bound of bytes, and no further.
 * Pure; one reader.
 */
interface Entry<A> {
  readonly item: A
  readonly bytes: number
}

export type End<E> = { readonly _tag: "Done" } | { readonly _tag: "Failed"; readonly error: E }

export class InboundQueue<A, E> {
  readonly limit: number
  #entries: Array<Entry<A>> = []
  #bytes = 0
  #end: End<E> | undefined
  #ready: (() => void) | undefined

  constructor(limit: number) {
    this.limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#entries.length
  }

  /** Why nothing comes any more, once everything was taken. */
  get ended(): End<E> | undefined {
    return this.#entries.length === 0 ? this.#end : undefined
  }

  get isClosed(): boolean {
    return this.#end !== undefined
  }

  /** `false`: the bound is reached and the item was not taken in. */
  push(item: A, bytes: number): boolean {
    if (this.#end !== undefined) return true
    // One item of any size is let in: a bound below a message would stop everything.
    if (this.#entries.length > 0 && this.#bytes + bytes > this.limit) return false
    this.#entries.push({ item, bytes })
    this.#bytes += bytes
    this.#wake()
    return true
  }

  takeAll(): Array<A> {
    const items = this.#entries.map(({ item }) => item)
    this.#entries = []
    this.#bytes = 0
    return items
  }

  /** Takes out what is not to be read any more; says how many. */
  discard(isUnwanted: (item: A) => boolean): number {
    const before = this.#entries.length
    this.#entries = this.#entries.filter(({ bytes, item }) => {
      if (!isUnwanted(item)) return true
      this.#bytes -= bytes
      return false
    })
    return before - this.#entries.length
  }

  /** The first end counts; what is queued is read before it. */
  end(end: End<E>): void {
    this.#end ??= end
    this.#wake()
  }

  /** Calls back, once, when there is something to take or an end. */
  onReady(ready: (() => void) | undefined): void {
    this.#ready = ready
    if (this.#entries.length > 0 || this.#end !== undefined) this.#wake()
  }

  #wake(): void {
    const ready = this.#ready
    this.#ready = undefined
    ready?.()
  }
}
