/**
 * The matchers of a rule, made ready once and asked in order, the cheap ones first.
 */
import type * as Matcher from "../../Matcher.ts"
import type { Problem } from "../../RuleError.ts"
import { pathOf } from "../problems.ts"
import type { Subject } from "./Subject.ts"
import * as Value from "./value.ts"

/** The first matcher that did not hold. */
export interface Miss {
  readonly path: string
  readonly wanted: string
  readonly found: string
  /** How many held before it. */
  readonly held: number
}

export interface ReadyWhen {
  readonly problems: ReadonlyArray<Problem>
  readonly matches: (subject: Subject) => boolean
  /** The first matcher that does not hold. Undefined: all of them hold. */
  readonly miss: (subject: Subject) => Miss | undefined
}

interface Asked {
  readonly path: string
  readonly wanted: string
  readonly read: (subject: Subject) => unknown
  readonly test: Value.Test
  /** Whether the value is a key, which is not shown. */
  readonly secret: boolean
}

type Named = Exclude<keyof Matcher.When, "header" | "body">

const views: Readonly<Record<Named, readonly [kind: Value.Kind, read: (subject: Subject) => unknown]>> = {
  method: ["value", ({ request }) => request.method],
  model: ["glob", ({ request }) => request.model],
  key: ["value", ({ request }) => request.key],
  project: ["value", ({ request }) => request.project],
  region: ["value", ({ request }) => request.region],
  step: ["value", (subject) => subject.step],
  turn: ["value", (subject) => subject.turn],
  text: ["value", (subject) => subject.text],
  after: ["list", (subject) => subject.after],
  tools: ["list", (subject) => subject.tools],
  system: ["value", (subject) => subject.system],
  media: ["list", (subject) => subject.media],
  schema: ["value", (subject) => subject.schema],
  history: ["value", (subject) => subject.history]
}

const names = Object.keys(views) as ReadonlyArray<Named>

const secretHeaders = new Set(["authorization", "x-goog-api-key", "cookie", "proxy-authorization"])

const shown = (value: unknown): string => {
  const text = value === undefined ? "nothing" : JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}

export const ready = (when: Matcher.When, path: string): ReadyWhen => {
  const problems: Array<Problem> = []
  const asked: Array<Asked> = []
  const ask = (
    at: string,
    value: Matcher.Value,
    kind: Value.Kind,
    read: (subject: Subject) => unknown,
    secret = false
  ) => {
    const made = Value.ready(value, kind, `${path}.${at}`)
    problems.push(...made.problems)
    asked.push({ path: at, wanted: secret ? "another one" : Value.wanted(value), read, test: made.test, secret })
  }
  for (const name of names) {
    const value = when[name]
    const [kind, read] = views[name]
    // The model may stand with its collection, as it does on the wire.
    const plain = name === "model" && typeof value === "string" ? value.replace(/^models\//, "") : value
    if (plain !== undefined) ask(name, plain, kind, (subject) => subject.view(name, read), name === "key")
  }
  for (const [name, value] of Object.entries(when.header ?? {})) {
    const lower = name.toLowerCase()
    ask(pathOf(["header", name]), value, "value", ({ request }) => request.headers[lower], secretHeaders.has(lower))
  }
  for (const [pointer, value] of Object.entries(when.body ?? {})) {
    const at = pathOf(["body", pointer])
    if (pointer === "" || pointer.startsWith("/")) ask(at, value, "value", (subject) => subject.at(pointer))
    else problems.push({ path: `${path}.${at}`, message: `"${pointer}" is not a JSON pointer: write "/${pointer}"` })
  }
  const [first, ...others] = asked
  return {
    problems,
    matches: (subject) => {
      if (first === undefined) return true
      if (!first.test(first.read(subject))) return false
      for (const { read, test } of others) if (!test(read(subject))) return false
      return true
    },
    miss: (subject) => {
      for (const [held, { path, read, secret, test, wanted }] of asked.entries()) {
        const found = read(subject)
        if (!test(found)) return { path, wanted, found: secret ? "a secret" : shown(found), held }
      }
      return undefined
    }
  }
}

export const says = ({ found, path, wanted }: Miss): string => `${path}: wanted ${wanted}, found ${found}`
