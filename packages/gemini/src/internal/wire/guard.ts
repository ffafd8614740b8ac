/**
 * Validation by a guard. It returns the parsed object itself, so keys that no schema knows cost nothing and are kept.
 * Only a failure pays for a full decode, which names the path.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { fits } from "./leaves.ts"
import * as Shape from "./shape.ts"

/** Where a value did not have the expected shape. */
export interface Mismatch {
  readonly path: string
  readonly expected: string
}

// A bundle has this formatter of Effect's anyway, for `SchemaError`; the one that gives paths adds 0.1 kB.
const messageOf = SchemaIssue.makeFormatterDefault()

/** The first mistake, and where it is. */
const first = (issue: SchemaIssue.Issue, path: ReadonlyArray<PropertyKey> = []): Mismatch => {
  if (issue._tag === "Pointer") return first(issue.issue, [...path, ...issue.path])
  const [inner] = issue._tag === "Composite" || issue._tag === "AnyOf" ? issue.issues : []
  return inner === undefined
    ? { path: pathText(path), expected: expectedText(messageOf(issue)) }
    : first(inner, path)
}

const pathText = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>((out, key) => {
    if (typeof key === "number") return `${out}[${key}]`
    return out === "" ? String(key) : `${out}.${String(key)}`
  }, "")

/** What was expected, without the null and the absence that every field allows. */
const expectedText = (message: string): string =>
  message.replace(/^Missing key$/, "a value, got none").replace(/^Expected /, "").replaceAll(" | null", "").replaceAll(
    " | undefined",
    ""
  )

/** A guard for a schema without transformations. Build it once, beside the schema. */
export const make = <A>(schema: Schema.Codec<A>): (value: unknown) => Result.Result<A, Mismatch> => {
  const hasShape = Shape.make(schema)
  const fitsSchema = fits(schema)
  return (value) => {
    if (hasShape(value) || fitsSchema(value)) return Result.succeed(value)
    const decoded = Schema.decodeUnknownResult(schema)(value)
    return Result.fail(
      Result.isFailure(decoded) ? first(decoded.failure.issue) : { path: "", expected: "another shape" }
    )
  }
}
