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
import type { CallOptions } from "./call/CallOptions.ts"
import type { Continuation as GeminiContinuation, Retry, Timeouts } from "./GeminiConfig.ts"
import type { GeminiError } from "./GeminiError.ts"
import type * as GeminiHttp from "./GeminiHttp.ts"
import { CallGate } from "./internal/call/CallGate.ts"
import * as Continuation from "./internal/call/Continuation.ts"
import * as LogicalCall from "./internal/call/LogicalCall.ts"
import * as Plans from "./internal/call/plans.ts"
import * as StreamedCall from "./internal/call/streamedCall.ts"
import { Lane } from "./internal/limiter/Lane.ts"
import { estimateTokens } from "./internal/limiter/tokenEstimate.ts"
import { messageLimits } from "./internal/live/messageLimits.ts"
import type { Limits } from "./limits/Tier.ts"
import type * as LiveTransport from "./live/LiveTransport.ts"
import type * as ModelId from "./models/ModelId.ts"
import type * as RateLimiter from "./RateLimiter.ts"
import type * as CountTokens from "./wire/CountTokens.ts"
import type * as Embedding from "./wire/Embedding.ts"
import type * as GenerateContent from "./wire/GenerateContent.ts"

/**
 * A response and the attempts that it took.
 *
 * @category models
 * @since 0.1.0
 */
export type Answered<A = GenerateContent.GenerateContentResponse> = LogicalCall.Answered<A>

/**
 * The transport of a generation: HTTP, or Live for one turn. Each call of it is exactly one attempt.
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
  /** Asks for an answer. One with an abnormal finish fails, with its usage, so that the retry policy sees it. */
  readonly generate: (
    request: GenerateContent.GenerateContentRequest,
    options?: CallOptions,
    transport?: Transport
  ) => Effect.Effect<Answered, GeminiError>
  /** The wire chunks as they come. After an abnormal finish the stream fails behind its last chunk. */
  readonly generateStream: (
    request: GenerateContent.GenerateContentRequest,
    options?: CallOptions,
    transport?: Transport
  ) => Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError>
  /** Counts tokens. These calls have a lane of their own, because the server counts them apart. */
  readonly countTokens: (
    request: CountTokens.CountTokensRequest,
    options?: CallOptions
  ) => Effect.Effect<Answered<CountTokens.CountTokensResponse>, GeminiError>
  /** Embeds one content or many, in one request. */
  readonly embed: (
    request: Embedding.BatchEmbedContentsRequest,
    options?: CallOptions
  ) => Effect.Effect<Answered<Embedding.BatchEmbedContentsResponse>, GeminiError>
}

/**
 * What one model's client is made of. It is meant for builders of pools; programs use `GeminiClient`.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly model: ModelId.ModelId
  readonly transport: GeminiHttp.Service
  readonly limiter: RateLimiter.Service
  /** The project whose quotas are counted. */
  readonly project: string
  readonly location: string
  /** The model that the server counts; it differs from `model` if that is an alias. */
  readonly quotaModel: ModelId.ModelId
  readonly isAlias: boolean
  readonly limits: (quotaModel: ModelId.ModelId, options?: CallOptions) => Limits
  readonly retry?: Retry | undefined
  readonly timeouts?: Timeouts | undefined
  readonly continuation?: GeminiContinuation | undefined
  /** Counts the calls in flight, of all clients that close together. */
  readonly gate?: CallGate | undefined
}

/**
 * The client of one model. Making it does no I/O.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): ModelClient => {
  const { model, transport: http } = options
  const total = options.timeouts?.total
  const client: LogicalCall.Client = {
    target: model,
    model,
    gate: options.gate ?? new CallGate(),
    retry: options.retry,
    total: total === undefined ? Infinity : Duration.toMillis(total)
  }
  const generation = new Lane(options, "generate")
  // Over Live a call is one message, which is counted apart; how many run at once is bounded by sessions.
  const living = new Lane({ ...options, limits: (model, call) => messageLimits(options.limits(model, call)) }, "live")
  const laneOf = (transport: Transport | undefined): Lane => transport === undefined ? generation : living
  const counting = new Lane(options, "count")
  const embedding = new Lane(options, "embed")

  const heard = (modelVersion: string | null | undefined): void => generation.answeredBy(modelVersion)
  const chainOf = (request: GenerateContent.GenerateContentRequest, call: CallOptions | undefined) =>
    Continuation.make(call?.continuation ?? options.continuation, request)
  const generated = Plans.generation("generateContent", () => model, heard)
  const streamed = Plans.generation("generateContentStream", () => model, heard)

  const countTokens: ModelClient["countTokens"] = (request, options) =>
    LogicalCall.unary(client, {
      ...Plans.counting,
      options,
      // Counted tokens are not charged against the limit of tokens.
      meter: counting.meter("countTokens", () => 0, options)
    }, () => http.countTokens({ ...request, model }, LogicalCall.wireOptions(options)))
  const count = Plans.counted(model, countTokens)

  return {
    model,
    generate: (request, options, transport) =>
      LogicalCall.unary(client, {
        ...generated,
        options,
        meter: laneOf(transport).meter("generateContent", () => estimateTokens(request), options, { request, count }),
        chain: chainOf(request, options)
      }, (token) =>
        (transport ?? http).generateContent(
          { ...request, ...Continuation.from(token), model },
          LogicalCall.wireOptions(options)
        )),
    generateStream: (request, options, transport) =>
      StreamedCall.stream(client, {
        ...streamed,
        options,
        meter: laneOf(transport).meter("generateContentStream", () => estimateTokens(request), options, {
          request,
          count
        }),
        chain: chainOf(request, options)
      }, (token) =>
        (transport ?? http).generateContentStream(
          { ...request, ...Continuation.from(token), model },
          LogicalCall.wireOptions(options)
        )),
    countTokens,
    embed: (request, options) =>
      LogicalCall.unary(client, {
        ...Plans.embedding,
        options,
        meter: embedding.meter("batchEmbedContents", () => estimateTokens(request), options)
      }, () => http.batchEmbedContents({ ...request, model }, LogicalCall.wireOptions(options)))
  }
}
