import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { StreamSplitter } from "../../src/internal/http/StreamSplitter.ts"

const encoder = new TextEncoder()

const cutAt = (bytes: Uint8Array, offsets: ReadonlyArray<number>): ReadonlyArray<string> => {
  const splitter = new StreamSplitter()
  const out: Array<string> = []
  let from = 0
  for (const offset of [...offsets, bytes.length]) {
    out.push(...splitter.push(bytes.subarray(from, offset)))
    from = offset
  }
  return out.concat(splitter.end())
}

const everySize = (text: string, expected: ReadonlyArray<string>): void => {
  const bytes = encoder.encode(text)
  for (let size = 1; size <= bytes.length; size++) {
    const offsets = Array.from({ length: Math.floor((bytes.length - 1) / size) }, (_, i) => (i + 1) * size)
    assert.deepStrictEqual(cutAt(bytes, offsets), expected, `pieces of ${size} bytes`)
  }
}

const everyPoint = (text: string, expected: ReadonlyArray<string>): void => {
  const bytes = encoder.encode(text)
  for (let at = 0; at <= bytes.length; at++) assert.deepStrictEqual(cutAt(bytes, [at]), expected, `cut at ${at}`)
}

const lines = [
  ": a comment",
  "data: {\"text\":\"grüße 🌊\"}",
  "",
  "retry: 10",
  "id: 7",
  "event: message",
  "data: second",
  "data:  line",
  "",
  "id",
  "data",
  "",
  "data:no space",
  "",
  ": ping",
  "",
  "data: last"
]
const events = ["{\"text\":\"grüße 🌊\"}", "second\n line", "no space", "last"]

describe("events survive every split point", () => {
  for (const eol of ["\n", "\r\n", "\r"]) {
    for (const [name, head, tail] of [["", "", ""], ["with a BOM", "\ufeff", eol], ["whole", "", eol + eol]] as const) {
      it(`line ends ${JSON.stringify(eol)} ${name}`, () => {
        const text = head + lines.join(eol) + tail
        everySize(text, events)
        everyPoint(text, events)
      })
    }
  }

  it("line ends of all kinds in one stream", () => {
    const text = lines.map((line, i) => line + ["\n", "\r\n", "\r"][i % 3]).join("")
    // A CR before an LF is one line end, so a blank line after a CR line must not begin with LF.
    const expected = cutAt(encoder.encode(text), [])
    everySize(text, expected)
    everyPoint(text, expected)
  })

  it.effect.prop("random cuts of random text", {
    texts: Schema.Array(Schema.String.check(Schema.isMinLength(1))),
    cuts: Schema.Array(Schema.Natural)
  }, ({ cuts, texts }) =>
    Effect.sync(() => {
      const expected = texts.map((text) => JSON.stringify({ text: text.toWellFormed() }))
      const bytes = encoder.encode(expected.map((data) => `data: ${data}\r\n\r\n`).join(""))
      const offsets = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b)
      assert.deepStrictEqual(cutAt(bytes, offsets), expected)
    }))

  it("the line end that closes an event is not waited for twice: a CR emits at once", () => {
    const splitter = new StreamSplitter()
    assert.deepStrictEqual(splitter.push(encoder.encode("data: 1\r\r")), ["1"])
    assert.deepStrictEqual(splitter.push(encoder.encode("\ndata: 2\r\n\r")), ["2"])
  })

  it("an error body after the last event is kept as stray text", () => {
    const body = JSON.stringify({ error: { code: 503, message: "id: retry:\ndata: x" } }, null, 2)
    const splitter = new StreamSplitter()
    const bytes = encoder.encode(`data: {}\r\n\r\n${body.replaceAll("\n", "\r\n")}`)
    const seen = Array.from(bytes, (byte) => splitter.push(Uint8Array.of(byte))).flat()
    assert.deepStrictEqual(seen.concat(splitter.end()), ["{}"])
    assert.deepStrictEqual(JSON.parse(splitter.stray), JSON.parse(body))
  })
})

describe("JSON streams without alt=sse survive every split point", () => {
  const values = [{ text: "a \"quoted\" } ] \\ brace { [" }, { text: "grüße 🌊", nested: { list: [{}, [1]] } }, {}]
  const objects = values.map((value) => JSON.stringify(value))
  for (
    const [name, text] of [
      ["an array", `[${objects.join("\n,\r\n")}]\n`],
      ["an array with a BOM", `\ufeff\n[${objects.join(",")}]`],
      ["objects one after another", objects.join("\n")],
      ["an array that is never closed", `[${objects.join(",")}`]
    ] as const
  ) {
    it(name, () => {
      everySize(text, objects)
      everyPoint(text, objects)
    })
  }

  it("a cut object is known to be cut", () => {
    const splitter = new StreamSplitter()
    splitter.push(encoder.encode("[{\"a\":1},{\"b\":"))
    assert.deepStrictEqual(splitter.end(), ["{\"b\":"])
    assert.isTrue(splitter.cut)
  })
})

describe("linear time", () => {
  const megabyte = 1 << 20
  const time = (framing: (data: Uint8Array) => Uint8Array, megabytes: number, piece: number): number => {
    const bytes = framing(new Uint8Array(megabytes * megabyte).fill(97))
    const splitter = new StreamSplitter()
    const start = process.cpuUsage()
    let size = 0
    for (let i = 0; i < bytes.length; i += piece) {
      for (const event of splitter.push(bytes.subarray(i, i + piece))) size += event.length
    }
    const { system, user } = process.cpuUsage(start)
    assert.isAtLeast(size, megabytes * megabyte)
    return (user + system) / 1000
  }
  const wrap = (before: string, after: string) => (data: Uint8Array) => {
    const out = new Uint8Array(before.length + data.length + after.length)
    out.set(encoder.encode(before))
    out.set(data, before.length)
    out.set(encoder.encode(after), before.length + data.length)
    return out
  }

  for (
    const [name, framing] of [
      ["SSE", wrap("data: \"", "\"\n\n")],
      ["a JSON array", wrap("[{\"data\":\"", "\"}]")]
    ] as const
  ) {
    // Joined anew at every piece it would be 128 GB of copying, over 20 s.
    it(`one event of 64 MB in pieces of 16 KiB over ${name} takes less than 3 s of CPU`, () => {
      assert.isBelow(time(framing, 64, 1 << 14), 3_000)
    })
  }

  it("a hundred thousand lines of one event are joined once", () => {
    const splitter = new StreamSplitter()
    const start = process.cpuUsage()
    splitter.push(encoder.encode("data: [\n" + "data: 1,\n".repeat(100_000) + "data: 1]\n"))
    const [event = ""] = splitter.push(encoder.encode("\n"))
    assert.strictEqual(JSON.parse(event).length, 100_001)
    assert.isBelow(process.cpuUsage(start).user, 2_000_000)
  })
})
