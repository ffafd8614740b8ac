/**
 * The methods of `GeminiClient`: each checks its options and its request, picks the model's client from the pool and the
 * transport, and makes a view of what comes back.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Answer_ from "../../call/Answer.ts"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { EmbedRequest, Request, Service } from "../../GeminiClient.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as ModelPool from "../../ModelPool.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as OptionCheck from "../config/optionCheck.ts"
import * as ChunkFold from "./ChunkFold.ts"
import * as EmbedInputs from "./embedInputs.ts"
import * as Fallback from "./fallback.ts"
import * as GenerateBody from "./generateBody.ts"
import * as Routing from "./routing.ts"

const invalidRequest = (method: string, field: string, description: string): GeminiError =>
  new GeminiError({
    method,
    attempts: [],
    reason: new Reason.InvalidRequest({ fields: [{ field, description }] })
  })

/** The client over the pool of the context. An option that cannot be used fails every call with InvalidRequest. */
export const make = Effect.fnUntraced(function*(
  options: GeminiConfig.Options
): Effect.fn.Return<Service, never, ModelPool.ModelPool> {
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
    }), pool.providerName)

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
    ), pool.providerName)

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

  return { providerName: pool.providerName, generate, generateStream, countTokens, embed, listModels, getModel }
})
