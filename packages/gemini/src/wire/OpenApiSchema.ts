/**
 * The subset of OpenAPI 3.0 that `responseSchema`, `parameters` and `response` take.
 *
 * JSON Schema itself goes into `responseJsonSchema` and `parametersJsonSchema`, which
 * accept another set of keywords; only one of each pair may be sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { field, openName, record } from "../internal/wire/leaves.ts"

/**
 * The types of a value. The lower-case forms are accepted as well, and so is a type that Google adds later.
 *
 * @category models
 * @since 0.1.0
 */
export type Type = "STRING" | "NUMBER" | "INTEGER" | "BOOLEAN" | "ARRAY" | "OBJECT" | "NULL" | (string & {})

/**
 * A schema of a value. `minItems`, `maxLength` and their like are int64: numbers or
 * decimal strings.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenApiSchema {
  readonly type?: Type | null | undefined
  readonly format?: string | null | undefined
  readonly title?: string | null | undefined
  readonly description?: string | null | undefined
  readonly nullable?: boolean | null | undefined
  readonly enum?: ReadonlyArray<string> | null | undefined
  readonly items?: OpenApiSchema | null | undefined
  readonly minItems?: number | string | null | undefined
  readonly maxItems?: number | string | null | undefined
  readonly properties?: { readonly [name: string]: OpenApiSchema } | null | undefined
  readonly required?: ReadonlyArray<string> | null | undefined
  readonly propertyOrdering?: ReadonlyArray<string> | null | undefined
  readonly minProperties?: number | string | null | undefined
  readonly maxProperties?: number | string | null | undefined
  readonly minimum?: number | null | undefined
  readonly maximum?: number | null | undefined
  readonly minLength?: number | string | null | undefined
  readonly maxLength?: number | string | null | undefined
  readonly pattern?: string | null | undefined
  readonly example?: unknown
  readonly default?: unknown
  readonly anyOf?: ReadonlyArray<OpenApiSchema> | null | undefined
}

const self = Schema.suspend((): Schema.Codec<OpenApiSchema> => OpenApiSchema)
const int64 = Schema.Union([Schema.Finite, Schema.String])

/**
 * @category schemas
 * @since 0.1.0
 */
export const OpenApiSchema: Schema.Codec<OpenApiSchema> = Schema.Struct({
  type: field(openName<"STRING" | "NUMBER" | "INTEGER" | "BOOLEAN" | "ARRAY" | "OBJECT" | "NULL">()),
  format: field(Schema.String),
  title: field(Schema.String),
  description: field(Schema.String),
  nullable: field(Schema.Boolean),
  enum: field(Schema.Array(Schema.String)),
  items: field(self),
  minItems: field(int64),
  maxItems: field(int64),
  properties: field(record(self)),
  required: field(Schema.Array(Schema.String)),
  propertyOrdering: field(Schema.Array(Schema.String)),
  minProperties: field(int64),
  maxProperties: field(int64),
  minimum: field(Schema.Finite),
  maximum: field(Schema.Finite),
  minLength: field(int64),
  maxLength: field(int64),
  pattern: field(Schema.String),
  example: field(Schema.Unknown),
  default: field(Schema.Unknown),
  anyOf: field(Schema.Array(self))
})
