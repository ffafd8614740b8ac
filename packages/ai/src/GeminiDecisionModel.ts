/**
 * Gemini as the `DecisionModel` of `effect/ai`: classifications, ratings, probabilities and places in pictures, several
 * about one input, in one call.
 *
 * There are two ways to an answer, with the same types. A model for decisions (`gemini-decision-1`) gives calibrated
 * probabilities: `native`. A language model writes probabilities down as an object: `structured`. By default the server
 * is asked natively, and what it does not serve so is asked for as an object; `metadata.google.answeredBy` says which
 * decision was answered how. That a model does not serve decisions is remembered for an hour.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GeminiDecisionModel from "effect-gemini-ai/GeminiDecisionModel"
 * import * as Decision from "effect/ai/Decision"
 * import * as DecisionModel from "effect/ai/DecisionModel"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Schema from "effect/Schema"
 *
 * const Triage = Decision.make({
 *   input: Schema.Struct({ subject: Schema.String, body: Schema.String }),
 *   decisions: {
 *     team: Decision.classify({
 *       instructions: "Which team should handle this?",
 *       criteria: { billing: "payments", technical: "bugs" }
 *     }),
 *     urgent: Decision.probability({ instructions: "The message is time-sensitive" })
 *   }
 * })
 *
 * const program = Effect.gen(function*() {
 *   const { answers, metadata } = yield* DecisionModel.decide(Triage, {
 *     input: { subject: "Charged twice", body: "Please fix this today" }
 *   })
 *   yield* Effect.log(answers.team.label, answers.urgent.probability, metadata.google?.answeredBy)
 * })
 *
 * const gemini = GeminiDecisionModel.model("gemini-decision-1").pipe(Layer.provide(FetchGemini.layerConfig()))
 *
 * await program.pipe(Effect.provide(gemini), Effect.runPromise)
 * ```
 *
 * @since 0.2.0
 */
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as Decisions from "effect-gemini/decisions/Decisions"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import type * as ModelPool from "effect-gemini/ModelPool"
import type * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import * as AiError from "effect/ai/AiError"
import type * as Decision from "effect/ai/Decision"
import * as DecisionModel from "effect/ai/DecisionModel"
import * as Model from "effect/ai/Model"
import type * as Response from "effect/ai/Response"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as GeminiAiError from "./GeminiAiError.ts"
import * as GeminiLanguageModel from "./GeminiLanguageModel.ts"
import type { DecisionDetails } from "./GeminiMetadata.ts"
import * as ConfigOverride from "./internal/configOverride.ts"
import * as Json from "./internal/json.ts"
import * as NativeDecisions from "./internal/nativeDecisions.ts"
import * as StructuredDecisions from "./internal/structuredDecisions.ts"
import { providerName } from "./internal/telemetry.ts"

/**
 * @since 0.2.0
 */
export declare namespace Config {
  /**
   * What a model, or one call, may set.
   *
   * @category options
   * @since 0.2.0
   */
  export interface Settings {
    /**
     * The way to an answer. `auto`, the default: natively where the server does that, else as an object. `native` and
     * `structured` go one way only, and `native` refuses what has no question of Gemini's: places in pictures, and more
     * than 255 options or levels.
     */
    readonly via?: "auto" | "native" | "structured" | undefined
    /** The language model that writes objects, where that is not the model itself, and the settings of its calls. */
    readonly structured?:
      | GeminiLanguageModel.Config.Settings & {
        readonly model?: (string & {}) | ModelCatalog.GeneratingModel | undefined
      }
      | undefined
    /** Whether an error that the client has retried in vain still counts as retryable. Default `false`. */
    readonly retryExhausted?: boolean | undefined
    /** Deadlines, retries, priority and headers of every call; those of `structured` come before them. */
    readonly call?: CallOptions | undefined
  }
}

/**
 * Settings of the calls in whose context this service stands; `withConfigOverride` provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class Config extends Context.Service<
  Config,
  Config.Settings & { readonly model?: (string & {}) | DecidingModel | undefined }
>()("effect-gemini-ai/GeminiDecisionModel/Config") {}

/**
 * The models that decide natively, as the AI SDK names them (`@ai-sdk/google` 4.0.121), and those that write objects.
 *
 * @category models
 * @since 0.2.0
 */
export type DecidingModel = "gemini-decision-1" | ModelCatalog.GeneratingModel

