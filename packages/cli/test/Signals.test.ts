/**
 * What becomes of a run when its process is stopped, in whatever way: what is said, what is kept and what is asked again.
 * The table is kept in messages/signals.txt, to be read as a person would.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import { type Command, start } from "./Command.ts"
import { gemini } from "./harness.ts"

/** The second act is slow: it is in flight when something happens. */
const story = `title = "Tides"
[[acts]]
name = "one"
model = "gemini-flash-lite-latest"
prompt = "Begin"
[[acts]]
name = "two"
model = "gemini-pro-latest"
prompt = "Go on: {{one}}"
[[acts]]
name = "three"
model = "gemini-flash-latest"
prompt = "End: {{two}}"
`
const acts: ReadonlyMap<string, string> = new Map([
  ["gemini-flash-lite-latest", "one"],
  ["gemini-pro-latest", "two"],
  ["gemini-flash-latest", "three"]
])

interface Case {
  readonly flags?: ReadonlyArray<string>
  /** Milliseconds that the second act's answer takes. */
  readonly delay: number
  readonly isThirdSlow?: boolean
  /** What happens while the second act is in flight. */
  readonly happens: (command: Command) => Effect.Effect<void, never, Scope.Scope>
  readonly env?: Readonly<Record<string, string>>
  readonly code: number | NodeJS.Signals
  /** The acts that are in flight when the process stops: no other act may be asked again. */
  readonly inFlight?: ReadonlyArray<string>
  /** The acts that are kept, and those that `resume` asks. */
  readonly kept: ReadonlyArray<string>
  readonly asked: ReadonlyArray<string>
}

const signal = (name: NodeJS.Signals) => (command: Command) => Effect.sync(() => void command.child.kill(name))

/** Long enough for nobody to wait for it. */
const never = 120_000
const hours = 8 * 3_600_000

const jump = (millis: number): Omit<Case, "delay"> => ({
  env: { CLOCK_JUMP: String(millis) },
  happens: signal("SIGUSR2"),
  code: 0,
  kept: ["one", "two", "three"],
  asked: []
})

const cases: Readonly<Record<string, Case>> = {
  "Ctrl-C once": { delay: 800, happens: signal("SIGINT"), code: 130, kept: ["one", "two"], asked: ["three"] },
  "Ctrl-C once, with --on-interrupt abort": {
    flags: ["--on-interrupt", "abort"],
    delay: never,
    happens: signal("SIGINT"),
    code: 130,
    kept: ["one"],
    inFlight: ["two"],
    asked: ["two", "three"]
  },
  "Ctrl-C twice": {
    delay: never,
    happens: (command) =>
      Effect.gen(function*() {
        command.child.kill("SIGINT")
        yield* command.says("Ctrl-C again leaves at once")
        command.child.kill("SIGINT")
      }),
    code: 130,
    kept: ["one"],
    inFlight: ["two"],
    asked: ["two", "three"]
  },
  "SIGTERM": { delay: 800, happens: signal("SIGTERM"), code: 130, kept: ["one", "two"], asked: ["three"] },
  "the terminal is closed (SIGHUP)": {
    delay: never,
    happens: signal("SIGHUP"),
    code: 129,
    kept: ["one"],
    inFlight: ["two"],
    asked: ["two", "three"]
  },
  "the reader of the output goes (closed pipe)": {
    delay: 800,
    // What the second act wrote has no reader; the third is in flight when that shows.
    happens: (command) =>
      Effect.gen(function*() {
        yield* command.writes(/^-- /)
        command.child.stdout?.destroy()
      }),
    isThirdSlow: true,
    inFlight: ["three"],
    code: 141,
    kept: ["one", "two"],
    asked: ["three"]
  },
  "kill -9": {
    delay: never,
    happens: signal("SIGKILL"),
    code: "SIGKILL",
    kept: ["one"],
    inFlight: ["two"],
    asked: ["two", "three"]
  },
  "SIGSTOP, and SIGCONT after the answer came": {
    delay: 300,
    happens: (command) =>
      Effect.gen(function*() {
        command.child.kill("SIGSTOP")
        // The answer arrives meanwhile; nothing here is measured.
        yield* Effect.sleep(1_500)
        command.child.kill("SIGCONT")
      }),
    code: 0,
    kept: ["one", "two", "three"],
    asked: []
  },
  "the clock jumps forward by 8 hours": { delay: 800, ...jump(hours) },
  "the clock is set back by 8 hours": { delay: 800, ...jump(-hours) }
}

const named = ({ model }: { readonly model?: string | undefined }): string => acts.get(model ?? "") ?? "?"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-signals-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const play = Effect.fnUntraced(
  function*(
    title: string,
    { code, delay, env = {}, flags = [], happens, inFlight = [], isThirdSlow = false, ...expected }: Case
  ) {
    const emulator = yield* Emulator.Emulator
    yield* emulator.addFault({ when: { model: "gemini-pro-latest", times: 1 }, delay })
    if (isThirdSlow) yield* emulator.addFault({ when: { model: "gemini-flash-latest", times: 1 }, delay: never })
    const cwd = yield* folder
    writeFileSync(join(cwd, "story.toml"), story)
    const server = { GEMINI_API_KEY: "test-key", GEMINI_BASE_URL: emulator.url, GEMINI_FX_RUNS: join(cwd, "runs") }
    const execArgv = ["--import", join(import.meta.dirname, "clock.ts")]
    const command = yield* start(["run", "story.toml", "--id", "tides", ...flags], { ...server, ...env }, {
      cwd,
      execArgv
    })
    yield* emulator.awaitRequests(2)
    yield* happens(command)
    assert.strictEqual(yield* command.ended, code, `${title}: ${command.stderr()}`)
    const before = (yield* emulator.requests).map(named)

    const setting = { env: server, isOnDisk: true }
    const run = JSON.parse((yield* gemini(["runs", "show", "tides", "--json"], setting)).stdout)
    const kept = run.results.map(({ act }: { readonly act: string }) => act)
    const resumed = yield* gemini(["runs", "resume", "tides"], setting)
    assert.strictEqual(resumed.exitCode, 0, `${title}: ${resumed.stderr}`)
    const asked = (yield* emulator.requests).slice(before.length).map(named)
    assert.deepStrictEqual({ kept, asked }, { kept: expected.kept, asked: expected.asked }, title)

    const all = (list: ReadonlyArray<string>) => list.length === 0 ? "nothing" : list.join(", ")
    const said = command.stderr().trimEnd()
    for (const act of asked) if (!inFlight.includes(act)) assert.notInclude(before, act, title)
    return `# ${title}\n${said === "" ? "(nothing is said)" : said}\n=> ${code}; the run is ${run.state}\n` +
      `   kept: ${all(kept)}; asked by resume: ${all(asked)}; may be asked again: ${all(inFlight)}\n`
  },
  Effect.scoped,
  (effect) => Effect.provide(effect, Emulator.layerServer(), { local: true })
)

describe("a run whose process is stopped", () => {
  it.live(
    "keeps what was answered, says how to go on, and asks again only what was in flight",
    () =>
      Effect.gen(function*() {
        const table = yield* Effect.forEach(
          Object.entries(cases),
          ([title, one]) => play(title, one),
          { concurrency: 4 }
        )
        yield* Effect.promise(() => expect(table.join("\n")).toMatchFileSnapshot("./messages/signals.txt"))
      }),
    300_000
  )
})
