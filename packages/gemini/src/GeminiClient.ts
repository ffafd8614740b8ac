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
import * as Stream from "effect/Stream"
import type * as Answer_ from "./call/Answer.ts"
import type { CallOptions } from "./call/CallOptions.ts"
import type * as GeminiConfig from "./GeminiConfig.ts"
import type { GeminiError } from "./GeminiError.ts"
import * as GeminiHttp from "./GeminiHttp.ts"
import * as ClientService from "./internal/call/clientService.ts"
import * as Environment from "./internal/config/environment.ts"
import * as ModelPool from "./ModelPool.ts"
import type * as ModelId from "./models/ModelId.ts"
import * as RateLimiter from "./RateLimiter.ts"
import type * as Content from "./wire/Content.ts"
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
 * A request: the wire fields, with `contents` in any of its forms, the system instruction as text or content,
 * and an optional model.
 *
 * @category models
 * @since 0.1.0
 */
export type Request = Omit<GenerateContent.GenerateContentRequest, "contents" | "systemInstruction"> & {
  readonly model?: ModelId.Name | undefined
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
  readonly model?: ModelId.Embedding | undefined
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
  readonly getModel: (model: ModelId.Name, options?: CallOptions) => Effect.Effect<Models.Model, GeminiError>
  /**
   * The name that OpenTelemetry's conventions give to who is asked: `gcp.gemini` or `gcp.vertex_ai`. Over members it is
   * that of the member; without one `gcp.gen_ai`, if members of both are there. Left out, it is `gcp.gemini`.
   *
   * @since 0.3.0
   */
  readonly providerName?: ((member: string | undefined) => string) | undefined
}

/**
 * The client as a service; {@link layer} provides it over any HttpClient.
 *
 * @category services
 * @since 0.1.0
 */
export class GeminiClient extends Context.Service<GeminiClient, Service>()("effect-gemini/GeminiClient") {}

/**
 * {@link Service.generate} of the client in the context.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GeminiClient from "effect-gemini/GeminiClient"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const question = { role: "user", parts: [{ text: "Name a river." }] }
 *   const first = yield* GeminiClient.generate({ contents: question })
 *   const next = { role: "user", parts: [{ text: "Where does it end?" }] }
 *   return yield* GeminiClient.generate({ contents: [question, first.content, next] })
 * })
 * const answer = await Effect.runPromise(Effect.provide(program, FetchGemini.layerConfig()))
 * console.log(answer.text)
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const generate = (
  request: Request,
  options?: CallOptions
): Effect.Effect<Answer, GeminiError, GeminiClient> => GeminiClient.use((gemini) => gemini.generate(request, options))

/**
 * {@link Service.generateStream} of the client in the context.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GeminiClient from "effect-gemini/GeminiClient"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * await GeminiClient.generateStream({ contents: "Tell a story" }).pipe(
 *   Stream.runForEach((chunk) => Effect.sync(() => process.stdout.write(chunk.text))),
 *   Effect.provide(FetchGemini.layerConfig()),
 *   Effect.runPromise
 * )
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const generateStream = (
  request: Request,
  options?: CallOptions
): Stream.Stream<StreamChunk, GeminiError, GeminiClient> =>
  Stream.unwrap(GeminiClient.useSync((gemini) => gemini.generateStream(request, options)))

/**
 * {@link Service.countTokens} of the client in the context.
 *
 * @category running
 * @since 0.2.0
 */
export const countTokens = (
  request: Request,
  options?: CallOptions
): Effect.Effect<Answer_.TokenCount, GeminiError, GeminiClient> =>
  GeminiClient.use((gemini) => gemini.countTokens(request, options))

/**
 * {@link Service.embed} of the client in the context.
 *
 * @category running
 * @since 0.2.0
 */
export const embed = (
  request: EmbedRequest,
  options?: CallOptions
): Effect.Effect<Answer_.Embeddings, GeminiError, GeminiClient> =>
  GeminiClient.use((gemini) => gemini.embed(request, options))

/**
 * {@link Service.listModels} of the client in the context.
 *
 * @category running
 * @since 0.2.0
 */
export const listModels = (
  request?: Models.ListModelsRequest,
  options?: CallOptions
): Stream.Stream<Models.Model, GeminiError, GeminiClient> =>
  Stream.unwrap(GeminiClient.useSync((gemini) => gemini.listModels(request, options)))

/**
 * {@link Service.getModel} of the client in the context.
 *
 * @category running
 * @since 0.2.0
 */
export const getModel = (
  model: ModelId.Name,
  options?: CallOptions
): Effect.Effect<Models.Model, GeminiError, GeminiClient> =>
  GeminiClient.use((gemini) => gemini.getModel(model, options))

/**
 * The client over the pool of the context. An option that cannot be used fails every call with InvalidRequest.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: GeminiConfig.Options
): Effect.Effect<Service, never, ModelPool.ModelPool> => ClientService.make(options)

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
): Layer.Layer<Services, Config.ConfigError, HttpClient.HttpClient> => Environment.layer(options, layer)
