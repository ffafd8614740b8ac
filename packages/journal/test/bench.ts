/**
 * What the journal costs, a place at a time: `pnpm bench:journal`. Redis is started where it is installed; PostgreSQL is
 * measured where JOURNAL_POSTGRES names one. Records are of 200 bytes, one an append, one append at a time. Where the
 * median of an append is above its figure, the program fails.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { open } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as RedisServer from "../../gemini/test/limiter/RedisServer.ts"
import * as Memory from "../src/internal/memoryStore.ts"
import * as Journal from "../src/Journal.ts"
import type { JournalStore } from "../src/JournalStore.ts"
import { note, notes } from "./notes.ts"
import { storeOf } from "./place.ts"

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const record = note("x".repeat(200 - "{\"text\":\"\"}".length))

const at = (sorted: ReadonlyArray<number>, share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(3).padStart(8)

const measure = (
  name: string,
  store: Effect.Effect<JournalStore, unknown, Scope.Scope>,
  appends: number,
  /** Milliseconds that the median may take. */
  most = Number.POSITIVE_INFINITY
) =>
  Effect.scoped(Effect.gen(function*() {
    const journal = yield* Journal.make(yield* store)
    const scope = yield* Scope.make()
    const id = `bench-${process.pid}`
    const run = yield* Scope.provide(journal.create(notes, id), scope)
    const times: Array<number> = []
    const warm = Math.min(2_000, appends / 5)
    for (let n = 0; n < appends + warm; n++) {
      const from = performance.now()
      yield* run.append([record])
      if (n >= warm) times.push(performance.now() - from)
    }
    times.sort((a, b) => a - b)
    yield* Scope.close(scope, Exit.void)
    let from = performance.now()
    const count = yield* Stream.runCount(journal.read(notes, id))
    const read = (performance.now() - from) / count
    from = performance.now()
    yield* Effect.scoped(journal.resume(notes, id))
    const resumed = performance.now() - from
    yield* journal.remove(id)
    say(
      `${name.padEnd(28)} ${at(times, 0.5)} ${at(times, 0.99)}   ${(read * 1_000).toFixed(1).padStart(8)} ` +
        `${resumed.toFixed(1).padStart(8)}   ${appends}`
    )
    const median = times[Math.floor(times.length / 2)] ?? Number.POSITIVE_INFINITY
    if (median > most) {
      say(`${name}: the median of an append is above ${most} ms`)
      process.exitCode = 1
    }
  }))

/** The floor of files: one write and one look at the size by node:fs, for a line of the same length. */
const floor = (appends: number) =>
  Effect.promise(async () => {
    const file = await open(join(folder, "floor"), "a")
    const line = Buffer.alloc(330, "x")
    const times: Array<number> = []
    for (let n = 0; n < appends; n++) {
      const from = performance.now()
      await file.write(line)
      await file.stat()
      times.push(performance.now() - from)
    }
    await file.close()
    times.sort((a, b) => a - b)
    say(
      `${"node:fs, write and stat".padEnd(28)} ${at(times, 0.5)} ${at(times, 0.99)}   ${"".padStart(17)}   ${appends}`
    )
  })

const folder = mkdtempSync(join(tmpdir(), "journal-bench-"))

await Effect.gen(function*() {
  say(`                              append, ms         read, µs  resume, ms   appends`)
  say(`                               median      p99   an entry`)
  yield* measure("memory", Effect.succeed(Memory.make()), 20_000)
  const files = (name: string, lock: boolean, sync: boolean) =>
    storeOf({ kind: "files", directory: join(folder, name), lock, sync })
  yield* floor(20_000)
  yield* measure("files", files("a", true, false), 20_000, 0.1)
  yield* measure("files without node:sqlite", files("b", false, false), 20_000, 0.1)
  yield* measure("files, each on the disk", files("c", true, true), 500)
  if (RedisServer.skip === undefined) {
    const { url } = yield* RedisServer.start()
    yield* measure("Redis", storeOf({ kind: "redis", url }), 10_000, 0.25)
  } else say(`Redis                        ${RedisServer.skip}`)
  yield* measure("SQL on node:sqlite", storeOf({ kind: "sqlite", file: join(folder, "journal.sqlite") }), 5_000)
  const postgres = process.env["JOURNAL_POSTGRES"]
  if (postgres !== undefined) yield* measure("SQL on PostgreSQL", storeOf({ kind: "postgres", url: postgres }), 3_000)
}).pipe(Effect.scoped, Effect.runPromise).finally(() => rmSync(folder, { recursive: true, force: true }))
