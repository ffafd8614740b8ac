/** Makes rules ready: compiles their matchers and finds their mistakes. */
import * as Effect from "effect/Effect"
import * as Answer from "../../Answer.ts"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import type * as Matcher from "../../Matcher.ts"
import * as Rule from "../../Rule.ts"
import { type Problem, RuleError } from "../../RuleError.ts"
import type { Scenario } from "../../Scenario.ts"
import * as Json from "../json.ts"
import * as Problems from "../problems.ts"
import * as Persona from "./persona.ts"
import { isSaid } from "./suits.ts"
import * as Template from "./template.ts"
import * as When from "./when.ts"

export interface ReadyRule {
  readonly name: string
  readonly when: When.ReadyWhen
  readonly replies: ReadonlyArray<Rule.RuleReply>
  /** It takes the place of replies. */
  readonly plan: Persona.ReadyPlan | undefined
  /** How many requests it answers at most. */
  readonly times: number
  /** How many places its list of replies has. A single reply may be given without end. */
  readonly places: number
  /** Whether its reply is only for methods that say something. */
  readonly isSaid: boolean
  /** What happens when its times or replies are used up. */
  readonly end: "next" | "repeat" | "refuse"
  readonly isTemplate: boolean
}

/** Rules that are in force together. */
export interface Rules {
  readonly rules: ReadonlyArray<ReadyRule>
  readonly vars: Json.Json
}

export const none: Rules = { rules: [], vars: {} }

const find = Problems.find(Rule.Rule)

/** Leaves out what has no form in JSON: functions, bytes and iterables. */
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

/** A model that misbehaves last does so for ever, unless the rule says something else. */
const planOf = ({ end, plan, since = "user" }: Rule.Rule): Persona.ReadyPlan | undefined =>
  plan === undefined
    ? undefined
    : { steps: plan, since, end: end ?? (plan.at(-1)?.misbehave === undefined ? "next" : "last") }

/** The rules made ready. It throws a RuleError with every mistake; `root` is what a path begins with. */
export const make = (
  given: ReadonlyArray<Rule.Rule>,
  options: {
    readonly vars?: Json.Json | undefined
    readonly root: string
    readonly source?: string | undefined
    /** The names that others have already. */
    readonly taken?: ReadonlyArray<string> | undefined
  }
): Rules => {
  const problems: Array<Problem> = []
  const names = new Set(options.taken)
  const numbered = (i: number): string => names.has(`rule ${i}`) ? numbered(i + 1) : `rule ${i}`
  const rules: Array<ReadyRule> = []
  for (const [i, rule] of given.entries()) {
    const path = `${options.root}[${i}]`
    const wrong = find(asJson(rule)).map(({ message, path: at }) => ({
      path: at === "" || at.startsWith("[") ? `${path}${at}` : `${path}.${at}`,
      message
    }))
    problems.push(...wrong)
    if (wrong.length > 0) continue
    const name = rule.name ?? (options.taken === undefined ? `rule ${i + 1}` : numbered(names.size + 1))
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
    for (const [j, step] of (rule.plan ?? []).entries()) {
      const templates = Persona.templatesOf(step)
      if (!JSON.stringify(templates).includes("{{")) continue
      isTemplate = true
      for (const { message, path: inner } of Template.problems(templates, [])) {
        problems.push({ path: `${path}.plan[${j}].${inner}`, message })
      }
    }
    const plan = planOf(rule)
    // A plan has an end of its own; behind it only `times` can be used up.
    const end = rule.end === undefined || rule.end === "last" ? "next" : rule.end
    const places = rule.replies === undefined || end === "repeat" ? Number.POSITIVE_INFINITY : replies.length
    rules.push({
      name,
      when,
      replies,
      plan,
      times: rule.times ?? Number.POSITIVE_INFINITY,
      places,
      isSaid: plan !== undefined || replies.some((reply) => typeof reply !== "function" && isSaid(reply)),
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
