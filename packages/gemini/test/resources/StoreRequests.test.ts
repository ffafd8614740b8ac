/** Every request that the services about stores and operations make, whole, and the handles that come of it. */
import { assert, describe, it } from "@effect/vitest"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import type * as Operations from "effect-gemini/operations/Operations"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { fieldOf, make } from "./notedHttp.ts"

const mine = { name: "x", member: "m" }
const options: CallOptions = { headers: { "x-one": "1" } }

describe("stores", () => {
  const store = { name: "fileSearchStores/s" }
  const document = { name: "fileSearchStores/s/documents/d" }
  const handle = { ...store, member: "m" }
  it.effect("are made by a name that nothing else bears, or by the caller's own, which settles nothing", () =>
    Effect.gen(function*() {
      const { asked, stores } = make(store)
      const made = { store, handle }
      assert.deepStrictEqual(yield* stores.create({ displayName: "mine", embeddingModel: "e" }, options), made)
      yield* stores.create({ displayName: "mine", embeddingModel: "models/e" })
      yield* stores.create()
      const create = { kind: "create", method: "fileSearchStores.create", path: "fileSearchStores" }
      const [first, second, third] = asked
      assert.deepStrictEqual(
        [first, second],
        [1, 2].map(() => ({
          ...create,
          body: { displayName: "mine", embeddingModel: "models/e" }
        }))
      )
      assert.match(
        JSON.stringify(third),
        /"body":\{"displayName":"(store-[a-z0-9]{24})"\},"settle":\{"displayName":"\1","path":"fileSearchStores","items":"fileSearchStores"\}/
      )
      assert.deepStrictEqual(yield* fieldOf(stores.create({ displayName: "x".repeat(513) })), [
        "fileSearchStores.create",
        "displayName"
      ])
      yield* stores.create({ displayName: "x".repeat(512) })
      assert.lengthOf(asked, 4)
    }))

  it.effect("and their documents are asked for by name, id, address and handle", () =>
    Effect.gen(function*() {
      const one = make(store)
      assert.deepStrictEqual(yield* one.stores.get({ ...mine, name: "s" }, options), { store, handle })
      yield* one.stores.get("https://g.test/v1beta/fileSearchStores/s")
      const path = store.name
      const get = { kind: "ask", method: "fileSearchStores.get", httpMethod: "GET", path }
      assert.deepStrictEqual(one.asked, [{ ...get, of: [handle] }, { ...get, of: [store] }])
      const two = make(document)
      assert.deepStrictEqual(yield* two.stores.getDocument({ ...document, member: "n" }), {
        document,
        handle: { ...document, member: "m" }
      })
      yield* two.stores.deleteDocument(document.name, { force: false })
      yield* two.stores.deleteDocument(document.name)
      const remove = {
        kind: "ask",
        method: "documents.delete",
        httpMethod: "DELETE",
        path: document.name,
        of: [document],
        body: {}
      }
      assert.deepStrictEqual(two.asked, [
        {
          kind: "ask",
          method: "documents.get",
          httpMethod: "GET",
          path: document.name,
          of: [{ ...document, member: "n" }]
        },
        { ...remove, query: { force: false } },
        { ...remove, query: { force: true } }
      ])
      const three = make({})
      yield* three.stores.delete(handle, { force: true })
      yield* three.stores.delete("s")
      const gone = { kind: "ask", method: "fileSearchStores.delete", httpMethod: "DELETE", path, body: {} }
      assert.deepStrictEqual(three.asked, [
        { ...gone, query: { force: true }, of: [handle] },
        { ...gone, query: {}, of: [store] }
      ])
      for (const wrong of ["a/b", "fileSearchStores/", "s?x=1", "fileSearchStores/s/documents/d"]) {
        assert.deepStrictEqual(yield* fieldOf(three.stores.get(wrong)), ["fileSearchStores.get", "store"])
      }
      assert.deepStrictEqual(yield* fieldOf(three.stores.getDocument("d")), ["documents.get", "document"])
    }))

  it.effect("are listed by pages of twenty, or as many as are asked, and so are their documents", () =>
    Effect.gen(function*() {
      const one = make({ fileSearchStores: [store], nextPageToken: "t" }, {})
      assert.deepStrictEqual(yield* Stream.runCollect(one.stores.list({ pageSize: 3 })), [{ store, handle }])
      const list = { kind: "ask", method: "fileSearchStores.list", httpMethod: "GET", path: "fileSearchStores" }
      assert.deepStrictEqual(one.asked, [{ ...list, query: { pageSize: 3 } }, {
        ...list,
        query: { pageSize: 3, pageToken: "t" }
      }])
      const two = make({ documents: [document] })
      assert.deepStrictEqual(yield* Stream.runCollect(two.stores.documents("s")), [{
        document,
        handle: { ...document, member: "m" }
      }])
      yield* Stream.runDrain(two.stores.list())
      assert.deepStrictEqual(two.asked, [
        {
          kind: "ask",
          method: "documents.list",
          httpMethod: "GET",
          path: `${store.name}/documents`,
          query: { pageSize: 20 },
          of: [store]
        },
        { ...list, query: { pageSize: 20 } }
      ])
      const three = make()
      yield* Stream.runDrain(three.stores.downloadMedia("fileSearchStores/s/media/i?sig=1"))
      assert.deepStrictEqual(three.asked, [{
        kind: "download",
        method: "fileSearchStores.downloadMedia",
        path: "fileSearchStores/s/media/i",
        query: { sig: "1", alt: "media" },
        of: [{ name: "fileSearchStores/s/media/i" }]
      }])
    }))

  it.effect("import a file with what is said of it, and refuse what cannot be meant", () =>
    Effect.gen(function*() {
      const { asked, stores } = make({ name: "fileSearchStores/s/operations/o" })
      const kept = yield* stores.importFile(handle, "f", {
        metadata: { a: "x", b: 2, c: ["y"] },
        chunking: { words: 512, overlap: 511 }
      })
      assert.deepStrictEqual(kept.handle, { name: "fileSearchStores/s/operations/o", member: "m" })
      yield* stores.importFile("s", { ...mine, name: "files/f" }, { chunking: { words: 1, overlap: 0 } })
      yield* stores.importFile("s", "files/f", { chunking: { overlap: 511 } })
      const create = { kind: "create", method: "fileSearchStores.importFile", path: "fileSearchStores/s:importFile" }
      const chunked = (whiteSpaceConfig: object) => ({ chunkingConfig: { whiteSpaceConfig } })
      assert.deepStrictEqual(asked, [
        {
          ...create,
          of: [handle, "files/f"],
          body: {
            fileName: "files/f",
            customMetadata: [
              { key: "a", stringValue: "x" },
              { key: "b", numericValue: 2 },
              { key: "c", stringListValue: { values: ["y"] } }
            ],
            ...chunked({ maxTokensPerChunk: 512, maxOverlapTokens: 511 })
          }
        },
        {
          ...create,
          of: [store, { name: "files/f", member: "m" }],
          body: { fileName: "files/f", ...chunked({ maxTokensPerChunk: 1, maxOverlapTokens: 0 }) }
        },
        { ...create, of: [store, "files/f"], body: { fileName: "files/f", ...chunked({ maxOverlapTokens: 511 }) } }
      ])
      for (
        const [more, field] of [
          [{ chunking: { words: 0 } }, "chunking.words"],
          [{ chunking: { words: 513 } }, "chunking.words"],
          [{ chunking: { words: 1.5 } }, "chunking.words"],
          [{ chunking: { words: 5, overlap: 5 } }, "chunking.overlap"],
          [{ chunking: { overlap: 512 } }, "chunking.overlap"],
          [{ chunking: { overlap: -1 } }, "chunking.overlap"],
          [{ metadata: { "": "x" } }, "metadata."],
          [{ metadata: { a: Infinity } }, "metadata.a"],
          [{ metadata: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`k${n}`, 1])) }, "metadata"]
        ] as const
      ) {
        assert.deepStrictEqual(yield* fieldOf(stores.importFile("s", "f", more)), [
          "fileSearchStores.importFile",
          field
        ])
      }
      const twenty = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, 1]))
      yield* stores.importFile("s", "f", { metadata: twenty })
      assert.deepStrictEqual(yield* fieldOf(stores.importFile("s", "a b")), [
        "fileSearchStores.importFile",
        "file"
      ])
      assert.lengthOf(asked, 4)
    }))
})

