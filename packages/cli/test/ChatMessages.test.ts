/**
 * What a person reads who chats in a wrong way, or whose server, tools or history are not as they should be: every case's
 * whole stderr, its stdout and exit code, kept in messages/chat.txt and history.txt. Read it as that person would before
 * accepting a change.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import { gemini } from "./harness.ts"

interface Case {
  readonly args?: ReadonlyArray<string>
  readonly lines?: ReadonlyArray<string>
  readonly exitCode?: number
  readonly env?: Readonly<Record<string, string>>
  /** The `[mcp.…]` of config.toml; `NODE` and `SERVER` stand for the server of the tests. */
  readonly config?: string
  /** Something that happened before, to a folder with two chats, `state` in it. */
  readonly before?: (at: string) => void
  /** The server answers so to the first question. */
  readonly error?: { readonly code: number; readonly status: string; readonly message: string }
}

const secret = "AIza-not-a-real-key"
const notes = "[mcp.notes]\ncommand = NODE\nargs = [SERVER]\n"

const chats = (at: string) => join(at, "state", "chats")
const newest = (at: string) =>
  readdirSync(chats(at)).map((id) => join(chats(at), id, "journal.jsonl"))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0] ?? ""

const cases: Readonly<Record<string, Case>> = {
  "a model that cannot be a name": { args: ["chat", "-m", "gemini pro"] },
  "a model that is not there": {
    args: ["chat", "-m", "gemini-3.8-flahs"],
    lines: ["hi"],
    exitCode: 1
  },
  "a chat that is not there": { args: ["chat", "--chat", "2019"] },
  "the beginning of two chats": { args: ["chat", "--chat", "20"] },
  "the last chat where there is none": { args: ["chat", "-c"], before: (at) => rmSync(chats(at), { recursive: true }) },
  "two chats to go on with": { args: ["chat", "-c", "--chat", "last"] },
  "a kept chat without history": { args: ["chat", "-c", "--no-history"] },
  "a history that is neither on nor off": { args: ["chat"], env: { GEMINI_FX_HISTORY: "never" } },
  "an attachment that is not there": { args: ["chat", "-a", "/nowhere/photo.png"], lines: ["hi"] },
  "an attachment of no kind that Gemini reads": {
    args: ["chat", "-a", "AT/odd.bin"],
    before: (at) => writeFileSync(join(at, "odd.bin"), Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)),
    lines: ["hi"]
  },
  "a command that is misspelt": { args: ["chat"], lines: ["/modle"] },
  "a command that is not there": { args: ["chat"], lines: ["/dance"] },
  "a path where a command might be": { args: ["chat"], lines: ["/etc/hosts: what is this?"] },
  "a command with too much": { args: ["chat"], lines: ["/undo 2"] },
  "nothing to take back": { args: ["chat"], lines: ["/undo"] },
  "nothing to fork": { args: ["chat"], lines: ["/fork"] },
  "nothing to sum up": { args: ["chat"], lines: ["/compact"] },
  "a model on the way that cannot be a name": { args: ["chat"], lines: ["/model gemini pro"] },
  "no file to save into": { args: ["chat"], lines: ["/save"] },
  "a file that is there already": { args: ["chat"], lines: ["/save AT/config.toml"] },
  "a folder that is not there": { args: ["chat"], lines: ["/save AT/nowhere/chat.md"] },
  "an attachment on the way that is not there": { args: ["chat"], lines: ["/attach nothing.pdf"] },
  "an attachment that is a folder": { args: ["chat"], lines: ["/attach AT"] },
  "a server of tools that is not in the file": { args: ["chat", "--mcp", "files"] },
  "a server of tools among others": { args: ["chat", "--mcp", "files"], config: notes },
  "a server of tools and no tools": { args: ["chat", "--mcp", "notes", "--no-tools"], config: notes },
  "a tool to allow where there are none": { args: ["chat", "--allow", "notes.read"] },
  "a tool to allow that is not there": { args: ["chat", "--allow", "notes.raed"], config: notes },
  "a server of tools whose command is not there": {
    args: ["chat"],
    config: "[mcp.files]\ncommand = \"/nowhere/to/be/found\"\n",
    lines: ["emulator:say hello"],
    exitCode: 0
  },
  "a server of tools that ends at once": {
    args: ["chat"],
    config: "[mcp.files]\ncommand = NODE\nargs = [\"-e\", \"process.exit(1)\"]\n",
    lines: ["emulator:say hello"],
    exitCode: 0
  },
  "a server of tools that says no JSON": {
    args: ["chat"],
    config: "[mcp.files]\ncommand = NODE\nargs = [\"-e\", \"console.log('hello'); process.stdin.resume()\"]\n",
    lines: ["emulator:say hello"],
    exitCode: 0
  },
  "a server of tools that is an older one": {
    args: ["chat"],
    config: `${notes}env = { MCP_VERSION = "2024-11-05" }\n`,
    lines: ["emulator:say hello"],
    exitCode: 0
  },
  "a server of tools whose secret is not set": {
    args: ["chat"],
    config: `${notes}env = { TOKEN = "$NOT_SET_ANYWHERE" }\n`,
    lines: ["emulator:say hello"],
    exitCode: 0
  },
  "a server of tools that does not answer over HTTP": {
    args: ["chat"],
    config: "[mcp.web]\nurl = \"http://127.0.0.1:9/mcp\"\n",
    lines: ["emulator:say hello"],
    exitCode: 0
  },
  "a tool that is known to change nothing and is not there": {
    args: ["chat"],
    config: `${notes}readonly = ["raed"]\n`,
    lines: ["emulator:say hello"],
    exitCode: 0
  },
  "a call that nothing allows": {
    args: ["chat"],
    config: notes,
    lines: ["emulator:call notes.write {\"text\":\"x\"}"],
    exitCode: 0
  },
  "a call that fails": {
    args: ["chat", "--allow", "notes.broken"],
    config: notes,
    lines: ["emulator:call notes.broken {}"],
    exitCode: 0
  },
  "a prompt that is blocked": { args: ["chat"], lines: ["emulator:block SAFETY"], exitCode: 1 },
  "an answer that is empty": { args: ["chat"], lines: ["emulator:empty"], exitCode: 1 },
  "a key that is refused": {
    args: ["chat"],
    lines: ["hi"],
    error: { code: 400, status: "INVALID_ARGUMENT", message: "API key not valid. Please pass a valid API key." },
    exitCode: 1
  },
  "a server that is not there": {
    args: ["chat"],
    lines: ["hi"],
    env: { GEMINI_BASE_URL: "http://127.0.0.1:9" },
    exitCode: 1
  },
  "a history that others can read": {
    args: ["chat"],
    lines: ["emulator:say hello"],
    before: (at) => chmodSync(chats(at), 0o755),
    exitCode: 0
  },
  "a history that is a link": {
    args: ["chat"],
    lines: ["emulator:say hello"],
    before: (at) => {
      rmSync(chats(at), { recursive: true })
      symlinkSync("/tmp", chats(at))
    },
    exitCode: 0
  },
  "a chat whose journal is damaged": {
    args: ["chat", "-c"],
    before: (at) => writeFileSync(newest(at), "{}\n{}\n", { flag: "r+" }),
    exitCode: 1
  },
  "no chats to list": { args: ["history"], before: (at) => rmSync(chats(at), { recursive: true }), exitCode: 0 },
  "less than no chats": { args: ["history", "-n", "-1"] },
  "a chat to show that is not there": { args: ["history", "show", "yesterday"] },
  "a chat to delete that is not there": { args: ["history", "delete", "yesterday"] },
  "nothing to delete": { args: ["history", "delete"] },
  "two ways to delete": { args: ["history", "delete", "last", "--all"] },
  "an age that is none": { args: ["history", "delete", "--older", "long"] },
  "nothing so old": { args: ["history", "delete", "--older", "10d"], exitCode: 0 },
  "a list with a chat that cannot be read": {
    args: ["history"],
    before: (at) => writeFileSync(newest(at), "{}\n{}\n", { flag: "r+" }),
    exitCode: 0
  },
  "a history of others": { args: ["history"], before: (at) => chmodSync(chats(at), 0o777) },
  "a command of history that is not there": { args: ["history", "clear"] }
}

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-mistakes-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** The state folder of somebody who had two chats. */
const twoChats = Effect.gen(function*() {
  const state = yield* temporary
  const env = { GEMINI_FX_STATE: state, GEMINI_FX_EMULATOR: "on" }
  for (const text of ["one", "two"]) {
    yield* gemini(["chat"], { isOnDisk: true, env, stdin: Stream.make(`emulator:say ${text}\n`) })
  }
  return state
})

