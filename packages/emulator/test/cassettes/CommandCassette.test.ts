/** The command records what a program asks, with the program's own key, and plays it to the next run. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const bin = join(import.meta.dirname, "../../src/bin.ts")

const key = "adas-own-key-1234567890"

/** Asks one question, and writes the answer and what of the environment it was given. */
const program = `
const { GEMINI_BASE_URL: base, ...env } = process.env
const names = ["GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY", "GOOGLE_API_KEY", "GEMINI_CASSETTE_MODE", "GEMINI_UPSTREAM_KEY"]
const response = await fetch(base + "/v1beta/models/gemini-3.8-flash:generateContent", {
  method: "POST",
  headers: { "x-goog-api-key": env.GEMINI_API_KEY },
  body: JSON.stringify({ contents: [{ parts: [{ text: process.argv[1] }] }] })
})
const { candidates, error } = await response.json()
const text = candidates?.[0].content.parts[0].text ?? error.message
console.log(JSON.stringify({ text, env: names.map((name) => env[name] ?? null) }))
`

const command = (env: Readonly<Record<string, string>>, question: string, ...flags: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number | null; readonly told: unknown; readonly stderr: string }>((resume) => {
    const { CI: _1, GEMINI_API_KEY: _2, GOOGLE_API_KEY: _3, ...rest } = process.env
    const args = [bin, ...flags, "exec", "--", process.execPath, "--input-type=module", "-e", program, question]
    const child = spawn(process.execPath, args, { env: { ...rest, ...env } })
    const texts = { stdout: "", stderr: "" }
    child.stdout.on("data", (piece) => texts.stdout += piece)
    child.stderr.on("data", (piece) => texts.stderr += piece)
    child.once(
      "close",
      (code) => resume(Effect.sync(() => ({ code, told: JSON.parse(texts.stdout || "null"), stderr: texts.stderr })))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

describe("exec with a cassette", () => {
  it.live(
    "hands the program's own key on, keeps it out of the file, and plays without one",
    () =>
      Effect.gen(function*() {
        const file = join(mkdtempSync(join(tmpdir(), "cassette-command-")), "one.jsonl")
        // Only this key is good there.
        const upstream = yield* Emulator.Emulator.pipe(
          Effect.provide(yield* Layer.build(Emulator.layerServer({ keys: { valid: [key] }, answers: ["Hello Ada"] })))
        )
        const env = { GEMINI_CASSETTE: file, GEMINI_CASSETTE_MODE: "once" }
        const first = yield* command(
          { ...env, GOOGLE_API_KEY: key, GEMINI_CASSETTE_UPSTREAM: upstream.url },
          "Who are you?"
        )
        assert.deepStrictEqual(first.told, { text: "Hello Ada", env: [key, key, null, null, null] }, first.stderr)
        assert.include(first.stderr, "0 played, 1 recorded, 0 unused, 0 missed")
        assert.notInclude(readFileSync(file, "utf8"), key)
        // Of a key that the emulator holds the program sees nothing, and of the cassette neither.
        const [second, third] = yield* Effect.all([
          command({ ...env, GEMINI_UPSTREAM_KEY: key, CI: "1" }, "Who are you?"),
          command(env, "What are you?", "--match", "loose")
        ], { concurrency: 2 })
        const emulators = ["emulator", "emulator", null, null, null]
        assert.deepStrictEqual(second.told, { text: "Hello Ada", env: emulators }, second.stderr)
        assert.include(second.stderr, "1 played, 0 recorded, 0 unused, 0 missed")
        assert.strictEqual((yield* upstream.requests).length, 1)
        const { text } = third.told as { readonly text: string }
        assert.include(text, "recorded \"Who are you?\", asked \"What are you?\"")
        // The command that it names is the whole one, so that it can be copied.
        assert.include(
          text,
          `--cassette ${file} --mode new --upstream https://generativelanguage.googleapis.com --match loose`
        )
        assert.include(text, `exec -- ${process.execPath} --input-type=module -e '`)
        assert.include(third.stderr, "0 played, 0 recorded, 1 unused, 1 missed")
        assert.include(third.stderr, "1 call, 1 refused")
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "leaves the variables of tests that have cassettes of their own, and their key",
    () =>
      Effect.gen(function*() {
        const env = { GEMINI_API_KEY: key, GEMINI_CASSETTE_MODE: "once", GEMINI_UPSTREAM_KEY: "the emulator's" }
        const [records, plays] = yield* Effect.all([
          command({ ...env, GEMINI_CASSETTE_UPSTREAM: "http://127.0.0.1:1" }, "Who are you?"),
          command({ ...env, GEMINI_CASSETTE_MODE: "replay" }, "Who are you?")
        ], { concurrency: 2 })
        assert.deepInclude(records.told, { env: [key, key, null, "once", null] }, records.stderr)
        assert.deepInclude(plays.told, { env: ["emulator", "emulator", null, "replay", null] }, plays.stderr)
      }),
    60_000
  )
})
