/** `gemini-fx chat` through a pipe: what each line does, what is sent, and what is kept. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gemini } from "./harness.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-chat-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** A picture of one pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64"
)

interface Place {
  readonly at: string
  readonly env: Readonly<Record<string, string>>
}

/** A person with a folder of their own, whose server is the emulator of the context. */
const person = Effect.gen(function*() {
  const at = yield* folder
  const { url } = yield* Emulator.Emulator
  const env = {
    GEMINI_API_KEY: "test-key",
    GEMINI_BASE_URL: url,
    GEMINI_FX_STATE: join(at, "state"),
    GEMINI_FX_CONFIG: at,
    GEMINI_FX_TIER: "tier3"
  }
  return { at, env }
})

const run = ({ env }: Place, args: ReadonlyArray<string>, stdin = "") =>
  gemini(args, { isOnDisk: true, env, stdin: Stream.make(stdin) })

const chat = (place: Place, lines: ReadonlyArray<string>, ...flags: ReadonlyArray<string>) =>
  run(place, ["chat", ...flags], `${lines.join("\n")}\n`)

const history = Effect.fnUntraced(function*(place: Place) {
  const { exitCode, stderr, stdout } = yield* run(place, ["history", "-n", "0", "--json"])
  assert.strictEqual(exitCode, 0, stderr)
  const list: ReadonlyArray<{ readonly id: string; readonly exchanges: number; readonly title: string }> = JSON.parse(
    stdout
  )
  return list
})

interface Turn {
  readonly role: string
  readonly parts: ReadonlyArray<Readonly<Record<string, unknown>>>
}

/** The texts of each request's contents, as `role: text`. */
const contents = Effect.map(
  Effect.flatMap(Emulator.Emulator, ({ requests }) => requests),
  (requests) =>
    requests.map(({ body }) => {
      const { contents }: { readonly contents: ReadonlyArray<Turn> } = JSON.parse(JSON.stringify(body))
      return contents.map(({ parts, role }) => `${role}: ${parts.map(({ text }) => text ?? "").join("")}`)
    })
)

const bodies = Effect.map(
  Effect.flatMap(Emulator.Emulator, ({ requests }) => requests),
  (requests) => requests.map(({ body }) => JSON.stringify(body))
)

const emulated = <A, E>(effect: Effect.Effect<A, E, Emulator.Emulator>) =>
  Effect.provide(effect, Emulator.layerServer(), { local: true })

