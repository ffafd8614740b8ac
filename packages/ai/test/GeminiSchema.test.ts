/** The golden table of schemas, in both dialects. */
import { assert, describe, expect, it } from "@effect/vitest"
import * as GeminiSchema from "effect-gemini-ai/GeminiSchema"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { inexpressible, table } from "./schemaTable.ts"

const attempt = <A>(f: () => A): A | string => {
  try {
    return f()
  } catch (error) {
    return `fails: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** The keywords that the API takes (documented, August 2026). */
const taken = new Set([
  ..."$id $defs $ref $anchor type format title description enum items prefixItems minItems maxItems".split(" "),
  ..."minimum maximum anyOf oneOf properties additionalProperties required propertyOrdering".split(" ")
])

const keywords = (schema: unknown, out: Set<string> = new Set()): Set<string> => {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return out
  for (const [key, value] of Object.entries(schema)) {
    out.add(key)
    if (key === "properties" || key === "$defs") Object.values(Object(value)).forEach((each) => keywords(each, out))
    else if (Array.isArray(value)) value.forEach((each) => keywords(each, out))
    else keywords(value, out)
  }
  return out
}

describe("schemas", () => {
  it("there are at least 60 in the table", () => assert.isAtLeast(Object.keys(table).length, 60))

  for (const [name, { schema, value }] of Object.entries(table)) {
    it.effect(`${name}: only keywords that Gemini takes, and values go through the codec`, () =>
      Effect.gen(function*() {
        const { codec, jsonSchema } = GeminiSchema.toCodecGemini(schema)
        for (const keyword of keywords(jsonSchema)) assert.isTrue(taken.has(keyword), `${name} has ${keyword}`)
        const encoded: unknown = JSON.parse(JSON.stringify(yield* Schema.encodeUnknownEffect(codec)(value)))
        assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(codec)(encoded), value)
      }))
  }

  it("describe the strings of types that JSON does not have, wherever they stand", () => {
    interface Day {
      readonly begins: DateTime.Utc
      readonly next: Day | null
    }
    const Day: Schema.Codec<Day, unknown> = Schema.Struct({
      begins: Schema.DateTimeUtc,
      next: Schema.NullOr(Schema.suspend((): Schema.Codec<Day, unknown> => Day))
    }).annotate({ identifier: "Day" })
    const written = JSON.stringify(
      GeminiSchema.toCodecGemini(Schema.Struct({
        plain: Schema.DateTimeUtc,
        optional: Schema.optional(Schema.DateTimeUtc),
        listed: Schema.Array(Schema.DateTimeUtc),
        pair: Schema.Tuple([Schema.String, Schema.DateTimeUtc]),
        said: Schema.DateTimeUtc.annotate({ description: "when it began" }),
        address: Schema.URL,
        day: Day
      })).jsonSchema
    )
    assert.strictEqual(written.split("a date and time in UTC, such as").length - 1, 6, written)
    assert.include(written, "a string that will be decoded as a URL")
    assert.include(written, "when it began; a date and time")
    assert.notInclude(written, "undefined")
  })

  it("are the golden ones in JSON Schema", async () => {
    const all = Object.fromEntries(
      Object.entries(table).map((
        [name, { schema }]
      ) => [name, attempt(() => GeminiSchema.toCodecGemini(schema).jsonSchema)])
    )
    await expect(`${JSON.stringify(all, null, 1)}\n`).toMatchFileSnapshot("golden/jsonSchema.json")
  })

  it("are the golden ones in the OpenAPI subset", async () => {
    const all = Object.fromEntries(
      Object.entries(table).map(([name, { schema }]) => [
        name,
        attempt(() => GeminiSchema.toOpenApi(GeminiSchema.toCodecGemini(schema).jsonSchema))
      ])
    )
    await expect(`${JSON.stringify(all, null, 1)}\n`).toMatchFileSnapshot("golden/openApi.json")
  })

  for (const [name, [schema, path]] of Object.entries(inexpressible)) {
    it(`${name} fails with the path`, () => assert.throws(() => GeminiSchema.toCodecGemini(schema), path))
  }
})