const server = JSON.stringify(join(import.meta.dirname, "mcpServer.ts"))

const play = Effect.fnUntraced(
  function*(seed: string, { args = [], before, config = "", env = {}, error, lines = [] }: Case) {
    const { addFault, url } = yield* Emulator.Emulator
    const at = yield* temporary
    const here = (text: string) => text.replace(/^AT|(?<= )AT/g, at)
    cpSync(seed, join(at, "state"), { recursive: true, preserveTimestamps: true })
    chmodSync(chats(at), 0o700)
    writeFileSync(
      join(at, "config.toml"),
      config.replace("NODE", JSON.stringify(process.execPath)).replace("SERVER", server)
    )
    before?.(at)
    if (error !== undefined) yield* addFault({ error })
    const { exitCode, stderr, stdout } = yield* gemini(args.map(here), {
      isOnDisk: true,
      env: {
        GEMINI_API_KEY: secret,
        GEMINI_BASE_URL: url,
        GEMINI_FX_STATE: join(at, "state"),
        GEMINI_FX_CONFIG: at,
        GEMINI_FX_TIER: "tier3",
        ...env
      },
      stdin: Stream.make(lines.map((line) => `${here(line)}\n`).join(""))
    })
    // What differs from time to time and from machine to machine.
    const plain = (text: string) =>
      text.replaceAll(at, "AT").replaceAll(url, "SERVER").replaceAll(process.execPath, "NODE")
        .replace(/\d{4}-\d\d-\d\d-\w{5}/g, "CHAT").replace(/in [\d.]+ s/g, "in N s").replace(/ {3,}/g, "  ")
        .replace(/  (?:now|\d+ s)  /g, "  AGE  ")
    return {
      exitCode,
      all: stdout + stderr,
      text: `$ gemini-fx ${args.join(" ")}\n${lines.map((line) => `< ${line}\n`).join("")}${plain(stdout)}${
        plain(stderr)
      }=> ${exitCode}\n`
    }
  },
  Effect.scoped,
  (effect) => Effect.provide(effect, Emulator.layerServer(), { local: true })
)

describe("a person who chats in a wrong way", () => {
  it.live("reads what is wrong and what to do", () =>
    Effect.gen(function*() {
      assert.isAtLeast(Object.keys(cases).length, 50)
      const seed = yield* twoChats
      const played = yield* Effect.forEach(
        Object.entries(cases),
        ([title, one]) => Effect.map(play(seed, one), (outcome) => ({ title, one, ...outcome })),
        { concurrency: 4 }
      )
      const reports = new Map<string, Array<string>>()
      for (const { all, exitCode, one, text, title } of played) {
        assert.strictEqual(exitCode, one.exitCode ?? 2, `${title}: ${all}`)
        assert.notInclude(all, secret, title)
        const name = one.args?.[0] ?? "chat"
        reports.set(name, [...reports.get(name) ?? [], `# ${title}\n${text}`])
      }
      for (const [name, report] of reports) {
        yield* Effect.promise(() => expect(report.join("\n")).toMatchFileSnapshot(`./messages/${name}.txt`))
      }
    }).pipe(Effect.scoped), 120_000)
})
