/**
 * Schemas of Effect in the two dialects that Gemini reads.
 *
 * JSON Schema (`responseJsonSchema`, `parametersJsonSchema`) is the default: it has
 * references, recursion, records, tuples and unions. The OpenAPI subset (`responseSchema`,
 * `parameters`) is for models and gateways that know only that. Constraints that a dialect
 * has no keyword for are told in the description and still checked when decoding; what it
 * cannot express at all is an error before any request, with the path.
 *
 * @since 0.1.0
 */
import type { OpenApiSchema } from "effect-gemini/wire/OpenApiSchema"
import type * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import * as DecodedStrings from "./internal/decodedStrings.ts"
import * as JsonDialect from "./internal/jsonDialect.ts"
import * as OpenApiDialect from "./internal/openApiDialect.ts"

/**
 * The dialect that schemas are sent in.
 *
 * @category models
 * @since 0.1.0
 */
export type Dialect = "json" | "openapi"

const definition = (ref: unknown, definitions: JsonSchema.Definitions): JsonSchema.JsonSchema | undefined =>
  typeof ref === "string" ? definitions[ref.replace(/^#\/(\$defs|definitions)\//, "")] : undefined

/**
 * The codec transformer of the language model: a codec over plain JSON, and the JSON Schema of that. Throws an error
 * with the path where the schema holds something that Gemini cannot express.
 *
 * ```ts
 * import * as GeminiSchema from "effect-gemini-ai/GeminiSchema"
 * import * as Schema from "effect/Schema"
 *
 * const { jsonSchema } = GeminiSchema.toCodecGemini(Schema.Struct({ name: Schema.String }))
 * console.log(jsonSchema["required"]) // [ 'name' ]
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const toCodecGemini = <T, E, RD, RE>(schema: Schema.ConstraintCodec<T, E, RD, RE>): {
  readonly codec: Schema.ConstraintCodec<T, unknown, RD, RE>
  readonly jsonSchema: JsonSchema.JsonSchema
} => {
  const codec = Schema.toCodecJson(schema)
  const written = Schema.toJsonSchemaDocument(codec, { generateDescriptions: true, onExcessProperty: "error" })
  const { definitions, schema: root } = DecodedStrings.describe(codec.ast, written.schema, written.definitions)
  return {
    codec,
    jsonSchema: fromJsonSchema({ ...(definition(root["$ref"], definitions) ?? root), $defs: definitions })
  }
}

/**
 * Any JSON Schema, such as an MCP tool's, with the keywords that Gemini knows. Throws as
 * `toCodecGemini` does.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromJsonSchema = (schema: JsonSchema.JsonSchema): JsonSchema.JsonSchema =>
  JsonDialect.toJsonDialect(schema)

/**
 * The OpenAPI subset of a schema that `toCodecGemini` or `fromJsonSchema` made.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toOpenApi = (jsonSchema: JsonSchema.JsonSchema): OpenApiSchema => OpenApiDialect.toOpenApi(jsonSchema)
