/** Deadlines on Effect's Clock: one fiber for each attempt, and none where nothing is limited. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { Timeouts } from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import { Deadlines, type Phase, type PhaseLimits } from "./Deadlines.ts"
import * as Body from "./responseBody.ts"

const phases: ReadonlyArray<Phase> = ["connect", "attempt", "firstByte", "idle"]

/** The limits of a call's own timeouts, and else those of the layer. `undefined` when nothing is limited. */
export const limits = (base: Timeouts | undefined, own: Timeouts | undefined): PhaseLimits | undefined => {
  if (base === undefined && own === undefined) return undefined
  const out: { -readonly [P in Phase]?: number } = {}
  let any = false
  for (const phase of phases) {
    const limit = own?.[phase] ?? base?.[phase]
    // A value that is not a duration is ignored here; the check of the request refuses it.
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

/**
 * The milliseconds by which deadlines are measured. Nobody sets this time: by the time of the day a deadline would pass at
 * once, or an hour later, when the machine's clock is set.
 */
export const steadyMillis = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)

/** Makes a clock that starts now. */
export const make = (call: Body.CallContext, limits: PhaseLimits): Effect.Effect<AttemptClock> =>
  Clock.clockWith((clock) => {
    const now = () => steadyMillis(clock)
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
  Effect.map(
    Effect.forkIn(Effect.exit(clock.expiry), scope, { startImmediately: true }),
    (sleeper) => (effect) => Effect.raceFirst(effect, Effect.flatten(Fiber.join(sleeper)))
  )

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
