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
import * as UsageSpan from "effect-gemini/call/UsageSpan"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as MemberCall from "effect-gemini/members/MemberCall"
import type * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import type * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type * as GenerationConfig from "effect-gemini/wire/GenerationConfig"
import type * as Tool from "effect-gemini/wire/Tool"
import * as AiError from "effect/ai/AiError"
import * as IdGenerator from "effect/ai/IdGenerator"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import type * as Prompt from "effect/ai/Prompt"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Span } from "effect/Tracer"
import * as GeminiAiError from "./GeminiAiError.ts"
import "./GeminiMetadata.ts"
import { type Dialect, toCodecGemini } from "./GeminiSchema.ts"
import { buildRequest, type Request } from "./internal/buildRequest.ts"
import * as ConfigOverride from "./internal/configOverride.ts"
import * as LargeSchemas from "./internal/largeSchemas.ts"
import * as ObjectEnd from "./internal/objectEnd.ts"
import { partStream } from "./internal/partStream.ts"
import { callIds } from "./internal/promptToContents.ts"
import { type Context as PartsContext, responseToParts } from "./internal/responseToParts.ts"
import * as StoredParts from "./internal/storedParts.ts"
import { annotateRequest, annotateResponse, annotateUsed, failed, providerName } from "./internal/telemetry.ts"
import * as ToolIndex from "./internal/toolIndex.ts"
import * as ToolParams from "./internal/toolParams.ts"

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
      "safetySettings" | "serviceTier" | "labels" | "store"
    >
  {
    /**
     * A cached beginning of the conversation, with the system instruction and the tools that were put into it. Neither
     * is sent beside it: a toolkit then only runs its handlers, and should be the one that the cache was made with.
     */
    readonly cachedContent?: GenerateContent.GenerateContentRequest["cachedContent"]
    /** Where a search takes place, and further settings of tools. `effect/ai` decides which may be called. */
    readonly toolConfig?: Omit<Tool.ToolConfig, "functionCallingConfig"> | undefined
    /** How schemas of objects and tools are sent. Default `json`; `openapi` is the older subset. */
    readonly schemaDialect?: Dialect | undefined
    /**
     * What becomes of schemas that are estimated to be more than Gemini takes (see `SchemaDoctor`): `send` (the default)
     * sends them as they are, and a refusal then names what costs most; `relax` says the costliest constraints in words
     * instead, and the answer or the arguments are checked here alone.
     */
    readonly largeSchemas?: "send" | "relax" | undefined
    /**
     * Calls in the current turn that Gemini did not make, such as another provider's after a
     * fallback: `refuse` (the default) fails before the request is sent, `mark` tells Gemini
     * that they are not its own.
     */
    readonly unsignedCalls?: "refuse" | "mark" | undefined
    /** Whether an error that the client has retried in vain still counts as retryable. Default `false`. */
    readonly retryExhausted?: boolean | undefined
    /**
     * The most output tokens of an answer, thoughts among them, where `maxOutputTokens` is more or is left out: for
     * whoever bounds calls whose settings are not known, as a budget that has reserved so much does.
     */
    readonly outputBound?: number | undefined
    /** Deadlines, retries, priority and headers of the call. Those of an override stand beside the others of the model. */
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
  Config.Settings & { readonly model?: (string & {}) | ModelCatalog.GeneratingModel | undefined }
>()("effect-gemini-ai/GeminiLanguageModel/Config") {}

/**
 * Which model answers, and the settings of its calls.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Any model that generates content. */
  readonly model: (string & {}) | ModelCatalog.GeneratingModel
  readonly config?: Config.Settings | undefined
}

const moduleName = "GeminiLanguageModel"

const aiError = (method: string, span: Span) => (reason: AiError.AiErrorReason): AiError.AiError =>
  failed(span)(AiError.make({ module: moduleName, method, reason }))

/** The settings with answers that are not longer than this. */
const bounded = <C extends Pick<Config.Settings, "maxOutputTokens">>(config: C, outputBound: number | undefined): C =>
  outputBound === undefined
    ? config
    : { ...config, maxOutputTokens: Math.min(config.maxOutputTokens ?? outputBound, outputBound) }

