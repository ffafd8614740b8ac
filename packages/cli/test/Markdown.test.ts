/** Markdown on its way to a terminal: as it streams, as when it is whole, and never a sequence that is not ours. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { stripVTControlCharacters } from "node:util"
import { settled } from "../src/internal/ask/inline.ts"
import { Markdown, rendered } from "../src/internal/ask/Markdown.ts"
import { widthOf } from "../src/internal/WordWrap.ts"

const plain = (text: string, width: number, isPainted = true): string =>
  stripVTControlCharacters(rendered(text, width, isPainted).text)

const document = `# Tides

A **neap tide** comes at *half moon*; see \`tide(x)\` and [the table](https://example.org/tides), which is long.

- high water, twice a day as a rule, at most coasts of the **Atlantic Ocean**
  - springs
- low water
1. one
2. two

> a quotation that is longer than a row of the terminal
> - with a list

\`\`\`ts
const height = (hours: number) => Math.cos(hours * 2 * Math.PI / 12.42) // a line that is never broken
\`\`\`

| place | range |
|---|--:|
| Saint-Malo, in Brittany, where the range is large | 12 m |
| Kiel | 0 m |

---
- [ ] to do
- [x] done

2*3*4 is snake_case_name, ~~not~~ https://example.org/bare
潮汐是海水在月球和太阳引力作用下产生的周期性涨落现象。
Low water
is late`

describe("Markdown", () => {
  it("is painted without its marks, and no word of it is lost", () => {
    const text = plain(document, 60)
    for (
      const word of [
        "Tides",
        "neap tide",
        "tide(x)",
        "(https://example.org/tides)",
        "springs",
        "Saint-Malo",
        "12 m",
        "2*3*4"
      ]
    ) {
      assert.include(text, word)
    }
    assert.notInclude(text, "**")
    assert.include(text, "• high water")
    assert.include(text, "  • springs")
    assert.include(text, "│ • with a list")
    assert.include(text, "☐ to do")
  })

  it.each([20, 40, 60, 80, 120])("is no wider than %d columns, but for code, which is copied", (width) => {
    for (const isPainted of [true, false]) {
      for (const line of plain(document, width, isPainted).split("\n")) {
        if (line.startsWith("const ") || (isPainted === false && line.startsWith("|"))) continue
        assert.isAtMost(widthOf(line), width, line)
      }
    }
  })

  it("is broken only between words where words are shorter than a row", () => {
    for (const line of plain("word ".repeat(40), 21).trimEnd().split("\n")) assert.match(line, /^word( word)*$/)
  })

  it("gives words as they come, before their line is whole", () => {
    const markdown = new Markdown(60, true)
    assert.strictEqual(markdown.push("A neap ti").text, "A neap")
    assert.strictEqual(markdown.push("de comes **at half").text, " tide comes")
    assert.strictEqual(stripVTControlCharacters(markdown.push(" moon** and ").text), " at half moon and")
    assert.strictEqual(markdown.end().text, "\n")
  })

  const Sizes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 }))).check(
    Schema.isMinLength(1)
  )

  it.prop("is the same in whatever pieces it comes", [Sizes, Schema.Boolean], ([sizes, isPainted]) => {
    const markdown = new Markdown(60, isPainted)
    let out = ""
    for (let at = 0, i = 0; at < document.length; i++) {
      const size = sizes[i % sizes.length] ?? 1
      out += markdown.push(document.slice(at, at + size)).text
      at += size
    }
    // Where the sequences stand may differ, what is seen may not.
    assert.strictEqual(stripVTControlCharacters(out + markdown.end().text), plain(document, 60, isPainted))
  })

  const Hostile = Schema.Array(
    Schema.Literals([..."\x00\x07\x1b\x7f\x9b\r\n\t &#;x[]()*_`~<>|abc127m-", "&#27;", "\x1b[8m"])
  )

  it.prop("of any text has no sequence but ours", [Hostile, Schema.Boolean], ([pieces, isPainted]) => {
    const out = rendered(pieces.join(""), 30, isPainted).text.replaceAll("\x1b", "ESC")
    assert.notMatch(out.replace(/ESC\[(?:1|2|3|4|9|22|23|24|29|36|39)m/g, ""), /ESC|[^\n\t\P{Cc}]/u)
  })

  const Letters = Schema.String.check(Schema.isPattern(/^[a-z \n]{0,200}$/))

  it.prop("loses no letter of a text without marks", [Letters], ([text]) => {
    assert.strictEqual(plain(text, 30).replace(/\s/g, ""), text.replace(/\s/g, ""))
  })

  it("shows no control character that an entity hides, and where a link leads", () => {
    const text = rendered("&#27;[31m &#x1b;]52;c;ZXZpbA==&#7; [bank.example](https://evil.example)", 200, true).text
    assert.include(text, "␛[31m ␛]52;c;ZXZpbA==␇")
    assert.include(text, "(https://evil.example)")
  })

  it("is not kept busy by a text that was made for it", () => {
    const began = performance.now()
    for (const piece of ["*", "_", "[", "`", "~", "<a ", "![", "**a ", "| ", "> ", "- ", "\\", "((", "&#"]) {
      const markdown = new Markdown(60, true)
      for (let i = 0; i < 200; i++) markdown.push(piece.repeat(50))
      markdown.end()
    }
    assert.isBelow(performance.now() - began, 5_000)
  })
})

describe("what of a growing line is settled", () => {
  it.each([
    ["A neap ti", 7],
    ["A **bold wo", 2],
    ["A **bold word** an", 16],
    ["`a b", 0],
    ["[the table](https://exam", 0],
    ["[the table](https://example.org) is", 33],
    ["snake_case and_more x", 20],
    ["2 * 3 is 6", 9]
  ])("%s", (text, expected) => {
    assert.strictEqual(settled(text), expected)
  })
})
