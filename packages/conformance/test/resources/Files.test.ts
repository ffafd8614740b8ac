/**
 * Files, client and emulator together: every way of giving bytes, cuts and lost answers, and what becomes of a file.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Files from "effect-gemini/files/Files"
import * as JournalUploadIndex from "effect-gemini/files/JournalUploadIndex"
import * as UploadHandle from "effect-gemini/files/UploadHandle"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as FileWire from "effect-gemini/wire/File"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const unit = 262_144
const chunk = 8 * 1024 * 1024

const bytesOf = (size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff
  return bytes
}

const pieces = (bytes: Uint8Array, size: number): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
  )

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

const retry = { attempts: 4, baseDelay: "1 millis", maxDelay: "2 millis" } as const

const ofUrl = (url: string) =>
  Files.layer({ retry }).pipe(
    Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("secret-key"), baseUrl: url, retry }))
  )

/** Over sockets, as Node programs have it. */
const sockets = Layer.unwrap(Effect.map(Emulator.Emulator, ({ url }) => ofUrl(url))).pipe(
  Layer.provideMerge(Emulator.layerServer({ uploadGranularity: unit })),
  Layer.provide(NodeGemini.layerHttpClient()),
  Layer.merge(NodeServices.layer)
)

/** In memory, by the clock of the test. */
const memory = ofUrl("http://emulator.invalid").pipe(Layer.provideMerge(Emulator.layerHttpClient()))

const text = { mimeType: "text/plain" } as const

