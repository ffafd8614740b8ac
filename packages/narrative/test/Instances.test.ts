import { assert, describe, it } from "@effect/vitest"
import { inOrder, rootsOf } from "../src/internal/instances.ts"

const acts = [
  { name: "first" },
  { name: "each", acts: [{ name: "each" }] },
  {
    name: "loop",
    acts: [{ name: "draft" }, { name: "inner", acts: [{ name: "x" }, { name: "y" }] }, { name: "check" }]
  },
  { name: "last" }
]

const sorted = [
  "first",
  "each[0]",
  "each[2]",
  "each[10]",
  "each",
  "draft[0]",
  "x[0][0]",
  "y[0][0]",
  "x[0][1]",
  "y[0][1]",
  "inner[0]",
  "check[0]",
  "draft[1]",
  "loop",
  "last"
]

describe("acts that are played more than once", () => {
  it("stand by rounds and items, in the order of the file, whatever came first", () => {
    const shuffled = sorted.toSorted((a, b) => a.length - b.length || (a < b ? 1 : -1))
    assert.notDeepEqual(shuffled, sorted)
    assert.deepStrictEqual(inOrder(acts, shuffled.map((name) => [name, name])), sorted)
  })

  it("belong to an act of the file, and what belongs to none is left out", () => {
    assert.strictEqual(rootsOf(acts).get("y")?.name, "loop")
    assert.deepStrictEqual(inOrder(acts, [["gone", 1], ["first", 2]]), [2])
  })
})
