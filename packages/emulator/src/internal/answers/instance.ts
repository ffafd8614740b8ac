/**
 * A value that a schema accepts, in the dialect of `responseSchema` (OpenAPI subset) or of
 * `responseJsonSchema`: for JSON answers and for the arguments of function calls.
 */
import * as DiceOf from "../Dice.ts"
import type { Dice } from "../Dice.ts"
import * as Json from "../json.ts"
import * as Conforms from "../judge/conforms.ts"
import * as Kinds from "./kinds.ts"
import * as Pattern from "./pattern.ts"
import * as Wishes from "./wishes.ts"

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

const string = (schema: unknown, name: string, dice: Dice): string => {
  const format = Json.text(Json.at(schema, "format"))
  const made = format === undefined ? undefined : formats.get(format)?.(dice)
  if (made !== undefined) return made
  const pattern = Json.text(Json.at(schema, "pattern"))
  const min = Json.number(Json.at(schema, "minLength")) ?? 0
  const max = Json.number(Json.at(schema, "maxLength")) ?? Number.POSITIVE_INFINITY
  const matched = pattern === undefined ? undefined : Pattern.text(pattern, min, dice)
  if (matched !== undefined) return matched
  const word = name === "" ? `${dice.pick(words)}` : `${name} ${dice.pick(words)}`
  return word.padEnd(min, "x").slice(0, max)
}

/** The bounds of a number. Where `over` and `under` are told, the bound itself is not allowed. */
const numeric = (schema: unknown, whole: boolean, dice: Dice): number => {
  const min = Json.number(Json.at(schema, "minimum"))
  const max = Json.number(Json.at(schema, "maximum"))
  const over = Json.number(Json.at(schema, "exclusiveMinimum"))
  const under = Json.number(Json.at(schema, "exclusiveMaximum"))
  const step = Json.number(Json.at(schema, "multipleOf"))
  if (over !== undefined || under !== undefined || step !== undefined) {
    return stepped({ min, max, over, under }, step !== undefined && step > 0 ? step : undefined, whole, dice)
  }
  const low = min ?? (max === undefined ? 1 : Math.min(max, max - 100))
  const high = max ?? low + 99
  if (whole) return dice.int(Math.ceil(low), Math.floor(high))
  // The number is rounded to two decimals, unless the bounds are closer together than that.
  const value = low + dice.next() * (high - low)
  const rounded = Math.round(value * 100) / 100
  return rounded >= low && rounded <= high ? rounded : value
}

interface Bounds {
  readonly min: number | undefined
  readonly max: number | undefined
  readonly over: number | undefined
  readonly under: number | undefined
}

const stepped = ({ max, min, over, under }: Bounds, step: number | undefined, whole: boolean, dice: Dice): number => {
  const lowest = min === undefined ? over : Math.max(min, over ?? min)
  const highest = max === undefined ? under : Math.min(max, under ?? max)
  const reach = 99 * (step ?? 1)
  const low = lowest ?? (highest === undefined ? step ?? 1 : highest - reach)
  const high = highest ?? low + reach
  const unit = whole && (step === undefined || !Number.isInteger(step)) ? 1 : step
  if (unit === undefined) {
    // Neither end is met, as either may be forbidden.
    const value = low + (0.05 + 0.9 * dice.next()) * (high - low)
    const rounded = Math.round(value * 100) / 100
    return rounded > low && rounded < high ? rounded : value
  }
  let first = Math.ceil(low / unit)
  let last = Math.floor(high / unit)
  if (over !== undefined && first * unit <= over) first++
  if (under !== undefined && last * unit >= under) last--
  // Products of decimal fractions carry noise behind their last digit.
  return Number((dice.int(first, Math.max(first, last)) * unit).toPrecision(12))
}

/** How often another value is drawn where one does not do: an item that is there already, a schema with `not`. */
const attempts = 20

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

/** What holds for the whole of a value that is made. */
interface Making {
  readonly root: unknown
  readonly dice: Dice
  readonly wishes: Wishes.Wishes | undefined
}

/** Whether a schema accepts a value, with its format as far as that is known here. */
const accepts = (root: unknown, schema: unknown, value: unknown): boolean => {
  const format = Json.text(Json.at(schema, "format"))
  return Conforms.mismatchWithin(root, schema, value) === undefined &&
    (!Kinds.isKnownFormat(format) || Kinds.isOfFormat(format, value))
}

/** The first candidate that a schema accepts. */
const granted = (
  candidates: Iterable<unknown>,
  schema: unknown,
  { root, wishes }: Making
): { readonly value: unknown } | undefined => {
  for (const value of candidates) {
    if (!accepts(root, schema, value)) continue
    wishes?.took(value)
    return { value }
  }
  return undefined
}

/** How many items a list gets from a prompt at most. */
const manyItems = 10

