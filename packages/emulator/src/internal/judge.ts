/**
 * Would the real server take this request? In the order in which it looks:
 * the key, the JSON, its fields, the model, then what the request means.
 *
 * Pure: the clock, the models and the keys come with the request.
 */
import type { Refusal } from "../GoogleError.ts"
import * as GoogleError from "../GoogleError.ts"
import * as ModelTable from "../ModelTable.ts"
import * as Keys from "./keys.ts"

export interface Input {
  /** `v1`, `v1beta`, `v1alpha`. */
  readonly version: string
  /** `generateContent`, `streamGenerateContent`, `countTokens`, `embedContent`, `batchEmbedContents`, `models.list`, `models.get`, … */
  readonly method: string
  /** As in the path, with its collection: `models/gemini-…`. */
  readonly model?: string | undefined
  readonly bodyText?: string | undefined
  /** From the header `x-goog-api-key`, else the query's `key`. */
  readonly key?: string | undefined
  readonly query?: URLSearchParams | undefined
  readonly models: ModelTable.ModelTable
  readonly keys?: Keys.KeyPolicy | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The method a model must list to serve another. */
const served: Readonly<Record<string, string>> = {
  streamGenerateContent: "generateContent",
  batchEmbedContents: "embedContent"
}

const everything: ModelTable.Row = {
  model: {
    name: "models/any",
    version: "001",
    displayName: "Any",
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: []
  }
}

const findModel = (input: Input, name: string): ModelTable.Row | undefined => {
  const row = ModelTable.get(input.models, name, input.now)
  if (input.models.acceptAnyModel === true) return row ?? everything
  return row?.model.supportedGenerationMethods.includes(served[input.method] ?? input.method) === true ? row : undefined
}

export const judge = (input: Input): Refusal | undefined => {
  const refused = Keys.judge(input.key, input.keys)
  if (refused !== undefined) return refused
  if (input.model === undefined) return undefined
  const { method, model: name, version } = input
  const row = findModel(input, name)
  if (row === undefined) return GoogleError.modelNotFound({ name, version, method })
  return undefined
}
