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
 * The records of one owner, with the way to JSON and back. `make` gives one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Records<in out A> {
  readonly name: string
  readonly version: number
  /** A record as JSON; `at` names the record's place in the input, for the message. */
  readonly encode: (record: A, at: string) => Result.Result<unknown, Invalid>
  /** A record from JSON that `name` wrote as `version`. */
  readonly decode: (
    of: string | undefined,
    version: number | undefined,
    value: unknown,
    seq: number
  ) => Result.Result<A, JournalErrorReason>
}

/**
 * What `make` needs: the owner's name, the version and the schemas.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<A, I> {
  /** Such as `effect-gemini-narrative/Run`: at most 128 characters. */
  readonly name: string
  /** A whole number from 1. */
  readonly version: number
  /**
   * The schema of a record of this version. Records are stored by its JSON codec, so dates and the like need no
   * further care.
   */
  readonly schema: Schema.Codec<A, I>
  /** Schemas that decode older forms to today's, by version. A version that is not among them is read by `schema`. */
  readonly older?: { readonly [version: number]: Schema.Decoder<A> } | undefined
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** The path at which a value does not fit its schema, and what was expected there; the value itself is never quoted. */
const problem = (issue: SchemaIssue.Issue): readonly [path: string, message: string] => {
  const first = format(issue).issues[0]
  const path = (first?.path ?? []).map((segment) => {
    const key = typeof segment === "object" ? segment.key : segment
    return typeof key === "number" ? `[${key}]` : `.${String(key)}`
  }).join("")
  return [path, first?.message ?? "it does not fit the schema"]
}

/**
 * The records of an owner, from their name, version and schema. Throws a RangeError if the name or the version is out
 * of its range.
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
