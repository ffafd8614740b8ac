import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Lines from "../src/internal/lines.ts"
import { clean, cleanLine, json, Shown, shown } from "../src/internal/Shown.ts"
import { table, tableWithin } from "../src/internal/table.ts"

/** What a terminal may be sent of foreign text. */
const isHarmless = (text: string): boolean => !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(text.replace(/[\n\t]/g, ""))

const Piece = Schema.Literals([
  ..."\x1b\x07\x08\r\n\t\x7f\x80\x90\x9b\x9d\x9f\u202a\u202e\u2066\u2069\u200fa]52;c[🙂",
  "\ud83d",
  "\x1b[8m",
  "\x1b]0;t\x07"
])
const Pieces = Schema.Array(Piece)

describe("foreign text on its way to a terminal", () => {
  it("loses every control character of C0, DEL and C1 but newline and tab, and every reordering", () => {
    const wrong = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) => {
      const text = String.fromCharCode(code)
      const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0)
      const isReordering = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)
      const isKept = text === "\n" || text === "\t" || !(isControl || isReordering)
      return (clean(text) === text) !== isKept || !isHarmless(clean(text))
    })
    assert.deepStrictEqual(wrong, [])
  })

  it("shows that something was there", () => {
    assert.strictEqual(clean("a\x1b]52;c;ZXZpbA==\x07b"), "a␛]52;c;ZXZpbA==␇b")
    assert.strictEqual(clean("\x7f\x9b31m\0"), "␡\ufffd31m␀")
    assert.strictEqual(clean("one\r\ntwo\rthree\u202e"), "one\ntwothree")
    assert.strictEqual(cleanLine("one\ntwo\tthree"), "one␤two three")
  })

  it.prop("is harmless however it is cut into pieces, which add up to the same", [Pieces], ([pieces]) => {
    const text = pieces.join("")
    assert.isTrue(isHarmless(clean(text)))
    assert.strictEqual(pieces.map(clean).join(""), clean(text))
    assert.strictEqual(text.split("").map(clean).join(""), clean(text))
    assert.strictEqual(clean(clean(text)), clean(text))
  })

  it.prop("is the same value in JSON, and harmless there without being cleaned", [Pieces], ([pieces]) => {
    const value = { [pieces.join("")]: [pieces.join("")] }
    for (const indent of [undefined, 2]) {
      const text = json(value, indent)
      assert.deepStrictEqual(JSON.parse(text), value)
      assert.isTrue(isHarmless(text))
      assert.strictEqual(clean(text), text)
    }
  })

  it.prop("is cleaned where it stands between sequences of our own", [Pieces], ([pieces]) => {
    const text = pieces.join("")
    const { faint, strong } = Lines.coloured
    const line = shown`<${strong(text)} ${text}${faint(`(${text})`)}>`
    assert.strictEqual(
      line.text,
      `<\x1b[1m${clean(text)}\x1b[22m ${clean(text)}\x1b[2m(${clean(text)})\x1b[22m>`
    )
    assert.strictEqual(Shown.join([line, text], text).text, line.text + clean(text) + clean(text))
    // A string that was made of it is foreign again.
    assert.strictEqual(shown`${`${line}`}`.text, clean(line.text))
    assert.isTrue(isHarmless(Lines.fit(text, 20)))
    assert.isTrue(isHarmless(table([text, text], [[text, "1"]])))
    assert.lengthOf(table([text, text], [[text, "1"]]).split("\n"), 2)
  })
})

describe("a table", () => {
  const head = ["model", "in", "methods"]
  const rows = [[
    "gemini-3.8-flash",
    "1,048,576",
    "generateContent, countTokens, createCachedContent, batchGenerateContent"
  ]]

  it("stays within the columns of a terminal, and loses no word", () => {
    for (const columns of [30, 60, 80, 120]) {
      const text = tableWithin(head, rows, columns)
      for (const line of text.split("\n")) assert.isAtMost(line.length, columns, line)
      for (const word of rows.flat().join(" ").split(/[, ]+/)) assert.include(text, word)
    }
    assert.strictEqual(tableWithin(head, rows, 0), table(head, rows))
    assert.include(tableWithin(head, rows, 60), `\n${" ".repeat(29)}createCachedContent,`)
    assert.include(tableWithin(head, rows, 40), "gemini-3.8-flash\n  in 1,048,576; methods generateContent,")
  })
})
