/**
 * Sends realtime media, one frame after the other, each when the socket has taken the one
 * before. What comes meanwhile waits in the bounded queue. A chain of callbacks: a fiber that
 * waits for sound would be most of an idle session.
 */
import * as Effect from "effect/Effect"
import type { Link } from "./Link.ts"
import { MediaQueue } from "./MediaQueue.ts"

export class Media {
  readonly queue: MediaQueue
  readonly #link: Link
  #isSending = false
  #waiting: Array<() => void> = []

  constructor(link: Link, limit: number) {
    this.#link = link
    this.queue = new MediaQueue(limit)
  }

  /** Queues a frame; the oldest goes if there is no room. */
  offer(frame: string): void {
    this.queue.push(frame)
    if (!this.#isSending) this.#next()
  }

  /** Until a frame of this length finds room, or there is no connection to wait for. */
  room(bytes: number): Effect.Effect<void> {
    return this.#until(() => this.#link.connection === undefined || !this.queue.isFull(bytes))
  }

  /** Until everything that was queued has left: what follows must not overtake it. */
  get flushed(): Effect.Effect<void> {
    return this.#until(() => (this.queue.size === 0 && !this.#isSending) || this.#link.connection === undefined)
  }

  /** The connection is another one, or none. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  #until(condition: () => boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (condition()) return Effect.void
      return Effect.andThen(
        Effect.callback<void>((resume) => {
          // The fiber may have yielded before it waits.
          if (condition()) return resume(Effect.void)
          const done = () => resume(Effect.void)
          this.#waiting.push(done)
          return Effect.sync(() => {
            this.#waiting = this.#waiting.filter((other) => other !== done)
          })
        }),
        this.#until(condition)
      )
    })
  }

  #next(): void {
    while (this.#step()) { /* a platform without callbacks takes a frame at once */ }
  }

  /** Sends one frame; whether it has left already. */
  #step(): boolean {
    this.#isSending = false
    const { connection } = this.#link
    // Realtime media is never sent again, nor late.
    if (connection === undefined) this.queue.drop()
    const frame = this.queue.take()
    if (frame === undefined || connection === undefined) {
      this.wake()
      return false
    }
    this.#isSending = true
    let isWaiting = false
    let hasLeft = false
    this.#link.send(connection, frame, (ending) => {
      if (ending !== undefined) {
        this.queue.dropped++
        this.queue.drop()
      }
      hasLeft = true
      this.wake()
      if (isWaiting) this.#next()
    })
    isWaiting = true
    return hasLeft
  }
}
