/** `gemini-fx runs show` and `report` of a run that waits in its middle: whole, by act, as JSON and as a page. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gemini } from "./harness.ts"

const story = `[[acts]]
name = "one"
prompt = "Begin"
[[acts]]
name = "two"
prompt = "Go on: {{one}}"
approve = "May it go on?"
`

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-shown-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

describe("gemini-fx runs", () => {
  it.live("show and report a run that waits for somebody", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue({ text: "The first." })
      const at = yield* folder
      writeFileSync(join(at, "story.toml"), story)
      const runs = join(at, "runs")
      const env = { GEMINI_API_KEY: "k", GEMINI_BASE_URL: emulator.url, GEMINI_FX_CONFIG: "/nowhere" }
      const command = (...args: ReadonlyArray<string>) => gemini(args, { isOnDisk: true, runs, env })
      const played = yield* command("run", join(at, "story.toml"), "--id", "waits")
      assert.notStrictEqual(played.exitCode, 0)

      const shown = yield* command("runs", "show", "waits")
      assert.strictEqual(shown.exitCode, 0, shown.stderr)
      assert.match(shown.stdout, /^waits: paused\n/)
      assert.include(shown.stdout, "two waits until somebody approves it: May it go on?")
      assert.include(shown.stdout, "gemini-fx runs decide waits two approve --by NAME")

      const act = yield* command("runs", "show", "waits", "--act", "one")
      assert.deepStrictEqual([act.exitCode, act.stdout], [0, "The first.\n"])
      const open = yield* command("runs", "show", "waits", "--act", "two")
      assert.deepStrictEqual([open.exitCode, open.stdout], [1, ""])
      assert.include(open.stderr, "act \"two\" has no answer yet")
      const unknown = yield* command("runs", "show", "waits", "--act", "three")
      assert.deepStrictEqual([unknown.exitCode, unknown.stdout], [2, ""])
      assert.include(unknown.stderr, "waits has no act \"three\"; its acts are one, two")

      const texts = (...args: ReadonlyArray<string>) =>
        Effect.map(command("runs", "show", "waits", "--json", ...args), ({ stdout }) => {
          const { id, results, state } = JSON.parse(stdout)
          return [id, state, results.map(({ act, text }: { act: string; text: string }) => [act, text])]
        })
      assert.deepStrictEqual(yield* texts(), ["waits", "paused", [["one", "The first."]]])
      assert.deepStrictEqual(yield* texts("--act", "one"), ["waits", "paused", [["one", "The first."]]])
      assert.deepStrictEqual(yield* texts("--act", "two"), ["waits", "paused", []])

      const page = yield* command("runs", "report", "waits")
      assert.match(page.stdout, /^<!doctype html>/i)
      assert.strictEqual(page.stderr, "")
      const file = join(at, "page.html")
      const written = yield* command("runs", "report", "last", "-o", file)
      assert.deepStrictEqual([written.exitCode, written.stdout], [0, ""])
      assert.include(written.stderr, `wrote ${file}`)
      assert.match(readFileSync(file, "utf8"), /^<!doctype html>/i)
      assert.isFalse(existsSync(join(at, "waits.html")))

      const fork = yield* command("runs", "fork", "waits", "two", "--id", "other")
      assert.deepStrictEqual([fork.exitCode, fork.stdout], [0, "other\n"])
      assert.include(fork.stderr, "other begins as a copy of waits; to play it: gemini-fx runs resume other")
      const copy = yield* command("runs", "fork", "waits", "one", "--id", "third", "--json")
      assert.deepStrictEqual(JSON.parse(copy.stdout), { id: "third", from: "waits" })
      assert.include((yield* command("runs", "show", "other")).stdout, "a fork of waits at two")
      const whole = yield* command("runs", "fork", "waits")
      assert.deepStrictEqual([whole.exitCode, whole.stdout], [2, ""])
      assert.include(whole.stderr, "say which act is asked anew: one, two")

      const cancelled = yield* command("runs", "cancel", "other")
      assert.deepStrictEqual([cancelled.exitCode, cancelled.stdout], [0, ""])
      assert.include(
        cancelled.stderr,
        "other is cancelled; the answers of 1 of its 2 acts are kept until it is pruned"
      )
      const told = JSON.parse((yield* command("runs", "cancel", "waits", "--json")).stdout)
      assert.deepInclude(told, { id: "waits", standing: "cancelled", acts: 2, answered: 1 })
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())), 30_000)
})
