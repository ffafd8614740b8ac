/**
 * The commands that write files, in the process of the test and against an emulator over sockets; and what the command
 * shows of Markdown, of attachments and of a run's events, each by itself.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Attached from "../src/internal/ask/attached.ts"
import { type Attachment, largestInline, largestInlineSum } from "../src/internal/ask/Attachment.ts"
import * as Inline from "../src/internal/ask/inline.ts"
import { gemini } from "./harness.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-here-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const over = (url: string) => (...args: ReadonlyArray<string>) =>
  gemini(args, { isOnDisk: true, env: { GEMINI_API_KEY: "a-key-for-tests", GEMINI_BASE_URL: url } })

const jsonLines = (text: string): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  text.trim().split("\n").map((line) => JSON.parse(line))

describe("gemini-fx batch", () => {
  it.live(
    "runs a file, gives its results from a place on, says how it stands, and asks nothing twice",
    () =>
      Effect.gen(function*() {
        const { batches, requests, url } = yield* Emulator.Emulator
        const command = over(url)
        const path = yield* folder
        const file = join(path, "asked.jsonl")
        const contents = [{ parts: [{ text: "Say one" }] }]
        const systemInstruction = { parts: [{ text: "Briefly" }] }
        const rows = [{ key: "a", request: { contents } }, { request: { contents, systemInstruction } }, {
          key: 7,
          request: { contents }
        }]
        writeFileSync(file, `${rows.map((row) => JSON.stringify(row)).join("\n")}\n\n`)
        const at = ["-d", join(path, "runs")]
        const ran = yield* command("batch", "run", file, ...at)
        assert.strictEqual(ran.exitCode, 0, ran.stderr)
        assert.strictEqual(ran.stdout.replaceAll(path, "@"), "3 of 3 rows\n@/asked.results.jsonl\n")
        const results = jsonLines(readFileSync(join(path, "asked.results.jsonl"), "utf8"))
        assert.deepStrictEqual(results.map(({ key, row, via }) => [key, row, via]), [
          ["a", 0, "batch"],
          ["line-2", 1, "batch"],
          ["7", 2, "batch"]
        ])
        const [created] = (yield* requests).filter(({ apiMethod }) => apiMethod === "batchGenerateContent")
        assert.strictEqual(JSON.stringify(created?.body).split("Briefly").length, 2)
        assert.match((yield* command("batch", "status", ...at)).stdout, /asked +finished +3 of 3 rows/)
        const rest = yield* command("batch", "results", "asked", "--from", "2", ...at)
        assert.deepStrictEqual(jsonLines(rest.stdout).map(({ key }) => key), ["7"])
        assert.strictEqual((yield* command("batch", "run", file, ...at)).exitCode, 0)
        assert.deepStrictEqual(yield* batches.counts, { created: 1, rows: 3 })
        const missing = yield* command("batch", "results", "nothing", ...at)
        assert.deepStrictEqual([missing.exitCode, missing.stdout], [2, ""])
        const status = yield* command("batch", "status", "asked", "--json", ...at)
        assert.deepInclude(JSON.parse(status.stdout)[0], { rows: 3, results: 3, failed: 0, isFinished: true })
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer({ batchPending: 0, batchRunning: 0 }))),
    30_000
  )
})

describe("gemini-fx files", () => {
  it.live("uploads, lists, shows, downloads and deletes", () =>
    Effect.gen(function*() {
      const { files, url } = yield* Emulator.Emulator
      const command = over(url)
      const path = yield* folder
      const note = join(path, "note.txt")
      writeFileSync(note, "Hello, file")
      const none = yield* command("files", "list")
      assert.strictEqual(none.exitCode, 0)
      const uploaded = yield* command("files", "upload", note, "--name", "note", "--display-name", "A note")
      assert.strictEqual(uploaded.exitCode, 0, uploaded.stderr)
      assert.match(uploaded.stdout, /files\/note +A note +text\/plain +11 B +ACTIVE/)
      const typed = yield* command("files", "upload", note, "--mime-type", "text/html", "--json", "--wait")
      assert.deepInclude(JSON.parse(typed.stdout), { mimeType: "text/html", displayName: "note.txt", sizeBytes: "11" })
      const listed = yield* command("files", "list", "--json")
      assert.deepStrictEqual(JSON.parse(listed.stdout), (yield* files.list).map(({ file }) => file))
      assert.strictEqual((yield* command("files", "list")).stdout.split("ACTIVE").length, 3)
      assert.include((yield* command("files", "get", "note")).stdout, "files/note")
      assert.strictEqual((yield* command("files", "delete", "files/note")).exitCode, 0)
      assert.strictEqual((yield* command("files", "get", "note")).exitCode, 1)
      const name = yield* files.add({
        name: "files/made",
        mimeType: "text/plain",
        source: "GENERATED",
        bytes: [Buffer.from("made")]
      })
      const out = join(path, "out")
      assert.strictEqual((yield* command("files", "download", name, "--out", out)).exitCode, 0)
      assert.strictEqual(readFileSync(out, "utf8"), "made")
      assert.strictEqual((yield* command("files", "download", name, "--out", out)).exitCode, 2)
      assert.strictEqual((yield* command("files", "download", name, "--out", out, "--force")).exitCode, 0)
      assert.strictEqual((yield* command("files", "download", name, "--out", "-")).stdout, "made")
      const lost = yield* command("files", "download", "files/none", "--out", join(path, "none"))
      assert.deepStrictEqual([lost.exitCode, existsSync(join(path, "none"))], [1, false])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())), 30_000)
})

describe("gemini-fx embed", () => {
  it.live(
    "asks with the dimensions and the task that are given, and with neither where none is",
    () =>
      Effect.gen(function*() {
        const { requests, url } = yield* Emulator.Emulator
        const command = over(url)
        const asked = yield* command("embed", "Hello", "--dimensions", "128", "--task", "retrieval-query")
        assert.strictEqual(asked.exitCode, 0, asked.stderr)
        yield* command("embed", "Hello")
        const bodies = (yield* requests).map(({ body }) => JSON.stringify(body))
        assert.include(bodies[0], "128")
        assert.include(bodies[0], "RETRIEVAL_QUERY")
        assert.notInclude(bodies[1], "outputDimensionality")
        assert.notInclude(bodies[1], "taskType")
      }).pipe(Effect.provide(Emulator.layerServer())),
    30_000
  )
})

describe("an attachment", () => {
  const attachment = (content: Attachment["content"], size?: number): Attachment => ({
    from: "a.txt",
    name: "a.txt",
    mimeType: undefined,
    size,
    content
  })
  const bytes = (size: number) => attachment({ _tag: "Bytes", bytes: Uint8Array.of(1) }, size)
  const address = (uri: string) => attachment({ _tag: "Address", uri }, 2 * largestInlineSum)
  const indexes = (all: ReadonlyArray<Attachment>) => Attached.uploads(all).map((each) => all.indexOf(each))

  it("goes by upload where it is too large, or all of them together are, and an address never does", () => {
    assert.deepStrictEqual(indexes([bytes(largestInline), bytes(largestInline + 1), bytes(1)]), [1])
    const half = largestInlineSum / 4
    assert.deepStrictEqual(indexes([bytes(half), bytes(half), bytes(half), bytes(half), bytes(1)]), [4])
    assert.deepStrictEqual(indexes([address("gs://a"), bytes(largestInline)]), [])
    assert.deepStrictEqual(indexes([attachment({ _tag: "Path", path: "/a" }, 1)]), [0])
    assert.deepStrictEqual(indexes([attachment({ _tag: "Text", text: "a" })]), [])
  })

  it("is a part at once, or the server is asked before", () => {
    const text = attachment({ _tag: "Text", text: "words" })
    const parts = Attached.inlineParts([text, bytes(1), address("gs://a"), address("files/a")])
    assert.deepStrictEqual(parts.length, 3)
    assert.deepInclude(JSON.parse(JSON.stringify(parts[0])), { text: "a.txt:\n\nwords" })
    assert.include(JSON.stringify(parts[1]), "application/octet-stream")
    const asks = (all: ReadonlyArray<Attachment>) => Attached.needsServer(all)
    assert.deepStrictEqual(
      [asks([]), asks([text, bytes(1)]), asks([text, address("files/a")]), asks([bytes(largestInline + 1)])],
      [false, false, true, true]
    )
  })
})

describe("Markdown within a line", () => {
  const rows: ReadonlyArray<readonly [markdown: string, shown: string]> = [
    ["plain **bold** *em* `code` ~~gone~~", "plain bold em code gone"],
    ["2*3*4", "2*3*4"],
    ["[text](http://a/b)", "text (http://a/b)"],
    ["<http://a/b>", "http://a/b"],
    ["[http://a/b](http://a/b)", "http://a/b"],
    ["<ada@example.org>", "ada@example.org"],
    ["![a cat](cat.png)", "[image: a cat] (cat.png)"],
    ["one  \ntwo", "one two"],
    ["\\*no\\*", "*no*"],
    ["&amp; &lt;b&gt; &#233; &#xe9; &nothing; &#0; &#xd800; &#1114112;", "& <b> é é &nothing; \ufffd \ufffd \ufffd"]
  ]
  it.each(rows)("%j is shown as %j", (markdown, shown) => {
    assert.strictEqual(Inline.runs(markdown).map(({ text }) => text).join(""), shown)
  })

  it("is read in pieces where it is long, and all of it is there", () => {
    for (const length of [4095, 4096, 4097, 9000]) {
      assert.lengthOf(Inline.runs("x".repeat(length)).map(({ text }) => text).join(""), length)
    }
  })
})
