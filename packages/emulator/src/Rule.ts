/**
 * A rule: what to answer to which requests. Rules are asked in order, and the first that matches
 * answers. A space with rules refuses what none of them matches with a 501 that says what kept the
 * nearest ones from it, unless it is told to generate.
 *
 * The only counters are `times` and a list of replies; else the same request always gets the same answer.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { AnswerFields, AnswerFunction } from "./Answer.ts"
import * as Matcher from "./Matcher.ts"
import * as Reply from "./Reply.ts"

const reply = Schema.Union([Schema.String, Reply.Reply])

/** Why the fields do not fit together; undefined if they do. */
const together = (rule: Readonly<Record<string, unknown>>): string | undefined => {
  const { end, replies, reply, times } = rule
  if ((reply === undefined) === (replies === undefined)) return "it has either a reply or replies"
  if (end !== undefined && replies === undefined && times === undefined) {
    return "end is for a rule that can be used up: by its replies or its times"
  }
  return end === "repeat" && replies === undefined ? "end = \"repeat\" is for a list of replies" : undefined
}

/**
 * A rule as a file holds it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Rule = Schema.Struct({
  name: Schema.optional(Schema.String).annotateKey({ description: "default: rule 1, rule 2, …" }),
  when: Schema.optional(Matcher.When).annotateKey({ description: "default: every request" }),
  reply: Schema.optional(reply).annotateKey({
    description: "to every request that matches; a text is short for { text }"
  }),
  replies: Schema.optional(Schema.Array(reply).check(Schema.isMinLength(1))).annotateKey({
    description: "one after the other"
  }),
  times: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))).annotateKey({
    description: "how many requests it answers"
  }),
  end: Schema.optional(Schema.Literals(["next", "repeat", "refuse"])).annotateKey({
    description: "when it is used up: next (default) the rules behind it are asked, repeat begins the replies again, " +
      "refuse refuses what it matches"
  })
}).check(Schema.makeFilter(together, { description: "fits together" })).annotate({ identifier: "Rule" })

/**
 * What a rule of a program may answer beside what one of a file may: an answer with iterables and
 * bytes, or a function of the request, which gives undefined where it has nothing to say.
 *
 * @category models
 * @since 0.1.0
 */
export type RuleReply = string | Omit<AnswerFields, "when"> | AnswerFunction

/**
 * @category models
 * @since 0.1.0
 */
export interface Rule {
  /** Default: `rule 1`, `rule 2`, … */
  readonly name?: string | undefined
  /** Default: every request. */
  readonly when?: Matcher.When | undefined
  /** The answer to every request that matches. */
  readonly reply?: RuleReply | undefined
  /** The answers to the requests that match, one after the other. */
  readonly replies?: ReadonlyArray<RuleReply> | undefined
  /** How many requests it answers. */
  readonly times?: number | undefined
  /**
   * When its replies or times are used up: the rules behind it are asked (`next`, the default), the
   * replies begin again (`repeat`), or what it matches is refused (`refuse`).
   */
  readonly end?: "next" | "repeat" | "refuse" | undefined
}

/**
 * A rule and how often it has answered.
 *
 * @category models
 * @since 0.1.0
 */
export interface Use {
  readonly name: string
  readonly answered: number
  /** Whether it is used up and answers no more requests. */
  readonly usedUp: boolean
}
