/**
 * JSON Schema as Gemini reads it in `responseJsonSchema` and `parametersJsonSchema`. Pure.
 *
 * The API takes a list of keywords (documented, August 2026) and refuses or ignores the
 * others. What another keyword says is said with these where that is possible, else in the
 * description: the model reads it there and the codec still checks it. What cannot be said
 * at all is an `Inexpressible` with its path.
 */
import { Inexpressible } from "./Inexpressible.ts"
import * as Json from "./json.ts"

export type Node = { readonly [keyword: string]: unknown }
type Draft = { [keyword: string]: unknown }

const taken: ReadonlySet<string> = new Set([
  "$ref",
  "$id",
  "$anchor",
  "type",
  "format",
  "title",
  "description",
  "enum",
  "items",
  "prefixItems",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
  "anyOf",
  "oneOf",
  "properties",
  "additionalProperties",
  "required",
  "propertyOrdering"
])

/** Said in words, in the description. */
const words: Readonly<Record<string, (value: unknown) => string>> = {
  pattern: (value) => `matches the regular expression ${String(value)}`,
  minLength: (value) => `at least ${String(value)} characters`,
  maxLength: (value) => `at most ${String(value)} characters`,
  multipleOf: (value) => `a multiple of ${String(value)}`,
  exclusiveMinimum: (value) => `greater than ${String(value)}`,
  exclusiveMaximum: (value) => `less than ${String(value)}`,
  uniqueItems: (value) => value === true ? "all items differ" : "",
  minProperties: (value) => `at least ${String(value)} entries`,
  maxProperties: (value) => `at most ${String(value)} entries`,
  propertyNames: (value) => `keys match ${JSON.stringify(value)}`,
  contains: (value) => `one of the items matches ${JSON.stringify(value)}`
}

/** Say nothing about which values fit. */
const silent: ReadonlySet<string> = new Set([
  "$schema",
  "$comment",
  "$defs",
  "definitions",
  "default",
  "examples",
  "readOnly",
  "writeOnly",
  "deprecated",
  "contentEncoding",
  "contentMediaType",
  "contentSchema"
])

const describe = (draft: Draft, sentence: string): void => {
  const before = draft["description"]
  if (sentence === "") return
  draft["description"] = typeof before === "string" && before !== "" ? `${before}; ${sentence}` : sentence
}

const typeOf = (value: unknown): string => {
  if (value === null) return "null"
  return typeof value === "number" ? (Number.isInteger(value) ? "integer" : "number") : typeof value
}

const schemas = (value: unknown, path: string): ReadonlyArray<Node> =>
  Array.isArray(value) ? value.map((member, i) => node(member, `${path}[${i}]`)) : []

const setEnum = (draft: Draft, values: ReadonlyArray<unknown>, path: string): void => {
  const kinds = new Set(values.map(typeOf))
  if (kinds.has("object")) throw new Inexpressible(path, "only strings, numbers, booleans and null can be listed")
  if (draft["type"] === undefined && kinds.size === 1) draft["type"] = Array.from(kinds)[0]
  // The API lists strings and numbers; true, false and null are types to it.
  if (kinds.has("boolean") || kinds.has("null")) {
    if (kinds.size === 1 && values.length === 1) {
      if (kinds.has("boolean")) describe(draft, `always ${String(values[0])}`)
      return
    }
    const rest = values.filter((value) => value !== null && typeof value !== "boolean")
    draft["anyOf"] = [
      ...(rest.length === 0 ? [] : [set({}, rest, path)]),
      ...(kinds.has("boolean") ? [{ type: "boolean" }] : []),
      ...(kinds.has("null") ? [{ type: "null" }] : [])
    ]
    delete draft["type"]
    return
  }
  draft["enum"] = values
}

const set = (draft: Draft, values: ReadonlyArray<unknown>, path: string): Draft => {
  setEnum(draft, values, path)
  return draft
}

/** What all members say, in one: they describe the same value. */
const mergeInto = (draft: Draft, member: Node, path: string): void => {
  for (const [keyword, value] of Object.entries(member)) {
    const before = draft[keyword]
    if (before === undefined) draft[keyword] = value
    else if (keyword === "description") describe(draft, String(value))
    else if (keyword === "minimum" || keyword === "minItems") draft[keyword] = Math.max(Number(before), Number(value))
    else if (keyword === "maximum" || keyword === "maxItems") draft[keyword] = Math.min(Number(before), Number(value))
    else if (keyword === "properties") draft[keyword] = { ...Object(before), ...Object(value) }
    else if (keyword === "required" && Array.isArray(before) && Array.isArray(value)) {
      draft[keyword] = Array.from(new Set([...before, ...value]))
    } else if (keyword === "type" && before === "number" && value === "integer") draft[keyword] = value
    else if (keyword === "type" && before === "integer" && value === "number") continue
    else if (JSON.stringify(before) !== JSON.stringify(value) && keyword !== "title") {
      throw new Inexpressible(path, `its parts (allOf) say different things of "${keyword}"`)
    }
  }
}

const bound = (draft: Draft, keyword: string, value: unknown, isInteger: boolean): boolean => {
  if (!isInteger || typeof value !== "number" || !Number.isInteger(value)) return false
  if (keyword === "exclusiveMinimum") draft["minimum"] = value + 1
  else if (keyword === "exclusiveMaximum") draft["maximum"] = value - 1
  else return false
  return true
}

