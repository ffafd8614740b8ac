/**
 * The REST methods of the Gemini API, exactly one attempt each.
 *
 * Wire types in and out. It fails on HTTP errors, on error bodies inside a 200, on bodies that cannot be read, on
 * blocked prompts and on streams that stop before any finish reason. It knows nothing of pools, limits and retries,
 * which `GeminiClient` adds: this service is for programs that want the bare transport.
 *
 * ```ts
 * import * as GeminiHttp from "effect-gemini/GeminiHttp"
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GenerateContent from "effect-gemini/wire/GenerateContent"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const http = GeminiHttp.withRetry({ attempts: 4 })(yield* GeminiHttp.GeminiHttp)
 *   const response = yield* http.generateContent({ model: "gemini-3.8-flash", contents: "Say hello" })
 *   return [GenerateContent.text(response), response.candidates?.[0]?.finishReason]
 * })
 * console.log(await Effect.runPromise(Effect.provide(program, FetchGemini.layerConfig())))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type * as GeminiConfig from "./GeminiConfig.ts"
import type { GeminiError } from "./GeminiError.ts"
import * as Retried from "./internal/call/retried.ts"
import * as BareMethods from "./internal/http/bareMethods.ts"
import * as ForeignClient from "./internal/http/foreignClient.ts"
import type * as Content from "./wire/Content.ts"
import type * as CountTokens from "./wire/CountTokens.ts"
import type * as Embedding from "./wire/Embedding.ts"
import type * as GenerateContent from "./wire/GenerateContent.ts"
import type * as Models from "./wire/Models.ts"

/**
 * The input of a method: the model and the wire fields of its request.
 *
 * @category models
 * @since 0.1.0
 */
export type WithModel<Request> = Request & { readonly model: string }

/**
 * The body of generateContent, with `contents` in any of its three forms.
 *
 * @category models
 * @since 0.1.0
 */
export type GenerateRequest = Omit<GenerateContent.GenerateContentRequest, "contents"> & {
  readonly contents: Content.Input
}

/**
 * The body of countTokens, with `contents` in any of its three forms.
 *
 * @category models
 * @since 0.1.0
 */
export type CountRequest = Omit<CountTokens.CountTokensRequest, "contents"> & {
  readonly contents?: Content.Input | null | undefined
}

/**
 * Overrides of one call.
 *
 * @category options
 * @since 0.1.0
 */
export interface AttemptOptions {
  /** Deadlines of this attempt; `total` has no effect here, only in `GeminiClient`. */
  readonly timeouts?: GeminiConfig.Timeouts | undefined
  /** Extra request headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/**
 * The methods of the API, each exactly one attempt. All of them fail with GeminiError; a model name that cannot be one
 * fails before anything is sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Asks for one answer. */
  readonly generateContent: (
    request: WithModel<GenerateRequest>,
    options?: AttemptOptions
  ) => Effect.Effect<GenerateContent.GenerateContentResponse, GeminiError>
  /** Gives the answer in chunks, pulled from the socket at the consumer's pace. */
  readonly generateContentStream: (
    request: WithModel<GenerateRequest>,
    options?: AttemptOptions
  ) => Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError>
  /** Tells how many tokens a prompt is, counted by the server. */
  readonly countTokens: (
    request: WithModel<CountRequest>,
    options?: AttemptOptions
  ) => Effect.Effect<CountTokens.CountTokensResponse, GeminiError>
  /** Gives one content as a vector. */
  readonly embedContent: (
    request: WithModel<Embedding.EmbedContentRequest>,
    options?: AttemptOptions
  ) => Effect.Effect<Embedding.EmbedContentResponse, GeminiError>
  /** Gives several contents as vectors, in order. An entry without `model` gets that of the call. */
  readonly batchEmbedContents: (
    request: WithModel<Embedding.BatchEmbedContentsRequest>,
    options?: AttemptOptions
  ) => Effect.Effect<Embedding.BatchEmbedContentsResponse, GeminiError>
  /** Lists every model, page after page; the next page is asked for when it is needed. */
  readonly listModels: (
    request?: Models.ListModelsRequest,
    options?: AttemptOptions
  ) => Stream.Stream<Models.Model, GeminiError>
  /** Gives one model's limits and methods. */
  readonly getModel: (
    request: { readonly model: string },
    options?: AttemptOptions
  ) => Effect.Effect<Models.Model, GeminiError>
}

/**
 * The bare transport as a service; {@link layer} provides it over any HttpClient.
 *
 * @category services
 * @since 0.1.0
 */
export class GeminiHttp extends Context.Service<GeminiHttp, Service>()("effect-gemini/GeminiHttp") {}

/**
 * The service over whatever HttpClient the program provides.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: GeminiConfig.Options
): Effect.Effect<Service, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => BareMethods.of(ForeignClient.sender(options, client)))

/**
 * The service over the HttpClient of the context.
 *
 * The key is safe with `FetchHttpClient`, `NodeHttpClient` on undici and on node:http, and the client of
 * `NodeGemini.layerHttpClient`, which fail at a redirect. A client that follows redirects by itself
 * (`HttpClient.followRedirects`, one of your own over fetch) sends the key along before anybody can look; the answer
 * of another origin is then refused as InvalidResponse.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: GeminiConfig.Options): Layer.Layer<GeminiHttp, never, HttpClient.HttpClient> =>
  Layer.effect(GeminiHttp, make(options))

/** The model's name for the list of attempts; the service itself refuses a name that is not a model's. */
const targetOf = (request: { readonly model: string }): string => {
  const { model } = { ...request }
  return typeof model === "string" ? model : ""
}

/**
 * The same service with retries of calls that may succeed later, for programs that use the bare transport;
 * `GeminiClient` has its own retries, which also keep the quotas.
 *
 * The server's own delay wins over the backoff. A stream is tried again only before its
 * first chunk. The error that comes out names every attempt.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withRetry = (policy: GeminiConfig.Retry = {}) => (service: Service): Service => {
  const retry = Retried.make(policy)
  return {
    generateContent: (request, options) => retry.effect(targetOf(request), service.generateContent(request, options)),
    generateContentStream: (request, options) =>
      retry.stream(targetOf(request), service.generateContentStream(request, options)),
    countTokens: (request, options) => retry.effect(targetOf(request), service.countTokens(request, options)),
    embedContent: (request, options) => retry.effect(targetOf(request), service.embedContent(request, options)),
    batchEmbedContents: (request, options) =>
      retry.effect(targetOf(request), service.batchEmbedContents(request, options)),
    listModels: (request, options) => retry.stream("", service.listModels(request, options)),
    getModel: (request, options) => retry.effect(targetOf(request), service.getModel(request, options))
  }
}
