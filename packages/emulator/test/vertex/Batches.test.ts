/** Batch prediction jobs at the emulator's Vertex AI, as a client without a library asks for them. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { ask, flash, home, memory, post, prompt } from "./wire.ts"

const jobs = `${home}/batchPredictionJobs`
const rows = "gs://bucket/rows.jsonl"
const lines = (...requests: ReadonlyArray<unknown>) =>
  requests.map((request) => `${JSON.stringify({ request })}\n`).join("")

const wanted = (more: Readonly<Record<string, unknown>> = {}) => ({
  displayName: "nightly",
  model: `publishers/google/models/${flash}`,
  inputConfig: { instancesFormat: "jsonl", gcsSource: { uris: [rows] } },
  outputConfig: { predictionsFormat: "jsonl", gcsDestination: { outputUriPrefix: "gs://bucket/answers" } },
  ...more
})

/** Puts requests into the bucket, makes a job, and gives its name. */
const begun = Effect.fnUntraced(function*(more?: Readonly<Record<string, unknown>>) {
  const { vertex } = yield* Emulator.Emulator
  yield* vertex.putObject(rows, lines(prompt("Say one"), { contents: [{ role: "tester", parts: [{ text: "x" }] }] }))
  const { body, status } = yield* post(jobs, wanted(more))
  assert.strictEqual(status, 200, JSON.stringify(body))
  return String(body["name"])
})

const read = (text: string | undefined): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  (text ?? "").trim().split("\n").map((line) => JSON.parse(line))

