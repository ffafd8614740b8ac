/** Whether a value satisfies a schema, keyword by keyword: at its bound, below and above it, and where it goes wrong. */
import { assert, describe, it } from "@effect/vitest"
import { mismatch, mismatchWithin, says } from "../src/internal/judge/conforms.ts"

const said = (schema: unknown, value: unknown): string | undefined => {
  const found = mismatch(schema, value)
  return found === undefined ? undefined : says(found)
}

type Rows = ReadonlyArray<
  readonly [schema: unknown, fits: ReadonlyArray<unknown>, ...misfits: ReadonlyArray<readonly [unknown, string]>]
>

const rows: Rows = [
  [true, [1, null]],
  ["no schema", [1]],
  [{}, [1, null, {}]],
  [false, [], [1, "expected nothing"]],
  // Types, in both dialects.
  [{ type: "STRING" }, ["", "a"], [1, "expected string, not number"], [null, "expected string, not null"]],
  [{ type: "string", nullable: true }, ["a", null], [1, "expected string, not number"]],
  [{ type: "string", nullable: false }, ["a"], [null, "expected string, not null"]],
  [{ type: "integer" }, [0, -3, 1.0], [0.5, "expected integer, not number"], ["1", "expected integer, not string"]],
  [{ type: ["number", "null"] }, [0.5, null], ["a", "expected number or null, not string"]],
  [{ type: "TYPE_UNSPECIFIED" }, [1, "a", null]],
  [{ type: "array" }, [[]], [{}, "expected array, not object"]],
  [{ type: "object" }, [{}], [[], "expected object, not array"]],
  [{ type: "boolean" }, [true, false], [0, "expected boolean, not number"]],
  // Values.
  [{ const: { a: [1, 2], b: 3 } }, [{ b: 3, a: [1, 2] }], [{ a: [2, 1], b: 3 }, "expected {\"a\":[1,2],\"b\":3}"]],
  [{ enum: ["a", 2, null] }, ["a", 2, null], ["b", "expected one of [\"a\",2,null]"]],
  [{ enum: [] }, ["a"]],
  // Numbers, as numbers and as text.
  [{ minimum: 1, maximum: 3 }, [1, 2, 3], [0.999, "expected at least 1"], [3.001, "expected at most 3"]],
  [{ minimum: "1" }, [1], [0, "expected at least 1"]],
  [{ maximum: 3 }, [-Infinity, 3], [4, "expected at most 3"]],
  [{ exclusiveMinimum: 1 }, [1.001], [1, "expected more than 1"], [0, "expected more than 1"]],
  [{ exclusiveMaximum: 1 }, [0.999], [1, "expected less than 1"], [2, "expected less than 1"]],
  [{ multipleOf: 0.1 }, [0, 0.3, -0.7], [0.35, "expected a multiple of 0.1"]],
  [{ multipleOf: 3 }, [0, 3, -6], [4, "expected a multiple of 3"]],
  [{ multipleOf: 0 }, [1, 2.5]],
  // Texts: letters are code points.
  [{ minLength: 2, maxLength: 3 }, ["ab", "abc", "🌊🌊🌊"], ["a", "expected at least 2 letters"], [
    "abcd",
    "expected at most 3 letters"
  ]],
  [{ pattern: "^a+$" }, ["a", "aa"], ["b", "expected a text that matches ^a+$"]],
  [{ pattern: "(" }, ["anything"]],
  // Lists.
  [{ minItems: 1, maxItems: 2 }, [[1], [1, 2]], [[], "expected at least 1 items"], [
    [1, 2, 3],
    "expected at most 2 items"
  ]],
  [{ items: { type: "number" } }, [[], [1, 2]], [[1, "a"], "[1]: expected number, not string"]],
  [{ prefixItems: [{ type: "string" }], items: { type: "number" } }, [["a", 1, 2], ["a"]], [
    [1],
    "[0]: expected string, not number"
  ], [["a", 1, "b"], "[2]: expected number, not string"]],
  [{ uniqueItems: true }, [[1, "1", { a: 1 }], []], [[{ a: 1, b: 2 }, { b: 2, a: 1 }], "expected no item twice"]],
  [{ uniqueItems: false }, [[1, 1]]],
  // Objects.
  [{ required: ["a"] }, [{ a: undefined }, { a: 1, b: 2 }], [{}, "a: expected a value: it is required"]],
  [{ required: ["toString"] }, [{ toString: 1 }], [{}, "toString: expected a value: it is required"]],
  [{ properties: { a: { type: "string" } } }, [{}, { a: "b" }, { other: 1 }], [
    { a: 1 },
    "a: expected string, not number"
  ]],
  [{ properties: { a: {} }, additionalProperties: false }, [{ a: 1 }], [
    { a: 1, b: 2 },
    "b: expected no such property"
  ]],
  [{ additionalProperties: { type: "number" } }, [{ a: 1 }], [{ a: "b" }, "a: expected number, not string"]],
  [
    { patternProperties: { "^n": { type: "number" }, "(": false }, additionalProperties: false },
    [{ n: 1, nn: 2 }],
    [{ n: "a" }, "n: expected number, not string"],
    [{ m: 1 }, "m: expected no such property"]
  ],
  [
    { properties: { n: { minimum: 1 } }, patternProperties: { n: { maximum: 2 } } },
    [{ n: 1 }, { n: 2 }],
    [{ n: 0 }, "n: expected at least 1"],
    [{ n: 3 }, "n: expected at most 2"]
  ],
  [{ minProperties: 1, maxProperties: 2 }, [{ a: 1 }, { a: 1, b: 2 }], [{}, "expected at least 1 properties"], [
    { a: 1, b: 2, c: 3 },
    "expected at most 2 properties"
  ]],
  // Combinations.
  [{ allOf: [{ minimum: 1 }, { maximum: 2 }] }, [1, 2], [0, "expected at least 1"], [3, "expected at most 2"]],
  [{ anyOf: [{ type: "string" }, { type: "number" }] }, ["a", 1], [true, "expected string, not boolean"]],
  [{ anyOf: [], type: "string" }, ["a"], [1, "expected string, not number"]],
  [
    { anyOf: [{ type: "string" }, { properties: { a: { type: "number" } }, type: "object" }] },
    [{ a: 1 }],
    [{ a: "b" }, "a: expected number, not string"]
  ],
  [{ oneOf: [{ minimum: 1 }, { minimum: 2 }] }, [1, 1.5], [0, "expected at least 1"], [
    2,
    "expected one of the alternatives alone"
  ]],
  [{ not: { type: "string" } }, [1], ["a", "expected what is not {\"type\":\"string\"}"]],
  [{ anyOf: [{ type: "string" }], minLength: 2 }, ["ab"], ["a", "expected at least 2 letters"]]
]

