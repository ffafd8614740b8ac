/** What a store itself says, line by line and at the bounds of what it is asked: alike in memory, in files and in SQL. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { mkdirSync, writeFileSync } from "node:fs"
import * as LineText from "../src/internal/line.ts"
import * as Memory from "../src/internal/memoryStore.ts"
import * as Journal from "../src/Journal.ts"
import {
  Busy,
  type JournalErrorReason,
  NotFound,
  StorageFull,
  Unavailable,
  WrongSequence
} from "../src/JournalErrorReason.ts"
import type { JournalStore, Line } from "../src/JournalStore.ts"
import { note, notes } from "./notes.ts"
import { storeOf } from "./place.ts"
import { refusal } from "./suite.ts"

const by = (n: number) => LineText.writerId(n, 1_000, n)

const opening = (seq: number, at: number, writer = by(1)): Line => ({ seq, at, by: writer, opened: true, records: [] })

const lineOf = (seq: number, at: number, records: ReadonlyArray<unknown>, state?: string): Line => ({
  seq,
  at,
  by: by(1),
  opened: false,
  of: "n",
  version: 1,
  ...(state === undefined ? {} : { state }),
  records
})

const textOf = (line: Line): string => LineText.print(line, line.records.map((record) => JSON.stringify(record)))

const created = (store: JournalStore, id: string, at = 1) =>
  store.open(id, "create", ({ next }) => [opening(next, at), textOf(opening(next, at))])

/** A run with an opening at 0, two records from 1, and one at 3; and the length of its lines with their line breaks. */
const written = (store: JournalStore, id: string) =>
  Effect.scoped(Effect.gen(function*() {
    const writer = yield* created(store, id, 10)
    const lines = [lineOf(1, 20, ["é", "b"]), lineOf(3, 30, ["c"], "done")]
    yield* Effect.forEach(lines, (line) => writer.append(line, textOf(line)), { discard: true })
    return [opening(0, 10), ...lines].map((line) => Buffer.byteLength(textOf(line)))
  }))

const folder = Effect.provide(FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()), NodeFileSystem.layer)

interface Place {
  readonly name: string
  readonly store: Effect.Effect<JournalStore, unknown, Scope.Scope>
  /** How many bytes a line takes beside its text. */
  readonly around: number
}

const files = (lock: boolean) =>
  Effect.flatMap(folder, (path) => storeOf({ kind: "files", directory: `${path}/runs`, lock }))

const places: ReadonlyArray<Place> = [
  { name: "in memory", store: Effect.sync(() => Memory.make()), around: 1 },
  { name: "in files", store: files(true), around: 1 },
  { name: "in files without a lock", store: files(false), around: 2 },
  {
    name: "in SQL",
    store: Effect.flatMap(folder, (path) => storeOf({ kind: "sqlite", file: `${path}/journal.sqlite` })),
    around: 0
  }
]

