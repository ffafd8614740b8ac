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
import type * as Stream from "effect/Stream"
import type { CallOptions } from "./CallOptions.ts"
import type { Retry, Timeouts } from "./GeminiConfig.ts"
import type { GeminiError } from "./GeminiError.ts"
import type * as GeminiHttp from "./GeminiHttp.ts"
import * as GenerateContent from "./GenerateContent.ts"
import { CallGate } from "./internal/CallGate.ts"
import * as Finish from "./internal/finish.ts"
import { Lane } from "./internal/Lane.ts"
import * as LogicalCall from "./internal/LogicalCall.ts"
import { estimateTokens } from "./internal/tokenEstimate.ts"
import type * as LiveTransport from "./LiveTransport.ts"
import type * as ModelId from "./ModelId.ts"
import type * as RateLimiter from "./RateLimiter.ts"
import type { Limits } from "./Tier.ts"
import * as Usage from "./Usage.ts"

/**
 * A response and the attempts that it took.
 *
 * @category models
 * @since 0.1.0
 */
export type Answered<A = GenerateContent.GenerateContentResponse> = LogicalCall.Answered<A>

/**
 * What carries a generation: HTTP, or Live for one turn. Exactly one attempt a call.
 *
 * @category models
 * @since 0.1.0
 */
export type Transport = LiveTransport.Service

/**
 * The operations of one model.
 *
 * @category models
 * @since 0.1.0
 */
export interface ModelClient {
  readonly model: ModelId.ModelId
  /** An answer whose finish is abnormal fails, with its usage: so the retry policy sees it. */
  readonly generate: (
    request: GenerateContent.GenerateContentRequest,
    options?: CallOptions,
    transport?: Transport
  ) => Effect.Effect<Answered, GeminiError>
  /** The wire chunks as they come; after the last one of an abnormal finish it fails. */
  readonly generateStream: (
    request: GenerateContent.GenerateContentRequest,
    options?: CallOptions,
    transport?: Transport
  ) => Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly model: ModelId.ModelId
  readonly transport: GeminiHttp.Service
  readonly limiter: RateLimiter.Service
  /** What quotas are counted by, apart from model and family. */
  readonly project: string
  readonly location: string
  /** The model that the server counts, and whether `model` is only another name for it. */
  readonly quotaModel: ModelId.ModelId
  readonly isAlias: boolean
  readonly limits: (quotaModel: ModelId.ModelId, options?: CallOptions) => Limits
  readonly retry?: Retry | undefined
  readonly timeouts?: Timeouts | undefined
  /** Counts the calls in flight, of all clients that close together. */
  readonly gate?: CallGate | undefined
}

const wireOptions = (options: CallOptions | undefined): GeminiHttp.CallOptions | undefined =>
  options?.timeouts === undefined && options?.headers === undefined
    ? undefined
    : { timeouts: options.timeouts, headers: options.headers }

const isFinished = (response: GenerateContent.GenerateContentResponse): boolean =>
  GenerateContent.finishReason(response) !== undefined

/**
 * Does no I/O.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): ModelClient => {
  const { limiter, model, transport: http } = options
  const total = options.timeouts?.total
  const client: LogicalCall.Client = {
    target: model,
    model,
    limiter,
    gate: options.gate ?? new CallGate(),
    retry: options.retry,
    total: total === undefined ? Infinity : Duration.toMillis(total)
  }
  const generation = new Lane(options, "generate")

  const admission = (lane: Lane, method: string, request: object, options: CallOptions | undefined) => {
    let tokens: number | undefined
    return () => lane.admission(method, tokens ??= estimateTokens(request), options)
  }

  const inputTokens = (response: GenerateContent.GenerateContentResponse): number | undefined => {
    generation.answeredBy(response.modelVersion)
    const tokens = response.usageMetadata?.promptTokenCount
    return tokens == null ? undefined : Usage.count(tokens)
  }

  return {
    model,
    generate: (request, options, transport = http) =>
      LogicalCall.unary(client, {
        method: "generateContent",
        options,
        admission: admission(generation, "generateContent", request, options),
        inputTokens,
        isFinished,
        rejection: (response) => Finish.rejection({ method: "generateContent", model }, response),
        learn: generation.learn
      }, transport.generateContent({ ...request, model }, wireOptions(options))),
    generateStream: (request, options, transport = http) =>
      LogicalCall.stream(client, {
        method: "generateContentStream",
        options,
        admission: admission(generation, "generateContentStream", request, options),
        inputTokens,
        isFinished,
        rejection: (response) => Finish.rejection({ method: "generateContentStream", model }, response),
        learn: generation.learn
      }, transport.generateContentStream({ ...request, model }, wireOptions(options)))
  }
}
