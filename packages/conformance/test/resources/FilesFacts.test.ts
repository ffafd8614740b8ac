/**
 * What the REST reference of November 2026 says of files, a sentence a test: client and emulator, so that neither forgets
 * it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Files from "effect-gemini/files/Files"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as FileWire from "effect-gemini/wire/File"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { createHash } from "node:crypto"

const options = { apiKey: Redacted.make("key"), baseUrl: "http://emulator.invalid" } as const
const memory = Files.layer().pipe(
  Layer.provideMerge(ResourceHttp.layer(options)),
  Layer.provideMerge(Emulator.layerHttpClient({ projects: { a: { keys: ["key-a"] }, b: { keys: ["key-b"] } } }))
)

const text = { mimeType: "text/plain" } as const
const bytes = new TextEncoder().encode("Hello, file")

/** The status of a plain GET with the key. */
const statusOf = (path: string) =>
  Effect.map(
    HttpClient.get(`${options.baseUrl}${path}`, { headers: { "x-goog-api-key": "key" } }),
    ({ status }) => status
  )

describe("facts about files", () => {
  it.effect("sha256Hash is the base64 of the hex text", () =>
    Effect.gen(function*() {
      const { file } = yield* (yield* Files.Files).upload(bytes, text)
      const hex = createHash("sha256").update(bytes).digest("hex")
      assert.strictEqual(file.sha256Hash, btoa(hex))
      assert.strictEqual(FileWire.sha256(file), hex)
    }).pipe(Effect.provide(memory)))

  it.effect("curl samples use /download/{v}/files/ID:download?alt=media: both are served", () =>
    Effect.gen(function*() {
      const { files } = yield* Emulator.Emulator
      const name = yield* files.add({ mimeType: "video/mp4", source: "GENERATED", bytes: [bytes] })
      for (const version of ["v1", "v1beta", "v1alpha"]) {
        assert.strictEqual(yield* statusOf(`/${version}/${name}:download?alt=media`), 200)
        assert.strictEqual(yield* statusOf(`/download/${version}/${name}:download?alt=media`), 200)
      }
    }).pipe(Effect.provide(memory)))

  it.effect("an id may have a dash, such as that of a batch's output, and is then used by its name", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const name = yield* emulator.files.add({
        name: "files/batch-abc-def",
        mimeType: "application/jsonl",
        source: "GENERATED",
        bytes: [bytes]
      })
      const { file } = yield* files.get(name)
      for (const input of [name, file.uri ?? "", file.downloadUri ?? ""]) {
        assert.deepStrictEqual(Buffer.concat(yield* Stream.runCollect(files.download(input))), Buffer.from(bytes))
      }
      // What is made here has no dash, because the official SDK cuts an id at one.
      const made = yield* files.upload(bytes, text)
      assert.match(made.file.name, /^files\/[a-z0-9]+$/)
    }).pipe(Effect.provide(memory)))

  it.effect("video is PROCESSING, then ACTIVE; image, text, PDF and audio are ACTIVE in the upload's answer", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const states = yield* Effect.forEach(
        ["video/mp4", "image/png", "text/plain", "application/pdf", "audio/mp3"],
        (mimeType) => Effect.map(files.upload(bytes, { mimeType }), ({ file }) => file.state)
      )
      assert.deepStrictEqual(states, ["PROCESSING", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"])
    }).pipe(Effect.provide(memory)))

  it.effect("limits: 2 GB a file, 20 GB a project", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const emulator = yield* Emulator.Emulator
      const begin = (size: number) =>
        files.uploadProgress(Stream.never, { ...text, size }).pipe(Stream.take(1), Stream.runDrain)
      const tooLarge = yield* Effect.flip(begin(2 * 1024 ** 3 + 1))
      assert.strictEqual(tooLarge.reason._tag, "InvalidRequest")
      assert.lengthOf(yield* emulator.requests, 0)
      for (let i = 0; i < 10; i++) yield* begin(2 * 1024 ** 3)
      const full = yield* Effect.flip(
        files.upload(bytes, { ...text, retry: { attempts: 1 } })
      )
      assert.deepStrictEqual([full.reason._tag, full.status], ["RateLimited", 429])
    }).pipe(Effect.provide(memory)))

  it.effect("expirationTime is 48 h after the upload, and then the file is gone", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const { file, handle } = yield* files.upload(bytes, text)
      assert.strictEqual(Date.parse(file.expirationTime ?? "") - Date.parse(file.createTime ?? ""), 48 * 3_600_000)
      yield* TestClock.adjust(48 * 3_600_000 - 1)
      yield* files.get(handle)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Effect.flip(files.get(handle))).reason._tag, "NotFound")
    }).pipe(Effect.provide(memory)))

  it.effect("get, delete and use of a missing file: 403, not 404", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      yield* files.upload(bytes, text)
      const use = GeminiClient.GeminiClient.use((gemini) =>
        gemini.generate({
          model: "gemini-3.8-flash",
          contents: [{ role: "user", parts: [{ fileData: { mimeType: "text/plain", fileUri: "files/missing" } }] }]
        })
      ).pipe(Effect.provide(GeminiClient.layer(options)))
      const words = /^You do not have permission to access the File missing or it may not exist\./
      for (const call of [files.get("missing"), files.delete("missing"), use]) {
        const error = yield* Effect.flip(call)
        assert.strictEqual(error.status, 403)
        assert.match(error.reason.message, words)
      }
    }).pipe(Effect.provide(memory)))

  it.effect("use before ACTIVE: 400 FAILED_PRECONDITION", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      const { file } = yield* files.upload(bytes, { mimeType: "video/mp4" })
      const error = yield* GeminiClient.GeminiClient.use((gemini) =>
        Effect.flip(gemini.generate({
          model: "gemini-3.8-flash",
          contents: [{ role: "user", parts: [{ fileData: { mimeType: "video/mp4", fileUri: file.uri ?? "" } }] }]
        }))
      ).pipe(Effect.provide(GeminiClient.layer(options)))
      assert.deepStrictEqual([error.status, error.googleStatus], [400, "FAILED_PRECONDITION"])
    }).pipe(Effect.provide(memory)))

  it.effect("a name that is taken: 409 ALREADY_EXISTS", () =>
    Effect.gen(function*() {
      const files = yield* Files.Files
      yield* files.upload(bytes, { ...text, name: "mine" })
      const error = yield* Effect.flip(files.upload(bytes, { ...text, name: "mine" }))
      assert.deepStrictEqual([error.status, error.googleStatus, error.mayExist], [409, "ALREADY_EXISTS", undefined])
    }).pipe(Effect.provide(memory)))

  it.effect("a file belongs to the project of the key, and an upload stays at the member that began it", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* Effect.gen(function*() {
        const files = yield* Files.Files
        // The last answers of some are lost: they are looked for where the upload was.
        yield* emulator.addFault({ when: { method: "files.upload.finalize", share: 0.5 }, reset: true })
        const made = yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => files.upload(bytes, text))
        assert.deepStrictEqual(
          [...new Set(made.map(({ handle }) => handle.member))].sort(),
          ["a", "b"]
        )
        for (const { file, handle } of made) assert.deepStrictEqual((yield* files.get(handle)).file, file)
        const list = yield* MemberCall.set({ member: "a" })(Stream.runCollect(files.list()))
        assert.deepStrictEqual(
          list.map(({ handle }) => handle),
          made.filter(({ handle }) => handle.member === "a").map(({ handle }) => handle)
        )
        const kept = yield* emulator.files.list
        assert.deepStrictEqual(
          Object.fromEntries(kept.map(({ file, project }) => [String(file["name"]), project])),
          Object.fromEntries(made.map(({ handle }) => [handle.name, handle.member]))
        )
      }).pipe(
        Effect.provide(
          Files.layer({ retry: { baseDelay: 0 } }).pipe(
            Layer.provide(MemberResources.layer()),
            Layer.provide(Members.layer({
              baseUrl: options.baseUrl,
              members: ["a", "b"].map((name) => ({ name, apiKey: Redacted.make(`key-${name}`) }))
            }))
          )
        )
      )
    }).pipe(Effect.provide(memory)))
})
