/** Batches on Vertex AI: how a job is read as a batch, and what is refused before anything goes out. */
import { assert, describe, it } from "@effect/vitest"
import * as Batches from "effect-gemini/batches/Batches"
import * as FetchGemini from "effect-gemini/FetchGemini"
import type { GeminiError } from "effect-gemini/GeminiError"
import type { Member } from "effect-gemini/members/Member"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Batch from "effect-gemini/wire/Batch"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Server from "./vertexServer.ts"

const place = { project: "my-project", location: "europe-west1" }
const home = "projects/my-project/locations/europe-west1"
const model = "gemini-3.8-flash"
const job = {
  name: `${home}/batchPredictionJobs/123`,
  displayName: "nightly",
  model: `publishers/google/models/${model}`,
  state: "JOB_STATE_RUNNING",
  createTime: "2026-11-30T12:00:00Z"
}
const directory = "gs://bucket/answers/prediction-model-2026-11-30T13:00:00Z"
const done = {
  ...job,
  state: "JOB_STATE_PARTIALLY_SUCCEEDED",
  outputInfo: { gcsOutputDirectory: directory },
  completionStats: { successfulCount: "3", failedCount: "1", incompleteCount: "-1" }
}

const tokens = AccessToken.layerStatic(Redacted.make("ya29.a-token"))
const retry = { attempts: 2, baseDelay: "1 millis" } as const

type Layers = (url: string) => Layer.Layer<Batches.Batches>

const vertex: Layers = (baseUrl) =>
  Vertex.destination({ ...place, baseUrl }).pipe(
    Effect.map((destination) => Layer.provide(Batches.layer(), ResourceHttp.layer({ destination, retry }))),
    Layer.unwrap,
    Layer.provide([tokens, FetchGemini.layerHttpClient])
  )

const gemini: Layers = (baseUrl) =>
  Batches.layer().pipe(
    Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl, retry })),
    Layer.provide(FetchGemini.layerHttpClient)
  )

const both: Layers = (baseUrl) => {
  const members: ReadonlyArray<Member> = [
    { name: "key", apiKey: Redacted.make("key"), baseUrl },
    { name: "west", api: "vertex", ...place, baseUrl }
  ]
  return Batches.layer().pipe(
    Layer.provide(MemberResources.layer()),
    Layer.provide(Vertex.layerMembers({ members })),
    Layer.provide([tokens, FetchGemini.layerHttpClient])
  )
}

/** Makes a call, and gives what the server was asked. */
const sent = Effect.fnUntraced(function*<A, E>(
  layer: Layers,
  call: (batches: Batches.BatchesService) => Effect.Effect<A, E>,
  answer: (asked: Server.Asked, count: number) => Server.Answer = () => ({ body: job })
) {
  const server = yield* Server.listen(answer)
  const result = yield* Batches.Batches.use(call).pipe(Effect.provide(layer(server.url)))
  return { result, asked: server.asked }
}, Effect.scoped)

const stored: Batches.StoredBatch = { model, from: "gs://bucket/rows.jsonl" }
const rows = [{ key: "a", request: { contents: "Hi" } }]

const capability = ({ reason }: GeminiError): string => reason._tag === "Unsupported" ? reason.message : reason._tag

