/** `gemini-fx check`: what it says of narratives that are right and of those that are not, for people and programs. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gemini } from "./harness.ts"

const good = `title = "Tides"
[variables]
hero = "Bo"
[[acts]]
name = "one"
prompt = "Of {{hero}}"
model = "gemini-2.5-pro"
[[acts]]
name = "two"
prompt = "Go on: {{one}}"
[[acts]]
name = "three"
prompt = "Again: {{one}}"
`

const near = `[[acts]]
name = "one"
prompt = "Hello"
model = "gemini-2.5-prro"
`

const bad = `[[acts]]
name = "one"
prompt = "{{two}}"
[[acts]]
name = "one"
prompt = ""
`

describe("gemini-fx check", () => {
  it.live("says that nothing is wrong and on which models the acts are, or everything that is", () =>
    Effect.gen(function*() {
      const at = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-check-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const path = (name: string, text: string): string => {
        writeFileSync(join(at, name), text)
        return join(at, name)
      }
      const [right, close, wrong] = [path("good.toml", good), path("near.toml", near), path("bad.toml", bad)]
      const check = (...args: ReadonlyArray<string>) => gemini(["check", ...args], { isOnDisk: true })

      const fine = yield* check(right, "--var", "hero=Ada")
      assert.deepStrictEqual([fine.exitCode, fine.stdout, fine.stderr], [
        0,
        `${right}: nothing is wrong; 3 acts on gemini-2.5-pro, ${GeminiConfig.defaultModel}\n`,
        ""
      ])
      const hinted = yield* check(close)
      assert.strictEqual(hinted.exitCode, 0)
      assert.include(hinted.stdout, "1 act on gemini-2.5-prro\n")
      assert.include(
        hinted.stderr,
        `${close}: act "one" asks gemini-2.5-prro, which this version does not know (did you mean gemini-2.5-pro?)`
      )

      const broken = yield* check(close, wrong)
      assert.strictEqual(broken.exitCode, 2)
      assert.include(broken.stdout, "nothing is wrong")
      assert.include(broken.stderr, wrong)
      const problems = Number(/(\d+) problems?\s*$/.exec(broken.stderr)?.[1])
      assert.isAtLeast(problems, 2)

      const json = yield* check(right, close, wrong, "--json")
      assert.deepStrictEqual([json.exitCode, json.stderr.trim()], [2, ""])
      const [first, second, third] = JSON.parse(json.stdout)
      assert.deepStrictEqual(first, {
        file: right,
        ok: true,
        title: "Tides",
        acts: [
          { name: "one", model: "gemini-2.5-pro", needs: [] },
          { name: "two", model: null, needs: ["one"] },
          { name: "three", model: null, needs: ["one"] }
        ],
        notes: []
      })
      assert.strictEqual(second.notes.length, 1)
      assert.deepStrictEqual([third.file, third.ok, third.problems.length], [wrong, false, problems])
      assert.strictEqual((yield* check(right, "--json", "--var", "hero=Ada")).exitCode, 0)
    }).pipe(Effect.scoped))
})

describe("gemini-fx config show --json", () => {
  it.live("says whether there is a key and where it comes from, and never the key", () =>
    Effect.gen(function*() {
      const shown = (env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>>) =>
        Effect.map(
          gemini(["config", "show", "--json"], { env: { GEMINI_FX_CONFIG: "conf", ...env }, files }),
          ({ stdout }) => JSON.parse(stdout)
        )
      assert.deepStrictEqual((yield* shown({}, {})).key, { isSet: false, from: "default" })
      assert.deepStrictEqual((yield* shown({ GEMINI_API_KEY: "a-key-for-tests" }, {})).key, {
        isSet: true,
        from: "GEMINI_API_KEY"
      })
      const { files, mcp } = yield* shown({}, {
        "conf/config.toml": "[mcp.a]\ncommand = \"run\"\nargs = [\"x\"]\nreadonly = [\"look\"]\n" +
          "[mcp.b]\nurl = \"http://user:secret@host.test/mcp?key=secret\"\n[mcp.c]\ncommand = \"run\"\n"
      })
      assert.deepStrictEqual(mcp, [
        { name: "a", starts: "run with 1 argument", readonly: ["look"] },
        { name: "b", starts: "http://host.test/mcp", readonly: [] },
        { name: "c", starts: "run", readonly: [] }
      ])
      assert.deepStrictEqual(files, { config: "conf/config.toml", keys: "conf/keys.json" })
    }))
})
