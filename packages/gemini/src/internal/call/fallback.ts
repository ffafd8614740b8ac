/**
 * A call over the other transport, where quota or an outage closed the first one: the
 * caller asked for it, and every attempt of both ways is told.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Answer, StreamChunk } from "../../call/Answer.ts"
import type { CallOptions, Fallback } from "../../call/CallOptions.ts"
import type { Attempt, GeminiError } from "../../GeminiError.ts"
import { Recorder } from "../telemetry/recorder.ts"
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

const told = ({ model, observe, transport }: Fallback, error: GeminiError): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    fiber.getRef(Recorder)?.("fallbacks", 1, {
      "gen_ai.provider.name": "gcp.gemini",
      "gen_ai.request.model": error.model,
      "error.type": error.reason._tag,
      "gemini.transport": transport,
      "gemini.fallback.model": model
    }, fiber.context)
    return observe?.(error) ?? Effect.void
  })

const joined = (
  first: GeminiError,
  second: ReadonlyArray<Attempt>,
  { transport }: Fallback
): ReadonlyArray<Attempt> => [...first.attempts, ...second.map((attempt) => ({ ...attempt, transport }))]

export const unary = <Request extends Asked>(generate: Generate<Request>): Generate<Request> => (request, call) => {
  const fallback = call?.fallback
  if (fallback === undefined) return generate(request, call)
  return Effect.catch(generate(request, call), (error) => {
    if (!helpsTransport(error)) return Effect.fail(error)
    const other = there(request, call ?? {}, fallback)
    return Effect.andThen(told(fallback, error), generate(other.request, other.call)).pipe(
      Effect.mapBoth({
        onSuccess: (answer) => ({ ...answer, attempts: joined(error, answer.attempts, fallback) }),
        onFailure: (second) => second.withAttempts(joined(error, second.attempts, fallback))
      })
    )
  })
}

/** Only before the first chunk: what was delivered is not said twice. */
export const stream =
  <Request extends Asked>(generate: GenerateStream<Request>): GenerateStream<Request> => (request, call) => {
    const fallback = call?.fallback
    if (fallback === undefined) return generate(request, call)
    return Stream.suspend(() => {
      let hasBegun = false
      return generate(request, call).pipe(
        Stream.map((chunk) => {
          hasBegun = true
          return chunk
        }),
        Stream.catch((error) => {
          if (hasBegun || !helpsTransport(error)) return Stream.fail(error)
          const other = there(request, call ?? {}, fallback)
          return Stream.unwrap(Effect.as(told(fallback, error), generate(other.request, other.call))).pipe(
            Stream.mapError((second) => second.withAttempts(joined(error, second.attempts, fallback)))
          )
        })
      )
    })
  }
