/** What `gemini-fx run` takes from files and pipes, and where it writes: the story alone, a file, a terminal's rows. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gemini, type Setting } from "./harness.ts"

const story = `[variables]
hero = "Bo"
[[acts]]
name = "one"
prompt = "Of {{hero}}"
[[acts]]
name = "two"
prompt = "Go on: {{one}}"
`

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-manners-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

interface Played {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** The prompts that the server got. */
  readonly prompts: ReadonlyArray<string>
}

/** Plays the story on an emulator that answers `The first.` and `The second.` */
const run = Effect.fnUntraced(
  function*(at: string, args: ReadonlyArray<string>, setting: Setting = {}) {
    const emulator = yield* Emulator.Emulator
    yield* emulator.enqueue({ text: "The first." }, { text: "The second." })
    writeFileSync(join(at, "story.toml"), story)
    const { exitCode, stderr, stdout } = yield* gemini(["run", join(at, "story.toml"), ...args], {
      isOnDisk: true,
      ...setting,
      env: { GEMINI_API_KEY: "k", GEMINI_BASE_URL: emulator.url, GEMINI_FX_CONFIG: "/nowhere", ...setting.env }
    })
    const prompts = (yield* emulator.requests).map(({ body }) =>
      JSON.stringify(body).replace(/^.*?"text":"([^"]*)".*$/, "$1")
    )
    const played: Played = { exitCode, stdout, stderr, prompts }
    return played
  },
  (effect) => Effect.provide(effect, Emulator.layerServer(), { local: true })
)

describe("gemini-fx run", () => {
  it.live("takes variables from files and stdin, empty ones too, and -v is one", () =>
    Effect.gen(function*() {
      const at = yield* folder
      writeFileSync(join(at, "hero.txt"), "Ada\nLovelace\n")
      const hero = (value: string, setting: Setting = {}) =>
        Effect.map(run(at, ["-v", `hero=${value}`], setting), ({ prompts }) => prompts[0])
      assert.strictEqual(yield* hero("Ada"), "Of Ada")
      assert.strictEqual(yield* hero(`@${join(at, "hero.txt")}`), "Of Ada\\nLovelace")
      assert.strictEqual(yield* hero("-", { stdin: Stream.make("Grace ", "Hopper\n") }), "Of Grace Hopper")
      assert.strictEqual(yield* hero("@@ada"), "Of @ada")
      assert.strictEqual(yield* hero("a@b=c"), "Of a@b=c")
      assert.strictEqual(yield* hero(""), "Of ")
    }).pipe(Effect.scoped), 60_000)

  it.live("says what is wrong with a variable's file, and sends nothing", () =>
    Effect.gen(function*() {
      const at = yield* folder
      writeFileSync(join(at, "latin.txt"), Uint8Array.of(99, 97, 102, 0xe9, 32))
      const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
        [
          ["--var", "hero=@missing.txt"],
          "--var hero=@missing.txt: there is no such file; a text that begins with @ is written with @@"
        ],
        [["--var", `hero=@${at}`], `--var hero=@${at}: is a folder`],
        [["--var", "hero=@/dev/zero"], "--var hero=@/dev/zero: is a device, not a file"],
        [["--var", `hero=@${at}/latin.txt`], `--var hero=@${at}/latin.txt: is not a text of UTF-8`],
        [["--var", "hero=-", "--var", "x=-"], "--var x=-: stdin can be read once"],
        [["--var", "hero"], "--var hero: a variable is given as --var hero=value"],
        [
          ["--detach", "--var", "hero=-"],
          "--detach: a process of its own has no stdin; put the text in a file: --var name=@file"
        ],
        [["--out", `${at}/nowhere/s.md`], `--out ${at}/nowhere/s.md: there is no folder ${at}/nowhere`],
        [["--quiet", "--json"], "--quiet writes texts and --json a document: choose one"]
      ]
      for (const [args, says] of wrong) {
        const got = yield* run(at, args)
        assert.deepStrictEqual([got.exitCode, got.stderr, got.prompts], [2, `gemini-fx: ${says}\n`, []])
      }
    }).pipe(Effect.scoped), 60_000)

  it.live("writes the story alone: to stdout, one act of it, into a file", () =>
    Effect.gen(function*() {
      const at = yield* folder
      const quiet = yield* run(at, ["--quiet"])
      assert.deepStrictEqual([quiet.exitCode, quiet.stdout, quiet.stderr], [0, "The first.\n\nThe second.\n", ""])
      const act = yield* run(at, ["--act", "two"])
      assert.strictEqual(act.stdout, "The second.\n")
      const out = join(at, "out.md")
      const file = yield* run(at, ["--out", out])
      assert.deepStrictEqual([file.stdout, readFileSync(out, "utf8")], ["", "The first.\n\nThe second.\n"])
      assert.include(file.stderr, "one is done\ntwo is done\n")
      yield* run(at, ["--out", out, "--act", "two"])
      assert.strictEqual(readFileSync(out, "utf8"), "The second.\n")
      yield* run(at, ["--out", out, "--json"])
      assert.lengthOf(JSON.parse(readFileSync(out, "utf8")).acts, 2)
      assert.isFalse(existsSync(`${out}.part`))
    }).pipe(Effect.scoped), 60_000)

  it.live("stops at an act that was cut, where it was told to", () =>
    Effect.gen(function*() {
      const at = yield* folder
      const cut = (args: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          const emulator = yield* Emulator.Emulator
          yield* emulator.enqueue({ text: "The fir", finishReason: "MAX_TOKENS" })
          return yield* gemini(["run", join(at, "story.toml"), ...args], {
            isOnDisk: true,
            env: { GEMINI_API_KEY: "k", GEMINI_BASE_URL: emulator.url, GEMINI_FX_CONFIG: "/nowhere" }
          })
        }).pipe(Effect.provide(Emulator.layerServer(), { local: true }))
      writeFileSync(join(at, "story.toml"), story)
      const said = yield* cut([])
      assert.strictEqual(said.exitCode, 0)
      assert.include(said.stdout, "; cut at max_output_tokens")
      const failed = yield* cut(["--on-cut", "fail"])
      assert.strictEqual(failed.exitCode, 1)
      assert.include(failed.stderr, "act \"one\" was cut at max_output_tokens; the run is stopped\n")
      assert.notInclude(failed.stdout, "== two")
    }).pipe(Effect.scoped), 60_000)

  it.live("breaks rows at a terminal between words", () =>
    Effect.gen(function*() {
      const at = yield* folder
      writeFileSync(join(at, "story.toml"), "[[acts]]\nname = \"a\"\nprompt = \"Hello\"\n")
      const setting = { isOnDisk: true, isTerminal: true, env: { GEMINI_FX_CONFIG: "/nowhere" } }
      for (const args of [[], ["--stream"]]) {
        const { stdout } = yield* gemini(["run", join(at, "story.toml"), ...args], setting)
        const rows = stdout.split("\n").filter((row) =>
          /emulator|words|nobody|model/i.test(row) && !row.startsWith("server")
        )
        assert.isAbove(rows.length, 1, stdout)
        for (const row of rows) assert.isAtMost(row.length, 79)
      }
    }).pipe(Effect.scoped), 60_000)
})
