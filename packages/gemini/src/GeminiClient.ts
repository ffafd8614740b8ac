/**
 * The front door: generate and stream with any model, quotas kept, failures typed.
 *
 * It picks the model of each request (else the default), asks the pool for that
 * model's client, and turns blocked and rejected answers into errors. What it returns
 * are views over the wire response, which is there whole as `response`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Content from "./Content.ts"
import * as GeminiConfig from "./GeminiConfig.ts"
import { type Attempt, GeminiError } from "./GeminiError.ts"
import * as Reason from "./GeminiErrorReason.ts"
import * as GeminiHttp from "./GeminiHttp.ts"
import * as GenerateContent from "./GenerateContent.ts"
import * as ChunkFold from "./internal/streamChunks.ts"
import type * as ModelClient from "./ModelClient.ts"
import * as ModelId from "./ModelId.ts"
import * as ModelPool from "./ModelPool.ts"
import * as RateLimiter from "./RateLimiter.ts"
import type { Usage } from "./Usage.ts"

/**
 * A request: the wire fields, with `contents` in any of its three forms and an
 * optional model.
 *
 * @category models
 * @since 0.1.0
 */
export type Request = Omit<GenerateContent.GenerateContentRequest, "contents"> & {
  readonly model?: string | undefined
  readonly contents: Content.Input
}

/**
 * One answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  /** The first candidate's text without thoughts. */
  readonly text: string
  readonly finishReason: string | undefined
  readonly usage: Usage | undefined
  /** The model that answered, as the server names it (an alias names its target). */
  readonly model: string
  readonly attempts: ReadonlyArray<Attempt>
  /** The wire response, untouched. */
  readonly response: GenerateContent.GenerateContentResponse
}

/**
 * One piece of a streamed answer. Exactly one chunk, the last, is `finished`; an
 * interrupted stream has none.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamChunk {
  readonly text: string
  readonly finished: boolean
  readonly finishReason?: string
  readonly usage?: Usage
  readonly response: GenerateContent.GenerateContentResponse
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Service {
  readonly generate: (request: Request) => Effect.Effect<Answer, GeminiError>
  readonly generateStream: (request: Request) => Stream.Stream<StreamChunk, GeminiError>
}

/**
 * @category services
 * @since 0.1.0
 */
export class GeminiClient extends Context.Service<GeminiClient, Service>()("effect-gemini/GeminiClient") {}

const invalidRequest = (method: string, field: string, description: string): GeminiError =>
  new GeminiError({
    method,
    attempts: [],
    reason: new Reason.InvalidRequest({ fields: [{ field, description }] })
  })

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: GeminiConfig.Options) {
  const pool = yield* ModelPool.ModelPool

  const prepare = Effect.fnUntraced(function*(method: string, request: Request) {
    const { contents: input, model: name, ...rest } = request
    const model = ModelId.parse(name ?? options.defaultModel ?? GeminiConfig.defaultModel)
    if (Result.isFailure(model)) return yield* invalidRequest(method, "model", model.failure)
    const contents = Content.fromInput(input)
    if (contents.length === 0) return yield* invalidRequest(method, "contents", "at least one content is needed")
    const client = yield* pool.get({ member: "default", model: model.success })
    return { client, body: { ...rest, contents } }
  })

  const answer = ({ attempts, response }: ModelClient.Answered, model: string): Answer => ({
    text: GenerateContent.text(response),
    finishReason: GenerateContent.finishReason(response),
    usage: GenerateContent.usage(response),
    model: response.modelVersion ?? model,
    attempts,
    response
  })

  const generate: Service["generate"] = Effect.fnUntraced(function*(request) {
    const { body, client } = yield* prepare("generate", request)
    return answer(yield* client.generate(body), client.model)
  })

  const generateStream: Service["generateStream"] = (request) =>
    Stream.unwrap(
      Effect.map(prepare("generateStream", request), ({ body, client }) =>
        ChunkFold.streamChunks(client.generateStream(body)))
    )

  return GeminiClient.of({ generate, generateStream })
})

/**
 * The client over HTTP, with everything it is made of.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: GeminiConfig.Options
): Layer.Layer<
  GeminiClient | ModelPool.ModelPool | RateLimiter.RateLimiter | GeminiHttp.GeminiHttp,
  never,
  HttpClient.HttpClient
> =>
  Layer.effect(GeminiClient, make(options)).pipe(
    Layer.provideMerge(ModelPool.layer(options)),
    Layer.provideMerge(RateLimiter.layer),
    Layer.provideMerge(GeminiHttp.layer(options))
  )
