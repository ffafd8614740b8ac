/**
 * A value that a schema accepts, in the dialect of `responseSchema` (OpenAPI subset) or of
 * `responseJsonSchema`: for JSON answers and for the arguments of function calls.
 */
import type { Dice } from "../Dice.ts"
import * as Json from "../json.ts"

const words = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper"]

const two = (n: number): string => String(n).padStart(2, "0")

const formats: ReadonlyMap<string, (dice: Dice) => string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  "date-time": (dice) => `2026-${two(dice.int(1, 12))}-${two(dice.int(1, 28))}T12:00:00Z`,
  date: (dice) => `2026-${two(dice.int(1, 12))}-${two(dice.int(1, 28))}`,
  time: () => "12:00:00Z",
  duration: () => "PT1H",
  email: (dice) => `${dice.pick(words)}@example.com`,
  hostname: () => "example.com",
  ipv4: () => "192.0.2.1",
  ipv6: () => "2001:db8::1",
  uri: (dice) => `https://example.com/${dice.pick(words)}`,
  uuid: (dice) => {
    const hex = (count: number) => dice.letters(count, "0123456789abcdef")
    return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`
  }
}))

/** The longest repetition in a text that is made for a pattern. A pattern that demands a longer one gets no text. */
const longest = 10_000

/**
 * A text for a pattern of classes, quantifiers and groups without alternation, which are what the patterns of real
 * schemas consist of.
 */
const fromPattern = (pattern: string, dice: Dice): string | undefined => {
  const body = pattern.replace(/^\^/, "").replace(/\$$/, "")
  const atom = /\\(.)|\[((?:\\.|[^\]])+)\]|([^\\[\](){}*+?|^$])/y
  const quantifier = /\{(\d+)(?:,\d*)?\}|([*+?])/y
  let out = ""
  let at = 0
  while (at < body.length) {
    atom.lastIndex = at
    const found = atom.exec(body)
    if (found === null) return undefined
    at = atom.lastIndex
    quantifier.lastIndex = at
    const many = quantifier.exec(body)
    if (many !== null) at = quantifier.lastIndex
    const count = many === null
      ? 1
      : many[1] === undefined
      ? (many[2] === "+" ? 1 : 0)
      : Math.min(Number(many[1]), longest)
    const [, escaped, set, literal] = found
    const letter = escaped === "d" ? "0123456789" : escaped === "w" ? "abcdefgh" : escaped === "s" ? " " : undefined
    const alphabet = letter ?? literal?.replace(".", "a") ?? escaped ?? alphabetOf(set ?? "a")
    out += dice.letters(count, alphabet)
  }
  try {
    return new RegExp(pattern, "u").test(out) ? out : undefined
  } catch {
    return undefined
  }
}

const alphabetOf = (set: string): string => {
  const plain = set.replaceAll("\\d", "0-9").replaceAll("\\w", "a-z").replaceAll("\\", "")
  const range = /(.)-(.)/.exec(plain)
  const [, from, to] = range ?? []
  if (from === undefined || to === undefined) return plain.replace(/^\^/, "") || "a"
  let out = ""
  for (let code = from.charCodeAt(0); code <= to.charCodeAt(0) && out.length < 26; code++) {
    out += String.fromCharCode(code)
  }
  return out
}

const string = (schema: unknown, name: string, dice: Dice): string => {
  const format = Json.text(Json.at(schema, "format"))
  const made = format === undefined ? undefined : formats.get(format)?.(dice)
  if (made !== undefined) return made
  const pattern = Json.text(Json.at(schema, "pattern"))
  const matched = pattern === undefined ? undefined : fromPattern(pattern, dice)
  if (matched !== undefined) return matched
  const min = Json.number(Json.at(schema, "minLength")) ?? 0
  const max = Json.number(Json.at(schema, "maxLength")) ?? Number.POSITIVE_INFINITY
  const word = name === "" ? `${dice.pick(words)}` : `${name} ${dice.pick(words)}`
  return word.padEnd(min, "x").slice(0, max)
}

const numeric = (schema: unknown, whole: boolean, dice: Dice): number => {
  const min = Json.number(Json.at(schema, "minimum"))
  const max = Json.number(Json.at(schema, "maximum"))
  const low = min ?? (max === undefined ? 1 : Math.min(max, max - 100))
  const high = max ?? low + 99
  if (whole) return dice.int(Math.ceil(low), Math.floor(high))
  // The number is rounded to two decimals, unless the bounds are closer together than that.
  const value = low + dice.next() * (high - low)
  const rounded = Math.round(value * 100) / 100
  return rounded >= low && rounded <= high ? rounded : value
}

const resolved = (schema: unknown, root: unknown): unknown => {
  const ref = Json.text(Json.at(schema, "$ref"))
  if (ref === undefined) return schema
  if (ref === "#") return root
  return Json.at(
    root,
    ...ref.replace(/^#\//, "").split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
  )
}

const typeOf = (schema: unknown): string => {
  const type = Json.at(schema, "type")
  const single = Array.isArray(type) ? type.find((each) => String(each).toLowerCase() !== "null") ?? "null" : type
  if (typeof single === "string") return single.toLowerCase()
  if (Json.at(schema, "properties") !== undefined) return "object"
  return Json.at(schema, "items") === undefined && Json.at(schema, "prefixItems") === undefined ? "string" : "array"
}

const array = (schema: unknown, root: unknown, name: string, dice: Dice, depth: number): ReadonlyArray<unknown> => {
  const prefix = Json.list(Json.at(schema, "prefixItems")).map((item) => make(item, root, name, dice, depth))
  const min = Json.number(Json.at(schema, "minItems")) ?? 0
  const max = Json.number(Json.at(schema, "maxItems")) ?? Number.POSITIVE_INFINITY
  const items = Json.at(schema, "items")
  // Deep inside, a recursive schema must come to an end.
  const wanted = Math.min(max, Math.max(min, items === undefined || items === false ? 0 : depth > 6 ? 0 : 2))
  while (prefix.length < wanted) prefix.push(make(items ?? {}, root, name, dice, depth))
  return prefix
}

const object = (schema: unknown, root: unknown, dice: Dice, depth: number): Json.Json => {
  const properties = Json.at(schema, "properties")
  const required = new Set(Json.list(Json.at(schema, "required")))
  const ordering = Json.list(Json.at(schema, "propertyOrdering"))
  const names = Object.keys(Json.isObject(properties) ? properties : {})
  names.sort((a, b) => ordering.indexOf(a) - ordering.indexOf(b))
  const out: Record<string, unknown> = {}
  for (const name of names) {
    if (required.has(name) || depth <= 3) out[name] = make(Json.at(properties, name), root, name, dice, depth)
  }
  for (const name of required) {
    if (typeof name === "string" && !(name in out)) out[name] = make({}, root, name, dice, depth)
  }
  const extra = Json.at(schema, "additionalProperties")
  const min = Json.number(Json.at(schema, "minProperties")) ?? 0
  for (const word of words) {
    if (Object.keys(out).length >= min) break
    out[word] = make(Json.isObject(extra) ? extra : {}, root, word, dice, depth)
  }
  return out
}

const merged = (schemas: ReadonlyArray<unknown>, root: unknown): Json.Json => {
  let out: Record<string, unknown> = {}
  for (const each of schemas) {
    const schema = resolved(each, root)
    if (!Json.isObject(schema)) continue
    out = {
      ...out,
      ...schema,
      properties: { ...Object(out["properties"]), ...Object(schema["properties"]) },
      required: [...Json.list(out["required"]), ...Json.list(schema["required"])]
    }
  }
  return out
}

/** A value that `schema` accepts. `name` is the property that it is for, and is used to make its strings readable. */
export const make = (schema: unknown, root: unknown, name: string, dice: Dice, depth = 0): unknown => {
  const here = resolved(schema, root)
  const constant = Json.at(here, "const")
  if (constant !== undefined) return constant
  const enumerated = Json.list(Json.at(here, "enum"))
  if (enumerated.length > 0) return dice.pick(enumerated)
  const all = Json.list(Json.at(here, "allOf"))
  if (all.length > 0) {
    return make(merged([...all, { ...Object(here), allOf: undefined }], root), root, name, dice, depth)
  }
  const options = Json.list(Json.at(here, "anyOf") ?? Json.at(here, "oneOf"))
  if (options.length > 0) {
    // Deep inside, the last option is taken, because recursive types have null or a leaf there.
    return make(depth > 3 ? options.at(-1) : dice.pick(options), root, name, dice, depth + 1)
  }
  switch (typeOf(here)) {
    case "object":
      return depth > 12 ? {} : object(here, root, dice, depth + 1)
    case "array":
      return array(here, root, name, dice, depth + 1)
    case "integer":
      return numeric(here, true, dice)
    case "number":
      return numeric(here, false, dice)
    case "boolean":
      return dice.next() < 0.5
    case "null":
      return null
    default:
      return string(here, name, dice)
  }
}
