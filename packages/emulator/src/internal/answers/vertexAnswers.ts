/** What Vertex AI answers to the methods that count and embed. */
import type { Model } from "../../ModelTable.ts"
import * as VertexModels from "../google/vertexModels.ts"
import * as Json from "../json.ts"
import * as Embedding from "./embedding.ts"
import * as Tokens from "./tokens.ts"

const textsOf = (content: unknown): ReadonlyArray<string> =>
  Json.list(Json.at(content, "parts")).flatMap((part) => Json.text(Json.at(part, "text")) ?? [])

/** Characters without blanks, by which older models were billed. */
const billable = (text: string): number => text.replace(/\s/gu, "").length

/** The count of a body, with the characters beside it (recorded 2026). */
export const counted = (count: Json.Json, body: unknown): Json.Json => {
  const characters = [...Json.list(Json.at(body, "contents")), Json.at(body, "systemInstruction")].flatMap(textsOf)
    .reduce((sum, text) => sum + billable(text), 0)
  const { promptTokensDetails, totalTokens, ...rest } = count
  return {
    totalTokens,
    ...(characters === 0 ? {} : { totalBillableCharacters: characters }),
    promptTokensDetails,
    ...rest
  }
}

/** Pieces of four characters, which is how tokens are counted here. */
const pieces = (text: string): ReadonlyArray<string> => text.match(/[\s\S]{1,4}/g) ?? []

/** The same piece has the same id everywhere. */
const idOf = (piece: string): string => {
  let id = 7
  for (const character of piece) id = (id * 31 + (character.codePointAt(0) ?? 0)) % 255_993
  return String(id + 7)
}

/** The tokens of each content, in base64, and their ids. */
export const computed = (body: unknown): Json.Json => ({
  tokensInfo: Json.list(Json.at(body, "contents")).map((content) => {
    const tokens = textsOf(content).flatMap(pieces)
    return {
      role: Json.text(Json.at(content, "role")) ?? "user",
      tokenIds: tokens.map(idOf),
      tokens: tokens.map((token) => Buffer.from(token, "utf8").toString("base64"))
    }
  })
})

const instance = (given: unknown): Json.Json => ({
  parts: [{ text: Json.text(Json.at(given, "content")) ?? "" }]
})

/** The contents of a `predict` that asks for embeddings, as the other methods have them. */
export const instances = (body: unknown): ReadonlyArray<Json.Json> =>
  Json.list(Json.at(body, "instances")).map(instance)

/** The vectors of the models that are asked by `predict` (recorded 2025 and 2026). */
export const predicted = (model: string, seed: string, body: unknown): Json.Json => {
  const wanted = Json.number(Json.at(body, "parameters", "outputDimensionality"))
  const standard = VertexModels.predicting.get(model)
  const contents = instances(body)
  return {
    predictions: contents.map((content) => {
      const asked = { content, outputDimensionality: wanted ?? standard }
      const { values } = Object(Embedding.one(model, seed, asked)["embedding"])
      return {
        embeddings: {
          statistics: { truncated: false, token_count: Tokens.total(Tokens.ofContents([content])) },
          values
        }
      }
    }),
    metadata: {
      billableCharacterCount: contents.flatMap(textsOf).reduce((sum, text) => sum + billable(text), 0)
    }
  }
}

/** The vector of one content; its usage has the names of a generation's, unlike the Gemini API's (recorded 2026). */
export const embedded = (given: Json.Json): Json.Json => {
  const { usageMetadata, ...rest } = given
  if (usageMetadata === undefined) return rest
  const { promptTokenCount, promptTokenDetails } = Object(usageMetadata)
  return {
    ...rest,
    usageMetadata: { promptTokenCount, totalTokenCount: promptTokenCount, promptTokensDetails: promptTokenDetails }
  }
}

/** A model as the Model Garden lists it. */
export const publisherModel = ({ name, version }: Model): Json.Json => ({
  name: `publishers/google/${name}`,
  versionId: version,
  openSourceCategory: "PROPRIETARY",
  launchStage: "GA",
  publisherModelTemplate: `projects/{project}/locations/{location}/publishers/google/${name}`
})
