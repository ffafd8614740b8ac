/**
 * The subset of OpenAPI 3.0 that `responseSchema`, `parameters` and `response` take.
 *
 * JSON Schema itself goes into `responseJsonSchema` and `parametersJsonSchema`, which
 * accept another set of keywords; only one of each pair may be sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { type OpenName, openName } from "./internal/wire.ts"

/**
 * The types of a value. The lower-case forms are accepted as well.
 *
 * @category models
 * @since 0.1.0
 */
export type Type = OpenName<"STRING" | "NUMBER" | "INTEGER" | "BOOLEAN" | "ARRAY" | "OBJECT" | "NULL">

/**
 * A schema of a value. `minItems`, `maxLength` and their like are int64: numbers or
 * decimal strings.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenApiSchema {
  readonly type?: Type | undefined
  readonly format?: string | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly nullable?: boolean | undefined
  readonly enum?: ReadonlyArray<string> | undefined
  readonly items?: OpenApiSchema | undefined
  readonly minItems?: number | string | undefined
  readonly maxItems?: number | string | undefined
  readonly properties?: { readonly [name: string]: OpenApiSchema } | undefined
  readonly required?: ReadonlyArray<string> | undefined
  readonly propertyOrdering?: ReadonlyArray<string> | undefined
  readonly minProperties?: number | string | undefined
  readonly maxProperties?: number | string | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly minLength?: number | string | undefined
  readonly maxLength?: number | string | undefined
  readonly pattern?: string | undefined
  readonly example?: unknown
  readonly default?: unknown
  readonly anyOf?: ReadonlyArray<OpenApiSchema> | undefined
}

const self = Schema.suspend((): Schema.Codec<OpenApiSchema> => OpenApiSchema)
const int64 = Schema.Union([Schema.Finite, Schema.String])

/**
 * @category schemas
 * @since 0.1.0
 */
export const OpenApiSchema: Schema.Codec<OpenApiSchema> = Schema.Struct({
  type: Schema.optional(openName<"STRING" | "NUMBER" | "INTEGER" | "BOOLEAN" | "ARRAY" | "OBJECT" | "NULL">()),
  format: Schema.optional(Schema.String),
  title: Schema.optional(Schema.String),
  description: Schema.optional(Schema.String),
  nullable: Schema.optional(Schema.Boolean),
  enum: Schema.optional(Schema.Array(Schema.String)),
  items: Schema.optional(self),
  minItems: Schema.optional(int64),
  maxItems: Schema.optional(int64),
  properties: Schema.optional(Schema.Record(Schema.String, self)),
  required: Schema.optional(Schema.Array(Schema.String)),
  propertyOrdering: Schema.optional(Schema.Array(Schema.String)),
  minProperties: Schema.optional(int64),
  maxProperties: Schema.optional(int64),
  minimum: Schema.optional(Schema.Finite),
  maximum: Schema.optional(Schema.Finite),
  minLength: Schema.optional(int64),
  maxLength: Schema.optional(int64),
  pattern: Schema.optional(Schema.String),
  example: Schema.optional(Schema.Unknown),
  default: Schema.optional(Schema.Unknown),
  anyOf: Schema.optional(Schema.Array(self))
})
