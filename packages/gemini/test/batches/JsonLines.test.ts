import { assert, describe, it } from "@effect/vitest"
import { JsonLines } from "../../src/internal/batches/JsonLines.ts"

const encoder = new TextEncoder()

/** The lines of a text that comes in pieces of so many bytes. */
const cut = (text: string, size: number, limit = 1_000) => {
  const lines = new JsonLines(limit)
  const bytes = encoder.encode(text)
  const out: Array<string> = []
  for (let at = 0; at < bytes.length; at += size) out.push(...lines.push(bytes.subarray(at, at + size)))
  out.push(...lines.end())
  return { out, isTooLarge: lines.isTooLarge }
}

describe("lines", () => {
  it("are the same in whatever pieces they come, and a last one needs no end", () => {
    const text = "{\"a\":\"ä€😀\"}\n\n  \n{\"b\":1}\r\n{\"c\":2}"
    for (let size = 1; size <= encoder.encode(text).length; size++) {
      assert.deepStrictEqual(cut(text, size).out.map((line) => line.trim()), [
        "{\"a\":\"ä€😀\"}",
        "{\"b\":1}",
        "{\"c\":2}"
      ])
    }
  })

  it("keep nothing of a line that is too long", () => {
    for (const size of [1, 7, 100]) {
      const { isTooLarge, out } = cut(`short\n${"x".repeat(50)}\nlater\n`, size, 40)
      assert.deepStrictEqual({ isTooLarge, out }, { isTooLarge: true, out: ["short"] })
    }
    assert.isFalse(cut("x".repeat(40), 3, 40).isTooLarge)
  })

  it("stay as they are when the buffer that they came in is used again", () => {
    const lines = new JsonLines(100)
    const buffer = encoder.encode("abc")
    lines.push(buffer)
    buffer.fill(0)
    assert.deepStrictEqual(lines.push(encoder.encode("d\n")), ["abcd"])
  })
})
