/** How tall a schema becomes at the server, keyword by keyword; and other sums of the mapping at their bounds. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiAiError from "effect-gemini-ai/GeminiAiError"
import * as GeminiCitations from "effect-gemini-ai/GeminiCitations"
import * as GeminiTokenizer from "effect-gemini-ai/GeminiTokenizer"
import * as Reasons from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import { toJsonDialect } from "../src/internal/jsonDialect.ts"
import * as StateCost from "../src/internal/stateCost.ts"

describe("the height of a schema", () => {
  const text = { type: "string" }
  const rows: ReadonlyArray<readonly [schema: Readonly<Record<string, unknown>>, height: number]> = [
    [text, 4],
    [{ type: "STRING" }, 4],
    [{}, 4],
    [{ type: "boolean" }, 5],
    [{ type: "number" }, 4],
    [{ type: "integer", minimum: 10 }, 6],
    [{ type: "INTEGER", minimum: 10, maximum: 1_000 }, 10],
    [{ type: "string", format: "date" }, 30],
    [{ type: "string", format: "enum" }, 4],
    [{ enum: ["a", "bbb"] }, 12],
    [{ enum: [] }, 4],
    [{ type: ["string", "boolean"] }, 5],
    [{ anyOf: [text, { type: "boolean" }] }, 7],
    [{ oneOf: [text] }, 6],
    [{ anyOf: [], type: "boolean" }, 5],
    [{ type: "array", items: text }, 6],
    [{ items: text }, 6],
    [{ type: "array", items: text, minItems: 2 }, 18],
    [{ type: "array", items: text, maxItems: 3 }, 18],
    [{ type: "array", items: text, minItems: 2, maxItems: "3" }, 18],
    [{ type: "array", items: text, maxItems: 0 }, 6],
    [{ type: "array", items: text, maxItems: "" }, 6],
    [{ type: "array", items: text, maxItems: -5 }, 6],
    [{ type: "array", prefixItems: [text, { type: "boolean" }] }, 15],
    [{ type: "array", prefixItems: [], items: text }, 6],
    [{ type: "object" }, 2],
    [{ properties: { ab: text } }, 13],
    [{ type: "object", properties: { ab: text, c: { type: "boolean" } } }, 24],
    [{ type: "object", additionalProperties: true }, 12],
    [{ type: "object", additionalProperties: false }, 2],
    [{ type: "object", additionalProperties: text }, 16],
    [{ $ref: "#/$defs/a", $defs: { a: { type: "boolean" } } }, 5],
    [{ $ref: "#/$defs/toString", $defs: {} }, 4],
    // What contains itself counts once.
    [{ $ref: "#/$defs/a", $defs: { a: { type: "array", items: { $ref: "#/$defs/a" } } } }, 6],
    [{ type: "array", maxItems: 1e12, items: text }, 1e9]
  ]
  for (const [schema, height] of rows) {
    it(`${JSON.stringify(schema)}: ${height}`, () => assert.strictEqual(StateCost.ofSchema(schema), height))
  }

  it("is that of what is left where constraints are taken out, one kind at a time", () => {
    const schema = {
      type: "object",
      properties: {
        a: { type: "array", items: text, maxItems: 3 },
        b: { enum: ["bbbbbbb"], type: "string" },
        c: { type: "number", minimum: 10, maximum: 20 },
        d: { type: "string", format: "date" }
      }
    }
    const whole = StateCost.ofSchema(schema)
    const left = (["items", "enum", "bounds", "format"] as const).map((kind) =>
      whole - StateCost.ofSchema(schema, (_, constraint) => constraint === kind)
    )
    assert.deepStrictEqual(left, [12, 18, 4, 26])
  })

  it("a node has the constraints that its keywords say", () => {
    const of = StateCost.constraints
    assert.deepStrictEqual(of({}), [])
    assert.deepStrictEqual([of({ maxItems: 1 }), of({ minItems: 0 })], [["items"], ["items"]])
    assert.deepStrictEqual([of({ minimum: 0 }), of({ maximum: 0 })], [["bounds"], ["bounds"]])
    assert.deepStrictEqual(
      [of({ enum: [] }), of({ enum: ["a"], format: "f" }), of({ format: "f" }), of({ format: 1 })],
      [
        [],
        ["enum"],
        ["format"],
        []
      ]
    )
  })

  it("a function counts twice its name's length", () => {
    assert.deepStrictEqual([StateCost.ofFunction(""), StateCost.ofFunction("abc")], [35, 41])
  })
})

describe("parts of a schema that all hold", () => {
  const merged = (...allOf: ReadonlyArray<object>) => toJsonDialect({ allOf })

  it("are one: the narrower bound, all properties, all that is required", () => {
    assert.deepStrictEqual(
      merged({ type: "integer", minimum: 1, maximum: 9 }, { minimum: 3, maximum: 12 }, { minimum: 2, maximum: 8 }),
      { type: "integer", minimum: 3, maximum: 8 }
    )
    const object = merged(
      { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
      { properties: { b: { type: "number" } }, required: ["b", "a"] }
    )
    assert.deepStrictEqual(object["properties"], { a: { type: "string" }, b: { type: "number" } })
    assert.deepStrictEqual(object["required"], ["a", "b"])
  })

  it("are whole numbers where one says so, in either order, and nothing where they disagree", () => {
    assert.deepStrictEqual(merged({ type: "integer" }, { type: "number" }), { type: "integer" })
    assert.deepStrictEqual(merged({ type: "number" }, { type: "integer" }), { type: "integer" })
    assert.throws(() => merged({ type: "integer" }, { type: "string" }), /say different things of "type"/)
    assert.throws(() => merged({ type: "string" }, { type: "number" }), /say different things of "type"/)
    assert.deepStrictEqual(merged({ type: "string", title: "a" }, { type: "string", title: "b" })["type"], "string")
  })

  it("of whole numbers a bound that is left out is the next one", () => {
    assert.deepStrictEqual(toJsonDialect({ type: "integer", exclusiveMinimum: 1, exclusiveMaximum: 9 }), {
      type: "integer",
      minimum: 2,
      maximum: 8
    })
  })
})

it("an estimate counts four characters a token and 258 tokens a file, of the system's words too", () => {
  const file = { type: "file", mediaType: "image/png", data: new Uint8Array(3) } as const
  const user = (...content: ReadonlyArray<typeof file | { readonly type: "text"; readonly text: string }>) =>
    GeminiTokenizer.estimate([{ role: "user", content: [...content] }])
  assert.deepStrictEqual(["", "abcd", "abcde"].map((text) => GeminiTokenizer.estimate(text)), [0, 1, 2])
  assert.strictEqual(user(file, file), 516)
  assert.strictEqual(user({ type: "text", text: "abcde" }, file), 260)
  assert.strictEqual(
    GeminiTokenizer.estimate([{ role: "system", content: "abcd" }, { role: "user", content: "abcd" }]),
    2
  )
})

it("a citation stands behind characters of one to four bytes, at the first and the last of each length", () => {
  const text = "\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}"
  let end = 0
  for (const [at, character] of [...text].entries()) {
    end += new TextEncoder().encode(character).length
    const cited = GeminiCitations.render(text, {
      groundingChunks: [{ web: { uri: "https://a.example/", title: "a" } }],
      groundingSupports: [{ segment: { endIndex: end }, groundingChunkIndices: [0] }]
    }, () => "|").text
    assert.strictEqual([...cited].indexOf("|"), at + 1, `U+${character.codePointAt(0)?.toString(16)}`)
  }
})

it("a key that is refused is invalid, or lacks a permission where the status says so", () => {
  const kind = (status: number | undefined) => {
    const reason = GeminiAiError.reason(
      new GeminiError({
        method: "generateContent",
        ...(status === undefined ? {} : { status }),
        attempts: [],
        reason: new Reasons.Unauthenticated({ description: "no" })
      })
    )
    return reason._tag === "AuthenticationError" ? reason.kind : reason._tag
  }
  assert.deepStrictEqual([401, 403, 400, undefined].map(kind), [
    "InvalidKey",
    "InsufficientPermissions",
    "InvalidKey",
    "InvalidKey"
  ])
})
