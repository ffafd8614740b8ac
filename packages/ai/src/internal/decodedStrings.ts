/**
 * Describes the strings that stand for values which JSON has no type for. Effect describes most of them itself ("a string
 * that will be decoded as a URL"); of the others (`DateTimeUtc`) the model would be told nothing but `string`, and write a
 * date in words, which then cannot be decoded.
 */
import type * as JsonSchema from "effect/JsonSchema"
import type * as SchemaAST from "effect/SchemaAST"

/** What tells more than the name of the type. */
const known = new Map([["DateTime.Utc", "a date and time in UTC, such as \"2026-11-29T12:00:00Z\""]])

const sentenceOf = (ast: SchemaAST.AST): string | undefined => {
  if (ast._tag !== "Declaration" || ast.typeParameters.length > 0) return undefined
  const { description, expected } = ast.annotations ?? {}
  if (typeof expected !== "string") return undefined
  const sentence = known.get(expected) ?? `a string that will be decoded as ${expected}`
  return typeof description === "string" ? `${description}; ${sentence}` : sentence
}

const isSchema = (value: unknown): value is JsonSchema.JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The schema as it was made of `ast`, with what it says nothing of in words. */
export const describe = (
  ast: SchemaAST.AST,
  root: JsonSchema.JsonSchema,
  definitions: JsonSchema.Definitions
): { readonly schema: JsonSchema.JsonSchema; readonly definitions: JsonSchema.Definitions } => {
  const described: Record<string, JsonSchema.JsonSchema> = { ...definitions }
  const seen = new Set<string>()

  const list = (asts: ReadonlyArray<SchemaAST.AST>, schemas: unknown): unknown =>
    Array.isArray(schemas)
      ? schemas.map((schema: unknown, place) => {
        const member = asts[place]
        return member === undefined ? schema : visit(member, schema)
      })
      : schemas

  const visit = (ast: SchemaAST.AST, schema: unknown): unknown => {
    if (!isSchema(schema)) return schema
    const reference = schema["$ref"]
    if (typeof reference === "string") {
      const name = decodeURIComponent(reference.replace(/^#\/\$defs\//, "")).replaceAll("~1", "/").replaceAll("~0", "~")
      const target = definitions[name]
      if (target !== undefined && !seen.has(name)) {
        seen.add(name)
        const found = visit(ast, target)
        if (isSchema(found)) described[name] = found
      }
      return schema
    }
    const sentence = sentenceOf(ast)
    if (sentence !== undefined) {
      return schema["type"] === "string" && Object.keys(schema).length === 1
        ? { ...schema, description: sentence }
        : schema
    }
    switch (ast._tag) {
      case "Objects": {
        const properties = isSchema(schema["properties"]) ? schema["properties"] : undefined
        if (properties === undefined) return schema
        const own = Object.entries(properties).map(([name, property]) => {
          const signature = ast.propertySignatures.find((each) => each.name === name)
          return [name, signature === undefined ? property : visit(signature.type, property)]
        })
        return { ...schema, properties: Object.fromEntries(own) }
      }
      case "Arrays": {
        const [rest] = ast.rest
        return {
          ...schema,
          ...("prefixItems" in schema ? { prefixItems: list(ast.elements, schema["prefixItems"]) } : {}),
          ...("items" in schema && rest !== undefined ? { items: visit(rest, schema["items"]) } : {})
        }
      }
      case "Union":
        return "anyOf" in schema ? { ...schema, anyOf: list(ast.types, schema["anyOf"]) } : schema
      case "Suspend":
        return visit(ast.thunk(), schema)
      default:
        return schema
    }
  }

  const whole = visit(ast, root)
  return { schema: isSchema(whole) ? whole : root, definitions: described }
}
