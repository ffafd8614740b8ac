/**
 * The methods on a model in their strict form: a parsed name and a wire body, each exactly one attempt.
 *
 * `GeminiHttp` reads what people write and asks these; the clients above it have read it already and ask these at once,
 * so that a call is read, and copied, in one place.
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { GeminiError } from "../../GeminiError.ts"
import type { AttemptOptions, Service } from "../../GeminiHttp.ts"
import type * as LiveTransport from "../../live/LiveTransport.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as CountTokens from "../../wire/CountTokens.ts"
import * as Embedding from "../../wire/Embedding.ts"
import type * as GenerateContent from "../../wire/GenerateContent.ts"
import * as AttemptSpan from "../telemetry/attemptSpan.ts"
import * as Guard from "../wire/guard.ts"
import type { AttemptRequest, Sender } from "./attempt.ts"
import * as RequestCheck from "./requestCheck.ts"
import * as Body from "./responseBody.ts"

/** A body goes out as it is; what the server is known to refuse fails before that. */
type Method<Request, A> = (model: ModelId.ModelId, body: Request, options: AttemptOptions | undefined) => A

type Unary<Request, A> = Method<Request, Effect.Effect<A, GeminiError>>

type Generated = GenerateContent.GenerateContentResponse

/** Generations, which go over Live too. */
export interface GenerationMethods {
  readonly generateContent: Unary<GenerateContent.GenerateContentRequest, Generated>
  readonly generateContentStream: Method<
    GenerateContent.GenerateContentRequest,
    Stream.Stream<Generated, GeminiError>
  >
}

/** The methods on a model. */
export interface ModelMethods extends GenerationMethods {
  /** How any other method is sent. A service that somebody else wrote has none. */
  readonly sender?: Sender | undefined
  readonly countTokens: Unary<CountTokens.CountTokensRequest, CountTokens.CountTokensResponse>
  readonly embedContent: Unary<Embedding.EmbedContentRequest, Embedding.EmbedContentResponse>
  /** An entry without a model gets that of the call. */
  readonly batchEmbedContents: Unary<Embedding.BatchEmbedContentsRequest, Embedding.BatchEmbedContentsResponse>
}

export const decoder = <A>(guard: Parameters<typeof Body.decode<A>>[1]) => (call: Body.CallContext, text: string) =>
  Body.decode(call, guard, text)

const decodeCount = decoder(Guard.make(CountTokens.CountTokensResponse))
const decodeEmbedding = decoder(Guard.make(Embedding.EmbedContentResponse))
const decodeBatch = decoder(Guard.make(Embedding.BatchEmbedContentsResponse))

/** The options of a call that concern a single attempt. */
export const attemptOptions = (options: AttemptOptions | undefined): AttemptOptions => ({
  timeouts: options?.timeouts,
  headers: options?.headers
})

export const post = (
  method: string,
  model: ModelId.ModelId,
  body: unknown,
  options: AttemptOptions | undefined,
  check: () => ReadonlyArray<RequestCheck.Violation>,
  suffix = method
): AttemptRequest => ({
  ...attemptOptions(options),
  method,
  model,
  httpMethod: "POST",
  path: `${ModelId.resource(model)}:${suffix}`,
  body,
  check
})

export const make = (sender: Sender): ModelMethods => {
  const unary = <Request, A>(
    method: string,
    check: (body: Request) => ReadonlyArray<RequestCheck.Violation>,
    decode: Parameters<typeof sender.unary<A>>[1],
    describe?: Parameters<typeof sender.unary<A>>[2]
  ): Unary<Request, A> =>
  (model, body, options) => sender.unary(post(method, model, body, options, () => check(body)), decode, describe)

  return {
    generateContent: unary("generateContent", RequestCheck.generateContent, Body.decodeGenerate, AttemptSpan.answered),
    generateContentStream: (model, body, options) => {
      const check = () => RequestCheck.generateContent(body)
      return sender.stream(
        post("generateContentStream", model, body, options, check, "streamGenerateContent?alt=sse")
      )
    },
    countTokens: unary("countTokens", RequestCheck.countTokens, decodeCount),
    embedContent: unary("embedContent", RequestCheck.embedContent, decodeEmbedding),
    batchEmbedContents: (model, request, options) => {
      const body = RequestCheck.withModels(ModelId.resource(model), request)
      const check = () => RequestCheck.batchEmbedContents(model)(request)
      return sender.unary(post("batchEmbedContents", model, body, options, check), decodeBatch)
    },
    sender
  }
}

const strict = /* @__PURE__ */ new WeakMap<object, ModelMethods>()

/** The service, whose strict methods are known from now on. */
export const known = (service: Service, methods: ModelMethods): Service => {
  strict.set(service, methods)
  return service
}

/** What a service is asked with that has no strict methods. */
const asked = <Request extends object>(model: ModelId.ModelId, body: Request, options: AttemptOptions | undefined) =>
  [{ ...body, model }, attemptOptions(options)] as const

/** A transport of somebody else's is asked as everybody asks it. */
export const generating = (transport: LiveTransport.Service): GenerationMethods => ({
  generateContent: (...call) => transport.generateContent(...asked(...call)),
  generateContentStream: (...call) => transport.generateContentStream(...asked(...call))
})

/** The strict methods of a service. One that wraps another, or that somebody else wrote, is asked by its own. */
export const of = (service: Service): ModelMethods =>
  strict.get(service) ?? {
    ...generating(service),
    countTokens: (...call) => service.countTokens(...asked(...call)),
    embedContent: (...call) => service.embedContent(...asked(...call)),
    batchEmbedContents: (...call) => service.batchEmbedContents(...asked(...call))
  }
