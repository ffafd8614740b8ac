import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Stream from "effect/Stream"
import { readFileSync, rmSync } from "node:fs"
import { kernelLock } from "../src/internal/fileLock.ts"
import * as FileStore from "../src/internal/fileStore.ts"
import * as Journal from "../src/Journal.ts"
import { note, notes } from "./notes.ts"

const folder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "journal-direct-" }))

/** A journal over a `FileSystem` that tells what is written through it, and may change it. */
const over = (
  directory: string,
  written: Array<string>,
  change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const told: FileSystem.FileSystem = {
      ...fs,
      open: (path, options) =>
        Effect.map(fs.open(path, options), (file) =>
          Object.create(file, {
            write: {
              value: (bytes: Uint8Array) => {
                written.push(new TextDecoder().decode(bytes))
                return file.write(change(bytes))
              }
            }
          }))
    }
    const lock = kernelLock()
    const store = yield* FileStore.make({ directory, sync: false, poll: 5, lock }).pipe(
      Effect.provideService(FileSystem.FileSystem, told)
    )
    return yield* Journal.make(store)
  })

const texts = (journal: Journal.Journal["Service"], id: string) =>
  Effect.map(
    Stream.runCollect(journal.read(notes, id)),
    (entries) => entries.flatMap((entry) => entry._tag === "Recorded" ? [entry.record.text] : [])
  )

describe("an append by the calling thread", () => {
  it.live("is in the file where the FileSystem's own would be, and so is a large one", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const written: Array<string> = []
      const journal = yield* over(path, written)
      const large = "x".repeat(100_000)
      yield* Effect.scoped(Effect.gen(function*() {
        const run = yield* journal.create(notes, "a")
        yield* run.append([note("1"), note("2 \ud83d\ude00")])
        yield* run.append([note(large)])
        yield* run.append([note("3")])
      }))
      assert.deepStrictEqual(yield* texts(journal, "a"), ["1", "2 \ud83d\ude00", large, "3"])
      yield* Effect.scoped(Effect.flatMap(journal.resume(notes, "a"), (run) => run.append([note("4")])))
      assert.strictEqual((yield* texts(journal, "a")).at(-1), "4")
      // The first opening is the proof.
      assert.strictEqual(written.length, 1)
      assert.isTrue(written[0]?.includes("\"opened\":true"))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("is left to a FileSystem that keeps other bytes than it is given", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const written: Array<string> = []
      const journal = yield* over(path, written, (bytes) => bytes.map((byte) => byte ^ 1))
      const run = yield* journal.create(notes, "a")
      yield* run.append([note("1")])
      yield* run.append([note("2")])
      assert.strictEqual(written.length, 3)
      assert.isFalse(readFileSync(`${path}/a/journal.jsonl`, "latin1").includes("\"1\""))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("fails when the run's file is gone", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const journal = yield* over(path, [])
      const run = yield* journal.create(notes, "a")
      yield* run.append([note("1")])
      rmSync(`${path}/a/journal.jsonl`)
      const error = yield* Effect.flip(run.append([note("2")]))
      assert.strictEqual(error.reason._tag, "NotFound")
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
