/**
 * The leaves of the wire schemas: what proto3 JSON may put where a field is declared.
 *
 * Every field may be absent or null (both mean "not set"), 64-bit integers and
 * special floats come as strings, and enums stay open: a name that Google adds
 * tomorrow is a string, and `$alt=json;enum-encoding=int` makes it a number.
 * None of the schemas transforms, so a value that passes is kept as it came.
 */
import * as Schema from "effect/Schema"

/** A field that may be absent, undefined (for values built in TypeScript) or null. */
export const field = <S extends Schema.Constraint>(schema: S): Schema.optional<Schema.NullOr<S>> =>
  Schema.optional(Schema.NullOr(schema))

const decimal = Schema.String.check(
  Schema.isPattern(/^(?:[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/, { expected: "a number" })
)

/** A number, or the string that proto3 JSON writes for int64, NaN and the infinities. */
export const NumberOrString = Schema.Union([Schema.Finite, decimal])

/** A free-form JSON object: `google.protobuf.Struct`. */
export const Struct = Schema.Record(Schema.String, Schema.Unknown)

/** An open enum as a response holds it: a known name, a future name, or its number. */
export type OpenEnum<Known extends string> = Known | (string & {}) | number

/** The schema of an `OpenEnum`; the known names live in the type alone. */
export const openEnum = <Known extends string>(): Schema.Codec<OpenEnum<Known>> =>
  Schema.Union([Schema.String, Schema.Finite])

/** An open enum as a request holds it: a known or a future name. */
export type OpenName<Known extends string> = Known | (string & {})

/** The schema of an `OpenName`. */
export const openName = <Known extends string>(): Schema.Codec<OpenName<Known>> => Schema.String
