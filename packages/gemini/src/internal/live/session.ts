/** A session from its options: a place among the open ones, the first connection, and the operations over it. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { LiveError } from "../../LiveError.ts"
import * as Loop from "./Loop.ts"
import { type Opened, type Options, SessionOperations } from "./SessionOperations.ts"

export type { Opened, Options } from "./SessionOperations.ts"

/** A session that could not be opened gives its place back at once, not with the caller's scope. */
export const open = (options: Options): Effect.Effect<Opened, LiveError, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (outer) =>
    Effect.uninterruptibleMask((restore) => {
      const { limits, model, resumeFrom } = options
      // Ended by an error, it is closed before the caller's. What it holds is in a scope of its own:
      // one finalizer is run as it is, several in a generator.
      const scope = Scope.forkUnsafe(outer)
      const work = Scope.makeUnsafe()
      const place = Effect.mapError(
        Scope.provide(limits.session, work),
        (reason) => new LiveError({ method: "connect", model, reason })
      )
      const opened = Effect.flatMap(
        Effect.mapError(options.dial(resumeFrom, restore), (verdict) => Loop.errorOf("connect", model, verdict)),
        (connection) =>
          Effect.withFiber((fiber) => {
            const live = new SessionOperations(options, connection, scope, work, fiber)
            return Effect.as(live.begin, live)
          })
      )
      return Effect.onExitPrimitive(
        Effect.andThen(restore(place), opened),
        (exit) => Exit.isSuccess(exit) ? undefined : Effect.andThen(Scope.close(work, exit), Scope.close(scope, exit))
      )
    }))