describe("operations", () => {
  const name = "models/m/operations/o"
  const operation = { name }
  it.effect("are asked for, listed and cancelled by their whole names, at who has them", () =>
    Effect.gen(function*() {
      const { asked, given, operations } = make(
        operation,
        operation,
        { operations: [operation] },
        { operations: null },
        {}
      )
      const handle = { name, member: "m" }
      assert.deepStrictEqual(yield* operations.get(handle, options), { operation, handle })
      yield* operations.get(`https://g.test/v1beta/${name}`)
      assert.deepStrictEqual(yield* Stream.runCollect(operations.list("models/m", { pageSize: 5, filter: "f" })), [{
        operation,
        handle
      }])
      assert.deepStrictEqual(yield* Stream.runCollect(operations.list({ name: "tunedModels/t", member: "m" })), [])
      yield* operations.cancel({ name: "batches/b", member: "m" }, options)
      const get = { kind: "ask", method: "operations.get", httpMethod: "GET", path: name }
      assert.deepStrictEqual(asked, [
        { ...get, of: [handle] },
        { ...get, of: [operation] },
        {
          kind: "ask",
          method: "operations.list",
          httpMethod: "GET",
          path: "models/m/operations",
          query: { pageSize: 5, filter: "f" },
          of: [null]
        },
        {
          kind: "ask",
          method: "operations.list",
          httpMethod: "GET",
          path: "tunedModels/t/operations",
          query: { pageSize: 100 },
          of: [{ name: "tunedModels/t", member: "m" }]
        },
        {
          kind: "ask",
          method: "operations.cancel",
          httpMethod: "POST",
          path: "batches/b:cancel",
          of: [{ name: "batches/b", member: "m" }],
          body: {},
          isRepeatable: true
        }
      ])
      assert.deepStrictEqual([given[0], given[4]], [options, options])
      assert.deepStrictEqual(yield* fieldOf(operations.cancel(name)), ["operations.cancel", "Unsupported"])
      assert.deepStrictEqual(yield* fieldOf(operations.get("o")), ["operations.get", "operation"])
      assert.deepStrictEqual(yield* fieldOf(Stream.runDrain(operations.list("batches/b"))), [
        "operations.list",
        "operation"
      ])
    }))

  it.effect("are polled after a second, then ever more rarely, up to half a minute, for an hour", () =>
    Effect.gen(function*() {
      const times = (poll: Operations.PollOptions = {}, after = "2 hours" as const) =>
        Effect.gen(function*() {
          const began = yield* Clock.currentTimeMillis
          const { operations } = make(operation)
          const seen: Array<number> = []
          const fiber = yield* Effect.forkChild(
            Effect.flip(Stream.runForEach(operations.poll(name, poll), () =>
              Effect.map(Clock.currentTimeMillis, (now) =>
                void seen.push(now - began))))
          )
          yield* TestClock.adjust(after)
          const error = yield* Fiber.join(fiber)
          return { seen, tag: error.reason._tag, method: error.method }
        })
      const { method, seen, tag } = yield* times()
      assert.deepStrictEqual(seen.slice(0, 5), [0, 1_000, 2_500, 4_750, 8_125])
      assert.strictEqual((seen.at(-1) ?? 0) - (seen.at(-2) ?? 0), 30_000)
      assert.isAtMost(seen.at(-1) ?? Infinity, 3_600_000)
      assert.deepStrictEqual([tag, method], ["TimedOut", "operations.poll"])
      const own = { interval: "4 seconds", factor: 0.5, maxInterval: "3 seconds", deadline: "10 seconds" } as const
      assert.deepStrictEqual((yield* times(own)).seen, [0, 3_000, 6_000, 9_000])
      const grows = { interval: "1 second", factor: 3, maxInterval: "5 seconds", deadline: "12 seconds" } as const
      assert.deepStrictEqual((yield* times(grows)).seen, [0, 1_000, 4_000, 9_000])
    }))
})
