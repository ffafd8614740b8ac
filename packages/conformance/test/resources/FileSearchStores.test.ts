/**
 * File search stores, client and emulator together: documents on their way, what is inside, what an answer cites.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Citation from "effect-gemini/stores/Citation"
import * as FileSearchStores from "effect-gemini/stores/FileSearchStores"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { settled } from "../members/simulation.ts"

const retry = { attempts: 4, baseDelay: "1 millis", maxDelay: "2 millis" } as const

const ofUrl = (baseUrl: string) => {
  const options = { apiKey: Redacted.make("key"), baseUrl, retry }
  return FileSearchStores.layer({ retry }).pipe(
    Layer.provideMerge(ResourceHttp.layer(options)),
    Layer.provideMerge(GeminiClient.layer(options))
  )
}

/** In memory, by the clock of the test. */
const memory = (options: Emulator.Options = {}) =>
  ofUrl("http://emulator.invalid").pipe(Layer.provideMerge(Emulator.layerHttpClient(options)))

/** Over sockets, as Node programs have it. */
const sockets = (options: Emulator.Options = {}) =>
  Layer.unwrap(Effect.map(Emulator.Emulator, ({ url }) => ofUrl(url))).pipe(
    Layer.provideMerge(Emulator.layerServer(options)),
    Layer.provide(NodeGemini.layerHttpClient())
  )

const door = FileSearchStores.FileSearchStores

const text = { mimeType: "text/plain" } as const
const bytes = (content: string) => new TextEncoder().encode(content)

const fieldsOf = (error: { readonly reason: { readonly _tag: string; readonly fields?: unknown } }) =>
  error.reason._tag === "InvalidRequest"
    ? (error.reason.fields as ReadonlyArray<{ readonly field: string }>).map(({ field }) => field)
    : []

/** Lets seconds pass until the fiber has ended. */
const ended = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function*() {
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust("1 second")
      yield* settled
    }
    return yield* Fiber.join(fiber)
  })

