/** What Google's front end takes for JSON beyond JSON, and what it says and points at where it takes none. */
import { assert, describe, it } from "@effect/vitest"
import { parse } from "../src/internal/judge/jsonText.ts"

/** Each text is no JSON, so that the lenient reader reads it. */
const taken: ReadonlyArray<readonly [text: string, value: unknown]> = [
  ["[true, false, null,]", [true, false, null]],
  ["{a: true, 'b': false, \"c\": null, }", { a: true, b: false, c: null }],
  ["{$a_9: 1, _b: -2.5e3, C: 0,}", { $a_9: 1, _b: -2500, C: 0 }],
  ["{}  ", {}],
  ["[ [ ], [1 ,2 , ] , {} , ]", [[], [1, 2], {}]],
  ["['it\\'s', '\"', \"'\",]", ["it's", "\"", "'"]],
  ["['\\b\\f\\n\\r\\t\\v\\/\\\\\\u00e9\\uD83C\\udf0a\\q',]", ["\b\f\n\r\t\v/\\é🌊q"]],
  ["{a: {b: [{c: 'd'}]}, e: 'f'}", { a: { b: [{ c: "d" }] }, e: "f" }],
  ["{'__proto__': {a: 1}, b: 2}", Object.fromEntries([["__proto__", { a: 1 }], ["b", 2]])],
  ["{a: 1, a: 2}", { a: 2 }],
  ["[-0.5, 1e2, 1E-2, 12,]", [-0.5, 100, 0.01, 12]]
]

/** The place is counted from 0, and is where the caret stands. */
const refused: ReadonlyArray<readonly [text: string, words: string, place: number]> = [
  ["{a: tru}", "Unexpected token.", 4],
  ["{a: ,}", "Unexpected token.", 4],
  ["{a: #}", "Expected a value.", 4],
  ["{a:", "Unexpected end of string. Expected a value.", 3],
  ["{a 1}", "Expected : between key:value pair.", 3],
  ["{a: 1 b: 2}", "Expected , or } after key:value pair.", 6],
  ["{9: 1}", "Expected an object key or }.", 1],
  ["{", "Unexpected end of string. Expected an object key or }.", 1],
  ["[1 2]", "Expected , or ] after array value.", 3],
  ["[1,", "Unexpected end of string. Expected a value or ] within an array.", 3],
  ["['a", "Closing quote expected in string.", 3],
  ["['a\\", "Closing quote expected in string.", 3],
  ["['\\u00", "Illegal hex string.", 2],
  ["['\\u00g0']", "Invalid escape sequence.", 2],
  ["[01]", "Octal/hex numbers are not valid JSON values.", 1],
  ["[-0x1]", "Octal/hex numbers are not valid JSON values.", 1],
  ["[1.2.3]", "Unable to parse number.", 1],
  ["[-]", "Unable to parse number.", 1],
  ["[1e999]x", "Number exceeds the range of double.", 1],
  ["[-1e999]x", "Number exceeds the range of double.", 1],
  ["{} x", "Parsing terminated before end of input.", 3]
]

describe("the front end's JSON", () => {
  for (const [text, value] of taken) {
    it(`${text} is taken`, () => {
      assert.deepStrictEqual(parse(text), { ok: true, value })
    })
  }

  for (const [text, words, place] of refused) {
    it(`${text} is refused: ${words}`, () => {
      assert.deepStrictEqual(parse(text), {
        ok: false,
        message: `Invalid JSON payload received. ${words}\n${text}\n${" ".repeat(place)}^`
      })
    })
  }

  it("an empty body is an empty message, and JSON is read as such, whatever the numbers in it", () => {
    assert.deepStrictEqual(parse(""), { ok: true, value: {} })
    assert.deepStrictEqual(parse("[1e999]"), { ok: true, value: [Infinity] })
  })

  it("twenty characters before the place are quoted and twenty from it on, with the caret below it", () => {
    for (const before of [19, 20, 21]) {
      const text = `{a: '${"b".repeat(before - 6)}'${"c".repeat(40)}`
      const message = `Invalid JSON payload received. Expected , or } after key:value pair.\n${
        text.slice(Math.max(0, before - 20), before + 20)
      }\n${" ".repeat(Math.min(before, 20))}^`
      assert.deepStrictEqual(parse(text), { ok: false, message }, `${before}`)
    }
  })

  it("a bare key of 1,024 characters is one, and what is longer ends there", () => {
    const key = "k".repeat(1024)
    assert.deepStrictEqual(parse(`{${key}: 1}`), { ok: true, value: { [key]: 1 } })
    const said = parse(`{${key}k: 1}`)
    assert.include(said.ok ? "" : said.message, "Expected : between key:value pair.")
  })
})