describe("a chat", () => {
  it.live("sends what was said before, and keeps it for the next time", () =>
    Effect.gen(function*() {
      const place = yield* person
      const first = yield* chat(place, ["emulator:say one", "", "emulator:say two"])
      assert.deepStrictEqual([first.exitCode, first.stdout], [0, "one\ntwo\n"])
      assert.match(first.stderr, /-- gemini-3\.8-flash: \d+ tokens .*, \$0\.000\d in .*; the chat \$0\.000\d/)
      const second = yield* chat(place, ["emulator:say three"], "-c")
      assert.include(second.stderr, "(2 turns): emulator:say one")
      assert.deepStrictEqual((yield* contents).at(-1), [
        "user: emulator:say one",
        "model: one",
        "user: emulator:say two",
        "model: two",
        "user: emulator:say three"
      ])
      const [only, ...others] = yield* history(place)
      assert.deepStrictEqual([only?.exchanges, only?.title, others], [3, "emulator:say one", []])
      const shown = yield* run(place, ["history", "show", only?.id.slice(0, 12) ?? ""])
      assert.include(shown.stdout, "## You\n\nemulator:say two\n\n## gemini-3.8-flash\n\ntwo\n\n## You")
      assert.include(shown.stderr, "3 turns")
    }).pipe(Effect.scoped, emulated), 30_000)

  it.live("is led by its commands", () =>
    Effect.gen(function*() {
      const place = yield* person
      const out = join(place.at, "chat.md")
      const { exitCode, stderr, stdout } = yield* chat(place, [
        "/model",
        "emulator:say one",
        "/model gemini-flash-lite-latest",
        "/system Be short.",
        "\"\"\"",
        "emulator:say two",
        "\"\"\"",
        "/undo",
        "//not a command",
        "/system -",
        "/system",
        "/cost",
        "/tools",
        `/save ${out}`,
        `/save ${join(place.at, "chat.json")}`,
        "/help",
        "/exit",
        "emulator:say never"
      ])
      assert.strictEqual(exitCode, 0, stderr)
      assert.notInclude(stdout, "never")
      for (
        const line of [
          "the model is gemini-3.8-flash",
          "gemini-flash-lite-latest answers from here on",
          "taken back: emulator:say two",
          "there is no system instruction",
          "together",
          "the next question sends about",
          "there are none: [mcp.NAME] in config.toml",
          `${out}: 2 turns`,
          "/compact"
        ]
      ) assert.include(stderr, line)
      assert.deepStrictEqual((yield* contents).at(-1), ["user: emulator:say one", "model: one", "user: /not a command"])
      const [first = "", second = "", third = ""] = yield* bodies
      assert.notInclude(first, "Be short.")
      assert.include(second, "Be short.")
      assert.include(third, "Be short.")
      const saved = readFileSync(out, "utf8")
      assert.include(saved, "emulator:say one")
      assert.notInclude(saved, "emulator:say two")
      assert.include(readFileSync(join(place.at, "chat.json"), "utf8"), "\"Undone\"")
    }).pipe(Effect.scoped, emulated), 30_000)

  it.live("goes on in a copy after /fork, and the original stays as it is", () =>
    Effect.gen(function*() {
      const place = yield* person
      writeFileSync(join(place.at, "a.png"), png)
      yield* chat(place, [
        `/attach ${join(place.at, "a.png")}`,
        "emulator:say one",
        "/fork",
        "emulator:say two"
      ])
      const list = yield* history(place)
      assert.deepStrictEqual(list.map(({ exchanges }) => exchanges).toSorted(), [1, 2])
      const original = list.find(({ exchanges }) => exchanges === 1)?.id ?? ""
      const copy = list.find(({ exchanges }) => exchanges === 2)?.id ?? ""
      assert.strictEqual((yield* run(place, ["history", "delete", original])).exitCode, 0)
      // The copy has the attachment for itself.
      const on = yield* chat(place, ["emulator:say three"], "--chat", copy)
      assert.strictEqual(on.exitCode, 0, on.stderr)
      assert.include((yield* bodies).at(-1) ?? "", "iVBORw0KGgo")
    }).pipe(Effect.scoped, emulated), 30_000)

  it.live("is made shorter only by /compact, which says what it costs", () =>
    Effect.gen(function*() {
      const place = yield* person
      const { enqueue } = yield* Emulator.Emulator
      const questions = Array.from({ length: 4 }, (_, i) => `emulator:say answer ${i}`)
      yield* chat(place, questions)
      assert.strictEqual((yield* contents).at(-1)?.length, 7)
      yield* enqueue({ text: "They counted to three." })
      const { stderr } = yield* chat(place, ["/compact", "emulator:say five", "/undo", "/undo", "/undo", "/undo"], "-c")
      assert.include(stderr, "summing up 2 turns")
      assert.match(
        stderr,
        /the summary and the last 2 questions in place of [\d,]+ tokens; the summary cost <?\$0\.000\d/
      )
      // Below the summary nothing can be taken back.
      assert.include(stderr, "what is summed up cannot be taken back")
      const sent = (yield* contents).at(-1) ?? []
      assert.match(sent[0] ?? "", /They counted to three\./)
      assert.deepStrictEqual(sent.slice(2), [
        "user: emulator:say answer 2",
        "model: answer 2",
        "user: emulator:say answer 3",
        "model: answer 3",
        "user: emulator:say five"
      ])
      // What was said is still there to be read.
      const shown = yield* run(place, ["history", "show"])
      assert.include(shown.stdout, "emulator:say answer 0")
    }).pipe(Effect.scoped, emulated), 30_000)

  it.live("says that it has become long, once for every doubling", () =>
    Effect.gen(function*() {
      const place = yield* person
      const long = `emulator:say ok ${"a tide ".repeat(20_000)}`
      const { stderr } = yield* chat(place, [
        "emulator:say short",
        long,
        "emulator:say short",
        long,
        "emulator:say short"
      ])
      const said = [...stderr.matchAll(/^this chat is long: each further question sends ([\d,]+) tokens \((.*)\)/gm)]
      const tokens = said.map(([, count = ""]) => Number(count.replaceAll(",", "")))
      const doublings = tokens.map((count) => Math.floor(Math.log2(count / 32_000)))
      assert.deepStrictEqual(doublings, [...new Set(doublings)].toSorted(), stderr)
      assert.isTrue(doublings.length >= 2 && (doublings[0] ?? -1) >= 0, stderr)
      assert.match(said[0]?.[2] ?? "", /^\$0\.0\d+$/)
    }).pipe(Effect.scoped, emulated), 30_000)

  it.live(
    "keeps nothing with --no-history, by the environment and by the file, and still remembers",
    () =>
      Effect.gen(function*() {
        const place = yield* person
        const lines = ["emulator:say one", "/fork", "emulator:say two"]
        const off = { ...place, env: { ...place.env, GEMINI_FX_HISTORY: "off" } }
        yield* chat(place, lines, "--no-history")
        yield* chat(off, lines)
        writeFileSync(join(place.at, "config.toml"), "history = false\n")
        yield* chat(place, lines)
        assert.strictEqual((yield* contents).at(-1)?.length, 3)
        assert.deepStrictEqual(yield* history(place), [])
        // A flag wins over both.
        yield* chat(off, lines.slice(0, 1), "--history")
        assert.strictEqual((yield* history(place)).length, 1)
      }).pipe(Effect.scoped, emulated),
    30_000
  )

  it.live("uploads what is large, and says what to do when the API has it no more", () =>
    Effect.gen(function*() {
      const place = yield* person
      const { files } = yield* Emulator.Emulator
      const large = join(place.at, "large.txt")
      writeFileSync(large, "a tide ".repeat(1_300_000))
      const first = yield* chat(place, [`/attach ${large}`, "emulator:say one"])
      assert.include(first.stderr, `uploading ${large}: the API keeps it for 48 hours`)
      assert.strictEqual(first.stdout, "one\n")
      const [uploaded] = yield* files.list
      yield* run(place, ["files", "delete", String(uploaded?.file["name"])])
      const gone = yield* chat(place, ["emulator:say two"], "-c")
      assert.strictEqual(gone.exitCode, 1)
      assert.include(gone.stderr, "the API keeps a file for 48 hours: /undo takes its question back")
      const mended = yield* chat(place, ["/undo", "emulator:say two"], "-c")
      assert.strictEqual(mended.stdout, "two\n")
    }).pipe(Effect.scoped, emulated), 60_000)

  it.live("drops a question that has no answer, and says so", () =>
    Effect.gen(function*() {
      const place = yield* person
      const failed = yield* chat(place, ["emulator:say one", "emulator:error 400", "emulator:say never"])
      assert.strictEqual(failed.exitCode, 1)
      assert.strictEqual(failed.stdout, "one\n")
      yield* chat(place, ["emulator:say two"], "-c")
      assert.deepStrictEqual((yield* contents).at(-1), [
        "user: emulator:say one",
        "model: one",
        "user: emulator:say two"
      ])
      const empty = yield* chat(place, ["emulator:empty"])
      assert.include(empty.stderr, "the model said nothing (STOP)")
    }).pipe(Effect.scoped, emulated), 30_000)
})