describe("a document", () => {
  it.effect("is uploaded with its metadata, waited for by the clock, found and cited with page and text", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const { handle, store } = yield* stores.create({ displayName: "Manuals" })
      const operation = yield* stores.upload(handle, bytes("Cover.\fThe filter is changed from below."), {
        ...text,
        displayName: "manual.txt",
        metadata: { year: 2026, author: "Ann", tags: ["filter", "lid"] },
        chunking: { words: 100, overlap: 5 }
      })
      assert.isUndefined(operation.operation.done)
      const waiting = yield* Effect.forkChild(stores.awaitDocument(operation))
      const { document } = yield* ended(waiting)
      assert.deepInclude(document, { displayName: "manual.txt", state: "STATE_ACTIVE", sizeBytes: "40" })
      const gemini = yield* GeminiClient.GeminiClient
      const answer = yield* gemini.generate({
        contents: "How is the filter changed?",
        tools: [{
          fileSearch: { fileSearchStoreNames: [store.name], metadataFilter: "year > 2020 AND tags:lid", topK: 1 }
        }]
      })
      const [cited, ...others] = Citation.of(answer.response)
      assert.deepStrictEqual(others, [])
      const { supports = [], ...citation } = { ...cited }
      assert.deepStrictEqual({ ...citation, metadata: { ...citation.metadata } }, {
        document: "manual.txt",
        page: 2,
        text: "The filter is changed from below.",
        store: store.name,
        mediaId: undefined,
        uri: undefined,
        metadata: { year: 2026, author: "Ann", tags: ["filter", "lid"] }
      })
      const [support] = supports
      const said = new TextEncoder().encode(answer.text).slice(support?.start, support?.end)
      assert.strictEqual(new TextDecoder().decode(said), support?.text)
    }).pipe(Effect.provide(memory({ documentProcessing: 5_000 }))))

  it.effect("that the server cannot read fails the wait with the server's error", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const { handle } = yield* stores.create()
      const operation = yield* stores.upload(handle, new Uint8Array([0xff, 0xfe]), text)
      const error = yield* Effect.flip(stores.awaitDocument(operation))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.match(error.message, /Failed to process the document/)
    }).pipe(Effect.provide(memory())))

  it.effect("that takes too long is TimedOut by the deadline", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const { handle } = yield* stores.create()
      const operation = yield* stores.upload(handle, bytes("Paris"), text)
      const waiting = yield* Effect.forkChild(Effect.flip(stores.awaitDocument(operation, { deadline: "10 seconds" })))
      assert.strictEqual((yield* ended(waiting)).reason._tag, "TimedOut")
    }).pipe(Effect.provide(memory({ documentProcessing: 60_000 }))))

  it.live("is uploaded whole although the connection breaks, and once although the last answer is lost", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const emulator = yield* Emulator.Emulator
      const { handle } = yield* stores.create()
      const content = bytes("word ".repeat(100_000))
      yield* emulator.addFault({ when: { method: "fileSearchStores.uploadToFileSearchStore", times: 1 }, status: 503 })
      yield* emulator.addFault({
        when: { method: "fileSearchStores.uploadToFileSearchStore.finalize", times: 1 },
        cutRequest: { bytes: 300_000 }
      })
      const first = yield* stores.awaitDocument(yield* stores.upload(handle, content, { ...text, displayName: "a" }))
      assert.strictEqual(first.document.sizeBytes, String(content.length))
      yield* emulator.addFault({
        when: { method: "fileSearchStores.uploadToFileSearchStore.finalize", times: 1 },
        reset: true
      })
      const second = yield* stores.awaitDocument(yield* stores.upload(handle, content, { ...text, displayName: "b" }))
      assert.strictEqual(second.document.displayName, "b")
      assert.strictEqual((yield* emulator.stores.documents).length, 2)
    }).pipe(Effect.provide(sockets({ uploadGranularity: 262_144 }))))

  it.live("goes on in another process from its handle", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const { handle } = yield* stores.create()
      const content = bytes("word ".repeat(10_000))
      const [begun] = yield* Stream.runCollect(Stream.take(stores.uploadProgress(handle, content, text), 1))
      if (begun === undefined) return assert.fail("no progress")
      const last = yield* Stream.runLast(stores.resume(JSON.parse(JSON.stringify(begun.handle)), content, text))
      assert.isDefined(last._tag === "Some" ? last.value.operation : undefined)
      assert.strictEqual((yield* Stream.runCollect(stores.documents(handle))).length, 1)
    }).pipe(Effect.provide(sockets())))

  it.effect("is refused before anything is sent, with the place", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const emulator = yield* Emulator.Emulator
      const store = "fileSearchStores/a"
      const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, i]))
      const refused = [
        stores.upload("files/a", bytes("x"), text),
        stores.upload(store, bytes("x")),
        stores.upload(store, bytes("x"), { ...text, metadata: many }),
        stores.upload(store, bytes("x"), { ...text, metadata: { year: Number.NaN } }),
        stores.upload(store, bytes("x"), { ...text, chunking: { words: 513 } }),
        stores.upload(store, bytes("x"), { ...text, chunking: { words: 10, overlap: 10 } }),
        stores.upload(store, bytes("x"), { ...text, displayName: "x".repeat(513) }),
        stores.upload(store, Stream.make(bytes("x")), { ...text, size: 101 * 1024 * 1024 }),
        stores.importFile(store, "gs://bucket/a"),
        stores.getDocument(store),
        stores.create({ displayName: "x".repeat(513) }),
        Stream.runDrain(stores.downloadMedia("files/a"))
      ]
      const fields = yield* Effect.forEach(refused, (one) => Effect.map(Effect.flip(one), fieldsOf))
      assert.deepStrictEqual(fields.flat(), [
        "store",
        "mimeType",
        "metadata",
        "metadata.year",
        "chunking.words",
        "chunking.overlap",
        "displayName",
        "source",
        "file",
        "document",
        "displayName",
        "media"
      ])
      assert.deepStrictEqual(yield* emulator.requests, [])
      // One step before each of these bounds it goes.
      const { handle } = yield* stores.create({ displayName: "x".repeat(512) })
      const fits = { ...text, displayName: "x".repeat(512), chunking: { words: 512, overlap: 511 } }
      yield* stores.upload(handle, bytes("x"), fits)
      yield* stores.upload(handle, bytes("x"), { ...text, chunking: { words: 1, overlap: 0 } })
      for (const overlap of [-1, 0.5]) {
        const chunking = { words: 10, overlap }
        const error = yield* Effect.flip(stores.upload(handle, bytes("x"), { ...text, chunking }))
        assert.deepStrictEqual(fieldsOf(error), ["chunking.overlap"])
      }
    }).pipe(Effect.provide(memory())))
})

