/**
 * One model's operations, each behind the model's own lane, with the retry loop.
 *
 * Each attempt takes a permit, makes exactly one call of the transport and settles.
 * A backoff sleep holds no permit. A stream is never retried once a chunk was emitted.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type { Retry } from "./GeminiConfig.ts"
import type { Attempt, GeminiError } from "./GeminiError.ts"
import type * as GeminiHttp from "./GeminiHttp.ts"
import * as GenerateContent from "./GenerateContent.ts"
import type * as ModelId from "./ModelId.ts"
import type * as RateLimiter from "./RateLimiter.ts"

/**
 * The operations of one model.
 *
 * @category models
 * @since 0.1.0
 */
export interface ModelClient {
  readonly model: ModelId.ModelId
  readonly generate: (request: GenerateContent.GenerateContentRequest) => Effect.Effect<Answered, GeminiError>
  readonly generateStream: (
    request: GenerateContent.GenerateContentRequest
  ) => Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError>
}

/**
 * A response and the attempts that it took.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answered {
  readonly response: GenerateContent.GenerateContentResponse
  readonly attempts: ReadonlyArray<Attempt>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly model: ModelId.ModelId
  readonly transport: GeminiHttp.Service
  readonly limiter: RateLimiter.Service
  readonly admission: (request: GenerateContent.GenerateContentRequest) => RateLimiter.Admission
  readonly retry?: Retry | undefined
}

/**
 * Does no I/O.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): ModelClient => {
  const { limiter, model, transport } = options
  const maxAttempts = options.retry?.attempts ?? 3
  const base = Duration.toMillis(options.retry?.baseDelay ?? "1 second")
  const longest = Duration.toMillis(options.retry?.maxDelay ?? "60 seconds")
  const factor = options.retry?.factor ?? 2

  const attempted = (error: GeminiError, delay?: Duration.Duration): Attempt => ({
    model,
    ...(error.status === undefined ? {} : { status: error.status }),
    reason: error.reason._tag,
    ...(delay === undefined ? {} : { delay })
  })

  /** The server's own delay, else exponential backoff with full jitter above half. */
  const delayAfter = (error: GeminiError, failures: number): Effect.Effect<Duration.Duration> => {
    if (error.retryAfter !== undefined) return Effect.succeed(error.retryAfter)
    const backoff = Math.min(longest, base * factor ** (failures - 1))
    return Effect.map(Random.next, (random) => Duration.millis(backoff * (0.5 + random / 2)))
  }

  const generate: ModelClient["generate"] = (request) => {
    const attempt = (failed: ReadonlyArray<Attempt>): Effect.Effect<Answered, GeminiError> =>
      limiter.use(
        options.admission(request),
        (permit) =>
          Effect.tap(transport.generateContent({ ...request, model }), (response) =>
            permit.settle(GenerateContent.usage(response)?.promptTokens ?? 0))
      ).pipe(
        Effect.map((response) => ({ response, attempts: [...failed, { model, status: 200 }] })),
        Effect.catch((error) =>
          error.isRetryable && failed.length + 1 < maxAttempts
            ? Effect.flatMap(delayAfter(error, failed.length + 1), (delay) =>
              Effect.andThen(
                Effect.sleep(delay),
                attempt([...failed, attempted(error, delay)])
              ))
            : Effect.fail(error.withAttempts([...failed, attempted(error)]))
        )
      )
    return Effect.suspend(() => attempt([]))
  }

  const generateStream: ModelClient["generateStream"] = (request) => {
    const attempt = (
      failed: ReadonlyArray<Attempt>
    ): Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError> => {
      let emitted = false
      return Stream.unwrap(
        Effect.map(
          limiter.acquire(options.admission(request)),
          (permit) =>
            Stream.tap(transport.generateContentStream({ ...request, model }), (chunk) => {
              emitted = true
              const usage = GenerateContent.usage(chunk)
              return usage === undefined ? Effect.void : permit.settle(usage.promptTokens)
            })
        )
      ).pipe(
        Stream.catch((error) =>
          !emitted && error.isRetryable && failed.length + 1 < maxAttempts
            ? Stream.unwrap(Effect.flatMap(delayAfter(error, failed.length + 1), (delay) =>
              Effect.as(Effect.sleep(delay), attempt([...failed, attempted(error, delay)]))))
            : Stream.fail(error.withAttempts([...failed, attempted(error)]))
        )
      )
    }
    return Stream.suspend(() => attempt([]))
  }

  return { model, generate, generateStream }
}
