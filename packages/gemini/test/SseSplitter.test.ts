import { assert, describe, it } from "@effect/vitest"
import { SseSplitter } from "../src/internal/SseSplitter.ts"

const encoder = new TextEncoder()

const split = (bytes: Uint8Array, size: number): ReadonlyArray<string> => {
  const splitter = new SseSplitter()
  const out: Array<string> = []
  for (let i = 0; i < bytes.length; i += size) out.push(...splitter.push(bytes.subarray(i, i + size)))
  out.push(...splitter.end())
  return out
}

describe("events survive every split point and line end", () => {
  const expected = ["{\"text\":\"grüße 🌊\"}", "second\nline", "last"]
  it.each(["\n", "\r\n", "\r"])("with %j", (eol) => {
    const text = [
      "\ufeff: comment",
      `data: ${expected[0]}`,
      "",
      "retry: 10",
      "data: second",
      "data:line",
      "",
      "data: last"
    ]
      .join(eol)
    const bytes = encoder.encode(text)
    for (let size = 1; size <= bytes.length; size++) assert.deepStrictEqual(split(bytes, size), expected)
  })
})
