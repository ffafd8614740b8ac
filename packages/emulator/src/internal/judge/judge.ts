/**
 * Would the real server take this request? It looks at the key first, then at the JSON and its fields, the model, and
 * at last at what the request means.
 *
 * Pure: the clock, the models and the keys come with the request.
 */
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as KeyPolicy from "../../KeyPolicy.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as Fields from "./fields.ts"
import * as JsonText from "./jsonText.ts"
import * as Options from "./options.ts"
import * as PartData from "./partData.ts"
import * as Query from "./query.ts"
import type * as Request from "./request.ts"
import * as Turns from "./turnOrder.ts"
import * as Validator from "./validator.ts"

export interface Input {
  /** `v1`, `v1beta`, `v1alpha`. */
  readonly version: string
  /**
   * The method as in the path: `generateContent`, `embedContent`, …; `models.list` and `models.get` for those without a
   * verb.
   */
  readonly method: string
  /** The model as in the path, with its collection: `models/gemini-…`. */
  readonly model?: string | undefined
  readonly bodyText?: string | undefined
  readonly query?: URLSearchParams | undefined
  /** The key from the header `x-goog-api-key`, else from the query's `key`. */
  readonly key?: string | undefined
  readonly models: ModelTable.ModelTable
  readonly keys?: KeyPolicy.KeyPolicy | undefined
  /** Whether a thought signature was given out here. Absent: any is taken. */
  readonly isIssued?: ((signature: string) => boolean) | undefined
  /** The input tokens of a body that was understood. Absent: no request is too long. */
  readonly inputTokens?: ((body: Readonly<Record<string, unknown>>) => number) | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What Vertex AI has of its own. Absent: it is a request of the Gemini API. */
  readonly vertex?: Vertex | undefined
}

/** What is judged by other facts where a request comes through Vertex AI's door. */
export interface Vertex {
  /** Why its token or key opens nothing; undefined if it is let in. */
  readonly barred: Refusal | undefined
  readonly modelNotFound: () => Refusal
}

/** Either the refusal, or the body as the server reads it: lowerCamelCase, lists as lists, no nulls. */
export type Judgement =
  | { readonly refusal: Refusal }
  | { readonly refusal?: undefined; readonly body: Readonly<Record<string, unknown>> }

/** The message that the body of each method must be. The body of a method that is not listed is taken as it comes. */
const messages: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  generateContent: "GenerateContentRequest",
  streamGenerateContent: "GenerateContentRequest",
  countTokens: "CountTokensRequest",
  computeTokens: "ComputeTokensRequest",
  predict: "PredictRequest",
  embedContent: "EmbedContentRequest",
  batchEmbedContents: "BatchEmbedContentsRequest",
  "auth_tokens.create": "AuthToken",
  asyncBatchEmbedContent: "AsyncBatchEmbedContentRequest",
  batchGenerateContent: "BatchGenerateContentRequest",
  "batchPredictionJobs.create": "BatchPredictionJob",
  "caches.create": "CachedContent",
  "caches.update": "CachedContent",
  "fileSearchStores.create": "FileSearchStore",
  "fileSearchStores.importFile": "ImportFileRequest",
  "fileSearchStores.uploadToFileSearchStore": "UploadToFileSearchStoreRequest",
  "files.upload": "CreateFileRequest",
  "files.register": "RegisterFilesRequest"
}))

/** The method that a model must list, where it differs from the method that is called. */
const listed: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  computeTokens: "countTokens",
  streamGenerateContent: "generateContent",
  batchEmbedContents: "embedContent",
  "batchPredictionJobs.create": "batchGenerateContent",
  "decisions.create": "createDecision",
  "interactions.create": "generateContent"
}))

const anyModel = (name: string): ModelTable.Row => ({
  model: {
    name,
    version: "001",
    displayName: name,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: []
  }
})

const findModel = (input: Input, name: string): ModelTable.Row | undefined => {
  if (input.models.acceptAnyModel === true) {
    return input.models.rows.find((row) => row.model.name === name) ?? anyModel(name)
  }
  const row = ModelTable.get(input.models, name, input.now)
  const methods = row?.model.supportedGenerationMethods ?? []
  const { method } = input
  const isSupported = methods.includes(listed.get(method) ?? method) ||
    // The method of images and of the older embedding models.
    method === "predict" && methods.includes("embedContent")
  return isSupported ? row : undefined
}

