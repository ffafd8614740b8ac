/** What only files can do wrong: torn lines, full disks, damage, and folders that are not safe to use. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as FileJournal from "../src/FileJournal.ts"
import * as FileStore from "../src/internal/fileStore.ts"
import * as Journal from "../src/Journal.ts"
import { note, notes, texts } from "./notes.ts"
import { storeOf } from "./place.ts"
import { refusal } from "./suite.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "journal-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const over = (directory: string, lock = true, options: Journal.Options = {}) =>
  Effect.flatMap(storeOf({ kind: "files", directory, lock }), (store) => Journal.make(store, options))

const all = (journal: Journal.Journal["Service"], id: string) =>
  Effect.map(Stream.runCollect(journal.read(notes, id)), texts)

const written = (journal: Journal.Journal["Service"], id: string, records: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.flatMap(journal.create(notes, id), (run) =>
      Effect.forEach(records, (text) => run.append([note(text)]), { discard: true }))
  )

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe("a run is a folder", () => {
  it.live("of one readable line an append, for its user alone", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const journal = yield* over(`${path}/deep/runs`)
      const digest = yield* Effect.scoped(Effect.gen(function*() {
        const run = yield* journal.create(notes, "a")
        yield* run.append([note("1"), note("2")], { state: "finished" })
        return yield* run.putBlob(Buffer.from("bytes"))
      }))
      const run = `${path}/deep/runs/a`
      assert.deepStrictEqual(readdirSync(run).sort(), ["blobs", "journal.jsonl", "lock"])
      const lines = readFileSync(`${run}/journal.jsonl`, "utf8").split("\n")
      assert.strictEqual(lines.length, 3)
      assert.deepInclude(JSON.parse(lines[1] ?? ""), {
        v: 1,
        seq: 1,
        state: "finished",
        of: "test/Note",
        version: 1,
        records: [{ text: "1" }, { text: "2" }]
      })
      for (const name of [`${path}/deep/runs`, run, `${run}/blobs`]) assert.strictEqual(modeOf(name), "700")
      for (const name of ["journal.jsonl", "lock", `blobs/${digest}`]) {
        assert.strictEqual(modeOf(`${run}/${name}`), "600")
      }
      assert.strictEqual(readFileSync(`${run}/blobs/${digest}`, "utf8"), "bytes")
      assert.strictEqual(statSync(`${run}/lock`).size, 0)
    }))

  it.live("that a layer gives", () =>
    Effect.gen(function*() {
      const directory = `${yield* folder}/runs`
      const layer = FileJournal.layer({ directory, sync: true, poll: "5 millis" }).pipe(
        Layer.provide(NodeFileSystem.layer)
      )
      yield* Effect.provide(Effect.scoped(Journal.Journal.use((journal) => journal.create(notes, "a"))), layer)
      assert.deepStrictEqual(readdirSync(directory), ["a"])
    }))

  it.live("that others may copy under another name and read", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const journal = yield* over(path)
      yield* written(journal, "production", ["1"])
      renameSync(`${path}/production`, `${path}/copy`)
      assert.deepStrictEqual(yield* all(journal, "copy"), ["Started", "1"])
    }))
})

for (const lock of [true, false]) {
  describe(lock ? "with a kernel lock" : "without node:sqlite", () => {
    it.live("a write torn at any byte of the last line costs that line alone", () =>
      Effect.gen(function*() {
        const path = yield* folder
        const journal = yield* over(path, lock)
        yield* written(journal, "whole", ["first é", "second", "the last, with \ud83d\ude00 and\nmore"])
        const bytes = readFileSync(`${path}/whole/journal.jsonl`)
        // Without a lock a line also begins with a line break.
        const last = bytes.lastIndexOf("{\"v\":1,\"seq\":3")
        assert.isTrue(bytes.length - last > 100)
        const cuts = [
          ...Array.from({ length: bytes.length - last }, (_, index) => bytes.subarray(0, last + index)),
          // A power cut: the file has its length, and zeros where bytes should be.
          Buffer.concat([bytes.subarray(0, last + 20), Buffer.alloc(bytes.length - last - 21), Buffer.from("\n")])
        ]
        for (const [index, cut] of cuts.entries()) {
          const id = `cut-${index}`
          mkdirSync(`${path}/${id}`, { mode: 0o700 })
          writeFileSync(`${path}/${id}/journal.jsonl`, cut, { mode: 0o600 })
          const before = ["Started", "first é", "second"]
          assert.deepStrictEqual(yield* all(journal, id), before)
          // Without a lock nothing is cut off: a line that lacks only its line break is closed, and so it is whole.
          if (!lock && cut.length === bytes.length - 1) before.push("the last, with \ud83d\ude00 and\nmore")
          yield* Effect.scoped(Effect.gen(function*() {
            const run = yield* journal.resume(notes, id)
            assert.strictEqual(run.next, before.length + 1)
            yield* run.append([note("again")])
          }))
          assert.deepStrictEqual(yield* all(journal, id), [...before, "Resumed", "again"], `cut at ${index}`)
          assert.strictEqual((yield* journal.head(id)).next, before.length + 2)
        }
      }), 60_000)

    it.live("a reader that saw a torn line reads what was written in its place", () =>
      Effect.gen(function*() {
        const path = yield* folder
        const store = yield* storeOf({ kind: "files", directory: path, lock })
        const journal = yield* Journal.make(store)
        yield* written(journal, "a", ["1", "2"])
        const file = `${path}/a/journal.jsonl`
        truncateSync(file, statSync(file).size - 10)
        const reader = yield* store.read("a", 0)
        assert.strictEqual((yield* reader.pull).length, 2)
        assert.strictEqual((yield* reader.pull).length, 0)
        yield* Effect.scoped(Effect.flatMap(journal.resume(notes, "a"), (run) => run.append([note("3")])))
        yield* reader.wait
        assert.deepStrictEqual((yield* reader.pull).map(({ records, seq }) => [seq, records]), [
          [2, []],
          [3, [{ text: "3" }]]
        ])
      }))

    it.live("damage to an acknowledged line is said, and nothing is cut off", () =>
      Effect.gen(function*() {
        const path = yield* folder
        const journal = yield* over(path, lock)
        yield* written(journal, "whole", ["1", "2", "3"])
        const text = readFileSync(`${path}/whole/journal.jsonl`, "utf8")
        const broken = {
          edited: text.replace("\"2\"", "2\""),
          last: text.replace("\"3\"", "3\""),
          gone: text.split("\n").filter((line) => !line.includes("\"2\"")).join("\n"),
          number: text.replace("\"seq\":2", "\"seq\":-2"),
          empty: text.replace("[{\"text\":\"2\"}]", "[]"),
          array: text.replace(/\{"v":1,"seq":2.*\n/, "[1]\n"),
          utf8: Buffer.from(text.replace("\"2\"", "\"\x80\""), "latin1")
        }
        for (const [id, content] of Object.entries(broken)) {
          mkdirSync(`${path}/${id}`, { mode: 0o700 })
          writeFileSync(`${path}/${id}/journal.jsonl`, content, { mode: 0o600 })
          const reason = yield* refusal(all(journal, id))
          assert.deepInclude(reason, { _tag: "Corrupt", seq: id === "last" ? 3 : 2 }, id)
          assert.strictEqual((yield* refusal(Effect.scoped(journal.resume(notes, id))))._tag, "Corrupt", id)
          assert.deepStrictEqual(readFileSync(`${path}/${id}/journal.jsonl`), Buffer.from(content))
        }
        mkdirSync(`${path}/newer`, { mode: 0o700 })
        writeFileSync(`${path}/newer/journal.jsonl`, text.replace("{\"v\":1,\"seq\":2", "{\"v\":2,\"seq\":2"), {
          mode: 0o600
        })
        const newer = yield* refusal(all(journal, "newer"))
        assert.deepInclude(newer, { _tag: "NewerVersion", name: "journal", found: 2, known: 1, seq: 2 })
      }))

    if (!lock) {
      it.live("a line that is in the file before another writer takes over is acknowledged, and not written again", () =>
        Effect.gen(function*() {
          const path = yield* folder
          const other = yield* over(path, lock)
          const scope = yield* Effect.scope
          // Between a write and the look that follows it, another writer opens the run.
          let meddle = false
          const fs = yield* FileSystem.FileSystem.pipe(Effect.provide(NodeFileSystem.layer))
          const meddled: FileSystem.FileSystem = {
            ...fs,
            open: (file, options) =>
              Effect.map(fs.open(file, options), (file) =>
                Object.create(file, {
                  write: {
                    value: (bytes: Uint8Array) =>
                      Effect.tap(file.write(bytes), () => {
                        if (!meddle) return Effect.void
                        meddle = false
                        return Effect.orDie(Scope.provide(other.resume(notes, "a"), scope))
                      })
                  }
                }))
          }
          const store = yield* FileStore.make({ directory: path, sync: false, poll: 5, lock: undefined }).pipe(
            Effect.provideService(FileSystem.FileSystem, meddled)
          )
          const mine = yield* Journal.make(store)
          yield* written(other, "a", ["1"])
          meddle = true
          const opened = yield* mine.resume(notes, "a")
          assert.strictEqual((yield* refusal(opened.append([note("too late")])))._tag, "TakenOver")
          assert.deepStrictEqual(yield* all(other, "a"), ["Started", "1", "Resumed", "Resumed"])
          const again = yield* mine.resume(notes, "a")
          meddle = true
          yield* again.append([note("in time")])
          assert.strictEqual((yield* refusal(again.append([note("too late")])))._tag, "TakenOver")
          assert.deepStrictEqual(
            (yield* all(other, "a")).slice(4),
            ["Resumed", "in time", "Resumed"]
          )
        }))
    }

    const tmpfs = Effect.flatMap(folder, (path) =>
      Effect.acquireRelease(
        Effect.sync(() =>
          spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", path]).status === 0
            ? path
            : undefined
        ),
        (mounted) => Effect.sync(() => void (mounted !== undefined && spawnSync("umount", ["-l", mounted])))
      ))

    it.live("a full disk loses nothing that was acknowledged, and the run goes on when there is room", (context) =>
      Effect.gen(function*() {
        const path = yield* tmpfs
        if (path === undefined) return context.skip("a small file system cannot be mounted here")
        writeFileSync(`${path}/ballast`, Buffer.alloc(100_000))
        const journal = yield* over(`${path}/runs`, lock)
        const scope = yield* Scope.make()
        const run = yield* Scope.provide(journal.create(notes, "full"), scope)
        const told: Array<string> = []
        let full
        for (let n = 0; n < 100 && full === undefined; n++) {
          const text = `${n}-${"x".repeat(7_001)}`
          const result = yield* Effect.result(run.append([note(text)]))
          if (Result.isSuccess(result)) told.push(text)
          else full = result.failure
        }
        if (full?.reason._tag !== "StorageFull") return assert.fail(full?.reason._tag ?? "it was never full")
        assert.strictEqual(full.reason.code, "ENOSPC")
        assert.isTrue(full.isRetryable && told.length > 5)
        assert.deepStrictEqual(yield* all(journal, "full"), ["Started", ...told])
        assert.strictEqual((yield* refusal(run.putBlob(new Uint8Array(100_000))))._tag, "StorageFull")
        assert.strictEqual((yield* refusal(run.append([note("y".repeat(7_001))])))._tag, "StorageFull")
        rmSync(`${path}/ballast`)
        yield* run.append([note("there is room")])
        yield* run.putBlob(new Uint8Array(50_000))
        assert.deepStrictEqual(yield* all(yield* over(`${path}/runs`, lock), "full"), [
          "Started",
          ...told,
          "there is room"
        ])
        assert.strictEqual(readdirSync(`${path}/runs/full/blobs`).length, 1)
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      }))
  })
}

describe("what is not safe is refused before it is used", () => {
  const unsafe = (id: string, prepare: (path: string) => void, says: RegExp) =>
    Effect.gen(function*() {
      const path = yield* folder
      const journal = yield* over(`${path}/runs`)
      yield* written(journal, "a", ["secret"])
      prepare(path)
      for (
        const call of [all(journal, id), Effect.scoped(journal.resume(notes, id)), journal.head(id), journal.remove(id)]
      ) {
        const reason = yield* refusal<unknown, never>(call)
        assert.strictEqual(reason._tag, "Unsafe", id)
        assert.match(reason.message, says)
      }
    })

  it.live("links", () =>
    Effect.all([
      unsafe("a", (path) => {
        renameSync(`${path}/runs`, `${path}/there`)
        symlinkSync("there", `${path}/runs`)
      }, /runs is a link/),
      unsafe("b", (path) => symlinkSync("a", `${path}/runs/b`), /b is a link/)
    ]))

  it.live("and named in the list, which goes on", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const journal = yield* over(path)
      yield* Effect.forEach(["a", "b", "c"], (id) => written(journal, id, ["1"]))
      writeFileSync(`${path}/b/journal.jsonl`, "[]\n[]\n")
      symlinkSync("a", `${path}/link`)
      writeFileSync(`${path}/file`, "")
      const found = yield* Stream.runCollect(journal.list())
      assert.deepStrictEqual(
        found.map(({ head, id }) => [id, Result.isSuccess(head) ? head.success.next : head.failure.reason._tag]),
        [["a", 2], ["b", "Corrupt"], ["c", 2], ["file", "Unsafe"], ["link", "Unsafe"]]
      )
      const pruned = yield* journal.prune({ keepBytes: 0, apply: true })
      assert.deepStrictEqual(pruned.runs.map(({ id }) => id).sort(), ["a", "c"])
      assert.deepStrictEqual(pruned.unreadable, ["b", "file", "link"])
    }))

  it.live("a journal that is a link, or a pipe", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const journal = yield* over(path)
      yield* written(journal, "a", ["1"])
      mkdirSync(`${path}/b`, { mode: 0o700 })
      symlinkSync("../a/journal.jsonl", `${path}/b/journal.jsonl`)
      mkdirSync(`${path}/c`, { mode: 0o700 })
      spawnSync("mkfifo", ["-m", "600", `${path}/c/journal.jsonl`])
      for (const id of ["b", "c"]) {
        for (
          const call of [
            all(journal, id),
            Effect.scoped(journal.resume(notes, id)),
            Effect.scoped(journal.create(notes, id))
          ]
        ) {
          assert.strictEqual((yield* refusal<unknown, never>(call))._tag, "Unsafe")
        }
      }
      // A blob, and the folder of blobs, that lead elsewhere.
      // Never a folder of the machine: a fault in the sweep empties what the link leads to.
      const elsewhere = `${path}/elsewhere`
      mkdirSync(elsewhere)
      writeFileSync(`${elsewhere}/kept`, "kept")
      symlinkSync(elsewhere, `${path}/a/blobs`)
      assert.strictEqual((yield* refusal(Effect.scoped(journal.resume(notes, "a"))))._tag, "Unsafe")
      assert.strictEqual((yield* refusal(journal.getBlob("a", "0".repeat(64))))._tag, "Unsafe")
      assert.strictEqual(readFileSync(`${elsewhere}/kept`, "utf8"), "kept")
    }))

  it.live("a lock that is a link", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const journal = yield* over(path)
      yield* written(journal, "a", ["1"])
      rmSync(`${path}/a/lock`)
      writeFileSync(`${path}/elsewhere`, "kept")
      symlinkSync(`${path}/elsewhere`, `${path}/a/lock`)
      assert.strictEqual((yield* refusal(Effect.scoped(journal.resume(notes, "a"))))._tag, "Unsafe")
    }))

  it.live("folders that other users may write", () =>
    unsafe("a", (path) => chmodSync(`${path}/runs/a`, 0o770), /may be written by other users: .*chmod go-w/))

  it.live("folders that belong to somebody else", (context) =>
    process.getuid?.() !== 0
      ? Effect.sync(() => context.skip("only root can give a folder away"))
      : unsafe(
        "a",
        (path) => void spawnSync("chown", ["1", `${path}/runs/a`]),
        /belongs to user 1, and this is user 0/
      ))

  it.live("blobs that were changed", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const journal = yield* over(path)
      const run = yield* journal.create(notes, "a")
      const digest = yield* run.putBlob(Buffer.from("bytes"))
      writeFileSync(`${path}/a/blobs/${digest}`, "other")
      assert.strictEqual((yield* refusal(journal.getBlob("a", digest)))._tag, "Corrupt")
    }))

  it.live("a folder without the right to read it says so", () =>
    Effect.gen(function*() {
      const path = yield* folder
      writeFileSync(`${path}/file`, "")
      const journal = yield* over(`${path}/file`)
      assert.strictEqual((yield* refusal(Effect.scoped(journal.create(notes, "a"))))._tag, "Unsafe")
      const below = yield* over(`${path}/file/runs`)
      const reason = yield* refusal(Effect.scoped(below.create(notes, "a")))
      assert.deepInclude(reason, { _tag: "Unavailable", code: "ENOTDIR" })
    }))
})