describe("Batches on Vertex AI", () => {
  it.live("a job is a batch: with its state, its counts, and the place of its answers", () =>
    Effect.gen(function*() {
      const { result: made } = yield* sent(vertex, (batches) => batches.create(stored))
      assert.strictEqual(made.batch.name, job.name)
      assert.deepStrictEqual(made.handle, { name: "batchPredictionJobs/123" })
      assert.strictEqual(Batch.stateOf(made.batch), "RUNNING")
      assert.isFalse(Batch.isDone(made.batch))
      const { asked, result: { batch } } = yield* sent(
        vertex,
        (batches) => batches.awaitDone(made.handle, { interval: "1 millis" }),
        (_, count) => ({ body: count === 1 ? job : done })
      )
      assert.deepStrictEqual(asked.map(({ path }) => path), [1, 2].map(() => `/v1beta1/${job.name}`))
      assert.strictEqual(Batch.stateOf(batch), "PARTIALLY_SUCCEEDED")
      assert.isTrue(Batch.isDone(batch) && batch.done)
      assert.deepStrictEqual(Batch.outputOf(batch), { gcsOutputDirectory: directory })
      assert.deepStrictEqual(batch.metadata?.batchStats, {
        requestCount: "4",
        successfulRequestCount: "3",
        failedRequestCount: "1"
      })
    }))

  it.live("a job that failed says why, and one without results fails as it", () =>
    Effect.gen(function*() {
      const failed = { ...job, state: "JOB_STATE_FAILED", error: { code: 7, message: "no access to the bucket" } }
      const { result } = yield* sent(
        vertex,
        (batches) => Effect.flip(Stream.runCollect(batches.results(job.name))),
        () => ({ body: failed })
      )
      assert.include(result.message, "no access to the bucket")
    }))

  it.live("results are not read, and the refusal names the directory or the table", () =>
    Effect.gen(function*() {
      const table = { bigqueryOutputDataset: "bq://p.d", bigqueryOutputTable: "answers" }
      for (const [outputInfo, said] of [[done.outputInfo, directory], [table, "bq://p.d.answers"]] as const) {
        const { result } = yield* sent(
          vertex,
          (batches) => Effect.flip(Stream.runCollect(batches.results(job.name))),
          () => ({ body: { ...done, outputInfo } })
        )
        assert.strictEqual(result.reason._tag, "Unsupported")
        assert.include(result.message, said)
      }
    }))

  it.live("rows, a file and embeddings are refused with the way to go, and so is a stored batch on the Gemini API", () =>
    Effect.gen(function*() {
      const embed = [{ key: "a", request: { contents: "Hi" } }]
      type Call = (batches: Batches.BatchesService) => Effect.Effect<unknown, GeminiError>
      const calls: ReadonlyArray<readonly [layer: Layers, call: Call, said: string]> = [
        [vertex, (batches) => batches.create({ model, rows }), "`from`"],
        [vertex, (batches) => batches.create({ model, file: "files/abc" }), "`from`"],
        [vertex, (batches) => batches.create({ model, rows, inlineBytes: 0 }), "Cloud Storage"],
        [vertex, (batches) => batches.createEmbeddings({ model: "gemini-embedding-001", rows: embed }), "by calls"],
        [gemini, (batches) => batches.create(stored), "ask Vertex AI"],
        [gemini, (batches) => batches.get(job.name), "ask Vertex AI"],
        [gemini, (batches) => batches.cancel("batchPredictionJobs/123"), "ask Vertex AI"]
      ]
      for (const [layer, call, said] of calls) {
        const { asked, result } = yield* sent(layer, (batches) => Effect.flip(call(batches)))
        assert.include(capability(result), said)
        assert.lengthOf(asked, 0)
      }
    }))

  it.live("what cannot be a place is refused with its field", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [field: string, more: Partial<Batches.StoredBatch>]> = [
        ["from", { from: "s3://bucket/rows.jsonl" }],
        ["from", { from: "gs://bucket" }],
        ["from", { from: [] }],
        ["from", { from: ["gs://bucket/a.jsonl", "bq://p.d.t"] }],
        ["to", { to: "files/abc" }],
        ["to", { from: `${home}/datasets/9` }],
        ["displayName", { displayName: "x".repeat(129) }],
        ["model", { model: "" }]
      ]
      for (const [field, more] of cases) {
        const { asked, result } = yield* sent(vertex, (batches) => Effect.flip(batches.create({ ...stored, ...more })))
        assert.strictEqual(result.reason._tag === "InvalidRequest" ? result.reason.fields[0]?.field : "", field)
        assert.lengthOf(asked, 0)
      }
      const mixed: object = { ...stored, rows }
      const { result } = yield* sent(
        vertex,
        (batches) => Effect.flip(batches.create(mixed as Batches.StoredBatch))
      )
      assert.include(result.message, "rows")
    }))

  it.live("a create whose answer was lost is found by its display name, and not made twice", () =>
    Effect.gen(function*() {
      let name: unknown
      const { asked, result } = yield* sent(
        vertex,
        (batches) => batches.create(stored),
        ({ body, method }) => {
          if (method === "GET") return { body: { batchPredictionJobs: [{ ...job, displayName: name }] } }
          name = Object(body).displayName
          return { status: 503, body: { error: { code: 503, message: "lost", status: "UNAVAILABLE" } } }
        }
      )
      assert.deepStrictEqual(asked.map(({ method }) => method), ["POST", "GET"])
      assert.strictEqual(result.batch.metadata?.displayName, name)
      assert.deepStrictEqual(result.handle, { name: "batchPredictionJobs/123" })
    }))

  it.live("in a pool of both APIs each batch is made where it can be, and asked for there", () =>
    Effect.gen(function*() {
      const answer = ({ path }: Server.Asked): Server.Answer => ({
        body: path.includes("/projects/") ? job : { name: "batches/abc", metadata: { state: "BATCH_STATE_PENDING" } }
      })
      const { asked, result } = yield* sent(both, (batches) =>
        Effect.gen(function*() {
          const one = yield* batches.create(stored)
          const two = yield* batches.create({ model, rows })
          const three = yield* batches.create(stored)
          yield* batches.get(one.handle)
          yield* batches.get(two.handle)
          return [one, two, three].map(({ handle }) => handle.member)
        }), answer)
      assert.deepStrictEqual(result, ["west", "key", "west"])
      assert.deepStrictEqual(asked.map(({ path }) => path.replace(/^\/v1beta1?\//, "")), [
        `${home}/batchPredictionJobs`,
        `models/${model}:batchGenerateContent`,
        `${home}/batchPredictionJobs`,
        job.name,
        "batches/abc"
      ])
    }))
})
