/**
 * The service `GeminiHttp` over what sends: it reads what people write, and asks the strict methods. It stands apart from
 * the service's own module, whose layer brings Effect's HttpClient along, which `FetchGemini` does without.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { AttemptOptions, CountRequest, Service } from "../../GeminiHttp.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as Content from "../../wire/Content.ts"
import type * as CountTokens from "../../wire/CountTokens.ts"
import * as Models from "../../wire/Models.ts"
import * as OptionCheck from "../config/optionCheck.ts"
import * as Guard from "../wire/guard.ts"
import type { Sender } from "./attempt.ts"
import * as ModelMethods from "./modelMethods.ts"
import * as Body from "./responseBody.ts"

const decodeModels = ModelMethods.decoder(Guard.make(Models.ListModelsResponse))
const decodeModel = ModelMethods.decoder(Guard.make(Models.Model))

const refusal = (method: string, field: GeminiConfig.Problem): GeminiError =>
  Body.failure({ method }, new Reason.InvalidRequest({ fields: [field] }))

const wrongOptions = (method: string, options: AttemptOptions | undefined): GeminiError | undefined => {
  const wrong = options === undefined ? undefined : OptionCheck.problemOfAttempt(options)
  return wrong && refusal(method, wrong)
}

/** The model and the body of a request; a name that is not a model's fails before anything is sent. */
const read = <Request extends { readonly model: string }, A>(
  method: string,
  request: Request,
  options: AttemptOptions | undefined,
  fail: (error: GeminiError) => A,
  send: (model: ModelId.ModelId, body: Omit<Request, "model">) => A
): A => {
  // The spread also takes `undefined`, which a program without types may pass.
  const { model: name, ...body } = { ...request }
  const wrong = wrongOptions(method, options)
  if (wrong !== undefined) return fail(wrong)
  return Result.match(ModelId.parse(name), {
    onFailure: (description) => fail(refusal(method, { field: "model", description })),
    onSuccess: (model) => send(model, body)
  })
}

/** The request in its wire form, in which a whole request to be counted names its model by its resource name. */
const countWire = (
  { contents, generateContentRequest: whole, ...rest }: CountRequest
): CountTokens.CountTokensRequest => {
  const model = whole ? Result.getOrUndefined(ModelId.parse(whole.model)) : undefined
  return {
    ...rest,
    ...(contents === undefined || contents === null ? {} : { contents: Content.fromInput(contents) }),
    ...(whole
      ? { generateContentRequest: model === undefined ? whole : { ...whole, model: ModelId.resource(model) } }
      : {})
  }
}

export const of = (sender: Sender): Service => {
  const methods = ModelMethods.make(sender)

  const service: Service = {
    generateContent: (request, options) =>
      read(
        "generateContent",
        request,
        options,
        Effect.fail,
        (model, body) =>
          methods.generateContent(model, { ...body, contents: Content.fromInput(body.contents) }, options)
      ),
    generateContentStream: (request, options) =>
      read(
        "generateContentStream",
        request,
        options,
        Stream.fail,
        (model, body) =>
          methods.generateContentStream(model, { ...body, contents: Content.fromInput(body.contents) }, options)
      ),
    countTokens: (request, options) =>
      read(
        "countTokens",
        request,
        options,
        Effect.fail,
        (model, body) => methods.countTokens(model, countWire(body), options)
      ),
    embedContent: (request, options) =>
      read("embedContent", request, options, Effect.fail, (model, body) => methods.embedContent(model, body, options)),
    batchEmbedContents: (request, options) =>
      read(
        "batchEmbedContents",
        request,
        options,
        Effect.fail,
        (model, body) => methods.batchEmbedContents(model, body, options)
      ),
    listModels: (request, options) =>
      Stream.suspend(() => {
        const wrong = wrongOptions("listModels", options)
        if (wrong !== undefined) return Stream.fail(wrong)
        const asked = new Set<string | undefined>()
        return Stream.paginate(request?.pageToken, (pageToken) => {
          asked.add(pageToken)
          const query = new URLSearchParams()
          if (request?.pageSize !== undefined) {
            query.set("pageSize", String(request.pageSize))
          }
          if (pageToken !== undefined) {
            query.set("pageToken", pageToken)
          }
          const path = query.size === 0 ? "models" : `models?${query}`
          return Effect.map(
            sender.unary(
              { ...options, method: "listModels", httpMethod: "GET", path, body: undefined },
              (call, text) =>
                Result.flatMap(decodeModels(call, text), (page) =>
                  // A gateway that ignores the token sends the same page for ever.
                  page.nextPageToken && asked.has(page.nextPageToken)
                    ? Result.fail(
                      Body.invalid(call, "nextPageToken", "the token of a page that was not asked for yet")
                    )
                    : Result.succeed(page))
            ),
            (page) => [page.models ?? [], Option.fromNullishOr(page.nextPageToken || undefined)] as const
          )
        })
      }),
    getModel: (request, options) =>
      read("getModel", request, options, Effect.fail, (model) =>
        sender.unary(
          {
            ...options,
            method: "getModel",
            model,
            httpMethod: "GET",
            path: ModelId.resource(model),
            body: undefined
          },
          decodeModel
        ))
  }
  return ModelMethods.known(service, methods)
}