interface PreparedCall {
  readonly request: Request
  readonly call: CallOptions | undefined
  readonly parts: PartsContext
  readonly judging: ToolParams.Judging
  readonly error: (error: GeminiError) => AiError.AiError
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
  ): Effect.fn.Return<PreparedCall, AiError.AiError, IdGenerator.IdGenerator> {
    const context = yield* Effect.context<never>()
    const override = Context.getOrUndefined(context, Config)
    const { outputBound, retryExhausted, ...config } = { ...settings, ...override, model: override?.model ?? model }
    const tools = ToolIndex.make(options.tools)
    const request = yield* Effect.fromResult(buildRequest(options, bounded(config, outputBound), tools)).pipe(
      Effect.mapError(aiError(method, options.span))
    )
    const { member } = Context.get(context, MemberCall.Call)
    annotateRequest(options.span, request, method === "streamText", client.providerName?.(member))
    const toAiError = GeminiAiError.fromGeminiError(moduleName, method, { retryExhausted })
    const id = yield* (yield* IdGenerator.IdGenerator).generateId()
    let count = 0
    const nextId = () => count++ === 0 ? id : `${id}_${count}`
    return {
      request,
      call: settings?.call === undefined ? config.call : { ...settings.call, ...override?.call },
      parts: { tools, nextId, taken: callIds(options.prompt) },
      judging: {
        tools,
        deferred: options.toolCallValidation === "deferred",
        strict: Context.get(context, ToolParams.Strict)
      },
      error: (error) => {
        annotateUsed(options.span, error)
        return failed(options.span)(LargeSchemas.explained(request, error.status, toAiError(error)))
      }
    }
  })

  // After a refusal `effect/ai` asks again with the whole prompt in place of the new messages. That is what was sent:
  // the second time the refusal is told without asking.
  const refusals = new WeakMap<Prompt.Prompt, AiError.AiError>()
  const known = ({ incrementalFallback, prompt }: LanguageModel.ProviderOptions): AiError.AiError | undefined =>
    incrementalFallback === true ? refusals.get(prompt) : undefined
  const remember = ({ incrementalPrompt, prompt }: LanguageModel.ProviderOptions) => (error: AiError.AiError) =>
    Effect.sync(() => {
      if (incrementalPrompt !== undefined && error.reason._tag === "InvalidRequestError") refusals.set(prompt, error)
    })

  const service = yield* LanguageModel.make({
    codecTransformer: toCodecGemini,
    supportsSystemMessagesInHistory: Effect.succeed(false),
    generateText: Effect.fnUntraced(function*(options) {
      const refusal = known(options)
      if (refusal !== undefined) return yield* refusal
      const { call, error: toAiError, judging, parts: context, request } = yield* prepare(options, "generateText")
      const response = yield* Effect.provideService(client.generate(request, call), UsageSpan.isOutside, true).pipe(
        Effect.map((answer) => answer.response),
        Effect.catch((error) => {
          // For an object that was blocked the error says why; of a text, what came is given.
          const blocked = options.responseFormat.type === "json" ? undefined : blockedResponse(error)
          return blocked === undefined ? Effect.fail(toAiError(error)) : Effect.succeed(blocked)
        })
      )
      const parts = responseToParts(response, context)
      annotateResponse(options.span, parts)
      const refused = aiError("generateText", options.span)
      const failure = options.responseFormat.type === "json" ? ObjectEnd.failureOf(parts) : undefined
      if (failure !== undefined) return yield* refused(failure)
      const undeclared = ToolParams.undeclared(parts, judging)
      if (undeclared >= 0) return yield* refused(ToolParams.notFound(parts[undeclared], judging))
      return Array.from(yield* Effect.mapError(ToolParams.toolParams(parts, judging), refused))
    }, (effect, options) => Effect.tapError(effect, remember(options))),
    streamText: (options) => {
      const refusal = known(options)
      if (refusal !== undefined) return Stream.fail(refusal)
      const parts = Stream.unwrap(
        Effect.map(
          prepare(options, "streamText"),
          ({ call, error, judging, parts: context, request }) =>
            partStream(client.generateStream(request, call), {
              parts: context,
              judging,
              span: options.span,
              error,
              refused: aiError("streamText", options.span)
            })
        )
      )
      return options.incrementalPrompt === undefined ? parts : Stream.tapError(parts, remember(options))
    }
  })
  return StoredParts.make(service)
})

/** The response that came with a blocked answer: `effect/ai` has a finish reason for it. */
const blockedResponse = (error: GeminiError): GenerateContent.GenerateContentResponse | undefined =>
  error.reason._tag === "ResponseBlocked" ? error.reason.response : undefined

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
export const model = (
  name: (string & {}) | ModelCatalog.GeneratingModel,
  config?: Config.Settings
): Model.Model<"gcp.gemini", LanguageModel.LanguageModel, GeminiClient.GeminiClient> =>
  Model.make(providerName, name, layer({ model: name, config }))

/**
 * Settings for the calls inside an effect, over those of the model and of an outer override.
 *
 * @category options
 * @since 0.1.0
 */
export const withConfigOverride: {
  (overrides: typeof Config.Service): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Config>>
  <A, E, R>(self: Effect.Effect<A, E, R>, overrides: typeof Config.Service): Effect.Effect<A, E, Exclude<R, Config>>
} = /* @__PURE__ */ ConfigOverride.make(Config)
