/**
 * The OpenAPI subset that `responseSchema` and `parameters` take, from the JSON dialect. Pure.
 *
 * It has no references, no free keys and no tuples: a recursive schema, a record or a tuple
 * of different items is an `Inexpressible` with its path.
 */
import type { OpenApiSchema } from "effect-gemini/wire/OpenApiSchema"
import { Inexpressible } from "./Inexpressible.ts"
import * as Json from "./json.ts"
import type { Node } from "./jsonDialect.ts"

type Draft = { -readonly [K in keyof OpenApiSchema]: OpenApiSchema[K] }
type Definitions = Readonly<Record<string, unknown>>

const at = (path: string, name: string): string => path === "" ? name : `${path}.${name}`

const resolve = (ref: string, definitions: Definitions, path: string): unknown => {
  const name = decodeURIComponent(ref.replace(/^#\/\$defs\//, "")).replaceAll("~1", "/").replaceAll("~0", "~")
  const found = definitions[name]
  if (found === undefined) throw new Inexpressible(path, `the reference ${ref} leads nowhere`)
  return found
}

class Converter {
  readonly #definitions: Definitions
  #open: ReadonlyArray<string> = []

  constructor(definitions: Definitions) {
    this.#definitions = definitions
  }

  convert(value: unknown, path: string): OpenApiSchema {
    if (!Json.isObject(value)) throw new Inexpressible(path, "no value fits")
    const { $ref } = value
    if (typeof $ref === "string") return this.#reference($ref, path)
    const draft: Draft = {}
    for (const key of ["title", "description", "format"] as const) {
      const text = value[key]
      if (typeof text === "string") draft[key] = text
    }
    for (const key of ["minItems", "maxItems", "minimum", "maximum"] as const) {
      const number = value[key]
      if (typeof number === "number") draft[key] = number
    }
    this.#type(draft, value, path)
    this.#items(draft, value, path)
    this.#properties(draft, value, path)
    this.#members(draft, value, path)
    return draft
  }

  #reference(ref: string, path: string): OpenApiSchema {
    if (this.#open.includes(ref)) {
      throw new Inexpressible(path, "a schema that contains itself needs JSON Schema (the default dialect)")
    }
    const outer = this.#open
    this.#open = [...outer, ref]
    const found = this.convert(resolve(ref, this.#definitions, path), path)
    this.#open = outer
    return found
  }

  #type(draft: Draft, value: Node, path: string): void {
    const types = (Array.isArray(value["type"]) ? value["type"] : [value["type"]]).filter((type) =>
      typeof type === "string"
    )
    const concrete = types.filter((type) => type !== "null")
    if (concrete.length > 1) draft.anyOf = concrete.map((type) => ({ type: String(type).toUpperCase() }))
    else if (types.length > 0) draft.type = String(concrete[0] ?? "null").toUpperCase()
    if (types.length > concrete.length && concrete.length > 0) draft.nullable = true
    const listed = value["enum"]
    if (!Array.isArray(listed)) return
    if (listed.every((entry) => typeof entry === "string")) {
      draft.enum = listed
      draft.format = "enum"
    } else if (listed.every((entry) => typeof entry === "number")) {
      const said = `one of ${listed.join(", ")}`
      draft.description = draft.description ? `${draft.description}; ${said}` : said
    } else throw new Inexpressible(path, "only strings can be listed in the OpenAPI dialect")
  }

  #items(draft: Draft, value: Node, path: string): void {
    if (value["items"] !== undefined) draft.items = this.convert(value["items"], `${path}[]`)
    const tuple = value["prefixItems"]
    if (!Array.isArray(tuple)) return
    const kinds = new Set(tuple.map((item) => JSON.stringify(item)))
    if (kinds.size !== 1 || draft.items !== undefined) {
      throw new Inexpressible(path, "a tuple of different items needs JSON Schema (the default dialect)")
    }
    draft.items = this.convert(tuple[0], `${path}[0]`)
  }

  #properties(draft: Draft, value: Node, path: string): void {
    const free = value["additionalProperties"]
    if (Json.isObject(free) || free === true) {
      throw new Inexpressible(path, "an object of free keys needs JSON Schema (the default dialect)")
    }
    const { properties, required } = value
    if (!Json.isObject(properties)) return
    const names = Object.keys(properties)
    draft.properties = Object.fromEntries(
      names.map((name) => [name, this.convert(properties[name], at(path, name))])
    )
    draft.propertyOrdering = names
    if (Array.isArray(required) && required.length > 0) draft.required = required.map(String)
  }

  #members(draft: Draft, value: Node, path: string): void {
    const members = value["anyOf"] ?? value["oneOf"]
    if (!Array.isArray(members)) return
    const isNull = (member: unknown) => Json.isObject(member) && member["type"] === "null"
    const rest = members.filter((member) => !isNull(member))
    if (rest.length < members.length) draft.nullable = true
    const converted = rest.map((member, i) => this.convert(member, `${path}.anyOf[${i}]`))
    const [only] = converted
    if (converted.length === 1 && only !== undefined) Object.assign(draft, { ...only, ...draft })
    else draft.anyOf = converted
  }
}

export const toOpenApi = (schema: Node): OpenApiSchema => {
  const definitions = schema["$defs"]
  return new Converter(Json.isObject(definitions) ? definitions : {}).convert(schema, "")
}
