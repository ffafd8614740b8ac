/**
 * The front door: generate and stream with any model, quotas kept, failures typed.
 *
 * It picks the model of each request (else the default), asks the pool for that model's client, and chooses between
 * HTTP and Live. What it returns are views over the wire response, which is there whole as `response`.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GeminiClient from "effect-gemini/GeminiClient"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const program = Effect.gen(function*() {
 *   const gemini = yield* GeminiClient.GeminiClient
 *   const answer = yield* gemini.generate({ contents: "Say hello" }, { timeouts: { total: "1 minute" } })
 *   console.log(answer.text, answer.usage?.totalTokens)
 *   yield* gemini.generateStream({ contents: "Tell a story" }).pipe(
 *     Stream.runForEach((chunk) => Effect.sync(() => process.stdout.write(chunk.text)))
 *   )
 * })
 *
 * program.pipe(
 *   Effect.catchReason("GeminiError", "QuotaExhausted", (spent) => Effect.log(spent.message)),
 *   Effect.provide(FetchGemini.layerConfig()), // GEMINI_API_KEY
 *   Effect.runPromise
 * )
 * ```
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Answer_ from "./call/Answer.ts"
import type { CallOptions } from "./call/CallOptions.ts"
import * as Reason from "./errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "./GeminiConfig.ts"
import { GeminiError } from "./GeminiError.ts"
import * as GeminiHttp from "./GeminiHttp.ts"
import * as ChunkFold from "./internal/call/ChunkFold.ts"
import * as EmbedInputs from "./internal/call/embedInputs.ts"
import * as Fallback from "./internal/call/fallback.ts"
import * as GenerateBody from "./internal/call/generateBody.ts"
import * as Routing from "./internal/call/routing.ts"
import * as Environment from "./internal/config/environment.ts"
import * as OptionCheck from "./internal/config/optionCheck.ts"
import * as ModelPool from "./ModelPool.ts"
import * as ModelId from "./models/ModelId.ts"
import * as RateLimiter from "./RateLimiter.ts"
import * as Content from "./wire/Content.ts"
import type * as Embedding from "./wire/Embedding.ts"
import type * as GenerateContent from "./wire/GenerateContent.ts"
import type * as Models from "./wire/Models.ts"

/**
 * One answer: its text, calls and usage, and the wire response whole.
 *
 * @category models
 * @since 0.1.0
 */
export type Answer = Answer_.Answer

/**
 * One piece of a streamed answer; the last one is `finished`.
 *
 * @category models
 * @since 0.1.0
 */
export type StreamChunk = Answer_.StreamChunk

/**
 * A request: the wire fields, with `contents` in any of its three forms, the system instruction as text or content,
 * and an optional model.
 *
 * @category models
 * @since 0.1.0
 */
export type Request = Omit<GenerateContent.GenerateContentRequest, "contents" | "systemInstruction"> & {
  readonly model?: string | undefined
  readonly contents: Content.Input
  readonly systemInstruction?: string | Content.Content | undefined
}

/**
 * What to embed: one input (a string, parts or a content) or many, and the settings for all of them.
 *
 * @category models
 * @since 0.1.0
 */
export type EmbedRequest = Omit<Embedding.EmbedContentRequest, "content"> & {
  /** Default {@link GeminiConfig.defaultEmbeddingModel}. */
  readonly model?: string | undefined
  readonly contents: Embedding.Inputs
}

