/**
 * What a test expects to have happened: which requests came, how often, in which order. It is asked of the log, so it is
 * written after the fact and in any language.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Matcher from "./Matcher.ts"

const about = (description: string) => ({ description })
const count = Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))

/** Why the fields do not fit together; undefined if they do. */
const together = (each: Readonly<Record<string, unknown>>): string | undefined => {
  const { atLeast, atMost, times, when } = each
  if (times !== undefined && (atLeast !== undefined || atMost !== undefined)) {
    return "times is an exact number: atLeast and atMost cannot stand beside it"
  }
  if (typeof atLeast === "number" && typeof atMost === "number" && atLeast > atMost) {
    return `atLeast ${atLeast} is more than atMost ${atMost}`
  }
  return typeof when === "object" && when !== null && Object.hasOwn(when, "key")
    ? "when.key: the log keeps no keys; expect the project of the key"
    : undefined
}

/**
 * One expectation: so many requests that match. Without a number it is at least one.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Expectation = Schema.Struct({
  name: Schema.optional(Schema.String).annotateKey(about("for the text of a failure")),
  when: Schema.optional(Matcher.When).annotateKey(about("which requests are meant, as in a rule; default: every one")),
  status: Schema.optional(Schema.Int).annotateKey(about("the HTTP status that they were answered with")),
  rule: Schema.optional(Schema.String).annotateKey(about("the rule that answered them")),
  times: count,
  atLeast: count,
  atMost: count
}).check(Schema.makeFilter(together, { description: "fits together" })).annotate({ identifier: "Expectation" })

/**
 * @category models
 * @since 0.2.0
 */
export interface Expectation extends Schema.Schema.Type<typeof Expectation> {}

/**
 * How one expectation has turned out.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Finding = Schema.Struct({
  name: Schema.String,
  ok: Schema.Boolean,
  wanted: Schema.String.annotate(about("exactly 1, at least 2, 1 to 3")),
  found: Schema.Int.annotate(about("how many requests match")),
  text: Schema.String.annotate(about("for a person"))
}).annotate({ identifier: "Finding" })

/**
 * How expectations have turned out. `text` says it to a person.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Verification = Schema.Struct({
  ok: Schema.Boolean,
  text: Schema.String,
  findings: Schema.Array(Finding)
}).annotate({ identifier: "Verification" })

/**
 * @category models
 * @since 0.2.0
 */
export interface Verification extends Schema.Schema.Type<typeof Verification> {}
