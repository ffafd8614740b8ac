/**
 * Rules made ready: their matchers compiled, their mistakes found.
 */
import * as Effect from "effect/Effect"
import * as Answer from "../../Answer.ts"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import type * as Matcher from "../../Matcher.ts"
import * as Rule from "../../Rule.ts"
import { type Problem, RuleError } from "../../RuleError.ts"
import type { Scenario } from "../../Scenario.ts"
import * as Json from "../json.ts"
import * as Problems from "../problems.ts"
import { isSaid } from "./suits.ts"
import * as Template from "./template.ts"
import * as When from "./when.ts"

export interface Ready {
  readonly name: string
  readonly when: When.Ready
  readonly replies: ReadonlyArray<Rule.RuleReply>
  /** How many requests it answers at most. */
  readonly times: number
  /** How many places its list of replies has; one reply has no end. */
  readonly places: number
  /** For methods that say something alone. */
  readonly isSaid: boolean
  readonly end: NonNullable<Rule.Rule["end"]>
  readonly isTemplate: boolean
}

/** Rules that are in force together. */
export interface Rules {
  readonly rules: ReadonlyArray<Ready>
  readonly vars: Json.Json
}

export const none: Rules = { rules: [], vars: {} }

const find = Problems.find(Rule.Rule)

/** A function has no form in JSON; bytes and iterables neither. */
const replyAsJson = (reply: unknown): unknown =>
  typeof reply === "function" ? "" : Json.isObject(reply) ? Answer.asJson(reply) : reply

const asJson = (rule: unknown): unknown => {
  if (!Json.isObject(rule)) return rule
  const { replies, reply } = rule
  return {
    ...rule,
    ...(reply === undefined ? {} : { reply: replyAsJson(reply) }),
    ...(Array.isArray(replies) ? { replies: replies.map(replyAsJson) } : {})
  }
}

const templated = ["text", "thoughts", "json", "calls"] as const

/** The part of a reply whose texts may hold templates. */
export const templatesOf = (reply: Rule.RuleReply): Json.Json | undefined => {
  if (typeof reply === "function") return undefined
  const fields: Json.Json = typeof reply === "string" ? { text: reply } : { ...reply }
  return Object.fromEntries(templated.flatMap((name) => fields[name] === undefined ? [] : [[name, fields[name]]]))
}

const any: Matcher.When = {}

/** The rules, or a RuleError thrown with every mistake; `root` is what a path begins with. */
export const make = (
  given: ReadonlyArray<Rule.Rule>,
  options: { readonly vars?: Json.Json | undefined; readonly root: string; readonly source?: string | undefined }
): Rules => {
  const problems: Array<Problem> = []
  const names = new Set<string>()
  const rules: Array<Ready> = []
  for (const [i, rule] of given.entries()) {
    const path = `${options.root}[${i}]`
    const wrong = find(asJson(rule)).map(({ message, path: at }) => ({
      path: at === "" || at.startsWith("[") ? `${path}${at}` : `${path}.${at}`,
      message
    }))
    problems.push(...wrong)
    if (wrong.length > 0) continue
    const name = rule.name ?? `rule ${i + 1}`
    if (names.has(name)) problems.push({ path: `${path}.name`, message: `there is a rule "${name}" already` })
    names.add(name)
    const when = When.ready(rule.when ?? any, `${path}.when`)
    problems.push(...when.problems)
    const replies = rule.replies ?? (rule.reply === undefined ? [] : [rule.reply])
    let isTemplate = false
    for (const [j, reply] of replies.entries()) {
      const templates = templatesOf(reply)
      if (templates === undefined || !JSON.stringify(templates).includes("{{")) continue
      isTemplate = true
      const at = rule.replies === undefined ? "reply" : `replies[${j}]`
      for (const { message, path: inner } of Template.problems(templates, [])) {
        const within = typeof reply === "string" ? "" : `.${inner}`
        problems.push({ path: `${path}.${at}${within}`, message })
      }
    }
    const end = rule.end ?? "next"
    const places = rule.replies === undefined || end === "repeat" ? Number.POSITIVE_INFINITY : replies.length
    rules.push({
      name,
      when,
      replies,
      times: rule.times ?? Number.POSITIVE_INFINITY,
      places,
      isSaid: replies.some((reply) => typeof reply !== "function" && isSaid(reply)),
      end,
      isTemplate
    })
  }
  if (problems.length > 0) {
    throw new RuleError({ problems, ...(options.source === undefined ? {} : { source: options.source }) })
  }
  return { rules, vars: options.vars ?? {} }
}

/** Fails with the RuleError that `f` throws. */
export const attempt = <A>(f: () => A): Effect.Effect<A, RuleError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(f())
    } catch (error) {
      return error instanceof RuleError ? Effect.fail(error) : Effect.die(error)
    }
  })

type Told = Pick<GeminiHandler.Options, "rules" | "scenario" | "otherwise">

const ofScenario = (scenario: Scenario | undefined): Rules =>
  scenario === undefined ? none : make(scenario.rule ?? [], { root: "rule", vars: scenario.vars })

const together = (a: Rules, b: Rules): Rules => ({ rules: [...a.rules, ...b.rules], vars: { ...a.vars, ...b.vars } })

/** The rules of every space. */
export const shared = (
  options: Told,
  scenario: Scenario | undefined
): { readonly rules: Rules; readonly otherwise: "refuse" | "generate" } => ({
  rules: together(make(options.rules ?? [], { root: "rules" }), ofScenario(scenario)),
  otherwise: options.otherwise ?? scenario?.otherwise ?? "refuse"
})

/** The rules of one space. */
export const ofSpace = (options: Told): Rules =>
  together(make(options.rules ?? [], { root: "rules" }), ofScenario(options.scenario))
