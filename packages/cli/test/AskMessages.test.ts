/**
 * What a person reads who asks in a wrong way, or whose server refuses: every case's whole stderr and exit code, kept in
 * messages/ask.txt. Read it as that person would before accepting a change.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import type * as Reply from "effect-gemini-emulator/Reply"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import { gemini, type Setting } from "./harness.ts"

interface Case extends Setting {
  readonly args: ReadonlyArray<string>
  readonly exitCode?: number
  /** The server refuses so, or answers so. Without any, the embedded one answers. */
  readonly fault?: Fault.Fault
  readonly answer?: Reply.Reply
}

const secret = "AIza-not-a-real-key"
const refuses = (
  code: number,
  status: string,
  message: string,
  reason?: string
): Pick<Case, "fault" | "exitCode"> => ({
  fault: {
    error: {
      code,
      status,
      message,
      ...(reason === undefined
        ? {}
        : {
          details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com" }]
        })
    }
  },
  exitCode: 1
})

const piped = (text: string | Uint8Array) => ({ stdin: Stream.make(text) })

const cases: Readonly<Record<string, Case>> = {
  // What is asked.
  "nothing at all": { args: ["ask"] },
  "nothing, over a pipe that is empty": { args: [], ...piped("") },
  "blanks alone": { args: ["ask", "  "] },
  "a pipe of blanks": { args: ["ask"], ...piped(" \n\n") },
  "an editor without a terminal": { args: ["ask", "--edit", "hi"], env: { EDITOR: "nano" } },
  "an editor that is not set": { args: ["ask", "--edit", "hi"] },
  "a picture and nothing about it": { args: ["ask", "-a", "DIR/photo.png"] },
  "a picture over a pipe, and nothing about it": {
    args: ["ask"],
    ...piped(Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82))
  },
  // Flags.
  "a flag that is one letter off": { args: ["ask", "hi", "--modle", "gemini-pro-latest"] },
  "a flag without its value": { args: ["ask", "hi", "--system"] },
  "a model that cannot be a name": { args: ["ask", "hi", "-m", "gemini pro"] },
  "a model that is not there": { args: ["ask", "hi", "-m", "gemini-3.8-flahs"], exitCode: 1 },
  "a model that makes no text": { args: ["ask", "hi", "-m", "gemini-embedding-001"], exitCode: 1 },
  "a level of thinking that is none": { args: ["ask", "hi", "--think", "deeply"] },
  "fewer than no tokens of thinking": { args: ["ask", "hi", "--think=-5"] },
  "a temperature beyond the scale": { args: ["ask", "hi", "--temperature", "7"] },
  "a temperature that is a word": { args: ["ask", "hi", "--temperature", "warm"] },
  "no token at all": { args: ["ask", "hi", "--max-tokens", "0"] },
  "half a token": { args: ["ask", "hi", "--max-tokens", "0.5"] },
  "a way to be cut that is none": { args: ["ask", "hi", "--on-cut", "cry"] },
  "a tier that is not there": { args: ["ask", "hi", "--tier", "gold"] },
  "two forms of answer": { args: ["ask", "hi", "--json", "-x"] },
  "code out of JSON": { args: ["ask", "hi", "--schema", "name", "-x"] },
  "two schemas": { args: ["ask", "hi", "--schema", "name", "--schema-multi", "name"] },
  "a variable, which a question has not": { args: ["ask", "hi", "-v", "hero=Ada"] },
  "a file of configuration that is not there": { args: ["ask", "hi", "--config", "DIR/gemini.toml"] },
  // Where the answer goes.
  "into a folder that is not there": { args: ["ask", "hi", "--out", "DIR/nowhere/a.md"] },
  "into a folder": { args: ["ask", "hi", "--out", "DIR"] },
  "into a file below a file": { args: ["ask", "hi", "--out", "DIR/notes.txt/a.md"] },
  "into no file": { args: ["ask", "hi", "--out", ""] },
  // Schemas.
  "a schema without fields": { args: ["ask", "hi", "--schema", " , "] },
  "a type that is none": { args: ["ask", "hi", "--schema", "name, age integer"] },
  "a description without its colon": { args: ["ask", "hi", "--schema", "name, bio str in one sentence"] },
  "a field that is a number": { args: ["ask", "hi", "--schema", "1st, 2nd"] },
  "a field twice": { args: ["ask", "hi", "--schema", "name, age int, name"] },
  "a schema that is not JSON": { args: ["ask", "hi", "--schema", "{type: object}"] },
  "an example in place of a schema": { args: ["ask", "hi", "--schema", "{\"name\":\"Ada\"}"] },
  "a list in place of a schema": { args: ["ask", "hi", "--schema", "[\"name\"]"] },
  "a schema file that is not there": { args: ["ask", "hi", "--schema", "DIR/dog.json"] },
  "a schema file that is not JSON": { args: ["ask", "hi", "--schema", "DIR/broken.json"] },
  "a schema file that is a folder": { args: ["ask", "hi", "--schema", "DIR/"] },
  // Attachments.
  "an attachment that is not there": { args: ["ask", "hi", "-a", "DIR/phoot.png"] },
  "an attachment that is a folder": { args: ["ask", "hi", "-a", "DIR"] },
  "an attachment of nothing": { args: ["ask", "hi", "-a", "DIR/empty.pdf"] },
  "an archive that is called a PDF": { args: ["ask", "hi", "-a", "DIR/archive.pdf"] },
  "bytes of nothing that is known": { args: ["ask", "hi", "-a", "DIR/noise.png"] },
  "a text that is not UTF-8": { args: ["ask", "hi", "-a", "DIR/latin.txt"] },
  "more than the API keeps of a file": { args: ["ask", "hi", "-a", "DIR/huge.mp4"] },
  "stdin twice": { args: ["ask", "hi", "-a", "-", "-a", "-"] },
  "a device": { args: ["ask", "hi", "-a", "/dev/zero"] },
  "an address that nobody answers": { args: ["ask", "hi", "-a", "http://127.0.0.1:10/a.png"], exitCode: 1 },
  "an address with a password": { args: ["ask", "hi", "-a", `https://me:${secret}@example.org/a.png`] },
  "an uploaded file that is gone": { args: ["ask", "hi", "-a", "files/abc123"], exitCode: 1 },
  // Servers and keys.
  "a key that the server does not know": {
    args: ["ask", "hi"],
    ...refuses(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "API_KEY_INVALID")
  },
  "a key that may not": {
    args: ["ask", "hi"],
    ...refuses(403, "PERMISSION_DENIED", "Your project has been denied access.")
  },
  "a quota that is spent": {
    args: ["ask", "hi", "--quiet"],
    fault: {
      error: {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        message: "You exceeded your current quota, please check your plan and billing details.",
        details: [{
          "@type": "type.googleapis.com/google.rpc.QuotaFailure",
          violations: [{
            quotaMetric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
            quotaDimensions: { location: "global", model: "gemini-3.8-flash" },
            quotaValue: "250"
          }]
        }]
      }
    },
    exitCode: 1
  },
  "a request that is wrong in the server's eyes": {
    args: ["ask", "hi", "--code"],
    ...refuses(400, "INVALID_ARGUMENT", "Tool use with code execution is unsupported by the model.")
  },
  "a server that is not there": {
    args: ["ask", "hi"],
    env: { GEMINI_API_KEY: secret, GEMINI_BASE_URL: "http://127.0.0.1:9" },
    exitCode: 1
  },
  "a server without a key": { args: ["ask", "hi"], env: { GEMINI_BASE_URL: "http://127.0.0.1:9" } },
  "a server that is none": { args: ["ask", "hi"], env: { GEMINI_API_KEY: secret, GEMINI_BASE_URL: "localhost:8790" } },
  // Answers.
  "a question that is blocked": {
    args: ["ask", "hi"],
    answer: { response: { promptFeedback: { blockReason: "SAFETY" } } },
    exitCode: 1
  },
  "an answer that is blocked": {
    args: ["ask", "hi"],
    answer: { text: "I would", finishReason: "SAFETY" },
    exitCode: 1
  },
  "an answer that breaks off": {
    args: ["ask", "hi"],
    answer: { text: "one two three four five six seven eight nine", fault: { cut: { chunks: 1 } } },
    exitCode: 1
  },
  "an answer that is not the JSON asked for": {
    args: ["ask", "hi", "--schema", "name"],
    answer: { text: "Ada", invalid: true },
    exitCode: 1
  },
  "an answer that is cut, and may not be": {
    args: ["ask", "hi", "--on-cut", "fail"],
    answer: { text: "one two", finishReason: "MAX_TOKENS" },
    exitCode: 1
  },
  "a picture without --out": { args: ["ask", "draw"], answer: { image: true, invalid: true }, exitCode: 0 },
  "an empty answer": { args: ["ask", "hi"], answer: { text: "" }, exitCode: 0 },
  // Vectors and counts.
  "nothing to embed": { args: ["embed"] },
  "an empty text to embed": { args: ["embed", "a", ""] },
  "lines of the command line": { args: ["embed", "-l", "a"] },
  "a picture among texts": {
    args: ["embed"],
    ...piped(Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82))
  },
  "no dimension": { args: ["embed", "a", "--dimensions", "0"] },
  "a task that is none": { args: ["embed", "a", "--task", "search"] },
  "a model that makes no vectors": { args: ["embed", "a", "-m", "gemini-3.8-flash"], exitCode: 1 },
  "nothing to count": { args: ["count"] }
}

