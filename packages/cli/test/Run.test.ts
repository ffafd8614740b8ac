import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { execFile, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify, stripVTControlCharacters } from "node:util"
import * as Server from "../src/internal/server.ts"
import { gemini } from "./harness.ts"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
const narrative = fileURLToPath(new URL("../../examples/narratives/text_models.toml", import.meta.url))

const story = `title = "Tides"
[variables]
topic = "tides"
[[acts]]
name = "draft"
model = "gemini-flash-lite-latest"
prompt = "Say something about {{topic}}"
[[acts]]
name = "final"
model = "gemini-pro-latest"
prompt = "Mend {{draft}}"
`
const files = { "story.toml": story }

const server = (url: string) => ({ GEMINI_API_KEY: "test-key", GEMINI_BASE_URL: url })

describe("gemini-fx run", () => {
  const runs = mkdtempSync(join(tmpdir(), "gemini-fx-runs-"))
  afterAll(() => rmSync(runs, { recursive: true }))

  it("says first which server answers, then plays the acts in plain lines", async () => {
    const { stderr, stdout } = await promisify(execFile)(process.execPath, [bin, "run", narrative, "--stream"], {
      env: { ...process.env, GEMINI_FX_RUNS: runs }
    })
    const lines = stdout.split("\n")
    assert.match(lines[0] ?? "", /^server: embedded emulator/)
    assert.deepStrictEqual(lines.filter((line) => line.startsWith("==")), [
      "== draft (gemini-flash-lite-latest)",
      "== critique (gemini-flash-latest)",
      "== final (gemini-pro-latest)"
    ])
    assert.match(stdout, /\n3 acts, \d+ tokens \(\d+ in, \d+ out\), would cost \$0\.\d+ in \d+\.\d s\n$/)
    assert.strictEqual(stdout, stripVTControlCharacters(stdout))
    assert.strictEqual(stderr, "")
  })

  it.live("writes the same text streamed and act by act", () =>
    Effect.gen(function*() {
      const withoutTimes = (text: string) => text.replace(/ in \d+\.\d s|run: \S+/g, "")
      const streamed = yield* gemini(["run", "story.toml", "--stream"], { files })
      const whole = yield* gemini(["run", "story.toml"], { files })
      assert.strictEqual(withoutTimes(streamed.stdout), withoutTimes(whole.stdout))
    }))

  it.effect("says that Google may bill a key, and never shows it", () =>
    Effect.gen(function*() {
      const { says } = yield* Server.choose({})
      assert.match(says, /^server: https:\/\/generativelanguage\.googleapis\.com, .*Google may bill this key$/)
      assert.notInclude(says, "AIza")
    }).pipe(Effect.provideService(
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromUnknown({ GEMINI_API_KEY: "AIza-not-a-real-key" })
    )))

  it.live("remembers the quota between runs", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const fs = yield* FileSystem.FileSystem
      const state = yield* fs.makeTempDirectoryScoped()
      const env = { ...server(url), GEMINI_FX_STATE: state }
      for (let i = 0; i < 2; i++) assert.strictEqual((yield* gemini(["run", "story.toml"], { files, env })).exitCode, 0)
      const [quota = ""] = yield* fs.readDirectory(state)
      assert.match(quota, /^quota-[0-9a-f]{12}$/)
      const lanes = yield* fs.readDirectory(`${state}/${quota}`)
      assert.lengthOf(lanes, 2)
      for (const lane of lanes) {
        const { leases, window } = JSON.parse(yield* fs.readFileString(`${state}/${quota}/${lane}`))
        assert.deepStrictEqual([window.today, leases], [2, {}])
      }
    }).pipe(Effect.provide(Layer.merge(Emulator.layerServer({}), NodeFileSystem.layer))))

  it.live("prints what would be sent on a dry run, variables filled in", () =>
    Effect.gen(function*() {
      const { stdout } = yield* gemini([
        "run",
        "story.toml",
        "--dry-run",
        "--var",
        "topic=waves",
        "-m",
        "gemini-3.8-flash"
      ], {
        files
      })
      const [acts, known = ""] = stdout.split("\n\nwhat can be known before\n")
      assert.strictEqual(
        acts,
        "== draft (gemini-3.8-flash)\nSay something about waves\n\n== final (gemini-3.8-flash)\nMend {{draft}}"
      )
      assert.include(known, "  1. draft\n  2. final\n")
      assert.match(known, /gemini-3\.8-flash +2 +9 +- +<\$0\.0001/)
    }))

  it.live("writes one JSON document, or with --stream one event a line", () =>
    Effect.gen(function*() {
      const whole = yield* gemini(["run", "story.toml", "--json"], { files })
      const { acts, title, totals } = JSON.parse(whole.stdout)
      assert.strictEqual(title, "Tides")
      assert.deepStrictEqual(acts.map((act: { act: string; model: string }) => [act.act, act.model]), [
        // The models that answered: those behind the aliases that were asked.
        ["draft", "gemini-3.5-flash-lite"],
        ["final", "gemini-3.1-pro-preview"]
      ])
      assert.strictEqual(totals.acts, 2)
      assert.match(whole.stderr, /^server: /)
      const lines = yield* gemini(["run", "story.toml", "--json", "--stream"], { files })
      const tags = lines.stdout.trimEnd().split("\n").map((line) => JSON.parse(line)._tag)
      assert.deepStrictEqual(Array.from(new Set(tags)), ["ActStarted", "Chunk", "ActFinished", "NarrativeFinished"])
    }))

  it.live("keeps what a failed run has, and goes on from there", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const fs = yield* FileSystem.FileSystem
      const runs = yield* fs.makeTempDirectoryScoped()
      yield* emulator.addFault({ when: { model: "gemini-pro-latest", times: 1 }, status: 400 })
      const setting = { files, env: server(emulator.url), runs }
      const failed = yield* gemini(["run", "story.toml", "--id", "tides"], setting)
      assert.strictEqual(failed.exitCode, 1)
      assert.match(
        failed.stderr,
        /gemini-fx: act "final" failed: .*\n {2}1 of 2 acts are kept\n {2}mend story.toml, then: gemini-fx runs resume tides --adopt story.toml\n {2}or ask it again as it is: gemini-fx runs fork tides final\n$/s
      )
      const mended = { ...setting, files: { "story.toml": story.replace("Mend", "Repair") } }
      const again = yield* gemini(["runs", "resume", "tides", "--adopt", "story.toml"], mended)
      assert.strictEqual(again.exitCode, 0, again.stderr)
      const models = (yield* emulator.requests).map((request) => request.model)
      assert.deepStrictEqual(models, ["gemini-flash-lite-latest", "gemini-pro-latest", "gemini-pro-latest"])
      const { stdout } = yield* gemini(["runs", "show", "ti", "--json"], setting)
      const shown = JSON.parse(stdout)
      assert.strictEqual(shown.state, "finished")
      assert.deepStrictEqual(shown.acts.map((act: { readonly status: string }) => act.status), ["answered", "answered"])
      // What is over says so, and asks nobody.
      assert.strictEqual((yield* gemini(["runs", "resume", "tides"], setting)).exitCode, 0)
      assert.lengthOf(yield* emulator.requests, 3)
    }).pipe(Effect.provide(Layer.merge(Emulator.layerServer(), NodeFileSystem.layer))))

  it.live("names what to use in the place of --state, and leaves the file alone", () =>
    Effect.gen(function*() {
      const kept = { ...files, "s.json": "{\"acts\":[]}" }
      const { exitCode, files: after, stderr } = yield* gemini(["run", "story.toml", "--state", "s.json"], {
        files: kept
      })
      assert.strictEqual(exitCode, 2)
      assert.include(stderr, "gemini-fx runs resume last")
      assert.strictEqual(after.get("s.json"), "{\"acts\":[]}")
    }))

  it.live("writes only what one act wrote, and everything else elsewhere", () =>
    Effect.gen(function*() {
      const { stderr, stdout } = yield* gemini(["run", "story.toml", "--only", "final"], { files })
      assert.match(stdout, /^This is gemini-pro-latest[^\n]*\n$/)
      assert.match(stderr, /^server: .*\nrun: tides-[a-z0-9]+\n$/)
      const wrong = yield* gemini(["run", "story.toml", "--only", "finale"], { files })
      assert.strictEqual(wrong.exitCode, 2)
    }))

  it.live("gives the results so far and the reason as JSON when an act fails", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const { exitCode, stdout } = yield* gemini(["run", "story.toml", "--json"], { files, env: server(url) })
      assert.strictEqual(exitCode, 1)
      const { acts, error } = JSON.parse(stdout)
      assert.deepStrictEqual([acts.length, error.act, error.reason], [1, "final", "Unauthenticated"])
    }).pipe(Effect.provide(Emulator.layerServer({ faults: [{ when: { model: "gemini-pro-latest" }, status: 403 }] }))))

  it.live("draws its status below the text on a terminal and leaves nothing of it", () =>
    Effect.gen(function*() {
      const { stderr, stdout } = yield* gemini(["run", "story.toml", "--stream"], { files, isTerminal: true })
      assert.match(stderr, /draft on gemini-flash-lite-latest, \d\.\d s · 0 of 2 acts, \d+ tokens/)
      assert.match(stderr, /final on gemini-pro-latest, \d\.\d s · 1 of 2 acts, \d+ tokens/)
      assert.isTrue(stderr.endsWith("\x1b[J"))
      assert.notInclude(stdout, "acts,  ") // the status goes to stderr alone
      assert.match(stripVTControlCharacters(stdout), /^server: embedded/)
    }))

  it("ends at once where a narrative names a pipe, a device or a file elsewhere as an image", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gemini-fx-inputs-"))
    try {
      await promisify(execFile)("mkfifo", [join(folder, "pipe.png")])
      const images = ["pipe.png", "/dev/zero", "/etc/passwd"].map((name) =>
        `{ image = "${name}", media_type = "image/png" }`
      )
      const story = join(folder, "story.toml")
      writeFileSync(story, `[[acts]]\nname = "see"\ninputs = [${images.join(", ")}]\n`)
      const ended = await new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) => {
        const args = [bin, "run", story, "--dry-run"]
        execFile(
          process.execPath,
          args,
          { timeout: 25_000, killSignal: "SIGKILL" },
          (error, _, stderr) => resolve({ code: error?.code, stderr })
        )
      })
      assert.strictEqual(ended.code, 2)
      assert.match(ended.stderr, /pipe\.png: is a pipe.*\/dev\/zero: lies outside.*\/etc\/passwd: lies outside/s)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("ends with 130 on Ctrl-C, and the server sees the request go", async () => {
    await Effect.runPromise(
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const child = spawn(process.execPath, [bin, "run", narrative, "--stream", "--on-interrupt", "abort"], {
          env: { ...process.env, ...server(emulator.url), GEMINI_FX_RUNS: runs },
          stdio: "ignore"
        })
        yield* emulator.awaitRequests(1)
        child.kill("SIGINT")
        const code = yield* Effect.promise(() => new Promise((resolve) => child.once("exit", resolve)))
        assert.strictEqual(code, 130)
        const [request] = yield* emulator.awaitClosed(1)
        assert.strictEqual(request?.outcome, "aborted")
      }).pipe(Effect.provide(Emulator.layerServer({ chunkDelay: 60_000 })))
    )
  })
})

