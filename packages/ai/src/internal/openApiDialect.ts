/**
 * The OpenAPI subset that `responseSchema` and `parameters` take, made of the JSON dialect. Pure.
 *
 * The API checks it as a message of its own (sentences out of public reports, 2024 to 2026): every schema has a type or
 * alternatives, a list has items, an object has properties, keywords stand beside their type alone, a string's format is
 * `enum` or `date-time`. What is only a constraint is said in words. There are no references, no free keys and no tuples
 * of different items: a recursive schema, a record, an object without properties or such a tuple is an `Inexpressible`
 * with its path.
 */
import type { OpenApiSchema } from "effect-gemini/wire/OpenApiSchema"
import { Inexpressible } from "./Inexpressible.ts"
import * as Json from "./json.ts"
import type { Node } from "./jsonDialect.ts"

type Draft = { -readonly [K in keyof OpenApiSchema]: OpenApiSchema[K] }

/** The formats of each type; any other is refused: "only 'enum' and 'date-time' are supported for STRING type". */
const formats: ReadonlyMap<string, ReadonlyArray<string>> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  STRING: ["date-time"],
  NUMBER: ["float", "double"],
  INTEGER: ["int32", "int64"]
}))

const at = (path: string, name: string): string => path === "" ? name : `${path}.${name}`

const say = (draft: Draft, sentence: string): void => {
  draft.description = draft.description ? `${draft.description}; ${sentence}` : sentence
}

const isNull = (member: unknown): boolean => Json.isObject(member) && member["type"] === "null"

/** The types that a schema names, or shows by its keywords. None: any value fits. */
const typesOf = (value: Node): ReadonlyArray<string> => {
  const { enum: listed, type } = value
  if (typeof type === "string") return [type]
  if (Array.isArray(type)) return type.filter((each) => typeof each === "string")
  if (Json.isObject(value["properties"]) || value["additionalProperties"] !== undefined) return ["object"]
  if (value["items"] !== undefined || Array.isArray(value["prefixItems"])) return ["array"]
  if (Array.isArray(listed)) return Array.from(new Set(listed.map((each) => typeof each)))
  return value["minimum"] !== undefined || value["maximum"] !== undefined ? ["number"] : []
}

class Converter {
  readonly #definitions: Readonly<Record<string, unknown>>
  #open: ReadonlyArray<string> = []

  constructor(definitions: Readonly<Record<string, unknown>>) {
    this.#definitions = definitions
  }

  convert(value: unknown, path: string): OpenApiSchema {
    if (!Json.isObject(value)) throw new Inexpressible(path, "no value fits")
    const { $ref, anyOf, description, oneOf, title, ...rest } = value
    if (typeof $ref === "string") return this.#reference($ref, path)
    const draft: Draft = {
      ...(typeof title === "string" ? { title } : {}),
      ...(typeof description === "string" ? { description } : {})
    }
    const members = anyOf ?? oneOf
    if (Array.isArray(members) && members.length > 0) this.#alternatives(draft, rest, members, path)
    else this.#typed(draft, rest, path)
    return draft
  }

