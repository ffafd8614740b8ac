/** `gemini-fx chat` on a pty: the question before a call, Ctrl-C at each moment, what is pasted, and dumb terminals. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gemini } from "./harness.ts"
import * as Terminal from "./Terminal.ts"

const person = Effect.gen(function*() {
  const at = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-pty-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const { url } = yield* Emulator.Emulator
  writeFileSync(
    join(at, "config.toml"),
    `[mcp.notes]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${
      JSON.stringify(join(import.meta.dirname, "mcpServer.ts"))
    }]\nenv = { MCP_FILE = ${JSON.stringify(join(at, "calls.txt"))} }\n`
  )
  writeFileSync(join(at, "calls.txt"), "")
  return {
    at,
    env: {
      GEMINI_API_KEY: "test-key",
      GEMINI_BASE_URL: url,
      GEMINI_FX_STATE: join(at, "state"),
      GEMINI_FX_CONFIG: at,
      GEMINI_FX_TIER: "tier3"
    }
  }
})

const open = (env: Readonly<Record<string, string>>, ...flags: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => new Terminal.Terminal(["chat", ...flags], env)),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

const records = (env: Readonly<Record<string, string>>) =>
  Effect.map(gemini(["history", "show", "--json"], { isOnDisk: true, env }), ({ stdout }) => {
    const { records }: { readonly records: ReadonlyArray<{ readonly _tag: string; readonly consent?: string }> } = JSON
      .parse(stdout)
    return records
  })

const emulated = <A, E>(effect: Effect.Effect<A, E, Emulator.Emulator>) =>
  Effect.provide(effect, Emulator.layerServer({ chunkDelay: 10 }), { local: true })

const call = (text: string) => `emulator:call notes.write {"text":"${text}"}\r`

describe.skipIf(!Terminal.isInstalled)("a chat at a terminal", () => {
  it.live(
    "asks before each call, and takes no answer that was typed before the question",
    () =>
      Effect.gen(function*() {
        const { at, env } = yield* person
        const { ended, shows, type } = yield* open(env)
        const written = () => readFileSync(join(at, "calls.txt"), "utf8")
        yield* shows(/> $/)
        // The status line is drawn between words. The y that is typed ahead is said next, and answers nothing.
        yield* type(`${call("one")}y\r`)
        yield* shows(/the model wants to call notes\.write \{[^]*"one"[^]*call it\?.*> $/)
        assert.strictEqual(written(), "")
        yield* type("n\r")
        yield* shows(/returned[^]*refused[^]*> y\r\n[^]*"y"[^]*> $/)
        yield* type(call("two"))
        yield* shows(/call it\?.*> $/)
        yield* type("not that one\r")
        yield* shows(/returned[^]*refused[^]*says:[^]*not[^]*that[^]*one[^]*-- gemini[^]*> $/)
        yield* type(call("three"))
        yield* shows(/call it\?.*> $/)
        yield* type("y\r")
        yield* shows(/· notes\.write[^]*written[^]*> $/)
        assert.strictEqual(written(), "write three\n")
        // Once is once.
        yield* type(call("four"))
        yield* shows(/call it\?.*> $/)
        yield* type("a\r")
        yield* shows(/written[^]*> $/)
        yield* type(call("five"))
        yield* shows(/· notes\.write[^]*written[^]*> $/)
        assert.strictEqual(written(), "write three\nwrite four\nwrite five\n")
        yield* type("\x04")
        assert.strictEqual(yield* ended, 0)
        const consents = (yield* records(env)).flatMap(({ consent }) => consent ?? [])
        assert.deepStrictEqual(consents, ["once", "always", "allowed"])
      }).pipe(Effect.scoped, emulated),
    60_000
  )

  it.live("is interrupted by Ctrl-C at each moment, and goes on", () =>
    Effect.gen(function*() {
      const { at, env } = yield* person
      const { ended, shows, type } = yield* open(env)
      yield* shows(/> $/)
      // In an answer.
      yield* type("emulator:words 3000\r")
      yield* shows(/word20 /)
      yield* type("\x03")
      yield* shows(/broken off; what came is kept\r\n> $/)
      // At the question.
      yield* type(call("never"))
      yield* shows(/call it\?.*> $/)
      yield* type("\x03")
      yield* shows(/broken off; what came is kept\r\n> $/)
      // While a tool is called.
      yield* type("emulator:call notes.slow {}\r")
      yield* shows(/call it\?.*> $/)
      yield* type("y\r")
      yield* shows(/· notes\.slow/)
      yield* type("\x03")
      yield* shows(/broken off; what came is kept\r\n> $/)
      // In a line, and in a text of several lines.
      yield* type("half")
      yield* shows(/half/)
      yield* type("\x03")
      yield* shows(/\^C\r\n> $/)
      yield* type("\"\"\"\rone\r")
      yield* shows(/… $/)
      yield* type("\x03")
      yield* shows(/\^C\r\n> $/)
      yield* type("emulator:say still here\r")
      yield* shows(/still here[^]*> $/)
      yield* type("\x03")
      assert.strictEqual(yield* ended, 130)
      assert.strictEqual(readFileSync(join(at, "calls.txt"), "utf8"), "slow \n")
      const tags = (yield* records(env)).map(({ _tag }) => _tag).join(" ")
      assert.strictEqual(
        tags,
        "Began Asked Replied Asked Replied Returned Replied Asked Replied Called Returned Replied Asked Replied"
      )
    }).pipe(Effect.scoped, emulated), 60_000)

  it.live("says what is pasted as one text", () =>
    Effect.gen(function*() {
      const { env } = yield* person
      const { requests } = yield* Emulator.Emulator
      const { all, shows, type } = yield* open(env, "--no-tools").pipe(
        Effect.map((terminal) => ({ all: () => terminal.all, shows: terminal.shows, type: terminal.type }))
      )
      yield* shows(/> $/)
      assert.include(all(), "\x1b[?2004h")
      yield* type("\x1b[200~one\rtwo\x1b[201~ three\r")
      yield* shows(/-- gemini[^]*> $/)
      assert.include(
        JSON.stringify((yield* requests).map(({ body }) => body)),
        "one\\\\ntwo three".replace("\\\\", "\\")
      )
      assert.strictEqual((yield* requests).length, 1)
    }).pipe(Effect.scoped, emulated), 60_000)

  it.live("sends a dumb terminal no sequences of its own", () =>
    Effect.gen(function*() {
      const { env } = yield* person
      const terminal = yield* open({ ...env, TERM: "dumb" }, "--no-tools")
      yield* terminal.shows(/> $/)
      yield* terminal.type("emulator:say Some **bold** words\r")
      yield* terminal.shows(/Some \*\*bold\*\* words[^]*> $/)
      yield* terminal.type("\x04")
      assert.strictEqual(yield* terminal.ended, 0)
      assert.notInclude(terminal.all, "\x1b")
    }).pipe(Effect.scoped, emulated), 60_000)
})
