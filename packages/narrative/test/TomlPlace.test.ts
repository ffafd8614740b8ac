import { assert, describe, it } from "@effect/vitest"
import * as TomlPlace from "effect-gemini-narrative/TomlPlace"
import * as Effect from "effect/Effect"

const text = `\uFEFFtitle = "t"
a.b = 1
list = [
  1,
  { x = 1, y = """
one
two"""}
]

["q uoted".inner]
key = 1

[[acts]]
name = "first"
[[acts]]
name = "second"
`

describe("the place of a key", () => {
  it.effect("is found in tables, lists, inline tables and dotted keys", () =>
    Effect.gen(function*() {
      const placeOf = yield* TomlPlace.of(text)
      const cases: ReadonlyArray<readonly [TomlPlace.Path, number | undefined]> = [
        [["title"], 1],
        [["a"], 2],
        [["a", "b"], 2],
        [["list"], 3],
        [["list", 0], 4],
        [["list", 1, "y"], 5],
        [["q uoted", "inner", "key"], 11],
        [["acts", 0, "name"], 14],
        [["acts", 1], 15],
        [["acts", 1, "name"], 16]
      ]
      for (const [path, line] of cases) assert.strictEqual(placeOf(path)?.line, line, path.join("."))
    }))

  it.effect("is that of the nearest parent where the key is not there, or of a text inside the value", () =>
    Effect.gen(function*() {
      const placeOf = yield* TomlPlace.of(text)
      assert.strictEqual(placeOf(["acts", 1, "model"])?.line, 15)
      assert.strictEqual(placeOf(["list", 1, "y"], "two")?.line, 7)
      assert.strictEqual(placeOf(["list", 1, "y"], "three")?.line, 5)
      assert.deepStrictEqual(placeOf(["list", 1, "x"]), { line: 5, column: 5 })
      assert.deepStrictEqual(placeOf(["list", 1, "y"], "wo"), { line: 7, column: 2 })
      assert.deepStrictEqual(placeOf(["list", 1], "1", "x = "), { line: 5, column: 9 })
      assert.isUndefined(placeOf(["nowhere"]))
      assert.isUndefined(placeOf([]))
    }))

  it.effect("is none in a text that is not TOML", () =>
    Effect.gen(function*() {
      const placeOf = yield* TomlPlace.of("= =")
      assert.isUndefined(placeOf(["a"]))
    }))
})
