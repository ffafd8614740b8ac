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
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Reason from "./errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "./GeminiConfig.ts"
import { GeminiError } from "./GeminiError.ts"
import * as Retried from "./internal/call/retried.ts"
import * as Attempt from "./internal/http/attempt.ts"
import * as RequestCheck from "./internal/http/requestCheck.ts"
import * as Body from "./internal/http/responseBody.ts"
import * as AttemptSpan from "./internal/telemetry/attemptSpan.ts"
import * as Guard from "./internal/wire/guard.ts"
import * as ModelId from "./models/ModelId.ts"
import * as Content from "./wire/Content.ts"
import * as CountTokens from "./wire/CountTokens.ts"
import * as Embedding from "./wire/Embedding.ts"
import type * as GenerateContent from "./wire/GenerateContent.ts"
import * as Models from "./wire/Models.ts"

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
export interface CallOptions {
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
    options?: CallOptions
  ) => Effect.Effect<GenerateContent.GenerateContentResponse, GeminiError>
  /** The answer in chunks, pulled from the socket at the consumer's pace. */
  readonly generateContentStream: (
    request: WithModel<GenerateRequest>,
    options?: CallOptions
  ) => Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError>
  /** How many tokens a prompt is, counted by the server. */
  readonly countTokens: (
    request: WithModel<CountRequest>,
    options?: CallOptions
  ) => Effect.Effect<CountTokens.CountTokensResponse, GeminiError>
  /** Gives one content as a vector. */
  readonly embedContent: (
    request: WithModel<Embedding.EmbedContentRequest>,
    options?: CallOptions
  ) => Effect.Effect<Embedding.EmbedContentResponse, GeminiError>
  /** Gives several contents as vectors, in order. An entry without `model` gets that of the call. */
  readonly batchEmbedContents: (
    request: WithModel<Embedding.BatchEmbedContentsRequest>,
    options?: CallOptions
  ) => Effect.Effect<Embedding.BatchEmbedContentsResponse, GeminiError>
  /** Every model, page after page; the next page is asked for when it is needed. */
  readonly listModels: (
    request?: Models.ListModelsRequest,
    options?: CallOptions
  ) => Stream.Stream<Models.Model, GeminiError>
  /** One model's limits and methods. */
  readonly getModel: (
    request: { readonly model: string },
    options?: CallOptions
  ) => Effect.Effect<Models.Model, GeminiError>
}

/**
 * The bare transport as a service; {@link layer} provides it over any HttpClient.
 *
 * @category services
 * @since 0.1.0
 */
export class GeminiHttp extends Context.Service<GeminiHttp, Service>()("effect-gemini/GeminiHttp") {}

const guardCount = Guard.make(CountTokens.CountTokensResponse)
const guardEmbedding = Guard.make(Embedding.EmbedContentResponse)
const guardBatch = Guard.make(Embedding.BatchEmbedContentsResponse)
const guardModels = Guard.make(Models.ListModelsResponse)
const guardModel = Guard.make(Models.Model)

const decoder = <A>(guard: Parameters<typeof Body.decode<A>>[1]) => (call: Body.Call, text: string) =>
  Body.decode(call, guard, text)

/** The model by its name in URLs, or why the name is not a model's. */
const resourceOf = (method: string, name: string): Result.Result<ModelId.ModelId, GeminiError> =>
  Result.mapError(
    ModelId.parse(name),
    (description) => Body.failure({ method }, new Reason.InvalidRequest({ fields: [{ field: "model", description }] }))
  )

const generateWire = (
  request: WithModel<GenerateRequest>
): WithModel<GenerateContent.GenerateContentRequest> => ({ ...request, contents: Content.fromInput(request?.contents) })

/** The request in its wire form, in which a whole request to be counted names its model by its resource name. */
const countWire = (request: WithModel<CountRequest>): WithModel<CountTokens.CountTokensRequest> => {
  const { contents, generateContentRequest: whole, ...rest } = { ...request }
  const model = whole ? Result.getOrUndefined(ModelId.parse(whole.model)) : undefined
  return {
    ...rest,
    ...(contents === undefined || contents === null ? {} : { contents: Content.fromInput(contents) }),
    ...(whole
      ? { generateContentRequest: model === undefined ? whole : { ...whole, model: ModelId.resource(model) } }
      : {})
  }
}

