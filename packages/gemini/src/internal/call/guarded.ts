/**
 * Between a permit and its attempt every gate is entered, the outermost first, and what the gates hold ends with the
 * attempt.
 *
 * A call that waits for its lane holds nothing of a gate, because a gate is entered once there is a permit; and a call
 * that waits for a gate holds no permit. Those that wait for room that others hold are let go one after the other, each
 * time that something is given back.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { GeminiError } from "../../GeminiError.ts"
import type * as Gate from "../../limits/Gate.ts"
import type * as RateLimiter from "../../RateLimiter.ts"

/** The calls that wait for what others hold of a gate. A gate at which nobody waits has no line. */
const lines = new Map<Gate.Gate, Set<() => void>>()

/** Lets the first of those that wait at each of the first `count` gates try again. */
const callNext = (gates: ReadonlyArray<Gate.Gate>, count = gates.length): void => {
  if (lines.size === 0) return
  for (const gate of gates.slice(0, count)) {
    const [first] = lines.get(gate) ?? []
    first?.()
  }
}

/** Waits until something that a gate holds is given back. */
const turnAt = (gate: Gate.Gate): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const line = lines.get(gate) ?? new Set()
    lines.set(gate, line)
    const leave = () => {
      if (line.delete(go) && line.size === 0) lines.delete(gate)
    }
    const go = () => {
      leave()
      // One that goes on lets the next one go on: they take turns, or thousands of them would stand on one stack.
      resume(Effect.yieldNow)
    }
    line.add(go)
    return Effect.sync(leave)
  })

/** What an attempt holds of all its gates, and whether it was handed to the transport. */
class Passage {
  readonly #gates: ReadonlyArray<Gate.Gate>
  readonly holds: Array<Gate.Hold> = []
  sent = false

  constructor(gates: ReadonlyArray<Gate.Gate>) {
    this.#gates = gates
  }

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

  /** Ends what is held, the innermost first. What was given back is no longer held. */
  end(exit: Exit.Exit<unknown, unknown>, isWhole: boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      const held = this.holds.splice(0).toReversed()
      if (held.length === 0) return Effect.void
      return Effect.map(
        Effect.forEach(held, (hold) => hold.end({ exit, sent: this.sent, isWhole }), { discard: true }),
        () => callNext(this.#gates, held.length)
      )
    })
  }
}

/**
 * In how many milliseconds a call that waits for gates tries again. A gate that opens at a known time is not waited for
 * in vain; what others hold may be given back at any time.
 */
const opensIn = (
  { reason, retryAfter }: GeminiError,
  { whenExhausted }: RateLimiter.Admission,
  left: number
): number | undefined => {
  if (whenExhausted !== "wait" || reason._tag !== "QuotaExhausted" || retryAfter === undefined) return undefined
  const wait = Duration.toMillis(retryAfter)
  if (wait <= left) return wait
  return reason.resetAt === undefined && left > 0 ? left : undefined
}

/** Whether nothing is charged: countTokens is free, and a session is charged by what is said in it. */
const isFree = ({ lane: { family } }: RateLimiter.Admission): boolean => family === "count" || family === "liveSession"

export const pass: Gate.Pass = (gates, acquire, admission, isWhole) => {
  if (isFree(admission)) return acquire(admission)
  return Effect.flatMap(Effect.scope, (scope) =>
    Effect.uninterruptibleMask((restore) => {
      const attempt = new Passage(gates)
      const enter = Effect.forEach(
        gates,
        (gate) => Effect.map(gate.enter(admission, restore), (hold) => attempt.holds.push(hold)),
        { discard: true }
      )
      /** `until`: when its patience with the gates ends; undefined while no gate has refused it. */
      const once = (until: number | undefined): Effect.Effect<RateLimiter.Permit, GeminiError> => {
        const inner = Scope.forkUnsafe(scope)
        return Effect.flatMap(restore(Scope.provide(acquire(admission), inner)), (permit) =>
          Effect.matchCauseEffect(enter, {
            onSuccess: () => {
              if (until !== undefined) {
                callNext(gates)
              }
              // Who went away while a gate was asked never sent anything.
              return restore(Effect.void).pipe(
                Effect.onInterrupt(() =>
                  permit.cancel
                ),
                Effect.map(() => attempt.permit(permit))
              )
            },
            onFailure: (cause) => {
              const refusing = gates[attempt.holds.length]
              return attempt.end(Exit.void, isWhole).pipe(
                Effect.andThen(permit.cancel),
                Effect.andThen(Scope.close(inner, Exit.void)),
                Effect.andThen(Effect.failCause(cause)),
                Effect.catch((error) =>
                  Effect.flatMap(Clock.currentTimeMillis, (now) => {
                    const patience = until ?? now + maxWaitOf(admission)
                    const wait = opensIn(error, admission, patience - now)
                    return wait === undefined
                      ? Effect.fail(error)
                      : Effect.andThen(
                        restore(waited(wait, now, admission, until === undefined, refusing)),
                        Effect.suspend(() => once(patience))
                      )
                  })
                )
              )
            }
          }))
      }
      // This finalizer is added before the permit's own, and so runs after it: a lane waits for no store.
      return Effect.andThen(
        Scope.addFinalizerExit(scope, (exit) => attempt.end(exit, isWhole)),
        Effect.suspend(() => once(undefined))
      )
    }))
}

const maxWaitOf = ({ maxWait }: RateLimiter.Admission): number =>
  maxWait === undefined ? Infinity : Duration.toMillis(Duration.fromInputUnsafe(maxWait))

const waited = (
  wait: number,
  now: number,
  { lane, onWait }: RateLimiter.Admission,
  isFirst: boolean,
  refusing: Gate.Gate | undefined
): Effect.Effect<void> => {
  const slept = Effect.sleep(wait)
  const opened = refusing === undefined ? slept : Effect.raceFirst(slept, turnAt(refusing))
  return isFirst && onWait !== undefined ? Effect.andThen(onWait({ lane, until: now + wait }), opened) : opened
}