describe("a store", () => {
  it.effect("that is not empty says what is inside, and goes by force", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const { handle } = yield* stores.create()
      for (let i = 0; i < 7; i++) yield* stores.upload(handle, bytes("Paris"), { ...text, displayName: `d${i}.txt` })
      const error = yield* Effect.flip(stores.delete(handle))
      assert.strictEqual(error.status, 400)
      assert.match(
        error.message,
        /7 documents are inside \("d0\.txt", "d1\.txt", "d2\.txt", "d3\.txt", "d4\.txt", and 2 more\); force deletes them/
      )
      yield* stores.delete(handle, { force: true })
      const missing = yield* Effect.flip(stores.get(handle))
      assert.strictEqual(missing.reason._tag, "NotFound")
    }).pipe(Effect.provide(memory())))

  it.effect("takes many documents, a few at a time, and reports on each of them", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const emulator = yield* Emulator.Emulator
      const { handle } = yield* stores.create()
      const file = yield* emulator.files.add({ mimeType: "text/plain", bytes: [bytes("Lyon")], displayName: "Lyon" })
      let open = 0
      let most = 0
      const source = (content: string) =>
        Stream.suspend(() => {
          most = Math.max(most, ++open)
          return Stream.make(bytes(content))
        }).pipe(Stream.tap(() => Effect.yieldNow), Stream.ensuring(Effect.sync(() => open--)))
      const items: ReadonlyArray<FileSearchStores.ImportItem<string>> = [
        ...Array.from({ length: 20 }, (_, i) => ({ source: source(`City ${i}`), ...text, displayName: `${i}` })),
        { file, metadata: { river: "Rhône" } },
        { source: new Uint8Array([0xff]), ...text, displayName: "unreadable" },
        { source: Stream.fail("no such book"), ...text, displayName: "broken" },
        { file: "files/none" }
      ]
      const report = yield* stores.importAll(handle, Stream.fromIterable(items), { concurrency: 3 })
      assert.strictEqual(report.imported.length, 21)
      assert.deepStrictEqual(
        report.failed.map(({ error }) => typeof error === "string" ? error : error.reason._tag).sort(),
        ["InvalidRequest", "NotFound", "no such book"]
      )
      assert.isAtMost(most, 3)
      assert.strictEqual((yield* Stream.runCollect(stores.documents(handle))).length, 22)
    }).pipe(Effect.provide(memory())))

  it.effect("gives the image behind a citation", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const { handle, store } = yield* stores.create({ embeddingModel: "gemini-embedding-2" })
      yield* stores.upload(handle, new Uint8Array([1, 2, 3]), { mimeType: "image/png", displayName: "tower" })
      const gemini = yield* GeminiClient.GeminiClient
      const answer = yield* gemini.generate({
        contents: "The tower",
        tools: [{ fileSearch: { fileSearchStoreNames: [store.name] } }]
      })
      const [cited] = Citation.of(answer.response)
      const media = cited?.mediaId ?? ""
      const address = `https://generativelanguage.googleapis.com/v1beta/${media}?alt=media`
      for (const input of [media, address]) {
        assert.deepStrictEqual(
          Buffer.concat(yield* Stream.runCollect(stores.downloadMedia(input))),
          Buffer.from([1, 2, 3])
        )
      }
    }).pipe(Effect.provide(memory())))

  it.effect("whose create lost its answer is found, and not made twice", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "fileSearchStores.create", times: 1 }, reset: true })
      const { store } = yield* stores.create()
      assert.match(store.displayName ?? "", /^store-/)
      assert.strictEqual((yield* Stream.runCollect(stores.list())).length, 1)
      // A name of the caller's own may be another's, too: then nothing is guessed.
      yield* emulator.addFault({ when: { method: "fileSearchStores.create", times: 1 }, reset: true })
      const error = yield* Effect.flip(stores.create({ displayName: "Manuals" }))
      assert.isDefined(error.mayExist)
    }).pipe(Effect.provide(memory())))

  it.effect("is asked of the member that made it, with its documents and operations", () =>
    Effect.gen(function*() {
      const stores = yield* door
      const emulator = yield* Emulator.Emulator
      const made = yield* Effect.forEach([1, 2, 3, 4], () => stores.create())
      for (const { handle } of made) {
        const operation = yield* stores.upload(handle, bytes("Paris"), text)
        const { handle: document } = yield* stores.awaitDocument(operation)
        assert.strictEqual(document.member, handle.member)
        yield* stores.getDocument(document.name)
      }
      const projects = new Set((yield* emulator.stores.documents).map(({ project }) => project))
      assert.strictEqual(projects.size, 2)
      assert.isTrue((yield* emulator.requests).every(({ status }) => status === 200))
    }).pipe(Effect.provide(
      FileSearchStores.layer().pipe(
        Layer.provideMerge(MemberResources.layer()),
        Layer.provideMerge(Members.layer({
          baseUrl: "http://emulator.invalid",
          members: ["a", "b"].map((name) => ({ name, apiKey: Redacted.make(`key-${name}`) }))
        })),
        Layer.provideMerge(Emulator.layerHttpClient({
          projects: { a: { keys: ["key-a"] }, b: { keys: ["key-b"] } }
        }))
      )
    )))
})
