/**
 * Rules to edit, made of what a cassette holds: who asks with these words, after these functions, gets this reply. They
 * are a beginning. What a rule cannot say stays in the cassette, and is named.
 */
import * as Result from "effect/Result"
import type * as Recording from "../../cassettes/Recording.ts"
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import type * as Matcher from "../../Matcher.ts"
import type * as Reply from "../../Reply.ts"
import * as Json from "../json.ts"
import { Subject } from "../rules/Subject.ts"
import * as LiveTurns from "./liveTurns.ts"
import * as Placeholders from "./Placeholders.ts"
import * as RecordedReply from "./recordedReply.ts"
import * as Recordings from "./Recordings.ts"
import * as Tape from "./Tape.ts"

export interface DraftRule {
  readonly name: string
  readonly when: Matcher.When
  readonly reply?: string | Reply.Reply
  readonly replies?: ReadonlyArray<string | Reply.Reply>
}

export interface DraftRules {
  readonly rules: ReadonlyArray<DraftRule>
  /** What no rule says: the line and why. */
  readonly skipped: ReadonlyArray<string>
}

/** What was asked and said once. */
interface Case {
  readonly line: number
  readonly subject: Subject
  readonly reply: string | Reply.Reply
}

/** Longer words are known by their beginning. */
const longest = 160

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")

/** The words of a request: equal, or with room for what stands in place of a secret, or by their beginning. */
const words = (text: string): Matcher.Value => {
  const parts = text.slice(0, longest).split(new RegExp(`${Placeholders.prefix}[A-Z_]+_\\d+`))
  const isCut = text.length > longest
  if (parts.length > 1) return { matches: `^${parts.map(escaped).join("\\S+")}${isCut ? "" : "$"}` }
  return isCut ? { contains: text.slice(0, longest) } : text
}

/** What tells two requests with the same words apart, the first first. */
const marks: ReadonlyArray<readonly [keyof Matcher.When, (subject: Subject) => Matcher.Value | undefined]> = [
  ["model", ({ request }) => request.model],
  ["system", ({ system }) => system === undefined ? undefined : words(system)],
  ["turn", ({ turn }) => turn],
  ["media", ({ media }) => media.length === 0 ? { exists: false } : { equals: media }],
  ["tools", ({ tools }) => tools.length === 0 ? { exists: false } : { equals: tools }],
  ["history", ({ history }) => words(history)],
  ["method", ({ request }) => request.method]
]

/** The words, what functions have returned, and which step it is where the same words are asked with at several. */
const first = ({ subject }: Case, stepped: ReadonlySet<string>): Matcher.When => {
  const { after, request, step, text } = subject
  if (!/generateContent$/i.test(request.method)) {
    return { method: request.method, ...(text === "" ? {} : { text: words(text) }) }
  }
  return {
    text: words(text),
    ...(after.length === 0 ? {} : { after: { equals: after } }),
    ...(stepped.has(text) ? { step } : {})
  }
}

const nameOf = ({ line, subject: { after, request, text } }: Case): string => {
  const said = (after.length > 0 ? `after ${after.join(", ")}` : text === "" ? request.method : text)
    .replace(/\s+/g, " ").trim()
  return `line ${line}: ${said.length > 50 ? `${said.slice(0, 50)}…` : said}`
}

/** Adds what tells apart the requests of each group that were answered differently. */
const told = (cases: ReadonlyArray<Case>): ReadonlyArray<readonly [Matcher.When, ReadonlyArray<Case>]> => {
  const grouped = (whens: ReadonlyMap<Case, Matcher.When>): ReadonlyArray<readonly [Matcher.When, Array<Case>]> => {
    const groups = new Map<string, [Matcher.When, Array<Case>]>()
    for (const [each, when] of whens) {
      const key = Json.canonical(when)
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [when, [each]])
      else group[1].push(each)
    }
    return [...groups.values()]
  }
  const stepped = new Set(
    cases.flatMap(({ subject: { after, step, text } }) => after.length > 0 || step > 0 ? text : [])
  )
  let groups = grouped(new Map(cases.map((each) => [each, first(each, stepped)])))
  for (const [name, read] of marks) {
    const whens = new Map<Case, Matcher.When>()
    for (const [when, members] of groups) {
      const replies = new Set(members.map(({ reply }) => Json.canonical(reply)))
      const values = new Set(members.map(({ subject }) => Json.canonical(read(subject))))
      for (const each of members) {
        const value = read(each.subject)
        whens.set(each, replies.size > 1 && values.size > 1 && value !== undefined ? { ...when, [name]: value } : when)
      }
    }
    groups = grouped(whens)
  }
  return groups
}

const subjectOf = (path: string, method: string, body: Uint8Array): Subject | undefined => {
  const url = new URL(path, "http://localhost")
  // Other platforms have other paths before the model's.
  const inner = /\/models\/[^/]+$/.exec(url.pathname)?.[0]
  const routed = inner === undefined ? undefined : EmulatorRequest.route(method, `/v1beta${inner}`)
  if (routed === undefined || method !== "POST") return undefined
  const value = Json.normalized(Json.parse(Buffer.from(body).toString("utf8")))
  const object = Json.isObject(value) ? value : {}
  return new Subject(
    {
      ...routed,
      key: undefined,
      space: "default",
      project: "default",
      region: "global",
      headers: {},
      query: url.searchParams,
      body: object
    },
    object
  )
}

export const make = (file: string, { exchanges, lines }: Tape.TapeContent): DraftRules => {
  const cases: Array<Case> = []
  const skipped: Array<string> = []
  exchanges.forEach((exchange: Recording.Recording, index) => {
    const line = lines[index] ?? 0
    const skip = (what: string): void => {
      skipped.push(`line ${line}: ${what}`)
    }
    if (Recordings.isLive(exchange)) {
      const { turns, skipped: why } = LiveTurns.of(file, exchange)
      cases.push(...turns.map((turn) => ({ line, ...turn })))
      for (const each of why) skip(each)
      return
    }
    const { request, response } = exchange
    const place = `${request.method} ${request.path}`
    const body = request.body === undefined ? new Uint8Array() : Tape.bytesOf(file, request.body)
    const subject = subjectOf(request.path, request.method, body)
    if (subject === undefined) return skip(`${place}: rules answer the methods of models alone`)
    if (response.status === undefined) return skip(`${place}: it has no answer`)
    const reply = RecordedReply.of(file, response)
    if (Result.isSuccess(reply)) cases.push({ line, subject, reply: reply.success })
    else skip(`${place}: ${reply.failure}`)
  })
  const rules = told(cases).map(([when, members]): DraftRule => {
    const replies = members.map(({ reply }) => reply)
    const [reply = ""] = replies
    const [one] = members
    const named = { name: one === undefined ? "" : nameOf(one), when }
    const isOne = new Set(replies.map((each) => Json.canonical(each))).size === 1
    return isOne ? { ...named, reply } : { ...named, replies }
  })
  return { rules, skipped }
}
