/**
 * Tells followers that their run has grown. Such news may be lost, for example with a connection, so a follower also
 * looks by itself from time to time.
 *
 * One subscription serves all followers of a store, and is there only while somebody follows.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as RcRef from "effect/RcRef"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"

export interface Bell {
  /**
   * Gives the effect that a reader waits with, in the reader's scope. The first wait returns at once, and the bell is
   * heard from then on; a wait also returns at once if the bell has rung since the last one.
   */
  readonly waiting: (id: string) => Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
}

export interface Options {
  /** Subscribes, and calls `ring` with a run's id whenever one has changed. It ends only by failing. */
  readonly listen?: ((ring: (id: string) => void) => Effect.Effect<void, unknown, Scope.Scope>) | undefined
  /** Milliseconds after which a reader looks by itself. */
  readonly poll: number
}

export const make = ({ listen, poll }: Options): Effect.Effect<Bell, never, Scope.Scope> =>
  Effect.gen(function*() {
    const latches = new Map<string, Set<Latch.Latch>>()
    const ring = (id: string): void => latches.get(id)?.forEach((latch) => latch.openUnsafe())
    const subscription = yield* RcRef.make({
      acquire: listen === undefined ? Effect.void : Effect.forkScoped(
        Effect.retry(Effect.scoped(listen(ring)), Schedule.spaced("1 second"))
      ),
      idleTimeToLive: "10 seconds"
    })

    const heard = (id: string) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const latch = Latch.makeUnsafe(false)
          latches.set(id, (latches.get(id) ?? new Set()).add(latch))
          return latch
        }),
        (latch) =>
          Effect.sync(() => {
            const those = latches.get(id)
            those?.delete(latch)
            if (those?.size === 0) latches.delete(id)
          })
      )

    return {
      waiting: (id) =>
        Effect.map(Effect.scope, (scope) => {
          let latch: Latch.Latch | undefined
          return Effect.suspend(() => {
            const mine = latch
            if (mine !== undefined) {
              return Effect.andThen(
                Effect.raceFirst(mine.await, Effect.sleep(poll)),
                Effect.sync(() => void mine.closeUnsafe())
              )
            }
            return RcRef.get(subscription).pipe(
              Effect.andThen(heard(id)),
              Effect.map((found) => {
                latch = found
              }),
              Scope.provide(scope)
            )
          })
        })
    }
  })
