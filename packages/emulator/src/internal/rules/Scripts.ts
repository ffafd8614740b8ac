/**
 * Who answers a request: its own header, the queue, the rules of its space, the answers of its
 * project, the rules that the emulator was started with, its answers, and else the generator.
 */
import * as Effect from "effect/Effect"
import * as Answer from "../../Answer.ts"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import type { HoldOptions } from "../../HoldControl.ts"
import type * as Rule from "../../Rule.ts"
import type { Verdict } from "../../Verdict.ts"
import type * as Json from "../json.ts"
import { Holds, type Place } from "./Holds.ts"
import * as Projects from "./projects.ts"
import * as Ready from "./ready.ts"
import * as RuleBook from "./RuleBook.ts"
import { Subject } from "./Subject.ts"
import { generates } from "./suits.ts"
import type * as When from "./when.ts"

/** Why what was held is refused. */
const cleared = "it was held when the space was cleared"

/** What is done where no rule matches. */
export type Otherwise = "refuse" | "generate"

/** The rules that every space starts with; they can be replaced while it runs. */
export interface SharedRules {
  rules: Ready.Rules
  otherwise: Otherwise
}

/** Who answers, and with what. Without an answer the generator makes one. */
export interface Scripted {
  readonly by: Extract<Verdict["by"], "hand" | "header" | "queue" | "rule" | "answers" | "unmatched" | "generator">
  readonly rule?: string | undefined
  readonly answer?: Answer.Answer | undefined
  /** The message of a refusal, which takes the place of an answer. */
  readonly refused?: string | undefined
  readonly nearMisses?: ReadonlyArray<string> | undefined
}

/** Who would answer, and what kept each other rule from it. */
export interface Explained extends Omit<Scripted, "answer"> {
  readonly rules: ReadonlyArray<{ readonly rule: string; readonly miss?: When.Miss | undefined }>
}

export interface Scripts {
  /** `body` has its names in camelCase. Without a place the call is let go where others are held. */
  readonly scripted: (
    request: EmulatorRequest,
    body: Json.Json,
    now: number,
    place?: Place
  ) => Effect.Effect<Scripted>
  /** The calls that wait for a person. */
  readonly holds: Holds
  /** Replaces the rules of this space. */
  readonly set: (rules: Ready.Rules, otherwise: Otherwise | undefined) => void
  /** Adds rules behind those of this space, or before them. Throws a RuleError. */
  readonly add: (rules: ReadonlyArray<Rule.Rule>, first: boolean) => void
  /** Takes a rule of this space away. False: it has none of this name. */
  readonly remove: (name: string) => boolean
  readonly uses: () => ReadonlyArray<Rule.Use>
  /** The rules of this space alone. */
  readonly ownUses: () => ReadonlyArray<Rule.Use>
  /** What is done with a request that no rule matches. */
  readonly otherwise: () => Otherwise
  /** Who would answer a request, where nothing is counted, and why the others would not. */
  readonly explain: (request: EmulatorRequest, body: Json.Json) => Explained
  /** Lets the rules of this space begin to count anew. */
  readonly recount: () => void
  /** Forgets the rules of this space, and how often the others have answered. */
  readonly clear: () => void
}