/**
 * The service over whatever HttpClient the program provides.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: GeminiConfig.Options
): Effect.Effect<Service, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (httpClient) => {
    const sender = Attempt.make(options, httpClient)

    /** A POST on a model; a name that is not a model's fails before anything is sent. */
    const post = (
      method: string,
      suffix: string,
      request: WithModel<object>,
      callOptions: CallOptions | undefined,
      check: (model: ModelId.ModelId) => ReadonlyArray<RequestCheck.Violation>
    ): Result.Result<Attempt.Attempt, GeminiError> => {
      // The spread also takes `undefined`, which a program without types may pass.
      const { model: name, ...body } = { ...request }
      const model = resourceOf(method, name)
      if (Result.isFailure(model)) return Result.fail(model.failure)
      return Result.succeed({
        ...callOptions,
        method,
        model: model.success,
        httpMethod: "POST",
        path: `${ModelId.resource(model.success)}:${suffix}`,
        body,
        check: () => check(model.success)
      })
    }

    const unary = <A>(
      attempt: Result.Result<Attempt.Attempt, GeminiError>,
      decode: (call: Body.Call, text: string) => Result.Result<A, GeminiError>,
      describe?: Parameters<typeof sender.unary<A>>[2]
    ): Effect.Effect<A, GeminiError> =>
      Result.isFailure(attempt) ? Effect.fail(attempt.failure) : sender.unary(attempt.success, decode, describe)

    return GeminiHttp.of({
      generateContent: (input, options) => {
        const request = generateWire(input)
        return unary(
          post(
            "generateContent",
            "generateContent",
            request,
            options,
            () => RequestCheck.generateContent(request)
          ),
          Body.decodeGenerate,
          AttemptSpan.answered
        )
      },
      generateContentStream: (input, options) => {
        const request = generateWire(input)
        const attempt = post(
          "generateContentStream",
          "streamGenerateContent?alt=sse",
          request,
          options,
          () => RequestCheck.generateContent(request)
        )
        return Result.isFailure(attempt) ? Stream.fail(attempt.failure) : sender.stream(attempt.success)
      },
      countTokens: (input, options) => {
        const request = countWire(input)
        return unary(
          post("countTokens", "countTokens", request, options, () => RequestCheck.countTokens(request)),
          decoder(guardCount)
        )
      },
      embedContent: (request, options) =>
        unary(
          post("embedContent", "embedContent", request, options, () => RequestCheck.embedContent(request)),
          decoder(guardEmbedding)
        ),
      batchEmbedContents: (request, options) => {
        const attempt = post(
          "batchEmbedContents",
          "batchEmbedContents",
          request,
          options,
          (model) => RequestCheck.batchEmbedContents(model)(request)
        )
        if (Result.isFailure(attempt)) return Effect.fail(attempt.failure)
        const model = attempt.success.path.slice(0, attempt.success.path.lastIndexOf(":"))
        return sender.unary(
          { ...attempt.success, body: RequestCheck.withModels(model, request) },
          decoder(guardBatch)
        )
      },
      listModels: (request, options) =>
        Stream.paginate(request?.pageToken, (pageToken) => {
          const query = new URLSearchParams()
          if (request?.pageSize !== undefined) query.set("pageSize", String(request.pageSize))
          if (pageToken !== undefined) query.set("pageToken", pageToken)
          const path = query.size === 0 ? "models" : `models?${query}`
          return Effect.map(
            sender.unary(
              { ...options, method: "listModels", httpMethod: "GET", path, body: undefined },
              decoder(guardModels)
            ),
            (page) => [page.models ?? [], Option.fromNullishOr(page.nextPageToken || undefined)] as const
          )
        }),
      getModel: (request, options) => {
        const model = resourceOf("getModel", request?.model)
        return unary(
          Result.map(model, (id): Attempt.Attempt => ({
            ...options,
            method: "getModel",
            model: id,
            httpMethod: "GET",
            path: ModelId.resource(id),
            body: undefined
          })),
          decoder(guardModel)
        )
      }
    })
  })

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