describe("a schema", () => {
  for (const [schema, fits, ...misfits] of rows) {
    it(JSON.stringify(schema), () => {
      for (const value of fits) assert.isUndefined(said(schema, value), JSON.stringify(value))
      for (const [value, words] of misfits) assert.strictEqual(said(schema, value), words, JSON.stringify(value))
    })
  }

  it("may refer to itself and to its parts, by names with slashes and tildes too", () => {
    const tree = { type: "object", properties: { of: { $ref: "#" } }, additionalProperties: false }
    assert.isUndefined(said(tree, { of: { of: {} } }))
    assert.strictEqual(said(tree, { of: { of: { a: 1 } } }), "of.of.a: expected no such property")
    const parts = { $defs: { "a/b~c": { type: "number" } } }
    const part = { $ref: "#/$defs/a~1b~0c" }
    assert.isUndefined(mismatchWithin(parts, part, 1))
    assert.deepStrictEqual(mismatchWithin(parts, part, "a"), { path: "", expected: "number, not string" })
  })

  it("is followed for 200 steps, and one that only refers to itself says nothing", () => {
    const list = { type: "array", items: { $ref: "#" } }
    const nested = (depth: number): unknown => {
      let value: unknown = "no list"
      for (let step = 0; step < depth; step++) value = [value]
      return value
    }
    assert.isDefined(said(list, nested(200)))
    assert.isUndefined(said(list, nested(201)))
    assert.isUndefined(said({ $ref: "#" }, 1))
    assert.isUndefined(said({ allOf: [{ $ref: "#" }] }, 1))
  })

  it("names the way to a mistake", () => {
    assert.strictEqual(
      said({ properties: { "a b": { items: { properties: { c: { type: "string" } } } } } }, { "a b": [{}, { c: 1 }] }),
      "[\"a b\"][1].c: expected string, not number"
    )
  })
})
