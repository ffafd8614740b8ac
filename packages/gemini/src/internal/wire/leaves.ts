/**
 * The leaves of the wire schemas: what proto3 JSON may put where a field is declared.
 *
 * Every field may be absent or null (both mean "not set"), 64-bit integers and
 * special floats come as strings, and enums stay open: a name that Google adds
 * tomorrow is a string, and `$alt=json;enum-encoding=int` makes it a number.
 * None of the schemas transforms, so a value that passes is kept as it came. Each
 * field is one flat union: the compiled guard pays per union, not per member.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

/** A field that may be absent, null, or undefined (for values built in TypeScript). */
export const field = <S extends Schema.Constraint>(schema: S): Schema.optionalKey<Schema.NullishOr<S>> =>
  Schema.optionalKey(Schema.NullishOr(schema))

const numeral = /^(?:[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/

// Schema's own isPattern also knows how to write itself as code: 0.1 kB of every bundle.
const decimal = Schema.String.check(
  SchemaAST.isPattern(numeral, { expected: "a number", toJsonSchema: () => ({ pattern: numeral.source }) })
)

// @effect-diagnostics schemaNumber:off This is not Schema.Finite: its check costs more than the rest of the guard, and JSON has no NaN.
const number = Schema.Number

/** A number, or the string that proto3 JSON writes for int64, NaN and the infinities. */
export const NumberOrString = Schema.Union([number, decimal])

/** The field of a number. */
export const numeric = Schema.optionalKey(Schema.Union([number, decimal, Schema.Null, Schema.Undefined]))

/**
 * Whether a value is of a schema that transforms nothing. `Schema.is` is also for those that do, which adds 0.1 kB to
 * every bundle. The decoder is made at its first use.
 */
export const fits = <A>(schema: Schema.Codec<A>): (value: unknown) => value is A => {
  let decode: ((value: unknown) => Result.Result<A, unknown>) | undefined
  return (value): value is A => Result.isSuccess((decode ??= Schema.decodeUnknownResult(schema))(value))
}

/**
 * Any names, with values of one schema. `Schema.Record` also takes keys that are literals, or of other kinds, which adds
 * 0.2 kB to every bundle.
 */
export const record = <Value extends Schema.Constraint>(value: Value): Schema.$Record<typeof Schema.String, Value> =>
  Schema.make(
    new SchemaAST.Objects([], [new SchemaAST.IndexSignature(Schema.String.ast, value.ast)]),
    { key: Schema.String, value }
  )

/** One of some names. `Schema.Literals` can also pick and transform them, which adds 0.05 kB to every bundle. */
export const oneOf = <const Name extends string>(
  names: ReadonlyArray<Name>
): Schema.Union<ReadonlyArray<Schema.Literal<Name>>> => Schema.Union(names.map((name) => Schema.Literal(name)))

/** A free-form JSON object: `google.protobuf.Struct`. */
export const Struct = record(Schema.Unknown)

/** An open enum as a response holds it: a known name, a future name, or its number. */
export type OpenEnum<Known extends string> = Known | (string & {}) | number

type Nullable<A> = A | null | undefined

/** The field of an open enum; only the type knows the names. */
export const enumField = <Known extends string>(): Schema.optionalKey<Schema.Codec<Nullable<OpenEnum<Known>>>> =>
  Schema.optionalKey(Schema.Union([Schema.String, number, Schema.Null, Schema.Undefined]))

/** An open enum as a request holds it: a known or a future name. */
export type OpenName<Known extends string> = Known | (string & {})

/** The schema of an `OpenName`. */
export const openName = <Known extends string>(): Schema.Codec<OpenName<Known>> => Schema.String
