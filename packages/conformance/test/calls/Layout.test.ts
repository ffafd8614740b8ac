/**
 * The layout rules are red on what they refuse: each case plants one fault in a small tree of its own and reads what
 * `scripts/lint-layout.ts` says of it. The same tree without a fault is green.
 */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const script = join(import.meta.dirname, "../../../../scripts/lint-layout.ts")

const plain: Readonly<Record<string, string>> = {
  "Gate.ts": "/** A gate. */\n\n/**\n * What a gate is.\n *\n * @category models\n */\nexport interface Gate {}\n",
  "internal/http/attempt.ts":
    "import type { Lane } from \"../wire/leaves.ts\"\nexport const attempt = (lane: Lane) => lane\n",
  "internal/http/README.md": "# http\n\nOne attempt (`attempt`).\n",
  "internal/wire/leaves.ts": "export type Lane = string\n",
  "internal/wire/README.md": `# wire\n\nLeaves (\`leaves\`), and ${
    ["one", "two", "is", "box", "helpers", ...Array.from({ length: 7 }, (_, place) => `part${place}`)]
      .map((name) => `\`${name}\``).join(" ")
  }.\n`
}

const said = (planted: Readonly<Record<string, string>>): { readonly code: number | null; readonly words: string } => {
  const root = mkdtempSync(join(tmpdir(), "layout-"))
  try {
    for (const [name, text] of Object.entries({ ...plain, ...planted })) {
      const file = join(root, "packages/gemini/src", name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    spawnSync("git", ["init", "-q"], { cwd: root })
    const { status, stderr } = spawnSync(process.execPath, [script, "--root", root], { encoding: "utf8" })
    return { code: status, words: stderr }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** As many modules as are asked for, each of which imports the next one's type, and the last one the first one's. */
const ring = (length: number): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from({ length }, (_, place) => [
    `internal/wire/part${place}.ts`,
    `import type { Part${(place + 1) % length} } from "./part${(place + 1) % length}.ts"\n` +
    `export type Part${place} = Part${(place + 1) % length} | undefined\n`
  ]))

describe("the layout rules", () => {
  it("are green on a tree without a fault, with a ring of six types too", () => {
    assert.deepStrictEqual(said({}), { code: 0, words: "" })
    assert.deepStrictEqual(
      said({ "internal/wire/is.ts": "import type * as it from \"../../Gate.ts\"\nexport type Gate = it.Gate\n" }),
      {
        code: 0,
        words: ""
      }
    )
    assert.deepStrictEqual(said(ring(6)), { code: 0, words: "" })
  })

  it.each<readonly [fault: string, planted: Readonly<Record<string, string>>, words: RegExp]>([
    [
      "an import that runs up to a higher floor",
      {
        "internal/wire/leaves.ts": "import { attempt } from \"../http/attempt.ts\"\nexport type Lane = typeof attempt\n"
      },
      /leaves\.ts: wire may not import http \(attempt\.ts\)/
    ],
    [
      "a room that no floor has",
      { "internal/cellar/wine.ts": "export const wine = 1\n", "internal/cellar/README.md": "The `wine`.\n" },
      /the room cellar stands on no floor/
    ],
    ["a ring of seven types", ring(7), /a ring of 7 modules; 6 is the longest allowed/],
    [
      "a ring of two values",
      {
        "internal/wire/one.ts": "import { two } from \"./two.ts\"\nexport const one = () => two\n",
        "internal/wire/two.ts": "import { one } from \"./one.ts\"\nexport const two = () => one\n"
      },
      /import each other's values in a ring/
    ],
    [
      "a tag without a sentence",
      { "Gate.ts": "/** A gate. */\n\n/**\n * @category models\n */\nexport interface Gate {}\n" },
      /Gate has no sentence that says what it is/
    ],
    [
      "a category that is not in the list",
      {
        "Gate.ts": "/** A gate. */\n\n/**\n * What a gate is.\n *\n * @category doors\n */\nexport interface Gate {}\n"
      },
      /@category doors is none of the list/
    ],
    [
      "a table that is looked into by any name",
      {
        "internal/wire/is.ts":
          "const table: Readonly<Record<string, number>> = { a: 1 }\nexport const is = (name: string) => table[name]\n"
      },
      /is\.ts: table\[…\] finds what every object has/
    ],
    [
      "a class in a camelCase file",
      { "internal/wire/box.ts": "export class Box {}\n" },
      /box\.ts: a file that exports a class/
    ],
    [
      "a public module in camelCase",
      { "door.ts": "/** A door. */\n" },
      /door\.ts: a public module is one noun in PascalCase/
    ],
    [
      "a room without a README",
      { "wire/Part.ts": "/** A part. */\n" },
      /wire\/README\.md: each room has a README/
    ],
    [
      "a module that its room's README does not name",
      { "internal/http/redirect.ts": "export {}\n" },
      /http\/README\.md: it does not say what these modules are: redirect$/m
    ],
    [
      "a map that names a file that is gone",
      {
        "../../../ARCHITECTURE.md": "A request goes through `internal/http/attempt.ts` and `internal/http/door.ts`.\n"
      },
      /ARCHITECTURE\.md: it names door\.ts/
    ],
    [
      "a relative clause that stands alone",
      { "internal/wire/is.ts": "/** That were sent so far. */\nexport const is = 1\n" },
      /is\.ts: "That were sent so far\.": a comment is a whole sentence/
    ],
    [
      "a comment that says what is no X, over two lines",
      { "internal/wire/is.ts": "/**\n * A value that is\n * no duration is refused.\n */\nexport const is = 1\n" },
      /is\.ts: "is no duration is refused\.": say what it is not/
    ],
    [
      "a message that says what is no X",
      { "internal/wire/is.ts": "export const is = (name: string) => `${name} is no folder`\n" },
      /is\.ts: "is no folder`": say what it is not/
    ],
    ["a module without a header", { "Door.ts": "export {}\n" }, /Door\.ts: a module opens with a header/],
    [
      "a name that says nothing",
      { "internal/wire/helpers.ts": "export {}\n" },
      /helpers\.ts: name it after what it holds/
    ],
    [
      "two modules of one name",
      {
        "internal/http/leaves.ts": "export {}\n",
        "internal/http/README.md": "# http\n\nOne attempt (`attempt`), and its `leaves`.\n"
      },
      /packages\/gemini\/src\/internal\/http\/leaves\.ts is called leaves, too: one word for one thing/
    ],
    [
      "a class whose name another module has given to a type",
      { "internal/wire/is.ts": "class Gate {}\nexport const is = new Gate()\n" },
      /Gate\.ts defines Gate, too: one word for one thing/
    ],
    [
      "a switch on a model's name",
      { "internal/wire/is.ts": "export const is = (name: string) => name.startsWith(\"gemini-3\")\n" },
      /no behaviour may hang on a model-name prefix/
    ]
  ])("are red on %s", (_, planted, words) => {
    const { code, words: all } = said(planted)
    assert.strictEqual(code, 1)
    assert.match(all, words)
    assert.strictEqual(all.trim().split("\n").length, 1, all)
  })
})
