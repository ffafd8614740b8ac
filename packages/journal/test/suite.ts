/** The promises of a journal, checked alike on every place that holds one. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { print } from "../src/internal/line.ts"
import * as Journal from "../src/Journal.ts"
import type { JournalError } from "../src/JournalError.ts"
import { type JournalErrorReason, Unavailable } from "../src/JournalErrorReason.ts"
import type { JournalStore, Line } from "../src/JournalStore.ts"
import * as Records from "../src/Records.ts"
import { note, notes, texts } from "./notes.ts"

export interface Subject {
  readonly name: string
  /** Why it cannot run here. */
  readonly skip?: string | undefined
  /** Whether a living writer makes another one Busy; else the other one takes over. */
  readonly lock: boolean
  /** A fresh place, and a store over it each time it is asked, as a process of its own would make one. */
  readonly place: Effect.Effect<Effect.Effect<JournalStore, unknown, Scope.Scope>, unknown, Scope.Scope>
}

/** The reason's tag of a call that has to fail. */
export const refusal = <A, R>(effect: Effect.Effect<A, JournalError, R>): Effect.Effect<JournalErrorReason, never, R> =>
  Effect.map(Effect.result(effect), (result) => {
    if (Result.isSuccess(result)) assert.fail(`it succeeded with ${JSON.stringify(result.success)}`)
    return result.failure.reason
  })
/** A refusal, and the milliseconds of the quickest of ten: on a busy machine any one of them may have waited for it. */
export const quickest = <A, R>(effect: Effect.Effect<A, JournalError, R>) =>
  Effect.map(
    Effect.forEach(Array.from({ length: 10 }), () =>
      Effect.suspend(() => {
        const from = performance.now()
        return Effect.map(refusal(effect), (reason) => [reason, performance.now() - from] as const)
      })),
    (all) => all.reduce((best, one) => one[1] < best[1] ? one : best)
  )
const tagOf = <A, R>(effect: Effect.Effect<A, JournalError, R>) => Effect.map(refusal(effect), (reason) => reason._tag)

type Service = Journal.Journal["Service"]

/** The heads of a list that can all be read. */
const headsOf = (stream: ReturnType<Service["list"]>) =>
  Effect.map(Stream.runCollect(stream), (all) => all.map(({ head }) => Result.getOrThrow(head)))

export const all = (journal: Service, id: string, from = 0) =>
  Effect.map(Stream.runCollect(journal.read(notes, id, from)), texts)

/** A journal whose store may lose the replies of its appends: it writes, and says that it did not answer. */
const losing = (store: JournalStore, replies: { lost: number }): JournalStore => ({
  ...store,
  open: (id, mode, opening) =>
    Effect.map(store.open(id, mode, opening), (writer) => ({
      end: writer.end,
      append: (line, text) =>
        Effect.flatMap(writer.append(line, text), () =>
          replies.lost-- > 0 ? Effect.fail(new Unavailable({ code: "TIMEOUT" })) : Effect.void)
    }))
})

const hostile = [
  "",
  ".",
  "..",
  "../x",
  "a/b",
  "a\\b",
  "a\0b",
  "-rf",
  ".hidden",
  "a b",
  "a\n",
  "é",
  "con",
  "NUL.txt",
  "com1",
  "end.",
  "C:x",
  "a".repeat(129),
  "__proto__",
  "lock*"
]