for (const { around, name, store } of places) {
  describe(`a store ${name}`, () => {
    it.live("says of a run what its first and its last line say, and how many bytes it takes", () =>
      Effect.gen(function*() {
        const mine = yield* store
        const sizes = yield* written(mine, "a")
        const bytes = sizes.reduce((sum, size) => sum + size + around, 0)
        const head = {
          id: "a",
          next: 4,
          state: "done",
          createdAt: 10,
          updatedAt: 30,
          bytes,
          writer: LineText.writerOf(by(1))
        }
        assert.deepStrictEqual(yield* mine.head("a"), head)
        yield* mine.putBlob("a", "0".repeat(64), new Uint8Array(9))
        assert.deepStrictEqual(yield* mine.head("a"), { ...head, bytes: bytes + 9 })
        yield* Effect.scoped(created(mine, "b", 5))
        const { state, ...opened } = yield* mine.head("b")
        assert.isUndefined(state)
        assert.deepInclude(opened, { next: 1, createdAt: 5, updatedAt: 5 })
      }))

    it.live("reads from the append that holds a number, and nothing behind the last", () =>
      Effect.gen(function*() {
        const mine = yield* store
        yield* written(mine, "a")
        const seqs = (from: number) =>
          Effect.scoped(Effect.gen(function*() {
            const reader = yield* mine.read("a", from)
            const found: Array<number> = []
            while (true) {
              const lines = yield* reader.pull
              if (lines.length === 0) return found
              found.push(...lines.filter((line) => LineText.endOf(line) > from).map(({ seq }) => seq))
            }
          }))
        const rows: ReadonlyArray<[from: number, seqs: Array<number>]> = [
          [0, [0, 1, 3]],
          [1, [1, 3]],
          [2, [1, 3]],
          [3, [3]],
          [4, []],
          [9, []]
        ]
        for (const [from, expected] of rows) assert.deepStrictEqual(yield* seqs(from), expected, `from ${from}`)
        const reader = yield* mine.read("a", 3)
        const [first] = yield* reader.pull
        assert.strictEqual(first?.seq, 3)
      }))

    it.live("lists so many of those that begin so and come behind another", () =>
      Effect.gen(function*() {
        const mine = yield* store
        yield* Effect.forEach(["b2", "a", "b1", "c", "b3"], (id) => Effect.scoped(created(mine, id)))
        const rows: ReadonlyArray<readonly [prefix: string, after: string, limit: number, ids: ReadonlyArray<string>]> =
          [
            ["", "", 10, ["a", "b1", "b2", "b3", "c"]],
            ["", "", 2, ["a", "b1"]],
            ["", "b1", 2, ["b2", "b3"]],
            ["b", "", 10, ["b1", "b2", "b3"]],
            ["b", "b2", 10, ["b3"]],
            ["b", "b3", 10, []],
            ["b3", "", 1, ["b3"]],
            ["d", "", 1, []]
          ]
        for (const [prefix, after, limit, ids] of rows) {
          assert.deepStrictEqual(yield* mine.list(prefix, after, limit), ids, `${prefix} ${after} ${limit}`)
        }
      }))

    it.live("removes a run where it ends as it is said to, and is not there then", () =>
      Effect.gen(function*() {
        const mine = yield* store
        yield* written(mine, "a")
        for (const given of [3, 5]) {
          assert.deepStrictEqual(
            yield* Effect.flip(Effect.scoped(mine.remove("a", given))),
            new WrongSequence({ expected: 4, given })
          )
        }
        assert.strictEqual((yield* mine.head("a")).next, 4)
        yield* Effect.scoped(mine.remove("a", 4))
        const missing = new NotFound({ what: "run" })
        assert.deepStrictEqual(yield* Effect.flip(mine.head("a")), missing)
        assert.deepStrictEqual(yield* Effect.flip(Effect.scoped(mine.remove("a"))), missing)
        assert.deepStrictEqual(yield* Effect.flip(Effect.scoped(mine.read("a", 0))), missing)
        assert.deepStrictEqual(yield* Effect.flip(mine.putBlob("a", "0".repeat(64), new Uint8Array(1))), missing)
        assert.deepStrictEqual(yield* mine.list("", "", 10), [])
      }))

    it.live("keeps a blob as it was when it was given", () =>
      Effect.gen(function*() {
        const mine = yield* store
        yield* Effect.scoped(created(mine, "a"))
        const bytes = Uint8Array.of(1, 2)
        yield* mine.putBlob("a", "0".repeat(64), bytes)
        bytes[0] = 9
        const first = yield* mine.getBlob("a", "0".repeat(64))
        assert.deepStrictEqual([...first], [1, 2])
        first[0] = 9
        assert.deepStrictEqual([...(yield* mine.getBlob("a", "0".repeat(64)))], [1, 2])
        const missing = new NotFound({ what: "blob" })
        assert.deepStrictEqual(yield* Effect.flip(mine.getBlob("a", "1".repeat(64))), missing)
      }))
  })
}

