/** A line is put together by hand, because that is quicker: it must be the JSON that it would be otherwise. */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { parse, print } from "../src/internal/line.ts"
import type { Line } from "../src/JournalStore.ts"

const texts = ["", "me", "\"", "\\", "a\nb", "\u0000", "\u2028", "\ud800", "漢😀", "</script>"]
const records = [{ a: "\"]" }, null, [1]]

const lines = texts.flatMap((text): ReadonlyArray<Line> =>
  [0, -0, 1.5, 1e21, 1_796_000_000_000].flatMap((at): ReadonlyArray<Line> => {
    const opening = { seq: 0, at, by: text, opened: true, records: [] }
    const written = { seq: 7, at, by: text, opened: false, of: text, version: 3, records }
    return [opening, { ...opening, state: text }, { ...opening, of: text, version: 0 }, written, {
      ...written,
      state: text
    }]
  })
)

/** The same by `JSON.stringify` alone. */
const whole = ({ at, by, of, opened, records, seq, state, version }: Line): string =>
  JSON.stringify({
    v: 1,
    seq,
    at,
    by,
    ...(opened ? { opened } : {}),
    state,
    of,
    version,
    ...(opened ? {} : { records })
  })

describe("a line of a journal", () => {
  const printed = (line: Line): string => print(line, line.records.map((record) => JSON.stringify(record)))

  it("is, byte for byte, what JSON.stringify makes of its fields", () => {
    for (const line of lines) assert.strictEqual(printed(line), whole(line))
  })

  it("is read as what was written, in one line of text", () => {
    for (const line of lines) {
      const text = printed(line)
      assert.notInclude(text, "\n")
      const read = Result.getOrThrow(parse(text))
      assert.deepStrictEqual([read.seq, read.at, read.by, read.opened, read.state], [
        line.seq,
        line.at + 0,
        line.by,
        line.opened,
        line.state
      ])
      assert.deepStrictEqual(read.records, line.records)
      if (!line.opened) assert.deepStrictEqual([read.of, read.version], [line.of, line.version])
    }
  })
})
