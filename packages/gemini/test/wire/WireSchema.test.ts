// Walks the published schemas, where the folder is there, and lists what ours lack.
import { assert, describe, it } from "@effect/vitest"
import * as CountTokens from "effect-gemini/wire/CountTokens"
import * as Embedding from "effect-gemini/wire/Embedding"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Models from "effect-gemini/wire/Models"
import type * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { existsSync, readFileSync } from "node:fs"

const file = new URL("../../../../../shared/gemini/schema-v1beta-compact.json", import.meta.url)

interface Property {
  readonly $ref?: string
  readonly type?: string
  readonly items?: Property
  readonly additionalProperties?: Property
}
type Schemas = Readonly<Record<string, { readonly properties?: Readonly<Record<string, Property>> }>>

const ours: ReadonlyArray<readonly [name: string, schema: Schema.Top]> = [
  ["GenerateContentRequest", GenerateContent.GenerateContentRequest],
  ["GenerateContentResponse", GenerateContent.GenerateContentResponse],
  ["CountTokensRequest", CountTokens.CountTokensRequest],
  ["CountTokensResponse", CountTokens.CountTokensResponse],
  ["EmbedContentRequest", Embedding.EmbedContentRequest],
  ["EmbedContentResponse", Embedding.EmbedContentResponse],
  ["BatchEmbedContentsRequest", Embedding.BatchEmbedContentsRequest],
  ["BatchEmbedContentsResponse", Embedding.BatchEmbedContentsResponse],
  ["Model", Models.Model],
  ["ListModelsResponse", Models.ListModelsResponse]
]

// Left out on purpose.
const omissions: Readonly<Record<string, string>> = {
  "GenerateContentRequest.model": "GeminiHttp takes the model beside the wire fields and puts it into the URL",
  "EmbedContentRequest.model": "likewise; batchEmbedContents has it in every entry"
}

/** Every object, array element and record value that an AST may stand for. */
const members = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  ast._tag === "Union" ? ast.types.flatMap(members) : ast._tag === "Suspend" ? members(ast.thunk()) : [ast]

const lacks = (schemas: Schemas, root: string, schema: Schema.Top): ReadonlyArray<string> => {
  const missing: Array<string> = []
  const seen = new Set<string>()
  const visit = (at: string, name: string, ast: SchemaAST.AST): void => {
    // A message may stand in several places, each with a schema of its own.
    if (seen.has(at) || at.split(".").length > 12) return
    seen.add(at)
    const objects = members(ast).filter((member) => member._tag === "Objects")
    for (const [key, property] of Object.entries(schemas[name]?.properties ?? {})) {
      const path = `${at}.${key}`
      const found = objects.flatMap((object) => object.propertySignatures).find((p) => p.name === key)
      if (found === undefined) {
        if (omissions[path] === undefined) missing.push(path)
      } else follow(path, property, found.type)
    }
  }
  const follow = (at: string, property: Property, ast: SchemaAST.AST): void => {
    if (property.$ref !== undefined) {
      const cycle = at.split(".").length > 8
      if (!cycle) visit(at, property.$ref, ast)
    } else if (property.items !== undefined) {
      const arrays = members(ast).filter((member) => member._tag === "Arrays")
      if (arrays.length === 0) missing.push(`${at}: not a list`)
      for (const array of arrays) for (const rest of array.rest) follow(at, property.items, rest)
    } else if (property.additionalProperties !== undefined) {
      const records = members(ast).filter((member) => member._tag === "Objects")
      if (records.length === 0) missing.push(`${at}: not a map`)
      for (const record of records) {
        for (const index of record.indexSignatures) follow(at, property.additionalProperties, index.type)
      }
    }
  }
  visit(root, root, schema.ast)
  return missing
}

describe.skipIf(!existsSync(file))("the published schemas (skipped where ../shared/gemini is not there)", () => {
  const schemas = (): Schemas => JSON.parse(readFileSync(file, "utf8")).schemas

  it.each(ours)("%s: every field is described", (name, schema) => {
    assert.deepStrictEqual(lacks(schemas(), name, schema), [])
  })

  it("the walk reaches deep fields", () => {
    const withoutParts = { Content: { properties: { parts: { type: "array", items: { $ref: "Part" } } } } }
    const schema = { ...withoutParts, Part: { properties: { fieldOfTomorrow: { type: "string" } } } }
    const root = { GenerateContentRequest: { properties: { contents: { type: "array", items: { $ref: "Content" } } } } }
    assert.deepStrictEqual(
      lacks({ ...schema, ...root }, "GenerateContentRequest", GenerateContent.GenerateContentRequest),
      ["GenerateContentRequest.contents.parts.fieldOfTomorrow"]
    )
  })
})
