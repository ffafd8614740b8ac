/**
 * What of batches is only sums and words, at its edges: rows as they are sent, where a run stands by its records, places
 * in a job, results as they are kept and read, and batches over storage.
 */
import { assert, describe, it } from "@effect/vitest"
import type { StoredBatch } from "effect-gemini/batches/Batches"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as ModelId from "effect-gemini/models/ModelId"
import type * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Batch from "effect-gemini/wire/Batch"
import { GenerateContentResponse } from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as BatchResults from "../../src/internal/batches/batchResults.ts"
import * as BatchRows from "../../src/internal/batches/batchRows.ts"
import { summed } from "../../src/internal/batches/jobBudget.ts"
import * as JobRows from "../../src/internal/batches/JobRows.ts"
import * as RunLog from "../../src/internal/batches/RunLog.ts"
import * as Run from "../../src/internal/batches/runRecord.ts"
import * as RunResults from "../../src/internal/batches/runResults.ts"
import { configs } from "../../src/internal/batches/storedBatch.ts"

const model = Result.getOrThrow(ModelId.parse("gemini-3.8-flash"))
const row = (key: unknown, request: unknown = { contents: "a" }) => ({ key, request }) as never

/** The fields that a row is refused for; none where it is taken. */
const refusedFor = (result: Result.Result<unknown, GeminiError>) =>
  Result.isSuccess(result) || result.failure.reason._tag !== "InvalidRequest"
    ? []
    : result.failure.reason.fields.map(({ field }) => field)

describe("a row", () => {
  it("has a key of 1 to 1,024 characters and a request that can be sent, and is refused by its place", () => {
    for (const read of [BatchRows.generate, BatchRows.embed]) {
      for (const key of ["a", " ", "a".repeat(1_024)]) {
        assert.deepStrictEqual(refusedFor(read("m", row(key), 3, model)), [])
      }
      for (const key of ["", "a".repeat(1_025), 1, null, undefined]) {
        assert.deepStrictEqual(refusedFor(read("m", row(key), 3, model)), ["rows[3].key"])
      }
      assert.deepStrictEqual(refusedFor(read("m", null as never, 3, model)), ["rows[3].key"])
      const hostile = new Proxy({}, {
        get: () => {
          throw new Error("no")
        }
      })
      assert.deepStrictEqual(refusedFor(read("m", hostile as never, 3, model)), ["rows[3]"])
    }
  })

  it("names no other model than that of its batch", () => {
    const of = (name?: string) =>
      refusedFor(
        BatchRows.generate("m", row("k", { contents: "a", ...(name === undefined ? {} : { model: name }) }), 0, model)
      )
    assert.deepStrictEqual([of(), of("gemini-3.8-flash"), of("models/gemini-3.8-flash")], [[], [], []])
    for (const other of ["gemini-2.5-flash", "not a model"]) {
      assert.deepStrictEqual(of(other), ["rows[0].request.model"])
    }
  })

  it("that the server is known to refuse says which field, and an embedding is of one content", () => {
    const wrong = refusedFor(BatchRows.generate("m", row("k", { contents: [] }), 2, model))
    assert.isAbove(wrong.length, 0)
    assert.isTrue(wrong.every((field) => field.startsWith("rows[2].request.")))
    const embed = (contents: unknown) => BatchRows.embed("m", row("k", { contents }), 2, model)
    assert.isTrue(Result.isSuccess(embed("a")))
    for (const contents of [[], ["a", "b"]]) {
      assert.deepStrictEqual(refusedFor(embed(contents)), ["rows[2].request.contents"])
    }
  })
})

