/**
 * The records of one owner: their name, their schema and its version.
 *
 * A version is raised when records are written in another form than before. Every version ever written stays readable,
 * by a schema under `older` that decodes it to what a record is today. A record of a newer version than this is refused by
 * name: an older program never guesses at what a newer one wrote.
 *
 * ```ts
 * import * as Records from "effect-gemini-journal/Records"
 * import * as Schema from "effect/Schema"
 * import * as SchemaTransformation from "effect/SchemaTransformation"
 *
 * const Answered = Schema.Struct({ act: Schema.String, tokens: Schema.Int })
 *
 * // Version 1 knew no tokens.
 * const Answered1 = Schema.Struct({ act: Schema.String }).pipe(
 *   Schema.decodeTo(Schema.toType(Answered), SchemaTransformation.transform({
 *     decode: ({ act }) => ({ act, tokens: 0 }),
 *     encode: ({ act }) => ({ act })
 *   }))
 * )
 *
 * export const acts = Records.make({ name: "acme/Act", version: 2, schema: Answered, older: { 1: Answered1 } })
 * ```
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { Corrupt, ForeignRecord, Invalid, type JournalErrorReason, NewerVersion } from "./JournalErrorReason.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Records<in out A> {
  readonly name: string
  readonly version: number
  /** To JSON; `at` says where in the input, for the message. */
  readonly encode: (record: A, at: string) => Result.Result<unknown, Invalid>
  /** From JSON that `name` wrote as `version`. */
  readonly decode: (
    of: string | undefined,
    version: number | undefined,
    value: unknown,
    seq: number
  ) => Result.Result<A, JournalErrorReason>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<A, I> {
  /** Such as `effect-gemini-narrative/Run`: at most 128 characters. */
  readonly name: string
  /** From 1, a whole number. */
  readonly version: number
  /** Of this version. It is stored as its JSON codec, so dates and the like need nothing. */
  readonly schema: Schema.Codec<A, I>
  /** By version: schemas that decode older forms to today's. A version that is not here is read by `schema`. */
  readonly older?: { readonly [version: number]: Schema.Decoder<A> } | undefined
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Where a value fails its schema and what was expected there; the value itself is never quoted. */
const problem = (issue: SchemaIssue.Issue): readonly [path: string, message: string] => {
  const first = format(issue).issues[0]
  const path = (first?.path ?? []).map((segment) => {
    const key = typeof segment === "object" ? segment.key : segment
    return typeof key === "number" ? `[${key}]` : `.${String(key)}`
  }).join("")
  return [path, first?.message ?? "it does not fit the schema"]
}

/**
 * Throws a RangeError for a name or a version that cannot be one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A, I>({ name, older = {}, schema, version }: Options<A, I>): Records<A> => {
  if (name === "" || name.length > 128) throw new RangeError("the name of records has 1 to 128 characters")
  if (!Number.isSafeInteger(version) || version < 1) throw new RangeError("a version is a whole number from 1")
  const codec = Schema.toCodecJson(schema)
  const encode = Schema.encodeResult(codec)
  const decoders = new Map(
    Object.entries(older).map(([older, schema]) =>
      [Number(older), Schema.decodeUnknownResult(Schema.toCodecJson(schema))] as const
    )
  )
  const current = Schema.decodeUnknownResult(codec)
  return {
    name,
    version,
    encode: (record, at) =>
      Result.mapError(encode(record), ({ issue }) => {
        const [path, description] = problem(issue)
        return new Invalid({ path: `${at}${path}`, description })
      }),
    decode: (of = "", found = 0, value, seq) => {
      if (of !== name) return Result.fail(new ForeignRecord({ expected: name, found: of, seq }))
      if (found > version) return Result.fail(new NewerVersion({ name, found, known: version, seq }))
      return Result.mapError((decoders.get(found) ?? current)(value), ({ issue }) => {
        const [path, message] = problem(issue)
        return new Corrupt({
          seq,
          description: `a record of ${name}, version ${found}, is damaged: record${path}: ${message}`
        })
      })
    }
  }
}
