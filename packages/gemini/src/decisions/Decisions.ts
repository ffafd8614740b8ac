/**
 * Calibrated decisions: several questions about one input, each answered by probabilities, in one call.
 *
 * A model for decisions such as `gemini-decision-1` answers; it writes nothing, so nothing needs to be parsed. Calls keep
 * the model's quota and budgets, are tried again and spread over members as generations are.
 *
 * ```ts
 * import * as Decisions from "effect-gemini/decisions/Decisions"
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   const decisions = yield* Decisions.Decisions
 *   const { answers } = yield* decisions.create({
 *     model: "gemini-decision-1",
 *     input: "My card was charged twice, please fix this today",
 *     questions: {
 *       urgent: { type: "noul", instructions: "The message is time-sensitive" },
 *       team: {
 *         type: "choice",
 *         instructions: "Which team should handle this?",
 *         criteria: { billing: "cards, charges, invoices", technical: "bugs and outages" }
 *       }
 *     }
 *   })
 *   yield* Effect.log(answers.urgent.noul, answers.team.choice, answers.team.probabilities.billing)
 * })
 *
 * const gemini = Decisions.layer.pipe(Layer.provide(FetchGemini.layerConfig())) // GEMINI_API_KEY
 *
 * await program.pipe(Effect.provide(gemini), Effect.runPromise)
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { CallOptions } from "../call/CallOptions.ts"
import * as Reason from "../errors/GeminiErrorReason.ts"
import { type Attempt, GeminiError } from "../GeminiError.ts"
import * as ExtraCall from "../internal/call/extraCall.ts"
import * as GenerateBody from "../internal/call/generateBody.ts"
import * as OptionCheck from "../internal/config/optionCheck.ts"
import * as Body from "../internal/http/responseBody.ts"
import * as AttemptSpan from "../internal/telemetry/attemptSpan.ts"
import * as Guard from "../internal/wire/guard.ts"
import * as ModelPool from "../ModelPool.ts"
import * as ModelId from "../models/ModelId.ts"
import type { Part } from "../wire/Part.ts"
import * as Usage from "../wire/Usage.ts"
import {
  type DecisionInput,
  type DecisionQuestion,
  DecisionRequest,
  type DecisionText,
  violations
} from "./DecisionRequest.ts"
import * as DecisionResponse from "./DecisionResponse.ts"

/**
 * The questions by their ids, which are the caller's own.
 *
 * @category models
 * @since 0.2.0
 */
export type Questions = Readonly<Record<string, DecisionQuestion>>

/**
 * What to decide, and the model that does.
 *
 * @category models
 * @since 0.2.0
 */
export interface Request<Q extends Questions = Questions> {
  readonly model: string
  readonly input: DecisionInput
  readonly questions: Q
}

/**
 * The answers by the ids of their questions.
 *
 * @category models
 * @since 0.2.0
 */
export type Answers<Q extends Questions> = { readonly [Id in keyof Q]: DecisionResponse.DecisionAnswer<Q[Id]> }

interface Told {
  readonly usage: Usage.Usage | undefined
  /** The model that was asked. */
  readonly model: string
  readonly attempts: ReadonlyArray<Attempt>
  /** The response as it came, with what this library does not know of. */
  readonly response: DecisionResponse.DecisionResponse
}

/**
 * All questions, answered.
 *
 * @category models
 * @since 0.2.0
 */
export interface Decided<Q extends Questions = Questions> extends Told {
  readonly answers: Answers<Q>
}

/**
 * The response, with as many answers as there are: `DecisionResponse.read` says of each whether it fits its question.
 *
 * @category models
 * @since 0.2.0
 */
export interface Unread extends Told {
  readonly answers: Readonly<Record<string, DecisionResponse.WireDecision>>
}

/**
 * The calls. They fail with GeminiError: a blocked input is PromptBlocked, a model that does not decide is NotFound.
 *
 * @category models
 * @since 0.2.0
 */
export interface Service {
  /** Asks all questions. An answer that is missing, or does not fit its question, is InvalidResponse with its path. */
  readonly create: <const Q extends Questions>(
    request: Request<Q>,
    options?: CallOptions
  ) => Effect.Effect<Decided<Q>, GeminiError>
  /** Asks all questions, and leaves it to the caller to read the answers, of which some may be missing. */
  readonly createUnread: (request: Request, options?: CallOptions) => Effect.Effect<Unread, GeminiError>
}

/**
 * The calls as a service; {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class Decisions extends Context.Service<Decisions, Service>()("effect-gemini/decisions/Decisions") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (): Layer.Layer<Decisions, never, ModelPool.ModelPool> => layer
}

const method = "decisions.create"

const invalidRequest = (field: string, description: string): GeminiError =>
  new GeminiError({ method, attempts: [], reason: new Reason.InvalidRequest({ fields: [{ field, description }] }) })

const guardRequest = /* @__PURE__ */ Guard.make(DecisionRequest)
const guardResponse = /* @__PURE__ */ Guard.make(DecisionResponse.DecisionResponse)

const textOf = (instructions: string | DecisionText | ReadonlyArray<DecisionText>): string =>
  typeof instructions === "string"
    ? instructions
    : "text" in instructions
    ? instructions.text
    : instructions.map(({ text }) => text).join("\n")

