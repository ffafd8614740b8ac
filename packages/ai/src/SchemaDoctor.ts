/**
 * A doctor for schemas that Gemini finds too large.
 *
 * The server turns a schema into a constraint on what the model may write, and refuses one that has too many states,
 * often with nothing but "Request contains an invalid argument". The doctor estimates that number before anything is
 * sent, names what costs most, and offers a schema that asks for less: list bounds, long enums, bounds of numbers and
 * formats become words in the description, which the model reads and our codec still checks.
 *
 * It is an estimate: the server's own number is published nowhere. It met the public measurements of 2026 within a tenth.
 *
 * ```ts
 * import * as GeminiSchema from "effect-gemini-ai/GeminiSchema"
 * import * as SchemaDoctor from "effect-gemini-ai/SchemaDoctor"
 * import * as Schema from "effect/Schema"
 *
 * const Report = Schema.Struct({
 *   title: Schema.String,
 *   rows: Schema.Array(Schema.Struct({ name: Schema.String, score: Schema.Int })).check(Schema.isMaxLength(500))
 * })
 * const { costliest, fits, relaxed } = SchemaDoctor.examine(GeminiSchema.toCodecGemini(Report).jsonSchema)
 * console.log(fits, costliest?.path, costliest?.constraint) // false rows items
 * console.log(SchemaDoctor.examine(relaxed).fits) // true
 * ```
 *
 * @since 0.2.0
 */
import type * as JsonSchema from "effect/JsonSchema"
import * as Json from "./internal/json.ts"
import * as StateCost from "./internal/stateCost.ts"

/**
 * The height up to which constraints were taken in public reports (April 2026).
 *
 * @category constants
 * @since 0.2.0
 */
export const budget = 5_888

/**
 * A constraint of a schema, and what it costs.
 *
 * @category models
 * @since 0.2.0
 */
export interface Cost {
  /** Where it stands: `rows[].name`; empty for the schema itself. */
  readonly path: string
  /** The same as keys of the schema: `["properties", "rows", "items", "properties", "name"]`. */
  readonly keys: ReadonlyArray<string>
  /** `items`: minItems and maxItems. `bounds`: minimum and maximum. */
  readonly constraint: "items" | "enum" | "bounds" | "format"
  /** How many states there are less without it, as they are estimated. */
  readonly states: number
}

/**
 * What the doctor finds.
 *
 * @category models
 * @since 0.2.0
 */
export interface Diagnosis {
  /** The estimate. */
  readonly states: number
  /** Whether they are within the budget. */
  readonly fits: boolean
  /** The constraint that costs most; undefined where no constraint costs anything. */
  readonly costliest: Cost | undefined
  /** What each constraint costs, the costliest first. */
  readonly costs: ReadonlyArray<Cost>
  /** The schema itself if it fits, else with the costliest constraints in words until it does, as far as they reach. */
  readonly relaxed: JsonSchema.JsonSchema
  /** The constraints that are words there, in the order in which they were given up: what our codec alone checks. */
  readonly inWords: ReadonlyArray<Cost>
}

interface Place {
  readonly path: string
  readonly keys: ReadonlyArray<string>
  readonly node: Readonly<Record<string, unknown>>
}

const at = (path: string, name: string): string => path === "" ? name : `${path}.${name}`

/** Every schema within one. */
const places = (node: unknown, path: string, keys: ReadonlyArray<string>, out: Array<Place>): Array<Place> => {
  if (!Json.isObject(node)) return out
  out.push({ path, keys, node })
  const within = (key: string, value: unknown, name: (key: string) => string): void => {
    for (const [own, inner] of Object.entries(Object(value))) places(inner, name(own), [...keys, key, own], out)
  }
  within("properties", node["properties"], (own) => at(path, own))
  within("$defs", node["$defs"], (own) => `$defs.${own}`)
  for (const key of ["anyOf", "oneOf", "prefixItems"]) within(key, node[key], (own) => `${path}.${key}[${own}]`)
  places(node["items"], `${path}[]`, [...keys, "items"], out)
  places(node["additionalProperties"], `${path}{}`, [...keys, "additionalProperties"], out)
  return out
}

/** How many schemas are looked at for all costs together: of larger ones only the constraints that look costly. */
const most = 2_000_000

