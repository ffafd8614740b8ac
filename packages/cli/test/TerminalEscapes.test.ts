/**
 * The real command on a terminal of its own, with a server, a narrative and files of others that try to make the
 * terminal do things: none of their control characters arrives there.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import * as Http from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gemini } from "./harness.ts"
import { isInstalled, skipReason, Terminal } from "./Terminal.ts"

/** The clipboard, the title, hidden text, a question, a reset; C1 forms of them; a line written over. */
const attack =
  "\x1b]52;c;ZXZpbA==\x07\x1b]0;owned\x07\x1b[8mhid\x1b[0m\x1b[6n\x9b31m\x9d0;o\x9c\x1bc\rover\b\x7f\u202etxet"
/** What of it has to show, so that it is known to have come this far. */
const seen = "␛]52;c;ZXZpbA==␇␛]0;owned␇␛[8mhid␛[0m"

// What the command itself sends: its styles, its status line, its prompt and its other screen.
const esc = String.fromCharCode(27)
const own = new RegExp(
  `${esc}(?:\\[(?:1|2|3|4|9|22|23|24|29|36|39)m|\\[[0-9]*[ABGJK]|\\[\\?(?:25|1049|2026|2004)[hl]|\\[H|[D78])`,
  "g"
)

const assertClean = (text: string, name: string): void => {
  const left = text.replace(own, "").replace(/[\r\n\t]/g, "")
  const at = left.search(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
  if (at >= 0) assert.fail(`${name}: ${JSON.stringify(left.slice(Math.max(0, at - 80), at + 20))}`)
}

/** What a gateway or a server could send; each streamed chunk is one character. */
const answer = (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
  const { method = "", url = "" } = request
  const json = (value: unknown, status = 200) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value))
  }
  const chunk = (text: string, end: object = {}) => ({
    modelVersion: `model ${attack}`,
    candidates: [{ content: { role: "model", parts: [{ text }] }, ...end }]
  })
  if (method === "GET") {
    return json({ models: [{ name: `models/x${attack}`, inputTokenLimit: 5, supportedGenerationMethods: [attack] }] })
  }
  if (url.includes("gemini-bad")) return json({ error: { code: 400, message: `bad ${attack}`, status: attack } }, 400)
  if (url.includes("gemini-page")) {
    return void response.writeHead(502).end(`<html><title>down ${attack}</title></html>`)
  }
  if (!url.includes("stream")) return json(chunk(`hello ${attack} bye`, { finishReason: "STOP" }))
  response.writeHead(200, { "content-type": "text/event-stream" })
  for (const character of `hello ${attack} bye`) response.write(`data: ${JSON.stringify(chunk(character))}\n\n`)
  response.end(`data: ${JSON.stringify(chunk("", { finishReason: "STOP" }))}\n\n`)
}

const hostile: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.callback<Http.Server>((resume) => {
      const server = Http.createServer((request, response) => {
        request.resume().on("end", () => answer(request, response))
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ),
  (server) => `http://127.0.0.1:${Object(server.address()).port}`
)

/** A folder with narratives of somebody else, and the lanes that another process tells of. */
const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const root = Fs.mkdtempSync(join(tmpdir(), "gemini-fx-escapes-"))
    const words = JSON.stringify(attack) // its escapes are TOML's, too
      .replace(/[\x7f-\x9f\u202a-\u202e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)
    Fs.writeFileSync(join(root, "plain.toml"), "title = \"t\"\n[[acts]]\nname = \"a\"\nprompt = \"hi\"\n")
    Fs.writeFileSync(
      join(root, "story.toml"),
      `title = ${words}\nsystem = ${words}\n[[acts]]\nname = "a"\nprompt = ${words}\n`
    )
    Fs.writeFileSync(
      join(root, "wrong.toml"),
      `${words} = 1\n[[acts]]\nname = ${words}\nmodel = ${words}\nprompt = "x"\n`
    )
    const runs = join(root, "gemini-fx")
    Fs.mkdirSync(runs, { mode: 0o700 })
    const limits = { rpm: 10, tpm: null, rpd: 20, concurrency: 2 }
    const lane = {
      project: attack,
      location: attack,
      model: attack,
      family: attack,
      limits,
      waiting: 1,
      nextFree: null,
      parkedUntil: null,
      isExhausted: false,
      learned: null,
      used: { requests: 1, tokens: 2, today: 3, inFlight: 0 }
    }
    // Of tomorrow, so that it is not taken for a run that died.
    const told = { version: 1, server: "embedded", title: attack, at: Date.now() + 86_400_000, lanes: [lane] }
    Fs.writeFileSync(join(runs, "1-x.json"), JSON.stringify(told), { mode: 0o600 })
    return root
  }),
  (root) => Effect.sync(() => Fs.rmSync(root, { recursive: true }))
)

const without = { GEMINI_API_KEY: "", GOOGLE_API_KEY: "", GEMINI_BASE_URL: "", GOOGLE_GEMINI_BASE_URL: "" }

/** Everything that the terminal got from the command, which ends by itself, by keys or in an error. */
const onTerminal = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
  meanwhile: (terminal: Terminal) => Effect.Effect<unknown> = () => Effect.void
) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new Terminal(args, { ...without, ...env })),
    (terminal) =>
      Effect.andThen(
        Effect.all([terminal.ended, meanwhile(terminal)], { concurrency: 2 }),
        Effect.sync(() => terminal.all)
      ),
    ({ child }) => Effect.sync(() => void child.kill("SIGKILL"))
  )

