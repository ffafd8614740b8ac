/**
 * A run of batches takes no more memory the longer it is: rows come as a stream, results go as one.
 *
 * 5,000 rows here, 100,000 under `pnpm prove 17.4`.
 */
import * as Standalone from "effect-gemini-emulator/Standalone"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { sizeOf } from "../../../../scripts/proof.ts"

const line = "17.4"
const { job, rows } = sizeOf(line, { test: { rows: 5_000, job: 500 }, prove: { rows: 100_000, job: 10_000 } })

/**
 * The most by which the heap may grow from one half of the run to the other. Within a half it follows the jobs under way: their
 * rows are in memory while they are sent.
 */
const most = 12 * 1024 * 1024

const folder = mkdtempSync(join(tmpdir(), "effect-gemini-batches-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Said {
  readonly status: { readonly results: number; readonly failed: number }
  readonly grown: number
  readonly heaps: ReadonlyArray<number>
}

const run = (url: string): Promise<Said> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [
      "--expose-gc",
      join(import.meta.dirname, "batchRunProcess.ts"),
      url,
      join(folder, "runs"),
      join(folder, "results.jsonl"),
      String(rows),
      String(job),
      "0",
      "0",
      JSON.stringify({ interval: "50 millis", maxInterval: "200 millis", jobs: 4 })
    ], { stdio: ["ignore", "pipe", "inherit"] })
    let text = ""
    child.stdout.on("data", (piece: Buffer) => text += piece.toString())
    child.once("close", (code) => code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`it ended with ${code}`)))
  })

describe("a long run", () => {
  it(`keeps its heap flat over ${rows} rows in and out`, async () => {
    const emulator = await Standalone.start({ batchPending: 100, batchRunning: 100 })
    try {
      const { grown, heaps, status } = await run(emulator.url)
      assert.deepInclude(status, { results: rows, failed: 0 })
      assert.strictEqual(emulator.batches.counts().rows, rows)
      const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)
      process.stdout.write(
        `${rows} rows: heap in MB at each tenth ${heaps.map(megabytes).join(" ")}, at most ${
          megabytes(grown)
        } above idle\n`
      )
      assert.lengthOf(heaps, 10)
      assert.isAtMost(Math.max(...heaps.slice(5)), Math.max(...heaps.slice(0, 5)) + most)
    } finally {
      await emulator.stop()
    }
  }, sizeOf(line, { test: 120_000, prove: 900_000 }))
})
