/** Schemas by name, for the golden table: each as a structured output and as a tool's parameters. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

interface Tree {
  readonly value: string
  readonly children: ReadonlyArray<Tree>
}

const Tree = Schema.Struct({
  value: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
}).annotate({ identifier: "Tree" })

interface Expression {
  readonly _tag: "Add" | "Number"
  readonly left?: Expression
  readonly value?: number
}

const Expression: Schema.Codec<Expression> = Schema.Struct({
  _tag: Schema.Literals(["Add", "Number"]),
  left: Schema.optionalKey(Schema.suspend((): Schema.Codec<Expression> => Expression)),
  value: Schema.optionalKey(Schema.Finite)
}).annotate({ identifier: "Expression" })

class Person extends Schema.Class<Person>("Person")({ name: Schema.String, age: Schema.Int }) {}

const Circle = Schema.TaggedStruct("Circle", { radius: Schema.Finite })
const Square = Schema.TaggedStruct("Square", { side: Schema.Finite })

/** A schema, and a value of its decoded side. */
export interface Entry {
  readonly schema: Schema.Codec<unknown, unknown>
  readonly value: unknown
}

const entry = <T, E>(schema: Schema.Codec<T, E>, value: T): Entry => ({
  schema: schema as unknown as Schema.Codec<unknown, unknown>,
  value
})

const inStruct = <T, E>(schema: Schema.Codec<T, E>, value: T): Entry =>
  entry(Schema.Struct({ field: schema }), { field: value })