describe("a file that holds no whole line", () => {
  it.live("is no run: neither read, nor resumed, nor shown", () =>
    Effect.gen(function*() {
      const path = yield* folder
      for (const lock of [true, false]) {
        const store = yield* storeOf({ kind: "files", directory: path, lock })
        for (const [id, text] of [["empty", ""], ["torn", "{\"v\":1,\"seq\":0"]] as const) {
          mkdirSync(`${path}/${id}`, { recursive: true, mode: 0o700 })
          writeFileSync(`${path}/${id}/journal.jsonl`, text, { mode: 0o600 })
          const missing = new NotFound({ what: "run" })
          assert.deepStrictEqual(yield* Effect.flip(Effect.scoped(store.read(id, 0))), missing)
          assert.deepStrictEqual(yield* Effect.flip(store.head(id)), missing)
          const resumed = store.open(id, "resume", ({ next }) => [opening(next, 1), textOf(opening(next, 1))])
          assert.deepStrictEqual(yield* Effect.flip(Effect.scoped(resumed)), missing)
        }
      }
    }))
})

describe("what a prune does where a run cannot be removed", () => {
  const pruned = (reason: JournalErrorReason) =>
    Effect.gen(function*() {
      const store = Memory.make()
      const journal = yield* Journal.make(store)
      yield* Effect.scoped(Effect.flatMap(journal.create(notes, "a"), (run) => run.append([note("x")])))
      const failing = yield* Journal.make({ ...store, remove: () => Effect.fail(reason) })
      return yield* Effect.result(failing.prune({ keepBytes: 0, apply: true }))
    })

  it.live("keeps one that somebody holds or has gone on with, counts one that is gone, and ends where the store fails", () =>
    Effect.gen(function*() {
      for (const reason of [new Busy({}), new WrongSequence({ expected: 3, given: 2 })]) {
        const { bytes, kept, runs } = Result.getOrThrow(yield* pruned(reason))
        assert.deepStrictEqual([runs.length, kept.map(({ id }) => id), bytes], [0, ["a"], 0])
      }
      const gone = Result.getOrThrow(yield* pruned(new NotFound({ what: "run" })))
      assert.deepStrictEqual([gone.runs.map(({ id }) => id), gone.kept], [["a"], []])
      assert.isAbove(gone.bytes, 0)
      for (const reason of [new Unavailable({ code: "TIMEOUT" }), new StorageFull({ code: "OOM" })]) {
        const failed = yield* pruned(reason)
        assert.deepStrictEqual(Result.isFailure(failed) ? failed.failure.reason : undefined, reason)
      }
    }))

  it.live("a store that does not answer ends a list, and a run that has gone meanwhile is left out of it", () =>
    Effect.gen(function*() {
      const store = Memory.make()
      const journal = yield* Journal.make(store)
      yield* Effect.forEach(["a", "b", "c"], (id) => Effect.scoped(journal.create(notes, id)))
      const listing = (reason: JournalErrorReason) =>
        Effect.map(
          Journal.make({ ...store, head: (id) => id === "b" ? Effect.fail(reason) : store.head(id) }),
          (broken) => Stream.runCollect(broken.list())
        )
      const found = yield* yield* listing(new NotFound({ what: "run" }))
      assert.deepStrictEqual(found.map(({ id }) => id), ["a", "c"])
      const unavailable = new Unavailable({ code: "TIMEOUT" })
      assert.deepStrictEqual(yield* refusal(yield* listing(unavailable)), unavailable)
      const full = yield* yield* listing(new StorageFull({ code: "OOM" }))
      assert.deepStrictEqual(full.map(({ head, id }) => [id, Result.isSuccess(head)]), [["a", true], ["b", false], [
        "c",
        true
      ]])
    }))
})
