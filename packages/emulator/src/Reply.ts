/**
 * What a rule answers, and what a scripted answer may be besides text: calls, thoughts, JSON, media, grounding, numbers
 * of tokens. From these fields the emulator makes what the model would send: it signs, numbers, cuts into chunks and
 * counts. It also checks them against what the request has declared.
 *
 * @since 0.1.0
 */
import * as Candidate from "effect-gemini/wire/Candidate"
import * as Schema from "effect/Schema"
import * as FaultFields from "./internal/faultFields.ts"

const about = (description: string) => ({ description })
const text = (description: string) => Schema.optional(Schema.String).annotateKey(about(description))
const count = Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))
const object = Schema.Record(Schema.String, Schema.Unknown)
const millis = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * A call of a function that the request declares. Without arguments it gets some that fit the function's schema.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Call = Schema.Struct({
  name: Schema.String,
  args: Schema.optional(object).annotateKey(about("default: made by the declared schema")),
  id: text("default: numbered as the model numbers its calls")
}).annotate({ identifier: "Call" })

const Image = Schema.Struct({ mimeType: text("default image/png"), data: text("base64; default: a tiny picture") })

const Audio = Schema.Struct({
  mimeType: text("default audio/L16;codec=pcm;rate=24000"),
  data: text("base64; default: a tone"),
  millis: Schema.optional(millis).annotateKey(about("how long the tone is; default 100"))
})

/**
 * What an answer rests on; the request has to declare a tool that looks something up.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Grounding = Schema.Struct({
  queries: Schema.optional(Schema.Array(Schema.String)).annotateKey(about("what was searched for")),
  sources: Schema.optional(Schema.Array(Schema.Struct({ uri: Schema.String, title: text("default: the host") })))
    .annotateKey(about("each sentence of the text rests on one, in turn"))
}).annotate({ identifier: "Grounding" })

/**
 * Numbers of `usageMetadata` in place of the counted ones; the total follows from them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Usage = Schema.Struct({
  promptTokenCount: count,
  candidatesTokenCount: count,
  thoughtsTokenCount: count,
  cachedContentTokenCount: count,
  toolUsePromptTokenCount: count,
  totalTokenCount: count
}).annotate({ identifier: "Usage" })

/**
 * @category models
 * @since 0.1.0
 */
export interface Usage extends Schema.Schema.Type<typeof Usage> {}

/**
 * How fast the answer comes.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Pace = Schema.Struct({
  firstToken: Schema.optional(Schema.Union([
    millis,
    Schema.String.check(Schema.isPattern(/^\d+(\.\d+)?\s*(ms|s|m|millis|seconds?|minutes?)$/, {
      message: "expected a time: 300, \"300ms\", \"1.5s\""
    }))
  ])).annotateKey(about("before the headers: milliseconds, or a time such as 300ms")),
  tokensPerSecond: Schema.optional(Schema.Finite.check(Schema.isGreaterThan(0)))
}).annotate({ identifier: "Pace" })

/**
 * @category models
 * @since 0.1.0
 */
export interface Pace extends Schema.Schema.Type<typeof Pace> {}

/** Fields that are a whole answer each; their bytes or values are sent as they are, right or wrong. */
const wholes = ["response", "chunks", "error", "raw"] as const
/** Fields that are put together into an answer. */
const pieces = [
  "text",
  "json",
  "calls",
  "thoughts",
  "image",
  "audio",
  "grounding",
  "usage",
  "finishReason",
  "invalid"
] as const

/** Why the fields do not fit together; undefined if they do. */
const together = (reply: Readonly<Record<string, unknown>>): string | undefined => {
  const given = (names: ReadonlyArray<string>) => names.filter((name) => reply[name] !== undefined)
  const whole = given(wholes)
  if (whole.length > 1) return `${whole.join(" and ")}: one of them is a whole answer already`
  const piece = given(pieces)
  if (whole.length === 1 && piece.length > 0) {
    return `${whole[0]} is a whole answer: ${piece.join(", ")} cannot stand beside it`
  }
  if (reply["text"] !== undefined && reply["json"] !== undefined) return "text and json: the words are one of them"
  const reason = reply["finishReason"]
  if (typeof reason === "string" && reply["invalid"] !== true && Candidate.finishKind(reason) === "unknown") {
    return `finishReason: the API has no "${reason}"; invalid = true sends it all the same`
  }
  if (reply["pace"] !== undefined && reply["chunkDelay"] !== undefined) {
    return "pace and chunkDelay: the time between chunks is one of them"
  }
  return undefined
}

/**
 * The fields of a reply, of which the schemas of replies and answers are made.
 *
 * @internal
 */
export const fields = {
  text: text("what the model says; a stream brings it in chunks"),
  json: Schema.optional(Schema.Unknown).annotateKey(
    about("a value that is said as JSON; it has to satisfy the schema that was asked for")
  ),
  calls: Schema.optional(Schema.Array(Call)).annotateKey(about("function calls, several in parallel")),
  thoughts: text("a thought summary; sent where thoughts were asked for, counted in any case"),
  image: Schema.optional(Schema.Union([Schema.Literal(true), Image])),
  audio: Schema.optional(Schema.Union([Schema.Literal(true), Audio])),
  grounding: Schema.optional(Grounding),
  usage: Schema.optional(Usage),
  finishReason: text("default STOP"),
  invalid: Schema.optional(Schema.Boolean).annotateKey(
    about("true: it is sent although the request did not declare it, or its schema forbids it")
  ),
  response: Schema.optional(object).annotateKey(about("a whole response body, sent as it is")),
  chunks: Schema.optional(Schema.Array(Schema.Union([Schema.String, object]))).annotateKey(
    about("the events of a stream: texts or whole bodies")
  ),
  error: Schema.optional(FaultFields.ErrorBody).annotateKey(about("a refusal; its code is the HTTP status")),
  raw: Schema.optional(Schema.Struct({
    status: Schema.optional(Schema.Finite),
    headers: Schema.optional(Schema.Record(Schema.String, Schema.String)),
    body: Schema.optional(Schema.Union([Schema.String, Schema.Array(Schema.String)]))
  })).annotateKey(about("status, headers and bytes as given")),
  delay: Schema.optional(millis).annotateKey(about("milliseconds before the headers")),
  chunkDelay: Schema.optional(millis).annotateKey(about("milliseconds between two chunks")),
  headers: Schema.optional(Schema.Record(Schema.String, Schema.String)).annotateKey(about("further response headers")),
  pace: Schema.optional(Pace),
  fault: Schema.optional(FaultFields.Place).annotateKey(about("what goes wrong with this answer")),
  hold: Schema.optional(Schema.Boolean).annotateKey(
    about(
      "true: the call waits until a person answers it or lets it go; then the other fields answer it, or without any " +
        "of them whoever comes next"
    )
  )
}

/** Checks what no single field can tell: which fields may stand beside each other. */
export const check = Schema.makeFilter<Readonly<Record<string, unknown>>>(together, { description: "fits together" })

/**
 * The answer of a rule: one of `response`, `chunks`, `error` and `raw` as it is, or an answer that is put together of
 * the other fields. Without any of them the generator answers, at this pace.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reply = Schema.Struct(fields).check(check).annotate({ identifier: "Reply" })

/**
 * @category models
 * @since 0.1.0
 */
export interface Reply extends Schema.Schema.Type<typeof Reply> {}
