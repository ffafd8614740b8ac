/**
 * The concise form of a schema, as simonw's `llm` has it: `name, age int, bio: in one sentence`. Fields are separated by
 * commas, or by ends of lines, and then commas may stand in descriptions. Pure.
 */
import * as Result from "effect/Result"

/** A schema as it goes to the server. */
export type JsonSchema = Readonly<Record<string, unknown>>

const types: ReadonlyMap<string, string> = new Map([
  ["str", "string"],
  ["int", "integer"],
  ["float", "number"],
  ["bool", "boolean"]
])

/** What the types are called elsewhere. */
const elsewhere: ReadonlyMap<string, string> = new Map(
  Object.entries({ string: "str", text: "str", integer: "int", number: "float", double: "float", boolean: "bool" })
)

const example = "such as 'name, age int, bio: in one sentence'"

const field = (text: string): Result.Result<readonly [name: string, schema: JsonSchema], string> => {
  const colon = text.indexOf(":")
  const head = (colon === -1 ? text : text.slice(0, colon)).trim()
  const description = colon === -1 ? "" : text.slice(colon + 1).trim()
  const [name = "", type = "str", ...more] = head.split(/\s+/)
  if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name)) {
    return Result.fail(
      `"${
        name === "" ? text.trim() : name
      }" cannot be the name of a field; a field is a name, a type and a description, ${example}`
    )
  }
  const known = types.get(type)
  if (known === undefined || more.length > 0) {
    const said = known === undefined ? type : more.join(" ")
    const meant = elsewhere.get(type.toLowerCase())
    const hint = known === undefined && more.length === 0 && meant !== undefined
      ? `did you mean ${meant}?`
      : `a description follows a colon: '${name}: ${head.slice(name.length).trim()}'`
    return Result.fail(`"${said}" is not a type of the field "${name}" (${[...types.keys()].join(", ")}); ${hint}`)
  }
  return Result.succeed([name, { type: known, ...(description === "" ? {} : { description }) }])
}

export const parse = (text: string): Result.Result<JsonSchema, string> => {
  const texts = text.split(text.includes("\n") ? "\n" : ",").map((one) => one.trim()).filter((one) => one !== "")
  if (texts.length === 0) return Result.fail(`there are no fields in it; write one for each value, ${example}`)
  const properties = new Map<string, JsonSchema>()
  for (const one of texts) {
    const read = field(one.replace(/,$/, ""))
    if (Result.isFailure(read)) return Result.fail(read.failure)
    const [name, schema] = read.success
    if (properties.has(name)) return Result.fail(`the field "${name}" is there twice`)
    properties.set(name, schema)
  }
  return Result.succeed({
    type: "object",
    properties: Object.fromEntries(properties),
    required: [...properties.keys()],
    propertyOrdering: [...properties.keys()]
  })
}

/** A list of such things, in the field `items`. */
export const several = (schema: JsonSchema): JsonSchema => ({
  type: "object",
  properties: { items: { type: "array", items: schema } },
  required: ["items"]
})
