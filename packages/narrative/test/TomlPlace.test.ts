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

describe("the line of a key", () => {
  it.effect("is found in tables, lists, inline tables and dotted keys", () =>
    Effect.gen(function*() {
      const lineOf = yield* TomlPlace.of(text)
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
      for (const [path, line] of cases) assert.strictEqual(lineOf(path), line, path.join("."))
    }))

  it.effect("is that of the nearest parent where the key is not there, or of a text inside the value", () =>
    Effect.gen(function*() {
      const lineOf = yield* TomlPlace.of(text)
      assert.strictEqual(lineOf(["acts", 1, "model"]), 15)
      assert.strictEqual(lineOf(["list", 1, "y"], "two"), 7)
      assert.strictEqual(lineOf(["list", 1, "y"], "three"), 5)
      assert.isUndefined(lineOf(["nowhere"]))
      assert.isUndefined(lineOf([]))
    }))

  it.effect("is none in a text that is not TOML", () =>
    Effect.gen(function*() {
      const lineOf = yield* TomlPlace.of("= =")
      assert.isUndefined(lineOf(["a"]))
    }))
})
