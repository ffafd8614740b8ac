/**
 * Sends realtime media, one frame after the other, each when the socket has taken the one before. What comes meanwhile
 * waits in the bounded queue. It is a chain of callbacks, because a fiber that waits for sound would be most of what an
 * idle session weighs.
 */
import * as Effect from "effect/Effect"
import type { Link } from "./Link.ts"
import { MediaQueue } from "./MediaQueue.ts"

export class Media {
  readonly queue: MediaQueue
  readonly #link: Link
  #isSending = false
  /** Whether a connection was left for the next one, which takes what is said meanwhile. */
  #isBetween: boolean
  #waiting: Array<() => void> = []

  constructor(link: Link, limit: number, isBetween: boolean) {
    this.#link = link
    this.queue = new MediaQueue(limit)
    this.#isBetween = isBetween
  }

  /** Queues a frame. If there is no room, the oldest frame is dropped. */
  offer(frame: string): void {
    this.queue.push(frame)
    if (!this.#isSending) this.#next()
  }

  /**
   * Keeps what is queued while the connection is left for the next one, and sends it there. The user may begin to speak
   * in the moment that this takes. Of a connection that was lost it is dropped, because nobody knows how long that takes.
   */
  between(isBetween: boolean): void {
    this.#isBetween = isBetween
    if (!isBetween && !this.#isSending) this.#next()
  }

  /** Waits until a frame of this length finds room, or until there is no connection to wait for. */
  room(bytes: number): Effect.Effect<void> {
    return this.#until(() => this.#isGone || !this.queue.isFull(bytes))
  }

  /** Waits until everything that was queued has left: what follows must not overtake it. */
  get flushed(): Effect.Effect<void> {
    return this.#until(() => (this.queue.size === 0 && !this.#isSending) || this.#isGone)
  }

  get #isGone(): boolean {
    return this.#link.isOver || (this.#link.connection === undefined && !this.#isBetween)
  }

  /** Tells that there is another connection, or none. */
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

  /** Sends one frame, and says whether it has left already. */
  #step(): boolean {
    this.#isSending = false
    const { connection } = this.#link
    if (connection === undefined && this.#isBetween) return false
    // Realtime media is never sent again or late.
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
        if (!this.#isBetween) this.queue.drop()
      }
      hasLeft = true
      // The next frame is taken first, because whoever is woken looks at once whether there is room.
      if (isWaiting) this.#next()
      this.wake()
    })
    isWaiting = true
    return hasLeft
  }
}