describe("where a run stands", () => {
  const cut = (job: number, read: number, hash: string): Run.RunRecord => ({
    _tag: "Cut",
    job,
    displayName: `d${job}`,
    attempt: 1,
    rows: 2,
    blobs: ["b"],
    read,
    hash
  })
  const handle = { name: "batches/1" }
  const after = (...records: ReadonlyArray<Run.RunRecord>) => records.reduce(Run.step, Run.nothing)

  it("is what its records say, in their order", () => {
    const begun: Run.RunRecord = { _tag: "Begun", model: "m", nonce: "n", at: 1 }
    const results: Run.ResultsRecord = { _tag: "Results", job: 0, count: 3, failed: 1, text: "" }
    const state = after(
      begun,
      cut(0, 2, "h1"),
      cut(4, 3, "h2"),
      cut(2, 0, "other"),
      { _tag: "Created", job: 0, handle, at: 9 },
      results,
      { _tag: "Synchronous", job: 4 },
      { _tag: "Closed", job: 2, state: "x" }
    )
    assert.deepStrictEqual({ ...state, open: [...state.open.keys()] }, {
      begun,
      open: [0, 4],
      jobs: 5,
      created: 1,
      read: 5,
      hash: "h2",
      isAllRead: false,
      results: 3,
      failed: 1,
      isCancelled: false,
      isFinished: false
    })
    const job = { displayName: "d0", attempt: 1, rows: 2, blobs: ["b"] }
    assert.deepStrictEqual(state.open.get(0), {
      job: 0,
      ...job,
      handle,
      createdAt: 9,
      isSynchronous: false,
      results: [results]
    })
    assert.deepStrictEqual(state.open.get(4)?.isSynchronous, true)
    const over = [{ _tag: "SourceEnded" }, { _tag: "Cancelled" }, { _tag: "Finished" }] as const
    const ended = over.reduce<Run.RunState>(Run.step, state)
    assert.deepStrictEqual([ended.isAllRead, ended.isCancelled, ended.isFinished], [true, true, true])
    for (const [at, record] of over.entries()) {
      const { isAllRead, isCancelled, isFinished } = after(record)
      assert.deepStrictEqual([isAllRead, isCancelled, isFinished], [at === 0, at === 1, at === 2])
    }
  })

  it("counts results of a job that is closed, and changes no state that was given away", () => {
    const before = after(cut(0, 1, "h"))
    const later = [
      { _tag: "Closed", job: 0, state: "x" },
      { _tag: "Results", job: 0, count: 1, failed: 0 },
      { _tag: "Synchronous", job: 7 }
    ] as const
    const state = later.reduce<Run.RunState>(Run.step, before)
    assert.deepStrictEqual([state.results, state.open.size, before.open.size], [1, 0, 1])
    assert.strictEqual(before.open.get(0)?.isSynchronous, false)
  })

  it("knows its rows by places and keys, and its source by the hash of all keys", () => {
    for (const key of ["", "a", "1 2 3", "a\nb", "😀"]) {
      assert.deepStrictEqual(Run.readKey(Run.sentKey(3, { row: 4, key })), { place: 3, row: 4, key })
    }
    for (const sent of [undefined, "", "3", "3 4", "x 4 a", "3 x a", "-1 4 a", "1234567890 4 a"]) {
      assert.isUndefined(Run.readKey(sent), sent)
    }
    assert.deepStrictEqual(Run.readKey("123456789 123456789012345 a")?.place, 123_456_789)
    const hash = (...keys: ReadonlyArray<string>) => keys.reduce(Run.hashed, "")
    const all = [hash("ab"), hash("a", "b"), hash("b", "a"), hash("ab", ""), hash("a"), hash("")]
    assert.strictEqual(new Set(all).size, all.length)
    // FNV-1a of "a" and of the zero that ends a key.
    assert.strictEqual(hash("a"), ((Math.imul(0xe40c292c, 0x01000193)) >>> 0).toString(16))
  })
})

