/**
 * JSON Schema as Gemini reads it in `responseJsonSchema` and `parametersJsonSchema`. Pure.
 *
 * The API takes a list of keywords (documented, August 2026) and refuses or ignores the others. If another keyword can
 * be said with these, it is; otherwise the description says it: the model reads it there, and the codec still checks
 * it. What cannot be said at all is an `Inexpressible` with its path.
 */
import { Inexpressible } from "./Inexpressible.ts"
import * as Json from "./json.ts"
import * as References from "./references.ts"

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

/** Keywords that are put into words, in the description. */
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

/**
 * These say which values fit, and Gemini has no words for them. Any other keyword that is not known says nothing about
 * values: JSON Schema calls it an annotation, and the tools of MCP servers are full of them (`x-…`, `example`).
 */
const inexpressible: ReadonlySet<string> = new Set([
  "if",
  "then",
  "else",
  "dependentSchemas",
  "dependentRequired",
  "dependencies",
  "unevaluatedItems",
  "$dynamicRef",
  "$recursiveRef"
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

const schemas = (value: unknown, path: string, as: "whole" | "part" = "whole"): ReadonlyArray<Node> =>
  Array.isArray(value) ? value.map((member, i) => node(member, `${path}[${i}]`, as)) : []

const setEnum = (draft: Draft, given: ReadonlyArray<unknown>, path: string): void => {
  const values = Array.from(new Set(given))
  // A list without values is refused (elastic/kibana#286302, 2026-08) and cannot be meant.
  if (values.length === 0) return
  const kinds = new Set(values.map(typeOf))
  if (kinds.has("object")) throw new Inexpressible(path, "only strings, numbers, booleans and null can be listed")
  if (draft["type"] === undefined && kinds.size === 1) draft["type"] = Array.from(kinds)[0]
  // The API lists only strings and numbers; it takes true, false and null as types.
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
  // An empty string in a list is refused (anomalyco/opencode#46676, 2026-09), and without it the list would forbid it.
  if (values.includes("")) {
    return describe(draft, `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`)
  }
  draft["enum"] = values
}

const set = (draft: Draft, values: ReadonlyArray<unknown>, path: string): Draft => {
  setEnum(draft, values, path)
  return draft
}

/** Merges a member into the draft: all members of `allOf` describe the same value. */
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
 * Whether the description, perhaps one of Effect's own, already tells this. A length is told if the description speaks
 * of one, though the numbers may differ: JSON Schema counts code points, and Effect UTF-16 units.
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
      draft["$ref"] = value
      return
    case "$defs":
    case "definitions":
      return
    case "nullable":
      // OpenAPI's word, which servers of MCP also write into JSON Schema.
      return
    case "not":
      // This is Effect's empty struct, which takes anything but null. A model can only be asked for an object.
      if (Json.isObject(value) && value["type"] === "null" && Object.keys(value).length === 1) {
        draft["type"] = "object"
        return
      }
      throw new Inexpressible(path, "no value fits, or a negation is needed, and Gemini has no word for either")
    case "allOf":
      return schemas(value, `${path}.allOf`, "part").forEach((member) => mergeInto(draft, member, path))
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
      // Every integer of JavaScript has these bounds, so they tell the model nothing.
      if (Math.abs(Number(value)) !== Number.MAX_SAFE_INTEGER) draft[keyword] = value
      return
    case "items":
      if (typeof value === "object") draft[keyword] = node(value, `${path}[]`)
      return
    case "additionalProperties":
      draft[keyword] = typeof value === "boolean" ? value : node(value, `${path}{}`, "free")
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
  if (inexpressible.has(keyword)) throw new Inexpressible(path, `conditions ("${keyword}") are not known to Gemini`)
  if (taken.has(keyword)) draft[keyword] = value
  else {
    const inWords = Object.hasOwn(words, keyword) ? words[keyword] : undefined
    if (inWords === undefined) return
    if (!bound(draft, keyword, value, source["type"] === "integer") && !isSaid(draft, keyword, value)) {
      describe(draft, inWords(value))
    }
  }
}

/**
 * Sees to it that every required key has a property here: any other key is refused (MarkusPfundstein/mcp-obsidian#105),
 * and is put into words.
 */
const needed = (draft: Draft): void => {
  const { properties, required } = draft
  if (!Array.isArray(required)) return
  const known = required.filter((name) => Json.isObject(properties) && Object.hasOwn(properties, String(name)))
  if (known.length === required.length) return
  const lost = required.filter((name) => !known.includes(name))
  if (known.length > 0) draft["required"] = known
  else delete draft["required"]
  describe(draft, `needs ${lost.map((name) => JSON.stringify(name)).join(", ")}`)
}

const isNever = (value: unknown): boolean => Json.isObject(value) && Json.isObject(value["not"])

/**
 * Makes one schema: a whole one, a part of one (`allOf`), or the schema of an object's free keys, which may be missing.
 */
const node = (value: unknown, path: string, as: "whole" | "part" | "free" = "whole"): Node => {
  if (value === true) return {}
  if (as === "free" && isNever(value)) return { not: {} }
  if (!Json.isObject(value)) throw new Inexpressible(path, "no value fits")
  const draft: Draft = {}
  // What is put into words comes behind the description that is already there.
  if (typeof value["description"] === "string") draft["description"] = value["description"]
  for (const [keyword, entry] of Object.entries(value)) {
    if (keyword !== "description") keywordInto(draft, value, keyword, entry, path)
  }
  if (Json.isObject(draft["additionalProperties"]) && "not" in draft["additionalProperties"]) {
    draft["additionalProperties"] = false
  }
  if (as === "part") return draft
  needed(draft)
  // A tuple of fixed length says so by its length.
  if (Array.isArray(draft["prefixItems"]) && draft["items"] === undefined && draft["maxItems"] === undefined) {
    draft["maxItems"] = draft["prefixItems"].length
  }
  return orNull(referring(draft), value["nullable"] === true)
}

/** No other keyword may stand beside a reference. */
const referring = (draft: Node): Node => {
  if (draft["$ref"] === undefined || Object.keys(draft).length === 1) return draft
  const { $ref, ...rest } = draft
  return { ...rest, anyOf: [{ $ref }] }
}

const orNull = (draft: Node, isNullable: boolean): Node => {
  if (!isNullable) return draft
  const { description, ...rest } = draft
  return { ...(description === undefined ? {} : { description }), anyOf: [rest, { type: "null" }] }
}

const references = (value: unknown, out: Set<string>): void => {
  if (typeof value !== "object" || value === null) return
  for (const [key, entry] of Object.entries(value)) {
    if (key === "$ref" && typeof entry === "string") out.add(entry.replace("#/$defs/", ""))
    else references(entry, out)
  }
}

/** The whole document with the definitions that it uses. */
export const toJsonDialect = (source: Node): Node => {
  const { definitions, schema } = References.local(source)
  const root = node(schema, "")
  const used = new Set<string>()
  references(root, used)
  const $defs = new Map<string, Node>()
  // The set grows while it is walked, because definitions use definitions.
  for (const name of used) {
    if (!definitions.has(name)) throw new Inexpressible("", `the reference ${JSON.stringify(name)} leads nowhere`)
    const definition = node(definitions.get(name), `$defs.${name}`)
    $defs.set(name, definition)
    references(definition, used)
  }
  return $defs.size === 0 ? root : { ...root, $defs: Object.fromEntries($defs) }
}