/** Words reported in 2026. */
export const tooManyTokens = (count: number, limit: number): string =>
  `The input token count (${count}) exceeds the maximum number of tokens allowed (${limit}).`

/**
 * Refuses a body with too many tokens, in the words reported in 2026. It counts only where there could be too many: no
 * token is shorter than a character.
 */
const tooLong = (body: Readonly<Record<string, unknown>>, row: ModelTable.Row, input: Input): string | undefined => {
  const limit = row.model.inputTokenLimit
  if (input.inputTokens === undefined || (input.bodyText?.length ?? 0) <= limit) return undefined
  const count = input.inputTokens(body)
  return count > limit ? tooManyTokens(count, limit) : undefined
}

const meaning = (body: Readonly<Record<string, unknown>>, row: ModelTable.Row, input: Input): string | undefined => {
  // The field table has passed the body as the method's message, so it has these fields in these kinds.
  switch (input.method) {
    case "generateContent":
    case "streamGenerateContent":
      return meaningOf(body, row, input.isIssued, input.vertex !== undefined) ?? tooLong(body, row, input)
    case "countTokens":
      return Validator.countTokens(body as Request.CountTokensRequest)
    case "embedContent":
      return Validator.embedContent(body as Request.EmbedContentRequest)
    case "batchEmbedContents":
      return Validator.batchEmbedContents(body as Request.BatchEmbedContentsRequest, row.model.name)
    default:
      return undefined
  }
}

/** Why a model does not take a generation that another form of request stands for; undefined if it does. */
export const meaningOf = (
  body: Readonly<Record<string, unknown>>,
  row: ModelTable.Row,
  isIssued?: Input["isIssued"],
  isVertex = false
): string | undefined => {
  const request = body as Request.GenerateContentRequest
  const contents = request.contents ?? []
  return Validator.generateContent(request) ??
    PartData.judge(contents) ??
    Turns.judge(contents, isVertex) ??
    Options.judge(request, row, isVertex) ??
    (row.signatures === true ? Turns.signatures(contents, isIssued, isVertex) : undefined)
}

const read = (input: Input): Judgement => {
  const parsed = JsonText.parse(input.bodyText ?? "")
  if (!parsed.ok) return { refusal: GoogleError.badRequest([{ description: parsed.message }]) }
  const message = messages.get(input.method)
  if (message === undefined) return { body: Fields.isRecord(parsed.value) ? parsed.value : {} }
  const api = input.vertex === undefined ? "gemini" : "vertex"
  const { value, violations } = Fields.read(message, parsed.value, input.version, api)
  return violations.length > 0 ? { refusal: GoogleError.badRequest(violations) } : { body: value }
}

export const judge = (input: Input): Judgement => {
  const barred = input.vertex === undefined ? KeyPolicy.judge(input.key, input.keys) : input.vertex.barred
  if (barred !== undefined) return { refusal: barred }
  const { method, model: name, version } = input
  const unbound = input.query === undefined ? [] : Query.violations(method, input.query)
  if (unbound.length > 0) return { refusal: GoogleError.badRequest(unbound) }
  if (method === "models.list") return { body: {} }
  if (method === "models.get") {
    const known = name !== undefined && ModelTable.get(input.models, name, input.now) !== undefined
    if (known) return { body: {} }
    return { refusal: input.vertex?.modelNotFound() ?? GoogleError.noSuchModel({ name: name ?? "", version }) }
  }
  const verdict = read(input)
  if (verdict.refusal !== undefined || name === undefined) return verdict
  const row = findModel(input, name)
  if (row === undefined) {
    return { refusal: input.vertex?.modelNotFound() ?? GoogleError.modelNotFound({ name, version, method }) }
  }
  const successor = ModelTable.successor(input.models, row, input.now)
  if (successor !== undefined) return { refusal: GoogleError.modelClosed(name, successor) }
  const why = meaning(verdict.body, row, input)
  return why === undefined ? verdict : { refusal: GoogleError.invalidArgument(why) }
}
