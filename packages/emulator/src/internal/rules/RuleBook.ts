/**
 * Rules at work in one space: which answers a request, and how often each has answered.
 */
import * as Effect from "effect/Effect"
import * as Answer from "../../Answer.ts"
import type * as Rule from "../../Rule.ts"
import type * as Ready from "./ready.ts"
import { templatesOf } from "./ready.ts"
import type { Subject } from "./Subject.ts"
import { generates } from "./suits.ts"
import * as Template from "./template.ts"
import type * as When from "./when.ts"

/** What a rule says to a request: an answer, or why it has none. */
export type Taken =
  | { readonly rule: string; readonly answer: Answer.Answer }
  | { readonly rule: string; readonly refused: string }

/** What kept a rule from answering. */
export interface NearMiss extends When.Miss {
  readonly rule: string
}

export interface RuleBook {
  /** Of the first rule that matches; undefined: none does. */
  readonly take: (subject: Subject, now: number) => Effect.Effect<Taken | undefined>
  readonly misses: (subject: Subject) => ReadonlyArray<NearMiss>
  readonly uses: () => ReadonlyArray<Rule.Use>
  readonly isEmpty: boolean
}

const filled = (reply: string | Omit<Answer.AnswerFields, "when">, around: Template.Surroundings): Answer.Answer => {
  const fields = Template.fill(templatesOf(reply) ?? {}, around)
  return { ...(typeof reply === "string" ? {} : reply), ...Object(fields) }
}

export const make = ({ rules, vars }: Ready.Rules): RuleBook => {
  const answered = rules.map(() => 0)
  /** Where each list of replies is: a place that has been taken is not given again. */
  const places = rules.map(() => 0)
  const isUsedUp = ({ places: all, times }: Ready.Ready, i: number): boolean =>
    (answered[i] ?? 0) >= times || (places[i] ?? 0) >= all

  const answerOf = Effect.fnUntraced(
    function*(rule: Ready.Ready, reply: Rule.RuleReply, subject: Subject, now: number) {
      if (typeof reply !== "function") return rule.isTemplate ? filled(reply, { subject, vars, now }) : reply
      const given = reply({ ...subject.request, body: subject.body })
      const answer = Effect.isEffect(given) ? yield* given : given
      const wrong = answer === undefined ? undefined : Answer.problem(answer)
      return wrong === undefined ? answer : new Error(wrong)
    }
  )

  const isMeant = (rule: Ready.Ready, subject: Subject, says: boolean): boolean =>
    (says || !rule.isSaid) && rule.when.matches(subject)

  const take: RuleBook["take"] = Effect.fnUntraced(function*(subject, now) {
    const says = generates(subject.request.method)
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]
      if (rule === undefined || !isMeant(rule, subject, says)) continue
      const count = answered[i] ?? 0
      if (isUsedUp(rule, i)) {
        if (rule.end !== "refuse") continue
        const requests = `${count} ${count === 1 ? "request" : "requests"}`
        return { rule: rule.name, refused: `it is used up: it has answered ${requests}` }
      }
      // Counted before anything is waited for, so that no two requests get one reply.
      const place = places[i] ?? 0
      answered[i] = count + 1
      places[i] = place + 1
      const reply = rule.replies[place % rule.replies.length]
      const answer = reply === undefined ? undefined : yield* answerOf(rule, reply, subject, now).pipe(
        Effect.catchDefect((defect) => Effect.succeed(defect instanceof Error ? defect : new Error(String(defect))))
      )
      if (answer instanceof Error) return { rule: rule.name, refused: answer.message }
      if (answer !== undefined) return { rule: rule.name, answer }
      answered[i] = (answered[i] ?? 1) - 1
    }
    return undefined
  })

  const missOf = (rule: Ready.Ready, i: number, subject: Subject): When.Miss => {
    const miss = rule.when.miss(subject)
    if (miss !== undefined) return miss
    const held = Number.POSITIVE_INFINITY
    if (!isMeant(rule, subject, generates(subject.request.method))) {
      return { path: "method", wanted: "one that generates", found: subject.request.method, held: 0 }
    }
    return isUsedUp(rule, i)
      ? { path: "times", wanted: "one that is not used up", found: `${answered[i] ?? 0} answered`, held }
      : { path: "reply", wanted: "an answer", found: "nothing to say", held }
  }

  return {
    take,
    misses: (subject) => rules.map((rule, i) => ({ rule: rule.name, ...missOf(rule, i, subject) })),
    uses: () => rules.map((rule, i) => ({ name: rule.name, answered: answered[i] ?? 0, usedUp: isUsedUp(rule, i) })),
    isEmpty: rules.length === 0
  }
}

/** `rule "x": text: wanted "a", found "b"`, the nearest first. */
export const nearest = (misses: ReadonlyArray<NearMiss>, count: number): ReadonlyArray<string> =>
  misses.toSorted((a, b) => b.held - a.held).slice(0, count).map(({ found, path, rule, wanted }) =>
    `rule "${rule}": ${path}: wanted ${wanted}, found ${found}`
  )
