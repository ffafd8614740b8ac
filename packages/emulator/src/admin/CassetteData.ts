/**
 * What the admin API takes and gives of cassettes, as schemas: the options and the summary of `Cassette` as data.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"

const about = (description: string) => ({ description })
const text = Schema.optional(Schema.String)
const texts = Schema.optional(Schema.Array(Schema.String))
const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const Mode = Schema.Literals(["replay", "new", "record", "once", "pass"])

/**
 * Where a cassette lies, and how it is used: see `Cassette.Options`. A key for the upstream is none of it, because it
 * would go over the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CassetteSettings = Schema.Struct({
  file: Schema.String.annotateKey(
    about("a .jsonl file below the folder of cassettes, or in replays a folder of recorded cases there")
  ),
  mode: Schema.optional(Mode).annotateKey(about("default replay")),
  upstream: text.annotateKey(about("the server that is asked")),
  allowRecord: Schema.optional(Schema.Boolean).annotateKey(about("whether anything is asked where CI is set")),
  match: Schema.optional(Schema.Literals(["strict", "loose", "order"])).annotateKey(about("default strict")),
  ignore: texts.annotateKey(about("fields that loose does not look at: generationConfig.seed")),
  timing: Schema.optional(
    Schema.Union([Schema.Literals(["none", "recorded"]), Schema.Finite.check(Schema.isGreaterThan(0))])
  ).annotateKey(about("default none; a number: so many times as fast as it was")),
  redaction: Schema.optional(Schema.Struct({
    rules: texts,
    variables: texts,
    patterns: Schema.optional(Schema.Array(Schema.Struct({ source: Schema.String, flags: text }))).annotateKey(
      about("regular expressions, as ECMAScript has them")
    ),
    paths: texts
  })),
  limit: Schema.optional(count).annotateKey(about("the largest size in bytes")),
  again: text.annotateKey(about("what a person runs to record what is missing, for messages"))
}).annotate({ identifier: "CassetteOptions" })

/**
 * How the cassette of a space stands.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CassetteState = Schema.Struct({
  file: Schema.String,
  mode: Mode,
  exchanges: count,
  played: count,
  recorded: count,
  dropped: count.annotate(about("how many had no room")),
  missed: count.annotate(about("how many were asked for that are not in it")),
  misses: Schema.Array(Schema.String).annotate(about("why, in words; at most the last hundred")),
  unused: Schema.Array(Schema.String).annotate(about("the recordings that nobody has asked for")),
  bytes: count,
  limit: count,
  upstream: text,
  torn: Schema.optional(count).annotate(about("the line that was torn when it was opened"))
}).annotate({ identifier: "Cassette" })
