import { assert, describe, it } from "@effect/vitest"
import { lineOf, type Path } from "../src/internal/config/tomlLine.ts"

const text = `\uFEFFtitle = "t"
a.b = 1
list = [
  1,
  { x = 1, y = """
fake = 1
two"""}
]

["q uoted".inner] # [not.a.table]
key = 1

[[acts]]
name = "first"
[[acts]]
'name' = "second"
[acts.inner]
deep = 1
`

describe("the line of a key of a configuration file", () => {
  const cases: ReadonlyArray<readonly [Path, number | undefined]> = [
    [["title"], 1],
    [["a"], 2],
    [["a", "b"], 2],
    [["list"], 3],
    [["list", 1, "y"], 3],
    [["fake"], undefined],
    [["q uoted", "inner", "key"], 11],
    [["q uoted", "inner", "other"], 10],
    [["acts", 0, "name"], 14],
    [["acts", 1], 15],
    [["acts", 1, "name"], 16],
    [["acts", 1, "model"], 15],
    [["nowhere"], undefined],
    [[], undefined]
  ]
  for (const [path, line] of cases) {
    it(`${path.join(".")} is ${line}`, () => assert.strictEqual(lineOf(text, path), line))
  }
})
