/** Every request that the service about files makes, whole, and the handles that come of it. */
import { assert, describe, it } from "@effect/vitest"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { fieldOf, make } from "./notedHttp.ts"

const options: CallOptions = { headers: { "x-one": "1" } }
/** The answers are none of an upload, which is not tried again. */
const once = { retry: { attempts: 1 } }

describe("files", () => {
  const file = { name: "files/a", state: "ACTIVE" }
  const path = "files/a"
  it.effect("are asked for by their names, addresses and handles, with the handle that says who has them", () =>
    Effect.gen(function*() {
      const { asked, files, given } = make(file)
      const address = "https://generativelanguage.googleapis.com/v1beta/files/a"
      const handle = { name: path, member: "m" }
      for (const input of ["a", path, address, handle]) {
        assert.deepStrictEqual(yield* files.get(input, options), { file, handle })
      }
      yield* files.delete(handle, options)
      yield* Stream.runDrain(files.download(handle, options))
      const get = { kind: "ask", method: "files.get", httpMethod: "GET", path }
      assert.deepStrictEqual(asked, [
        ...["a", path, address, handle].map((input) => ({ ...get, of: [input] })),
        { kind: "ask", method: "files.delete", httpMethod: "DELETE", path, of: [handle], body: {} },
        {
          kind: "download",
          method: "files.download",
          root: "/download",
          path: `${path}:download`,
          query: { alt: "media" },
          of: [handle]
        }
      ])
      assert.deepStrictEqual(new Set(given), new Set([options]))
      assert.deepStrictEqual(yield* fieldOf(files.get("a/b")), ["files.get", "file"])
      assert.deepStrictEqual(yield* fieldOf(files.delete("")), ["files.delete", "file"])
      assert.deepStrictEqual(yield* fieldOf(Stream.runDrain(files.download("a b"))), ["files.download", "file"])
    }))

  it.effect("are listed by pages of a hundred, or as many as are asked, until a token is none or comes again", () =>
    Effect.gen(function*() {
      const pages = [{ files: [file], nextPageToken: "t" }, { nextPageToken: "u" }, {
        files: [file],
        nextPageToken: "u"
      }]
      const { asked, files, given } = make(...pages)
      const listed = yield* Stream.runCollect(files.list({ ...options, pageSize: 7 }))
      assert.deepStrictEqual(listed, [1, 2].map(() => ({ file, handle: { name: path, member: "m" } })))
      const list = { kind: "ask", method: "files.list", httpMethod: "GET", path: "files" }
      assert.deepStrictEqual(asked, [
        { ...list, query: { pageSize: 7 } },
        { ...list, query: { pageSize: 7, pageToken: "t" } },
        { ...list, query: { pageSize: 7, pageToken: "u" } }
      ])
      assert.deepStrictEqual(given, [options, options, options])
      const plain = make({ files: null, nextPageToken: "" })
      assert.deepStrictEqual(yield* Stream.runCollect(plain.files.list()), [])
      assert.deepStrictEqual(plain.asked, [{ ...list, query: { pageSize: 100 } }])
    }))

  it.effect("of Cloud Storage are registered with the caller's own token", () =>
    Effect.gen(function*() {
      const { asked, files } = make({ files: [file] })
      const uris = ["gs://bucket/object"]
      assert.deepStrictEqual(yield* files.register(uris, Redacted.make("t"), options), [{
        file,
        handle: { name: path, member: "m" }
      }])
      assert.deepStrictEqual(asked, [{
        kind: "create",
        method: "files.register",
        path: "files:register",
        body: { uris },
        headers: { authorization: "Bearer t" }
      }])
      for (const wrong of [[], ["gs://bucket"], ["gs://bucket/"], ["http://bucket/object"], [...uris, "gs:///x"]]) {
        assert.deepStrictEqual(yield* fieldOf(files.register(wrong, Redacted.make("t"))), ["files.register", "uris"])
      }
    }))

  it.effect("are announced with all that is known of them before their first byte", () =>
    Effect.gen(function*() {
      const { asked, files } = make()
      const bytes = new Uint8Array(3)
      const upload = (more: object, source: Uint8Array | Blob = bytes) =>
        Effect.exit(files.upload(source, { mimeType: "text/plain", name: "n", ...once, ...more }))
      yield* upload({ displayName: "Name" })
      yield* upload({ name: "files/n", mimeType: undefined }, new Blob(["abcd"], { type: "text/csv" }))
      const starts = asked.filter((one) => JSON.stringify(one).includes("\"start\""))
      const start = (size: number, type: string, more: object = {}) => ({
        kind: "create",
        method: "files.upload",
        root: "/upload",
        path: "files",
        body: { file: { name: "files/n", mimeType: type, ...more, sizeBytes: String(size) } },
        settle: { name: "files/n" },
        headers: {
          "x-goog-upload-protocol": "resumable",
          "x-goog-upload-command": "start",
          "x-goog-upload-header-content-length": String(size),
          "x-goog-upload-header-content-type": type
        }
      })
      assert.deepStrictEqual(starts, [start(3, "text/plain", { displayName: "Name" }), start(4, "text/csv")])
    }))

  it.effect("are refused by what is known of them, field by field", () =>
    Effect.gen(function*() {
      const { asked, files } = make()
      const bytes = new Uint8Array(3)
      const refused = (more: object) =>
        fieldOf(files.upload(bytes, { mimeType: "text/plain", name: "n", ...once, ...more }))
      for (
        const [more, field] of [
          [{ size: -1 }, "size"],
          [{ size: 1.5 }, "size"],
          [{ size: 4 }, "size"],
          [{ displayName: "x".repeat(513) }, "displayName"],
          [{ mimeType: undefined }, "mimeType"],
          [{ mimeType: "text" }, "mimeType"],
          [{ mimeType: "application/zip" }, "mimeType"],
          [{ mimeType: "image/svg+xml" }, "mimeType"],
          [{ name: "-a" }, "name"],
          [{ name: "a-" }, "name"],
          [{ name: "A" }, "name"],
          [{ name: "" }, "name"],
          [{ name: "x".repeat(41) }, "name"]
        ] as const
      ) assert.deepStrictEqual(yield* refused(more), ["files.upload", field], JSON.stringify(more).slice(0, 40))
      assert.deepStrictEqual(asked, [])
      for (
        const more of [
          { size: 3 },
          { displayName: "x".repeat(512) },
          { mimeType: "application/zip", isUnchecked: true },
          { name: "x".repeat(40) },
          { name: "a" },
          { name: undefined }
        ]
      ) yield* Effect.exit(files.upload(bytes, { mimeType: "text/plain", name: "n", ...once, ...more }))
      assert.lengthOf(asked.filter((one) => JSON.stringify(one).includes("\"start\"")), 6)
      const large = new Blob([])
      Object.defineProperty(large, "size", { value: 2 * 1024 ** 3 + 1 })
      assert.deepStrictEqual(yield* fieldOf(files.upload(large, { mimeType: "text/plain" })), [
        "files.upload",
        "source"
      ])
    }))

  it.effect("are waited for until they are active or failed, every five seconds, for ten minutes", () =>
    Effect.gen(function*() {
      const ends = (states: ReadonlyArray<string | undefined>, more: object = {}) =>
        Effect.gen(function*() {
          const { files } = make(...states.map((state) => ({ name: path, ...(state === undefined ? {} : { state }) })))
          const fiber = yield* Effect.forkChild(
            Effect.match(files.awaitActive("a", more), {
              onFailure: ({ reason }) => reason._tag,
              onSuccess: ({ file }) => file.state
            })
          )
          yield* TestClock.adjust("20 minutes")
          return yield* Fiber.join(fiber)
        })
      assert.strictEqual(yield* ends(["PROCESSING", "STATE_UNSPECIFIED", undefined, "ACTIVE"]), "ACTIVE")
      assert.strictEqual(yield* ends(["PROCESSING", "FAILED"]), "ServerError")
      assert.strictEqual(yield* ends(["PROCESSING"]), "TimedOut")
      const processing = Array.from({ length: 119 }, () => "PROCESSING")
      assert.strictEqual(yield* ends([...processing, "ACTIVE"]), "ACTIVE")
      assert.strictEqual(yield* ends([...processing, "PROCESSING", "PROCESSING", "ACTIVE"]), "TimedOut")
      assert.strictEqual(
        yield* ends(["PROCESSING", "ACTIVE"], { interval: "1 minute", deadline: "59 seconds" }),
        "TimedOut"
      )
    }))
})