/**
 * The client. Every operation takes the overrides of one call as its second argument.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Asks for one answer. An abnormal finish (safety, a malformed tool call) is an error.
   *
   * ```ts
   * import * as FetchGemini from "effect-gemini/FetchGemini"
   * import { GeminiClient } from "effect-gemini/GeminiClient"
   * import * as Effect from "effect/Effect"
   * const program = GeminiClient.use((gemini) =>
   *   gemini.generate({
   *     model: "gemini-3.8-flash",
   *     systemInstruction: "Answer in one word.",
   *     contents: "The capital of France?",
   *     generationConfig: { temperature: 0 }
   *   }, { retry: { attempts: 5 }, timeouts: { total: "30 seconds" } })
   * ).pipe(
   *   Effect.map((answer) => answer.text),
   *   Effect.catchReasons("GeminiError", {
   *     ResponseBlocked: (blocked) => Effect.succeed(`blocked: ${blocked.finishReason}`),
   *     QuotaExhausted: (spent) => Effect.succeed(spent.message)
   *   })
   * )
   * await Effect.runPromise(Effect.provide(program, FetchGemini.layerConfig()))
   * ```
   */
  readonly generate: (request: Request, options?: CallOptions) => Effect.Effect<Answer, GeminiError>
  /**
   * Asks for an answer that comes in chunks, pulled from the socket at the consumer's pace. It is retried only before
   * its first chunk; a stream that breaks later fails after what it delivered.
   *
   * ```ts
   * import * as FetchGemini from "effect-gemini/FetchGemini"
   * import { GeminiClient } from "effect-gemini/GeminiClient"
   * import * as Effect from "effect/Effect"
   * import * as Stream from "effect/Stream"
   * const program = Effect.gen(function*() {
   *   const gemini = yield* GeminiClient
   *   return yield* gemini.generateStream({ contents: "Tell a story" }).pipe(
   *     Stream.tap((chunk) => Effect.sync(() => process.stdout.write(chunk.text))),
   *     Stream.runLast // the finished chunk: finishReason and usage
   *   )
   * })
   * await Effect.runPromise(Effect.provide(program, FetchGemini.layerConfig()))
   * ```
   */
  readonly generateStream: (request: Request, options?: CallOptions) => Stream.Stream<StreamChunk, GeminiError>
  /**
   * Counts the tokens of a request on the server, system instruction and tools included.
   *
   * ```ts
   * import * as FetchGemini from "effect-gemini/FetchGemini"
   * import { GeminiClient } from "effect-gemini/GeminiClient"
   * import * as Effect from "effect/Effect"
   * const program = GeminiClient.use((gemini) => gemini.countTokens({ contents: "How much is this?" }))
   * const { totalTokens } = await Effect.runPromise(Effect.provide(program, FetchGemini.layerConfig()))
   * console.log(totalTokens > 0) // true
   * ```
   */
  readonly countTokens: (request: Request, options?: CallOptions) => Effect.Effect<Answer_.TokenCount, GeminiError>
  /**
   * Turns texts or contents into vectors, all in one request.
   *
   * ```ts
   * import * as FetchGemini from "effect-gemini/FetchGemini"
   * import { GeminiClient } from "effect-gemini/GeminiClient"
   * import * as Effect from "effect/Effect"
   * const program = GeminiClient.use((gemini) =>
   *   gemini.embed({ contents: ["A cat", "A dog"], taskType: "SEMANTIC_SIMILARITY", outputDimensionality: 256 })
   * )
   * const { vectors } = await Effect.runPromise(Effect.provide(program, FetchGemini.layerConfig()))
   * console.log(vectors.map((vector) => vector.length)) // [256, 256]
   * ```
   */
  readonly embed: (request: EmbedRequest, options?: CallOptions) => Effect.Effect<Answer_.Embeddings, GeminiError>
  /** Lists every model that the server offers, page after page. It is retried only before its first model. */
  readonly listModels: (
    request?: Models.ListModelsRequest,
    options?: CallOptions
  ) => Stream.Stream<Models.Model, GeminiError>
  /** Gives one model's limits and methods. */
  readonly getModel: (model: string, options?: CallOptions) => Effect.Effect<Models.Model, GeminiError>
}

