/** The splitters at their edges: what is text and what is a brace, how much is kept, and what belongs to no event. */
import { assert, describe, it } from "@effect/vitest"
import { JsonSplitter } from "../../src/internal/http/JsonSplitter.ts"
import { joined, ReceivedBytes, receivedLimit } from "../../src/internal/http/ReceivedBytes.ts"
import { SseSplitter } from "../../src/internal/http/SseSplitter.ts"
import { type Splitter, StreamSplitter } from "../../src/internal/http/StreamSplitter.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

/** What comes of a text that is fed in these pieces. */
const fed = (splitter: Splitter, ...pieces: ReadonlyArray<string>) => {
  const texts = pieces.flatMap((piece) => splitter.push(bytes(piece)))
  const last = splitter.end()
  const { cut, isTooLarge, stray } = splitter
  return { texts, last, cut, isTooLarge, stray }
}
const whole = { last: [], cut: false, isTooLarge: false, stray: "" }

describe("JSON objects one after another", () => {
  const rows: ReadonlyArray<readonly [name: string, text: string, texts: Array<string>]> = [
    ["braces within text", `[{"a":"}{"},{"b":"{"}]`, [`{"a":"}{"}`, `{"b":"{"}`]],
    ["quotes that are escaped", `{"a":"\\"}"}{"b":1}`, [`{"a":"\\"}"}`, `{"b":1}`]],
    ["backslashes that are escaped", `{"a":"\\\\"}{"b":"}"}`, [`{"a":"\\\\"}`, `{"b":"}"}`]],
    ["objects in objects", `{"a":{"b":{}}}\r\n{}`, [`{"a":{"b":{}}}`, "{}"]],
    ["blanks and a byte order mark between", "\uFEFF[ {},\t\n\v\f\r{} ]", ["{}", "{}"]]
  ]
  for (const [name, text, texts] of rows) {
    it(`are found whole, however they are cut: ${name}`, () => {
      assert.deepStrictEqual(fed(new JsonSplitter(), text), { ...whole, texts })
      assert.deepStrictEqual(fed(new JsonSplitter(), ...text.split(/(?<=[^\uD800-\uDBFF])/)), { ...whole, texts })
    })
  }

  it("are cut where the last one is not closed, and what stands between is kept to a hundred characters", () => {
    assert.deepStrictEqual(fed(new JsonSplitter(), `{"a":1}`, `{"b":"}`), {
      ...whole,
      texts: [`{"a":1}`],
      last: [`{"b":"}`],
      cut: true
    })
    assert.deepStrictEqual(fed(new JsonSplitter(), `{}no{}`), { ...whole, texts: ["{}", "{}"], stray: "no" })
    assert.strictEqual(fed(new JsonSplitter(), `{}${"x".repeat(150)}`).stray, "x".repeat(100))
  })

  it("have a bound, each of its own: at it and one byte over, in one piece and in two", () => {
    for (const pieces of [[`{"a":1}`, `{"b":1}`], [`{"a`, `":1}{"b"`, `:1}`]]) {
      assert.deepStrictEqual(fed(new JsonSplitter(7), ...pieces), { ...whole, texts: [`{"a":1}`, `{"b":1}`] })
      const over = new JsonSplitter(6)
      assert.deepStrictEqual(fed(over, ...pieces), { ...whole, texts: [], isTooLarge: true })
      assert.deepStrictEqual(over.push(bytes("{}")), [])
    }
    // One that is not closed yet is too large as soon as it is.
    const open = new JsonSplitter(3)
    open.push(bytes(`{"a"`))
    assert.isTrue(open.isTooLarge)
  })
})

describe("events", () => {
  it("are what their lines of data say, joined, and nothing that only names or times them", () => {
    const text =
      "\uFEFF: hello\nid: 7\nretry: 5\nevent: x\ndata: a\ndata:b\ndata:  c\n\ndata\n\ndata:\n\nid\nretry\nevent\n\n"
    const expected = { ...whole, texts: ["a\nb\n c"] }
    assert.deepStrictEqual(fed(new SseSplitter(), text), expected)
    assert.deepStrictEqual(fed(new SseSplitter(), ...text), expected)
    assert.deepStrictEqual(fed(new SseSplitter(), text.replaceAll("\n", "\r\n")), expected)
    assert.deepStrictEqual(fed(new SseSplitter(), ...text.replaceAll("\n", "\r\n")), expected)
    assert.deepStrictEqual(fed(new SseSplitter(), ...text.replaceAll("\n", "\r")), expected)
  })

  it("leave what is neither: whole lines, to a mebibyte and the line that passes it", () => {
    assert.deepStrictEqual(fed(new SseSplitter(), "data: a\n\nids: 1\ndatas\neventful\n{\"error\": 1}"), {
      ...whole,
      texts: ["a"],
      cut: true,
      stray: "ids: 1\ndatas\neventful\n{\"error\": 1}"
    })
    const half = "x".repeat(1 << 19)
    const long = fed(new SseSplitter(), `${half}\n${half}\ny\nz\n`)
    assert.strictEqual(long.stray, `${half}\n${half}\ny`)
  })

  it("are cut where no blank line ends the last one", () => {
    assert.deepStrictEqual(fed(new SseSplitter(), "data: a\n\n", "data: b\n"), {
      ...whole,
      texts: ["a"],
      last: ["b"],
      cut: true
    })
    assert.deepStrictEqual(fed(new SseSplitter(), "data: a\n\nda", "ta: b"), {
      ...whole,
      texts: ["a"],
      last: ["b"],
      cut: true
    })
    assert.deepStrictEqual(fed(new SseSplitter(), "data: a\r", "\n", "\r", "\n"), { ...whole, texts: ["a"] })
    assert.deepStrictEqual(fed(new SseSplitter(), "data: a\r", "", "\r"), { ...whole, texts: ["a"] })
  })

  it("have a bound over all lines of one: at it and one byte over, however they come", () => {
    const pieces: ReadonlyArray<ReadonlyArray<string>> = [
      ["data: a\ndata: b\n\ndata: c\ndata: d\n\n"],
      ["data: a\nda", "ta: b\n\ndata: c\ndata: d\n\n"],
      ["data: a\r\nda", "ta: b\r\n", "\r\ndata: c\r\nd", "ata: d\r", "\n\r\n"],
      [..."data: a\ndata: b\n\ndata: c\ndata: d\n\n"]
    ]
    for (const given of pieces) {
      assert.deepStrictEqual(fed(new SseSplitter(14), ...given), { ...whole, texts: ["a\nb", "c\nd"] })
      const over = new SseSplitter(13)
      assert.deepStrictEqual(fed(over, ...given), { ...whole, texts: [], isTooLarge: true })
      assert.deepStrictEqual(over.push(bytes("data: e\n\n")), [])
    }
  })
})