describe("the places of a job", () => {
  it("are taken once each, none beside them, until all are", () => {
    for (const size of [1, 7, 8, 9, 17]) {
      const places = new JobRows.JobPlaces(size)
      assert.isFalse(places.isFull)
      for (const outside of [-1, size, size + 8]) {
        assert.deepStrictEqual([places.take(outside), places.has(size)], [false, false])
      }
      for (let place = 0; place < size; place++) {
        assert.isFalse(places.has(place))
        assert.deepStrictEqual([places.take(place), places.take(place), places.has(place)], [true, false, true])
        assert.deepStrictEqual([places.count, places.isFull], [place + 1, place + 1 === size])
      }
    }
    assert.isTrue(new JobRows.JobPlaces(0).isFull)
  })

  it.effect("hold the rows that were written, in blobs of four megabytes", () =>
    Effect.gen(function*() {
      const log = yield* RunLog.open("run")
      assert.isFalse(log.isKept)
      const writer = JobRows.writer(log)
      assert.deepStrictEqual([writer.rows(), writer.bytes(), yield* writer.end], [0, 0, []])
      const line = (row: number, text: string) => ({
        row,
        key: `k${row}`,
        request: { contents: [{ parts: [{ text }] }] }
      })
      const small = line(0, "a")
      const large = line(1, "x".repeat(4 * 1024 * 1024))
      for (const each of [small, large, line(2, "b")]) yield* writer.add(each)
      assert.strictEqual(writer.rows(), 3)
      assert.isAbove(writer.bytes(), 4 * 1024 * 1024)
      const blobs = yield* writer.end
      assert.lengthOf(blobs, 2)
      const job = { job: 0, displayName: "d", attempt: 1, rows: 3, blobs, isSynchronous: false, results: [] }
      const read = yield* Stream.runCollect(JobRows.read(log, job))
      assert.deepStrictEqual(read.map(({ line, place }) => [place, line.row]), [[0, 0], [1, 1], [2, 2]])
      assert.deepStrictEqual(read[0]?.line, small)
      log.drop(blobs)
      assert.lengthOf(yield* Stream.runCollect(JobRows.read(log, job)), 0)
    }).pipe(Effect.scoped))

  it("give a request as the services take it", () => {
    const contents = [{ parts: [{ text: "a" }] }]
    const systemInstruction = { parts: [{ text: "b" }] }
    const of = (request: Run.RowLine["request"]) => JobRows.requestOf({ row: 0, key: "k", request })
    assert.deepStrictEqual(of({ contents, systemInstruction: null }), { contents })
    assert.deepStrictEqual(of({ contents, systemInstruction }), { contents, systemInstruction })
  })
})

describe("a result of a run", () => {
  const line = (more: object): Run.ResultLine => ({ place: 0, row: 5, key: "k", via: "batch", attempts: 2, ...more })
  const error = (reason: Reason.GeminiErrorReason, status?: number) =>
    new GeminiError({ method: "m", attempts: [], reason, ...(status === undefined ? {} : { status }) })

  it("is its answer, or its error as it was kept", () => {
    const response = { candidates: [] }
    assert.deepStrictEqual(RunResults.resultOf(line({ response }), 7), {
      _tag: "Success",
      key: "k",
      row: 5,
      place: 7,
      via: "batch",
      attempts: 2,
      response
    })
    for (const more of [{ error: { code: 404, message: "gone" } }, {}, { response: { candidates: 1 } }]) {
      assert.strictEqual(RunResults.resultOf(line(more), 7)._tag, "Failure")
    }
    const failed = RunResults.resultOf(line({ error: { code: 404, message: "gone" } }), 7)
    assert.include(failed._tag === "Failure" ? failed.error.message : "", "gone")
    const kept = [
      error(new Reason.InvalidRequest({ fields: [] })),
      error(new Reason.InvalidRequest({ fields: [] }), 413),
      error(new Reason.Overloaded({}))
    ].map(RunResults.kept)
    assert.deepStrictEqual(kept.map(({ code }) => code), [400, 413, 500])
    assert.isTrue(kept.every(({ message }) => message !== ""))
  })

  it.effect("is replayed from a place on, out of its record or out of its blob", () =>
    Effect.gen(function*() {
      const lines = (...keys: ReadonlyArray<string>) => keys.map((key) => `${JSON.stringify(line({ key }))}\n`).join("")
      const asked: Array<string> = []
      const get = (blob: string) => {
        asked.push(blob)
        return Effect.succeed(new TextEncoder().encode(lines(`${blob}0`, `${blob}1`)))
      }
      const records: ReadonlyArray<Run.RunRecord> = [
        { _tag: "Begun", model: "m", nonce: "n", at: 1 },
        { _tag: "Results", job: 0, count: 2, failed: 0, blob: "x" },
        { _tag: "Results", job: 0, count: 1, failed: 0, text: `${lines("y")}\n{"foreign":1}\n` },
        { _tag: "Results", job: 0, count: 0, failed: 0 },
        { _tag: "Results", job: 1, count: 2, failed: 0, blob: "z" }
      ]
      const from = (place: number) =>
        Effect.map(
          Stream.runCollect(RunResults.replayed(Stream.fromIterable(records), get, place)),
          (results) => results.map(({ key, place }) => `${place} ${key}`)
        )
      assert.deepStrictEqual(yield* from(0), ["0 x0", "1 x1", "2 y", "3 z0", "4 z1"])
      assert.deepStrictEqual(yield* from(1), ["1 x1", "2 y", "3 z0", "4 z1"])
      asked.length = 0
      assert.deepStrictEqual(yield* from(2), ["2 y", "3 z0", "4 z1"])
      assert.deepStrictEqual(yield* from(4), ["4 z1"])
      assert.deepStrictEqual(yield* from(5), [])
      // A blob that ends before the place is not read.
      assert.deepStrictEqual(asked, ["z", "z"])
    }))
})

