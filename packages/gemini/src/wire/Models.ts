/**
 * models.list and models.get: which models there are and what they can do.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { field, numeric } from "../internal/wire/leaves.ts"

/**
 * One model. `supportedGenerationMethods` names what may be called on it
 * (`generateContent`, `embedContent`, `bidiGenerateContent` for the Live API, …); limits
 * are in tokens.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Model = Schema.Struct({
  name: field(Schema.String),
  baseModelId: field(Schema.String),
  version: field(Schema.String),
  displayName: field(Schema.String),
  description: field(Schema.String),
  inputTokenLimit: numeric,
  outputTokenLimit: numeric,
  supportedGenerationMethods: field(Schema.Array(Schema.String)),
  temperature: numeric,
  maxTemperature: numeric,
  topP: numeric,
  topK: numeric,
  thinking: field(Schema.Boolean)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Model extends Schema.Schema.Type<typeof Model> {}

/**
 * Query of models.list: `pageSize` is 50 unless told, at most 1000.
 *
 * @category models
 * @since 0.1.0
 */
export interface ListModelsRequest {
  readonly pageSize?: number | undefined
  readonly pageToken?: string | undefined
}

/**
 * One page; the last has no `nextPageToken`, an empty one no `models`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ListModelsResponse = Schema.Struct({
  models: field(Schema.Array(Model)),
  nextPageToken: field(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface ListModelsResponse extends Schema.Schema.Type<typeof ListModelsResponse> {}
