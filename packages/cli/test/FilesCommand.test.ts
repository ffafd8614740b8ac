/** `gemini-fx files` as a process, against an emulator over sockets: what it writes, and what lies there afterwards. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { UploadBar } from "../src/internal/UploadBar.ts"

const bin = join(import.meta.dirname, "../src/bin.ts")

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-files-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const gemini = (cwd: string, url: string, ...args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resume) => {
    execFile(
      process.execPath,
      [bin, "files", ...args],
      { cwd, encoding: "utf8", env: { ...process.env, GEMINI_API_KEY: "a-key-for-tests", GEMINI_BASE_URL: url } },
      (error, stdout, stderr) =>
        resume(Effect.succeed({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }))
    )
  })

describe("gemini-fx files", () => {
  it.live("uploads, lists, shows and deletes", () =>
    Effect.gen(function*() {
      const { files, url } = yield* Emulator.Emulator
      const directory = yield* folder
      writeFileSync(join(directory, "note.txt"), "Hello, file")
      const uploaded = yield* gemini(directory, url, "upload", "note.txt", "--name", "note")
      assert.deepStrictEqual([uploaded.code, uploaded.stderr], [0, ""])
      assert.match(uploaded.stdout, /files\/note +note\.txt +text\/plain +11 B +ACTIVE/)
      assert.include(uploaded.stdout, "uri: https://generativelanguage.googleapis.com/v1beta/files/note")
      const list = yield* gemini(directory, url, "list", "--json")
      assert.deepStrictEqual(JSON.parse(list.stdout), (yield* files.list).map(({ file }) => file))
      const got = yield* gemini(directory, url, "get", "note")
      assert.include(got.stdout, "files/note")
      const deleted = yield* gemini(directory, url, "delete", "files/note")
      assert.deepStrictEqual([deleted.code, yield* files.list], [0, []])
      const missing = yield* gemini(directory, url, "get", "note")
      assert.strictEqual(missing.code, 1)
      assert.include(missing.stderr, "`gemini-fx files list` shows the files that this key has")
      const wrong = yield* gemini(directory, url, "upload", "nowhere.txt")
      assert.strictEqual(wrong.code, 1)
      assert.include(wrong.stderr, "\"nowhere.txt\" cannot be read: NotFound")
    }).pipe(Effect.provide(Emulator.layerServer())), 60_000)

  it.live("goes on with an upload that broke, by the handle that it kept", () =>
    Effect.gen(function*() {
      const { addFault, files, removeFault, url } = yield* Emulator.Emulator
      const directory = yield* folder
      const size = 9_000_000
      writeFileSync(join(directory, "big.txt"), Buffer.alloc(size, "big "))
      const broken = { when: { method: "files.upload.finalize" }, error: { code: 400, message: "not now" } }
      yield* addFault(broken)
      const upload = ["upload", "big.txt", "--handle", "big.upload", "--json"]
      const first = yield* gemini(directory, url, ...upload)
      assert.deepStrictEqual([first.code, first.stdout], [1, ""])
      assert.isTrue(existsSync(join(directory, "big.upload")))
      yield* removeFault(broken)
      const second = yield* gemini(directory, url, ...upload)
      assert.strictEqual(second.code, 0)
      assert.strictEqual(JSON.parse(second.stdout).sizeBytes, String(size))
      assert.isFalse(existsSync(join(directory, "big.upload")))
      const [only] = yield* files.uploads
      assert.deepStrictEqual([only?.received, only?.status], [size, "final"])
      writeFileSync(join(directory, "odd.upload"), "{}")
      const odd = yield* gemini(directory, url, "upload", "big.txt", "--handle", "odd.upload")
      assert.deepStrictEqual([odd.code, odd.stderr.includes("odd.upload holds no upload")], [2, true])
    }).pipe(Effect.provide(Emulator.layerServer())), 60_000)

  it.live("downloads into a file of its own making, whole or not at all", () =>
    Effect.gen(function*() {
      const { addFault, files, url } = yield* Emulator.Emulator
      const directory = yield* folder
      const bytes = Buffer.alloc(300_000, "video ")
      const name = yield* files.add({ name: "files/made", mimeType: "video/mp4", source: "GENERATED", bytes: [bytes] })
      const got = yield* gemini(directory, url, "download", name)
      assert.strictEqual(got.code, 0)
      assert.isTrue(readFileSync(join(directory, "made")).equals(bytes))
      const again = yield* gemini(directory, url, "download", name)
      assert.deepStrictEqual([again.code, again.stderr.includes("--force overwrites it")], [2, true])
      yield* addFault({ when: { method: "files.download" }, cut: { bytes: 100_000 } })
      const cut = yield* gemini(directory, url, "download", name, "--out", "other")
      assert.strictEqual(cut.code, 1)
      assert.deepStrictEqual(readdirSync(directory), ["made"])
    }).pipe(Effect.provide(Emulator.layerServer())), 60_000)
})

describe("the bar of a transfer", () => {
  it("says how much of how much, and how fast since it began", () => {
    const bar = new UploadBar("talk.mp4\u001b[2J", 1_000)
    bar.on(8_000_000, 32_000_000)
    assert.strictEqual(
      bar.line(2_000),
      "talk.mp4␛[2J ██████░░░░░░░░░░░░░░░░░░ 25 % · 8.0 MB of 32 MB · 0 B/s"
    )
    bar.on(32_000_000, 32_000_000)
    assert.strictEqual(bar.line(5_000), "talk.mp4␛[2J ████████████████████████ 100 % · 32 MB of 32 MB · 6.0 MB/s")
    const unknown = new UploadBar("x", 0)
    unknown.on(999, undefined)
    assert.strictEqual(unknown.line(0), "x 999 B")
    const empty = new UploadBar("x", 0)
    empty.on(0, 0)
    assert.include(empty.line(0), "100 %")
  })
})
