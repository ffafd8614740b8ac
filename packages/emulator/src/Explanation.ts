/**
 * Who would answer a request, and why the others would not: asked before it is sent, or of one that the log has.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"

const about = (description: string) => ({ description })

/**
 * A request that is not sent: what the API would be asked.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Question = Schema.Struct({
  method: Schema.optional(Schema.String).annotateKey(about("of the API; default generateContent")),
  model: Schema.optional(Schema.String).annotateKey(about("without models/; default gemini-3.8-flash")),
  version: Schema.optional(Schema.String).annotateKey(about("default v1beta")),
  region: Schema.optional(Schema.String),
  key: Schema.optional(Schema.String),
  headers: Schema.optional(Schema.Record(Schema.String, Schema.String)),
  body: Schema.optional(Schema.Unknown).annotateKey(about("the body of the request"))
}).annotate({ identifier: "Question" })

/**
 * @category models
 * @since 0.2.0
 */
export interface Question extends Schema.Schema.Type<typeof Question> {}

/**
 * A rule, and what kept it from answering: the first matcher that does not hold. One without `path` is the one that
 * answers.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RuleVerdict = Schema.Struct({
  rule: Schema.String,
  path: Schema.optionalKey(Schema.String),
  wanted: Schema.optionalKey(Schema.String),
  found: Schema.optionalKey(Schema.String)
})

/**
 * Who would answer. `text` says it to a person.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Explanation = Schema.Struct({
  by: Schema.Literals([
    "fault",
    "misuse",
    "judge",
    "hand",
    "header",
    "queue",
    "rule",
    "answers",
    "unmatched",
    "generator"
  ]),
  text: Schema.String,
  rule: Schema.optionalKey(Schema.String),
  refused: Schema.optionalKey(Schema.String).annotateKey(about("why it would be refused")),
  fault: Schema.optionalKey(Schema.String).annotateKey(about("the id of the fault that would hit it")),
  rules: Schema.Array(RuleVerdict)
}).annotate({ identifier: "Explanation" })

/**
 * @category models
 * @since 0.2.0
 */
export interface Explanation extends Schema.Schema.Type<typeof Explanation> {}