/**
 * Whether the description, Effect's own perhaps, already speaks of it. Lengths differ
 * there: JSON Schema counts code points, Effect UTF-16 units.
 */
const isSaid = (draft: Draft, keyword: string, value: unknown): boolean => {
  const said = draft["description"]
  if (typeof said !== "string") return false
  return said.includes(String(value)) || (keyword.endsWith("Length") && said.includes("length"))
}

const keywordInto = (draft: Draft, source: Node, keyword: string, value: unknown, path: string): void => {
  switch (keyword) {
    case "const":
      return setEnum(draft, [value], path)
    case "enum":
      return setEnum(draft, Array.isArray(value) ? value : [], path)
    case "$ref":
      draft["$ref"] = typeof value === "string" ? value.replace("#/definitions/", "#/$defs/") : value
      return
    case "not":
      // An empty struct: anything but null. A model can only be asked for an object.
      if (Json.isObject(value) && value["type"] === "null" && Object.keys(value).length === 1) {
        draft["type"] = "object"
        return
      }
      throw new Inexpressible(path, "no value fits, or a negation is needed, and Gemini has no word for either")
    case "if":
    case "dependentSchemas":
      throw new Inexpressible(path, `conditions ("${keyword}") are not known to Gemini`)
    case "allOf":
      return schemas(value, `${path}.allOf`).forEach((member) => mergeInto(draft, member, path))
    case "anyOf":
    case "oneOf": {
      const seen = new Map(schemas(value, `${path}.${keyword}`).map((member) => [JSON.stringify(member), member]))
      draft[keyword] = Array.from(seen.values())
      return
    }
    case "prefixItems":
      draft[keyword] = schemas(value, `${path}.${keyword}`)
      return
    case "minimum":
    case "maximum":
      // Every integer of JavaScript has these bounds: no news to the model.
      if (Math.abs(Number(value)) !== Number.MAX_SAFE_INTEGER) draft[keyword] = value
      return
    case "items":
      if (typeof value === "object") draft[keyword] = node(value, `${path}[]`)
      return
    case "additionalProperties":
      draft[keyword] = typeof value === "boolean" ? value : node(value, `${path}{}`, true)
      return
    case "properties":
      draft[keyword] = Object.fromEntries(
        Object.entries(Json.isObject(value) ? value : {}).map(([name, property]) => [
          name,
          node(property, path === "" ? name : `${path}.${name}`)
        ])
      )
      return
    case "patternProperties": {
      const [first, ...more] = Object.entries(Json.isObject(value) ? value : {})
      if (first === undefined) return
      if (more.length > 0) throw new Inexpressible(path, "keys of more than one pattern are not known to Gemini")
      draft["additionalProperties"] = node(first[1], `${path}{}`)
      return describe(draft, `keys match ${first[0]}`)
    }
  }
  if (taken.has(keyword)) draft[keyword] = value
  else if (words[keyword] !== undefined) {
    if (!bound(draft, keyword, value, source["type"] === "integer") && !isSaid(draft, keyword, value)) {
      describe(draft, words[keyword](value))
    }
  } else if (!silent.has(keyword)) throw new Inexpressible(path, `"${keyword}" is not known to Gemini`)
}

const isNever = (value: unknown): boolean => Json.isObject(value) && Json.isObject(value["not"])

const node = (value: unknown, path: string, orNothing = false): Node => {
  if (value === true) return {}
  if (orNothing && isNever(value)) return { not: {} }
  if (!Json.isObject(value)) throw new Inexpressible(path, "no value fits")
  const draft: Draft = {}
  // What is said in words follows the description that is there.
  if (typeof value["description"] === "string") draft["description"] = value["description"]
  for (const [keyword, entry] of Object.entries(value)) {
    if (keyword !== "description") keywordInto(draft, value, keyword, entry, path)
  }
  if (Json.isObject(draft["additionalProperties"]) && "not" in draft["additionalProperties"]) {
    draft["additionalProperties"] = false
  }
  // A tuple of fixed length says so by its length.
  if (Array.isArray(draft["prefixItems"]) && draft["items"] === undefined && draft["maxItems"] === undefined) {
    draft["maxItems"] = draft["prefixItems"].length
  }
  if (draft["$ref"] === undefined || Object.keys(draft).length === 1) return draft
  // Beside a reference nothing else may stand.
  const { $ref, ...rest } = draft
  return { ...rest, anyOf: [{ $ref }] }
}

const references = (value: unknown, out: Set<string>): void => {
  if (typeof value !== "object" || value === null) return
  for (const [key, entry] of Object.entries(value)) {
    if (key === "$ref" && typeof entry === "string") out.add(entry.replace("#/$defs/", ""))
    else references(entry, out)
  }
}

/** The whole document with the definitions that it uses. */
export const toJsonDialect = (schema: Node, definitions: Readonly<Record<string, unknown>>): Node => {
  const root = node(schema, "")
  const used = new Set<string>()
  references(root, used)
  const $defs: Record<string, Node> = {}
  // The set grows while it is walked: definitions use definitions.
  for (const name of used) {
    if (definitions[name] === undefined) continue
    $defs[name] = node(definitions[name], `$defs.${name}`)
    references($defs[name], used)
  }
  return Object.keys($defs).length === 0 ? root : { ...root, $defs }
}