export const make = (
  options: Pick<GeminiHandler.Options, "answers" | "projects"> & HoldOptions,
  { script, shared, space }: Pick<GeminiHandler.State, "script" | "space"> & { readonly shared: SharedRules }
): Scripts => {
  const holds = new Holds(options)
  let own = RuleBook.make(Ready.none)
  let ownOtherwise: Otherwise | undefined
  let common = RuleBook.make(shared.rules)
  let commonOf = shared.rules
  const commonBook = () => {
    if (commonOf !== shared.rules) {
      commonOf = shared.rules
      common = RuleBook.make(commonOf)
    }
    return common
  }

  const called = Effect.fnUntraced(function*(script: unknown, request: EmulatorRequest) {
    if (typeof script !== "function") return undefined
    const given = (script as Answer.AnswerFunction)(request)
    return Effect.isEffect(given) ? yield* given : given
  })

  const byRule = (taken: RuleBook.Taken): Scripted =>
    "answer" in taken
      ? { by: "rule", rule: taken.rule, answer: taken.answer }
      : { by: "rule", rule: taken.rule, refused: untold({ by: "rule", rule: taken.rule }, taken.refused) }

  const unmatched = (subject: Subject, books: ReadonlyArray<RuleBook.RuleBook>): Scripted => {
    const { method, model } = subject.request
    const nearMisses = RuleBook.nearest(books.flatMap((book) => book.misses(subject)), 3)
    const refused = `No rule of the emulator's space "${space}" answers this ${method}` +
      `${model === undefined ? "" : ` to ${model}`}. Nearest: ${nearMisses.join("; ")}. ` +
      "Add a rule, or let it generate what no rule matches (otherwise = \"generate\")."
    return { by: "unmatched", refused, nearMisses }
  }

  return {
    holds,
    scripted: Effect.fnUntraced(function*(request, body, now, place): Effect.fn.Return<Scripted> {
      /** Somebody has let the call go: it is held no more, … */
      let isFree = place === undefined || !generates(request.method)
      /** … and answered in any case, if a rule or an answer has held it. */
      let isAnswered = false
      /** What a person makes of a call. Undefined: it goes on to whoever would answer it. */
      const byHand = Effect.fnUntraced(function*(rule?: string): Effect.fn.Return<Scripted | undefined> {
        const who = rule === undefined ? { by: "hand" as const } : { by: "hand" as const, rule }
        const told = isFree || place === undefined
          ? undefined
          : yield* holds.hold({ request, body, place, rule, now })
        if (told?._tag === "Answered") return { ...who, answer: told.answer }
        if (told?._tag === "Refused") return { ...who, refused: untold(who, told.why) }
        isFree = true
        return undefined
      })
      /** What was found, unless it waits for a person who lets it go, and says nothing else. */
      const settled = (found: Scripted): Effect.Effect<Scripted | undefined> => {
        const { answer } = found
        if (answer === undefined || typeof answer === "string" || answer.hold !== true) return Effect.succeed(found)
        const { hold: _, when: __, ...rest } = answer
        isAnswered = true
        return Effect.map(
          byHand(found.rule),
          (told) =>
            told ?? (Object.values(rest).some((each) => each !== undefined) ? { ...found, answer: rest } : undefined)
        )
      }
      const first = holds.all ? yield* byHand() : undefined
      if (first !== undefined) return first
      const asked = Projects.headerJson<Answer.Answer>(request.headers, Projects.answerHeader)
      const ofHeader = asked === undefined ? undefined : yield* settled({ by: "header", answer: asked })
      if (ofHeader !== undefined) return ofHeader
      const waiting = script.takeAnswer(request)
      const ofQueue = waiting === undefined ? undefined : yield* settled({ by: "queue", answer: waiting })
      if (ofQueue !== undefined) return ofQueue
      const book = commonBook()
      const subject = new Subject(request, body)
      const ruled = (taken: RuleBook.Taken) => settled(byRule(taken))
      const mine = own.isEmpty ? undefined : yield* own.take(subject, now, ruled)
      if (mine !== undefined) return mine
      const ofProject = yield* called(Projects.named(options, request.project)?.answers, request)
      const theProjects = ofProject === undefined ? undefined : yield* settled({ by: "answers", answer: ofProject })
      if (theProjects !== undefined) return theProjects
      const theirs = book.isEmpty ? undefined : yield* book.take(subject, now, ruled)
      if (theirs !== undefined) return theirs
      const given = yield* called(options.answers, request)
      const last = given === undefined ? undefined : yield* settled({ by: "answers", answer: given })
      if (last !== undefined) return last
      // A rule that has held it has matched, so it is not one that no rule matches.
      const generated = isAnswered || (own.isEmpty && book.isEmpty) || (ownOtherwise ?? shared.otherwise) === "generate"
      return generated ? { by: "generator" } : unmatched(subject, [own, book])
    }),
    set: (rules, otherwise) => {
      own = RuleBook.make(rules)
      ownOtherwise = otherwise
    },
    add: (rules, first) => {
      const taken = own.rules.rules.map(({ name }) => name)
      const more = Ready.make(rules, { root: "rule", vars: own.rules.vars, taken })
      const ordered = first ? [...more.rules, ...own.rules.rules] : [...own.rules.rules, ...more.rules]
      own = own.with({ rules: ordered, vars: own.rules.vars })
    },
    remove: (name) => {
      const { rules, vars } = own.rules
      const left = rules.filter((rule) => rule.name !== name)
      own = own.with({ rules: left, vars })
      return left.length < rules.length
    },
    uses: () => [...own.uses(), ...commonBook().uses()],
    ownUses: () => own.uses(),
    otherwise: () => ownOtherwise ?? shared.otherwise,
    explain: (request, body) => {
      const book = commonBook()
      const subject = new Subject(request, body)
      const asked = Projects.headerJson<Answer.Answer>(request.headers, Projects.answerHeader)
      const mine = own.next(subject)
      const theirs = mine === undefined ? book.next(subject) : undefined
      const rule = mine ?? theirs
      const rules = [own, book].flatMap((each) =>
        each.misses(subject).map(({ rule: name, ...miss }) => ({
          rule: name,
          miss: name === rule && (each === own) === (mine !== undefined) ? undefined : miss
        }))
      )
      const isScripted = (script: unknown) => typeof script === "function"
      if (holds.all && generates(request.method)) return { by: "hand", rules }
      if (asked !== undefined) return { by: "header", rules }
      if (script.nextAnswer(request) !== undefined) return { by: "queue", rules }
      if (mine !== undefined) return { by: "rule", rule, rules }
      if (isScripted(Projects.named(options, request.project)?.answers)) return { by: "answers", rules }
      if (theirs !== undefined) return { by: "rule", rule, rules }
      if (isScripted(options.answers)) return { by: "answers", rules }
      if ((own.isEmpty && book.isEmpty) || (ownOtherwise ?? shared.otherwise) === "generate") {
        return { by: "generator", rules }
      }
      return { ...unmatched(subject, [own, book]), rules }
    },
    recount: () => {
      holds.clear(cleared)
      own = RuleBook.make(own.rules)
      common = RuleBook.make(commonOf)
    },
    clear: () => {
      holds.clear(cleared)
      own = RuleBook.make(Ready.none)
      ownOtherwise = undefined
      commonOf = shared.rules
      common = RuleBook.make(commonOf)
    }
  }
}

