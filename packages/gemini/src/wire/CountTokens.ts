/**
 * countTokens: how many tokens a prompt is, counted by the server.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { field, numeric } from "../internal/wire/leaves.ts"
import { Content } from "./Content.ts"
import { GenerateContentRequest } from "./GenerateContent.ts"
import * as Usage from "./Usage.ts"

/**
 * Either `contents`, or a whole `generateContentRequest`, which counts the system
 * instruction and the tools too. The latter needs its `model`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CountTokensRequest = Schema.Struct({
  contents: field(Schema.Array(Content)),
  generateContentRequest: field(
    Schema.Struct({ model: Schema.String, ...GenerateContentRequest.fields })
  )
})

/**
 * @category models
 * @since 0.1.0
 */
export interface CountTokensRequest extends Schema.Schema.Type<typeof CountTokensRequest> {}

/**
 * The counts; Vertex adds `totalBillableCharacters`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CountTokensResponse = Schema.Struct({
  totalTokens: numeric,
  totalBillableCharacters: numeric,
  cachedContentTokenCount: numeric,
  promptTokensDetails: field(Schema.Array(Usage.ModalityTokenCount)),
  cacheTokensDetails: field(Schema.Array(Usage.ModalityTokenCount))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface CountTokensResponse extends Schema.Schema.Type<typeof CountTokensResponse> {}

/**
 * The total in numbers: a left-out count is 0.
 *
 * @category getters
 * @since 0.1.0
 */
export const totalTokens = (response: CountTokensResponse): number => Usage.count(response.totalTokens)
