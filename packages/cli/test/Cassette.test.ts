/** With GEMINI_CASSETTE every command plays a file, or records one, in place of asking a server. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gemini } from "./harness.ts"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "gemini-fx-cassette-"))
afterAll(() => rmSync(folder, { recursive: true }))

let count = 0
const temporary = () => join(folder, `${count++}.jsonl`)

const story = `title = "Tides"
[[acts]]
name = "draft"
model = "gemini-flash-lite-latest"
prompt = "Say something about tides"
[[acts]]
name = "final"
prompt = "Mend {{draft}}"
`
const files = { "story.toml": story }

const key = "the-key-of-ada-1234567890"

/** What differs between two runs whatever they are told: the name of the run, and how long it took. */
const told = (text: string) => text.replace(/ in \d+\.\d s|run: \S+/g, "")

/** The command as a process of its own, without a server, a key, or CI. */
const run = (env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>((resume) => {
    const { CI: _1, GEMINI_API_KEY: _2, GEMINI_BASE_URL: _3, ...rest } = process.env
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: folder,
      env: { ...rest, ...env, GEMINI_FX_RUNS: folder }
    })
    const texts = { stdout: "", stderr: "" }
    child.stdout.on("data", (piece) => texts.stdout += piece)
    child.stderr.on("data", (piece) => texts.stderr += piece)
    child.once("close", (code) => resume(Effect.succeed({ code, ...texts })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Without the variable, since what is proved here calls out. */
const outsideCi = Effect.acquireRelease(
  Effect.sync(() => {
    const before = process.env["CI"]
    delete process.env["CI"]
    return before
  }),
  (before) =>
    Effect.sync(() => {
      if (before !== undefined) process.env["CI"] = before
    })
)

describe("GEMINI_CASSETTE", () => {
  it.live(
    "records a run, and gives its output again as often as asked, without a server",
    () =>
      Effect.gen(function*() {
        const file = temporary()
        yield* outsideCi
        writeFileSync(join(folder, "story.toml"), story)
        const recorded = yield* Effect.gen(function*() {
          const emulator = yield* Emulator.Emulator
          const record = { GEMINI_CASSETTE: file, GEMINI_CASSETTE_MODE: "once" }
          const env = { GEMINI_API_KEY: key, GEMINI_BASE_URL: emulator.url, ...record }
          const got = yield* gemini(["run", "story.toml"], { env, files })
          assert.strictEqual((yield* emulator.requests).length, 2)
          return got
        }).pipe(Effect.provide(Emulator.layerServer(), { local: true }))
        assert.deepStrictEqual([recorded.exitCode, recorded.stderr], [0, ""])
        assert.match(recorded.stdout, /^server: http:\/\/127\.0\.0\.1:\d+, .*; what is said is recorded in /)
        assert.notInclude(readFileSync(file, "utf8"), key)
        // Neither a key nor a server is there now.
        const env = { GEMINI_CASSETTE: file }
        const [one, two] = yield* Effect.all([run(env, "run", "story.toml"), run(env, "run", "story.toml")], {
          concurrency: 2
        })
        assert.deepStrictEqual([one.code, one.stderr, two.code, two.stderr], [0, "", 0, ""])
        assert.strictEqual(told(one.stdout), told(two.stdout))
        assert.match(one.stdout, /^server: the cassette .*, played; nothing leaves this machine\n/)
        const acts = (text: string) => told(text).split("\n").filter((line) => !/^(?:server:|\d+ acts)/.test(line))
        assert.deepStrictEqual(acts(one.stdout), acts(recorded.stdout))
        // `once` plays what is there, even with a key that could call out.
        const third = yield* gemini(["run", "story.toml"], {
          env: { ...env, GEMINI_CASSETTE_MODE: "once", GEMINI_API_KEY: key },
          files
        })
        assert.strictEqual(told(third.stdout), told(one.stdout))
      }).pipe(Effect.scoped),
    60_000
  )

  it.live("plays for whoever asks: with --emulator, and for other commands", () =>
    Effect.gen(function*() {
      yield* outsideCi
      const file = temporary()
      const { url } = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Emulator.layerServer())))
      const env = { GEMINI_API_KEY: key, GEMINI_BASE_URL: url, GEMINI_CASSETTE: file, GEMINI_CASSETTE_MODE: "record" }
      const recorded = yield* gemini(["models", "--json"], { env })
      assert.strictEqual(recorded.exitCode, 0, recorded.stderr)
      for (const more of [[], ["--emulator"]]) {
        const played = yield* gemini(["models", "--json", ...more], { env: { GEMINI_CASSETTE: file } })
        assert.strictEqual(played.stdout, recorded.stdout)
      }
    }).pipe(Effect.scoped))

  it.live("a request that is not in it fails the command, and says which recording is nearest", () =>
    Effect.gen(function*() {
      yield* outsideCi
      const file = temporary()
      const { url } = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Emulator.layerServer())))
      const env = { GEMINI_API_KEY: key, GEMINI_BASE_URL: url, GEMINI_CASSETTE: file, GEMINI_CASSETTE_MODE: "record" }
      assert.strictEqual((yield* gemini(["run", "story.toml"], { env, files })).exitCode, 0)
      const other = { "story.toml": story.replace("about tides", "about winds") }
      const { exitCode, stderr } = yield* gemini(["run", "story.toml"], {
        env: { GEMINI_CASSETTE: file },
        files: other
      })
      assert.strictEqual(exitCode, 1)
      const words = stderr.replace(/\s+/g, " ")
      assert.include(words, "recorded \"Say something about tides\", asked \"Say something about winds\"")
      assert.include(words, "GEMINI_CASSETTE_MODE=new")
    }).pipe(Effect.scoped))

  it.live("what cannot be meant is refused before anything is asked", () =>
    Effect.gen(function*() {
      yield* outsideCi
      const file = temporary()
      const said = Effect.fnUntraced(function*(env: Readonly<Record<string, string>>, ...more: ReadonlyArray<string>) {
        const { exitCode, stderr } = yield* gemini(["run", "story.toml", ...more], { env, files })
        assert.strictEqual(exitCode, 2, stderr)
        return stderr.replaceAll(file, "FILE").replace(/^gemini-fx: /, "").trim()
      })
      const records = { GEMINI_CASSETTE: file, GEMINI_CASSETTE_MODE: "record" }
      assert.deepStrictEqual(
        [
          yield* said({ GEMINI_CASSETTE: file }),
          yield* said(records),
          yield* said(records, "--emulator")
        ],
        [
          "GEMINI_CASSETTE: FILE: there is no such cassette: record it with mode \"once\"",
          "GEMINI_CASSETTE: mode \"record\" records what a server says, and there is no API key for one: set GEMINI_API_KEY",
          "GEMINI_CASSETTE: mode \"record\" records what a server says, and the embedded emulator is asked for, which is none"
        ]
      )
      process.env["CI"] = "true"
      const inCi = yield* said({ ...records, GEMINI_API_KEY: key })
      delete process.env["CI"]
      assert.include(inCi, "would ask generativelanguage.googleapis.com, and the variable CI is set")
      assert.isFalse(existsSync(file))
      writeFileSync(file, "{}\n")
      assert.include(yield* said({ GEMINI_CASSETTE: file }), "line 1 is not the head of a cassette")
      assert.include(yield* said({ GEMINI_CASSETTE: file, GEMINI_CASSETTE_MODE: "replya" }), "GEMINI_CASSETTE_MODE")
    }).pipe(Effect.scoped))
})
