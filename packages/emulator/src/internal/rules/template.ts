/**
 * `{{ path | filter }}` in the texts of a rule's reply stands for something that the request holds. There are paths and
 * six filters, but no expressions: for more, write a function.
 *
 * Paths: `text`, `turn`, `step`, `now` (ISO), `model`, `result.NAME.path`, `call.NAME.path`, `vars.NAME.path`. Filters:
 * `after 'x'`, `before 'x'` (the text behind or before it), `word` (the first one), `number` (the first one), `json`,
 * `or 'x'` (used where there is nothing).
 */
import type { Problem } from "../../RuleError.ts"
import * as Json from "../json.ts"
import { suggestion } from "../nearest.ts"
import { pathOf } from "../problems.ts"
import type { Subject } from "./Subject.ts"

export interface Surroundings {
  readonly subject: Subject
  readonly vars: Json.Json
  /** Milliseconds since the epoch, by the server's clock. */
  readonly now: number
}

/** Thrown for something that the request does not hold; the refusal says so. */
class Unfilled extends Error {}

type Filter = (value: unknown, argument: string) => unknown

/** The value as it stands within a text: what is not a text already as JSON. */
export const asText = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : typeof value === "string" ? value : JSON.stringify(value)

const filters: Readonly<Record<string, Filter>> = {
  after: (value, mark) => {
    const text = asText(value)
    const at = text?.indexOf(mark) ?? -1
    return at === -1 ? undefined : text?.slice(at + mark.length)
  },
  before: (value, mark) => {
    const text = asText(value)
    const at = text?.indexOf(mark) ?? -1
    return at === -1 ? undefined : text?.slice(0, at)
  },
  word: (value) => /[\p{L}\p{N}][\p{L}\p{N}'_-]*/u.exec(asText(value) ?? "")?.[0],
  number: (value) => {
    const found = /-?\d+(?:\.\d+)?/.exec(asText(value) ?? "")?.[0]
    return found === undefined ? undefined : Number(found)
  },
  json: (value) => value === undefined ? undefined : JSON.stringify(value),
  or: (value, otherwise) => value === undefined || value === "" ? otherwise : value
}

const roots = ["text", "turn", "step", "now", "model", "result", "call", "vars"]

const placeholder = /\{\{(.*?)\}\}/gs

interface Read {
  readonly path: ReadonlyArray<string>
  readonly filters: ReadonlyArray<readonly [Filter, string]>
}

/** Reads the text between the braces, or says what is wrong with it. */
const read = (source: string): Read | string => {
  const [first = "", ...rest] = source.match(/(?:'[^']*'|"[^"]*"|[^|'"])+/g) ?? []
  const path = first.trim().split(".").filter((step) => step !== "")
  const [root = ""] = path
  if (!roots.includes(root)) {
    return `{{${source}}}: a path begins with one of ${roots.join(", ")}, not with "${root}".${suggestion(root, roots)}`
  }
  if (["result", "call", "vars"].includes(root) && path.length < 2) {
    return `{{${source}}}: ${root} of what? Say ${root}.NAME.`
  }
  const made: Array<readonly [Filter, string]> = []
  for (const each of rest) {
    const [, name = "", , quoted, double] = /^\s*(\w+)\s*('([^']*)'|"([^"]*)")?\s*$/.exec(each) ?? []
    const filter = Object.hasOwn(filters, name) ? filters[name] : undefined
    if (filter === undefined) {
      return `{{${source}}}: there is no filter "${name || each.trim()}".${suggestion(name, Object.keys(filters))}`
    }
    const argument = quoted ?? double
    if (["after", "before", "or"].includes(name) !== (argument !== undefined)) {
      return `{{${source}}}: ${name} ${argument === undefined ? "needs a text in quotes" : "takes nothing"}`
    }
    made.push([filter, argument ?? ""])
  }
  return { path, filters: made }
}

const find = ([root = "", ...path]: ReadonlyArray<string>, { now, subject, vars }: Surroundings): unknown => {
  const inside = (value: unknown, steps: ReadonlyArray<string>): unknown => {
    let here = value
    for (const step of steps) here = Array.isArray(here) ? here[Number(step)] : Json.at(here, step)
    return here
  }
  const [name = "", ...rest] = path
  switch (root) {
    case "text":
      return subject.text
    case "turn":
      return subject.turn
    case "step":
      return subject.step
    case "model":
      return subject.request.model
    case "now":
      return new Date(now).toISOString()
    case "result":
      return inside(subject.result(name), rest)
    case "call":
      // `call.NAME.args.city` and `call.NAME.city` mean the same.
      return inside(subject.call(name), rest[0] === "args" ? rest.slice(1) : rest)
    default:
      return inside(vars, path)
  }
}

const filled = (source: string, around: Surroundings): unknown => {
  const parsed = read(source)
  if (typeof parsed === "string") throw new Unfilled(parsed)
  const value = parsed.filters.reduce<unknown>(
    (value, [filter, argument]) => filter(value, argument),
    find(parsed.path, around)
  )
  if (value === undefined) throw new Unfilled(`{{${source}}}: the request holds nothing of the kind`)
  return value
}

const inText = (text: string, around: Surroundings): unknown => {
  const [whole, only] = /^\s*\{\{((?:(?!\}\}).)*)\}\}\s*$/s.exec(text) ?? []
  // If the template is the whole text, its value keeps its type: a number stays a number.
  if (whole !== undefined && only !== undefined) return filled(only, around)
  return text.replace(placeholder, (_, source: string) => asText(filled(source, around)) ?? "")
}

/** A copy of a JSON value with its templates filled; throws `Unfilled`. */
export const fill = (value: unknown, around: Surroundings): unknown => {
  if (typeof value === "string") return value.includes("{{") ? inText(value, around) : value
  if (Array.isArray(value)) return value.map((each) => fill(each, around))
  if (!Json.isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each, around)]))
}

/** The mistakes in the templates of a value, found before any request has come. */
export const problems = (value: unknown, path: ReadonlyArray<PropertyKey>): ReadonlyArray<Problem> => {
  if (typeof value === "string") {
    const wrong = [...value.matchAll(placeholder)].flatMap(([, source = ""]) => {
      const parsed = read(source)
      return typeof parsed === "string" ? [{ path: pathOf(path), message: parsed }] : []
    })
    const open = /\{\{.{0,40}/s.exec(value.replace(placeholder, ""))?.[0]
    if (open === undefined) return wrong
    const message = `${open}: a template begins here, and has no }} at its end; braces as they are can be sent in a ` +
      "whole response"
    return [...wrong, { path: pathOf(path), message }]
  }
  const members: ReadonlyArray<readonly [PropertyKey, unknown]> = Array.isArray(value)
    ? [...value.entries()]
    : Json.isObject(value)
    ? Object.entries(value)
    : []
  return members.flatMap(([key, each]) => problems(each, [...path, key]))
}
