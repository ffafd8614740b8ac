/**
 * What becomes of a question whose process is stopped, at each moment of it: what is said, with which exit code, and
 * whether the server is left alone at once. The table is kept in messages/askSignals.txt, to be read as a person would.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import { type Command, start } from "./Command.ts"

/** Long enough for nobody to wait for it. */
const never = 120_000

interface Case {
  readonly args?: ReadonlyArray<string>
  /** What the server does. */
  readonly server: (emulator: Emulator.Service) => Effect.Effect<unknown, unknown>
  /** Until when the process goes on by itself. */
  readonly until: (emulator: Emulator.Service, command: Command) => Effect.Effect<unknown>
  readonly happens: (command: Command) => void
  readonly code: number | NodeJS.Signals
  /** How the requests ended. */
  readonly outcomes: ReadonlyArray<string>
}

const signal = (name: NodeJS.Signals) => (command: Command) => void command.child.kill(name)

const streaming = (emulator: Emulator.Service) =>
  emulator.enqueue({
    text: `one two\n\nthree four five six seven eight nine ten ${"word ".repeat(200)}`,
    chunkDelay: 100
  })
const asked = (emulator: Emulator.Service) => emulator.awaitRequests(1)
const comes = (_: Emulator.Service, command: Command) => command.writes(/one two/)

const cases: Readonly<Record<string, Case>> = {
  "Ctrl-C before the first word": {
    server: (emulator) => emulator.addFault({ delay: never }),
    until: asked,
    happens: signal("SIGINT"),
    code: 130,
    outcomes: ["aborted"]
  },
  "Ctrl-C between two attempts": {
    server: (emulator) => emulator.addFault({ error: { code: 503, message: "The model is overloaded." } }),
    until: (_, command) => command.says("attempt 1 failed"),
    happens: signal("SIGINT"),
    code: 130,
    outcomes: ["complete"]
  },
  "Ctrl-C in the middle of the answer": {
    server: streaming,
    until: comes,
    happens: signal("SIGINT"),
    code: 130,
    outcomes: ["aborted"]
  },
  "SIGTERM in the middle of the answer": {
    server: streaming,
    until: comes,
    happens: signal("SIGTERM"),
    code: 130,
    outcomes: ["aborted"]
  },
  "the reader goes in the middle of the answer (closed pipe)": {
    server: streaming,
    until: comes,
    happens: ({ child }) => void child.stdout?.destroy(),
    code: 141,
    outcomes: ["aborted"]
  },
  "the terminal is closed in the middle of the answer (SIGHUP)": {
    server: streaming,
    until: comes,
    happens: signal("SIGHUP"),
    code: "SIGHUP",
    outcomes: ["aborted"]
  },
  "Ctrl-C in the middle of an upload": {
    args: ["-a", "large.png"],
    server: (emulator) =>
      emulator.addFault({ when: { method: "files.upload" }, slowRead: { millis: 200, bytes: 100_000 } }),
    until: asked,
    happens: signal("SIGINT"),
    code: 130,
    outcomes: []
  }
}

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-ask-signals-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const play = Effect.fnUntraced(
  function*(title: string, { args = [], code, happens, outcomes, server, until }: Case): Effect.fn.Return<
    string,
    unknown,
    Emulator.Emulator | Scope.Scope
  > {
    const emulator = yield* Emulator.Emulator
    yield* server(emulator)
    const cwd = yield* folder
    writeFileSync(join(cwd, "large.png"), Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82))
    truncateSync(join(cwd, "large.png"), 20_000_000)
    const env = { GEMINI_API_KEY: "test-key", GEMINI_BASE_URL: emulator.url, GEMINI_FX_CONFIG: cwd }
    const command = yield* start(["ask", "Tell me", ...args], env, { cwd })
    yield* until(emulator, command)
    happens(command)
    assert.strictEqual(yield* command.ended, code, `${title}: ${command.stderr()}`)
    if (outcomes.length > 0) {
      yield* emulator.awaitClosed(outcomes.length)
      assert.deepStrictEqual((yield* emulator.requests).map(({ outcome }) => outcome ?? "open"), outcomes, title)
    }
    assert.deepStrictEqual((yield* emulator.files.list).length, 0, title)
    const said = command.stderr().replace(emulator.url, "http://127.0.0.1:PORT").replace(/in [\d.]+ s$/gm, "in N s")
    return `# ${title}\n${said}=> ${code}\n`
  },
  Effect.scoped,
  (effect) => Effect.provide(effect, Emulator.layerServer(), { local: true })
)

describe("a question whose process is stopped", () => {
  it.live("leaves the server alone at once, and says what happened", () =>
    Effect.gen(function*() {
      const table = yield* Effect.forEach(Object.entries(cases), ([title, one]) => play(title, one), { concurrency: 3 })
      yield* Effect.promise(() => expect(table.join("\n")).toMatchFileSnapshot("./messages/askSignals.txt"))
    }), 120_000)
})