describe("an upload", () => {
  it.live("takes a path, bytes, a Blob and a stream of known or unknown length, in chunks of 8 MiB", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const folder = mkdtempSync(join(tmpdir(), "effect-gemini-files-"))
      const bytes = bytesOf(chunk + unit + 5)
      const path = join(folder, "a talk.txt")
      writeFileSync(path, bytes)
      const made = [
        yield* files.upload(path),
        yield* files.upload(bytes, text),
        yield* files.upload(new Blob([bytes], { type: "text/plain" })),
        yield* files.upload(pieces(bytes, 100_000), { ...text, size: bytes.length }),
        yield* files.upload(pieces(bytes, 100_000), text),
        yield* files.upload(pieces(bytes, 3 * chunk), text)
      ]
      rmSync(folder, { recursive: true })
      for (const { file, handle } of made) {
        assert.match(file.name, /^files\/[a-z0-9]{24}$/)
        assert.strictEqual(FileWire.sha256(file), sha(bytes))
        assert.strictEqual(file.mimeType, "text/plain")
        assert.deepStrictEqual(handle, { name: file.name })
        assert.deepStrictEqual((yield* files.get(handle)).file, file)
      }
      const log = yield* emulator.requests
      const offsets = log.flatMap(({ headers }) => headers["x-goog-upload-offset"] ?? [])
      assert.deepStrictEqual(offsets, made.flatMap(() => ["0", String(chunk)]))
      const starts = log.filter(({ apiMethod }) => apiMethod === "files.upload")
      assert.deepStrictEqual(
        starts.map(({ headers }) => headers["x-goog-upload-header-content-length"]),
        [...Array.from({ length: 4 }, () => String(bytes.length)), undefined, undefined]
      )
      assert.strictEqual(starts[0]?.headers["x-goog-upload-file-name"], "a%20talk.txt")
    }).pipe(Effect.provide(sockets)))

  it.live("ends exactly at a chunk without another one, and an empty file is one finalize", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const exact = yield* files.upload(pieces(bytesOf(2 * chunk), 1_000_000), text)
      const empty = yield* files.upload(new Uint8Array(), text)
      const nothing = yield* files.upload(Stream.empty, text)
      assert.deepStrictEqual([exact, empty, nothing].map(({ file }) => Number(file.sizeBytes)), [2 * chunk, 0, 0])
      assert.deepStrictEqual(
        (yield* emulator.files.uploads).map(({ arrived, chunks }) => [arrived, chunks]),
        [[2 * chunk, 2], [0, 1], [0, 1]]
      )
    }).pipe(Effect.provide(sockets)))

  it.live("goes on after cuts where the server is: each byte once, at most one chunk twice a cut", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const bytes = bytesOf(3 * chunk + 77)
      const cuts = [100, unit, 2 * unit + 1, chunk - 1]
      yield* emulator.addFault(
        ...cuts.map((bytes, i) => ({
          when: { method: "files.upload.write", nth: i + 1, times: 1 },
          cutRequest: { bytes }
        }))
      )
      const { file } = yield* files.upload(pieces(bytes, 65_536), { ...text, size: bytes.length })
      assert.strictEqual(FileWire.sha256(file), sha(bytes))
      const [upload] = yield* emulator.files.uploads
      assert.strictEqual(upload?.received, bytes.length)
      assert.isAtMost((upload?.arrived ?? 0) - bytes.length, cuts.length * chunk)
    }).pipe(Effect.provide(sockets)))

  for (
    const [what, fault] of [
      ["the last answer", { when: { method: "files.upload.finalize", times: 1 }, reset: true }],
      ["the last answer, which is garbage", { when: { method: "files.upload.finalize", times: 1 }, body: "<html>" }],
      ["an answer in between", { when: { method: "files.upload.write", times: 1 }, reset: true }],
      ["the answer of the start", { when: { method: "files.upload", times: 1 }, reset: true }],
      ["the answers of queries too", { when: { method: "files.upload.query", times: 2 }, reset: true }]
    ] as const
  ) {
    it.live(`that loses ${what} makes one file all the same`, () =>
      Effect.gen(function*() {
        const files = yield* Files.Files
        const emulator = yield* Emulator.Emulator
        yield* emulator.addFault(fault)
        if (fault.when.method === "files.upload.query") {
          yield* emulator.addFault({ when: { method: "files.upload.write", times: 1 }, cutRequest: { bytes: 9 } })
        }
        const bytes = bytesOf(chunk + 100)
        const { file } = yield* files.upload(bytes, text)
        assert.strictEqual(FileWire.sha256(file), sha(bytes))
        assert.lengthOf(yield* emulator.files.list, 1)
      }).pipe(Effect.provide(sockets)))
  }

  it.live("waits after a 503 and a 429 at its end, and sends the chunk again", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const method = "files.upload.finalize"
      yield* emulator.addFault({ when: { method, times: 1 }, status: 503 })
      yield* emulator.addFault({ when: { method, nth: 2, times: 1 }, status: 429 })
      const { file } = yield* files.upload(bytesOf(100), text)
      assert.strictEqual(Number(file.sizeBytes), 100)
    }).pipe(Effect.provide(sockets)))

  it.live("fails when the server stays away, and says what may exist", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "files.upload.finalize" }, status: 500 })
      const error = yield* Effect.flip(files.upload(bytesOf(100), { ...text, name: "mine" }))
      assert.strictEqual(error.reason._tag, "ServerError")
      assert.deepStrictEqual(error.mayExist, { name: "files/mine" })
      // Four attempts, because no byte more arrived between them.
      const log = yield* emulator.requests
      assert.lengthOf(log.filter(({ apiMethod }) => apiMethod === "files.upload.finalize"), 4)
    }).pipe(Effect.provide(sockets)))

  it.live("goes on in another process by its handle, also when it is finished", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const files = yield* Files.Files
      const bytes = bytesOf(3 * chunk + 1)
      const begun = yield* files.uploadProgress(bytes, text).pipe(Stream.take(2), Stream.runCollect)
      assert.deepStrictEqual(begun.map(({ sent }) => sent), [0, chunk])
      const kept = JSON.stringify(begun[0]?.handle)
      const handle = yield* Schema.decodeUnknownEffect(UploadHandle.UploadHandle)(JSON.parse(kept))
      const other = Effect.gen(function*() {
        const files = yield* Files.Files
        const rest = yield* Stream.runCollect(files.resumeProgress(handle, pieces(bytes, 300_000)))
        assert.deepStrictEqual(rest.map(({ sent }) => sent), [chunk, 2 * chunk, 3 * chunk, bytes.length])
        const file = rest.at(-1)?.file?.file
        assert.strictEqual(file === undefined ? undefined : FileWire.sha256(file), sha(bytes))
        assert.deepStrictEqual(yield* files.resume(handle, bytes), rest.at(-1)?.file)
      })
      yield* Effect.provide(other, ofUrl(emulator.url).pipe(Layer.provide(NodeGemini.layerHttpClient())))
      const [upload] = yield* emulator.files.uploads
      assert.strictEqual(upload?.arrived, bytes.length)
    }).pipe(Effect.provide(sockets)))

  it.live("opens a source that seeks behind what has arrived, and nowhere else", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const bytes = bytesOf(2 * chunk + 1)
      const opened: Array<number> = []
      const source = (offset: number) => {
        opened.push(offset)
        return pieces(bytes.subarray(offset), 300_000)
      }
      const [begun] = yield* files.uploadProgress(source, { ...text, size: bytes.length }).pipe(
        Stream.take(2),
        Stream.runCollect
      )
      assert.isDefined(begun)
      const { file } = yield* files.resume(begun.handle, source)
      assert.strictEqual(FileWire.sha256(file), sha(bytes))
      assert.deepStrictEqual(opened, [0, chunk])
    }).pipe(Effect.provide(sockets)))

  it.live("says its progress and its size, which a stream tells in the end", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const bytes = bytesOf(chunk + 9)
      const told = yield* Stream.runCollect(files.uploadProgress(pieces(bytes, 50_000), text))
      assert.deepStrictEqual(
        told.map(({ file, sent, size }) => [sent, size, file !== undefined]),
        [[0, undefined, false], [chunk, undefined, false], [bytes.length, bytes.length, true]]
      )
    }).pipe(Effect.provide(sockets)))

  it.live("is refused before anything is sent", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const bytes = bytesOf(3)
      const refused = <E>(source: Files.Source<E>, options?: Files.UploadOptions) =>
        Effect.map(Effect.flip(files.upload(source, options)), (error) => {
          assert.isTrue(typeof error === "object" && error !== null && "reason" in error)
          return String(error).replace(/^.*InvalidRequest: /, "")
        })
      assert.include(yield* refused(bytes), "mimeType: it cannot be told")
      assert.include(yield* refused(bytes, { mimeType: "application/zip" }), "the API cannot read application/zip")
      assert.include(yield* refused(bytes, { mimeType: "image/svg+xml" }), "the API cannot read image/svg+xml")
      assert.include(yield* refused(bytes, { mimeType: "text\r\nx: y" }), "mimeType: expected a MIME type")
      assert.include(yield* refused(bytes, { ...text, name: "files/-a" }), "name: expected at most 40")
      assert.include(
        yield* refused(bytes, { ...text, displayName: "a".repeat(513) }),
        "displayName: expected at most 512"
      )
      assert.include(yield* refused(bytes, { ...text, size: 4 }), "size: 4 bytes were announced, and the source has 3")
      assert.include(yield* refused("/nowhere/a.txt"), "\"/nowhere/a.txt\" cannot be read: NotFound")
      assert.include(yield* refused("/dev/null", text), "is not a regular file")
      assert.include(yield* refused(Stream.empty, { ...text, size: 2 * 1024 ** 3 + 1 }), "a file may have 2147483648")
      assert.lengthOf(yield* emulator.requests, 0)
      assert.strictEqual(
        (yield* files.upload(bytes, { mimeType: "application/zip", isUnchecked: true })).file.mimeType,
        "application/zip"
      )
    }).pipe(Effect.provide(sockets)))

  it.live("with another length than was said is cancelled, and its own error stays its own", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const messages = yield* Effect.forEach(
        [4, 2],
        (size) => Effect.map(Effect.flip(files.upload(pieces(bytesOf(3), 1), { ...text, size })), String)
      )
      assert.include(messages[0], "size: 4 bytes were announced, and the source has 3")
      assert.include(messages[1], "size: 2 bytes were announced, and the source has 3")
      assert.deepStrictEqual((yield* emulator.files.uploads).map(({ status }) => status), ["cancelled", "cancelled"])
      const own = yield* Effect.flip(
        files.upload(Stream.concat(pieces(bytesOf(3), 1), Stream.fail("my own error")), text)
      )
      assert.strictEqual(own, "my own error")
      const taken = yield* Effect.andThen(
        files.upload(bytesOf(1), { ...text, name: "mine" }),
        Effect.flip(files.upload(bytesOf(1), { ...text, name: "mine" }))
      )
      assert.deepStrictEqual([taken.status, taken.googleStatus], [409, "ALREADY_EXISTS"])
    }).pipe(Effect.provide(sockets)))

  it.live("that the server does not know, or that was cancelled, is typed", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const url = `${emulator.url}/upload/v1beta/files?upload_id=none`
      const unknown = yield* Effect.flip(files.resume({ name: "files/none", url }, bytesOf(1)))
      assert.strictEqual(unknown.reason._tag, "NotFound")
      const elsewhere = yield* Effect.flip(
        files.resume({ name: "files/none", url: "https://evil.example/upload?upload_id=1" }, bytesOf(1))
      )
      assert.strictEqual(elsewhere.reason._tag, "InvalidRequest")
    }).pipe(Effect.provide(sockets)))

  it.live("of a stream is pulled at the server's pace and given up with its reader", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      let pulled = 0
      let isClosed = false
      const endless = Stream.fromEffectRepeat(Effect.sync(() => {
        pulled += 65_536
        return new Uint8Array(65_536)
      })).pipe(Stream.ensuring(Effect.sync(() => isClosed = true)), Stream.rechunk(1))
      yield* files.uploadProgress(endless, text).pipe(Stream.take(3), Stream.runDrain)
      assert.isAtMost(pulled, 3 * chunk + 3 * 65_536)
      assert.isTrue(isClosed)
    }).pipe(Effect.provide(sockets)))
})

