/**
 * Batches of ours and of `@google/genai` 3.3 at the emulator's Vertex AI, over real sockets: both make the same jobs, and
 * each sees what the other one made.
 */
import { GoogleGenAI, JobState } from "@google/genai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Batches from "effect-gemini/batches/Batches"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Vertex from "effect-gemini/Vertex"
import * as VertexAuth from "effect-gemini/VertexAuth"
import * as Batch from "effect-gemini/wire/Batch"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as MetadataServer from "./metadataServer.ts"

const model = "gemini-3.8-flash"
const place = { project: "a-project", location: "europe-west1" }
const questions = "gs://bucket/questions.jsonl"

MetadataServer.forFile()

let emulator: Awaited<ReturnType<typeof Standalone.start>>
beforeAll(async () => {
  emulator = await Standalone.start({ batchPending: 0, batchRunning: 0, vertex: { tokens: {} } })
  const lines = ["one", "two", "three"].map((text) =>
    JSON.stringify({ request: { contents: [{ role: "user", parts: [{ text: `Say ${text}` }] }] } })
  )
  emulator.vertex.putObject(questions, lines.join("\n"))
})
afterAll(() => emulator.stop())

const sdk = () => new GoogleGenAI({ vertexai: true, ...place, httpOptions: { baseUrl: emulator.url } })

const ours = <A>(use: (batches: Batches.BatchesService) => Effect.Effect<A, GeminiError>): Promise<A> =>
  Vertex.destination({ ...place, baseUrl: emulator.url }).pipe(
    Effect.map((destination) => Layer.provide(Batches.layer(), ResourceHttp.layer({ destination }))),
    Layer.unwrap,
    Layer.provide([VertexAuth.layer(), NodeGemini.layerHttpClient()]),
    (layer) => Effect.runPromise(Effect.provide(Batches.Batches.use(use), layer))
  )

const answersAt = (directory: string | null | undefined) =>
  (emulator.vertex.object(`${directory}/predictions.jsonl`) ?? "").trim().split("\n").map((line) => JSON.parse(line))

describe("batches at the emulator's Vertex AI", () => {
  it("ours is made, waited for, listed and deleted, and its answers lie where it says", async () => {
    const seen = await ours(
      Effect.fnUntraced(function*(batches: Batches.BatchesService) {
        const { handle } = yield* batches.create({ model, from: questions, to: "gs://bucket/ours" })
        const { batch } = yield* batches.awaitDone(handle)
        const listed = yield* Stream.runCollect(batches.list({ pageSize: 1 }))
        const found = yield* batches.find(batch.metadata?.displayName ?? "")
        yield* batches.delete(handle)
        const gone = yield* Effect.match(batches.get(handle), {
          onFailure: ({ reason }) => reason._tag,
          onSuccess: () => "still there"
        })
        return { batch, found, gone, listed }
      })
    )
    assert.strictEqual(Batch.stateOf(seen.batch), "SUCCEEDED")
    assert.deepStrictEqual(seen.batch.metadata?.batchStats, { successfulRequestCount: "3", requestCount: "3" })
    assert.deepStrictEqual(seen.listed.map(({ batch }) => batch.name), [seen.batch.name])
    assert.strictEqual(seen.found?.batch.name, seen.batch.name)
    assert.strictEqual(seen.gone, "NotFound")
    const answers = answersAt(Batch.outputOf(seen.batch)?.gcsOutputDirectory)
    assert.deepStrictEqual(
      answers.map(({ request }) => request.contents[0].parts[0].text).sort(),
      ["Say one", "Say three", "Say two"]
    )
    assert.isTrue(answers.every(({ response, status }) => status === "" && response.candidates.length === 1))
  })

  it("the official SDK's is made where it chooses, and both see it alike", async () => {
    const made = await sdk().batches.create({ model, src: questions })
    const name = made.name ?? ""
    assert.match(name, /^projects\/a-project\/locations\/europe-west1\/batchPredictionJobs\/\d+$/)
    const theirs = await sdk().batches.get({ name })
    assert.strictEqual(theirs.state, JobState.JOB_STATE_SUCCEEDED)
    assert.strictEqual(theirs.dest?.gcsUri, "gs://bucket/questions/dest")
    const { batch } = await ours((batches) => batches.get(name))
    assert.strictEqual(batch.metadata?.displayName, theirs.displayName)
    assert.strictEqual(answersAt(Batch.outputOf(batch)?.gcsOutputDirectory).length, 3)
    const listed: Array<string | undefined> = []
    for await (const job of await sdk().batches.list({ config: { pageSize: 1 } })) listed.push(job.name)
    assert.deepStrictEqual(listed, [name])
    await sdk().batches.cancel({ name })
    await sdk().batches.delete({ name })
    const gone = await sdk().batches.get({ name }).catch((error: unknown) => error)
    assert.strictEqual(Object(gone).status, 404)
  })
})