const prepared = (at: string): void => {
  const write = (name: string, bytes: string | Uint8Array) => writeFileSync(join(at, name), bytes)
  write("notes.txt", "notes")
  write("photo.png", Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82))
  write("broken.json", "{\"type\": \"object\",}")
  write("empty.pdf", "")
  write("archive.pdf", Uint8Array.of(80, 75, 3, 4, ...Array.from({ length: 40 }, () => 0)))
  write("noise.png", new Uint8Array(64))
  write("latin.txt", Uint8Array.of(99, 97, 102, 0xe9, 32, 110, 111, 105, 114))
  write("huge.mp4", "")
  truncateSync(join(at, "huge.mp4"), 2 * 1024 ** 3 + 1)
  mkdirSync(join(at, "folder"))
  chmodSync(join(at, "folder"), 0o700)
}

const told = Effect.fnUntraced(function*(at: string, title: string, one: Case) {
  const { answer, args, exitCode = 2, fault, ...setting } = one
  const isServed = fault !== undefined || answer !== undefined
  const served = isServed ? yield* Emulator.Emulator : undefined
  if (fault !== undefined) yield* served?.addFault(fault) ?? Effect.void
  if (answer !== undefined) yield* served?.enqueue(answer) ?? Effect.void
  const server = served === undefined ? {} : { GEMINI_API_KEY: secret, GEMINI_BASE_URL: served.url }
  const outcome = yield* gemini(args.map((arg) => arg.replace(/^DIR/, at)), {
    isOnDisk: true,
    ...setting,
    env: { GEMINI_FX_CONFIG: join(at, "config"), ...server, ...setting.env }
  })
  assert.strictEqual(outcome.exitCode, exitCode, `${title}: ${outcome.stderr}`)
  assert.notInclude(outcome.stderr + outcome.stdout, secret, title)
  const said = outcome.stderr.replaceAll(at, "DIR").replace(served?.url ?? /^$/, "http://127.0.0.1:PORT")
    .replace(/the next one in [\d.]+ s/g, "the next one in N s").replace(/in [\d.]+ s(?=;|$)/gm, "in N s")
    .replace(/resets at [\dTZ:.-]+/g, "resets at TIME")
  return `# ${title}\n$ gemini-fx ${
    args.map((arg) => /[\s"{[]|^$/.test(arg) ? `'${arg}'` : arg).join(" ")
  }\n${said}=> ${outcome.exitCode}\n`
}, (effect) => Effect.provide(effect, Emulator.layerServer(), { local: true }))

describe("a person who asks in a wrong way", () => {
  it.live("reads what is wrong and what to do", () =>
    Effect.acquireUseRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-wrong-"))),
      (at) =>
        Effect.gen(function*() {
          prepared(at)
          const report = yield* Effect.forEach(Object.entries(cases), ([title, one]) => told(at, title, one))
          yield* Effect.promise(() => expect(report.join("\n")).toMatchFileSnapshot("./messages/ask.txt"))
        }),
      (at) => Effect.sync(() => rmSync(at, { recursive: true }))
    ), 120_000)
})