/**
 * Which model decides, and the settings of its calls.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  readonly model: (string & {}) | DecidingModel
  readonly config?: Config.Settings | undefined
}

const moduleName = "GeminiDecisionModel"
const method = "decide"

/** How long it is remembered that the server does not serve a model's decisions, in milliseconds. */
const remembered = 3_600_000

/** The most models that are remembered. */
const mostRemembered = 256

/** Whether the server says that it has no decisions, or not of this model. */
const isNotServed = ({ reason, status }: GeminiError): boolean =>
  reason._tag === "NotFound" || reason._tag === "Unsupported" || status === 405 ||
  // Nobody has shown in what words a model refuses; its method or its name is in them.
  (reason._tag === "InvalidRequest" && /\bdecisions?\b/i.test(reason.message) && /support/i.test(reason.message))

type Decided = Pick<DecisionModel.ProviderResponse, "answers" | "usage" | "id" | "modelId"> & {
  readonly counted?: DecisionDetails["usage"]
}

type Entries<D extends Decision.Any = Decision.Any> = ReadonlyArray<readonly [key: string, decision: D]>

const answersOf = <Asked extends { readonly key: string }>(
  asked: ReadonlyArray<Asked>,
  answer: (asked: Asked) => DecisionModel.ProviderAnswer | undefined
): DecisionModel.ProviderResponse["answers"] =>
  Object.fromEntries(asked.flatMap((each) => {
    const given = answer(each)
    return given === undefined ? [] : [[each.key, given] as const]
  }))

const sum = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b

/** What was answered on both ways; nothing was asked on a way that is undefined. */
const response = (native: Decided | undefined, structured: Decided | undefined): DecisionModel.ProviderResponse => {
  const [first, second] = native === undefined ? [structured] : [native, structured]
  const answeredBy = (decided: Decided | undefined, by: "native" | "structured") =>
    Object.keys(decided?.answers ?? {}).map((key) => [key, by] as const)
  return {
    answers: { ...native?.answers, ...structured?.answers },
    usage: second === undefined
      ? first?.usage ?? { inputTokens: undefined, outputTokens: undefined }
      : {
        inputTokens: sum(first?.usage.inputTokens, second.usage.inputTokens),
        outputTokens: sum(first?.usage.outputTokens, second.usage.outputTokens)
      },
    // Two answers have two ids, and two models.
    ...(second !== undefined || first?.id === undefined ? {} : { id: first.id }),
    ...(second !== undefined || first?.modelId === undefined ? {} : { modelId: first.modelId }),
    metadata: {
      google: {
        answeredBy: Object.fromEntries([...answeredBy(native, "native"), ...answeredBy(structured, "structured")]),
        ...(native?.counted === undefined ? {} : { usage: native.counted })
      }
    }
  }
}

const failed = (reason: AiError.AiErrorReason): AiError.AiError => AiError.make({ module: moduleName, method, reason })

