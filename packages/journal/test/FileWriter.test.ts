import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { systemError } from "effect/PlatformError"
import { appendFileSync, readFileSync, statSync } from "node:fs"
import type { Appended, LogFile } from "../src/internal/fileFolder.ts"
import { FileLog } from "../src/internal/FileLog.ts"
import { FileWriter } from "../src/internal/FileWriter.ts"
import { print } from "../src/internal/line.ts"
import type { Line } from "../src/JournalStore.ts"

const opening: Line = { seq: 0, at: 1, by: "me", opened: true, records: [] }
const lineOf = (seq: number): Line => ({ seq, at: 1, by: "me", opened: false, of: "notes", version: 1, records: [seq] })
const textOf = (line: Line): string => print(line, line.records.map((record) => JSON.stringify(record)))

/** A file that writes and looks in one step, by `place`; a writer that has opened the run in it. */
const writing = (place: (bytes: Uint8Array, path: string) => Effect.Effect<Appended, ReturnType<typeof systemError>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = `${yield* fs.makeTempDirectoryScoped({ prefix: "journal-writer-" })}/journal.jsonl`
    const opened = yield* fs.open(path, { flag: "a+" })
    const file: LogFile = Object.create(opened, { place: { value: (bytes: Uint8Array) => place(bytes, path) } })
    const whole: LogFile = Object.create(opened, { place: { value: undefined } })
    const writer = new FileWriter({ file: whole, log: new FileLog(whole), locked: true, sync: false }, "me")
    yield* writer.append(opening, textOf(opening))
    writer.moveTo(file)
    return { path, append: (line: Line) => writer.append(line, textOf(line)) }
  })

const put = (bytes: Uint8Array, path: string): Appended => {
  appendFileSync(path, bytes)
  const { nlink, size } = statSync(path)
  return { written: bytes.length, size, names: nlink }
}

const numbers = (path: string): ReadonlyArray<unknown> =>
  readFileSync(path, "utf8").trimEnd().split("\n").map((line) => {
    const { seq }: { readonly seq: number } = JSON.parse(line)
    return seq
  })

const broken = systemError({ _tag: "Unknown", module: "FileSystem", method: "write" })

describe("an append that writes and looks in one step", () => {
  it.live("goes on where the system took a part of the bytes", () =>
    Effect.gen(function*() {
      let isFirst = true
      const { append, path } = yield* writing((bytes, path) =>
        Effect.sync(() => {
          if (!isFirst) return put(bytes, path)
          isFirst = false
          return { ...put(bytes.subarray(0, 7), path), written: 7 }
        })
      )
      yield* append(lineOf(1))
      yield* append(lineOf(2))
      assert.deepStrictEqual(numbers(path), [0, 1, 2])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("cuts off what a failed write left, and the next one is whole", () =>
    Effect.gen(function*() {
      let isFirst = true
      const { append, path } = yield* writing((bytes, path) =>
        Effect.suspend(() => {
          if (!isFirst) return Effect.succeed(put(bytes, path))
          isFirst = false
          put(bytes.subarray(0, 7), path)
          return Effect.fail(broken)
        })
      )
      assert.strictEqual((yield* Effect.flip(append(lineOf(1))))._tag, "Unavailable")
      yield* append(lineOf(1))
      assert.deepStrictEqual(numbers(path), [0, 1])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("counts a line whose write was reported as failed, and does not write it again", () =>
    Effect.gen(function*() {
      let isFirst = true
      const { append, path } = yield* writing((bytes, path) =>
        Effect.suspend(() => {
          const placed = put(bytes, path)
          if (!isFirst) return Effect.succeed(placed)
          isFirst = false
          return Effect.fail(broken)
        })
      )
      assert.strictEqual((yield* Effect.flip(append(lineOf(1))))._tag, "Unavailable")
      yield* append(lineOf(1))
      yield* append(lineOf(2))
      assert.deepStrictEqual(numbers(path), [0, 1, 2])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("is TakenOver where another writer opened the run between its write and its look", () =>
    Effect.gen(function*() {
      const other: Line = { seq: 1, at: 2, by: "other", opened: true, records: [] }
      const { append } = yield* writing((bytes, path) =>
        Effect.sync(() => {
          appendFileSync(path, `${textOf(other)}\n`)
          return put(bytes, path)
        })
      )
      assert.strictEqual((yield* Effect.flip(append(lineOf(1))))._tag, "TakenOver")
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