describe("the tokens of two answers", () => {
  it("are added by their kind and modality, and there is no detail of which neither tells", () => {
    const none = {
      promptTokenCount: 0,
      cachedContentTokenCount: 0,
      candidatesTokenCount: 0,
      toolUsePromptTokenCount: 0,
      thoughtsTokenCount: 0,
      totalTokenCount: 0
    }
    assert.deepStrictEqual<object>(summed({}, {}), none)
    const one = Object.fromEntries(Object.keys(none).map((name, at) => [name, at + 1]))
    const twice = Object.fromEntries(Object.keys(none).map((name, at) => [name, 2 * (at + 1)]))
    assert.deepStrictEqual<object>(summed(one, one), twice)
    const text = [{ modality: "TEXT", tokenCount: 2 }]
    const both = [{ modality: "TEXT", tokenCount: 3 }, { tokenCount: 4 }]
    const details = [
      "promptTokensDetails",
      "cacheTokensDetails",
      "candidatesTokensDetails",
      "toolUsePromptTokensDetails"
    ]
    for (const name of details) {
      assert.deepStrictEqual<object>(summed({ [name]: text }, {}), { ...none, [name]: text })
      assert.deepStrictEqual<object>(summed({}, { [name]: text }), { ...none, [name]: text })
      assert.deepStrictEqual<object>(summed({ [name]: text }, { [name]: both }), {
        ...none,
        [name]: [{ modality: "TEXT", tokenCount: 5 }, { modality: "MODALITY_UNSPECIFIED", tokenCount: 4 }]
      })
    }
  })
})

describe("a batch over storage", () => {
  const made = (from: unknown, to?: string) => configs({ from: from as StoredBatch["from"], to }, 7)
  const of = (from: unknown, to?: string) => {
    const result = made(from, to)
    return Result.isSuccess(result)
      ? [Object.values(result.success.inputConfig)[1], Object.values(result.success.outputConfig)[1]]
      : result.failure.field
  }
  const dataset = "projects/p/locations/l/datasets/d"

  it("reads objects, a table or a dataset, and writes beside them or where it is told", () => {
    assert.deepStrictEqual(of("gs://b/a.jsonl"), [{ uris: ["gs://b/a.jsonl"] }, { outputUriPrefix: "gs://b/a/dest" }])
    assert.deepStrictEqual(of(["gs://b/a", "gs://b/c"]), [
      { uris: ["gs://b/a", "gs://b/c"] },
      { outputUriPrefix: "gs://b/a_dest_7" }
    ])
    assert.deepStrictEqual(of("bq://p.d.t"), [{ inputUri: "bq://p.d.t" }, { outputUri: "bq://p.d.t_dest_7" }])
    assert.deepStrictEqual(of("bq://p.d.jsonl"), [{ inputUri: "bq://p.d.jsonl" }, {
      outputUri: "bq://p.d.jsonl_dest_7"
    }])
    assert.deepStrictEqual(of(dataset, "gs://b/to"), [{ datasetName: dataset }, { outputUriPrefix: "gs://b/to" }])
    assert.deepStrictEqual(of("gs://b/a", "bq://p.d.t")[1], { outputUri: "bq://p.d.t" })
    assert.deepStrictEqual(
      made("bq://p.d.t"),
      Result.succeed({
        inputConfig: { instancesFormat: "bigquery", bigquerySource: { inputUri: "bq://p.d.t" } },
        outputConfig: { predictionsFormat: "bigquery", bigqueryDestination: { outputUri: "bq://p.d.t_dest_7" } }
      })
    )
  })

  it("from or to anywhere else is refused with what was given", () => {
    for (
      const from of ["", "gs://b", "gs:///a", "x gs://b/a", "bq://", "s3://b/a", [], ["gs://b/a", "bq://t"], 5, [5]]
    ) {
      assert.strictEqual(of(from), "from", JSON.stringify(from))
    }
    for (const to of ["", "gs://", "s3://b"]) assert.strictEqual(of("gs://b/a", to), "to")
    assert.strictEqual(of(dataset), "to")
    const words = (from: unknown, to?: string) => {
      const result = made(from, to)
      return Result.isFailure(result) ? result.failure.description : ""
    }
    assert.include(words(["gs://b/a", "bq://t"]), "got \"bq://t\"")
    assert.include(words([5]), "got number")
    assert.include(words(dataset), "a dataset does not say")
    assert.include(words("gs://b/a", "s3://b"), "got \"s3://b\"")
  })
})

