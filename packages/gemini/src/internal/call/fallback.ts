/**
 * A call over the other transport after the first one was closed by quota or an outage. The caller asked for it, and
 * the attempts of both ways are listed.
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Answer, StreamChunk } from "../../call/Answer.ts"
import type { CallOptions, Fallback } from "../../call/CallOptions.ts"
import type { Attempt, GeminiError } from "../../GeminiError.ts"
import { geminiProvider, type ProviderOf, Recorder } from "../telemetry/recorder.ts"
import { helpsTransport } from "./failures.ts"

interface Asked {
  readonly model?: string | undefined
}

type Generate<Request extends Asked> = (request: Request, call?: CallOptions) => Effect.Effect<Answer, GeminiError>
type GenerateStream<Request extends Asked> = (
  request: Request,
  call?: CallOptions
) => Stream.Stream<StreamChunk, GeminiError>

const there = <Request extends Asked>(request: Request, call: CallOptions, fallback: Fallback) => ({
  request: fallback.model === undefined ? request : { ...request, model: fallback.model },
  call: { ...call, fallback: undefined, transport: fallback.transport }
})

const told = (
  fallback: Fallback,
  error: GeminiError,
  provider: ProviderOf = () => geminiProvider
): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    fiber.getRef(Recorder)?.fallback(fiber, fallback, error, provider(error.attempts.at(-1)?.member))
    return fallback.observe?.(error) ?? Effect.void
  })

const joined = (
  first: GeminiError,
  second: ReadonlyArray<Attempt>,
  { transport }: Fallback
): ReadonlyArray<Attempt> => [...first.attempts, ...second.map((attempt) => ({ ...attempt, transport }))]

export const unary = <Request extends Asked>(
  generate: Generate<Request>,
  provider: ProviderOf | undefined
): Generate<Request> =>
(request, call) => {
  const fallback = call?.fallback
  if (fallback === undefined) return generate(request, call)
  return Effect.catch(generate(request, call), (error) => {
    if (!helpsTransport(error)) return Effect.fail(error)
    const other = there(request, call ?? {}, fallback)
    return Effect.andThen(told(fallback, error, provider), generate(other.request, other.call)).pipe(
      Effect.map((answer) => ({ ...answer, attempts: joined(error, answer.attempts, fallback) })),
      Effect.mapError((second) => second.withAttempts(joined(error, second.attempts, fallback)))
    )
  })
}

/** A fallback is taken only before the first chunk, because what was delivered must not be said twice. */
export const stream = <Request extends Asked>(
  generate: GenerateStream<Request>,
  provider: ProviderOf | undefined
): GenerateStream<Request> =>
(request, call) => {
  const fallback = call?.fallback
  if (fallback === undefined) return generate(request, call)
  // It is one pull over both ways: combinators of Stream would be four stages a chunk, and 0.2 kB of every bundle.
  return Stream.fromChannel(Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) => {
    const inner = Scope.forkUnsafe(scope)
    return Effect.map(Channel.toPullScoped(Stream.toChannel(generate(request, call)), inner), (first) => {
      let pull: typeof first = Effect.catch(
        Effect.map(first, (chunks) => {
          pull = first
          return chunks
        }),
        (error) => {
          if (Cause.isDone(error) || !helpsTransport(error)) return Effect.fail(error)
          const other = there(request, call ?? {}, fallback)
          return Scope.close(inner, Exit.fail(error)).pipe(
            Effect.andThen(told(fallback, error, provider)),
            Effect.andThen(Channel.toPullScoped(Stream.toChannel(generate(other.request, other.call)), scope)),
            Effect.flatMap((second) =>
              pull = Effect.mapError(
                second,
                (last) => Cause.isDone(last) ? last : last.withAttempts(joined(error, last.attempts, fallback))
              )
            )
          )
        }
      )
      return Effect.suspend(() => pull)
    })
  }))
}