export const suite = (subject: Subject): void => {
  const run = (name: string, body: (open: Opened) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it.live(name, () => Effect.flatMap(opened, body))
  const opened = Effect.map(subject.place, (open) => ({
    open,
    journal: (options?: Journal.Options) => Effect.flatMap(open, (store) => Journal.make(store, options))
  }))
  type Opened = Effect.Success<typeof opened>

  describe.skipIf(subject.skip !== undefined)(
    `journal: ${subject.name}${subject.skip === undefined ? "" : ` (skipped: ${subject.skip})`}`,
    () => {
      run("gives back what was appended, in order, numbered without a gap", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          const run = yield* mine.create(notes, "a")
          assert.strictEqual(run.next, 1)
          assert.strictEqual(yield* run.append([note("1"), note("2")]), 1)
          assert.strictEqual(yield* run.append([note("3")], { seq: 3 }), 3)
          assert.strictEqual(run.next, 4)
          const entries = yield* Stream.runCollect((yield* journal()).read(notes, "a"))
          assert.deepStrictEqual(entries.map(({ seq }) => seq), [0, 1, 2, 3])
          assert.deepStrictEqual(texts(entries), ["Started", "1", "2", "3"])
          assert.isTrue(entries.every(({ writer }) => writer.id === run.writer.id && writer.pid === process.pid))
          assert.deepStrictEqual(yield* all(mine, "a", 2), ["2", "3"])
          assert.deepStrictEqual(yield* all(mine, "a", 4), [])
          assert.strictEqual(yield* tagOf(Stream.runDrain(mine.read(notes, "a", -1))), "Invalid")
        }))

      run("keeps every character that JSON can hold", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          const odd = ["\n\r\u2028\u2029", "\0\u0001", "\ud83d\ude00 é", "\ud800", "\"}],\\", "x".repeat(300_000)]
          const run = yield* mine.create(notes, "odd")
          yield* run.append(odd.map(note))
          assert.deepStrictEqual(yield* all(yield* journal(), "odd"), ["Started", ...odd])
        }))

      run("writes all records of an append or none", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal({ limits: { record: 40 } })
          const run = yield* mine.create(notes, "whole")
          const records = [note("good"), note("much too long for a record of forty bytes")]
          assert.strictEqual(yield* tagOf(run.append(records)), "TooLarge")
          assert.strictEqual(yield* tagOf(run.append([])), "Invalid")
          for (const limit of [NaN, 0, -1, 1.5, Infinity]) {
            const bad = yield* refusal((yield* journal({ limits: { record: limit } })).create(notes, "bad"))
            assert.deepInclude(bad, { _tag: "Invalid", path: "limits.record" })
          }
          assert.strictEqual(yield* tagOf(run.append([note("x")], { seq: 7 })), "WrongSequence")
          yield* run.append([note("next")])
          assert.deepStrictEqual(yield* all(mine, "whole"), ["Started", "next"])
        }))

      run("goes on after the writer, and carries the owner's state", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          yield* Effect.scoped(
            Effect.flatMap(mine.create(notes, "b"), (run) => run.append([note("1")], { state: "waiting" }))
          )
          const again = yield* (yield* journal()).resume(notes, "b")
          assert.strictEqual(again.next, 3)
          assert.strictEqual(again.state, "waiting")
          yield* again.append([note("2")])
          assert.deepStrictEqual(yield* all(mine, "b"), ["Started", "1", "Resumed", "2"])
          const head = yield* mine.head("b")
          assert.strictEqual(head.state, "waiting")
          assert.strictEqual(head.next, 4)
          assert.strictEqual(head.writer.id, again.writer.id)
          assert.isTrue(head.bytes > 100 && head.createdAt <= head.updatedAt)
          assert.strictEqual(yield* tagOf(again.append([note("3")], { state: "not a word" })), "Invalid")
        }))

      run("creates a run once, and resumes only one that is there", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          assert.strictEqual(yield* tagOf(mine.resume(notes, "c")), "NotFound")
          assert.strictEqual(yield* tagOf(Stream.runDrain(mine.read(notes, "c"))), "NotFound")
          assert.strictEqual(yield* tagOf(Stream.runDrain(mine.follow(notes, "c"))), "NotFound")
          assert.strictEqual(yield* tagOf(mine.head("c")), "NotFound")
          assert.strictEqual(yield* tagOf(mine.remove("c")), "NotFound")
          yield* mine.create(notes, "c")
          assert.strictEqual(yield* tagOf((yield* journal()).create(notes, "c")), "Exists")
          yield* Effect.scoped(mine.create(notes, "free"))
          // A failed call keeps nothing, though the scope goes on.
          assert.strictEqual(yield* tagOf(mine.create(notes, "free")), "Exists")
          yield* (yield* journal()).resume(notes, "free")
        }))

      run("refuses ids that cannot be names, before anything is touched", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          for (const id of hostile) {
            for (
              const call of [
                mine.create(notes, id),
                mine.resume(notes, id),
                mine.remove(id),
                mine.head(id),
                mine.getBlob(id, "0".repeat(64)),
                Stream.runDrain(mine.read(notes, id))
              ]
            ) assert.strictEqual(yield* tagOf<unknown, Scope.Scope>(call), "InvalidId", JSON.stringify(id))
          }
          for (const id of ["a", "A.b_c~d@e-f", "0", "a".repeat(128), "console", "x..y"]) yield* mine.create(notes, id)
        }))

      run("closes with its scope", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          const run = yield* Effect.scoped(mine.create(notes, "d"))
          assert.strictEqual(yield* tagOf(run.append([note("late")])), "Closed")
          assert.strictEqual(yield* tagOf(run.putBlob(new Uint8Array(1))), "Closed")
          assert.deepStrictEqual(yield* all(mine, "d"), ["Started"])
        }))

      run("writes appends at once one after the other", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          const run = yield* mine.create(notes, "many")
          const numbers = Array.from({ length: 60 }, (_, index) => index)
          const seqs = yield* Effect.forEach(numbers, (n) => run.append([note(`${n}a`), note(`${n}b`)]), {
            concurrency: "unbounded"
          })
          assert.deepStrictEqual(seqs, numbers.map((n) => 1 + 2 * n))
          assert.deepStrictEqual(yield* all(mine, "many", 1), numbers.flatMap((n) => [`${n}a`, `${n}b`]))
        }))

      if (subject.lock) {
        run(
          "tells a second writer Busy, with the process and since when, until the first one ends",
          ({ journal }) =>
            Effect.gen(function*() {
              const before = Date.now()
              const first = yield* Scope.make()
              const run = yield* Scope.provide(first)((yield* journal()).create(notes, "held"))
              const other = yield* journal()
              const [busy, took] = yield* quickest(other.resume(notes, "held"))
              if (busy._tag !== "Busy") return assert.fail(busy._tag)
              assert.strictEqual(busy.pid, process.pid)
              assert.isTrue((busy.since ?? 0) >= before && (busy.since ?? 0) <= Date.now())
              assert.isTrue(took < 50, `${took} ms`)
              assert.include(busy.message, `process ${process.pid} holds the run since`)
              assert.strictEqual(yield* tagOf(other.remove("held")), "Busy")
              // The one that was refused has changed nothing.
              yield* run.append([note("mine")])
              yield* Scope.close(first, Exit.void)
              yield* (yield* other.resume(notes, "held")).append([note("then")])
              assert.deepStrictEqual(yield* all(other, "held"), ["Started", "mine", "Resumed", "then"])
            })
        )
      } else {
        run(
          "lets a second writer take over, and the first one knows at its next append",
          ({ journal }) =>
            Effect.gen(function*() {
              const first = yield* (yield* journal()).create(notes, "taken")
              yield* first.append([note("mine")])
              const other = yield* journal()
              const second = yield* other.resume(notes, "taken")
              const over = yield* refusal(first.append([note("too late")]))
              if (over._tag !== "TakenOver") return assert.fail(over._tag)
              assert.deepStrictEqual([over.pid, over.since], [process.pid, second.writer.since])
              yield* second.append([note("then")])
              assert.strictEqual(yield* tagOf(first.append([note("still too late")])), "TakenOver")
              assert.deepStrictEqual(yield* all(other, "taken"), ["Started", "mine", "Resumed", "then"])
              assert.strictEqual((yield* other.head("taken")).next, 4)
            })
        )
      }

      run("has one writer, however many open at once", ({ journal }) =>
        Effect.gen(function*() {
          yield* Effect.scoped((yield* journal()).create(notes, "race"))
          const results = yield* Effect.forEach(
            Array.from({ length: 8 }, (_, index) => index),
            (n) =>
              Effect.gen(function*() {
                const opened = yield* Effect.result((yield* journal()).resume(notes, "race"))
                return [n, opened] as const
              }),
            { concurrency: "unbounded" }
          )
          const writers = results.flatMap(([n, opened]) =>
            Result.isSuccess(opened) ? [[n, opened.success] as const] : []
          )
          assert.strictEqual(writers.length, subject.lock ? 1 : 8)
          const appended = yield* Effect.forEach(
            writers,
            ([n, run]) => Effect.result(run.append([note(String(n))])),
            { concurrency: "unbounded" }
          )
          assert.strictEqual(appended.filter(Result.isSuccess).length, 1)
          const seen = yield* all(yield* journal(), "race")
          assert.strictEqual(seen.filter((text) => /\d/.test(text)).length, 1)
          assert.strictEqual(seen.filter((text) => text === "Resumed").length, writers.length)
          assert.match(seen.at(-1) ?? "", /\d/)
        }))

      run("knows an append whose reply was lost as its own", ({ open }) =>
        Effect.gen(function*() {
          const replies = { lost: 0 }
          const mine = yield* Journal.make(losing(yield* open, replies))
          const run = yield* mine.create(notes, "lost")
          replies.lost = 1
          yield* run.append([note("once")])
          replies.lost = 3
          assert.strictEqual(yield* tagOf(run.append([note("unsure")])), "Unavailable")
          assert.strictEqual(yield* tagOf(run.append([note("another")])), "Unsettled")
          assert.strictEqual(yield* run.append([note("unsure")]), 2)
          yield* run.append([note("another")])
          assert.deepStrictEqual(yield* all(mine, "lost"), ["Started", "once", "unsure", "another"])
        }))

      run("acknowledges a line offered again, and writes it once", ({ open }) =>
        Effect.gen(function*() {
          const store = yield* open
          const line = (seq: number): Line => ({
            seq,
            at: 1,
            by: "1.1.1",
            opened: seq === 0,
            of: "x",
            version: 1,
            records: [1]
          })
          const text = (seq: number) => print(line(seq), ["1"])
          const writer = yield* store.open("twice", "create", ({ next }) => [line(next), text(next)])
          yield* writer.append(line(1), text(1))
          yield* writer.append(line(1), text(1))
          yield* writer.append(line(2), text(2))
          yield* writer.append(line(1), text(1))
          const gap = yield* Effect.flip(writer.append(line(5), text(5)))
          assert.deepInclude(gap, { _tag: "WrongSequence", expected: 3, given: 5 })
          const reader = yield* store.read("twice", 0)
          assert.deepStrictEqual((yield* reader.pull).map(({ seq }) => seq), [0, 1, 2])
        }))

      run(
        "replays to a follower, then follows, from another process's journal too",
        ({ journal }) =>
          Effect.gen(function*() {
            const run = yield* (yield* journal()).create(notes, "followed")
            yield* run.append([note("1")])
            const other = yield* journal()
            const seen: Array<string> = []
            const three = yield* Deferred.make<void>()
            const follower = yield* other.follow(notes, "followed", 1).pipe(
              Stream.runForEach((entry) => {
                seen.push(...texts([entry]))
                return seen.length === 3 ? Deferred.succeed(three, undefined) : Effect.void
              }),
              Effect.forkChild
            )
            yield* Effect.sleep(30)
            yield* run.append([note("2")])
            yield* run.append([note("3")])
            yield* Deferred.await(three).pipe(Effect.timeout("5 seconds"))
            assert.deepStrictEqual(seen, ["1", "2", "3"])
            yield* Fiber.interrupt(follower)
          })
      )

      run("ends a follower with NotFound when the run is removed", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          yield* Effect.scoped(mine.create(notes, "gone"))
          const other = yield* journal()
          const follower = yield* Effect.forkChild(tagOf(Stream.runDrain(other.follow(notes, "gone"))))
          yield* Effect.sleep(30)
          yield* mine.remove("gone")
          assert.strictEqual(yield* Fiber.join(follower).pipe(Effect.timeout("5 seconds")), "NotFound")
          assert.strictEqual(yield* tagOf(mine.resume(notes, "gone")), "NotFound")
          // The id is free again, and nothing of the former run is left.
          yield* mine.create(notes, "gone")
          assert.deepStrictEqual(yield* all(mine, "gone"), ["Started"])
        }))

      run("keeps blobs by their digest, once, until the run goes", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          const bytes = Uint8Array.from({ length: 2_500_000 }, (_, index) => index * 7)
          const digest = yield* Effect.scoped(Effect.gen(function*() {
            const run = yield* mine.create(notes, "blobs")
            const digest = yield* run.putBlob(bytes)
            const size = (yield* mine.head("blobs")).bytes
            assert.strictEqual(yield* run.putBlob(bytes), digest)
            assert.strictEqual((yield* mine.head("blobs")).bytes, size)
            assert.strictEqual(
              yield* run.putBlob(new Uint8Array(0)),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            )
            return digest
          }))
          assert.match(digest, /^[0-9a-f]{64}$/)
          const other = yield* journal()
          assert.deepStrictEqual(Buffer.from(yield* other.getBlob("blobs", digest)), Buffer.from(bytes))
          for (const name of ["0".repeat(64), "../journal.jsonl", "", digest.toUpperCase()]) {
            assert.strictEqual(yield* tagOf(other.getBlob("blobs", name)), "NotFound")
          }
          yield* mine.remove("blobs")
          assert.strictEqual(yield* tagOf(mine.getBlob("blobs", digest)), "NotFound")
          yield* mine.create(notes, "blobs")
          assert.strictEqual(yield* tagOf(mine.getBlob("blobs", digest)), "NotFound")
        }))

      run(
        "reads older versions, and refuses a newer one and a foreign one by name",
        ({ journal }) =>
          Effect.gen(function*() {
            const mine = yield* journal()
            const Two = Schema.Struct({ text: Schema.String, size: Schema.Int })
            const older = Schema.Struct({ text: Schema.String }).pipe(
              Schema.decodeTo(
                Schema.toType(Two),
                SchemaTransformation.transform({
                  decode: ({ text }) => ({ text, size: text.length }),
                  encode: ({ text }) => ({ text })
                })
              )
            )
            const two = Records.make({ name: "test/Note", version: 2, schema: Two, older: { 1: older } })
            yield* Effect.scoped(Effect.flatMap(mine.create(notes, "v"), (run) => run.append([note("one")])))
            const run = yield* mine.resume(two, "v")
            yield* run.append([{ text: "two", size: 3 }])
            const records = (yield* Stream.runCollect(mine.read(two, "v"))).flatMap((entry) =>
              entry._tag === "Recorded" ? [entry.record] : []
            )
            assert.deepStrictEqual(records, [{ text: "one", size: 3 }, { text: "two", size: 3 }])

            const before: Array<string> = []
            const newer = yield* refusal(
              Stream.runForEach(
                mine.read(notes, "v"),
                (entry) => Effect.sync(() => void before.push(...texts([entry])))
              )
            )
            assert.deepInclude(newer, { _tag: "NewerVersion", name: "test/Note", found: 2, known: 1, seq: 3 })
            assert.deepStrictEqual(before, ["Started", "one", "Resumed"])
            const others = Records.make({ name: "other/Kind", version: 9, schema: Two })
            const foreign = yield* refusal(Stream.runDrain(mine.read(others, "v")))
            assert.deepInclude(foreign, { _tag: "ForeignRecord", expected: "other/Kind", found: "test/Note", seq: 1 })
          })
      )

      run("takes what is at a limit, and refuses what is one above", ({ journal }) =>
        Effect.gen(function*() {
          const json = (text: string) => JSON.stringify({ text }).length
          const mine = yield* journal({ limits: { record: json("12345"), records: 2, blob: 10 } })
          const run = yield* mine.create(notes, "limits")
          yield* run.append([note("1234")])
          yield* run.append([note("12345"), note("")])
          const record = yield* refusal(run.append([note("123456")]))
          assert.deepInclude(record, { _tag: "TooLarge", what: "record", size: json("123456"), limit: json("12345") })
          // Bytes count, not characters.
          assert.strictEqual(yield* tagOf(run.append([note("1234é")])), "TooLarge")
          const records = yield* refusal(run.append([note(""), note(""), note("")]))
          assert.deepInclude(records, { _tag: "TooLarge", what: "records", size: 3, limit: 2 })
          yield* run.putBlob(new Uint8Array(9))
          yield* run.putBlob(new Uint8Array(10))
          const blob = yield* refusal(run.putBlob(new Uint8Array(11)))
          assert.deepInclude(blob, { _tag: "TooLarge", what: "blob", size: 11, limit: 10 })

          const loose = yield* (yield* journal()).create(notes, "append")
          yield* loose.append([note("")])
          const entries = yield* Stream.runCollect((yield* journal()).read(notes, "append"))
          const last = entries.at(-1)
          if (last?._tag !== "Recorded") return assert.fail("no record")
          const line: Line = {
            seq: 1,
            at: last.at,
            by: last.writer.id,
            opened: false,
            of: "test/Note",
            version: 1,
            records: []
          }
          const size = print(line, [JSON.stringify(note("x".repeat(50)))]).length
          for (const [limit, fits] of [[size - 1, false], [size, true], [size + 1, true]] as const) {
            const tight = yield* (yield* journal({ limits: { append: limit } })).create(notes, `append${limit}`)
            const result = yield* Effect.result(tight.append([note("x".repeat(50))]))
            assert.strictEqual(Result.isSuccess(result), fits, `${limit}`)
          }
        }))

      run("lists runs by prefix, sorted, page after page", ({ journal }) =>
        Effect.gen(function*() {
          const mine = yield* journal()
          assert.deepStrictEqual(yield* headsOf(mine.list()), [])
          const ids = Array.from({ length: 203 }, (_, index) => `n${String(index).padStart(3, "0")}`)
          yield* Effect.forEach([...ids, "o1", "N1", "m"], (id) => Effect.scoped(mine.create(notes, id)), {
            concurrency: 8
          })
          const heads = yield* headsOf((yield* journal()).list("n"))
          assert.deepStrictEqual(heads.map(({ id }) => id), ids)
          const first = yield* headsOf(Stream.take(mine.list(), 3))
          assert.deepStrictEqual(first.map(({ id }) => id), ["N1", "m", "n000"])
        }))

      run("redacts before it writes, and writes nothing where that fails", ({ journal }) =>
        Effect.gen(function*() {
          const secret = "AIza-secret"
          const mine = yield* journal({
            redact: (record) => {
              const text = JSON.stringify(record)
              if (text.includes("throw")) throw new Error(secret)
              return text.includes("break") ? { broken: true } : JSON.parse(text.replaceAll(secret, "***"))
            },
            redactBlob: (bytes) => Buffer.from(Buffer.from(bytes).toString().replaceAll(secret, "***"))
          })
          const run = yield* mine.create(notes, "secret")
          yield* run.append([note(`key ${secret}`)])
          for (const text of ["throw", "break"]) {
            const reason = yield* refusal(run.append([note("good"), note(text)]))
            assert.strictEqual(reason._tag, "Invalid")
            assert.notInclude(JSON.stringify(reason), secret)
          }
          assert.deepStrictEqual(yield* all(mine, "secret"), ["Started", "key ***"])
          const digest = yield* run.putBlob(Buffer.from(secret))
          assert.strictEqual(Buffer.from(yield* mine.getBlob("secret", digest)).toString(), "***")
        }))

      it.effect("prunes by age, state and size; dry unless told to", () =>
        Effect.gen(function*() {
          const { journal } = yield* opened
          const mine = yield* journal()
          const day = 86_400_000
          for (const [index, state] of ["finished", "failed", "finished", undefined].entries()) {
            yield* TestClock.setTime(index * day)
            yield* Effect.scoped(
              Effect.flatMap(mine.create(notes, `r${index}`), (run) => run.append([note("x".repeat(1_000))], { state }))
            )
          }
          yield* TestClock.setTime(4 * day)
          const names = (options: Journal.PruneOptions) =>
            Effect.map(mine.prune(options), ({ runs }) => runs.map(({ id }) => id))
          assert.strictEqual(yield* tagOf(mine.prune({})), "Invalid")
          assert.deepStrictEqual(yield* names({ olderThan: "3 days" }), ["r0", "r1"])
          assert.deepStrictEqual(yield* names({ olderThan: 3 * day + 1 }), ["r0"])
          assert.deepStrictEqual(yield* names({ states: ["finished"] }), ["r0", "r2"])
          assert.deepStrictEqual(yield* names({ states: [undefined] }), ["r3"])
          assert.deepStrictEqual(yield* names({ olderThan: "2 days", states: ["finished"] }), ["r0", "r2"])
          const bytes = (yield* headsOf(mine.list())).map((head) => head.bytes)
          const total = bytes.reduce((sum, size) => sum + size, 0)
          assert.deepStrictEqual(yield* names({ keepBytes: total }), [])
          assert.deepStrictEqual(yield* names({ keepBytes: total - 1 }), ["r0"])
          assert.deepStrictEqual(yield* names({ keepBytes: 0, states: ["failed"] }), ["r1"])
          assert.deepStrictEqual(yield* names({ keepBytes: 0, prefix: "r3" }), ["r3"])
          assert.strictEqual((yield* headsOf(mine.list())).length, 4)

          const pruned = yield* mine.prune({ states: ["finished"], apply: true })
          assert.deepStrictEqual(pruned.runs.map(({ id }) => id), ["r0", "r2"])
          assert.strictEqual(pruned.bytes, (bytes[0] ?? 0) + (bytes[2] ?? 0))
          assert.deepStrictEqual((yield* headsOf(mine.list())).map(({ id }) => id), ["r1", "r3"])
          if (subject.lock) {
            yield* mine.resume(notes, "r1")
            const kept = yield* mine.prune({ keepBytes: 0, apply: true })
            assert.deepStrictEqual(kept.kept.map(({ id }) => id), ["r1"])
            assert.deepStrictEqual(kept.runs.map(({ id }) => id), ["r3"])
          }
        }))

      run(
        "tells a writer that its run was removed, and does not make it anew",
        ({ open, journal }) =>
          Effect.gen(function*() {
            const mine = yield* journal()
            if (subject.lock) return
            const run = yield* mine.create(notes, "removed")
            const store = yield* open
            const stale = yield* Effect.flip(store.remove("removed", 5))
            assert.strictEqual(stale._tag, "WrongSequence")
            yield* (yield* journal()).remove("removed")
            assert.strictEqual(yield* tagOf(run.append([note("late")])), "NotFound")
            assert.strictEqual(yield* tagOf(run.putBlob(new Uint8Array(3))), "NotFound")
            assert.strictEqual(yield* tagOf(mine.head("removed")), "NotFound")
          })
      )
    }
  )
}
