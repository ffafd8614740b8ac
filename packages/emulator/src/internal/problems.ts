/**
 * Checks a value against its Schema: gives the value as it came, or every mistake in it, with its place and the field
 * that may have been meant.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Problem } from "../RuleError.ts"
import { suggestion } from "./nearest.ts"

export const pathOf = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`
    const name = String(key)
    if (!/^[\w-]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`
    return text === "" ? name : `${text}.${name}`
  }, "")

/** Stands for the last name of the path, which the message cannot know. */
const unknown = "\0"

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

const said = (issue: SchemaIssue.Issue): string => SchemaIssue.hasInput(issue) ? `, not ${shown(issue.input)}` : ""

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    switch (issue._tag) {
      case "UnexpectedKey": {
        const names = issue.ast._tag === "Objects" ? issue.ast.propertySignatures.map(({ name }) => String(name)) : []
        return unknown + names.join(unknown)
      }
      case "MissingKey":
        return "is missing"
      default: {
        return (SchemaIssue.defaultLeafHook(issue).split(", got")[0] ?? "") + said(issue)
      }
    }
  }
})

/** Finishes a message of the formatter with what its path tells. */
const finished = (issue: { readonly path?: unknown; readonly message: string }): Problem => {
  const path = Array.isArray(issue.path)
    ? issue.path.map((each: PropertyKey | { readonly key: PropertyKey }) => typeof each === "object" ? each.key : each)
    : []
  const message = issue.message.startsWith(unknown)
    ? `there is no such field.${suggestion(String(path.at(-1)), issue.message.slice(1).split(unknown))}`
    : issue.message.split(", got")[0]?.replace(/^Expected/, "expected") ?? ""
  return { path: pathOf(path), message }
}

/** The mistakes in what a Schema has found. */
export const ofIssue = (issue: SchemaIssue.Issue): ReadonlyArray<Problem> => format(issue).issues.map(finished)

/** All mistakes in `value`. If there are none, it is what the schema says, as it is. */
export const find = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S
): (value: unknown) => ReadonlyArray<Problem> => {
  const decode = Schema.decodeUnknownResult(schema, {
    onExcessProperty: "error",
    errors: "all",
    reportInput: true
  })
  return (value) => {
    const result = decode(value)
    return Result.isSuccess(result) ? [] : ofIssue(result.failure.issue)
  }
}

/** The mistakes in one line. Undefined: there are none. */
export const text = (problems: ReadonlyArray<Problem>): string | undefined =>
  problems.length === 0
    ? undefined
    : problems.map(({ message, path }) => path === "" ? message : `${path}: ${message}`).join("; ")