describe("a file", () => {
  it.effect("is waited for by the clock until it is ACTIVE, with a deadline", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const video = yield* files.upload(bytesOf(3), { mimeType: "video/mp4" })
      assert.strictEqual(FileWire.stateOf(video.file), "PROCESSING")
      const waiting = yield* Effect.forkChild(files.awaitActive(video.handle), { startImmediately: true })
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(waiting)).file.state, "ACTIVE")
      const slow = yield* files.upload(bytesOf(3), { mimeType: "video/mp4" })
      const late = yield* Effect.forkChild(
        Effect.flip(files.awaitActive(slow.handle, { deadline: "3 seconds", interval: "1 second" })),
        { startImmediately: true }
      )
      yield* TestClock.adjust("3 seconds")
      assert.deepInclude((yield* Fiber.join(late)).reason, { _tag: "TimedOut", phase: "total" })
      yield* emulator.files.fail(slow.handle.name, { code: 3, message: "The video is broken." })
      yield* TestClock.adjust("10 seconds")
      const { file } = yield* files.get(slow.handle)
      assert.deepStrictEqual<unknown>([file.state, file.error], ["FAILED", {
        code: 3,
        message: "The video is broken."
      }])
      const failed = yield* Effect.flip(files.awaitActive(slow.handle))
      assert.deepStrictEqual([failed.reason._tag, failed.reason.message], ["InvalidRequest", "The video is broken."])
    }).pipe(Effect.provide(memory)))

  it.effect("is listed over pages, got by name, handle and address, and deleted; a missing one is NotFound", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const made = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => files.upload(bytesOf(n), text))
      const listed = yield* Stream.runCollect(files.list({ pageSize: 2 }))
      assert.deepStrictEqual(listed, made)
      const [first] = made
      const name = first?.file.name ?? ""
      for (const input of [name, name.slice("files/".length), first?.file.uri ?? "", { name }]) {
        assert.deepStrictEqual(yield* files.get(input), first)
      }
      yield* files.delete(name)
      assert.lengthOf(yield* Stream.runCollect(files.list()), 4)
      for (const gone of [files.get(name), files.delete(name)]) {
        const error = yield* Effect.flip(gone)
        assert.deepStrictEqual([error.reason._tag, error.status], ["NotFound", 403])
      }
      const wrong = yield* Effect.flip(files.get("cachedContents/a/b"))
      assert.strictEqual(wrong.reason._tag, "InvalidRequest")
    }).pipe(Effect.provide(memory)))

  it.effect("that was generated is downloaded as it is kept; an uploaded one is not given", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const bytes = bytesOf(3 * 1024 * 1024)
      const name = yield* emulator.files.add({ mimeType: "video/mp4", source: "GENERATED", bytes: [bytes] })
      const { file } = yield* files.get(name)
      for (const input of [name, file.downloadUri ?? ""]) {
        const got = yield* Stream.runCollect(files.download(input))
        assert.strictEqual(sha(Buffer.concat(got)), sha(bytes))
      }
      const own = yield* files.upload(bytesOf(3), text)
      const error = yield* Effect.flip(Stream.runDrain(files.download(own.handle)))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
    }).pipe(Effect.provide(memory)))

  it.effect("is registered out of Cloud Storage with a token of its own beside the key", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const token = Redacted.make("ya29.token")
      const made = yield* files.register(["gs://bucket/a", "gs://bucket/b"], token)
      assert.deepStrictEqual(made.map(({ file }) => [file.source, file.uri]), [
        ["REGISTERED", "gs://bucket/a"],
        ["REGISTERED", "gs://bucket/b"]
      ])
      assert.strictEqual((yield* Effect.flip(files.register([], token))).reason._tag, "InvalidRequest")
      assert.strictEqual((yield* Effect.flip(files.register(["https://a/b"], token))).reason._tag, "InvalidRequest")
      assert.lengthOf(yield* emulator.requests, 1)
    }).pipe(Effect.provide(memory)))

  it.effect("goes with its scope, also if its upload was broken off", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      yield* Effect.scoped(Effect.gen(function*() {
        yield* files.uploadScoped(bytesOf(3), text)
        assert.lengthOf(yield* emulator.files.list, 1)
      }))
      assert.lengthOf(yield* emulator.files.list, 0)
      // The last answer does not come, and the program gives up.
      yield* emulator.addFault({ when: { method: "files.upload.finalize" }, delay: 60_000 })
      const upload = yield* Effect.forkChild(Effect.scoped(files.uploadScoped(bytesOf(3), text)), {
        startImmediately: true
      })
      yield* emulator.awaitLog((log) => log.some(({ apiMethod }) => apiMethod === "files.upload.finalize"))
      yield* Effect.repeat(Effect.andThen(Effect.yieldNow, emulator.files.list), { until: (list) => list.length === 1 })
      yield* Fiber.interrupt(upload)
      assert.lengthOf(yield* emulator.files.list, 0)
    }).pipe(Effect.provide(memory)))

  it.effect("of the same bytes and type is uploaded once, and again before it expires", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const once = (n = 1000, mimeType = "text/plain") => files.uploadOnce(pieces(bytesOf(n), 100), { mimeType })
      const all = yield* Effect.all([once(), once(), once()], { concurrency: "unbounded" })
      const [first] = all
      assert.deepStrictEqual(all.map(({ handle }) => handle.name), all.map(() => first.handle.name))
      assert.lengthOf(yield* emulator.files.list, 1)
      assert.notStrictEqual((yield* once(1001)).handle.name, first.handle.name)
      assert.notStrictEqual((yield* once(1000, "text/csv")).handle.name, first.handle.name)
      yield* TestClock.adjust("46 hours")
      assert.strictEqual((yield* once()).handle.name, first.handle.name)
      yield* TestClock.adjust("1 hour")
      const second = yield* once()
      assert.notStrictEqual(second.handle.name, first.handle.name)
      yield* files.delete(second.handle)
      assert.notStrictEqual((yield* once()).handle.name, second.handle.name)
    }).pipe(Effect.provide(memory)))

  it.live("is found by another process in a journal on disk, and a journal that fails costs an upload and no failure", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const once = Files.Files.use((files) => files.uploadOnce(bytesOf(1000), text))
      /** Each of these stands for a process: nothing of it is left when the next one comes. */
      const inProcess = (directory: string) =>
        Effect.provide(
          once,
          ofUrl(emulator.url).pipe(
            Layer.provide(JournalUploadIndex.layer),
            Layer.provide(Layer.provide(FileJournal.layer({ directory }), NodeServices.layer)),
            Layer.provide(NodeGemini.layerHttpClient())
          ),
          { local: true }
        )
      const first = yield* inProcess(join(directory, "runs"))
      assert.deepStrictEqual(yield* inProcess(join(directory, "runs")), first)
      assert.lengthOf(yield* emulator.files.list, 1)
      writeFileSync(join(directory, "file"), "")
      const again = yield* inProcess(join(directory, "file", "runs"))
      assert.notStrictEqual(again.handle.name, first.handle.name)
    }).pipe(Effect.provide(sockets)))
})
