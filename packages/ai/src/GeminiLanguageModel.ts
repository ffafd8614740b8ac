/**
 * Gemini as the `LanguageModel` of `effect/ai`: text, streams and objects, with tools,
 * thinking, grounding and media, behind the same Layer as any other provider.
 *
 * Every call goes through `GeminiClient`, so quotas, retries and deadlines are kept. What
 * Gemini sends beyond the words of `effect/ai` is metadata under the key `google`; thought
 * signatures travel there through `Chat` and come back on the part they belong to.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   const answer = yield* LanguageModel.generateText({ prompt: "Say hello" })
 *   console.log(answer.text, answer.usage.outputTokens.total)
 * })
 *
 * const gemini = GeminiLanguageModel.model("gemini-3.8-flash", { temperature: 0.2 }).pipe(
 *   Layer.provide(FetchGemini.layerConfig()) // GEMINI_API_KEY
 * )
 *
 * program.pipe(Effect.provide(gemini), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 */
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import type * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type * as GenerationConfig from "effect-gemini/wire/GenerationConfig"
import type * as Tool from "effect-gemini/wire/Tool"
import * as AiError from "effect/ai/AiError"
import * as IdGenerator from "effect/ai/IdGenerator"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import type * as Response from "effect/ai/Response"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as GeminiAiError from "./GeminiAiError.ts"
import "./GeminiMetadata.ts"
import { type Dialect, toCodecGemini } from "./GeminiSchema.ts"
import { buildRequest, type Request } from "./internal/buildRequest.ts"
import * as ConfigOverride from "./internal/configOverride.ts"
import { callIds } from "./internal/promptToContents.ts"
import { type Context as PartsContext, responseToParts } from "./internal/responseToParts.ts"
import { StreamFold } from "./internal/StreamFold.ts"
import { annotateRequest, annotateResponse, providerName } from "./internal/telemetry.ts"
import * as ToolIndex from "./internal/toolIndex.ts"
import { toolParams } from "./internal/toolParams.ts"

/**
 * @since 0.1.0
 */
export declare namespace Config {
  /**
   * What a model, or one call, may set. Left-out settings are Gemini's defaults.
   *
   * @category options
   * @since 0.1.0
   */
  export interface Settings extends
    Omit<
      GenerationConfig.GenerationConfig,
      "responseSchema" | "_responseJsonSchema" | "candidateCount"
    >,
    Pick<
      GenerateContent.GenerateContentRequest,
      "safetySettings" | "cachedContent" | "serviceTier" | "labels" | "store"
    >
  {
    /** Where a search takes place, and further settings of tools. `effect/ai` decides which may be called. */
    readonly toolConfig?: Omit<Tool.ToolConfig, "functionCallingConfig"> | undefined
    /** How schemas of objects and tools are sent. Default `json`; `openapi` is the older subset. */
    readonly schemaDialect?: Dialect | undefined
    /**
     * Calls in the current turn that Gemini did not make, such as another provider's after a
     * fallback: `refuse` (the default) fails before the request is sent, `mark` tells Gemini
     * that they are not its own.
     */
    readonly unsignedCalls?: "refuse" | "mark" | undefined
    /** Deadlines, retries, priority and headers of the call. */
    readonly call?: CallOptions | undefined
  }
}

/**
 * Settings of the calls in whose context this service stands; they win over those of the model. `withConfigOverride`
 * provides it.
 *
 * @category services
 * @since 0.1.0
 */
export class Config extends Context.Service<
  Config,
  Config.Settings & { readonly model?: string | undefined }
>()("effect-gemini-ai/GeminiLanguageModel/Config") {}

/**
 * Which model answers, and the settings of its calls.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Any model that generates content. */
  readonly model: string
  readonly config?: Config.Settings | undefined
}

const moduleName = "GeminiLanguageModel"

const aiError = (method: string) => (reason: AiError.AiErrorReason): AiError.AiError =>
  AiError.make({ module: moduleName, method, reason })

interface Call {
  readonly request: Request
  readonly call: CallOptions | undefined
  readonly parts: PartsContext
}

