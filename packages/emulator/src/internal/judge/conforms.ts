/**
 * Whether a value satisfies a schema, in the dialect of `responseSchema` (types in capitals, `nullable`, numbers as
 * strings) or of JSON Schema. Keywords that it does not know are ignored.
 */
import * as Json from "../json.ts"
import { pathOf } from "../problems.ts"

type Path = ReadonlyArray<PropertyKey>

/** The first mistake: where it is, and what was expected. */
export interface Mismatch {
  readonly path: string
  readonly expected: string
}

const typeOf = (value: unknown): string => value === null ? "null" : Array.isArray(value) ? "array" : typeof value

const isOfType = (value: unknown, type: string): boolean => {
  switch (type) {
    case "integer":
      return typeof value === "number" && Number.isInteger(value)
    case "type_unspecified":
      return true
    default:
      return typeOf(value) === type
  }
}

const resolved = (schema: unknown, root: unknown): unknown => {
  const ref = Json.text(Json.at(schema, "$ref"))
  if (ref === undefined) return schema
  if (ref === "#") return root
  const steps = ref.replace(/^#\//, "").split("/")
  return Json.at(root, ...steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~")))
}

const regExp = (pattern: string): RegExp | undefined => {
  try {
    return new RegExp(pattern, "u")
  } catch {
    return undefined
  }
}

/** How deep the check goes, because a schema may refer to itself in a circle. */
const deepest = 200

const sameJson = (a: unknown, b: unknown): boolean => Json.canonical(a) === Json.canonical(b)

class Check {
  private readonly root: unknown
  private depth = 0

  constructor(root: unknown) {
    this.root = root
  }

  value(given: unknown, value: unknown, path: Path): Mismatch | undefined {
    if (this.depth > deepest) return undefined
    this.depth++
    const found = this.here(given, value, path)
    this.depth--
    return found
  }

  private here(given: unknown, value: unknown, path: Path): Mismatch | undefined {
    const schema = resolved(given, this.root)
    const wrong = (expected: string): Mismatch => ({ path: pathOf(path), expected })
    if (schema === false) return wrong("nothing")
    if (!Json.isObject(schema)) return undefined
    if (value === null && schema["nullable"] === true) return undefined
    if (schema["const"] !== undefined && !sameJson(schema["const"], value)) {
      return wrong(JSON.stringify(schema["const"]))
    }
    const options = Json.list(schema["enum"])
    if (options.length > 0 && !options.some((option) => sameJson(option, value))) {
      return wrong(`one of ${JSON.stringify(options)}`)
    }
    const types = [schema["type"]].flat().filter((type) => typeof type === "string").map((type) => type.toLowerCase())
    if (types.length > 0 && !types.some((type) => isOfType(value, type))) {
      return wrong(`${types.join(" or ")}, not ${typeOf(value)}`)
    }
    return this.combined(schema, value, path) ?? this.own(schema, value, path)
  }

  private combined(schema: Json.Json, value: unknown, path: Path): Mismatch | undefined {
    for (const each of Json.list(schema["allOf"])) {
      const wrong = this.value(each, value, path)
      if (wrong !== undefined) return wrong
    }
    const any = Json.list(schema["anyOf"])
    const first = any.length === 0 ? undefined : this.nearest(any, value, path)
    if (first !== undefined) return first
    const one = Json.list(schema["oneOf"])
    if (one.length > 0) {
      const fitting = one.filter((each) => this.value(each, value, path) === undefined).length
      if (fitting === 0) return this.nearest(one, value, path)
      if (fitting > 1) return { path: pathOf(path), expected: "one of the alternatives alone" }
    }
    const not = schema["not"]
    return not !== undefined && this.value(not, value, path) === undefined
      ? { path: pathOf(path), expected: `what is not ${JSON.stringify(not)}` }
      : undefined
  }

  /** If all alternatives fail, the mistake of the one that fails deepest. */
  private nearest(schemas: ReadonlyArray<unknown>, value: unknown, path: Path): Mismatch | undefined {
    let best: Mismatch | undefined
    for (const each of schemas) {
      const wrong = this.value(each, value, path)
      if (wrong === undefined) return undefined
      if (best === undefined || wrong.path.length > best.path.length) best = wrong
    }
    return best
  }

  private own(schema: Json.Json, value: unknown, path: Path): Mismatch | undefined {
    if (typeof value === "string") return this.text(schema, value, path)
    if (typeof value === "number") return this.number(schema, value, path)
    if (Array.isArray(value)) return this.list(schema, value, path)
    return Json.isObject(value) ? this.object(schema, value, path) : undefined
  }

  private bounds(schema: Json.Json, of: number, least: string, most: string, path: Path, unit: string) {
    const min = Json.number(schema[least])
    const max = Json.number(schema[most])
    if (min !== undefined && of < min) return { path: pathOf(path), expected: `at least ${min}${unit}` }
    return max !== undefined && of > max ? { path: pathOf(path), expected: `at most ${max}${unit}` } : undefined
  }

  private text(schema: Json.Json, value: string, path: Path): Mismatch | undefined {
    const pattern = Json.text(schema["pattern"])
    if (pattern !== undefined && regExp(pattern)?.test(value) === false) {
      return { path: pathOf(path), expected: `a text that matches ${pattern}` }
    }
    return this.bounds(schema, [...value].length, "minLength", "maxLength", path, " letters")
  }

  private number(schema: Json.Json, value: number, path: Path): Mismatch | undefined {
    const over = Json.number(schema["exclusiveMinimum"])
    const under = Json.number(schema["exclusiveMaximum"])
    const step = Json.number(schema["multipleOf"])
    if (over !== undefined && value <= over) return { path: pathOf(path), expected: `more than ${over}` }
    if (under !== undefined && value >= under) return { path: pathOf(path), expected: `less than ${under}` }
    if (step !== undefined && step > 0 && Math.abs(value / step - Math.round(value / step)) > 1e-9) {
      return { path: pathOf(path), expected: `a multiple of ${step}` }
    }
    return this.bounds(schema, value, "minimum", "maximum", path, "")
  }

  private list(schema: Json.Json, value: ReadonlyArray<unknown>, path: Path): Mismatch | undefined {
    const prefix = Json.list(schema["prefixItems"])
    for (const [i, item] of value.entries()) {
      const of = i < prefix.length ? prefix[i] : schema["items"]
      const wrong = of === undefined ? undefined : this.value(of, item, [...path, i])
      if (wrong !== undefined) return wrong
    }
    if (schema["uniqueItems"] === true && new Set(value.map(Json.canonical)).size < value.length) {
      return { path: pathOf(path), expected: "no item twice" }
    }
    return this.bounds(schema, value.length, "minItems", "maxItems", path, " items")
  }

  private object(schema: Json.Json, value: Json.Json, path: Path): Mismatch | undefined {
    for (const name of Json.list(schema["required"])) {
      if (typeof name === "string" && !Object.hasOwn(value, name)) {
        return { path: pathOf([...path, name]), expected: "a value: it is required" }
      }
    }
    const properties = Json.isObject(schema["properties"]) ? schema["properties"] : {}
    const patterns = Json.isObject(schema["patternProperties"]) ? Object.entries(schema["patternProperties"]) : []
    for (const [name, member] of Object.entries(value)) {
      const isNamed = Object.hasOwn(properties, name)
      const own = [
        ...(isNamed ? [properties[name]] : []),
        ...patterns.filter(([pattern]) => regExp(pattern)?.test(name) === true).map(([, each]) => each)
      ]
      const of = own.length > 0 ? own : [schema["additionalProperties"]]
      for (const each of of) {
        if (each === false) return { path: pathOf([...path, name]), expected: "no such property" }
        const wrong = each === undefined ? undefined : this.value(each, member, [...path, name])
        if (wrong !== undefined) return wrong
      }
    }
    return this.bounds(schema, Object.keys(value).length, "minProperties", "maxProperties", path, " properties")
  }
}

/** What keeps `value` from satisfying `schema`. Undefined: it satisfies it. */
export const mismatch = (schema: unknown, value: unknown): Mismatch | undefined =>
  new Check(schema).value(schema, value, [])

/** The same for a part of a schema, whose references are to the whole. */
export const mismatchWithin = (root: unknown, schema: unknown, value: unknown): Mismatch | undefined =>
  new Check(root).value(schema, value, [])

export const says = ({ expected, path }: Mismatch): string =>
  path === "" ? `expected ${expected}` : `${path}: expected ${expected}`
