/**
 * The fiber that sends realtime media, one frame after the other, each when the socket has
 * taken the one before. What comes meanwhile waits in the bounded queue.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { LiveLink } from "./LiveLink.ts"
import { MediaQueue } from "./MediaQueue.ts"

export interface LiveMedia {
  readonly queue: MediaQueue
  /** Queues a frame; the oldest goes if there is no room. */
  readonly offer: (frame: string) => void
  /** Until a frame of this length finds room, or there is no connection to wait for. */
  readonly room: (bytes: number) => Effect.Effect<void>
  /** Until everything that was queued has left: what follows must not overtake it. */
  readonly flushed: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function*(
  link: LiveLink,
  limit: number
): Effect.fn.Return<LiveMedia, never, Scope.Scope> {
  const queue = new MediaQueue(limit)
  const filled = Latch.makeUnsafe(false)
  const waiting = new Set<() => void>()
  let isSending = false

  const wake = (): void => {
    const resumed = Array.from(waiting)
    waiting.clear()
    for (const resume of resumed) resume()
  }

  const until = (condition: () => boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (condition()) return Effect.void
      return Effect.andThen(
        Effect.callback<void>((resume) => {
          const done = () => resume(Effect.void)
          waiting.add(done)
          return Effect.sync(() => waiting.delete(done))
        }),
        until(condition)
      )
    })

  const next: Effect.Effect<void> = Effect.suspend(() => {
    const { connection } = link
    if (connection === undefined) {
      // Realtime media is never sent again, nor late.
      queue.drop()
      return Effect.void
    }
    const frame = queue.take()
    if (frame === undefined) return Effect.void
    isSending = true
    return Effect.catch(link.write(connection, frame), () =>
      Effect.sync(() => {
        queue.dropped++
        queue.drop()
      }))
  })

  const drain: Effect.Effect<void> = Effect.suspend(() =>
    queue.size === 0
      ? Effect.sync(() => {
        filled.closeUnsafe()
      })
      : Effect.andThen(
        next,
        Effect.suspend(() => {
          isSending = false
          wake()
          return drain
        })
      )
  )

  yield* Effect.forkScoped(Effect.forever(Effect.andThen(filled.await, drain)))
  yield* Effect.addFinalizer(() => Effect.sync(wake))

  return {
    queue,
    offer: (frame) => {
      queue.push(frame)
      filled.openUnsafe()
    },
    room: (bytes) => until(() => link.connection === undefined || !queue.isFull(bytes)),
    flushed: until(() => (queue.size === 0 && !isSending) || link.connection === undefined)
  }
})
