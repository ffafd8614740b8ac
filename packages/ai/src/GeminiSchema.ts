/**
 * Schemas of Effect in the dialects that Gemini reads.
 *
 * The default is JSON Schema (`responseJsonSchema`, `parametersJsonSchema`).
 *
 * @since 0.1.0
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"

/**
 * The codec transformer of the language model: a codec over JSON and its JSON Schema.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toCodecGemini = <T, E, RD, RE>(schema: Schema.ConstraintCodec<T, E, RD, RE>): {
  readonly codec: Schema.ConstraintCodec<T, unknown, RD, RE>
  readonly jsonSchema: JsonSchema.JsonSchema
} => {
  const codec = Schema.toCodecJson(schema)
  const document = Schema.toJsonSchemaDocument(codec)
  const jsonSchema = Object.keys(document.definitions).length === 0
    ? document.schema
    : { ...document.schema, $defs: document.definitions }
  return { codec, jsonSchema }
}
