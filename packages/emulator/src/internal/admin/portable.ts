/** Whether a value can go to an emulator of another process: what only a program has, cannot. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Problem, RuleError } from "../../RuleError.ts"
import * as Problems from "../problems.ts"

const strict = { onExcessProperty: "error", errors: "all", reportInput: true } as const

/** A problem at its place in what the program gave. */
export const within = (root: string, { message, path }: Problem): Problem => {
  if (root === "" || path === "") return { path: root + path, message }
  return { path: path.startsWith("[") ? root + path : `${root}.${path}`, message }
}

/** The problems at their places in what a program gave, where the API has it in a field. */
export const without = (field: string) => ({ problems }: RuleError): RuleError =>
  new RuleError({
    problems: problems.map(({ message, path }) => ({
      path: path === field ? "" : path.startsWith(`${field}.`) ? path.slice(field.length + 1) : path,
      message
    }))
  })

const whyNot = (value: unknown): string | undefined => {
  if (typeof value === "function") return "a function cannot go to an emulator of another process: use a rule"
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  if (ArrayBuffer.isView(value)) return "bytes cannot go to an emulator of another process: give text"
  return Symbol.iterator in value
    ? "an iterable cannot go to an emulator of another process: give a list"
    : undefined
}

const find = (value: unknown, path: ReadonlyArray<PropertyKey>): ReadonlyArray<Problem> => {
  const message = whyNot(value)
  if (message !== undefined) return [{ path: Problems.pathOf(path), message }]
  if (Array.isArray(value)) return value.flatMap((member, i) => find(member, [...path, i]))
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, member]) => find(member, [...path, name]))
    : []
}

/**
 * The value as its schema has it, to be sent. Fails with what cannot go, or does not fit; `root` is what a path begins
 * with.
 */
export const data = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  value: unknown,
  root: string
): Effect.Effect<S["Type"], RuleError> =>
  Effect.suspend(() => {
    const foreign = find(value, [])
    const result = foreign.length > 0 ? undefined : Schema.decodeUnknownResult(schema, strict)(value)
    if (result !== undefined && Result.isSuccess(result)) return Effect.succeed(result.success)
    const problems = result === undefined ? foreign : Problems.ofIssue(result.failure.issue)
    return Effect.fail(new RuleError({ problems: problems.map((each) => within(root, each)) }))
  })
