import { assert, describe, it } from "@effect/vitest"
import * as Prompt from "effect/ai/Prompt"
import { ArgsFold } from "../src/internal/ArgsFold.ts"
import { filePart } from "../src/internal/filePart.ts"

type Piece = readonly [path: string, value: string]

const folded = (...pieces: ReadonlyArray<Piece>) => {
  const fold = new ArgsFold()
  for (const [jsonPath, stringValue] of pieces) {
    fold.add({ jsonPath, stringValue })
    fold.delta()
  }
  return fold.args()
}

/** The milliseconds of CPU that it takes. */
const cost = (work: () => unknown): number => {
  const from = process.cpuUsage()
  work()
  const { system, user } = process.cpuUsage(from)
  return (user + system) / 1000
}

describe("arguments in pieces, of a server that means ill", () => {
  it("a path deeper than any arguments is left out", () => {
    const path = (depth: number) => `$${".a".repeat(depth)}`
    assert.deepStrictEqual(folded([path(201), "x"], ["$.b", "y"]), { b: "y" })
    assert.strictEqual(JSON.stringify(folded([path(200), "x"])).length, 200 * 6 + 3)
  })

  it("a place far behind the end of an array is left out", () => {
    assert.deepStrictEqual(folded(["$.a[1001]", "x"], ["$.a[0]", "y"]), { a: ["y"] })
    assert.strictEqual(JSON.stringify(folded(["$.a[1000]", "x"])), `{"a":[${"null,".repeat(1000)}"x"]}`)
    assert.deepStrictEqual(folded(["$.a[0]", "x"], ["$.a[4294967295]", "y"]), { a: ["x"] })
  })

  it("a name in an array is none of its places", () => {
    for (const name of ["length", "__proto__", "x"]) {
      assert.deepStrictEqual(folded(["$.a[0]", "x"], [`$.a.${name}`, "5"]), { a: ["x"] })
    }
  })

  it("braces in a text are not sought through from each of them", () => {
    assert.isBelow(cost(() => folded(["$.a", `${"}".repeat(1 << 20)}x`], ["$.b", "y"])), 2_000)
  })

  it("ten thousand pieces of a long text are not each written with all before them", () => {
    const value = "x".repeat(100)
    for (const willContinue of [true, false]) {
      const fold = new ArgsFold()
      let shown = ""
      const millis = cost(() => {
        for (let i = 0; i < 10_000; i++) {
          fold.add({ jsonPath: "$.a", stringValue: value, willContinue })
          shown += fold.delta()
        }
        shown += fold.end()
      })
      // What is told to be whole, and goes on, is shown no further.
      if (willContinue) assert.strictEqual(shown, JSON.stringify(fold.args()))
      assert.isBelow(millis, 4_000)
    }
  })
})

describe("a file that is given as a data: URL", () => {
  const inline = (data: string) => filePart(Prompt.filePart({ mediaType: "image/png", data })).inlineData

  it("has its own type, or the part's", () => {
    assert.deepStrictEqual(inline("data:image/gif;base64,AQID"), { mimeType: "image/gif", data: "AQID" })
    assert.deepStrictEqual(inline("data:text/plain;charset=utf-8;base64,AQID"), {
      mimeType: "text/plain",
      data: "AQID"
    })
    assert.deepStrictEqual(inline("data:;base64,AQID"), { mimeType: "image/png", data: "AQID" })
    assert.deepStrictEqual(inline("data:text/plain,AQID"), { mimeType: "text/plain", data: "QVFJRA==" })
  })

  it("is not searched again from each of its letters", () => {
    assert.isBelow(cost(() => inline(`data:${"a".repeat(1 << 20)}`)), 1_000)
  })
})