const costsOf = (schema: JsonSchema.JsonSchema, states: number): ReadonlyArray<Cost> => {
  const all = places(schema, "", [], [])
  const found = all.flatMap((place) =>
    StateCost.constraints(place.node).map((constraint) => ({ ...place, constraint }))
  )
  const weighed = found.length * all.length <= most ? found : found
    .map((place) => ({ place, own: StateCost.ofSchema({ ...place.node, $defs: schema["$defs"] }) }))
    .sort((a, b) => b.own - a.own)
    .slice(0, Math.max(10, Math.floor(most / all.length)))
    .map(({ place }) => place)
  return weighed
    .map(({ constraint, keys, node, path }): Cost => ({
      path,
      keys,
      constraint,
      states: states - StateCost.ofSchema(schema, (other, left) => other === node && left === constraint)
    }))
    .sort((a, b) => b.states - a.states)
}

const words = (node: Readonly<Record<string, unknown>>, constraint: Cost["constraint"]): string => {
  const { enum: listed, format, maxItems, maximum, minItems, minimum } = node
  const range = (least: unknown, most: unknown, of: string): string =>
    [
      ...(least === undefined ? [] : [`at least ${String(least)}${of}`]),
      ...(most === undefined ? [] : [`at most ${String(most)}${of}`])
    ].join(", ")
  switch (constraint) {
    case "items":
      return range(minItems, maxItems, " items")
    case "bounds":
      return range(minimum, maximum, "")
    case "format":
      return `in the format ${String(format)}`
    case "enum":
      return `one of ${(Array.isArray(listed) ? listed : []).map((each) => JSON.stringify(each)).join(", ")}`
  }
}

const keywords: Readonly<Record<Cost["constraint"], ReadonlyArray<string>>> = {
  items: ["minItems", "maxItems"],
  bounds: ["minimum", "maximum"],
  format: ["format"],
  enum: ["enum"]
}

/** The node with a constraint in words. */
const relaxedNode = (
  node: Readonly<Record<string, unknown>>,
  constraint: Cost["constraint"]
): Readonly<Record<string, unknown>> => {
  const rest = Object.fromEntries(Object.entries(node).filter(([key]) => !keywords[constraint].includes(key)))
  const { description, ...others } = rest
  // The OpenAPI subset says of a listed string that its format is `enum`.
  if (constraint === "enum" && others["format"] === "enum") delete others["format"]
  const said = words(node, constraint)
  return {
    ...others,
    description: typeof description === "string" && description !== "" ? `${description}; ${said}` : said
  }
}

const relax = (node: unknown, keys: ReadonlyArray<string>, constraint: Cost["constraint"]): unknown => {
  const [first, ...rest] = keys
  if (first === undefined) return Json.isObject(node) ? relaxedNode(node, constraint) : node
  if (Array.isArray(node)) return node.map((each, i) => String(i) === first ? relax(each, rest, constraint) : each)
  if (!Json.isObject(node)) return node
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, key === first ? relax(value, rest, constraint) : value])
  )
}

/**
 * The number of states that a schema of either dialect is estimated to have.
 *
 * @category getters
 * @since 0.2.0
 */
export const states = (schema: JsonSchema.JsonSchema): number => StateCost.ofSchema(schema)

/**
 * Examines a schema of either dialect: `GeminiSchema.toCodecGemini(…).jsonSchema`, `fromJsonSchema` or `toOpenApi`.
 * `limit` are the states that it may have, by default {@link budget}.
 *
 * @category getters
 * @since 0.2.0
 */
export const examine = (schema: JsonSchema.JsonSchema, limit: number = budget): Diagnosis => {
  const found = states(schema)
  const costs = costsOf(schema, found)
  const [costliest] = costs
  const inWords: Array<Cost> = []
  let relaxed = schema
  let left = found
  // Between alternatives only the tallest counts: when it is shorter, another may cost something.
  for (let round = costs; left > limit; round = costsOf(relaxed, left)) {
    const before = left
    for (const cost of round) {
      const better = left > limit ? relax(relaxed, cost.keys, cost.constraint) : undefined
      const less = Json.isObject(better) ? states(better) : left
      if (!Json.isObject(better) || less >= left) continue
      inWords.push({ ...cost, states: left - less })
      relaxed = better
      left = less
    }
    if (left === before) break
  }
  return {
    states: found,
    fits: found <= limit,
    costliest: costliest !== undefined && costliest.states > 0 ? costliest : undefined,
    costs,
    relaxed,
    inWords
  }
}
