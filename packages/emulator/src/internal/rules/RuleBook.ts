/**
 * Rules at work in one space: which answers a request, and how often each has answered.
 */
import * as Effect from "effect/Effect"
import * as Answer from "../../Answer.ts"
import type * as Rule from "../../Rule.ts"
import * as Persona from "./persona.ts"
import type * as Ready from "./ready.ts"
import { templatesOf } from "./ready.ts"
import type { Subject } from "./Subject.ts"
import { generates } from "./suits.ts"
import * as Template from "./template.ts"
import type * as When from "./when.ts"

/** What a rule says to a request: an answer, or why it gives none. */
export type Taken =
  | { readonly rule: string; readonly answer: Answer.Answer }
  | { readonly rule: string; readonly refused: string }

/** What kept a rule from answering. */
export interface NearMiss extends When.Miss {
  readonly rule: string
}

export interface RuleBook {
  /**
   * What is made of the words of the first rule that matches; where nothing is, of those of the next one. Undefined: none
   * matches.
   */
  readonly take: <A>(
    subject: Subject,
    now: number,
    use: (taken: Taken) => Effect.Effect<A | undefined>
  ) => Effect.Effect<A | undefined>
  readonly misses: (subject: Subject) => ReadonlyArray<NearMiss>
  /** The rule that would answer, where nothing is counted. Undefined: none matches. */
  readonly next: (subject: Subject) => string | undefined
  readonly uses: () => ReadonlyArray<Rule.Use>
  readonly isEmpty: boolean
  /** The same rules with others before, behind or without some of them; those that stay keep their counts. */
  readonly with: (rules: Ready.Rules) => RuleBook
  readonly rules: Ready.Rules
}

const filled = (reply: string | Omit<Answer.AnswerFields, "when">, around: Template.Surroundings): Answer.Answer => {
  const fields = Object.entries(templatesOf(reply) ?? {}).map(([name, value]) => {
    const made = Template.fill(value, around)
    return [name, name === "json" ? made : name === "calls" ? callsOf(made) : Template.asText(made) ?? ""]
  })
  return { ...(typeof reply === "string" ? {} : reply), ...Object.fromEntries(fields) }
}

/** Of a call only the arguments may be anything; its name and its id are texts. */
const callsOf = (calls: unknown): unknown =>
  Array.isArray(calls)
    ? calls.map((call: unknown) =>
      Object.fromEntries(
        Object.entries(Object(call)).map(([name, value]) => [name, name === "args" ? value : Template.asText(value)])
      )
    )
    : calls