export const table: Readonly<Record<string, Entry>> = {
  string: inStruct(Schema.String, "a"),
  nonEmptyString: inStruct(Schema.NonEmptyString, "a"),
  minLength: inStruct(Schema.String.check(Schema.isMinLength(2)), "ab"),
  maxLength: inStruct(Schema.String.check(Schema.isMaxLength(2)), "ab"),
  lengthBetween: inStruct(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(3)), "ab"),
  pattern: inStruct(Schema.String.check(Schema.isPattern(/^a+$/)), "aa"),
  uuid: inStruct(Schema.String.check(Schema.isUUID()), "6f1f3a52-0c1c-4a35-9bb2-0e1f5a6a8d11"),
  described: inStruct(Schema.String.annotate({ description: "a word" }), "a"),
  describedWithCheck: inStruct(Schema.String.annotate({ description: "a word" }).check(Schema.isMinLength(1)), "a"),
  titled: inStruct(Schema.String.annotate({ title: "Word" }), "a"),
  number: inStruct(Schema.Number, 1.5),
  finite: inStruct(Schema.Finite, 1.5),
  int: inStruct(Schema.Int, 1),
  between: inStruct(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 2 })), 1.5),
  intBetween: inStruct(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 })), 1),
  greaterThan: inStruct(Schema.Finite.check(Schema.isGreaterThan(1)), 1.5),
  intGreaterThan: inStruct(Schema.Int.check(Schema.isGreaterThan(1)), 2),
  lessThan: inStruct(Schema.Finite.check(Schema.isLessThan(1)), 0.5),
  multipleOf: inStruct(Schema.Int.check(Schema.isMultipleOf(3)), 6),
  boolean: inStruct(Schema.Boolean, true),
  nullValue: inStruct(Schema.Null, null),
  nullOr: inStruct(Schema.NullOr(Schema.String), null),
  undefinedOr: inStruct(Schema.UndefinedOr(Schema.String), "a"),
  nullish: inStruct(Schema.NullishOr(Schema.String), "a"),
  optionalKey: entry(Schema.Struct({ a: Schema.optionalKey(Schema.String), b: Schema.String }), { b: "b" }),
  optional: entry(Schema.Struct({ a: Schema.optional(Schema.String) }), {}),
  option: inStruct(Schema.OptionFromNullOr(Schema.String), Option.some("a")),
  literalString: inStruct(Schema.Literal("a"), "a"),
  literalNumber: inStruct(Schema.Literal(1), 1),
  literalBoolean: inStruct(Schema.Literal(true), true),
  literalNull: inStruct(Schema.Literals(["a", "b"]), "a"),
  literalNumbers: inStruct(Schema.Literals([1, 2]), 2),
  literalMixed: inStruct(Schema.Literals(["a", 1]), 1),
  enumLike: inStruct(Schema.Enum({ Up: "up", Down: "down" }), "up"),
  bigint: inStruct(Schema.BigInt, 12n),
  date: inStruct(Schema.Date, new Date("2026-01-01T00:00:00.000Z")),
  dateFromString: inStruct(Schema.DateFromString, new Date("2026-01-01T00:00:00.000Z")),
  numberFromString: inStruct(Schema.FiniteFromString, 3),
  url: inStruct(Schema.URL, new URL("https://example.com/")),
  bytes: inStruct(Schema.Uint8Array, new Uint8Array([1, 2])),
  unknown: inStruct(Schema.Unknown, "a"),
  json: inStruct(Schema.Json, { a: [1] }),
  array: inStruct(Schema.Array(Schema.String), ["a"]),
  nonEmptyArray: inStruct(Schema.NonEmptyArray(Schema.String), ["a"]),
  minItems: inStruct(Schema.Array(Schema.Int).check(Schema.isMinLength(1)), [1]),
  maxItems: inStruct(Schema.Array(Schema.Int).check(Schema.isMaxLength(2)), [1]),
  unique: inStruct(Schema.UniqueArray(Schema.String), ["a", "b"]),
  arrayOfStructs: inStruct(Schema.Array(Schema.Struct({ a: Schema.Int })), [{ a: 1 }]),
  nestedArrays: inStruct(Schema.Array(Schema.Array(Schema.Int)), [[1]]),
  tuple: inStruct(Schema.Tuple([Schema.String, Schema.Int]), ["a", 1]),
  tupleSame: inStruct(Schema.Tuple([Schema.Int, Schema.Int]), [1, 2]),
  tupleRest: inStruct(Schema.TupleWithRest(Schema.Tuple([Schema.String]), [Schema.Int]), ["a", 1]),
  record: inStruct(Schema.Record(Schema.String, Schema.Int), { a: 1 }),
  recordOfStructs: inStruct(Schema.Record(Schema.String, Schema.Struct({ a: Schema.Int })), { x: { a: 1 } }),
  struct: entry(Schema.Struct({ a: Schema.String, b: Schema.Struct({ c: Schema.Int }) }), { a: "a", b: { c: 1 } }),
  emptyStruct: entry(Schema.Struct({}), {}),
  structWithRest: entry(
    Schema.StructWithRest(Schema.Struct({ a: Schema.String }), [Schema.Record(Schema.String, Schema.String)]),
    { a: "a", z: "z" }
  ),
  describedStruct: entry(Schema.Struct({ a: Schema.String }).annotate({ description: "a thing" }), { a: "a" }),
  class: entry(Person, new Person({ name: "Ann", age: 40 })),
  classInside: inStruct(Person, new Person({ name: "Ann", age: 40 })),
  describedReference: inStruct(Person.annotate({ description: "who" }), new Person({ name: "Ann", age: 40 })),
  union: inStruct(Schema.Union([Schema.String, Schema.Int]), 1),
  taggedUnion: inStruct(Schema.Union([Circle, Square]), { _tag: "Square", side: 2 }),
  unionOfStructs: entry(Schema.Union([Circle, Square]), { _tag: "Circle", radius: 1 }),
  oneOf: inStruct(Schema.Union([Schema.String, Schema.Int], { mode: "oneOf" }), "a"),
  brand: inStruct(Schema.String.pipe(Schema.brand("Id")), "a" as never),
  recursive: entry(Tree, { value: "a", children: [{ value: "b", children: [] }] }),
  recursiveOptional: entry(Expression, { _tag: "Add", left: { _tag: "Number", value: 1 } }),
  recursiveInside: inStruct(Tree, { value: "a", children: [] }),
  duration: inStruct(Schema.DurationFromMillis, Duration.millis(5)),
  map: inStruct(Schema.ReadonlyMap(Schema.String, Schema.Int), new Map([["a", 1]])),
  set: inStruct(Schema.ReadonlySet(Schema.String), new Set(["a"]))
}

/** What cannot be expressed, and the path that says where. */
export const inexpressible: Readonly<Record<string, readonly [Schema.Codec<unknown, unknown>, path: string]>> = {
  never: [Schema.Struct({ a: Schema.Struct({ b: Schema.Never }) }) as never, "a.b"],
  neverInArray: [Schema.Struct({ list: Schema.Array(Schema.Struct({ x: Schema.Never })) }) as never, "list[].x"]
}
