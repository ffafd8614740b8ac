/** What files cost without a journal: the names, the lock and the bytes of a run, by `node:fs` and `node:sqlite` alone. */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { last, type Subject } from "./job.ts"

/** As long as the line of an answer with a call, and that of a call's end with the next question. */
const answer = Buffer.from(`${"a".repeat(520)}\n`)
const end = Buffer.from(`${"e".repeat(230)}\n`)

const put = (fd: number, bytes: Uint8Array): void => {
  fs.writeSync(fd, bytes)
  fs.fstatSync(fd)
}

export const make = (): Subject => {
  const directory = fs.mkdtempSync(join(tmpdir(), "bench-agents-floor-"))
  process.once("exit", () => fs.rmSync(directory, { recursive: true, force: true }))
  let runs = 0
  return {
    run: (steps) => {
      const run = join(directory, `run-${runs++}`)
      fs.mkdirSync(run, { mode: 0o700 })
      fs.closeSync(fs.openSync(join(run, "lock"), "wx", 0o600))
      const lock = new DatabaseSync(join(run, "lock"), { timeout: 0 })
      lock.exec("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE")
      const fd = fs.openSync(join(run, "journal.jsonl"), "a+", 0o600)
      // The opening, and the run's beginning.
      put(fd, end)
      put(fd, answer)
      for (let step = 0; step < steps; step++) {
        put(fd, end)
        put(fd, answer)
      }
      fs.closeSync(fd)
      lock.close()
      return Promise.resolve({ text: last, steps, held: undefined })
    }
  }
}
