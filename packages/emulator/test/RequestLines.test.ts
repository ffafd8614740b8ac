/** What a person at the terminal sees of each request, and what `exec` says of spaces that have ended before it. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as LiveLog from "effect-gemini-emulator/LiveLog"
import * as RequestLog from "effect-gemini-emulator/RequestLog"
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as RequestLines from "../src/internal/command/requestLines.ts"
import { converse } from "./cassettes/liveClient.ts"
import { rawCall } from "./cassettes/wireClient.ts"
import * as Wire from "./LiveWire.ts"
import * as LogEntry from "./LogEntry.ts"
import { flash, prompt } from "./Wire.ts"

const call = (text: string, base = "") => ({
  method: "POST",
  url: `${base}/v1beta/models/${flash}:generateContent`,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify(prompt(text)))
})

const withoutTimes = (text: string) => text.replace(/^\d\d:\d\d:\d\d /, "").replace(/\d+ ms|\d\.\d s/, "TIME")

const setup = { setup: { model: Wire.robot, generationConfig: { responseModalities: ["TEXT"] } } }

/** Asks what is answered, what no rule matches, what is nothing, and holds a session. */
const asked = Effect.fnUntraced(function*(url: string) {
  yield* rawCall(url, call("Hi"))
  yield* rawCall(url, call("\u001b[31mBye", "/spaces/test-1"))
  yield* rawCall(url, { ...call(""), method: "GET", url: "/v1/nothing", body: new Uint8Array() })
  yield* converse(url, { says: [setup], until: { messages: 1 } })
})

const expected = [
  `200 generateContent ${flash} TIME rule "greets"`,
  `501 test-1: generateContent ${flash} TIME unmatched: rule "greets": text: wanted "Hi", found "\\u001b[31mBye"`,
  "404 GET /v1/nothing TIME",
  `1000 bidiGenerateContent ${Wire.robot.slice("models/".length)} TIME 0 turns Bye`
]

const scenario = "[[rule]]\nname = \"greets\"\nwhen = { text = \"Hi\" }\nreply = \"Hello\"\n"

/** The command at a terminal of so many columns, until what is asked of it is done. */
const atTerminal = Effect.fnUntraced(function*(columns: number, ...flags: ReadonlyArray<string>) {
  const file = join(mkdtempSync(join(tmpdir(), "emulator-lines-")), "rules.toml")
  writeFileSync(file, scenario)
  const bin = join(import.meta.dirname, "../src/bin.ts")
  const line = [process.execPath, bin, "--port", "0", "--scenario", file, ...flags].join(" ")
  const child = spawn("script", ["-qfec", `stty cols ${columns}; exec ${line}`, "/dev/null"], {
    stdio: ["ignore", "pipe", "ignore"]
  })
  let said = ""
  const until = (pattern: RegExp) =>
    Effect.promise(() =>
      new Promise<string>((resolve) => {
        const look = () => {
          const found = pattern.exec(said)
          if (found !== null) resolve(found[1] ?? "")
        }
        child.stdout.on("data", look)
        look()
      })
    )
  child.stdout.on("data", (piece) => (said += piece))
  yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGTERM")))
  const url = yield* until(/Gemini API on (http:\S+);/)
  yield* until(/It answers by/)
  yield* asked(url)
  // What it says of the last thing comes last.
  if (!flags.includes("--quiet")) yield* until(/bidiGenerateContent/)
  return said.split(/\r?\n/).filter((text) => /^\d\d:\d\d:\d\d /.test(text))
})

const hasTerminal = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0

