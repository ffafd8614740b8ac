/** Operations, client and emulator together: names, waits by the clock, cancels, and what the official SDK asks. */
import { assert, describe, it } from "@effect/vitest"
import { GenerateVideosOperation, GoogleGenAI } from "@google/genai"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Operations from "effect-gemini/operations/Operations"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { compare, record } from "./equalRequests.ts"

const ofUrl = (baseUrl: string) =>
  Operations.layer.pipe(Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl })))

const memory = ofUrl("http://emulator.invalid").pipe(Layer.provideMerge(Emulator.layerHttpClient()))

describe("an operation", () => {
  it.effect("is asked for by every form of its name, and its name is not the document's", () =>
    Effect.gen(function*() {
      const operations = yield* Operations.Operations
      const emulator = yield* Emulator.Emulator
      const parents = ["models/m", "tunedModels/t", "fileSearchStores/s", "generatedFiles/f", "corpora/c"]
      const names = yield* Effect.forEach(
        [...parents, "fileSearchStores/s/upload"],
        (parent) => emulator.operations.begin({ parent, response: { documentName: "fileSearchStores/s/documents/d" } })
      )
      names.push(yield* emulator.operations.begin({ name: "batches/b", after: 10_000 }))
      for (const name of names) {
        const { handle, operation } = yield* operations.get(name)
        assert.deepStrictEqual([operation.name, handle.name], [name, name])
        assert.notStrictEqual(operation.name, operation.response?.["documentName"])
        assert.deepStrictEqual((yield* operations.get({ name })).operation, operation)
        assert.deepStrictEqual(
          (yield* operations.get(`https://generativelanguage.googleapis.com/v1beta/${name}`)).operation,
          operation
        )
      }
      const unknown = yield* Effect.flip(operations.get("models/m/operations/none"))
      assert.deepStrictEqual([unknown.reason._tag, unknown.status], ["NotFound", 404])
      const before = (yield* emulator.requests).length
      for (const wrong of ["models/m", "operations/../x", "files/a", "models/m/operations/a?b", ""]) {
        assert.strictEqual((yield* Effect.flip(operations.get(wrong))).reason._tag, "InvalidRequest", wrong)
      }
      assert.lengthOf(yield* emulator.requests, before)
    }).pipe(Effect.provide(memory)))

  it.effect("is polled with a growing pause until it is done, and each state is told", () =>
    Effect.gen(function*() {
      const operations = yield* Operations.Operations
      const emulator = yield* Emulator.Emulator
      const name = yield* emulator.operations.begin({ parent: "models/m", after: 20_000, response: { ok: true } })
      const polling = yield* Effect.forkChild(
        Stream.runCollect(operations.poll(name, { interval: "1 second", factor: 2, maxInterval: "5 seconds" })),
        { startImmediately: true }
      )
      yield* TestClock.adjust("1 minute")
      const states = yield* Fiber.join(polling)
      assert.deepStrictEqual(states.map(({ operation }) => operation.done === true), [
        ...Array.from({ length: 6 }, () => false),
        true
      ])
      const times = (yield* emulator.requests).map(({ time }) => time / 1000)
      assert.deepStrictEqual(times, [0, 1, 3, 7, 12, 17, 22])
      assert.deepStrictEqual(states.at(-1)?.operation.response, { ok: true })
    }).pipe(Effect.provide(memory)))

  it.effect("that fails is a state of the poll, and the error of who waits for it", () =>
    Effect.gen(function*() {
      const operations = yield* Operations.Operations
      const emulator = yield* Emulator.Emulator
      const error = { code: 8, message: "too many videos" }
      const name = yield* emulator.operations.begin({ parent: "models/m", error })
      const [state] = yield* Stream.runCollect(operations.poll(name))
      assert.deepStrictEqual(state?.operation.error, error)
      const failed = yield* Effect.flip(operations.awaitDone(name))
      assert.deepStrictEqual([failed.reason._tag, failed.reason.message], ["RateLimited", "too many videos"])
      const good = yield* emulator.operations.begin({ parent: "models/m", response: { a: 1 } })
      assert.deepStrictEqual((yield* operations.awaitDone(good)).operation.response, { a: 1 })
    }).pipe(Effect.provide(memory)))

  it.effect("is not waited for beyond the deadline", () =>
    Effect.gen(function*() {
      const operations = yield* Operations.Operations
      const emulator = yield* Emulator.Emulator
      const name = yield* emulator.operations.begin({ parent: "models/m", after: 1e9 })
      const waiting = yield* Effect.forkChild(Effect.flip(operations.awaitDone(name, { deadline: "10 seconds" })), {
        startImmediately: true
      })
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepInclude((yield* Fiber.join(waiting)).reason, { _tag: "TimedOut", phase: "total" })
    }).pipe(Effect.provide(memory)))

  it.effect("can be cancelled if it is a batch; any other is refused before anything is sent", () =>
    Effect.gen(function*() {
      const operations = yield* Operations.Operations
      const emulator = yield* Emulator.Emulator
      const batch = yield* emulator.operations.begin({ name: "batches/b", after: 1e9 })
      yield* operations.cancel(batch)
      yield* operations.cancel(batch)
      const failed = yield* Effect.flip(operations.awaitDone(batch))
      assert.include(failed.message, "The operation was cancelled.")
      const before = (yield* emulator.requests).length
      const other = yield* emulator.operations.begin({ parent: "models/m" })
      assert.strictEqual((yield* Effect.flip(operations.cancel(other))).reason._tag, "Unsupported")
      assert.lengthOf(yield* emulator.requests, before)
    }).pipe(Effect.provide(memory)))

  it.effect("is listed with those of its model, over pages", () =>
    Effect.gen(function*() {
      const operations = yield* Operations.Operations
      const emulator = yield* Emulator.Emulator
      const names = yield* Effect.forEach(
        [1, 2, 3],
        () => emulator.operations.begin({ parent: "models/m", after: 1000 })
      )
      yield* emulator.operations.begin({ parent: "models/other" })
      const listed = yield* Stream.runCollect(operations.list("models/m", { pageSize: 2 }))
      assert.deepStrictEqual(listed.map(({ handle }) => handle.name), names)
      assert.strictEqual(
        (yield* Effect.flip(Stream.runDrain(operations.list("files/a")))).reason._tag,
        "InvalidRequest"
      )
    }).pipe(Effect.provide(memory)))
})

