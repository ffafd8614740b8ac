/**
 * Sessions of one call each. A session ends with its call, but the call does not wait for that: the close handshake is
 * a round trip, by which the answer would come later. The layer waits for it.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Scope from "effect/Scope"
import type { ConnectOptions, TransportOptions } from "../../GeminiLive.ts"
import type { LiveError } from "../../LiveError.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import * as LiveOpen from "./open.ts"
import type { Opened } from "./SessionOperations.ts"
import * as WarmSessions from "./warmSessions.ts"

/**
 * The session of a call. It lasts as long as the call's scope. `timeouts` are the call's, and not part of the
 * configuration.
 */
export type CallSession = (
  connect: ConnectOptions,
  timeouts: ConnectOptions["timeouts"]
) => Effect.Effect<Opened, LiveError, Scope.Scope>

export const make = Effect.fnUntraced(function*(
  options: TransportOptions,
  open: LiveOpen.Open,
  place = LiveOpen.alone(options)
): Effect.fn.Return<CallSession, never, Scope.Scope | RateLimiter.RateLimiter> {
  const closing = yield* FiberSet.make<void>()
  yield* Effect.addFinalizer(() => FiberSet.awaitEmpty(closing))
  const run = yield* FiberSet.runtime(closing)()
  const take = yield* WarmSessions.make(options, open, place)
  return (connect, timeouts) => {
    const dial = open({ ...connect, timeouts }, "call")
    return Effect.flatMap(Effect.scope, (call) =>
      Effect.suspend(() => {
        const scope = Scope.makeUnsafe()
        const close = Scope.close(scope, Exit.void)
        const end = Effect.suspend(() => {
          // A call may outlive the layer.
          if (closing.state._tag === "Closed") return close
          run(close)
          return Effect.void
        })
        return Effect.andThen(Scope.addFinalizer(call, end), Scope.provide(take(connect, dial), scope))
      }))
  }
})
