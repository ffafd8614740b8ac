/**
 * A run of batches whose process is killed again and again, with rows that fail, a job that expires, one that stays pending,
 * and the answer to every create lost: every row has its result once, and nothing is asked that was answered.
 *
 * 500 rows here, 10,000 and 20 kills under `pnpm prove 17.2`.
 */
import * as Standalone from "effect-gemini-emulator/Standalone"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"

const line = "17.2"
const { before, behind, job, longest, rows } = sizeOf(line, {
  test: { rows: 500, job: 50, before: 2, behind: 2, longest: 24 },
  prove: { rows: 10_000, job: 500, before: 12, behind: 7, longest: 60 }
})
/** How many rows are asked at once at the standard price. */
const concurrency = 8

let state = seedOf(line, 1_702)
const random = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

const folder = mkdtempSync(join(tmpdir(), "effect-gemini-batches-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Said {
  readonly status: {
    readonly created: number
    readonly results: number
    readonly failed: number
    readonly isFinished: boolean
  }
}

/** Runs the program once; undefined if it was killed. */
const live = (
  url: string,
  { killAt = 0, lead, stopAt = 0 }: { readonly killAt?: number; readonly stopAt?: number; readonly lead: string }
): Promise<Said | undefined> =>
  new Promise((resolve, reject) => {
    const given = {
      deadline: "1 hour",
      lead,
      interval: "50 millis",
      maxInterval: "200 millis",
      concurrency,
      attempts: 6
    }
    const child = spawn(process.execPath, [
      join(import.meta.dirname, "batchRunProcess.ts"),
      url,
      join(folder, "runs"),
      join(folder, "results.jsonl"),
      String(rows),
      String(job),
      String(killAt),
      String(stopAt),
      JSON.stringify(given)
    ], { stdio: ["ignore", "pipe", "inherit"] })
    let text = ""
    child.stdout.on("data", (piece: Buffer) => text += piece.toString())
    child.once("close", (code, signal) => {
      if (signal === "SIGKILL") resolve(undefined)
      else if (code === 0) resolve(JSON.parse(text))
      else reject(new Error(`the run ended with ${code}`))
    })
  })

describe("a run that is killed", () => {
  it("gives every row once, makes every job once, and asks again what failed alone", async () => {
    const create = "batchGenerateContent"
    const emulator = await Standalone.start({
      seed: String(state),
      batchPending: 150,
      batchRunning: 150,
      faults: [
        { when: { method: create, nth: 1, times: 1 }, reset: true, batch: { state: "expired", after: 300 } },
        { when: { method: create, nth: 2, times: 1 }, reset: true, batch: { state: "stuck" } },
        { when: { method: create }, reset: true },
        { when: { method: "batches.row", share: 0.01 }, error: { code: 503 } }
      ]
    })
    try {
      let killed = 0
      const kill = async (options: Parameters<typeof live>[1]) => {
        assert.isUndefined(await live(emulator.url, options))
        killed++
      }
      // Far from the deadline, until only the job that stays pending is left; then at the standard price.
      for (let turn = 0; turn < before; turn++) await kill({ killAt: 1 + random(longest), lead: "0 seconds" })
      await kill({ stopAt: rows - job, lead: "0 seconds" })
      for (let turn = 0; turn < behind; turn++) await kill({ killAt: 1 + random(longest), lead: "1 hour" })
      const said = await live(emulator.url, { lead: "1 hour" })
      const results: ReadonlyArray<readonly [place: number, row: number, key: string, tag: string, via: string]> =
        readFileSync(join(folder, "results.jsonl"), "utf8").trim().split("\n").map((text) => JSON.parse(text))
      assert.deepStrictEqual(results.map(([place]) => place), Array.from({ length: rows }, (_, index) => index))
      assert.strictEqual(new Set(results.map(([, row]) => row)).size, rows)
      assert.isTrue(results.every(([, row, key]) => key === `row-${row}`))
      assert.strictEqual(results.filter(([, , , tag]) => tag === "Success").length, rows)

      const batches = emulator.batches.list().map(({ batch }) => Object(batch["metadata"]))
      const counts = emulator.batches.counts()
      assert.deepInclude(said?.status, { created: counts.created, results: rows, failed: 0, isFinished: true })
      assert.strictEqual(new Set(batches.map(({ displayName }) => displayName)).size, counts.created)
      assert.includeMembers(batches.map(({ state }) => state), ["BATCH_STATE_EXPIRED", "BATCH_STATE_CANCELLED"])

      const failed = batches.reduce((sum, { batchStats }) => sum + Number(batchStats.failedRequestCount ?? 0), 0)
      const standard = results.filter(([, , , , via]) => via === "standard").length
      const asked = emulator.requests().filter(({ apiMethod }) => apiMethod === "generateContent").length
      // In batches nothing is asked twice but what failed.
      assert.strictEqual(counts.rows, rows - standard + failed)
      assert.strictEqual(standard, job)
      assert.isAtMost(counts.rows + asked, rows + failed + killed * concurrency)
      process.stdout.write(
        `${rows} rows, ${killed} kills: ${counts.created} jobs, ${counts.rows} rows in batches, of which ${failed} failed, ` +
          `${asked} requests at the standard price for ${standard} rows\n`
      )
    } finally {
      await emulator.stop()
    }
  }, sizeOf(line, { test: 120_000, prove: 900_000 }))
})
