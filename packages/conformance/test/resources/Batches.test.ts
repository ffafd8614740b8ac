/** Batches, client and emulator together: by the clock, in every way in which one may end. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Batches from "effect-gemini/batches/Batches"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Batch from "effect-gemini/wire/Batch"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { casesOf, playing, ways } from "./recordedAnswers.ts"

const ofUrl = (baseUrl: string) =>
  Batches.layer().pipe(Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl })))

const memory = ofUrl("http://emulator.invalid").pipe(
  Layer.provideMerge(Emulator.layerHttpClient({ batchPending: 60_000, batchRunning: 60_000 }))
)

const model = "gemini-3.8-flash"
const embedder = "gemini-embedding-001"

const rowsOf = (count: number, text = (index: number) => `Say ${index}`): ReadonlyArray<Batches.BatchRow> =>
  Array.from({ length: count }, (_, index) => ({ key: `row-${index}`, request: { contents: text(index) } }))

const tagged = (results: ReadonlyArray<Batches.BatchResult<unknown>>) =>
  Object.fromEntries(results.map((result) => [result.key, result._tag]))

const created = (emulator: Emulator.Service) =>
  Effect.map(
    emulator.requests,
    (requests) => requests.filter(({ apiMethod }) => apiMethod === "batchGenerateContent").length
  )

const methodsOf = (emulator: Emulator.Service) =>
  Effect.map(emulator.requests, (requests) => requests.map(({ apiMethod }) => apiMethod))

describe("a batch", () => {
  it.effect("goes with its requests, and every result is known by its key", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const emulator = yield* Emulator.Emulator
      const { batch, handle } = yield* batches.create({ model, rows: rowsOf(3) })
      assert.deepStrictEqual([Batch.stateOf(batch), Batch.isDone(batch)], ["PENDING", false])
      const waiting = yield* Effect.forkChild(batches.awaitDone(handle), { startImmediately: true })
      yield* TestClock.adjust("3 minutes")
      const done = yield* Fiber.join(waiting)
      assert.strictEqual(Batch.stateOf(done.batch), "SUCCEEDED")
      const results = yield* Stream.runCollect(batches.results(done))
      assert.deepStrictEqual(tagged(results), { "row-0": "Success", "row-1": "Success", "row-2": "Success" })
      const [first] = results
      assert.include(first?._tag === "Success" ? GenerateContent.text(first.response) : "", "Say 0")
      assert.deepStrictEqual(yield* emulator.batches.counts, { created: 1, rows: 3 })
      assert.notInclude(yield* methodsOf(emulator), "files.upload")
    }).pipe(Effect.provide(memory)))

  it.effect("above 20 MB goes in a file, whose results come in any order", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const emulator = yield* Emulator.Emulator
      const large = "word ".repeat(60_000)
      const { batch, handle } = yield* batches.create({
        model,
        rows: Stream.fromIterable(rowsOf(80, (index) => index === 70 ? "[error 503]" : `${index} ${large}`))
      })
      assert.match(String(batch.metadata?.inputConfig?.["fileName"]), /^files\//)
      assert.include(yield* methodsOf(emulator), "files.upload")
      yield* TestClock.adjust("3 minutes")
      const results = yield* Stream.runCollect(batches.results(handle))
      assert.deepStrictEqual(results.map(({ index }) => index), Array.from({ length: 80 }, (_, index) => index))
      assert.notDeepEqual(results.map(({ key }) => key), rowsOf(80).map(({ key }) => key))
      assert.deepStrictEqual(new Set(results.map(({ key }) => key)), new Set(rowsOf(80).map(({ key }) => key)))
    }).pipe(Effect.provide(memory)))

  it.effect("goes in a file from as many bytes on as the caller says", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const { batch, handle } = yield* batches.create({ model, rows: rowsOf(200), inlineBytes: 1_000 })
      assert.match(String(batch.metadata?.inputConfig?.["fileName"]), /^files\//)
      yield* TestClock.adjust("3 minutes")
      const results = yield* Stream.runCollect(batches.results(handle))
      assert.strictEqual(new Set(results.map(({ key }) => key)).size, 200)
    }).pipe(Effect.provide(memory)))

  it.effect("embeds", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const { handle } = yield* batches.createEmbeddings({
        model: embedder,
        rows: ["a", "b"].map((key) => ({ key, request: { contents: `text ${key}`, outputDimensionality: 8 } }))
      })
      yield* TestClock.adjust("3 minutes")
      const results = yield* Stream.runCollect(batches.embeddings(handle))
      assert.deepStrictEqual(
        results.map((result) => [
          result.key,
          result._tag === "Success" ? result.response.embedding?.values?.length : result.error
        ]),
        [["a", 8], ["b", 8]]
      )
    }).pipe(Effect.provide(memory)))

  it.effect("that has succeeded may hold requests that failed, which are results", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "batches.row", nth: 2, times: 1 }, error: { code: 503 } })
      const { handle } = yield* batches.create({ model, rows: rowsOf(3) })
      yield* TestClock.adjust("3 minutes")
      const done = yield* batches.get(handle)
      assert.strictEqual(Batch.stateOf(done.batch), "SUCCEEDED")
      assert.deepInclude(done.batch.metadata?.batchStats, { successfulRequestCount: "2", failedRequestCount: "1" })
      const results = yield* Stream.runCollect(batches.results(done))
      assert.deepStrictEqual(tagged(results), { "row-0": "Success", "row-1": "Failure", "row-2": "Success" })
      const failed = results.find(({ key }) => key === "row-1")
      assert.strictEqual(failed?._tag === "Failure" ? failed.error.reason._tag : "", "Overloaded")
    }).pipe(Effect.provide(memory)))

  it.effect("is made once, though the answer to its create was lost", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "batchGenerateContent" }, reset: true })
      const making = yield* Effect.forkChild(batches.create({ model, rows: rowsOf(2) }), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      const { handle } = yield* Fiber.join(making)
      assert.strictEqual((yield* emulator.batches.counts).created, 1)
      assert.strictEqual(yield* created(emulator), 1)
      const [listed] = yield* Stream.runCollect(batches.list())
      assert.strictEqual(listed?.handle.name, handle.name)
      // A name of one's own may stand for several batches, so that cannot be settled.
      const own = yield* Effect.forkChild(
        Effect.flip(batches.create({ model, rows: rowsOf(1), displayName: "mine" })),
        {
          startImmediately: true
        }
      )
      yield* TestClock.adjust("1 minute")
      assert.isDefined((yield* Fiber.join(own)).mayExist)
    }).pipe(Effect.provide(memory)))

  for (
    const [how, state, reason] of [
      ["expired", "EXPIRED", "ServerError"],
      ["failed", "FAILED", "ServerError"],
      ["stuck", "PENDING", "InvalidRequest"]
    ] as const
  ) {
    it.effect(`that is ${how} says so, and its results fail`, () =>
      Effect.gen(function*() {
        const batches = yield* Batches.Batches
        const emulator = yield* Emulator.Emulator
        yield* emulator.addFault({ when: { method: "batchGenerateContent" }, batch: { state: how } })
        const { handle } = yield* batches.create({ model, rows: rowsOf(2) })
        yield* TestClock.adjust("3 days")
        assert.strictEqual(Batch.stateOf((yield* batches.get(handle)).batch), state)
        const failed = yield* Effect.flip(Stream.runDrain(batches.results(handle)))
        assert.deepStrictEqual([failed.reason._tag, (yield* emulator.batches.counts).rows], [reason, 0])
      }).pipe(Effect.provide(memory)))
  }

  it.effect("is cancelled, listed and deleted", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const names: Array<string> = []
      for (const displayName of ["a", "b", "c"]) {
        names.push((yield* batches.create({ model, rows: rowsOf(1), displayName })).handle.name)
      }
      yield* batches.cancel(names[1] ?? "")
      yield* batches.delete(names[2] ?? "")
      const listed = yield* Stream.runCollect(batches.list({ pageSize: 1 }))
      assert.deepStrictEqual(listed.map(({ batch }) => [batch.metadata?.displayName, Batch.stateOf(batch)]), [
        ["b", "CANCELLED"],
        ["a", "PENDING"]
      ])
      assert.strictEqual((yield* Effect.flip(batches.get(names[2] ?? ""))).reason._tag, "NotFound")
    }).pipe(Effect.provide(memory)))

  it.effect("is told done before the pause is over, if somebody tells", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const { handle } = yield* batches.create({ model, rows: rowsOf(1) })
      yield* TestClock.adjust("2 minutes")
      const states = yield* Stream.runCollect(batches.poll(handle, { interval: "1 hour", told: Effect.void }))
      assert.strictEqual(states.length, 1)
      const next = yield* batches.create({ model, rows: rowsOf(1) })
      const waiting = yield* Effect.forkChild(
        batches.awaitDone(next.handle, { interval: "1 hour", told: Effect.sleep("121 seconds") }),
        { startImmediately: true }
      )
      yield* TestClock.adjust("122 seconds")
      assert.isTrue(Batch.isDone((yield* Fiber.join(waiting)).batch))
    }).pipe(Effect.provide(memory)))

  it.effect("that cannot be sent is refused with its place, and nothing is sent", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const emulator = yield* Emulator.Emulator
      const fieldOf = (effect: Effect.Effect<unknown, GeminiError>) =>
        Effect.map(
          Effect.flip(effect),
          ({ reason }) => reason._tag === "InvalidRequest" ? reason.fields[0]?.field : reason._tag
        )
      const [one] = rowsOf(1)
      assert.isDefined(one)
      const cases = [
        [batches.create({ model, rows: [] }), "rows"],
        [batches.create({ model: "a b", rows: rowsOf(1) }), "model"],
        [batches.create({ model, rows: rowsOf(1), displayName: "x".repeat(513) }), "displayName"],
        [batches.create({ model, rows: [one, one] }), "rows[1].key"],
        [batches.create({ model, rows: [one, { ...one, key: "two" }, one] }), "rows[2].key"],
        [batches.create({ model, rows: [{ key: "", request: { contents: "a" } }] }), "rows[0].key"],
        [
          batches.create({ model, rows: [{ key: "a", request: { contents: "a", model: "gemini-2.5-pro" } }] }),
          "rows[0].request.model"
        ],
        [batches.create({ model, rows: [{ key: "a", request: { contents: [] } }] }), "rows[0].request.contents"],
        [batches.create({ model, rows: rowsOf(1), priority: 0.5 }), "priority"],
        [batches.create({ model, rows: rowsOf(1), inlineBytes: -1 }), "inlineBytes"],
        [batches.get("files/abc/def"), "batch"]
      ] as const
      for (const [effect, field] of cases) assert.strictEqual(yield* fieldOf(effect), field)
      assert.lengthOf(yield* emulator.requests, 0)
    }).pipe(Effect.provide(memory)))

  it.effect("keeps to its own space and project, and a hundred at once", () =>
    Effect.gen(function*() {
      const batches = yield* Batches.Batches
      const emulator = yield* Emulator.Emulator
      const other = yield* emulator.space("other")
      for (let i = 0; i < 100; i++) yield* batches.create({ model, rows: rowsOf(1) })
      const full = yield* Effect.flip(batches.create({ model, rows: rowsOf(1) }, { retry: { attempts: 1 } }))
      assert.strictEqual(full.reason._tag, "RateLimited")
      assert.deepStrictEqual(yield* other.batches.counts, { created: 0, rows: 0 })
      assert.lengthOf(yield* emulator.batches.list, 100)
    }).pipe(Effect.provide(memory)))
})

describe("over real sockets", () => {
  it.live("a download that is cut goes on, and no result comes twice", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const results = yield* Batches.Batches.use((batches) =>
        Effect.gen(function*() {
          const file = yield* emulator.files.add({
            mimeType: "application/jsonl",
            bytes: rowsOf(80).map(({ key }) =>
              new TextEncoder().encode(
                `${JSON.stringify({ key, request: { contents: [{ parts: [{ text: key }] }] } })}\n`
              )
            )
          })
          const { handle } = yield* batches.create({ model, file })
          yield* emulator.adjust("1 hour")
          yield* emulator.addFault({ when: { method: "files.download", times: 2 }, cut: { bytes: 20_000 } })
          return yield* Stream.runCollect(batches.results(handle))
        })
      ).pipe(Effect.provide(ofUrl(emulator.url).pipe(Layer.provide(NodeGemini.layerHttpClient()))))
      assert.deepStrictEqual(results.map(({ index }) => index), Array.from({ length: 80 }, (_, index) => index))
      assert.strictEqual(new Set(results.map(({ key }) => key)).size, 80)
      const downloads = (yield* emulator.requests).filter(({ apiMethod }) => apiMethod === "files.download")
      assert.lengthOf(downloads, 3)
    }).pipe(Effect.provide(Emulator.layerServer())))
})

describe("recorded answers about batches", () => {
  for (const recorded of casesOf((op) => /^(?:batchGenerateContent|asyncBatchEmbedContent|batches\.)/.test(op))) {
    for (const [way, size] of ways(recorded)) {
      it.live(`${recorded.id} ${way}`, () =>
        Effect.gen(function*() {
          const url = yield* playing(recorded, size)
          const { batch } = yield* Batches.Batches.use((batches) => batches.create({ model, rows: rowsOf(2) })).pipe(
            Effect.provide(ofUrl(url).pipe(Layer.provide(NodeGemini.layerHttpClient())))
          )
          assert.deepStrictEqual(batch, recorded.response.body)
          assert.strictEqual(Batch.stateOf(batch), "PENDING")
        }).pipe(Effect.scoped))
    }
  }
})