const wishedItems = (schema: unknown, name: string, making: Making): ReadonlyArray<unknown> | undefined => {
  const items = resolved(Json.at(schema, "items"), making.root)
  if (making.wishes === undefined || Json.list(Json.at(schema, "prefixItems")).length > 0) return undefined
  const options = Json.list(Json.at(items, "enum"))
  const wished = options.length > 0 ? making.wishes.options(options, name) : making.wishes.items(items, name)
  const fitting = [...new Set(wished)].filter((each) => accepts(making.root, items, each))
  const list = fitting.slice(0, Math.min(manyItems, Json.number(Json.at(schema, "maxItems")) ?? manyItems))
  if (list.length === 0 || Conforms.mismatchWithin(making.root, schema, list) !== undefined) return undefined
  for (const each of list) making.wishes.took(each)
  return list
}

const array = (schema: unknown, name: string, making: Making, depth: number): ReadonlyArray<unknown> => {
  const wished = wishedItems(schema, name, making)
  if (wished !== undefined) return wished
  const prefix = Json.list(Json.at(schema, "prefixItems")).map((item) => made(item, name, making, depth))
  const min = Json.number(Json.at(schema, "minItems")) ?? 0
  const max = Json.number(Json.at(schema, "maxItems")) ?? Number.POSITIVE_INFINITY
  const items = Json.at(schema, "items")
  // Deep inside, a recursive schema must come to an end.
  const wanted = Math.min(max, Math.max(min, items === undefined || items === false ? 0 : depth > 6 ? 0 : 2))
  const isUnique = Json.at(schema, "uniqueItems") === true
  const seen = new Set(prefix.map(Json.canonical))
  let repeated = 0
  while (prefix.length < wanted && repeated < attempts) {
    const item = made(items ?? {}, name, making, depth)
    const key = Json.canonical(item)
    if (isUnique && seen.has(key)) {
      repeated++
      continue
    }
    seen.add(key)
    prefix.push(item)
  }
  return prefix
}

const object = (schema: unknown, making: Making, depth: number): Json.Json => {
  const properties = Json.at(schema, "properties")
  const required = new Set(Json.list(Json.at(schema, "required")))
  const ordering = Json.list(Json.at(schema, "propertyOrdering"))
  const names = Object.keys(Json.isObject(properties) ? properties : {})
  names.sort((a, b) => ordering.indexOf(a) - ordering.indexOf(b))
  const out: Record<string, unknown> = {}
  for (const name of names) {
    if (required.has(name) || depth <= 3) out[name] = made(Json.at(properties, name), name, making, depth)
  }
  for (const name of required) {
    if (typeof name === "string" && !(name in out)) out[name] = made({}, name, making, depth)
  }
  const extra = Json.at(schema, "additionalProperties")
  const min = Json.number(Json.at(schema, "minProperties")) ?? 0
  for (const word of words) {
    if (Object.keys(out).length >= min) break
    out[word] = made(Json.isObject(extra) ? extra : {}, word, making, depth)
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

const isNull = (schema: unknown): boolean => typeOf(schema) === "null" || Json.at(schema, "const") === null

/** A value for a part of the schema. `name` is the property that it is for, and is used to make its strings readable. */
const made = (schema: unknown, name: string, making: Making, depth: number): unknown => {
  const { dice, root, wishes } = making
  const here = resolved(schema, root)
  const constant = Json.at(here, "const")
  if (constant !== undefined) return constant
  const enumerated = Json.list(Json.at(here, "enum"))
  if (wishes !== undefined && Json.isObject(here)) {
    const own = enumerated.length === 0
      ? wishes.of(here, name)
      : [...wishes.examples(here), ...wishes.options(enumerated, name)]
    const wished = granted(own, here, making)
    if (wished !== undefined) return wished.value
  }
  if (enumerated.length > 0) return dice.pick(enumerated)
  const all = Json.list(Json.at(here, "allOf"))
  if (all.length > 0) {
    return made(merged([...all, { ...Object(here), allOf: undefined }], root), name, making, depth)
  }
  const options = Json.list(Json.at(here, "anyOf") ?? Json.at(here, "oneOf"))
  if (options.length > 0) {
    // A model that has a value gives it, rather than null.
    const telling = wishes === undefined ? options : options.filter((each) => !isNull(resolved(each, root)))
    const among = telling.length === 0 ? options : telling
    // Deep inside, the last option is taken, because recursive types have null or a leaf there.
    return made(depth > 3 ? options.at(-1) : dice.pick(among), name, making, depth + 1)
  }
  switch (typeOf(here)) {
    case "object":
      return depth > 12 ? {} : object(here, making, depth + 1)
    case "array":
      return array(here, name, making, depth + 1)
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

/** A value that `schema` accepts. */
export const make = (schema: unknown, dice: Dice): unknown =>
  made(schema, "", { root: schema, dice, wishes: undefined }, 0)

/** The same, out of what a prompt and results hold where the schema accepts it. */
export const likely = (schema: unknown, dice: Dice, sources: Omit<Wishes.Sources, "root">): unknown => {
  const root = schema
  let value = made(schema, "", { root, dice, wishes: Wishes.make({ ...sources, root }) }, 0)
  for (let i = 0; i < attempts && Conforms.mismatch(schema, value) !== undefined; i++) {
    value = made(schema, "", { root, dice: DiceOf.make(`${dice.letters(12)}\n${i}`), wishes: undefined }, 0)
  }
  return value
}
