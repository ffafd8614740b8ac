/** How schemas of any library are read: who is asked for their JSON Schema, where issues are, what is shown of a part. */
import { GeminiError } from "effect-gemini-promises"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import { describe, expect, test } from "vitest"
import type { AnySchema, JsonSchema } from "../src/AnySchema.ts"
import * as ReadSchema from "../src/internal/readSchema.ts"

const place = { method: "generateContent", field: "schema" }

const standard = (
  more: object = {},
  props: object = {},
  validate: StandardSchemaV1.Props["validate"] = (value) => ({ value })
) => ({ "~standard": { version: 1, vendor: "mine", validate, ...props }, ...more }) as unknown as AnySchema

const read = (schema: unknown, given?: JsonSchema) => ReadSchema.read(schema as AnySchema, given, place)

const refusal = (schema: unknown, given?: JsonSchema): string => {
  try {
    read(schema, given)
  } catch (error) {
    if (error instanceof GeminiError) return error.message
    throw error
  }
  return "nothing"
}

const titled = (title: string) => ({ type: "object", properties: { [title]: { type: "string" } } })
const propertyOf = (schema: JsonSchema): string => Object.keys(schema["properties"] as object).join()

describe("Gemini is told the JSON Schema", () => {
  test("that was given, before one that the schema says, of every library", () => {
    const said = { toJSONSchema: () => titled("said") }
    expect(propertyOf(read(standard(said), titled("given")).jsonSchema)).toBe("given")
    expect(propertyOf(read(Schema.Struct({ own: Schema.String }), titled("given")).jsonSchema)).toBe("given")
    expect(propertyOf(read(Schema.Struct({ own: Schema.String })).jsonSchema)).toBe("own")
  })

  test("that the standard's converter says for the input, else the method that the library has", () => {
    const asked: Array<unknown> = []
    const converter = (title: string) => ({
      jsonSchema: { input: (options: unknown) => (asked.push(options), title === "" ? undefined : titled(title)) }
    })
    const zod = { toJSONSchema: (options: unknown) => (asked.push(options), titled("zod")) }
    const ark = { toJsonSchema: (options: unknown) => (asked.push(options), titled("ark")) }
    expect(propertyOf(read(standard({ ...zod, ...ark }, converter("standard"))).jsonSchema)).toBe("standard")
    expect(propertyOf(read(standard({ ...zod, ...ark }, converter(""))).jsonSchema)).toBe("zod")
    expect(propertyOf(read(standard({ ...zod, ...ark })).jsonSchema)).toBe("zod")
    expect(propertyOf(read(standard(ark)).jsonSchema)).toBe("ark")
    expect(propertyOf(read(standard({ toJSONSchema: 5, ...ark }, { jsonSchema: 5 })).jsonSchema)).toBe("ark")
    expect(propertyOf(read(standard({ toJSONSchema: () => "text", ...ark }, { jsonSchema: {} })).jsonSchema)).toBe(
      "ark"
    )
    const draft = { target: "draft-2020-12" }
    const input = { io: "input" }
    expect(asked).toEqual([draft, draft, input, input, undefined, undefined, undefined])
  })

  test("of a schema that is a function, as ArkType's are", () => {
    const schema = Object.assign(() => 1, standard({ toJsonSchema: () => titled("function") }))
    expect(propertyOf(read(schema).jsonSchema)).toBe("function")
  })
})

describe("a schema is refused, with its place, that", () => {
  test("is none", () => {
    for (
      const schema of [undefined, null, 5, "text", {}, [], { "~standard": 1 }, { "~standard": null }, {
        "~standard": {}
      }, { "~standard": { validate: 1 } }]
    ) {
      expect(refusal(schema)).toMatch(/schema: expected a Standard Schema/)
    }
  })
  test("cannot say itself, with what helps by its library", () => {
    expect(refusal(standard())).toMatch(/this schema \(mine\) cannot say itself .*update its library/)
    expect(refusal(standard({}, { vendor: "valibot" }))).toMatch(/\(valibot\).*wrap it in toStandardJsonSchema/)
    expect(refusal(standard({ toJSONSchema: () => [titled("list")] }))).toMatch(/cannot say itself/)
  })
  test("fails to say itself, in its library's words", () => {
    const failing = (error: unknown) =>
      standard({
        toJSONSchema: () => {
          throw error
        }
      })
    expect(refusal(failing(new Error("dates have no JSON Schema")))).toMatch(/schema: dates have no JSON Schema/)
    expect(refusal(failing("a text"))).toMatch(/schema: a text/)
  })
})