describe("what came of a batch", () => {
  const http = {} as ResourceHttp.Service
  const read = BatchResults.reader("batches.results", GenerateContentResponse)
  const batch = (more: object): Batch.Batch => ({ name: "batches/1", ...more })
  const results = (given: Batch.Batch) => Stream.runCollect(read(http, given, { name: "batches/1" }, undefined, 1))
  const inlined = (...lines: ReadonlyArray<unknown>) =>
    batch({ done: true, response: { inlinedResponses: { inlinedResponses: lines } } })

  it.effect("is read line by line, each with its key", () =>
    Effect.gen(function*() {
      const found = yield* results(inlined(
        { key: "a", response: {} },
        { metadata: { key: "b" }, response: {} },
        { metadata: { key: 3 }, error: { code: 5, message: "gone" } },
        { response: { candidates: 1 } },
        {}
      ))
      assert.deepStrictEqual(found.map(({ _tag, index, key }) => [_tag, key, index]), [
        ["Success", "a", 0],
        ["Success", "b", 1],
        ["Failure", "3", 2],
        ["Failure", undefined, 3],
        ["Failure", undefined, 4]
      ])
      assert.include(found[2]?._tag === "Failure" ? found[2].error.message : "", "gone")
      assert.include(found[3]?._tag === "Failure" ? found[3].error.message : "", "response.candidates")
      const { message } = yield* Effect.flip(results(inlined({}, 5)))
      assert.include(message, "results[1]")
    }))

  it.effect("is refused where there is nothing to read, and says why", () =>
    Effect.gen(function*() {
      const rows: ReadonlyArray<readonly [given: Batch.Batch, tag: string, says: string]> = [
        [batch({ metadata: { state: "BATCH_STATE_RUNNING" } }), "InvalidRequest", "is not done: it is RUNNING"],
        [batch({ metadata: { state: "BATCH_STATE_EXPIRED" } }), "InvalidRequest", "EXPIRED"],
        [batch({ done: true, error: { code: 7, message: "denied" } }), "Unauthenticated", "denied"],
        [batch({ done: true, response: { responsesFile: "elsewhere/x" } }), "InvalidResponse", "responsesFile"],
        [batch({ done: true, response: { gcsOutputDirectory: "gs://b/o" } }), "Unsupported", "gs://b/o"],
        [
          batch({ done: true, response: { bigqueryOutputDataset: "p.d", bigqueryOutputTable: "t" } }),
          "Unsupported",
          "p.d.t"
        ]
      ]
      for (const [given, , says] of rows) {
        const error = yield* Effect.flip(results(given))
        assert.include(error.message, says)
      }
      const tags = yield* Effect.forEach(rows, ([given]) =>
        Effect.map(Effect.flip(results(given)), ({ reason }) => reason._tag))
      assert.deepStrictEqual(
        tags,
        rows.map(([, tag]) =>
          tag
        )
      )
    }))

  it("is over by its mark or by its state, whatever the state's prefix is", () => {
    const done = (more: object) => Batch.isDone(batch(more))
    assert.isTrue(done({ done: true }))
    assert.isFalse(done({}))
    for (const state of ["SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED"]) {
      for (const prefix of ["BATCH_STATE_", "JOB_STATE_", ""]) {
        assert.isTrue(done({ metadata: { state: `${prefix}${state}` } }))
        assert.isFalse(done({ metadata: { state: `${prefix}${state}X` } }))
      }
    }
    const output = { responsesFile: "files/a" }
    assert.strictEqual(Batch.outputOf(batch({ metadata: { output }, response: {} })), output)
    assert.strictEqual(Batch.outputOf(batch({ response: output })), output)
    assert.isUndefined(Batch.outputOf(batch({})))
    assert.isTrue(Batch.isOfEmbeddings(batch({ metadata: { "@type": "type.googleapis.com/x.EmbedContentBatch" } })))
    assert.isTrue(Batch.isOfEmbeddings(batch({ response: { inlinedEmbedContentResponses: {} } })))
    assert.isFalse(Batch.isOfEmbeddings(batch({ metadata: { "@type": "x.GenerateContentBatch" }, response: {} })))
  })
})
