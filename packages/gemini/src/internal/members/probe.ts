/**
 * The deadline of an attempt that a circuit let through to find out how its member is.
 */
import type * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import type { Admitted } from "./admission.ts"
import type { Route } from "./Route.ts"

/**
 * Gives a probe a deadline of its own. Then its circuit opens again; and the attempt ends, if another way or the
 * call's `fallback` can answer instead.
 */
export const within = <A, E>(
  route: Route,
  { began, isProbe, verdict, way }: Admitted,
  attempt: Effect.Effect<A, E>
): Effect.Effect<A, E | GeminiError> => {
  if (!isProbe) return attempt
  const { ask: { method, total }, shared: { pace } } = route
  const late = Effect.gen(function*() {
    const before = (yield* Clock.currentTimeMillis) - began
    yield* Effect.sleep(Math.max(1, pace.probe(route.kind(way), route.remaining) - before))
    const waited = (yield* Clock.currentTimeMillis) - began
    if (pace.tells(route.kind(way), waited, total)) verdict(CircuitBreaker.failure())
    const found = yield* route.look
    const isOpen = found.some((other) =>
      other.way !== way && other.opensIn <= 0 && other.headroom.admitsIn < route.remaining
    )
    if (!isOpen && !route.hasFallback) return yield* Effect.never
    const reason = new Reason.TimedOut({ phase: "attempt" })
    return yield* new GeminiError({ method, model: way.model, attempts: [], reason })
  })
  return Effect.raceFirst(attempt, late)
}

/** Gives the connection and the first chunk of a stream the deadline of a probe. */
export const begunWithin = <A>(
  route: Route,
  admitted: Admitted,
  chunks: Stream.Stream<A, GeminiError>
): Stream.Stream<A, GeminiError> => {
  const channel = Stream.toChannel(chunks)
  return Stream.fromChannel(
    Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) =>
      Effect.sync(() => {
        let begun: Pull.Pull<Arr.NonEmptyReadonlyArray<A>, GeminiError> | undefined
        const first = Effect.flatMap(Channel.toPullScoped(channel, scope), (pull) =>
          Effect.tap(pull, () =>
            Effect.sync(() => {
              begun = pull
            })))
        return Effect.suspend(() =>
          begun ?? within(route, admitted, first)
        )
      })
    )
  )
}
