/** From declared variables and given values to the texts for the templates, or to what is wrong. */
import * as Schema from "effect/Schema"
import { Variable } from "../NarrativeFile.ts"
import { decode, type UnplacedProblem } from "./decode.ts"
import { nearest } from "./nearest.ts"
import { namePattern } from "./template.ts"

export type Value = string | number | boolean

type Type = "string" | "integer" | "number" | "boolean"

const typeOf = (value: unknown): Type | undefined =>
  typeof value === "string"
    ? "string"
    : typeof value === "boolean"
    ? "boolean"
    : typeof value === "number"
    ? Number.isInteger(value) ? "integer" : "number"
    : undefined

/** A value of the declared type; strings, as a command line gives them, are converted. */
const convert = (value: Value, type: Type): Value | undefined => {
  if (type === "string") return String(value)
  if (type === "boolean") {
    return typeof value === "boolean" ? value : value === "true" ? true : value === "false" ? false : undefined
  }
  const number = typeof value === "number"
    ? value
    : typeof value === "string" && value.trim() !== ""
    ? Number(value)
    : NaN
  return Number.isFinite(number) && (type === "number" || Number.isInteger(number)) ? number : undefined
}

const expected: Record<Type, string> = {
  string: "a string",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false"
}

export const resolve = (
  declared: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, Value>>
): { readonly texts: ReadonlyMap<string, string | undefined>; readonly found: ReadonlyArray<UnplacedProblem> } => {
  // A variable whose value is wrong keeps its name, so that references to it are not reported as well.
  const texts = new Map<string, string | undefined>()
  const found: Array<UnplacedProblem> = []
  for (const [name, raw] of Object.entries(declared)) {
    const path = ["variables", name]
    texts.set(name, undefined)
    if (!namePattern.test(name)) {
      found.push({ path, what: `"${name}" cannot be a name`, hint: "a letter, then letters, digits, _ or -" })
      continue
    }
    const short = typeOf(raw)
    const { found: wrong, value: variable } = short === undefined
      ? decode(Variable, raw, path, () => Variable.fields)
      : {
        found: [],
        value: Schema.decodeUnknownSync(Variable)({ type: short === "integer" ? "number" : short, default: raw })
      }
    found.push(...wrong)
    if (variable === undefined || wrong.length > 0) continue
    const type = variable.type ?? typeOf(variable.default) ?? "string"
    if (variable.default !== undefined && typeof variable.default !== typeof convert(variable.default, type)) {
      found.push({ path: [...path, "default"], what: `the default of "${name}" has to be ${expected[type]}` })
      continue
    }
    const value = (Object.hasOwn(given, name) ? given[name] : undefined) ?? variable.default
    if (value === undefined) {
      const description = variable.description === undefined ? "" : `: ${variable.description}`
      found.push({
        path,
        what: `"${name}" has no value${description}`,
        hint: `add a default, or give it one: variables: { ${name}: … }, on the command line --var ${name}=…`
      })
      continue
    }
    const converted = convert(value, type)
    if (converted === undefined) {
      found.push({ path, what: `"${name}" has to be ${expected[type]}, got ${JSON.stringify(value)}` })
    } else texts.set(name, String(converted))
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(declared, name)) continue
    const near = nearest(name, Object.keys(declared))
    const hint = near !== undefined
      ? `did you mean "${near}"?`
      : texts.size === 0
      ? "the narrative declares no [variables]"
      : `its variables are ${Object.keys(declared).join(", ")}`
    found.push({ path: [], what: `a value was given for "${name}", which is not a variable`, hint })
  }
  return { texts, found }
}
