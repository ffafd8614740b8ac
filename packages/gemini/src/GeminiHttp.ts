/**
 * The REST methods of the Gemini API, exactly one attempt each.
 *
 * Wire types in and out. It fails on HTTP errors, on error bodies inside a 200, on
 * bodies that cannot be read, on blocked prompts and on streams that stop before any
 * finish reason. It knows nothing of pools, limits and retries: `GeminiClient` adds
 * those, this service is for those who want the bare transport.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as GeminiConfig from "./GeminiConfig.ts"
import { GeminiError } from "./GeminiError.ts"
import * as Reason from "./GeminiErrorReason.ts"
import type * as GenerateContent from "./GenerateContent.ts"
import * as ResponseBody from "./internal/responseBody.ts"
import * as ResponseStream from "./internal/responseStream.ts"
import * as ModelId from "./ModelId.ts"

/**
 * What a method is given: the model and the wire fields of its request.
 *
 * @category models
 * @since 0.1.0
 */
export type WithModel<Request> = Request & { readonly model: string }

/**
 * Overrides of one call.
 *
 * @category options
 * @since 0.1.0
 */
export interface CallOptions {
  /** Deadlines of this attempt; `total` is the business of `GeminiClient`. */
  readonly timeouts?: GeminiConfig.Timeouts | undefined
  /** Extra request headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** One answer. */
  readonly generateContent: (
    request: WithModel<GenerateContent.GenerateContentRequest>,
    options?: CallOptions
  ) => Effect.Effect<GenerateContent.GenerateContentResponse, GeminiError>
  /** The answer in chunks, pulled from the socket at the consumer's pace. */
  readonly generateContentStream: (
    request: WithModel<GenerateContent.GenerateContentRequest>,
    options?: CallOptions
  ) => Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError>
}

/**
 * @category services
 * @since 0.1.0
 */
export class GeminiHttp extends Context.Service<GeminiHttp, Service>()("effect-gemini/GeminiHttp") {}

const apiKeyHeader = "x-goog-api-key"

/**
 * The service over whatever HttpClient the program provides.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: GeminiConfig.Options) {
  const httpClient = (options.transformClient ?? ((client) => client))(yield* HttpClient.HttpClient)
  const baseUrl = (options.baseUrl ?? GeminiConfig.defaultBaseUrl).replace(/\/$/, "")
  const apiVersion = options.apiVersion ?? "v1beta"

  // Google must not see our trace ids, and a span of HttpClient's own would carry headers.
  const quiet = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    effect.pipe(
      Effect.provideService(HttpClient.TracerPropagationEnabled, false),
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.updateService(Headers.CurrentRedactedNames, (names) => [...names, apiKeyHeader])
    )

  const post = Effect.fnUntraced(function*(method: string, suffix: string, request: WithModel<object>) {
    const { model: name, ...body } = request
    const model = yield* Result.match(ModelId.parse(name), {
      onSuccess: (id) => Effect.succeed(id),
      onFailure: (description) =>
        Effect.fail(
          new GeminiError({
            method,
            attempts: [],
            reason: new Reason.InvalidRequest({ fields: [{ field: "model", description }] })
          })
        )
    })
    const call: ResponseBody.Call = { method, model }
    if (options.apiKey === undefined) {
      return yield* ResponseBody.failure(call, new Reason.MissingApiKey())
    }
    const httpRequest = HttpClientRequest.post(`${baseUrl}/${apiVersion}/${ModelId.resource(model)}:${suffix}`).pipe(
      HttpClientRequest.setHeader(apiKeyHeader, Redacted.value(options.apiKey)),
      HttpClientRequest.bodyJsonUnsafe(body)
    )
    const response = yield* quiet(httpClient.execute(httpRequest)).pipe(
      Effect.mapError((error) => ResponseBody.network(call, error))
    )
    if (response.status < 200 || response.status >= 300) {
      const text = yield* Effect.mapError(response.text, (error) => ResponseBody.network(call, error))
      return yield* ResponseBody.httpError(call, response.status, text)
    }
    return { call, response } as const
  })

  const generateContent: Service["generateContent"] = Effect.fnUntraced(function*(request) {
    const { call, response } = yield* post("generateContent", "generateContent", request)
    const text = yield* Effect.mapError(response.text, (error) => ResponseBody.network(call, error))
    return yield* Effect.fromResult(ResponseBody.decodeGenerate(call, text))
  })

  const generateContentStream: Service["generateContentStream"] = (request) =>
    Stream.unwrap(
      Effect.map(
        post("generateContentStream", "streamGenerateContent?alt=sse", request),
        ({ call, response }) =>
          Stream.transformPull(response.stream, (pull) => Effect.sync(() => ResponseStream.decodePull(call, pull)))
      )
    )

  return GeminiHttp.of({ generateContent, generateContentStream })
})

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: GeminiConfig.Options): Layer.Layer<GeminiHttp, never, HttpClient.HttpClient> =>
  Layer.effect(GeminiHttp, make(options))