describe("a line for each request", () => {
  it.live("says when, what, how long and who answered, in as many columns as there are, and nothing that acts", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* asked(emulator.url)
      const space = yield* emulator.space("test-1")
      const [one, three] = yield* emulator.requests
      const [two] = yield* space.requests
      const [session] = yield* emulator.live.awaitClosed(1)
      const lines = (width: number) => [
        ...[one, two, three].map((entry) => RequestLines.ofRequest(entry ?? assert.fail(), width)),
        RequestLines.ofSession(session ?? assert.fail(), width)
      ]
      assert.deepStrictEqual(lines(200).map(withoutTimes), expected)
      for (const width of [60, 80, 120]) for (const line of lines(width)) assert.isAtMost(line.length, width)
    }).pipe(
      Effect.provide(Emulator.layerServer({ rules: [{ name: "greets", when: { text: "Hi" }, reply: "Hello" }] }))
    ))

  it("is told once of each that ends, in the width that there is then, and of none before its end", () => {
    const told: Array<string> = []
    let width = 200
    const log = RequestLog.make()
    const live = LiveLog.make()
    RequestLines.watch({ log, live: { log: live } }, () => width, (text) => told.push(text.slice("00:00:00 ".length)))
    const place = { space: "default", project: "default", region: "global", path: "/x", time: 0 }
    const ask = () =>
      log.add({
        ...place,
        method: "POST",
        apiMethod: "countTokens",
        model: undefined,
        bodyBytes: new Uint8Array(),
        headersText: "{}",
        connection: 0
      })
    const open = () => live.add({ ...place, apiMethod: "bidiGenerateContent", version: "v1beta", headers: {} })
    const end = { code: 1000, reason: "Bye", by: "client" } as const
    const [first, session, left] = [ask(), open(), open()]
    first.head(200, "application/json")
    live.setUp(session, 1)
    assert.deepStrictEqual(told, [])
    first.close("complete", 5)
    live.close(session, end, 7)
    const lines = ["200 countTokens 5 ms", "1000 bidiGenerateContent 7 ms 0 turns Bye"]
    assert.deepStrictEqual(told, lines)
    width = 20
    ask().close("reset", 5)
    live.changed()
    live.close(left, end, 9)
    assert.deepStrictEqual(told.slice(2), ["--- countT…", "1000 bidiG…"])
  })

  const noon = new Date(2030, 0, 1, 7, 5, 9).getTime()
  const requests: ReadonlyArray<readonly [title: string, more: Parameters<typeof LogEntry.entry>[0], line: string]> = [
    ["with a model", { apiMethod: "countTokens", model: "m", closedAt: noon + 999.4 }, "200 countTokens m 999 ms"],
    ["without one", { apiMethod: "files.list", closedAt: noon + 1000 }, "200 files.list 1.0 s"],
    ["of no method", { status: 404, method: "GET", path: "/x", closedAt: noon + 1250 }, "404 GET /x 1.3 s"],
    ["that is open", { outcome: undefined, closedAt: undefined, status: undefined }, "--- POST /v1beta/x 0 ms"],
    ["that was cut", { outcome: "cut", closedAt: noon }, "200 POST /v1beta/x 0 ms cut"],
    ["of a space", { space: "s", closedAt: noon }, "200 s: POST /v1beta/x 0 ms"],
    ["by a rule", { closedAt: noon, verdict: { by: "rule", rule: "r" } }, "200 POST /v1beta/x 0 ms rule \"r\""],
    ["that nobody decided", { closedAt: noon, verdict: undefined }, "200 POST /v1beta/x 0 ms"],
    [
      "that was refused",
      { closedAt: noon, verdict: { by: "judge", refused: "Bad." } },
      "200 POST /v1beta/x 0 ms judge: Bad."
    ],
    [
      "that no rule matches",
      { closedAt: noon, verdict: { by: "unmatched", refused: "None.", nearMisses: ["near", "far"] } },
      "200 POST /v1beta/x 0 ms unmatched: near"
    ]
  ]
  it.each(requests)("of a request %s", (_, more, line) => {
    assert.strictEqual(RequestLines.ofRequest(LogEntry.entry({ time: noon, ...more }), 200), `07:05:09 ${line}`)
  })

  it("fills as many columns as there are but the last", () => {
    const entry = LogEntry.entry({ time: noon, closedAt: noon, path: `/${"x".repeat(100)}` })
    assert.match(RequestLines.ofRequest(entry, 60), /^.{59}…$/)
  })

  const session: LiveLog.Entry = {
    id: 0,
    time: noon,
    path: "/ws",
    space: "default",
    project: "default",
    region: "global",
    apiMethod: "bidiGenerateContent",
    version: "v1beta",
    headers: {},
    model: "m",
    setUpAt: noon,
    resumed: false,
    messages: [],
    droppedMessages: 0,
    verdicts: [{ by: "generator" }],
    turns: 2,
    closedAt: noon + 10,
    code: 1000,
    reason: "Bye",
    closedBy: "client"
  }
  const sessions: ReadonlyArray<readonly [title: string, more: Partial<LiveLog.Entry>, line: string]> = [
    ["of two turns", {}, "1000 bidiGenerateContent m 10 ms 2 turns Bye"],
    ["of one turn", { turns: 1, reason: undefined }, "1000 bidiGenerateContent m 10 ms 1 turn"],
    ["without a setup", { model: undefined, turns: 0 }, "1000 bidiGenerateContent 10 ms 0 turns Bye"],
    [
      "that is open",
      { code: undefined, closedAt: undefined, reason: undefined },
      "---- bidiGenerateContent m 0 ms 2 turns"
    ],
    ["of a space", { space: "s" }, "1000 s: bidiGenerateContent m 10 ms 2 turns Bye"],
    [
      "that was refused",
      { verdicts: [{ by: "generator" }, { by: "quota", refused: "Spent." }] },
      "1000 bidiGenerateContent m 10 ms 2 turns quota: Spent."
    ]
  ]
  it.each(sessions)("of a session %s", (_, more, line) => {
    assert.strictEqual(RequestLines.ofSession({ ...session, ...more }, 200), `07:05:09 ${line}`)
  })

  it.live.skipIf(!hasTerminal)(
    "is written at a terminal, of every space, and not with --quiet",
    () =>
      Effect.gen(function*() {
        const [lines, narrow, quiet] = yield* Effect.all(
          [atTerminal(200), atTerminal(60), atTerminal(200, "--quiet")],
          { concurrency: 3 }
        )
        assert.deepStrictEqual(lines.map(withoutTimes).toSorted(), expected.toSorted())
        assert.lengthOf(narrow, 4)
        for (const line of narrow) assert.isAtMost(line.length, 60)
        assert.deepStrictEqual(quiet, [])
      }).pipe(Effect.scoped),
    60_000
  )
})

describe("exec", () => {
  it("says what was refused in spaces that have ended", async () => {
    const program = `
const { GEMINI_BASE_URL: base, GEMINI_API_KEY: key } = process.env
for (const space of ["one", "two", "two"]) {
  await fetch(base + "/spaces/" + space + "/v1beta/models/${flash}:generateContent?key=" + key, { method: "POST", body: "{" })
  if (space === "one") await fetch(base + "/_emulator/v1/spaces/one", { method: "DELETE" })
}
await fetch(base + "/_emulator/v1/spaces/two", { method: "DELETE" })`
    const args = [
      join(import.meta.dirname, "../src/bin.ts"),
      "exec",
      "--",
      process.execPath,
      "--input-type=module",
      "-e"
    ]
    const child = spawn(process.execPath, [...args, program])
    let said = ""
    child.stderr.on("data", (piece) => (said += piece))
    await new Promise((resolve) => child.once("close", resolve))
    assert.include(said, "effect-gemini-emulator: 3 calls, 3 refused")
    assert.match(said, /400, Google would refuse it: .* \(space one\)/)
    assert.match(said, /\(space two\)\n {4}2 times/)
  }, 60_000)
})
