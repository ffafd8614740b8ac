/**
 * The leaves of the wire schemas: what proto3 JSON may put where a field is declared.
 *
 * Every field may be absent or null (both mean "not set"), 64-bit integers and
 * special floats come as strings, and enums stay open: a name that Google adds
 * tomorrow is a string, and `$alt=json;enum-encoding=int` makes it a number.
 * None of the schemas transforms, so a value that passes is kept as it came. Each
 * field is one flat union: the compiled guard pays per union, not per member.
 */
import * as Schema from "effect/Schema"

/** A field that may be absent, null, or undefined (for values built in TypeScript). */
export const field = <S extends Schema.Constraint>(schema: S): Schema.optionalKey<Schema.NullishOr<S>> =>
  Schema.optionalKey(Schema.NullishOr(schema))

const decimal = Schema.String.check(
  Schema.isPattern(/^(?:[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/, { expected: "a number" })
)

// @effect-diagnostics schemaNumber:off
// Not Finite: its check costs more than the rest of the guard, and JSON has no NaN.
const number = Schema.Number

/** A number, or the string that proto3 JSON writes for int64, NaN and the infinities. */
export const NumberOrString = Schema.Union([number, decimal])

/** The field of a number. */
export const numeric = Schema.optionalKey(Schema.Union([number, decimal, Schema.Null, Schema.Undefined]))

/** A free-form JSON object: `google.protobuf.Struct`. */
export const Struct = Schema.Record(Schema.String, Schema.Unknown)

/** An open enum as a response holds it: a known name, a future name, or its number. */
export type OpenEnum<Known extends string> = Known | (string & {}) | number

type Nullable<A> = A | null | undefined

/** The field of an open enum; the known names live in the type alone. */
export const enumField = <Known extends string>(): Schema.optionalKey<Schema.Codec<Nullable<OpenEnum<Known>>>> =>
  Schema.optionalKey(Schema.Union([Schema.String, number, Schema.Null, Schema.Undefined]))

/** An open enum as a request holds it: a known or a future name. */
export type OpenName<Known extends string> = Known | (string & {})

/** The schema of an `OpenName`. */
export const openName = <Known extends string>(): Schema.Codec<OpenName<Known>> => Schema.String
