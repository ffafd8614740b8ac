/**
 * `{{name}}` in texts stands for a variable or for the output of an act, `{{name.path[0]}}` for a place in JSON,
 * `{{a ?? b ?? "text"}}` for the first that is there, `{{> name}}` for a partial. `\{{` is a literal `{{`; braces around
 * anything else stay as they are.
 */
import type { JsonPath, OutputPlace, Reference } from "../Reference.ts"

export type Piece = string | Reference

/** A value that a reference may stand for. */
export interface OutputValue {
  readonly text: string
  /** The texts of a fan-out as a JSON array; `text` has them joined. */
  readonly list?: string | undefined
  /** Whether there is none yet, as in the first round of a loop: it is empty, and so is every place in it. */
  readonly isAbsent?: boolean
}

/** What a name stands for; undefined for an act that was left out. */
export type Environment = (name: string) => OutputValue | undefined

export const namePattern = /^[A-Za-z][A-Za-z0-9_-]*$/

const place = String.raw`[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z_$][A-Za-z0-9_$-]*|\[\d{1,6}\])*`
const quoted = String.raw`"(?:[^"\\\n]|\\.)*"|'[^'\n]*'`
const token = new RegExp(
  String
    .raw`\\\{\{|\{\{\s*>\s*([A-Za-z][A-Za-z0-9_-]*)\s*\}\}|\{\{\s*(${place}(?:\s*\?\?\s*(?:${place}|${quoted}))*)\s*\}\}`,
  "g"
)
const alternative = new RegExp(`${place}|${quoted}`, "g")

/** A place as it is written. The text must fit the pattern. */
export const placeOf = (text: string): OutputPlace => {
  const [ref = "", ...rest] = text.split(/[.[\]]+/).filter((part) => part !== "")
  if (rest.length === 0) return { ref }
  const path: JsonPath = Array.from(
    text.slice(ref.length).matchAll(/\.([^.[\]]+)|\[(\d+)\]/g),
    ([, name, position]) => name ?? Number(position)
  )
  return { ref, path }
}

const unquoted = (text: string): string => {
  if (text.startsWith("'")) return text.slice(1, -1)
  try {
    return String(JSON.parse(text))
  } catch {
    return text.slice(1, -1)
  }
}

const referenceOf = (text: string): Reference => {
  const [first = "", ...others] = text.match(alternative) ?? []
  const or = others.map((other) => /^["']/.test(other) ? unquoted(other) : placeOf(other))
  return { ...placeOf(first), ...(or.length === 0 ? {} : { or }) }
}

/** What a text is cut into: a partial is named, and put in by whoever knows it. */
export type Token =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Reference"; readonly reference: Reference; readonly written: string }
  | { readonly _tag: "Partial"; readonly name: string; readonly written: string }

export const tokens = (text: string): ReadonlyArray<Token> => {
  const found: Array<Token> = []
  let literal = ""
  let from = 0
  const flush = (): void => {
    if (literal !== "") found.push({ _tag: "Text", text: literal })
    literal = ""
  }
  for (const match of text.matchAll(token)) {
    literal += text.slice(from, match.index)
    const [written, partial, reference] = match
    from = match.index + written.length
    if (partial === undefined && reference === undefined) {
      literal += "{{"
      continue
    }
    flush()
    if (partial !== undefined) found.push({ _tag: "Partial", name: partial, written })
    else found.push({ _tag: "Reference", reference: referenceOf(reference ?? ""), written })
  }
  literal += text.slice(from)
  flush()
  return found
}

/** Pieces with neighbouring texts joined. */
export const joined = (pieces: ReadonlyArray<Piece>): ReadonlyArray<Piece> => {
  const out: Array<Piece> = []
  for (const piece of pieces) {
    const last = out.at(-1)
    if (typeof piece === "string" && typeof last === "string") out[out.length - 1] = last + piece
    else if (piece !== "") out.push(piece)
  }
  return out
}

const parsed = new WeakMap<OutputValue, { readonly json: unknown }>()

/** The JSON of a value; undefined if it is none. */
export const jsonOf = (value: OutputValue): unknown => {
  const known = parsed.get(value)
  if (known !== undefined) return known.json
  let json: unknown
  try {
    json = JSON.parse(value.list ?? value.text)
  } catch {
    json = undefined
  }
  parsed.set(value, { json })
  return json
}

const step = (json: unknown, key: string | number): unknown =>
  typeof json === "object" && json !== null && Object.hasOwn(json, key) ? Reflect.get(json, key) : undefined

/** What stands at a place; undefined if nothing does. */
export const valueAt = ({ path = [], ref }: OutputPlace, environment: Environment): unknown => {
  const value = environment(ref)
  if (value === undefined || value.isAbsent === true) return undefined
  return path.length === 0 ? value.text : path.reduce(step, jsonOf(value))
}

const textOf = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value)

/** The text of a reference; undefined if nothing is there. */
const resolve = (reference: Reference, environment: Environment): string | undefined => {
  const { or = [] } = reference
  const first = valueAt(reference, environment)
  if (first !== undefined && (first !== null || or.length === 0)) return textOf(first)
  for (const other of or) {
    const value = typeof other === "string" ? other : valueAt(other, environment)
    if (value !== undefined && value !== null) return textOf(value)
  }
  if ([reference, ...or].some((other) => typeof other !== "string" && environment(other.ref)?.isAbsent === true)) {
    return ""
  }
  return undefined
}

/** The text with its gaps filled. A gap that nothing fills is empty; `missing` tells of those before. */
export const render = (pieces: ReadonlyArray<Piece>, environment: Environment): string =>
  pieces.map((piece) => typeof piece === "string" ? piece : resolve(piece, environment) ?? "").join("")

/** The references that nothing fills. */
export const missing = (pieces: ReadonlyArray<Piece>, environment: Environment): ReadonlyArray<Reference> =>
  pieces.flatMap((piece) => typeof piece === "string" || resolve(piece, environment) !== undefined ? [] : [piece])
