/** Value matchers, made ready once: the tests of one value. */
import type * as Matcher from "../../Matcher.ts"
import type { Problem } from "../../RuleError.ts"
import * as Json from "../json.ts"
import * as Conforms from "../judge/conforms.ts"

/**
 * The kind of value that a matcher looks at. Lists are told apart from other values, because there a plain value means
 * a member.
 */
export type Kind = "value" | "glob" | "list"

export type Test = (found: unknown) => boolean

/** Either the test, or what is wrong with the matcher itself. */
export interface ReadyMatcher {
  readonly test: Test
  readonly problems: ReadonlyArray<Problem>
}

const same = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && Json.canonical(a) === Json.canonical(b))

/** A test in which `*` stands for any letters. */
const glob = (pattern: string): Test => {
  if (!pattern.includes("*")) return (found) => found === pattern
  const escaped = pattern.split(/\*+/).map((text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")
  const whole = new RegExp(`^${escaped}$`, "s")
  return (found) => typeof found === "string" && whole.test(found)
}

const isOperators = (value: Matcher.Value): value is Matcher.Operators =>
  typeof value === "object" && !Array.isArray(value)

/** Whether an object has at least these fields, a list these members, or a text this text within it. */
const contains = (found: unknown, part: unknown): boolean => {
  if (typeof found === "string") return typeof part === "string" && found.includes(part)
  if (Array.isArray(found)) {
    return found.some((member) => contains(member, part) && typeof member !== "string" || same(member, part))
  }
  if (!Json.isObject(found)) return same(found, part)
  return Json.isObject(part) &&
    Object.entries(part).every(([name, wanted]) => {
      const member = Object.hasOwn(found, name) ? found[name] : undefined
      return same(member, wanted) || (typeof member === "object" && member !== null && contains(member, wanted))
    })
}

/** A text within a text is what nearly all rules ask for, and there may be a thousand of them. */
const containing = (part: unknown): Test =>
  typeof part === "string"
    ? (found) => typeof found === "string" ? found.includes(part) : contains(found, part)
    : (found) => contains(found, part)

const members = (found: unknown): ReadonlyArray<unknown> => Array.isArray(found) ? found : []

const sizeOf = (found: unknown): number | undefined => Array.isArray(found) ? found.length : Json.number(found)

const member = (wanted: unknown): Test => {
  const test = typeof wanted === "string" ? glob(wanted) : (found: unknown) => same(found, wanted)
  return (found) => members(found).some(test)
}

const equality = (wanted: unknown, kind: Kind): Test => {
  if (kind === "glob" && typeof wanted === "string") return glob(wanted)
  if (kind !== "list") return (found) => same(found, wanted)
  if (!Array.isArray(wanted)) return member(wanted)
  const all = wanted.map(member)
  return (found) => all.every((test) => test(found))
}

const exactly = (wanted: unknown, kind: Kind): Test =>
  kind === "list" && Array.isArray(wanted)
    ? (found) => same([...members(found)].map(Json.canonical).sort(), wanted.map(Json.canonical).sort())
    : equality(wanted, kind)

export const ready = (value: Matcher.Value, kind: Kind, path: string): ReadyMatcher => {
  if (!isOperators(value)) return { test: equality(value, kind), problems: [] }
  const problems: Array<Problem> = []
  const tests: Array<Test> = []
  const { atLeast, atMost, contains: part, equals, exists, matches, not, oneOf, schema } = value
  if (Object.values(value).every((each) => each === undefined)) {
    problems.push({
      path,
      message: "it asks for nothing: give one of equals, contains, matches, oneOf, exists, atLeast, atMost, schema, not"
    })
  }
  if (equals !== undefined) tests.push(exactly(equals, kind))
  if (part !== undefined) tests.push(kind === "list" ? equality(part, kind) : containing(part))
  if (matches !== undefined) {
    try {
      const pattern = new RegExp(matches, "u")
      tests.push((found) => [found].flat().some((each) => typeof each === "string" && pattern.test(each)))
    } catch (error) {
      problems.push({ path: `${path}.matches`, message: error instanceof Error ? error.message : String(error) })
    }
  }
  if (oneOf !== undefined) {
    const options = oneOf.map((option) => equality(option, kind))
    tests.push((found) => options.some((test) => test(found)))
  }
  if (exists !== undefined) {
    tests.push((found) => exists === (Array.isArray(found) ? found.length > 0 : found !== undefined && found !== ""))
  }
  if (atLeast !== undefined) tests.push((found) => (sizeOf(found) ?? Number.NEGATIVE_INFINITY) >= atLeast)
  if (atMost !== undefined) tests.push((found) => (sizeOf(found) ?? Number.POSITIVE_INFINITY) <= atMost)
  if (schema !== undefined) {
    tests.push((found) => found !== undefined && Conforms.mismatch(schema, found) === undefined)
  }
  if (not !== undefined) {
    const inner = ready(not, kind, `${path}.not`)
    problems.push(...inner.problems)
    tests.push((found) => !inner.test(found))
  }
  const [only] = tests
  return {
    test: only !== undefined && tests.length === 1 ? only : (found) => tests.every((test) => test(found)),
    problems
  }
}

/** Tells a person what a matcher asks for. */
export const wanted = (value: Matcher.Value): string => {
  if (!isOperators(value)) return JSON.stringify(value)
  return Object.entries(value).flatMap(([name, each]) => each === undefined ? [] : `${name} ${JSON.stringify(each)}`)
    .join(", ")
}
