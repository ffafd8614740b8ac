/** What a tool's parameters are written as, and how often. */
import { assert, describe, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as GeminiSchema from "../src/GeminiSchema.ts"
import { requestTools } from "../src/internal/requestTools.ts"
import * as ToolIndex from "../src/internal/toolIndex.ts"

const declared = (tool: Tool.Any, dialect: GeminiSchema.Dialect) => {
  const tools = requestTools({ tools: [tool], toolChoice: "auto" }, ToolIndex.make([tool]), dialect)
  return Result.getOrThrow(tools).tools?.[0]?.functionDeclarations?.[0] ?? assert.fail("nothing is declared")
}

describe("the parameters of a tool", () => {
  it("are written once in each dialect, and shared by all requests", () => {
    const tool = Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }) })
    const json = declared(tool, "json")
    const openapi = declared(tool, "openapi")
    assert.deepStrictEqual(json.parametersJsonSchema, {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false
    })
    assert.isUndefined(json.parameters)
    assert.strictEqual(openapi.parameters?.type, "OBJECT")
    assert.isUndefined(openapi.parametersJsonSchema)
    assert.strictEqual(declared(tool, "json").parametersJsonSchema, json.parametersJsonSchema)
    assert.strictEqual(declared(tool, "openapi").parameters, openapi.parameters)
    // A tool keeps its schema under another name and description.
    const other = declared(tool.annotate(Tool.Title, "The weather"), "json")
    assert.strictEqual(other.parametersJsonSchema, json.parametersJsonSchema)
  })

  it("are written anew where the program gave JSON, which it may have changed", () => {
    const parameters = { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] }
    const tool = Tool.dynamic("weather", { parameters })
    assert.deepInclude(declared(tool, "json").parametersJsonSchema, { properties: { city: { type: "string" } } })
    parameters.properties.city.type = "number"
    assert.deepInclude(declared(tool, "json").parametersJsonSchema, { properties: { city: { type: "number" } } })
  })
})