/**
 * The service, over the client and the pool of the context, which every layer of `effect-gemini` provides.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = Effect.fnUntraced(function*(
  { config: settings, model: ownModel }: Options
): Effect.fn.Return<DecisionModel.DecisionModel, never, GeminiClient.GeminiClient | ModelPool.ModelPool> {
  const decisions = yield* Decisions.make
  const language = yield* GeminiLanguageModel.make({ model: ownModel })
  const notServed = new Map<string, number>()

  const remember = (model: string, now: number): void => {
    if (notServed.size >= mostRemembered) notServed.clear()
    notServed.set(model, now + remembered)
  }

  const native = (
    model: string,
    options: DecisionModel.ProviderOptions,
    entries: Entries<NativeDecisions.Askable>,
    call: CallOptions | undefined
  ): Effect.Effect<Decided, GeminiError> =>
    Effect.suspend(() => {
      const asked = NativeDecisions.questions(entries)
      const questions = Object.fromEntries(asked.map(({ id, question }) => [id, question]))
      return Effect.map(
        decisions.createUnread({ model, input: NativeDecisions.input(options), questions }, call),
        ({ answers, model, response: { usage: counted }, usage }): Decided => ({
          answers: answersOf(asked, (each) =>
            NativeDecisions.answer(each, Object.hasOwn(answers, each.id) ? answers[each.id] : undefined)),
          usage: {
            inputTokens: usage?.promptTokens,
            outputTokens: usage === undefined ? undefined : usage.candidatesTokens + usage.thoughtsTokens
          },
          modelId: model,
          ...(counted === undefined || counted === null ? {} : { counted: Json.parsed(counted) })
        })
      )
    })

  const structured = (
    model: string,
    options: DecisionModel.ProviderOptions,
    entries: Entries,
    config: Config.Settings
  ): Effect.Effect<Decided, AiError.AiError> =>
    Effect.suspend(() => {
      const asked = StructuredDecisions.questions(entries)
      const { call, retryExhausted } = config
      return language.generateObject({
        prompt: StructuredDecisions.prompt(options, asked),
        schema: StructuredDecisions.schema(asked),
        objectName: "decisions"
      }).pipe(
        GeminiLanguageModel.withConfigOverride({ call, retryExhausted, model, ...config.structured }),
        Effect.mapError(({ reason }) => failed(reason)),
        Effect.map(({ content, usage, value }): Decided => {
          const answer: Readonly<Record<string, StructuredDecisions.Written>> = value
          const told = content.find((part): part is Response.ResponseMetadataPart => part.type === "response-metadata")
          return {
            answers: answersOf(asked, (each) =>
              StructuredDecisions.answer(each, Object.hasOwn(answer, each.id) ? answer[each.id] : undefined)),
            usage: { inputTokens: usage.inputTokens.total, outputTokens: usage.outputTokens.total },
            ...(told?.id === undefined ? {} : { id: told.id }),
            ...(told?.modelId === undefined ? {} : { modelId: told.modelId })
          }
        })
      )
    })

  return yield* DecisionModel.make({
    supportsImages: true,
    supportsLocate: true,
    decide: Effect.fnUntraced(function*(options) {
      const override = Context.getOrUndefined(yield* Effect.context<never>(), Config)
      const config = { ...settings, ...override }
      const { retryExhausted, via = "auto" } = config
      const model = override?.model ?? ownModel
      const entries = Object.entries(options.decisions)
      const askable = via === "structured"
        ? []
        : entries.flatMap(([key, decision]) => NativeDecisions.isAskable(decision) ? [[key, decision] as const] : [])
      const toAiError = GeminiAiError.fromGeminiError(moduleName, method, { retryExhausted })
      const write = (entries: Entries) => structured(config.structured?.model ?? model, options, entries, config)
      if (via === "native") {
        const [other] = entries.filter(([, decision]) => !NativeDecisions.isAskable(decision))
        if (other !== undefined) {
          return yield* failed(
            new AiError.InvalidRequestError({
              parameter: `decisions.${other[0]}`,
              description: "Gemini has no question for it: it needs the way structured, or auto"
            })
          )
        }
        return response(yield* Effect.mapError(native(model, options, askable, config.call), toAiError), undefined)
      }
      const now = yield* Clock.currentTimeMillis
      if (askable.length === 0 || (notServed.get(model) ?? 0) > now) {
        return response(undefined, yield* write(entries))
      }
      const decided = yield* native(model, options, askable, config.call).pipe(
        Effect.catch((error) => isNotServed(error) ? Effect.succeed(undefined) : Effect.fail(toAiError(error)))
      )
      if (decided === undefined) {
        const written = yield* write(entries)
        // What was not found may have been a file: then it is not found on this way either.
        remember(model, now)
        return response(undefined, written)
      }
      const rest = entries.filter(([, decision]) => !NativeDecisions.isAskable(decision))
      return response(decided, rest.length === 0 ? undefined : yield* write(rest))
    })
  })
})

/**
 * The `DecisionModel` service of `effect/ai` as a Layer, over the client and the pool of the context.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  options: Options
): Layer.Layer<DecisionModel.DecisionModel, never, GeminiClient.GeminiClient | ModelPool.ModelPool> =>
  Layer.effect(DecisionModel.DecisionModel, make(options))

/**
 * A model by its name; it also provides `ProviderName` (`gcp.gemini`) and `ModelName`.
 *
 * @category layers
 * @since 0.2.0
 */
export const model = (
  name: (string & {}) | DecidingModel,
  config?: Config.Settings
): Model.Model<"gcp.gemini", DecisionModel.DecisionModel, GeminiClient.GeminiClient | ModelPool.ModelPool> =>
  Model.make(providerName, name, layer({ model: name, config }))

/**
 * Settings for the calls inside an effect, over those of the model and of an outer override.
 *
 * @category options
 * @since 0.2.0
 */
export const withConfigOverride: {
  (overrides: typeof Config.Service): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Config>>
  <A, E, R>(self: Effect.Effect<A, E, R>, overrides: typeof Config.Service): Effect.Effect<A, E, Exclude<R, Config>>
} = /* @__PURE__ */ ConfigOverride.make(Config)