/**
 * The client as a service; {@link layer} provides it over any HttpClient.
 *
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
 * The client over the pool of the context. An option that cannot be used fails every call with InvalidRequest.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: GeminiConfig.Options) {
  const pool = yield* ModelPool.ModelPool
  const route = Routing.make(yield* Effect.context<never>())
  const problem = OptionCheck.problem(options)
  const defaultModel = options.defaultModel ?? OptionCheck.defaultModel

  const problemOf = (method: string, call: CallOptions | undefined): GeminiError | undefined => {
    const wrong = problem ?? (call === undefined ? undefined : OptionCheck.problemOfCall(call))
    return wrong && invalidRequest(method, wrong.field, wrong.description)
  }

  const modelOf = (
    method: string,
    name: string,
    call: CallOptions | undefined
  ): Result.Result<ModelId.ModelId, GeminiError> => {
    const wrong = problemOf(method, call)
    return wrong === undefined
      ? Result.mapError(ModelId.parse(name), (description) => invalidRequest(method, "model", description))
      : Result.fail(wrong)
  }

  const prepare = GenerateBody.readable((method, request: Request, call: CallOptions | undefined) =>
    Result.flatMap(modelOf(method, request?.model ?? defaultModel, call), (model) => {
      const body = GenerateBody.make(request)
      return body.contents.length === 0
        ? Result.fail(invalidRequest(method, "contents", "at least one content is needed"))
        : Result.succeed({ model, body })
    })
  )

  const generate: Service["generate"] = Fallback.unary((request, call) =>
    Effect.suspend(() => {
      const prepared = prepare("generateContent", request, call)
      if (Result.isFailure(prepared)) return Effect.fail(prepared.failure)
      const { body, model } = prepared.success
      const routed = route("generateContent", model, call)
      return Effect.flatMap(pool.get({ member: "default", model }), (client) =>
        routed === undefined
          ? client.generate(body, call)
          : Effect.flatMap(routed, (transport) => client.generate(body, call, transport))).pipe(
          Effect.map(({ attempts, value }) => Answer_.make(value, attempts.at(-1)?.model ?? model, attempts)),
          Effect.mapError(Routing.explain)
        )
    })
  )

  const generateStream: Service["generateStream"] = Fallback.stream((request, call) =>
    ChunkFold.openChunks(
      Effect.suspend(() => {
        const prepared = prepare("generateContentStream", request, call)
        if (Result.isFailure(prepared)) return Effect.fail(prepared.failure)
        const { body, model } = prepared.success
        const routed = route("generateContentStream", model, call)
        return Effect.flatMap(pool.get({ member: "default", model }), (client) =>
          routed === undefined
            ? Effect.succeed(client.generateStream(body, call))
            : Effect.map(routed, (transport) => client.generateStream(body, call, transport)))
      }),
      Routing.explain
    )
  )

  const countTokens: Service["countTokens"] = (request, call) =>
    Effect.suspend(() => {
      const prepared = prepare("countTokens", request, call)
      if (Result.isFailure(prepared)) return Effect.fail(prepared.failure)
      const { body, model } = prepared.success
      // Contents alone go in the short form of the request; everything else that is counted needs the long one.
      const counted = Object.keys(body).length === 1
        ? { contents: body.contents }
        : { generateContentRequest: { ...body, model: ModelId.resource(model) } }
      return Effect.map(
        Effect.flatMap(pool.get({ member: "default", model }), (client) => client.countTokens(counted, call)),
        ({ attempts, value }) => Answer_.tokenCount(value, model, attempts)
      )
    })

  const embedding = GenerateBody.readable((method, request: EmbedRequest, call: CallOptions | undefined) => {
    const { contents, model: name, ...settings } = { ...request }
    return Result.flatMap(modelOf(method, name ?? OptionCheck.defaultEmbeddingModel, call), (model) => {
      const requests = EmbedInputs.requests(contents, settings)
      return requests.length === 0
        ? Result.fail(invalidRequest(method, "contents", "at least one content is needed"))
        : Result.succeed({ model, requests })
    })
  })

  const embed: Service["embed"] = (request, call) =>
    Effect.suspend(() => {
      const method = "batchEmbedContents"
      const prepared = embedding(method, request, call)
      if (Result.isFailure(prepared)) return Effect.fail(prepared.failure)
      const { model, requests } = prepared.success
      return Effect.flatMap(
        Effect.flatMap(pool.get({ member: "default", model }), (client) => client.embed({ requests }, call)),
        ({ attempts, value }) =>
          EmbedInputs.answered(method, requests.length, Answer_.embeddings(value, model, attempts))
      )
    })

  const listModels: Service["listModels"] = (request, call) =>
    Stream.suspend(() => {
      const wrong = problemOf("listModels", call)
      return wrong === undefined ? pool.models.list(request, call) : Stream.fail(wrong)
    })

  const getModel: Service["getModel"] = (name, call) =>
    Effect.suspend(() => {
      const model = modelOf("getModel", name, call)
      return Result.isFailure(model) ? Effect.fail(model.failure) : pool.models.get(model.success, call)
    })

  return GeminiClient.of({ generate, generateStream, countTokens, embed, listModels, getModel })
})

/**
 * The client over the `GeminiHttp` of the context, under its limiter.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerNoHttp = (
  options: GeminiConfig.Options
): Layer.Layer<GeminiClient | ModelPool.ModelPool, never, GeminiHttp.GeminiHttp | RateLimiter.RateLimiter> =>
  // The spread also takes `undefined`, which a program without types may pass.
  Layer.provideMerge(Layer.effect(GeminiClient, make({ ...options })), ModelPool.layer({ ...options }))

/**
 * The client over HTTP, under the limiter of the context, which others may share; for the safety of the key see {@link
 * layer}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerNoLimiter = (
  options: GeminiConfig.Options
): Layer.Layer<
  GeminiClient | ModelPool.ModelPool | GeminiHttp.GeminiHttp,
  never,
  HttpClient.HttpClient | RateLimiter.RateLimiter
> => Layer.provideMerge(layerNoHttp(options), GeminiHttp.layer({ ...options }))

type Services = GeminiClient | ModelPool.ModelPool | RateLimiter.RateLimiter | GeminiHttp.GeminiHttp

/**
 * The client over HTTP, with everything it is made of. `GeminiHttp.layer` says which HttpClients are safe for the key.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: GeminiConfig.Options
): Layer.Layer<Services, never, HttpClient.HttpClient> => Layer.provideMerge(layerNoLimiter(options), RateLimiter.layer)

/**
 * The client over HTTP, with key, base URL and version from the environment; `options`, also `Config`s, win over it.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerConfig = (
  options: GeminiConfig.ConfigOptions = {}
): Layer.Layer<Services, Config.ConfigError, HttpClient.HttpClient> =>
  Layer.unwrap(Effect.map(Environment.load(options), layer))
