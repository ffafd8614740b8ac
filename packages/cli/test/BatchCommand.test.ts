/** `gemini-fx batch` as a process, against an emulator over sockets: what it writes, and what lies there afterwards. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BatchBar } from "../src/internal/BatchBar.ts"

const bin = join(import.meta.dirname, "../src/bin.ts")

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-batch-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const gemini = (cwd: string, url: string, ...args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resume) => {
    execFile(
      process.execPath,
      [bin, "batch", ...args],
      { cwd, encoding: "utf8", env: { ...process.env, GEMINI_API_KEY: "a-key-for-tests", GEMINI_BASE_URL: url } },
      (error, stdout, stderr) =>
        resume(Effect.succeed({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }))
    )
  })

const lines = (count: number) =>
  Array.from(
    { length: count },
    (_, index) => JSON.stringify({ key: `q${index}`, request: { contents: [{ parts: [{ text: `Say ${index}` }] }] } })
  ).join("\n")

describe("gemini-fx batch", () => {
  it.live("runs a file, says how far it is, and gives the results", () =>
    Effect.gen(function*() {
      const { batches, url } = yield* Emulator.Emulator
      const directory = yield* folder
      writeFileSync(join(directory, "questions.jsonl"), lines(5))
      const ran = yield* gemini(directory, url, "run", "questions.jsonl")
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.strictEqual(ran.stdout, "5 of 5 rows\nquestions.results.jsonl\n")
      const path = join(directory, "questions.results.jsonl")
      const results = readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line))
      assert.deepStrictEqual(results.map(({ key }) => key), ["q0", "q1", "q2", "q3", "q4"])
      assert.isTrue(results.every(({ response, via }) => via === "batch" && response.candidates.length === 1))
      assert.deepStrictEqual(yield* batches.counts, { created: 1, rows: 5 })

      const status = yield* gemini(directory, url, "status")
      assert.match(status.stdout, /questions +finished +5 of 5 rows/)
      const all = yield* gemini(directory, url, "results", "questions", "--from", "3")
      assert.deepStrictEqual(all.stdout.trim().split("\n").map((line) => JSON.parse(line).key), ["q3", "q4"])

      // The same command again asks nothing, and mends a line that was being written.
      appendFileSync(path, "{\"key\":")
      const again = yield* gemini(directory, url, "run", "questions.jsonl")
      assert.strictEqual(again.code, 0, again.stderr)
      assert.lengthOf(readFileSync(path, "utf8").trim().split("\n"), 5)
      assert.deepStrictEqual(yield* batches.counts, { created: 1, rows: 5 })
    }).pipe(Effect.provide(Emulator.layerServer({ batchPending: 0, batchRunning: 0 }))), 60_000)

  it.live("names the line that it cannot read, and a run that is not there", () =>
    Effect.gen(function*() {
      const { batches, url } = yield* Emulator.Emulator
      const directory = yield* folder
      writeFileSync(join(directory, "bad.jsonl"), `${lines(1)}\n{"contents": "Hello"}\n`)
      const bad = yield* gemini(directory, url, "run", "bad.jsonl")
      assert.strictEqual(bad.code, 2)
      assert.include(bad.stderr, "bad.jsonl, line 2: expected a line such as {\"key\": \"a\", \"request\"")
      const wrong = yield* gemini(directory, url, "run", "bad.jsonl", "--deadline", "soon")
      assert.deepStrictEqual([wrong.code, wrong.stderr.includes("--deadline soon: expected a time such as 6h")], [
        2,
        true
      ])
      const missing = yield* gemini(directory, url, "results", "nothing")
      assert.strictEqual(missing.code, 2)
      assert.include(missing.stderr, "`gemini-fx batch status` shows the runs that there are")
      const cancelled = yield* gemini(directory, url, "cancel", "bad")
      assert.deepStrictEqual([cancelled.code, cancelled.stdout], [0, "cancelled bad: 0 of 0 rows read so far\n"])
      assert.strictEqual((yield* batches.counts).created, 0)
    }).pipe(Effect.provide(Emulator.layerServer({ batchPending: 0, batchRunning: 0 }))), 60_000)
})

describe("the bar", () => {
  it("says how many rows have their result, and what is under way", () => {
    const bar = new BatchBar("a\nb.jsonl")
    assert.strictEqual(bar.line(), "a␤b.jsonl …")
    const open = { job: 0, displayName: "a", batch: undefined, rows: 10, isSynchronous: false }
    const progress = {
      rows: 2_000,
      isAllRead: true,
      results: 500,
      failed: 3,
      jobs: 2,
      created: 2,
      open: [open, { ...open, isSynchronous: true }],
      deadline: undefined,
      isCancelled: false,
      isFinished: false
    }
    bar.on(progress)
    assert.strictEqual(
      bar.line(),
      "a␤b.jsonl ██████░░░░░░░░░░░░░░░░░░ 25 % · 500 of 2,000 rows · 3 failed · 2 jobs under way · 1 asked synchronously"
    )
  })
})
