/**
 * Which requests a rule is for. Matchers look at the request alone: the same request always matches
 * the same rules, however many came before, in parallel too.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const about = (description: string) => ({ description })

/**
 * What is asked of a value. If there are several operators, all of them must hold.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operators {
  /** The value is the same; a list (tools, `after`, `media`) has the same members in any order. */
  readonly equals?: unknown
  /** A text contains this text, a list has this member, or an object has at least these fields. */
  readonly contains?: unknown
  /** A regular expression that is found in the text, or in a member of the list. */
  readonly matches?: string | undefined
  /** One of these values. */
  readonly oneOf?: ReadonlyArray<unknown> | undefined
  /** Whether the value exists, or the list has any member. */
  readonly exists?: boolean | undefined
  /** The number is at least this, or the list has at least this many members. */
  readonly atLeast?: number | undefined
  readonly atMost?: number | undefined
  /** A JSON Schema that the value has to satisfy. */
  readonly schema?: Readonly<Record<string, unknown>> | undefined
  /** These operators, or this value, must not hold. */
  readonly not?: Value | undefined
}

/**
 * A plain value must be equal. For a model, `*` stands for any letters. A list must have this member, or, if this is a
 * list, all its members. An object is `Operators`.
 *
 * @category models
 * @since 0.1.0
 */
export type Value = string | number | boolean | ReadonlyArray<unknown> | Operators

const operators = Schema.Struct({
  equals: Schema.optional(Schema.Unknown).annotateKey(about("the same value")),
  contains: Schema.optional(Schema.Unknown).annotateKey(
    about("a text within a text, a member of a list, these fields of an object")
  ),
  matches: Schema.optional(Schema.String).annotateKey(about("a regular expression that is found in it")),
  oneOf: Schema.optional(Schema.Array(Schema.Unknown)).annotateKey(about("one of these values")),
  exists: Schema.optional(Schema.Boolean).annotateKey(about("whether there is a value at all")),
  atLeast: Schema.optional(Schema.Finite).annotateKey(about("a number, or how many members a list has")),
  atMost: Schema.optional(Schema.Finite),
  schema: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)).annotateKey(
    about("a JSON Schema that it satisfies")
  ),
  not: Schema.optional(Schema.suspend((): Schema.Codec<Value> => Value)).annotateKey(about("what must not hold"))
})

/**
 * @category schemas
 * @since 0.1.0
 */
export const Value: Schema.Codec<Value> = Schema.Union([
  Schema.String,
  Schema.Finite,
  Schema.Boolean,
  Schema.Array(Schema.Unknown),
  operators
]).annotate({ identifier: "Value" })

const value = (description: string) => Schema.optional(Value).annotateKey(about(description))

/**
 * Which requests are meant: all conditions given here must hold.
 *
 * @category schemas
 * @since 0.1.0
 */
export const When = Schema.Struct({
  method: value(
    "the method of the API: generateContent, streamGenerateContent, bidiGenerateContent for a turn of Live"
  ),
  model: value("without models/; * stands for any letters"),
  key: value("the API key"),
  project: value("the project of the key"),
  region: value("global, or the region of the base URL"),
  header: Schema.optional(Schema.Record(Schema.String, Value)).annotateKey(about("headers by name")),
  text: value("the user's last words"),
  system: value("the system instruction"),
  tools: value("a list: the names of the functions and built-in tools that are declared"),
  schema: value("the schema that the answer shall have"),
  after: value("a list: the functions whose responses came last"),
  step: value("how many turns the model has had since the user spoke; 0 at first"),
  turn: value("how often the user has spoken before; 0 at first"),
  history: value("all that was said, user and model, a line each"),
  media: value("a list: the MIME types of what the user's last words came with; image/* for any image"),
  body: Schema.optional(Schema.Record(Schema.String, Value)).annotateKey(
    about("values of the body, names in camelCase, by JSON pointer: /generationConfig/temperature")
  )
}).annotate({ identifier: "When" })

/**
 * @category models
 * @since 0.1.0
 */
export interface When extends Schema.Schema.Type<typeof When> {}
