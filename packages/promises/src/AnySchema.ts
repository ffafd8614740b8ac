/**
 * Schemas of any library: a Standard Schema, as those of Zod, ArkType and Valibot are, or one of Effect's.
 *
 * Gemini is told the schema as JSON Schema. Zod 4.2, ArkType 2.1.28 and Effect say it themselves; for Valibot there is
 * `toStandardJsonSchema` of `@valibot/to-json-schema`; for any other library it stands beside the schema as `jsonSchema`.
 *
 * @since 0.3.0
 */
import type * as Schema from "effect/Schema"
import type { StandardSchemaV1 } from "effect/StandardSchema"

/**
 * A schema that checks what the model wrote.
 *
 * @category models
 * @since 0.3.0
 */
export type AnySchema = StandardSchemaV1 | Schema.ConstraintDecoder<unknown>

/**
 * The value that a schema gives.
 *
 * @category utility types
 * @since 0.3.0
 */
export type Output<S extends AnySchema> = S extends Schema.ConstraintDecoder<infer T> ? T
  : S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S>
  : never

/**
 * What an unfinished value is known to be: of Effect's schemas the decoded value, of others the JSON before it is
 * checked. Anything may be missing, at every depth.
 *
 * @category utility types
 * @since 0.3.0
 */
export type Unfinished<S extends AnySchema> = S extends Schema.ConstraintDecoder<infer T> ? DeepPartial<T>
  : S extends StandardSchemaV1 ? DeepPartial<StandardSchemaV1.InferInput<S>>
  : never

type DeepPartial<T> = T extends ReadonlyArray<infer A> ? ReadonlyArray<DeepPartial<A>>
  : T extends Date | Uint8Array | URL ? T
  : T extends object ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
  : T

/**
 * A JSON Schema.
 *
 * @category models
 * @since 0.3.0
 */
export type JsonSchema = Readonly<Record<string, unknown>>
