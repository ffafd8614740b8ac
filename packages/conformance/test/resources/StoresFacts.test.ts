/**
 * What the REST reference of November 2026 says of caches, stores, documents and operations, a sentence a test: client and
 * emulator, so that neither forgets it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Caches from "effect-gemini/caches/Caches"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Operations from "effect-gemini/operations/Operations"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as FileSearchStores from "effect-gemini/stores/FileSearchStores"
import * as FileWire from "effect-gemini/wire/File"
import * as FileSearchStore from "effect-gemini/wire/FileSearchStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const options = { apiKey: Redacted.make("key"), baseUrl: "http://emulator.invalid" } as const

const memory = (emulator: Emulator.Options = {}) =>
  Layer.mergeAll(FileSearchStores.layer(), Caches.layer, Operations.layer).pipe(
    Layer.provideMerge(ResourceHttp.layer(options)),
    Layer.provideMerge(GeminiClient.layer(options)),
    Layer.provideMerge(Emulator.layerHttpClient(emulator))
  )

const stores = FileSearchStores.FileSearchStores
const caches = Caches.Caches

const model = "gemini-3.8-flash"
const text = { mimeType: "text/plain" } as const
const bytes = new TextEncoder().encode("Paris is the capital of France.")
const large = { model, contents: "word".repeat(5_000) }

describe("facts about stores and documents", () => {
  it.effect("the operation's name is not the document's", () =>
    Effect.gen(function*() {
      const service = yield* stores
      const { handle } = yield* service.create()
      const begun = yield* service.upload(handle, bytes, text)
      const { document } = yield* service.awaitDocument(begun)
      assert.match(begun.operation.name, /^fileSearchStores\/[^/]+\/upload\/operations\/[^/]+$/)
      assert.notStrictEqual(begun.operation.name.split("/").at(-1), document.name.split("/").at(-1))
    }).pipe(Effect.provide(memory())))

  it.effect("an operation that has its response and no `done` is done", () =>
    Effect.gen(function*() {
      const service = yield* stores
      const { handle } = yield* service.create()
      const { operation } = yield* service.upload(handle, bytes, text)
      assert.isUndefined(operation.done)
      assert.property(operation.response, "documentName")
      const states = yield* Stream.runCollect((yield* Operations.Operations).poll(operation.name))
      assert.strictEqual(states.length, 1)
    }).pipe(Effect.provide(memory())))

  it.effect("operations of uploads and of imports have the names of section 6", () =>
    Effect.gen(function*() {
      const service = yield* stores
      const emulator = yield* Emulator.Emulator
      const file = yield* emulator.files.add({ mimeType: "text/plain", bytes: [bytes] })
      const { handle } = yield* service.create()
      const { operation } = yield* service.importFile(handle, file)
      assert.match(operation.name, /^fileSearchStores\/[^/]+\/operations\/[^/]+$/)
      assert.isTrue((yield* (yield* Operations.Operations).awaitDone(operation.name)).operation.done)
    }).pipe(Effect.provide(memory())))

  it.effect("an empty fileSearchStoreNames is a 400", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const error = yield* Effect.flip(gemini.generate({
        model,
        contents: "?",
        tools: [{ fileSearch: { fileSearchStoreNames: [] } }]
      }))
      assert.deepStrictEqual([error.reason._tag, error.status ?? 400], ["InvalidRequest", 400])
    }).pipe(Effect.provide(memory())))

  it.effect("a document's states have the prefix STATE_, unlike a file's", () =>
    Effect.gen(function*() {
      const service = yield* stores
      const { handle } = yield* service.create()
      yield* service.upload(handle, bytes, text)
      const state = Effect.map(Stream.runCollect(service.documents(handle)), ([first]) => first?.document.state)
      assert.strictEqual(yield* state, "STATE_PENDING")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* state, "STATE_ACTIVE")
      assert.strictEqual(FileSearchStore.stateOf({ name: "d", state: 2 }), "STATE_ACTIVE")
      assert.strictEqual(FileWire.stateOf({ name: "files/f", state: 2 }), "ACTIVE")
    }).pipe(Effect.provide(memory({ documentProcessing: 5_000 }))))

  it.effect("a store's name begins with its display name, and its zeros are left out", () =>
    Effect.gen(function*() {
      const service = yield* stores
      const { store } = yield* service.create({ displayName: "My Manuals" })
      assert.match(store.name, /^fileSearchStores\/mymanuals-[a-z0-9]{12}$/)
      for (const count of ["activeDocumentsCount", "pendingDocumentsCount", "failedDocumentsCount", "sizeBytes"]) {
        assert.notProperty(store, count)
      }
    }).pipe(Effect.provide(memory())))

  it.effect("free tier: 429 `Corpus has reached the storage limit of 1000000000 bytes.`", () =>
    Effect.gen(function*() {
      const service = yield* stores
      const { handle } = yield* service.create()
      const error = yield* Effect.flip(service.upload(handle, bytes, { ...text, retry: { attempts: 1 } }))
      assert.strictEqual(error.status, 429)
      assert.match(error.message, /Corpus has reached the storage limit of 10 bytes/)
    }).pipe(Effect.provide(memory({ storeBytes: 10 }))))
})

describe("facts about caches", () => {
  it.effect("contents, tools and instruction never come back", () =>
    Effect.gen(function*() {
      const { cache } = yield* (yield* caches).create({
        ...large,
        systemInstruction: "Be brief.",
        displayName: "manual"
      })
      assert.deepStrictEqual(Object.keys(cache).sort(), [
        "createTime",
        "displayName",
        "expireTime",
        "model",
        "name",
        "updateTime",
        "usageMetadata"
      ])
    }).pipe(Effect.provide(memory())))

  it.effect("too small: 400 with both numbers", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* caches).create({ model, contents: "word".repeat(416) }))
      assert.strictEqual(error.status, 400)
      assert.match(error.message, /total_token_count=416, min_total_token_count=4096/)
    }).pipe(Effect.provide(memory())))

  it.effect("missing or expired: 403, not 404", () =>
    Effect.gen(function*() {
      const service = yield* caches
      const { handle } = yield* service.create({ ...large, ttl: "1 minute" })
      yield* TestClock.adjust("1 minute")
      for (const gone of [service.get(handle), service.update(handle, { ttl: "1 minute" }), service.delete(handle)]) {
        const error = yield* Effect.flip(Effect.asVoid(gone))
        assert.deepStrictEqual([error.status, error.reason._tag], [403, "NotFound"])
      }
    }).pipe(Effect.provide(memory())))

  it.effect("used with no systemInstruction, tools, toolConfig, and for the same model only", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const { cache } = yield* (yield* caches).create(large)
      const use = { model, cachedContent: cache.name, contents: "?" }
      const doubled = yield* Effect.flip(gemini.generate({ ...use, systemInstruction: "Be brief." }))
      const other = yield* Effect.flip(gemini.generate({ ...use, model: "gemini-3.7-flash" }))
      assert.deepStrictEqual([doubled.reason._tag, other.reason._tag], ["InvalidRequest", "InvalidRequest"])
      assert.strictEqual((yield* gemini.generate(use)).usage?.cachedTokens, 5_000)
    }).pipe(Effect.provide(memory())))

  it.effect("a cache is refused before anything is sent where it cannot be meant", () =>
    Effect.gen(function*() {
      const service = yield* caches
      const emulator = yield* Emulator.Emulator
      const refused = [
        service.create({ model }),
        service.create({ model: "a b", contents: "x" }),
        service.create({ ...large, ttl: "1 minute", expireTime: "2030-01-01T00:00:00Z" }),
        service.create({ ...large, ttl: 0 }),
        service.create({ ...large, expireTime: "tomorrow" }),
        service.create({ ...large, displayName: "x".repeat(129) }),
        service.update("a", {}),
        service.get("files/a/b")
      ]
      const tags = yield* Effect.forEach(refused, (one) => Effect.map(Effect.flip(one), ({ reason }) => reason._tag))
      assert.deepStrictEqual([...new Set(tags)], ["InvalidRequest"])
      assert.deepStrictEqual(yield* emulator.requests, [])
    }).pipe(Effect.provide(memory())))

  it.effect("a create whose answer was lost is found by its display name, and not made twice", () =>
    Effect.gen(function*() {
      const service = yield* caches
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "caches.create", times: 1 }, reset: true })
      const { cache } = yield* service.create(large)
      assert.match(cache.displayName ?? "", /^prefix-/)
      assert.strictEqual((yield* emulator.caches.list).length, 1)
      yield* emulator.addFault({ when: { method: "caches.create", times: 1 }, reset: true })
      assert.isDefined((yield* Effect.flip(service.create({ ...large, displayName: "manual" }))).mayExist)
    }).pipe(Effect.provide(memory())))
})
