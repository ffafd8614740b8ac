/** A session from its options: a place among the open ones, the first connection, and the operations over it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { LiveError } from "../../LiveError.ts"
import type { Restore } from "./LiveConnection.ts"
import * as Redial from "./Redial.ts"
import { type Options, type Own, SessionLife } from "./SessionLife.ts"
import { type Opened, SessionOperations } from "./SessionOperations.ts"

export type { Options, Own } from "./SessionLife.ts"
export type { Opened } from "./SessionOperations.ts"

/** Dials for the first time, by the policy for reconnection where there is one. */
const first = (
  { dial, model, reconnect, resumeFrom }: Options,
  { setup }: Own,
  restore: Restore
): Effect.Effect<Redial.Dialled, LiveError> =>
  reconnect === undefined
    ? Effect.mapBoth(dial(setup, resumeFrom, restore), {
      onFailure: (verdict) => Redial.errorOf("connect", model, verdict),
      onSuccess: (connection) => ({ connection, isStateRestored: resumeFrom !== undefined })
    })
    : new Redial.Redial(reconnect, {
      method: "connect",
      model,
      dial: (handle, restore) => dial(setup, handle, restore),
      holder: { handle: resumeFrom },
      // There are no events yet.
      onAttempt: () => undefined
    }).first(restore)

/** Opens a session. If that fails, its place is given back at once, and not with the caller's scope. */
export const open = (options: Options, own: Own): Effect.Effect<Opened, LiveError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
      const { model, resumeFrom } = options
      // A session that an error ends is closed before the caller's scope is. What it holds is in a scope of its own,
      // because a single finalizer is run as it is, and several are run in a generator.
      const scope = Scope.forkUnsafe(Context.getUnsafe(fiber.context, Scope.Scope))
      const work = Scope.makeUnsafe()
      const place = Scope.provide(
        own.limits.session((reason) => new LiveError({ method: "connect", model, reason })),
        work
      )
      const opened = Effect.flatMap(first(options, own, restore), ({ connection, isStateRestored }) => {
        const isForgotten = resumeFrom !== undefined && !isStateRestored
        const life = new SessionLife(
          options,
          own,
          isForgotten ? undefined : resumeFrom,
          connection,
          scope,
          work,
          fiber
        )
        if (isForgotten) {
          life.core.emit({ _tag: "Reconnected", isStateRestored, unacknowledged: 0 })
        }
        return Effect.as(life.begin, new SessionOperations(life))
      })
      return Effect.onExitPrimitive(
        Effect.andThen(restore(place), opened),
        (exit) => Exit.isSuccess(exit) ? undefined : Effect.andThen(Scope.close(work, exit), Scope.close(scope, exit))
      )
    })
  )
