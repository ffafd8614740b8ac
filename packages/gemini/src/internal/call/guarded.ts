/**
 * Between a permit and its attempt: every gate is entered, the outermost first, and what they
 * hold ends with the attempt.
 *
 * A call that waits for its lane holds nothing of a gate, because a gate is entered once there
 * is a permit; and a call that waits for a gate holds no permit.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { GeminiError } from "../../GeminiError.ts"
import type * as Gate from "../../limits/Gate.ts"
import type * as RateLimiter from "../../RateLimiter.ts"

/** What it holds of all its gates, and whether it was handed to the transport. */
class Attempt {
  readonly holds: Array<Gate.Hold> = []
  sent = false

  permit(inner: RateLimiter.Permit): RateLimiter.Permit {
    this.sent = true
    return {
      settle: inner.settle,
      charge: (answer) => {
        for (const hold of this.holds) hold.charge(answer)
      },
      cancel: Effect.suspend(() => {
        this.sent = false
        return inner.cancel
      })
    }
  }

  /** The innermost first; what was given back is held no more. */
  end(exit: Exit.Exit<unknown, unknown>, isWhole: boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      const held = this.holds.splice(0).toReversed()
      return Effect.forEach(held, (hold) => hold.end({ exit, sent: this.sent, isWhole }), { discard: true })
    })
  }
}

/** When a gate that refused opens again, in milliseconds, if the call is one that waits for it. */
const opensIn = (
  { reason, retryAfter }: GeminiError,
  { maxWait, whenExhausted }: RateLimiter.Admission
): number | undefined => {
  if (whenExhausted !== "wait" || reason._tag !== "QuotaExhausted" || retryAfter === undefined) return undefined
  const wait = Duration.toMillis(retryAfter)
  return maxWait !== undefined && wait > Duration.toMillis(Duration.fromInputUnsafe(maxWait)) ? undefined : wait
}

/** Of countTokens nothing is charged, and a session is charged by what is said in it. */
const isFree = ({ lane: { family } }: RateLimiter.Admission): boolean => family === "count" || family === "liveSession"

export const pass: Gate.Pass = (gates, acquire, admission, isWhole) => {
  if (isFree(admission)) return acquire(admission)
  return Effect.flatMap(Effect.scope, (scope) =>
    Effect.uninterruptibleMask((restore) => {
      const attempt = new Attempt()
      const enter = Effect.forEach(
        gates,
        (gate) => Effect.map(gate.enter(admission, restore), (hold) => attempt.holds.push(hold)),
        { discard: true }
      )
      const once = (): Effect.Effect<RateLimiter.Permit, GeminiError> => {
        const inner = Scope.forkUnsafe(scope)
        return Effect.flatMap(restore(Scope.provide(acquire(admission), inner)), (permit) =>
          Effect.matchCauseEffect(enter, {
            onSuccess: () =>
              Effect.succeed(attempt.permit(permit)),
            onFailure: (cause) =>
              attempt.end(Exit.void, isWhole).pipe(
                Effect.andThen(permit.cancel),
                Effect.andThen(Scope.close(inner, Exit.void)),
                Effect.andThen(Effect.failCause(cause)),
                Effect.catch((error) => {
                  const wait = opensIn(error, admission)
                  return wait === undefined
                    ? Effect.fail(error)
                    : Effect.andThen(restore(waited(wait, admission)), once())
                })
              )
          }))
      }
      // It stands before the permit's own finalizer, and so comes after it: a lane waits for no store.
      return Effect.andThen(
        Scope.addFinalizerExit(scope, (exit) =>
          attempt.end(exit, isWhole)),
        Effect.suspend(once)
      )
    }))
}

const waited = (wait: number, { lane, onWait }: RateLimiter.Admission): Effect.Effect<void> =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => Effect.andThen(onWait?.({ lane, until: now + wait }) ?? Effect.void, Effect.sleep(wait))
  )