  #reference(ref: string, path: string): OpenApiSchema {
    if (this.#open.includes(ref)) {
      throw new Inexpressible(path, "a schema that contains itself needs JSON Schema (the default dialect)")
    }
    const name = ref.replace(/^#\/\$defs\//, "")
    if (!Object.hasOwn(this.#definitions, name)) throw new Inexpressible(path, `the reference ${ref} leads nowhere`)
    const outer = this.#open
    this.#open = [...outer, ref]
    const found = this.convert(this.#definitions[name], path)
    this.#open = outer
    return found
  }

  /** Puts what stands beside alternatives into each of them, because it may only be said there. */
  #alternatives(draft: Draft, common: Node, members: ReadonlyArray<unknown>, path: string): void {
    const { $defs: _, ...shared } = common
    const rest = members.filter((member) => !isNull(member))
    if (rest.length < members.length) draft.nullable = true
    if (rest.length === 0) {
      draft.type = "NULL"
      return
    }
    const converted = rest.map((member, i) =>
      this.convert(this.#with(shared, member, `${path}.anyOf[${i}]`), `${path}.anyOf[${i}]`)
    )
    const [only] = converted
    if (converted.length > 1 || only === undefined) {
      draft.anyOf = converted
      return
    }
    const { description, ...single } = only
    if (description && description !== draft.description) say(draft, description)
    Object.assign(draft, { ...single, ...draft })
  }

  #with(shared: Node, member: unknown, path: string): unknown {
    if (Object.keys(shared).length === 0 || !Json.isObject(member)) return member
    if (member["$ref"] !== undefined) {
      throw new Inexpressible(path, "a reference beside other keywords needs JSON Schema (the default dialect)")
    }
    const required = [shared["required"], member["required"]].flatMap((names) => Array.isArray(names) ? names : [])
    return {
      ...shared,
      ...member,
      ...(shared["properties"] === undefined
        ? {}
        : { properties: { ...Object(shared["properties"]), ...Object(member["properties"]) } }),
      ...(required.length === 0 ? {} : { required })
    }
  }

  #typed(draft: Draft, value: Node, path: string): void {
    const types = typesOf(value)
    const concrete = types.filter((type) => type !== "null")
    if (types.length > concrete.length) draft.nullable = true
    const [only] = concrete
    if (concrete.length > 1) {
      draft.anyOf = concrete.map((type) => {
        const member: Draft = {}
        this.#single(member, value, type, path)
        return member
      })
    } else if (only !== undefined) this.#single(draft, value, only, path)
    else if (types.length > 0) draft.type = "NULL"
    else {
      // This is the schema of any value: a type is demanded, so the model may write values that need no further schema.
      draft.anyOf = [{ type: "STRING" }, { type: "NUMBER" }, { type: "BOOLEAN" }]
      draft.nullable = true
    }
  }

  #single(draft: Draft, value: Node, name: string, path: string): void {
    const type = name.toUpperCase()
    draft.type = type
    const { format } = value
    if (typeof format === "string") {
      if (formats.get(type)?.includes(format)) draft.format = format
      else if (!draft.description?.includes(format)) say(draft, `in the format ${format}`)
    }
    const numbers = (...keys: ReadonlyArray<"minItems" | "maxItems" | "minimum" | "maximum">): void => {
      for (const key of keys) {
        const number = value[key]
        if (typeof number === "number") draft[key] = number
      }
    }
    switch (type) {
      case "STRING":
        return this.#listed(draft, value, "string", path)
      case "NUMBER":
      case "INTEGER":
        numbers("minimum", "maximum")
        return this.#listed(draft, value, "number", path)
      case "ARRAY":
        numbers("minItems", "maxItems")
        return this.#items(draft, value, path)
      case "OBJECT":
        return this.#properties(draft, value, path)
      case "BOOLEAN":
        return
      default:
        throw new Inexpressible(path, `the type ${JSON.stringify(name)} is not known to Gemini`)
    }
  }

  /** Lists the values of an enum. Only strings can be listed; numbers are put into words. */
  #listed(draft: Draft, value: Node, kind: "string" | "number", path: string): void {
    const listed = value["enum"]
    if (!Array.isArray(listed)) return
    const own = listed.filter((each) => typeof each === kind)
    if (own.length === 0) throw new Inexpressible(path, `no ${kind} is among the values that it lists`)
    if (kind === "number") return say(draft, `one of ${own.join(", ")}`)
    draft.enum = own.map(String)
    draft.format = "enum"
  }

  #items(draft: Draft, value: Node, path: string): void {
    const { items, prefixItems: tuple } = value
    if (!Array.isArray(tuple) || tuple.length === 0) {
      draft.items = this.convert(items ?? {}, `${path}[]`)
      return
    }
    const kinds = new Set(tuple.map((item) => JSON.stringify(item)))
    if (kinds.size !== 1 || items !== undefined) {
      throw new Inexpressible(path, "a tuple of different items needs JSON Schema (the default dialect)")
    }
    draft.items = this.convert(tuple[0], `${path}[0]`)
  }

  #properties(draft: Draft, value: Node, path: string): void {
    const { additionalProperties: free, properties, required } = value
    if (Json.isObject(free) || free === true) {
      throw new Inexpressible(path, "an object of free keys needs JSON Schema (the default dialect)")
    }
    const names = Json.isObject(properties) ? Object.keys(properties) : []
    if (!Json.isObject(properties) || names.length === 0) {
      // The outermost object may be empty (recorded in 2026); of an inner one reports say "should be non-empty for
      // OBJECT type" (browser-use/browser-use#7, MarkusPfundstein/mcp-obsidian#21).
      if (path === "") return
      throw new Inexpressible(path, "an object without properties needs JSON Schema (the default dialect)")
    }
    draft.properties = Object.fromEntries(
      names.map((name) => [name, this.convert(properties[name], at(path, name))])
    )
    draft.propertyOrdering = names
    const known = Array.isArray(required) ? names.filter((name) => required.includes(name)) : []
    if (known.length > 0) draft.required = known
  }
}

export const toOpenApi = (schema: Node): OpenApiSchema => {
  const definitions = schema["$defs"]
  return new Converter(Json.isObject(definitions) ? definitions : {}).convert(schema, "")
}
