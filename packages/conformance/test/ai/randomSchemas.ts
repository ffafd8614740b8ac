/** JSON Schemas as generators and MCP servers write them, careless ones above all; the same for every seed. */
import type * as JsonSchema from "effect/JsonSchema"

type Node = JsonSchema.JsonSchema
type Pick = (n: number) => number

/** Numbers below n. The high bits: the low ones of such a generator repeat. */
const dice = (seed: number): Pick => {
  let state = (seed * 2_654_435_761) >>> 0
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * n)
  }
}

const of = <A>(pick: Pick, ...choices: readonly [A, ...Array<A>]): A => choices[pick(choices.length)] ?? choices[0]

const words = ["a", "shell", "prompt", "", "漢字", "0", "constructor", "long enough to be a sentence"] as const
const names = ["a", "b", "kind", "first-name", "toString", "__typename", "x.y", "größe"] as const
const formats = ["date-time", "date", "uri", "email", "uuid", "int64", "float", "byte", "enum"] as const

const some = <A>(pick: Pick, choices: ReadonlyArray<A>): Array<A> => choices.filter(() => pick(3) === 0)

/** Keywords that stand anywhere, whether they mean something there or not. */
const stray = (pick: Pick): Node => ({
  ...(pick(6) === 0 ? { description: of(pick, "what it is", "") } : {}),
  ...(pick(10) === 0 ? { title: "Title" } : {}),
  ...(pick(12) === 0 ? { default: of<unknown>(pick, null, "", 0, { $ref: "#/nowhere" }) } : {}),
  ...(pick(12) === 0 ? { nullable: pick(2) === 0 } : {}),
  ...(pick(12) === 0 ? { "x-order": 1, examples: ["", { enum: [] }] } : {}),
  ...(pick(15) === 0 ? { required: some(pick, names) } : {}),
  ...(pick(20) === 0 ? { items: { type: "string" } } : {}),
  ...(pick(20) === 0 ? { properties: { stray: { type: "string" } } } : {})
})

const strings = (pick: Pick): Node => ({
  type: "string",
  ...(pick(3) === 0 ? { enum: some(pick, words) } : {}),
  ...(pick(3) === 0 ? { format: of(pick, ...formats) } : {}),
  ...(pick(6) === 0 ? { minLength: 1, maxLength: pick(50) } : {}),
  ...(pick(8) === 0 ? { pattern: "^[a-z]*$" } : {})
})

const numbers = (pick: Pick): Node => ({
  type: of(pick, "number", "integer"),
  ...(pick(3) === 0 ? { minimum: pick(5) } : {}),
  ...(pick(5) === 0 ? { exclusiveMaximum: 10 + pick(5) } : {}),
  ...(pick(5) === 0 ? { enum: [1, 2, 3].slice(pick(4)) } : {}),
  ...(pick(5) === 0 ? { format: of(pick, ...formats) } : {}),
  ...(pick(8) === 0 ? { multipleOf: 5 } : {})
})

const objects = (pick: Pick, depth: number): Node => {
  const own = some(pick, names)
  return {
    ...(pick(8) === 0 ? {} : { type: "object" }),
    ...(own.length === 0 && pick(2) === 0
      ? {}
      : { properties: Object.fromEntries(own.map((name) => [name, node(pick, depth - 1)])) }),
    ...(pick(3) === 0 ? { required: pick(2) === 0 ? own : some(pick, names) } : {}),
    ...(pick(8) === 0 ? { additionalProperties: of<unknown>(pick, true, false, { type: "string" }) } : {}),
    ...(pick(12) === 0 ? { anyOf: [{ required: own.slice(0, 1) }, { required: ["ghost"] }] } : {}),
    ...(pick(20) === 0 ? { patternProperties: { "^x": { type: "string" } } } : {})
  }
}

const arrays = (pick: Pick, depth: number): Node => ({
  type: "array",
  ...(pick(4) === 0 ? {} : { items: node(pick, depth - 1) }),
  ...(pick(4) === 0 ? { minItems: pick(3), maxItems: 3 + pick(40) } : {}),
  ...(pick(10) === 0 ? { prefixItems: [{ type: "string" }, of(pick, { type: "string" }, { type: "integer" })] } : {}),
  ...(pick(10) === 0 ? { uniqueItems: true } : {})
})

const mixed = (pick: Pick, depth: number): Node => {
  const members = Array.from({ length: 1 + pick(3) }, () => node(pick, depth - 1))
  switch (pick(6)) {
    case 0:
      return { anyOf: [...members, { type: "null" }] }
    case 1:
      return { oneOf: members }
    case 2:
      return { allOf: [{ type: "object", properties: { a: { type: "string" } } }, { required: ["a"] }] }
    case 3:
      return { type: ["string", "null"], enum: ["pending", null, ...some(pick, words)] }
    case 4:
      return { type: some(pick, ["string", "integer", "boolean", "null", "array"]) }
    default:
      return { const: of<unknown>(pick, "insert", "", 1, true, null) }
  }
}

const node = (pick: Pick, depth: number): Node => {
  const own = stray(pick)
  if (depth <= 0) return { ...own, ...of(pick, strings, numbers)(pick) }
  switch (pick(12)) {
    case 0:
    case 1:
    case 2:
      return { ...own, ...objects(pick, depth) }
    case 3:
    case 4:
      return { ...own, ...arrays(pick, depth) }
    case 5:
    case 6:
      return { ...own, ...mixed(pick, depth) }
    case 7:
      return { ...own, ...numbers(pick) }
    case 8:
      return of<Node>(pick, {}, { type: "boolean" }, { $ref: "#/$defs/Shared" }, { $ref: "#/definitions/Old" })
    case 9:
      return pick(6) === 0 ? { $ref: of(pick, "#", "#/properties/a", "#/$defs/nowhere") } : { type: "boolean" }
    default:
      return { ...own, ...strings(pick) }
  }
}

const definitions = (pick: Pick): Node => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  $defs: { Shared: node(pick, 1), "a/b": { type: "string" } },
  definitions: { Old: { ...objects(pick, 1), type: "object" } }
})

/** A schema of any kind. */
export const make = (seed: number): Node => {
  const pick = dice(seed)
  return { ...definitions(pick), ...node(pick, 3) }
}

/** An object with properties, as the parameters of a tool are. */
export const object = (seed: number): Node => {
  const pick = dice(seed)
  return { ...definitions(pick), type: "object", properties: { first: node(pick, 2), second: node(pick, 2) } }
}
