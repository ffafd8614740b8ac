/** The attempts of one call of the bare transport, one after another, by the rules of `retry`. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { Attempt, GeminiError } from "../../GeminiError.ts"
import * as Retry from "./retry.ts"

export interface Retried {
  readonly effect: <A>(model: string, call: Effect.Effect<A, GeminiError>) => Effect.Effect<A, GeminiError>
  /** Tries a stream again only before its first element, because what was emitted cannot be taken back. */
  readonly stream: <A>(model: string, call: Stream.Stream<A, GeminiError>) => Stream.Stream<A, GeminiError>
}

export const make = (retry: GeminiConfig.Retry): Retried => {
  const policy = Retry.policy(retry, undefined)

  const attempted = (model: string, error: GeminiError, delay?: Duration.Duration): Attempt => ({
    model,
    ...(error.status === undefined ? {} : { status: error.status }),
    reason: error.reason._tag,
    ...(delay === undefined ? {} : { delay })
  })

  /** Sleeps, and returns the history to go on with, or fails for good. */
  const again = (
    model: string,
    error: GeminiError,
    failed: ReadonlyArray<Attempt>
  ): Effect.Effect<ReadonlyArray<Attempt>, GeminiError> =>
    Effect.flatMap(Random.next, (random) => {
      const millis = Retry.delayAfter(policy, {
        error,
        failures: failed.length + 1,
        remaining: Infinity,
        waitForQuota: false,
        random
      })
      if (millis === undefined) return Effect.fail(error.withAttempts([...failed, attempted(model, error)]))
      const delay = Duration.millis(millis)
      return Effect.as(Effect.sleep(delay), [...failed, attempted(model, error, delay)])
    })

  const effect = <A>(
    model: string,
    call: Effect.Effect<A, GeminiError>,
    failed: ReadonlyArray<Attempt> = []
  ): Effect.Effect<A, GeminiError> =>
    Effect.catch(call, (error) => Effect.flatMap(again(model, error, failed), (failed) => effect(model, call, failed)))

  const stream = <A>(
    model: string,
    call: Stream.Stream<A, GeminiError>,
    failed: ReadonlyArray<Attempt> = []
  ): Stream.Stream<A, GeminiError> =>
    Stream.suspend(() => {
      let emitted = false
      return call.pipe(
        Stream.mapArray((chunks) => {
          emitted = true
          return chunks
        }),
        Stream.catch((error) =>
          emitted
            ? Stream.fail(error.withAttempts([...failed, attempted(model, error)]))
            : Stream.unwrap(Effect.map(again(model, error, failed), (failed) => stream(model, call, failed)))
        )
      )
    })

  return { effect: (model, call) => effect(model, call), stream: (model, call) => stream(model, call) }
}