describe("a batch prediction job", () => {
  it.effect("goes through its states, and writes an answer or an error beside each request", () =>
    Effect.gen(function*() {
      const { adjust, batches, vertex } = yield* Emulator.Emulator
      const name = yield* begun()
      assert.match(name, new RegExp(`^${jobs}/\\d{19}$`))
      const first = yield* ask("GET", name)
      assert.deepStrictEqual<unknown>(first.body, {
        name,
        ...wanted(),
        state: "JOB_STATE_PENDING",
        createTime: "1970-01-01T00:00:00Z",
        updateTime: "1970-01-01T00:00:00Z",
        modelVersionId: "1"
      })
      yield* adjust("1 second")
      assert.strictEqual((yield* ask("GET", name)).body["state"], "JOB_STATE_RUNNING")
      yield* adjust("1 second")
      const { body } = yield* ask("GET", name)
      assert.strictEqual(body["state"], "JOB_STATE_SUCCEEDED")
      assert.strictEqual(body["endTime"], "1970-01-01T00:00:02Z")
      assert.deepStrictEqual(body["completionStats"], { successfulCount: "1", failedCount: "1" })
      const directory = "gs://bucket/answers/prediction-model-1970-01-01T00:00:02.000Z"
      assert.deepStrictEqual(body["outputInfo"], { gcsOutputDirectory: directory })
      const answers = read(yield* vertex.object(`${directory}/predictions.jsonl`))
      const good = answers.find(({ status }) => status === "")
      assert.deepStrictEqual(good?.["request"], prompt("Say one"))
      assert.strictEqual(good?.["processed_time"], "1970-01-01T00:00:02.000+00:00")
      const response = good?.["response"] as Record<string, unknown>
      assert.strictEqual(response["createTime"]?.toString().slice(0, 19), "1970-01-01T00:00:02", "Vertex AI's own form")
      const bad = answers.find(({ status }) => status !== "")
      assert.match(String(bad?.["status"]), /^Bad Request: \{"error":\{"code":400,"message":".*"INVALID_ARGUMENT"\}\}$/)
      assert.deepStrictEqual(bad?.["response"], {})
      assert.deepStrictEqual(yield* batches.counts, { created: 1, rows: 2 })
      assert.deepStrictEqual((yield* vertex.objects).map(({ uri }) => uri), [rows, `${directory}/predictions.jsonl`])
    }).pipe(memory()))

  it.effect("reads a table, whose column may be a text, and writes one", () =>
    Effect.gen(function*() {
      const { adjust, vertex } = yield* Emulator.Emulator
      yield* vertex.putObject("bq://p.d.rows", JSON.stringify({ id: 7, request: JSON.stringify(prompt("Say one")) }))
      const { body: made } = yield* post(jobs, {
        ...wanted(),
        inputConfig: { instancesFormat: "bigquery", bigquerySource: { inputUri: "bq://p.d.rows" } },
        outputConfig: { predictionsFormat: "bigquery", bigqueryDestination: { outputUri: "bq://p.d.answers" } }
      })
      yield* adjust("2 seconds")
      const { body } = yield* ask("GET", String(made["name"]))
      assert.deepStrictEqual(body["outputInfo"], { bigqueryOutputDataset: "bq://p.d", bigqueryOutputTable: "answers" })
      const [row] = read(yield* vertex.object("bq://p.d.answers"))
      assert.deepStrictEqual([row?.["id"], row?.["status"]], [7, ""])
    }).pipe(memory()))

  it.effect("fails where what it reads is not there, and ends in other ways by a fault", () =>
    Effect.gen(function*() {
      const { addFault, adjust } = yield* Emulator.Emulator
      const { body: made } = yield* post(jobs, wanted())
      yield* adjust("2 seconds")
      const { body } = yield* ask("GET", String(made["name"]))
      assert.strictEqual(body["state"], "JOB_STATE_FAILED")
      assert.deepStrictEqual<unknown>(body["error"], { code: 5, message: `Not found: ${rows}.` })
      yield* addFault({ when: { method: "batchPredictionJobs.create" }, batch: { state: "expired", after: 0 } })
      const name = yield* begun()
      assert.strictEqual((yield* ask("GET", name)).body["state"], "JOB_STATE_EXPIRED")
    }).pipe(memory()))

  it.effect("is cancelled, is listed by its state, and is deleted once it has ended", () =>
    Effect.gen(function*() {
      const one = yield* begun()
      const two = yield* begun({ displayName: "other" })
      const early = yield* ask("DELETE", one)
      assert.deepStrictEqual([early.status, early.body.error.status], [400, "FAILED_PRECONDITION"])
      assert.strictEqual((yield* post(`${one}:cancel`, {})).text.trim(), "{}")
      const listed = (query: string) =>
        Effect.map(ask("GET", `${jobs}?${query}`), ({ body }) =>
          ((body["batchPredictionJobs"] ?? []) as ReadonlyArray<{ name: string }>).map(({ name }) => name))
      assert.deepStrictEqual(yield* listed("pageSize=10"), [two, one])
      assert.deepStrictEqual(yield* listed(`filter=${encodeURIComponent("state=\"JOB_STATE_CANCELLED\"")}`), [one])
      assert.deepStrictEqual(yield* listed(`filter=${encodeURIComponent("display_name=other")}`), [two])
      assert.strictEqual((yield* ask("GET", `${jobs}?filter=x`)).status, 400)
      const { body: page } = yield* ask("GET", `${jobs}?pageSize=1`)
      assert.deepStrictEqual(yield* listed(`pageToken=${encodeURIComponent(String(page["nextPageToken"]))}`), [one])
      const { body: gone } = yield* ask("DELETE", one)
      assert.match(String(gone["name"]), new RegExp(`^${home}/operations/`))
      assert.strictEqual((yield* ask("GET", one)).status, 404)
      const elsewhere = yield* ask("GET", two.replace("europe-west4", "us-central1"))
      assert.strictEqual(elsewhere.status, 404, "a job belongs to its location")
    }).pipe(memory()))

  it.effect("is refused with the field that is missing, unknown or wrong, without a token, and for an unknown model", () =>
    Effect.gen(function*() {
      const refused = (more: Readonly<Record<string, unknown>>, headers?: Readonly<Record<string, string>>) =>
        Effect.map(post(jobs, wanted(more), headers), ({ body, status }) => [status, body.error.message] as const)
      const cases: ReadonlyArray<readonly [more: Readonly<Record<string, unknown>>, said: RegExp]> = [
        [{ displayName: "" }, /1\.Field: batch_prediction_job\.display_name; Message: Required/],
        [{ displayName: "x".repeat(129) }, /display_name/],
        [{ inputConfig: { instancesFormat: "jsonl" } }, /input_config; Message: Required/],
        [
          { inputConfig: { instancesFormat: "bigquery", gcsSource: { uris: [rows] } } },
          /input_config\.instances_format; Message: Unsupported format: bigquery/
        ],
        [
          { inputConfig: { instancesFormat: "jsonl", gcsSource: { uris: ["https://x"] } } },
          /input_config\.gcs_source\.uris; Message: Invalid URI: https:\/\/x/
        ],
        [{ outputConfig: { predictionsFormat: "jsonl" } }, /output_config; Message: Required/],
        [{ inputConfig: { requests: { requests: [] } } }, /Unknown name "requests" at 'input_config'/],
        [{ webhookConfig: {} }, /Unknown name "webhookConfig"/]
      ]
      for (const [more, said] of cases) {
        const [status, message] = yield* refused(more)
        assert.strictEqual(status, 400, message)
        assert.match(message, said)
      }
      const unknown = `${home}/publishers/google/models/nothing`
      assert.deepStrictEqual(yield* refused({ model: unknown }), [404, `Publisher Model \`${unknown}\` not found.`])
      assert.strictEqual((yield* refused({}, {}))[0], 401)
      const express = yield* post("batchPredictionJobs", wanted())
      assert.strictEqual(express.status, 404, "a job has a project")
      const gemini = yield* post("v1beta/batchPredictionJobs", wanted(), { "x-goog-api-key": "key" })
      assert.strictEqual(gemini.status, 404, "the Gemini API has none")
    }).pipe(memory()))
})
