/**
 * Estimates how tall the constraint is that a schema becomes at the server: how many states the longest answer runs
 * through. Pure.
 *
 * Gemini refuses a constraint above a height that it names in one message only ("Constraint is too tall: 6336 (vs max of
 * 5888)", seen in AI Studio, googleapis/python-genai#2293, 2026-04); elsewhere it says "too many states for serving", or
 * nothing. The weights are ours, fitted to public measurements of 2026: a list's bound counts for each item (971 pass and
 * 972 fail, eight of 119 pass and eight of 120 fail; python-genai#2170), of an enum the longest value counts, not their
 * number (python-genai#2133), bounds of numbers count little. They meet those measurements within a tenth.
 */
import * as Json from "./json.ts"

type Node = Readonly<Record<string, unknown>>

/** A constraint that a schema can do without, since we check it ourselves. */
export type Constraint = "items" | "enum" | "bounds" | "format"

/** Constraints of nodes that are left out of the estimate. */
export type Without = (node: object, constraint: Constraint) => boolean

export const nothing: Without = () => false

const tallest = 1e9

const number = (value: unknown): number | undefined =>
  (typeof value === "number" || (typeof value === "string" && value !== "")) && Number.isFinite(Number(value))
    ? Math.max(0, Number(value))
    : undefined

const types = (type: unknown): ReadonlyArray<string> =>
  (Array.isArray(type) ? type : [type]).flatMap((each) => typeof each === "string" ? [each.toLowerCase()] : [])

const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const digits = (value: unknown): number => value === undefined ? 0 : String(value).length

/** The constraints that a node has, by what its keywords are. */
export const constraints = (node: Node): ReadonlyArray<Constraint> => [
  ...(node["maxItems"] !== undefined || node["minItems"] !== undefined ? ["items" as const] : []),
  ...(list(node["enum"]).length > 0 ? ["enum" as const] : []),
  ...(node["minimum"] !== undefined || node["maximum"] !== undefined ? ["bounds" as const] : []),
  ...(typeof node["format"] === "string" && list(node["enum"]).length === 0 ? ["format" as const] : [])
]

class Measure {
  readonly #definitions: Node
  readonly #without: Without
  readonly #known = new Map<string, number>()

  constructor(definitions: Node, without: Without) {
    this.#definitions = definitions
    this.#without = without
  }

  height(value: unknown): number {
    return Json.isObject(value) ? Math.min(tallest, this.#height(value)) : 4
  }

  #height(node: Node): number {
    const { $ref } = node
    if (typeof $ref === "string") return this.#reference($ref)
    const members = list(node["anyOf"] ?? node["oneOf"])
    if (members.length > 0) return 2 + Math.max(...members.map((member) => this.height(member)))
    const listed = list(node["enum"])
    if (listed.length > 0 && !this.#without(node, "enum")) {
      return Math.ceil(2.4 * Math.max(...listed.map((each) => JSON.stringify(each).length)))
    }
    const named = types(node["type"])
    const [only = ""] = named
    return named.length > 1 ? Math.max(...named.map((type) => this.#typed(node, type))) : this.#typed(node, only)
  }

  #reference(ref: string): number {
    const name = ref.replace(/^#\/\$defs\//, "")
    const known = this.#known.get(name)
    if (known !== undefined) return known
    // What contains itself is as tall as the answer: it counts once.
    this.#known.set(name, 4)
    const height = Object.hasOwn(this.#definitions, name) ? this.height(this.#definitions[name]) : 4
    this.#known.set(name, height)
    return height
  }

  #typed(node: Node, type: string): number {
    if (type === "object" || (type === "" && Json.isObject(node["properties"]))) return this.#object(node)
    if (type === "array" || (type === "" && node["items"] !== undefined)) return this.#array(node)
    if (type === "boolean") return 5
    if (type === "number" || type === "integer") {
      return 4 + (this.#without(node, "bounds") ? 0 : digits(node["minimum"]) + digits(node["maximum"]))
    }
    return typeof node["format"] === "string" && node["format"] !== "enum" && !this.#without(node, "format") ? 30 : 4
  }

  #object(node: Node): number {
    const { additionalProperties: free, properties } = node
    let height = 2
    for (const [name, property] of Object.entries(Json.isObject(properties) ? properties : {})) {
      height += 5 + name.length + this.height(property)
    }
    return height + (Json.isObject(free) ? 10 + this.height(free) : free === true ? 10 : 0)
  }

  #array(node: Node): number {
    const { items, maxItems, minItems, prefixItems } = node
    const one = this.height(items) + 2
    const tuple = list(prefixItems)
    if (tuple.length > 0) return 2 + tuple.reduce((sum: number, item) => sum + 2 + this.height(item), 0)
    const most = this.#without(node, "items") ? undefined : number(maxItems)
    const least = this.#without(node, "items") ? undefined : number(minItems)
    return most === undefined ? one * (1 + (least ?? 0)) : one * Math.max(1, most)
  }
}

/** The height of one schema, with its own `$defs`. */
export const ofSchema = (schema: Node, without: Without = nothing): number => {
  const definitions = schema["$defs"]
  return new Measure(Json.isObject(definitions) ? definitions : {}, without).height(schema)
}

/** A function is declared with its name. */
export const ofFunction = (name: string): number => 35 + 2 * name.length
