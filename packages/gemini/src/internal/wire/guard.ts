/**
 * Validation by a guard: the parsed object itself is returned, so keys that no schema
 * knows cost nothing and are kept. Only a failure pays for a full decode, which names
 * the path.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Shape from "./shape.ts"

/** Where a value did not have the shape expected of it. */
export interface Mismatch {
  readonly path: string
  readonly expected: string
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const pathText = (path: ReadonlyArray<unknown>): string => {
  let out = ""
  for (const segment of path) {
    const key = typeof segment === "object" && segment !== null && "key" in segment ? segment.key : segment
    out += typeof key === "number" ? `[${key}]` : out === "" ? String(key) : `.${String(key)}`
  }
  return out
}

/** What was expected, without the null and the absence that every field may be. */
const expectedText = (message: string): string =>
  message.replace(/^Missing key$/, "a value, got none").replace(/^Expected /, "").replaceAll(" | null", "").replaceAll(
    " | undefined",
    ""
  )

/** A guard for a schema without transformations. Build it once, beside the schema. */
export const make = <A>(schema: Schema.Codec<A>): (value: unknown) => Result.Result<A, Mismatch> => {
  const fits = Shape.make(schema)
  // Mostly never asked: made then.
  let is: ((value: unknown) => value is A) | undefined
  return (value) => {
    if (fits(value) || (is ??= Schema.is(schema))(value)) return Result.succeed(value)
    const decoded = Schema.decodeUnknownResult(schema)(value)
    const issue = Result.isFailure(decoded) ? format(decoded.failure.issue).issues[0] : undefined
    return Result.fail({ path: pathText(issue?.path ?? []), expected: expectedText(issue?.message ?? "another shape") })
  }
}