/** The header with the near misses of a request that no rule matches, as JSON. */
export const missHeader = "x-emulator-near-miss"

/** The near misses in a form that a header can carry: bounded in bytes, and ASCII only. */
export const headerOf = (nearMisses: ReadonlyArray<string>): string => {
  const short = nearMisses.map((miss) => miss.length > 300 ? `${miss.slice(0, 300)}…` : miss)
  return JSON.stringify(short).replace(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
}

/** The header of an answer that no rule has given. */
export const missed = ({ nearMisses }: Pick<Scripted, "nearMisses">): Readonly<Record<string, string>> | undefined =>
  nearMisses === undefined ? undefined : { [missHeader]: headerOf(nearMisses) }

const sources: Readonly<Record<Scripted["by"], string>> = {
  hand: "The hold",
  header: "The answer of the header",
  queue: "An answer of the queue",
  answers: "An answer of the script",
  rule: "The rule",
  unmatched: "",
  generator: ""
}

type Who = Pick<Scripted, "by" | "rule">

/** Tells a person that an answer cannot be given, and why. */
export const untold = ({ by, rule }: Who, why: string): string =>
  `${rule === undefined ? sources[by] : `Rule "${rule}"`} of the emulator: ${why}${/[.?]$/.test(why) ? "" : "."}`

/** Tells a person that an answer does not fit this request, and why. */
export const misfit = (who: Who, why: string): string =>
  `${untold(who, why)} Set invalid = true to send it all the same.`