/** What a plan says to a request, or why it cannot. Undefined: the plan is over. */
const planned = (
  plan: Persona.ReadyPlan,
  { isTemplate }: Ready.ReadyRule,
  around: Template.Surroundings
): { readonly answer: Answer.Answer } | { readonly refused: string } | undefined => {
  const { end, steps } = plan
  const place = Persona.placeOf(plan, around.subject)
  const at = Persona.stepAt(plan, place)
  const step = at === undefined ? undefined : steps[at]
  if (step === undefined) {
    const count = steps.length === 1 ? "1 step" : `${steps.length} steps`
    return end === "refuse" ? { refused: `its plan has ${count}, and the model has had ${place} already` } : undefined
  }
  try {
    const reply = Persona.replyOf(step, place, around.subject)
    return { answer: isTemplate ? filled(reply, around) : reply }
  } catch (error) {
    return { refused: `plan[${at}]: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** How often a rule has answered, and the place that its list of replies has reached. */
interface Count {
  readonly answered: number
  readonly place: number
}

export const make = (given: Ready.Rules, counts: ReadonlyMap<Ready.ReadyRule, Count> = new Map()): RuleBook => {
  const { rules, vars } = given
  const answered = rules.map((rule) => counts.get(rule)?.answered ?? 0)
  /** The place that each list of replies has reached. No place is given twice. */
  const places = rules.map((rule) => counts.get(rule)?.place ?? 0)
  const isUsedUp = ({ places: all, times }: Ready.ReadyRule, i: number): boolean =>
    (answered[i] ?? 0) >= times || (places[i] ?? 0) >= all

  const answerOf = Effect.fnUntraced(
    function*(rule: Ready.ReadyRule, reply: Rule.RuleReply, subject: Subject, now: number) {
      if (typeof reply !== "function") return rule.isTemplate ? filled(reply, { subject, vars, now }) : reply
      const given = reply({ ...subject.request, body: subject.body })
      const answer = Effect.isEffect(given) ? yield* given : given
      const wrong = answer === undefined ? undefined : Answer.problem(answer)
      return wrong === undefined ? answer : new Error(wrong)
    }
  )

  const isMeant = (rule: Ready.ReadyRule, subject: Subject, says: boolean): boolean =>
    (says || !rule.isSaid) && rule.when.matches(subject)

  const take: RuleBook["take"] = Effect.fnUntraced(function*<A>(
    subject: Subject,
    now: number,
    use: (taken: Taken) => Effect.Effect<A | undefined>
  ) {
    const says = generates(subject.request.method)
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]
      if (rule === undefined || !isMeant(rule, subject, says)) continue
      const count = answered[i] ?? 0
      if (isUsedUp(rule, i)) {
        if (rule.end !== "refuse") continue
        const requests = `${count} ${count === 1 ? "request" : "requests"}`
        return yield* use({ rule: rule.name, refused: `it is used up: it has answered ${requests}` })
      }
      if (rule.plan !== undefined) {
        const taken = planned(rule.plan, rule, { subject, vars, now })
        if (taken === undefined) continue
        answered[i] = count + 1
        return yield* use({ rule: rule.name, ...taken })
      }
      // This is counted before anything is waited for, so that no two requests get one reply.
      const place = places[i] ?? 0
      answered[i] = count + 1
      places[i] = place + 1
      const reply = rule.replies[place % rule.replies.length]
      const answer = reply === undefined ? undefined : yield* answerOf(rule, reply, subject, now).pipe(
        Effect.catchDefect((defect) => Effect.succeed(defect instanceof Error ? defect : new Error(String(defect))))
      )
      if (answer === undefined) {
        answered[i] = (answered[i] ?? 1) - 1
        continue
      }
      const { name } = rule
      const used = yield* use(
        answer instanceof Error ? { rule: name, refused: answer.message } : { rule: name, answer }
      )
      if (used !== undefined) return used
    }
    return undefined
  })

  const missOf = (rule: Ready.ReadyRule, i: number, subject: Subject): When.Miss => {
    const miss = rule.when.miss(subject)
    if (miss !== undefined) return miss
    const held = Number.POSITIVE_INFINITY
    if (!isMeant(rule, subject, generates(subject.request.method))) {
      return { path: "method", wanted: "one that generates", found: subject.request.method, held: 0 }
    }
    const { plan } = rule
    const place = plan === undefined ? 0 : Persona.placeOf(plan, subject)
    if (plan !== undefined && Persona.stepAt(plan, place) === undefined) {
      return { path: "plan", wanted: `a step below ${plan.steps.length}`, found: `step ${place}`, held }
    }
    return isUsedUp(rule, i)
      ? { path: "times", wanted: "one that is not used up", found: `${answered[i] ?? 0} answered`, held }
      : { path: "reply", wanted: "an answer", found: "nothing to say", held }
  }

  return {
    take,
    misses: (subject) => rules.map((rule, i) => ({ rule: rule.name, ...missOf(rule, i, subject) })),
    next: (subject) => {
      const says = generates(subject.request.method)
      return rules.find((rule, i) =>
        isMeant(rule, subject, says) && (!isUsedUp(rule, i) || rule.end === "refuse") &&
        (rule.plan === undefined || rule.plan.end === "refuse" ||
          Persona.stepAt(rule.plan, Persona.placeOf(rule.plan, subject)) !== undefined)
      )?.name
    },
    rules: given,
    with: (others) =>
      make(
        others,
        new Map(rules.map((rule, i) => [rule, { answered: answered[i] ?? 0, place: places[i] ?? 0 }]))
      ),
    uses: () => rules.map((rule, i) => ({ name: rule.name, answered: answered[i] ?? 0, usedUp: isUsedUp(rule, i) })),
    isEmpty: rules.length === 0
  }
}

/** `rule "x": text: wanted "a", found "b"`, with the nearest rule first. */
export const nearest = (misses: ReadonlyArray<NearMiss>, count: number): ReadonlyArray<string> =>
  misses.toSorted((a, b) => b.held - a.held).slice(0, count).map(({ found, path, rule, wanted }) =>
    `rule "${rule}": ${path}: wanted ${wanted}, found ${found}`
  )
