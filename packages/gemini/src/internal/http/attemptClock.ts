/**
 * Deadlines on Effect's Clock: one fiber an attempt, none where nothing is limited.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { Timeouts } from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import { Deadlines, type Limits, type Phase } from "./Deadlines.ts"
import * as Body from "./responseBody.ts"

const phases: ReadonlyArray<Phase> = ["connect", "attempt", "firstByte", "idle"]

/** Of a call's own timeouts over the layer's; `undefined` when nothing is limited. */
export const limits = (base: Timeouts | undefined, own: Timeouts | undefined): Limits | undefined => {
  if (base === undefined && own === undefined) return undefined
  const out: { -readonly [P in Phase]?: number } = {}
  let any = false
  for (const phase of phases) {
    const limit = own?.[phase] ?? base?.[phase]
    // What is no duration is refused with the request.
    const duration = limit === undefined ? Option.none() : Duration.fromInput(limit)
    const millis = Option.isNone(duration) ? Infinity : Duration.toMillis(duration.value)
    if (millis === Infinity) continue
    out[phase] = millis
    any = true
  }
  return any ? out : undefined
}

/** A running attempt's deadlines. */
export interface AttemptClock {
  readonly deadlines: Deadlines
  readonly now: () => number
  /** Never succeeds; fails when a deadline passes. */
  readonly expiry: Effect.Effect<never, GeminiError>
}

/** Starts now. */
export const make = (call: Body.Call, limits: Limits): Effect.Effect<AttemptClock> =>
  Clock.clockWith((clock) => {
    const now = () => clock.currentTimeMillisUnsafe()
    const deadlines = new Deadlines(limits, now())
    const expiry: Effect.Effect<never, GeminiError> = Effect.suspend(() => {
      const time = now()
      const next = deadlines.next(time)
      if (next === undefined) return Effect.never
      if (next.at > time) return Effect.andThen(Effect.sleep(next.at - time), expiry)
      return next.phase === undefined
        ? expiry
        : Effect.fail(Body.failure(call, new Reason.TimedOut({ phase: next.phase })))
    })
    return Effect.succeed({ deadlines, now, expiry })
  })

/** Bounds every effect of a scope by one sleeper in that scope. */
export const inScope = (
  clock: AttemptClock,
  scope: Scope.Scope
): Effect.Effect<<A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | GeminiError>> =>
  Effect.gen(function*() {
    const expired = yield* Deferred.make<never, GeminiError>()
    yield* Effect.forkIn(Deferred.into(clock.expiry, expired), scope, { startImmediately: true })
    return (effect) => Effect.raceFirst(effect, Deferred.await(expired))
  })

/** Tells the clock when its consumer waits and when a piece came. */
export const watched = <A, E, Done>(clock: AttemptClock, pull: Pull.Pull<A, E, Done>): Pull.Pull<A, E, Done> =>
  Effect.suspend(() => {
    clock.deadlines.waiting(clock.now())
    return Effect.map(pull, (piece) => {
      clock.deadlines.begun()
      clock.deadlines.received()
      return piece
    })
  })
