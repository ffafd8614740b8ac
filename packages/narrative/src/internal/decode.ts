/**
 * From raw TOML to typed values. Every problem is found, and a broken key is reported and left out, so that the rest is
 * still decoded.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Path } from "../TomlPlace.ts"
import * as Examples from "./examples.ts"
import { nearest } from "./nearest.ts"

/** A problem before its line is known. `find` is text inside the value to point at. */
export interface UnplacedProblem {
  readonly path: Path
  readonly what: string
  readonly hint?: string
  readonly find?: string
  /** A longer text inside the value, in which `find` stands. */
  readonly within?: string
}

type Fields = Readonly<Record<string, unknown>>

// Puts what Schema says into the words of somebody who writes TOML. An unknown key gets a sentence of its own below.
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => issue._tag === "UnexpectedKey" ? "" : SchemaIssue.defaultLeafHook(issue)
})

const words = (message: string): string =>
  message
    .replace(/^Expected (?=string|number|boolean)/, "Expected a ")
    .replace(/^Expected object/, "Expected a table")
    .replace(/^Expected array/, "Expected an array")
    .replaceAll(/" \| "/g, "\" or \"")
    .replace(/^E/, "e")

const plain = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined): Path =>
  (path ?? []).map((segment) => {
    const key = typeof segment === "object" ? segment.key : segment
    return typeof key === "number" ? key : String(key)
  })

const unknownKey = (path: Path, fields: Fields): UnplacedProblem => {
  const key = String(path.at(-1))
  const near = nearest(key, Object.keys(fields))
  return {
    path,
    what: `unknown key "${key}"`,
    hint: near === undefined ? `the keys here are ${Object.keys(fields).join(", ")}` : `did you mean "${near}"?`
  }
}

/**
 * A copy without the key that the path leads to. A broken item of an array is replaced by `item`; without one the whole
 * array is left out.
 */
const without = (value: unknown, path: Path, item: object | undefined): unknown => {
  const [head, ...rest] = path
  if (head === undefined || typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) {
    return value.map((inner: unknown, i) => i !== head ? inner : rest.length === 0 ? item : without(inner, rest, item))
  }
  const goesOn = rest.length > 0 && (item !== undefined || rest.some((segment) => typeof segment === "string"))
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      key !== head ? [[key, inner]] : goesOn ? [[key, without(inner, rest, item)]] : []
    )
  )
}

const told = (path: Path, message: string): Pick<UnplacedProblem, "what" | "hint"> => {
  if (path.at(-1) === "acts") {
    const brackets = path.length === 1 ? "[[acts]]" : "[[acts.acts]]"
    return {
      what: "expected a list of tables",
      hint: `an act starts with a line that says ${brackets}, with two brackets`
    }
  }
  const hint = Examples.of(path.findLast((key) => typeof key === "string"))
  return { what: words(message), ...(hint === undefined ? {} : { hint }) }
}

const isTable = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** Decodes what it can. `fieldsAt` names the known keys at a path relative to `base`. */
export const decode = <A>(
  schema: Schema.Codec<A, unknown>,
  raw: unknown,
  base: Path,
  fieldsAt: (path: Path) => Fields
): { readonly value: A | undefined; readonly found: ReadonlyArray<UnplacedProblem> } => {
  if (!isTable(raw)) {
    const hint = base[0] === "acts" ? { hint: "an act starts with a line that says [[acts]]" } : {}
    return { value: undefined, found: [{ path: base, what: "expected a table", ...hint }] }
  }
  const run = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error", reportInput: true })
  const first = run(raw)
  if (Result.isSuccess(first)) return { value: first.success, found: [] }
  const issues = format(first.failure.issue).issues.map(({ message, path }) => ({ message, path: plain(path) }))
  const kept = (item: object | undefined) => run(issues.reduce((value, issue) => without(value, issue.path, item), raw))
  const rest = Result.orElse(kept({}), () => kept(undefined))
  return {
    value: Result.getOrUndefined(rest),
    found: issues.map(({ message, path }) =>
      message === ""
        ? unknownKey([...base, ...path], fieldsAt(path.slice(0, -1)))
        : { path: [...base, ...path], ...told(path, message) }
    )
  }
}
