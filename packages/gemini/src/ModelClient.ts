/**
 * One model's operations, each behind the model's own lane, with the retry loop.
 *
 * This module is for builders of pools; programs use `GeminiClient`.
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
import type { Attempt, GeminiError } from "./GeminiError.ts"
import type * as GeminiHttp from "./GeminiHttp.ts"
import { CallGate } from "./internal/call/CallGate.ts"
import * as Operations from "./internal/call/clientOperations.ts"
import type * as LogicalCall from "./internal/call/LogicalCall.ts"
import * as ModelMethods from "./internal/http/modelMethods.ts"
import { Lane } from "./internal/limiter/Lane.ts"
import type { Meter } from "./internal/limiter/Meter.ts"
import type { Estimate } from "./internal/limiter/Tally.ts"
import { estimateOf } from "./internal/limiter/tokenEstimate.ts"
import { messageLimits } from "./internal/live/messageLimits.ts"
import type { ProviderOf } from "./internal/telemetry/recorder.ts"
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
export interface Answered<A = GenerateContent.GenerateContentResponse> {
  readonly value: A
  readonly attempts: ReadonlyArray<Attempt>
}

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
  /** Asks for an answer. An answer with an abnormal finish fails, with its usage, so that the retry policy sees it. */
  readonly generate: (
    request: GenerateContent.GenerateContentRequest,
    options?: CallOptions,
    transport?: Transport
  ) => Effect.Effect<Answered, GeminiError>
  /** Gives the wire chunks as they come. After an abnormal finish the stream fails behind its last chunk. */
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
  /**
   * Asks by a method that a service of its own brings, in the lane of generations.
   *
   * @internal
   */
  readonly extra: <A>(asked: Operations.Extra<A>, options?: CallOptions) => Effect.Effect<Answered<A>, GeminiError>
}

/**
 * What one model's client is made of.
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
  readonly countInput?: CallOptions["countInput"]
  /** Called when a call waits that does not observe its waits itself. */
  readonly onWait?: RateLimiter.Admission["onWait"]
  /**
   * Counts the calls in flight, of all clients that close together.
   *
   * @internal
   */
  readonly gate?: CallGate | undefined
  /**
   * The name that OpenTelemetry gives to who is asked. Default `gcp.gemini`.
   *
   * @internal
   */
  readonly provider?: ProviderOf | undefined
}

/**
 * The client of one model. Making it does no I/O.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): ModelClient => {
  const { countInput, model } = options
  const total = options.timeouts?.total
  const client: LogicalCall.Client = {
    target: model,
    model,
    gate: options.gate ?? new CallGate(),
    retry: options.retry,
    continuation: options.continuation,
    total: total === undefined ? Infinity : Duration.toMillis(total),
    provider: options.provider
  }
  const generation = new Lane(options, "generate")
  // Over Live a call is one message, which is counted apart; how many run at once is bounded by sessions.
  const living = new Lane({ ...options, limits: (model, call) => messageLimits(options.limits(model, call)) }, "live")
  const counting = new Lane(options, "count")
  const embedding = new Lane(options, "embed")
  const lanes = [generation, living, counting]

  const asked = () => model
  const http = ModelMethods.of(options.transport)
  const overHttp = () => http
  const course = (options: CallOptions | undefined, meter: Meter) => ({
    options,
    meter,
    model: asked,
    carrier: overHttp
  })

  const countTokens: ModelClient["countTokens"] = (request, options) =>
    // Counted tokens are not charged against the limit of tokens.
    Operations.countTokens(client, course(options, counting.meter("countTokens", () => 0, options)), request)

  /** All lanes of the name move with it. */
  const heardOf = (lane: Lane, estimate: () => Estimate): Operations.HeardCourse["heard"] => (answer, isFinal) => {
    for (const each of lanes) each.answeredBy(answer.modelVersion)
    lane.heard(estimate(), answer, isFinal)
  }

  const count: NonNullable<RateLimiter.Admission["asks"]>["count"] = (request) =>
    Operations.counted(client, course(undefined, counting.meter("countTokens", () => 0, undefined)), request)

  const generating = (
    method: string,
    request: GenerateContent.GenerateContentRequest,
    options: CallOptions | undefined,
    transport: Transport | undefined
  ): Operations.Generating => {
    const lane = transport === undefined ? generation : living
    const estimate = estimateOf(request)
    const first = Operations.countedFirst(estimate, options?.countInput ?? countInput, () => count(request))
    const meter = lane.meter(method, () => estimate, options, { request, count }, first)
    const carrier = transport === undefined ? http : ModelMethods.generating(transport)
    return {
      ...course(options, meter),
      carrier: () => carrier,
      heard: heardOf(lane, () => estimate)
    }
  }

  const embeddingOf = (request: Embedding.BatchEmbedContentsRequest, options?: CallOptions): Operations.HeardCourse => {
    const estimate = estimateOf(request)
    return {
      ...course(options, embedding.meter("batchEmbedContents", () => estimate, options)),
      heard: (answer, isFinal) => embedding.heard(estimate, answer, isFinal)
    }
  }

  return {
    model,
    generate: (request, options, transport) =>
      Operations.generate(client, generating("generateContent", request, options, transport), request),
    generateStream: (request, options, transport) =>
      Operations.generateStream(client, generating("generateContentStream", request, options, transport), request),
    countTokens,
    embed: (request, options) =>
      Operations.embed(
        client,
        embeddingOf(request, options),
        request
      ),
    extra: (asked, options) =>
      asked.play(
        client,
        course(
          options,
          generation.meter(asked.method, () => estimateOf(asked.like), options, { request: asked.like, count })
        )
      )
  }
}