const partsOf = (input: DecisionInput): ReadonlyArray<Part> => {
  if (typeof input === "string") return [{ text: input }]
  const contents = "type" in input ? [input] : input
  return contents.map((content): Part => {
    if (content.type === "text") return { text: content.text }
    const mimeType = content.mime_type ?? `${content.type}/`
    return content.data
      ? { inlineData: { mimeType, data: content.data } }
      : { fileData: { mimeType, fileUri: content.uri ?? "" } }
  })
}

/** The generation that costs as much. */
const like = ({ input, questions }: DecisionRequest): ExtraCall.ExtraMethod<unknown>["like"] => ({
  contents: [{
    parts: [
      ...partsOf(input),
      ...Object.values(questions).map(({ criteria, instructions }) => ({
        text: `${textOf(instructions)} ${JSON.stringify(criteria ?? {})}`
      }))
    ]
  }]
})

const decode: ExtraCall.ExtraMethod<DecisionResponse.DecisionResponse>["decode"] = (call, text) =>
  Result.flatMap(Body.decode(call, guardResponse, text), (response) => {
    const reason = DecisionResponse.blockReason(response)
    if (reason === undefined) return Result.succeed(response)
    const said = response.prompt_feedback?.block_reason_message
    const usage = DecisionResponse.usage(response)
    return Result.fail(
      new GeminiError({
        method: call.method,
        ...(call.model === undefined ? {} : { model: call.model }),
        ...(usage === undefined ? {} : { usage }),
        attempts: [],
        reason: new Reason.PromptBlocked({
          blockReason: reason,
          ...(said ? { description: Body.cleaned(call, said) } : {})
        })
      })
    )
  })

const extra = (request: DecisionRequest) =>
  ExtraCall.make<DecisionResponse.DecisionResponse>({
    method,
    path: "decisions",
    body: (model) => ({ model: ModelId.resource(model), ...request }),
    check: () => violations(request),
    decode,
    describe: (span, response, said, counts) =>
      AttemptSpan.answered(span, {}, said, counts, DecisionResponse.usageMetadata(response)),
    like: like(request),
    inputTokens: ({ usage }) => usage?.total_input_tokens == null ? undefined : Usage.count(usage.total_input_tokens),
    charged: (response) => ({ usageMetadata: DecisionResponse.usageMetadata(response) }),
    usage: DecisionResponse.usage
  })

/** The model and the body of a request. It is read once: what is checked is what is sent. */
const prepare = GenerateBody.readable((_, request: Request, options: CallOptions | undefined) => {
  const wrong = options === undefined ? undefined : OptionCheck.problemOfCall(options)
  if (wrong !== undefined) return Result.fail(invalidRequest(wrong.field, wrong.description))
  // The spread also takes `undefined`, which a program without types may pass.
  const { input, model: name, questions } = { ...request }
  return Result.flatMap(
    Result.mapError(ModelId.parse(name), (description) => invalidRequest("model", description)),
    (model) =>
      Result.mapBoth(guardRequest({ input, questions }), {
        onFailure: ({ expected, path }) => invalidRequest(path, `expected ${expected}`),
        onSuccess: (body) => ({ model, body })
      })
  )
})

/** The answers to all questions, or the first that is not one. */
const readAll = (
  questions: Questions,
  { attempts, model, response, usage }: Told
): Result.Result<Answers<Questions>, GeminiError> => {
  const given = response.answers ?? {}
  const answers: Record<string, DecisionResponse.DecisionAnswer> = Object.create(null)
  for (const [id, question] of Object.entries(questions)) {
    const read = DecisionResponse.read(question, Object.hasOwn(given, id) ? given[id] : undefined)
    if (Result.isFailure(read)) {
      const { expected, path } = read.failure
      return Result.fail(
        new GeminiError({
          method,
          model,
          attempts,
          ...(usage === undefined ? {} : { usage }),
          reason: new Reason.InvalidResponse({ path: `answers.${id}${path === "" ? "" : `.${path}`}`, expected })
        })
      )
    }
    answers[id] = read.success
  }
  return Result.succeed(answers)
}

/**
 * The service over the pool of the context, which every layer of this library provides.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make: Effect.Effect<Service, never, ModelPool.ModelPool> = Effect.map(ModelPool.ModelPool, (pool) => {
  const ask = (request: Request, options: CallOptions | undefined) =>
    Effect.suspend(() => {
      const prepared = prepare(method, request, options)
      if (Result.isFailure(prepared)) return Effect.fail(prepared.failure)
      const { body, model } = prepared.success
      return Effect.map(
        Effect.flatMap(pool.get({ member: "default", model }), (client) => client.extra(extra(body), options)),
        ({ attempts, value: response }) => ({
          questions: body.questions,
          told: { usage: DecisionResponse.usage(response), model, attempts, response }
        })
      )
    })
  return Decisions.of({
    createUnread: (request, options) =>
      Effect.map(ask(request, options), ({ told }) => ({ ...told, answers: told.response.answers ?? {} })),
    create: <const Q extends Questions>(request: Request<Q>, options?: CallOptions) =>
      Effect.flatMap(ask(request, options), ({ questions, told }) =>
        Effect.map(
          Effect.fromResult(readAll(questions, told)),
          // They are read by the questions of the request.
          (answers) => ({ ...told, answers: answers as Answers<Q> })
        ))
  })
})

/**
 * The service as a Layer, over any layer of this library: `FetchGemini`, `NodeGemini`, `GeminiClient`, `Members`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<Decisions, never, ModelPool.ModelPool> = /* @__PURE__ */ Layer.effect(Decisions, make)