describe("a value that does not fit", () => {
  const issues = async (...list: ReadonlyArray<StandardSchemaV1.Issue>) => {
    const { codec } = read(standard({ toJSONSchema: () => titled("a") }, {}, () => ({ issues: list })))
    const exit = await Effect.runPromiseExit(Schema.decodeUnknownEffect(codec)({}))
    return Exit.isFailure(exit) ? String(exit.cause) : "nothing"
  }
  test("fails with every issue at its place", async () => {
    const said = await issues(
      { message: "too short", path: ["a", 0, { key: "b" }, { key: 2 }] },
      { message: "missing", path: [] },
      { message: "wrong" },
      { message: "odd", path: [1] }
    )
    expect(said).toContain("too short at a[0].b[2]")
    expect(said).toMatch(/missing(?! at)/)
    expect(said).toMatch(/wrong(?! at)/)
    expect(said).toContain("odd at [1]")
  })
})

describe("of an unfinished value is shown", () => {
  const partialOf = (schema: JsonSchema) =>
    read(standard({ toJSONSchema: () => schema })).partial as Schema.Codec<unknown, unknown>
  const decoded = (schema: JsonSchema, value: unknown) =>
    Exit.getSuccess(Effect.runSyncExit(Schema.decodeUnknownEffect(partialOf(schema))(value)))
  const keeps = (schema: JsonSchema, value: unknown) => decoded(schema, value)._tag === "Some"

  test("what structs and lists have, each key only once it is there", () => {
    const schema = {
      type: "object",
      properties: { a: { type: "string" }, list: { type: "array", items: titled("b") } },
      required: ["a", "list"]
    }
    expect(keeps(schema, {})).toBe(true)
    expect(keeps(schema, { a: "x", list: [{ b: "y" }, {}] })).toBe(true)
    expect(keeps(schema, { list: {} })).toBe(false)
    expect(keeps(schema, { list: [5] })).toBe(false)
    expect(keeps(schema, [])).toBe(false)
  })

  test("what a reference points at, by its steps and their escapes", () => {
    const schema = (ref: string) => ({
      type: "object",
      properties: { a: { $ref: ref } },
      $defs: { plain: titled("b"), "with/slash": titled("c"), "with~tilde": titled("d") }
    })
    for (const ref of ["#/$defs/plain", "#/$defs/with~1slash", "#/$defs/with~0tilde", "#"]) {
      expect(keeps(schema(ref), { a: {} }), ref).toBe(true)
      expect(keeps(schema(ref), { a: [] }), ref).toBe(false)
    }
  })

  test("anything, where a reference leads round in a circle", () => {
    const schema = { type: "object", properties: { a: { $ref: "#/$defs/b" } }, $defs: { b: { $ref: "#/$defs/b" } } }
    expect(keeps(schema, { a: [5] })).toBe(true)
    expect(keeps(schema, [])).toBe(false)
  })

  test("lists within lists, as deep as sixteen levels", () => {
    const nested = (levels: number): JsonSchema => {
      let schema: JsonSchema = { type: "array", items: { type: "string" } }
      for (let level = 1; level < levels; level++) schema = { type: "array", items: schema }
      return schema
    }
    const value = (levels: number): unknown => {
      let at: unknown = "no list"
      for (let level = 1; level < levels; level++) at = [at]
      return at
    }
    // The wrong value lies at the depth that is named, counted from 0.
    expect(keeps(nested(17), value(17))).toBe(false)
    expect(keeps(nested(18), value(18))).toBe(true)
  })
})