const server = (place: Place, rest = "") =>
  writeFileSync(
    join(place.at, "config.toml"),
    `[mcp.notes]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${
      JSON.stringify(join(import.meta.dirname, "mcpServer.ts"))
    }]\nenv = { MCP_FILE = ${JSON.stringify(join(place.at, "calls.txt"))} }\n${rest}`
  )

/** A server of MCP over HTTP with one tool, and the `Authorization` of each request. */
const overHttp = (heard: Array<string | undefined>) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer((request, response) => {
        heard.push(request.headers.authorization)
        let body = ""
        request.setEncoding("utf8").on("data", (piece: string) => {
          body += piece
        }).on("end", () => {
          if (body === "") return void response.writeHead(405).end()
          const { id, method, params } = JSON.parse(body)
          if (id === undefined) return void response.writeHead(202).end()
          const result = method === "initialize"
            ? { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "web", version: "1" } }
            : method === "tools/list"
            ? { tools: [{ name: "echo", inputSchema: { type: "object", properties: { text: { type: "string" } } } }] }
            : { content: [{ type: "text", text: `heard ${params.arguments.text}` }] }
          response.writeHead(200, { "content-type": "application/json" }).end(
            JSON.stringify({ jsonrpc: "2.0", id, result })
          )
        })
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(Effect.map((server) => {
    const address = server.address()
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/mcp`
  }))

const calls = (place: Place): string => {
  try {
    return readFileSync(join(place.at, "calls.txt"), "utf8")
  } catch {
    return ""
  }
}

describe("tools of an MCP server", () => {
  it.live(
    "are refused in a pipe, whatever the server says of them, unless --allow or the configuration names them",
    () =>
      Effect.gen(function*() {
        const place = yield* person
        server(place)
        const both = [
          "\"\"\"",
          "emulator:call notes.read {\"text\":\"a\"}",
          "emulator:call notes.write {\"text\":\"b\"}",
          "\"\"\""
        ]
        const refused = yield* chat(place, both)
        assert.strictEqual(refused.exitCode, 0, refused.stderr)
        assert.include(
          refused.stderr,
          "refused: notes.read, because nobody can be asked here; --allow notes.read allows it"
        )
        assert.include(refused.stderr, "refused: notes.write")
        assert.strictEqual(calls(place), "")
        assert.include((yield* bodies).at(-1) ?? "", "nobody is there who could allow this call")
        yield* chat(place, both, "--allow", "notes.write")
        assert.strictEqual(calls(place), "write b\n")
        server(place, "readonly = [\"read\"]\n")
        yield* chat(place, both)
        assert.strictEqual(calls(place), "write b\nread a\n")
        const off = yield* chat(place, both, "--no-tools")
        assert.notInclude((yield* bodies).at(-1) ?? "", "functionDeclarations")
        assert.strictEqual(off.exitCode, 0)
      }).pipe(Effect.scoped, emulated),
    60_000
  )

  it.live("give the model what they gave: text, pictures and failures; and get no key", () =>
    Effect.gen(function*() {
      const place = yield* person
      server(place)
      const names = ["read", "broken", "picture", "environment", "nothing"]
      const lines = ["\"\"\"", ...names.map((name) => `emulator:call notes.${name} {}`), "\"\"\""]
      process.env["GEMINI_API_KEY"] = "a-key-of-the-environment"
      const { stderr } = yield* chat(place, lines, ...names.slice(0, 4).flatMap((name) => ["--allow", `notes.${name}`]))
        .pipe(Effect.ensuring(Effect.sync(() => delete process.env["GEMINI_API_KEY"])))
      assert.include(stderr, "notes.broken failed: the disk is full")
      const sent = (yield* bodies).at(-1) ?? ""
      assert.include(sent, "says hello")
      assert.include(sent, "the disk is full")
      assert.include(sent, "iVBORw0KGgo=")
      assert.include(sent, "there is no tool of this name")
      assert.include(sent, "MCP_FILE")
      assert.notInclude(sent, "GEMINI_API_KEY")
      assert.notInclude(stderr, "\u001b")
    }).pipe(Effect.scoped, emulated), 60_000)

  it.live("may be those of a server over HTTP, whose headers come from the environment", () =>
    Effect.gen(function*() {
      const place = yield* person
      const heard: Array<string | undefined> = []
      const url = yield* overHttp(heard)
      writeFileSync(
        join(place.at, "config.toml"),
        `[mcp.web]\nurl = "${url}"\nheaders = { Authorization = "$WEB_TOKEN_OF_TESTS" }\n`
      )
      process.env["WEB_TOKEN_OF_TESTS"] = "Bearer of-the-environment"
      const { exitCode, stderr, stdout } = yield* chat(
        place,
        ["emulator:call web.echo {\"text\":\"hello\"}"],
        "--allow",
        "web.echo"
      )
        .pipe(Effect.ensuring(Effect.sync(() => delete process.env["WEB_TOKEN_OF_TESTS"])))
      assert.strictEqual(exitCode, 0, stderr)
      assert.include(stdout, "heard hello")
      assert.deepStrictEqual([...new Set(heard)], ["Bearer of-the-environment"])
      assert.notInclude(stderr + stdout, "of-the-environment")
    }).pipe(Effect.scoped, emulated), 60_000)

  it.live("of a server that does not come are missed, and the chat goes on", () =>
    Effect.gen(function*() {
      const place = yield* person
      writeFileSync(
        join(place.at, "config.toml"),
        "[mcp.gone]\ncommand = \"/nowhere/to/be/found\"\n" +
          "[mcp.secret]\ncommand = \"true\"\nenv = { TOKEN = \"$NOT_SET_ANYWHERE\" }\n" +
          "[mcp.silent]\ncommand = \"true\"\n"
      )
      const { exitCode, stderr, stdout } = yield* chat(place, ["emulator:say one"])
      assert.deepStrictEqual([exitCode, stdout], [0, "one\n"])
      assert.match(stderr, /tools of gone: .+/)
      assert.include(stderr, "tools of secret: TOKEN is $NOT_SET_ANYWHERE, which is not set")
      assert.match(stderr, /tools of silent: .+/)
    }).pipe(Effect.scoped, emulated), 60_000)
})