describe("a stream of either kind", () => {
  it("is known by its first byte that is no blank, whatever came before", () => {
    assert.deepStrictEqual(fed(new StreamSplitter(), " \t", "\r\n", `[{"a":1}]`).texts, [`{"a":1}`])
    assert.deepStrictEqual(fed(new StreamSplitter(), "\uFEFF ", `{"a":1}`).texts, [`{"a":1}`])
    assert.deepStrictEqual(fed(new StreamSplitter(), "\n", "\n", "data: {}\n\n").texts, ["{}"])
    const events = new StreamSplitter()
    assert.deepStrictEqual([events.isEvents, events.cut, events.isTooLarge, events.stray], [false, false, false, ""])
    events.push(bytes("data: {}"))
    assert.isTrue(events.isEvents)
    assert.deepStrictEqual([events.end(), events.cut], [["{}"], true])
    assert.deepStrictEqual(fed(new StreamSplitter(), " \n"), { ...whole, texts: [] })
  })

  it("has its bound before it is known, and in its kind", () => {
    const at = new StreamSplitter(3)
    at.push(bytes("   "))
    assert.isFalse(at.isTooLarge)
    at.push(bytes(" "))
    assert.isTrue(at.isTooLarge)
    assert.isTrue(fed(new StreamSplitter(3), `{"a":1}`).isTooLarge)
    assert.isTrue(fed(new StreamSplitter(3), "data: a\n\n").isTooLarge)
    assert.strictEqual(fed(new StreamSplitter(), "data: a\n\nno\n").stray, "no")
  })
})

describe("the pieces of one read", () => {
  it("are joined where they are smaller than a kilobyte on average, and stay as they are where not", () => {
    const one = [new Uint8Array(1)] as const
    assert.strictEqual(joined(one), one)
    const large = [new Uint8Array(1_023), new Uint8Array(1_025)] as const
    assert.strictEqual(joined(large), large)
    assert.deepStrictEqual(joined([new Uint8Array(1_023), new Uint8Array(1_024)]).map(({ length }) => length), [2_047])
  })
})

describe("what came last of a stream", () => {
  it("is given back as it came: events from their bytes, and the objects of a list from their texts", () => {
    const events = new ReceivedBytes()
    events.addBytes(bytes(`data: {"n":1}\n\nda`))
    events.addBytes(bytes(`ta: {"n":2}\n\ndata: no JSON\n\ndata: {"n":3}`))
    assert.deepStrictEqual(events.chunks(), [{ n: 1 }, { n: 2 }, { n: 3 }])
    const list = new ReceivedBytes()
    list.addTexts([`{"n":1}`, "{"])
    list.addTexts([`{"n":2}`])
    assert.deepStrictEqual(list.chunks(), [{ n: 1 }, { n: 2 }])
    assert.deepStrictEqual(new ReceivedBytes().chunks(), [])
  })

  it("is what fits into a mebibyte, where each piece counts two hundred bytes beside its own", () => {
    // A thousand bytes with what each costs: 1,048 of them are below the limit.
    const text = `{"n":"${"x".repeat(800 - 8)}"}`
    const list = new ReceivedBytes()
    for (let nth = 0; nth < 2_000; nth++) list.addTexts([text])
    assert.lengthOf(list.chunks(), Math.floor(receivedLimit / 1_000))
    const event = `data: {"n":"${"x".repeat(800 - 8 - 8)}"}\n\n`
    assert.lengthOf(bytes(event), 800)
    const events = new ReceivedBytes()
    for (let nth = 0; nth < 2_000; nth++) events.addBytes(bytes(event))
    assert.lengthOf(events.chunks(), Math.floor(receivedLimit / 1_000))
    const few = new ReceivedBytes()
    for (let nth = 0; nth < 1_048; nth++) few.addBytes(bytes(event))
    assert.lengthOf(few.chunks(), 1_048)
    // The rest of an event that began in a dropped piece is no event.
    const halves = new ReceivedBytes()
    for (let nth = 0; nth < 4_000; nth++) {
      halves.addBytes(bytes(nth % 2 === 0 ? `data: {"n":"${"x".repeat(700)}` : `"}\n\n`))
    }
    for (const chunk of halves.chunks()) assert.deepStrictEqual(chunk, { n: "x".repeat(700) })
  })
})
