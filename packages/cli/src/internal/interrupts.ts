/**
 * Signals while something plays that can be stopped in order.
 *
 * The first Ctrl-C (or SIGTERM) interrupts the command, which stops in order; from then on the second leaves the process
 * at once. SIGHUP says that the terminal is gone: there is nobody to wait for.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

const listening = (
  signals: ReadonlyArray<NodeJS.Signals>,
  listener: () => void
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => signals.forEach((signal) => process.on(signal, listener))),
    () => Effect.sync(() => signals.forEach((signal) => process.off(signal, listener)))
  )

/** Returns when the terminal has gone. */
export const hungUp: Effect.Effect<void, never, Scope.Scope> = Effect.suspend(() => {
  const gone = Deferred.makeUnsafe<void>()
  return Effect.andThen(
    listening(["SIGHUP"], () => Deferred.doneUnsafe(gone, Effect.void)),
    Deferred.await(gone)
  )
})

/** Until the scope ends, the next Ctrl-C leaves the process at once, after `say`. */
export const leaving = (say: () => void): Effect.Effect<void, never, Scope.Scope> =>
  listening(["SIGINT", "SIGTERM"], () => {
    say()
    process.exit(130)
  })