const commands: Readonly<Record<string, readonly [args: ReadonlyArray<string>, shows: string]>> = {
  "an answer": [["run", "DIR/plain.toml"], seen],
  "an answer that comes by characters": [["run", "DIR/plain.toml", "--stream"], `-- model ${seen}`],
  "an answer to a question": [["ask", "hi"], `-- model ${seen}`],
  "an answer to a question, whole": [["ask", "hi", "--no-stream"], seen],
  "an error about a question": [["ask", "hi", "-m", "gemini-bad"], "bad ␛]52;c;ZXZpbA==␇"],
  "an error": [["run", "DIR/plain.toml", "-m", "gemini-bad"], `bad ${seen}`],
  "a page": [["run", "DIR/plain.toml", "-m", "gemini-page"], `down ${seen}`],
  "a narrative": [["run", "DIR/story.toml", "--dry-run"], `system: ${seen}`],
  "a narrative that is wrong": [["run", "DIR/wrong.toml"], seen],
  "models": [["models"], `x${seen}`],
  "methods of models": [["models", "--method", "none"], seen]
}

const text = (value: string): string =>
  value.replaceAll(new RegExp(`${esc}\\[(?:1|2|3|4|9|22|23|24|29|36|39)m`, "g"), "")

if (!isInstalled) it.skip(`${skipReason}: no terminal was attacked`, () => undefined)
else {
  describe("no control character of others arrives at the terminal", () => {
    for (const [name, [args, shows]] of Object.entries(commands)) {
      it.live(`from ${name}`, () =>
        Effect.gen(function*() {
          const [root, url] = yield* Effect.all([folder, hostile])
          const given = args.map((word) => word.replace("DIR", root))
          const got = yield* onTerminal(given, {
            GEMINI_API_KEY: "k",
            GEMINI_BASE_URL: url,
            XDG_RUNTIME_DIR: root,
            XDG_STATE_HOME: root
          })
          assertClean(got, name)
          // A row ends between words, wherever that is.
          assert.include(text(got).replace(/\s+/g, " "), shows)
        }), 120_000)
    }

    it.live("from lanes that another process tells of", () =>
      Effect.gen(function*() {
        const root = yield* folder
        const env = { XDG_RUNTIME_DIR: root, XDG_STATE_HOME: root }
        for (const args of [["limits"], ["limits", "--json"]]) {
          const got = yield* onTerminal(args, env)
          assertClean(got, args.join(" "))
          assert.include(got, args.length === 1 ? seen : "\\u001b]52;c;")
        }
        const got = yield* onTerminal(["limits", "--watch"], env, ({ shows, type }) =>
          Effect.andThen(shows(/requests\/min/), type("q")))
        assertClean(got, "limits --watch")
        assert.include(text(got), seen)
      }), 120_000)

    it.live("from a Live session, its answers and its errors", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const env = { GEMINI_API_KEY: "k", GEMINI_BASE_URL: emulator.url }
        const got = yield* onTerminal(["live"], env, ({ shows, type }) =>
          Effect.gen(function*() {
            yield* shows(/> $/)
            yield* type("hi\r")
            yield* shows(/bye[^>]*> $/)
            yield* emulator.live.close(1008, "gone \x1b]52;c;ZXZpbA==\x07\x9b8m")
          }))
        assertClean(got, "live")
        assert.include(got, seen)
        assert.include(got, "gone ␛]52;c;ZXZpbA==␇")
      }).pipe(Effect.provide(Emulator.layerServer({ answers: () => `hello ${attack} bye` }))), 120_000)

    it.live("from the command line that is repeated in a message", () =>
      Effect.gen(function*() {
        for (
          const args of [[attack], ["run", attack], ["run", "x.toml", "-m", attack], ["emulator", "--overload", attack]]
        ) {
          const got = yield* onTerminal(args.map((word) => word.replaceAll("'", "")), {})
          assertClean(got, args.join(" "))
        }
      }), 120_000)
  })
}

describe("in a pipe", () => {
  it.live("text is cleaned as at a terminal, which it may reach in the end, and JSON has the value as it came", () =>
    Effect.gen(function*() {
      const url = yield* hostile
      const files = { "plain.toml": "[[acts]]\nname = \"a\"\nprompt = \"hi\"\n" }
      const env = { GEMINI_API_KEY: "k", GEMINI_BASE_URL: url, GEMINI_FX_STATE: "/nowhere" }
      const plain = yield* gemini(["run", "plain.toml", "--stream"], { files, env })
      assert.strictEqual(plain.exitCode, 0, plain.stderr)
      assertClean(plain.stdout.replaceAll("\x1b", "ESC"), "stdout")
      assert.notInclude(plain.stdout, "\x1b")
      assert.include(plain.stdout, `hello ${seen}`)
      for (const isTerminal of [false, true]) {
        const json = (args: ReadonlyArray<string>) =>
          Effect.map(gemini([...args, "--json"], { files, env, isTerminal }), ({ stdout }) => {
            assert.notMatch(stdout, /[^\n\P{Cc}]|[\u202a-\u202e]/u)
            return stdout
          })
        const { acts: [act] } = JSON.parse(yield* json(["run", "plain.toml"]))
        assert.deepStrictEqual([act.text, act.model], [`hello ${attack} bye`, `model ${attack}`])
        const events = (yield* json(["run", "plain.toml", "--stream"])).trimEnd().split("\n").map((line) =>
          JSON.parse(line)
        )
        assert.strictEqual(events.map(({ text }) => text ?? "").join(""), `hello ${attack} bye`)
        const { error } = JSON.parse(yield* json(["run", "plain.toml", "-m", "gemini-bad"]))
        assert.include(error.message, `bad ${attack}`)
        const [model] = JSON.parse(yield* json(["models"]))
        assert.strictEqual(model.name, `models/x${attack}`)
      }
    }))
})
