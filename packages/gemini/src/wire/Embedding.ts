/**
 * embedContent and batchEmbedContents: contents as vectors.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { field, NumberOrString, numeric, openName } from "../internal/wire/leaves.ts"
import { Content } from "./Content.ts"
import type { Part } from "./Part.ts"
import * as Usage from "./Usage.ts"

/**
 * What may be embedded: one input (a text, a content, or the parts of one), or several of them (texts and contents).
 *
 * @category models
 * @since 0.1.0
 */
export type Inputs = string | Content | ReadonlyArray<Part> | ReadonlyArray<string | Content>

const taskType = openName<
  | "RETRIEVAL_QUERY"
  | "RETRIEVAL_DOCUMENT"
  | "SEMANTIC_SIMILARITY"
  | "CLASSIFICATION"
  | "CLUSTERING"
  | "QUESTION_ANSWERING"
  | "FACT_VERIFICATION"
  | "CODE_RETRIEVAL_QUERY"
>()

const settings = {
  taskType: field(taskType),
  title: field(Schema.String),
  outputDimensionality: field(Schema.Finite)
}

/**
 * The body of embedContent. `title` goes with RETRIEVAL_DOCUMENT.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EmbedContentRequest = Schema.Struct({
  content: Content,
  ...settings,
  embedContentConfig: field(Schema.Struct({
    ...settings,
    autoTruncate: field(Schema.Boolean),
    documentOcr: field(Schema.Boolean),
    audioTrackExtraction: field(Schema.Boolean)
  }))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface EmbedContentRequest extends Schema.Schema.Type<typeof EmbedContentRequest> {}

/**
 * The body of batchEmbedContents. Every entry's `model` must be the model of the call; if it is left out, the client
 * adds it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchEmbedContentsRequest = Schema.Struct({
  requests: Schema.Array(Schema.Struct({ model: field(Schema.String), ...EmbedContentRequest.fields }))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchEmbedContentsRequest extends Schema.Schema.Type<typeof BatchEmbedContentsRequest> {}

/**
 * One vector. `shape` is sent by models that answer with more than one dimension.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ContentEmbedding = Schema.Struct({
  values: field(Schema.Array(NumberOrString)),
  shape: field(Schema.Array(NumberOrString))
})

/**
 * Tokens of an embedding call; note the spelling `promptTokenDetails`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EmbeddingUsageMetadata = Schema.Struct({
  promptTokenCount: numeric,
  promptTokenDetails: field(Schema.Array(Usage.ModalityTokenCount)),
  promptTokensDetails: field(Schema.Array(Usage.ModalityTokenCount)),
  totalTokenCount: numeric
})

/**
 * The response of embedContent: one vector and, where the server counts, its tokens.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EmbedContentResponse = Schema.Struct({
  embedding: field(ContentEmbedding),
  usageMetadata: field(EmbeddingUsageMetadata)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface EmbedContentResponse extends Schema.Schema.Type<typeof EmbedContentResponse> {}

/**
 * The vectors, in the order of the requests.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchEmbedContentsResponse = Schema.Struct({
  embeddings: field(Schema.Array(ContentEmbedding)),
  usageMetadata: field(EmbeddingUsageMetadata)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface BatchEmbedContentsResponse extends Schema.Schema.Type<typeof BatchEmbedContentsResponse> {}

const numbers = (embedding: typeof ContentEmbedding.Type | null | undefined): ReadonlyArray<number> =>
  (embedding?.values ?? []).map(Number)

/**
 * The vector of an embedContent answer.
 *
 * @category getters
 * @since 0.1.0
 */
export const vector = (response: EmbedContentResponse): ReadonlyArray<number> => numbers(response.embedding)

/**
 * The vectors of a batchEmbedContents answer, in the order of the requests.
 *
 * @category getters
 * @since 0.1.0
 */
export const vectors = (response: BatchEmbedContentsResponse): ReadonlyArray<ReadonlyArray<number>> =>
  (response.embeddings ?? []).map(numbers)

/**
 * The tokens of all contents, if the server counts them.
 *
 * @category getters
 * @since 0.1.0
 */
export const promptTokens = (response: EmbedContentResponse | BatchEmbedContentsResponse): number | undefined => {
  const tokens = response.usageMetadata?.promptTokenCount
  return tokens == null ? undefined : Usage.count(tokens)
}