/**
 * The service, over the `GeminiClient` of the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { config: settings, model }: Options
): Effect.fn.Return<LanguageModel.LanguageModel, never, GeminiClient.GeminiClient> {
  const client = yield* GeminiClient.GeminiClient

  const prepare = Effect.fnUntraced(function*(
    options: LanguageModel.ProviderOptions,
    method: string
  ): Effect.fn.Return<Call, AiError.AiError, IdGenerator.IdGenerator> {
    const override = Context.getOrUndefined(yield* Effect.context<never>(), Config)
    const config = { ...settings, ...override, model: override?.model ?? model }
    const tools = ToolIndex.make(options.tools)
    const request = yield* Effect.fromResult(buildRequest(options, config, tools)).pipe(
      Effect.mapError(aiError(method))
    )
    annotateRequest(options.span, request)
    const id = yield* (yield* IdGenerator.IdGenerator).generateId()
    let count = 0
    const nextId = () => count++ === 0 ? id : `${id}_${count}`
    return { request, call: config.call, parts: { tools, nextId, taken: callIds(options.prompt) } }
  })

  return yield* LanguageModel.make({
    codecTransformer: toCodecGemini,
    supportsSystemMessagesInHistory: Effect.succeed(false),
    generateText: Effect.fnUntraced(function*(options) {
      const { call, parts: context, request } = yield* prepare(options, "generateText")
      const response = yield* client.generate(request, call).pipe(
        Effect.map((answer) => answer.response),
        Effect.catch((error) => {
          const blocked = blockedResponse(error)
          return blocked === undefined
            ? Effect.fail(GeminiAiError.fromGeminiError(moduleName, "generateText")(error))
            : Effect.succeed(blocked)
        })
      )
      const parts = responseToParts(response, context)
      annotateResponse(options.span, parts)
      return Array.from(yield* toolParams(parts, context.tools))
    }),
    streamText: (options) =>
      Stream.unwrap(
        Effect.map(prepare(options, "streamText"), ({ call, parts: context, request }) =>
          streamParts(client.generateStream(request, call), context).pipe(
            Stream.mapArrayEffect((parts) => {
              annotateResponse(options.span, parts)
              return toolParams(parts, context.tools)
            })
          ))
      )
  })
})

/** The response that came with a blocked answer: `effect/ai` has a finish reason for it. */
const blockedResponse = (error: GeminiError): GenerateContent.GenerateContentResponse | undefined =>
  error.reason._tag === "ResponseBlocked" ? error.reason.response : undefined

type Parts = Arr.NonEmptyReadonlyArray<Response.StreamPartEncoded>

const streamParts = (
  chunks: Stream.Stream<GeminiClient.StreamChunk, GeminiError>,
  context: PartsContext
): Stream.Stream<Response.StreamPartEncoded, AiError.AiError> =>
  Stream.transformPull(chunks, (pull) =>
    Effect.sync(() => {
      const fold = new StreamFold(context)
      const toAiError = GeminiAiError.fromGeminiError(moduleName, "streamText")
      let over = false
      const last = (reason?: string): Pull.Pull<Parts, AiError.AiError> => {
        over = true
        const out: Array<Response.StreamPartEncoded> = []
        fold.end(out, reason)
        return Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : Cause.done()
      }
      const read: Pull.Pull<Parts, AiError.AiError> = Pull.matchEffect(pull, {
        onSuccess: (received): Pull.Pull<Parts, AiError.AiError> => {
          const out: Array<Response.StreamPartEncoded> = []
          for (const chunk of received) fold.push(chunk.response, out)
          return Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : read
        },
        onFailure: (cause) => {
          const error = Result.getOrUndefined(Cause.findError(cause))
          return error?.reason._tag === "ResponseBlocked"
            ? last(error.reason.finishReason)
            : Effect.failCause(Cause.map(cause, toAiError))
        },
        onDone: () => last()
      })
      return Effect.suspend(() => over ? Cause.done() : read)
    }))

/**
 * The `LanguageModel` service of `effect/ai` as a Layer, over the `GeminiClient` of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<LanguageModel.LanguageModel, never, GeminiClient.GeminiClient> =>
  Layer.effect(LanguageModel.LanguageModel, make(options))

/**
 * A model by its name, as `ExecutionPlan` and `Effect.provide` take it; it also provides
 * `ProviderName` (`gcp.gemini`) and `ModelName`.
 *
 * @category layers
 * @since 0.1.0
 */
export const model = <const Name extends string>(
  name: Name,
  config?: Config.Settings
): Model.Model<"gcp.gemini", LanguageModel.LanguageModel, GeminiClient.GeminiClient> =>
  Model.make(providerName, name, layer({ model: name, config }))

/**
 * Settings for the calls inside an effect, over those of the model and of an outer override.
 *
 * @category options
 * @since 0.1.0
 */
export const withConfigOverride: ConfigOverride.ConfigOverride<Config, typeof Config.Service> =
  /* @__PURE__ */ ConfigOverride.make(Config)
