/**
 * A rule: what to answer to which requests. Rules are asked in order, and the first that matches answers. If a space
 * has rules and none of them matches, the request is refused with a 501 that says what kept the nearest ones from
 * matching, unless the space is told to generate.
 *
 * The only counters are `times` and a list of replies; apart from these the same request always gets the same answer.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { AnswerFields, AnswerFunction } from "./Answer.ts"
import * as Matcher from "./Matcher.ts"
import * as Plan from "./Plan.ts"
import * as Reply from "./Reply.ts"

const reply = Schema.Union([Schema.String, Reply.Reply])

/** Why the fields do not fit together; undefined if they do. */
const together = (rule: Readonly<Record<string, unknown>>): string | undefined => {
  const { end, plan, replies, reply, since, times } = rule
  if ([plan, replies, reply].filter((each) => each !== undefined).length !== 1) {
    return "it has either a reply or replies, or a plan"
  }
  if (since !== undefined && plan === undefined) return "since is for a rule with a plan"
  if (end !== undefined && replies === undefined && plan === undefined && times === undefined) {
    return "end is for a rule that can be used up: by its replies, its plan or its times"
  }
  if (end === "last" && plan === undefined) return "end = \"last\" is for a plan"
  return end === "repeat" && replies === undefined && plan === undefined
    ? "end = \"repeat\" is for a list of replies or a plan"
    : undefined
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
  plan: Schema.optional(Plan.Plan).annotateKey({
    description: "what a model does step by step; which step it is follows from the request alone"
  }),
  since: Schema.optional(Schema.Literals(["user", "start"])).annotateKey({
    description: "where the steps of a plan are counted from: the user's last words (default), or the dialogue's first"
  }),
  times: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))).annotateKey({
    description: "how many requests it answers"
  }),
  end: Schema.optional(Schema.Literals(["next", "repeat", "last", "refuse"])).annotateKey({
    description: "when it is used up: next (default) the rules behind it are asked, repeat begins the replies or the " +
      "plan again, last takes the plan's last step again (default of a plan whose last step misbehaves), refuse " +
      "refuses what it matches"
  })
}).check(Schema.makeFilter(together, { description: "fits together" })).annotate({ identifier: "Rule" })

/**
 * What a rule in a program may answer besides what a rule in a file may: an answer with iterables and bytes, or a
 * function of the request that returns undefined where it has no answer.
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
  /** What a model does step by step; which step it is follows from the request alone. */
  readonly plan?: Plan.Plan | undefined
  /**
   * Where the steps of a plan are counted from: the user's last words (`user`, the default), or the first of the
   * dialogue (`start`), so that a hint of the user's does not begin the plan again.
   */
  readonly since?: "user" | "start" | undefined
  /** How many requests it answers. */
  readonly times?: number | undefined
  /**
   * What happens when its replies, plan or times are used up: the rules behind it are asked (`next`, the default), the
   * replies or the plan begin again (`repeat`), the last step of the plan is taken again (`last`, the default of a plan
   * whose last step misbehaves), or the requests that it matches are refused (`refuse`).
   */
  readonly end?: "next" | "repeat" | "last" | "refuse" | undefined
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
