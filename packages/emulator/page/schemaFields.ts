/** A function's schema as fields that a person fills in, and what was filled in as arguments. */
import * as Json from "../src/internal/json.ts"

export interface Field {
  readonly name: string
  readonly description: string | undefined
  readonly required: boolean
  readonly kind: "text" | "number" | "choice" | "json"
  /** The choices, each as JSON. */
  readonly choices: ReadonlyArray<string>
}

const typeOf = (schema: unknown): string => {
  const type = Json.at(schema, "type")
  const [first] = Array.isArray(type) ? type.filter((each) => each !== "null") : [type]
  return String(first ?? "").toLowerCase()
}

const kindOf = (schema: unknown): Pick<Field, "kind" | "choices"> => {
  const options = Json.list(Json.at(schema, "enum"))
  if (options.length > 0) return { kind: "choice", choices: options.map((each) => JSON.stringify(each)) }
  switch (typeOf(schema)) {
    case "string":
      return { kind: "text", choices: [] }
    case "integer":
    case "number":
      return { kind: "number", choices: [] }
    case "boolean":
      return { kind: "choice", choices: ["true", "false"] }
    default:
      return { kind: "json", choices: [] }
  }
}

/** Undefined: the schema names no properties, and its value is filled in as JSON. */
export const fieldsOf = (schema: unknown): ReadonlyArray<Field> | undefined => {
  const properties = Json.at(schema, "properties")
  if (!Json.isObject(properties)) return undefined
  const required = new Set(Json.list(Json.at(schema, "required")))
  return Object.entries(properties).map(([name, property]) => ({
    name,
    description: Json.text(Json.at(property, "description")),
    required: required.has(name),
    ...kindOf(property)
  }))
}

/** What stands in a field at first. */
export const textOf = ({ kind }: Pick<Field, "kind">, value: unknown): string =>
  value === undefined ? "" : kind === "text" && typeof value === "string" ? value : JSON.stringify(value)

const parsed = (name: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${name}: expected JSON, such as ["a", "b"], not ${text === "" ? "nothing" : text}`)
  }
}

/** The arguments. An empty field that need not be there is left out; it throws where a field cannot be read. */
export const argsOf = (
  fields: ReadonlyArray<Field>,
  texts: Readonly<Record<string, string>>
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(fields.flatMap(({ kind, name, required }) => {
    const text = texts[name] ?? ""
    if (text === "" && !required) return []
    return [[name, kind === "text" ? text : parsed(name, text)]]
  }))