describe("--config", () => {
  const config = `[providers.gemini]
default_model = "gemini-flash-latest"
[providers.gemini.tiers.free.models."gemini-2.5-pro"]
rpm = 7
`
  it.live("says which model answers acts that name none, and which quotas are kept", () =>
    Effect.gen(function*() {
      const files = { "story.toml": "[[acts]]\nname = \"draft\"\nprompt = \"Hello\"\n", "gemini.toml": config }
      const { stdout } = yield* gemini(["run", "story.toml", "--stream", "--config", "gemini.toml"], { files })
      assert.include(stdout, "== draft (gemini-flash-latest)")
      const limits = yield* gemini(["limits", "--config", "gemini.toml"], { files })
      assert.match(limits.stdout, /gemini-2\.5-pro +7 /)
    }))
})

describe("gemini-fx models and limits", () => {
  it.live("list what the server has", () =>
    Effect.gen(function*() {
      const { stdout } = yield* gemini(["models", "--method", "embedContent"])
      assert.match(stdout, /^server: embedded emulator[^\n]*\n\nmodel +tokens in +tokens out +methods\n/)
      assert.include(stdout, "gemini-embedding")
      const none = yield* gemini(["models", "--method", "dance"])
      assert.strictEqual(none.exitCode, 1)
      assert.match(none.stderr, /no model has the method "dance"; there are: .*generateContent/)
    }))

  it.live("show the quotas of a tier", () =>
    Effect.gen(function*() {
      const { stdout } = yield* gemini(["limits", "--tier", "free"])
      assert.match(stdout, /gemini-2\.5-pro +2 +125,000 +50/)
      const json = yield* gemini(["limits", "--json", "-m", "models/gemini-2.5-pro"])
      assert.strictEqual(JSON.parse(json.stdout).limits["gemini-2.5-pro"].rpm, 2)
    }))
})
