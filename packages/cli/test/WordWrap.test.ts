/** Words in rows of a terminal: where they are broken, how they hang and how they are painted. */
import { assert, describe, it } from "@effect/vitest"
import { Shown, shown } from "../src/internal/Shown.ts"
import { both, unpainted, widthOf, WordWrap, wrapped } from "../src/internal/WordWrap.ts"

const run = (text: string) => ({ text, paint: unpainted })
const red = { before: "<", after: ">" }

describe("words in rows", () => {
  it.each<readonly [text: string, width: number, rows: ReadonlyArray<string>]>([
    ["one two three", 0, ["one two three"]],
    ["one two", 7, ["one two"]],
    ["one two", 6, ["one", "  two"]],
    ["abcdefgh", 8, ["abcdefgh"]],
    ["abcdefghi", 8, ["abcdefgh", "  i"]],
    ["abc abcdefghi", 8, ["abc", "  abcdef", "  ghi"]],
    ["  abc cd", 8, ["  abc cd"]],
    ["  abc cd", 7, ["  abc", "    cd"]],
    ["  ab cd", 6, ["  ab", "    cd"]],
    ["a bc", 3, ["a", "  b", "  c"]],
    ["a bc", 2, ["a", "  b", "  c"]],
    ["abc", 2, ["ab", "  c"]],
    ["\u6f22 ab", 4, ["\u6f22", "  ab"]],
    ["a\n\nb", 4, ["a", "", "b"]],
    ["abc\tb", 8, ["abc    b"]],
    ["abc\tb", 7, ["abc", "  b"]],
    ["ab  one two", 8, ["ab  one", "    two"]],
    ["abc  one two", 8, ["abc  one", "  two"]],
    ["\u6f22\u5b57\u6f22\u5b57", 4, ["\u6f22\u5b57", "  \u6f22", "  \u5b57"]],
    ["\u6f22\u5b57\u6f22\u5b57\u3002", 8, ["\u6f22\u5b57\u6f22", "  \u5b57\u3002"]]
  ])("%j within %i cells", (text, width, rows) => {
    assert.deepStrictEqual(wrapped(text, width).toString().split("\n"), rows)
  })

  it("take two cells of an ideograph and none of an empty text", () => {
    assert.deepStrictEqual([widthOf(""), widthOf("a~ "), widthOf("\u6f22"), widthOf("e\u0301")], [0, 3, 2, 1])
  })

  it("keep a space at the end for the next word, and drop it at the end of a line", () => {
    const wrap = new WordWrap(20)
    wrap.words([run("one ")])
    wrap.words([run("two ")])
    wrap.newline()
    wrap.words([run("three")])
    assert.strictEqual(wrap.take().toString(), "one two\nthree")
    assert.strictEqual(wrap.take().toString(), "")
  })

  it("hang below what begins the line until it ends, and go by the width of now", () => {
    const wrap = new WordWrap(6)
    assert.strictEqual(wrap.width, 6)
    wrap.hang("> ", red)
    wrap.words([run("one two")])
    wrap.resize(20)
    assert.strictEqual(wrap.width, 20)
    wrap.words([run(" three four")])
    wrap.newline()
    wrap.resize(4)
    wrap.words([run("a bcd")])
    assert.strictEqual(wrap.take().text, "one\n<> >two three four\na\nbcd")
  })

  it("are painted one run at a time, and those of one paint together", () => {
    const wrap = new WordWrap(0)
    wrap.put("a", red)
    wrap.put("b", red)
    wrap.words([{ text: "c d", paint: both(red, { before: "[", after: "]" }) }])
    wrap.put("e")
    assert.strictEqual(wrap.take().text, "<ab><[c d]>e")
  })

  it("begin a new count of cells behind lines that somebody else laid out", () => {
    const wrap = new WordWrap(4)
    wrap.put("abc")
    wrap.shown(shown`\n`)
    wrap.words([run("defg")])
    assert.strictEqual(wrap.take().text, "abc\ndefg")
  })

  it("are given as rows with the width of each, the empty ones too", () => {
    const wrap = new WordWrap(3)
    wrap.words([run("ab cd")])
    wrap.newline()
    wrap.newline()
    wrap.put("\u6f22", red)
    wrap.shown(Shown.styled("", "not a row of this", ""))
    assert.deepStrictEqual(wrap.rows().map(([row, width]) => [row.text, width]), [
      ["ab", 2],
      ["cd", 2],
      ["", 0],
      ["<\u6f22>", 2]
    ])
    assert.deepStrictEqual(new WordWrap(3).rows().map(([row, width]) => [row.text, width]), [["", 0]])
  })
})