const videos = (name: string) => Object.assign(new GenerateVideosOperation(), { name })

describe("the official SDK", () => {
  it.live("asks for an operation as we do", () =>
    Effect.gen(function*() {
      const name = "models/m/operations/o"
      const server = yield* Effect.acquireRelease(
        Effect.promise(() => record(() => ({ body: { name } }))),
        ({ close }) => Effect.sync(close)
      )
      const sdk = new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: server.url, apiVersion: "v1beta" } })
      yield* Effect.promise(() => sdk.operations.get({ operation: videos(name) }))
      const theirs = server.take()
      yield* Operations.Operations.use((operations) => operations.get(name)).pipe(
        Effect.provide(ofUrl(server.url).pipe(Layer.provide(NodeGemini.layerHttpClient())))
      )
      assert.deepStrictEqual(compare(theirs, server.take()), { unexplained: [], idle: [], explained: [] })
    }))

  it.live("gets one of the emulator's", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const name = yield* emulator.operations.begin({ parent: "models/m", response: { generateVideoResponse: {} } })
      const sdk = new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: emulator.url, apiVersion: "v1beta" } })
      const operation = yield* Effect.promise(() => sdk.operations.get({ operation: videos(name) }))
      assert.deepStrictEqual([operation.name, operation.done], [name, true])
    }).pipe(Effect.provide(Emulator.layerServer())))
})
