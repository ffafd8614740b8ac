/**
 * Would the real server take this request? In the order in which it looks:
 * the key, the JSON and its fields, the model, then what the request means.
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
import * as Query from "./query.ts"
import type * as Request from "./request.ts"
import * as Turns from "./turns.ts"
import * as Validator from "./validator.ts"

export interface Input {
  /** `v1`, `v1beta`, `v1alpha`. */
  readonly version: string
  /** As in the path: `generateContent`, `embedContent`, …; `models.list`, `models.get` for those without a verb. */
  readonly method: string
  /** As in the path, with its collection: `models/gemini-…`. */
  readonly model?: string | undefined
  readonly bodyText?: string | undefined
  readonly query?: URLSearchParams | undefined
  /** From the header `x-goog-api-key`, else the query's `key`. */
  readonly key?: string | undefined
  readonly models: ModelTable.ModelTable
  readonly keys?: KeyPolicy.KeyPolicy | undefined
  /** Whether a thought signature is one that was given out. Absent: any is taken. */
  readonly isIssued?: ((signature: string) => boolean) | undefined
  /** The input tokens of a body that was understood. Absent: no request is too long. */
  readonly inputTokens?: ((body: Readonly<Record<string, unknown>>) => number) | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Either the refusal, or the body as it was understood: lowerCamelCase, lists as lists, no nulls. */
export type Verdict =
  | { readonly refusal: Refusal }
  | { readonly refusal?: undefined; readonly body: Readonly<Record<string, unknown>> }

/** The message that each method's body is; a method that is not here has its body taken as it comes. */
const messages: Readonly<Record<string, string>> = {
  generateContent: "GenerateContentRequest",
  streamGenerateContent: "GenerateContentRequest",
  countTokens: "CountTokensRequest",
  embedContent: "EmbedContentRequest",
  batchEmbedContents: "BatchEmbedContentsRequest",
  "auth_tokens.create": "AuthToken"
}

/** The method that a model must list, where that is not the method called. */
const listed: Readonly<Record<string, string>> = {
  streamGenerateContent: "generateContent",
  batchEmbedContents: "embedContent"
}

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
  return row?.model.supportedGenerationMethods.includes(listed[input.method] ?? input.method) === true ? row : undefined
}

/** In the words reported in 2026. Counted only where it could be: no token is shorter than a character. */
const tooLong = (body: Readonly<Record<string, unknown>>, row: ModelTable.Row, input: Input): string | undefined => {
  const limit = row.model.inputTokenLimit
  if (input.inputTokens === undefined || (input.bodyText?.length ?? 0) <= limit) return undefined
  const count = input.inputTokens(body)
  return count > limit
    ? `The input token count (${count}) exceeds the maximum number of tokens allowed (${limit}).`
    : undefined
}

const generate = (request: Request.GenerateContentRequest, row: ModelTable.Row, input: Input): string | undefined => {
  const contents = request.contents ?? []
  return Validator.generateContent(request) ??
    Turns.judge(contents) ??
    Options.judge(request, row) ??
    (row.signatures === true ? Turns.signatures(contents, input.isIssued) : undefined)
}

const meaning = (body: Readonly<Record<string, unknown>>, row: ModelTable.Row, input: Input): string | undefined => {
  // The field table has passed the body as the method's message, so it has these fields in these kinds.
  switch (input.method) {
    case "generateContent":
    case "streamGenerateContent":
      return generate(body as Request.GenerateContentRequest, row, input) ?? tooLong(body, row, input)
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

const read = (input: Input): Verdict => {
  const parsed = JsonText.parse(input.bodyText ?? "")
  if (!parsed.ok) return { refusal: GoogleError.badRequest([{ description: parsed.message }]) }
  const message = messages[input.method]
  if (message === undefined) return { body: Fields.isRecord(parsed.value) ? parsed.value : {} }
  const { value, violations } = Fields.read(message, parsed.value, input.version)
  return violations.length > 0 ? { refusal: GoogleError.badRequest(violations) } : { body: value }
}

export const judge = (input: Input): Verdict => {
  const barred = KeyPolicy.judge(input.key, input.keys)
  if (barred !== undefined) return { refusal: barred }
  const { method, model: name, version } = input
  const unbound = input.query === undefined ? [] : Query.violations(method, input.query)
  if (unbound.length > 0) return { refusal: GoogleError.badRequest(unbound) }
  if (method === "models.list") return { body: {} }
  if (method === "models.get") {
    const known = name !== undefined && ModelTable.get(input.models, name, input.now) !== undefined
    return known ? { body: {} } : { refusal: GoogleError.noSuchModel({ name: name ?? "", version }) }
  }
  const verdict = read(input)
  if (verdict.refusal !== undefined || name === undefined) return verdict
  const row = findModel(input, name)
  if (row === undefined) return { refusal: GoogleError.modelNotFound({ name, version, method }) }
  const successor = ModelTable.successor(input.models, row, input.now)
  if (successor !== undefined) return { refusal: GoogleError.modelClosed(name, successor) }
  const why = meaning(verdict.body, row, input)
  return why === undefined ? verdict : { refusal: GoogleError.invalidArgument(why) }
}
