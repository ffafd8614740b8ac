/** What a person sets up for good: where each value comes from, and that the key is never seen. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { settings } from "../src/internal/setup/Setting.ts"
import { gemini } from "./harness.ts"

const secret = "AIza-not-a-real-key-1234567890"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-setup-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const shown = (env: Readonly<Record<string, string>>, toml: string) =>
  Effect.map(
    gemini(["config", "show", "--json"], {
      env: { GEMINI_FX_CONFIG: "conf", ...env },
      files: { "conf/config.toml": toml }
    }),
    ({ exitCode, stdout }) => {
      assert.strictEqual(exitCode, 0)
      return JSON.parse(stdout)
    }
  )

describe("a setting", () => {
  it.live("is the environment's before the file's, and the default where both are silent", () =>
    Effect.gen(function*() {
      const values: Readonly<Record<string, readonly [file: string, env: string]>> = {
        model: ["gemini-pro-latest", "gemini-flash-latest"],
        tier: ["tier1", "tier2"],
        emulator: ["true", "false"],
        base_url: ["http://file.test", "http://environment.test"],
        api_version: ["v1", "v1alpha"],
        history: ["false", "true"],
        state: ["/file", "/environment"],
        runs: ["/file", "/environment"],
        batches: ["/file", "/environment"],
        research: ["/file", "/environment"]
      }
      assert.deepStrictEqual(Object.keys(values), settings.map(({ key }) => key))
      for (const { key, kind, variables } of settings) {
        const [inFile = "", inEnvironment = ""] = values[key] ?? []
        const line = `${key} = ${kind === "boolean" ? inFile : JSON.stringify(inFile)}\n`
        // The harness gives a folder of runs of its own, unless a test does; an empty variable counts as missing.
        const empty = { GEMINI_FX_RUNS: "" }
        assert.strictEqual((yield* shown(empty, "")).settings[key].from, "default", key)
        const file = (yield* shown(empty, line)).settings[key]
        assert.deepStrictEqual(file, { value: inFile, from: "conf/config.toml:1" }, key)
        for (const variable of variables) {
          const env = (yield* shown({ ...empty, [variable]: inEnvironment }, line)).settings[key]
          assert.deepStrictEqual(env, { value: inEnvironment, from: variable }, key)
        }
      }
    }))

  it.live("of a flag wins over both, and reaches the server that is asked", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* Emulator.Emulator
      const files = {
        "conf/config.toml": `model = "gemini-pro-latest"\nbase_url = "${url}"\n`,
        "conf/keys.json": JSON.stringify({ gemini: secret }),
        "story.toml": "[[acts]]\nname = \"a\"\nprompt = \"Hello\"\n"
      }
      const run = (env: Readonly<Record<string, string>>, ...flags: ReadonlyArray<string>) =>
        gemini(["run", "story.toml", ...flags], { files, env: { GEMINI_FX_CONFIG: "conf", ...env } })
      const byFile = yield* run({})
      assert.deepStrictEqual([byFile.exitCode, byFile.stderr], [0, ""])
      assert.include(byFile.stdout, "with the API key of conf/keys.json")
      const byEnv = yield* run({ GEMINI_FX_MODEL: "gemini-flash-latest", GEMINI_API_KEY: "another" })
      assert.include(byEnv.stdout, "with the API key of the environment")
      yield* run({ GEMINI_FX_MODEL: "gemini-flash-latest" }, "--model", "gemini-flash-lite-latest")
      assert.deepStrictEqual((yield* requests).map(({ model }) => model), [
        "gemini-pro-latest",
        "gemini-flash-latest",
        "gemini-flash-lite-latest"
      ])
      const rehearsed = yield* run({}, "--emulator")
      assert.include(rehearsed.stdout, "embedded emulator")
      const always = yield* run({ GEMINI_FX_EMULATOR: "on" })
      assert.include(always.stdout, "embedded emulator")
      assert.strictEqual((yield* requests).length, 3)
    }).pipe(Effect.provide(Emulator.layerServer())), 30_000)
})

describe("the key", () => {
  it.live("is kept in a file for its user alone, from a pipe, and removed again", () =>
    Effect.gen(function*() {
      const at = join(yield* folder, "conf")
      const keys = (...args: ReadonlyArray<string>) =>
        gemini(["keys", ...args], {
          isOnDisk: true,
          env: { GEMINI_FX_CONFIG: at },
          stdin: Stream.make(` ${secret.slice(0, 9)}`, `${secret.slice(9)}\n`)
        })
      const file = join(at, "keys.json")
      assert.strictEqual((yield* keys("set")).exitCode, 0)
      assert.deepStrictEqual(JSON.parse(readFileSync(file, "utf8")), { gemini: secret })
      assert.deepStrictEqual([statSync(file).mode & 0o777, statSync(at).mode & 0o777], [0o600, 0o700])
      assert.include((yield* keys("list")).stdout, file)
      assert.strictEqual((yield* keys("remove")).exitCode, 0)
      assert.include((yield* keys("list")).stdout, "there is no key")
      // A folder that others can write to is not used.
      chmodSync(at, 0o777)
      const open = yield* keys("set")
      assert.strictEqual(open.exitCode, 2)
      assert.include(open.stderr, "is open to other users")
    }))

  it.live("is refused where others can read it, or it is no file", () =>
    Effect.gen(function*() {
      const at = yield* folder
      const file = join(at, "keys.json")
      const models = Effect.map(
        gemini(["models"], { isOnDisk: true, env: { GEMINI_FX_CONFIG: at } }),
        ({ exitCode, stderr }) => `${exitCode} ${stderr}`
      )
      writeFileSync(file, JSON.stringify({ gemini: secret }), { mode: 0o644 })
      assert.match(yield* models, /^2 .*keys\.json can be read by other users \(chmod 600 closes it\)/)
      rmSync(file)
      mkdirSync(file)
      assert.match(yield* models, /^2 .*keys\.json is not a file/)
      rmSync(file, { recursive: true })
      writeFileSync(file, "{", { mode: 0o600 })
      assert.match(yield* models, /^2 .*keys\.json holds no keys/)
      writeFileSync(file, "x".repeat(1_048_577), { mode: 0o600 })
      assert.match(yield* models, /^2 .*keys\.json is larger than 1 MiB/)
      rmSync(file)
      symlinkSync(join(at, "nowhere"), file)
      assert.match(yield* models, /^0 /)
    }))

  it.live("is in nothing that a command writes", () =>
    Effect.gen(function*() {
      const { addFault, url } = yield* Emulator.Emulator
      yield* addFault({ error: { code: 400, message: `no such key: ${secret}` } })
      const files = {
        "conf/keys.json": JSON.stringify({ gemini: secret }),
        "conf/config.toml":
          "[mcp.web]\nurl = \"http://127.0.0.1:9/mcp?token=hunter2secret\"\nheaders = { Authorization = " +
          "\"hunter2secret\" }\n[mcp.own]\ncommand = \"nothing-of-this-name\"\nargs = [\"--token\", \"hunter2secret\"]\n"
      }
      for (
        const args of [
          ["config", "show"],
          ["config", "show", "--json"],
          ["doctor"],
          ["doctor", "--json"],
          ["doctor", "--offline"],
          ["keys", "list"],
          ["keys", "set", secret],
          ["models"],
          ["--help"]
        ]
      ) {
        for (const env of [{}, { GEMINI_API_KEY: secret }]) {
          const { stderr, stdout } = yield* gemini(args, {
            files,
            env: { GEMINI_FX_CONFIG: "conf", GEMINI_BASE_URL: url.replace("//", "//me:hunter2secret@"), ...env }
          })
          assert.notInclude(stdout + stderr, secret, args.join(" "))
          assert.notInclude(stdout + stderr, "hunter2secret", args.join(" "))
        }
      }
    }).pipe(Effect.provide(Emulator.layerServer())), 30_000)
})

describe("doctor", () => {
  it.live("says what is wrong, and ends with 1 where something is", () =>
    Effect.gen(function*() {
      const well = yield* gemini(["doctor", "--json"])
      assert.strictEqual(well.exitCode, 0)
      const { findings, problems } = JSON.parse(well.stdout)
      assert.strictEqual(problems, 0)
      for (const about of ["gemini-fx", "runtime", "system", "server", "key", "clock", "settings", "state", "output"]) {
        assert.isTrue(findings.some((finding: { readonly about: string }) => finding.about === about), about)
      }
      const ill = yield* gemini(["doctor"], {
        env: { GEMINI_FX_CONFIG: "conf", GEMINI_API_KEY: "k", GEMINI_BASE_URL: "http://127.0.0.1:9" },
        files: { "conf/config.toml": "modle = \"x\"\n" }
      })
      assert.strictEqual(ill.exitCode, 1)
      assert.match(ill.stdout, /^! server .*127\.0\.0\.1:9/m)
      assert.match(ill.stdout, /^! settings .*config\.toml:1: modle: there is no such setting/m)
      assert.include(ill.stdout, "2 problems, marked with !")
    }))

  it.live("compares the clock with the server's", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const { stdout } = yield* gemini(["doctor"], { env: { GEMINI_API_KEY: "k", GEMINI_BASE_URL: url } })
      assert.match(stdout, /clock .*the server's is the same/)
    }).pipe(Effect.provide(Emulator.layerServer())))
})
