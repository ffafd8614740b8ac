/**
 * Batches of `@google/genai` 3.3: its requests and ours are equal but for differences that are named with their reason, and
 * it works against the emulator.
 */
import { GoogleGenAI } from "@google/genai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Batches from "effect-gemini/batches/Batches"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { type AskedRequest, equal } from "./equalRequests.ts"

const model = "gemini-3.8-flash"
const embedder = "gemini-embedding-001"

// It warns on every call that its embeddings are experimental.
vi.spyOn(console, "warn").mockImplementation(() => undefined)

const sdkOf = (baseUrl: string) => new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl, apiVersion: "v1beta" } })

const oursOf =
  (baseUrl: string) => <A>(use: (batches: Batches.BatchesService) => Effect.Effect<A, GeminiError>): Promise<A> =>
    Effect.runPromise(
      Batches.Batches.use(use).pipe(
        Effect.provide(
          Batches.layer().pipe(
            Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl })),
            Layer.provide(NodeGemini.layerHttpClient())
          )
        )
      )
    )

const batch = { name: "batches/abc", metadata: { state: "BATCH_STATE_PENDING", name: "batches/abc" } }

const answer = ({ method, path, query }: AskedRequest) => {
  if (method === "DELETE" || path.endsWith(":cancel")) return { body: {} }
  if (method === "GET" && path === "/v1beta/batches") {
    const operations = [batch]
    return { body: query["pageToken"] === undefined ? { operations, nextPageToken: "two" } : { operations } }
  }
  return { body: batch }
}

type Sdk = ReturnType<typeof sdkOf>["batches"]

const named = {
  "*.body.batch.displayName: undefined → \"batch-":
    "a batch of ours has a display name that nothing else bears, by which a lost answer is settled"
}
const keyed = {
  "*.body.batch.inputConfig.requests.requests.*.metadata":
    "the SDK gives a request for an embedding no key, and ours are known by one"
}

const pairs: ReadonlyArray<
  readonly [
    name: string,
    theirs: (batches: Sdk) => Promise<unknown>,
    ours: (batches: Batches.BatchesService) => Effect.Effect<unknown, GeminiError>,
    reasons?: Readonly<Record<string, string>>
  ]
> = [
  [
    "a create with requests",
    (batches) =>
      batches.create({
        model,
        src: [
          {
            contents: [{ role: "user", parts: [{ text: "Hi" }] }],
            metadata: { key: "1" },
            config: { temperature: 0.5, systemInstruction: { parts: [{ text: "Be brief." }] } }
          },
          { contents: [{ role: "user", parts: [{ text: "Ho" }] }], metadata: { key: "2" } }
        ],
        config: { displayName: "greetings", webhookConfig: { uris: ["https://example.com/hook"] } }
      }),
    (batches) =>
      batches.create({
        model,
        rows: [
          {
            key: "1",
            request: { contents: "Hi", systemInstruction: "Be brief.", generationConfig: { temperature: 0.5 } }
          },
          { key: "2", request: { contents: "Ho" } }
        ],
        displayName: "greetings",
        webhook: { uris: ["https://example.com/hook"] }
      })
  ],
  [
    "a create with a file",
    (batches) => batches.create({ model, src: { fileName: "files/abc" } }),
    (batches) => batches.create({ model, file: "files/abc" }),
    named
  ],
  [
    "embeddings of requests",
    (batches) =>
      batches.createEmbeddings({
        model: embedder,
        src: {
          inlinedRequests: {
            contents: [{ role: "user", parts: [{ text: "Hi" }] }],
            config: { taskType: "RETRIEVAL_QUERY", outputDimensionality: 64 }
          }
        },
        config: { displayName: "vectors" }
      }),
    (batches) =>
      batches.createEmbeddings({
        model: embedder,
        rows: [{
          key: "1",
          request: {
            contents: { role: "user", parts: [{ text: "Hi" }] },
            taskType: "RETRIEVAL_QUERY",
            outputDimensionality: 64
          }
        }],
        displayName: "vectors"
      }),
    keyed
  ],
  [
    "embeddings of a file",
    (batches) =>
      batches.createEmbeddings({ model: embedder, src: { fileName: "files/abc" }, config: { displayName: "vectors" } }),
    (batches) => batches.createEmbeddings({ model: embedder, file: "files/abc", displayName: "vectors" })
  ],
  ["get", (batches) => batches.get({ name: "batches/abc" }), (batches) => batches.get("batches/abc")],
  ["cancel", (batches) => batches.cancel({ name: "batches/abc" }), (batches) => batches.cancel("abc")],
  ["delete", (batches) => batches.delete({ name: "batches/abc" }), (batches) => batches.delete("batches/abc")],
  [
    "a list over its pages",
    async (batches) => {
      for await (const _ of await batches.list({ config: { pageSize: 7 } }));
    },
    (batches) => Stream.runDrain(batches.list({ pageSize: 7 }))
  ]
]

describe("requests of the official SDK and ours are equal", () => {
  for (const [name, theirs, ours, reasons] of pairs) {
    it(name, () =>
      equal(name, answer, {
        official: (url) => theirs(sdkOf(url).batches),
        ours: (url) => oursOf(url)(ours),
        reasons
      }))
  }
})

describe("the official SDK works against the emulator", () => {
  let emulator: Awaited<ReturnType<typeof Standalone.start>>
  beforeAll(async () => {
    emulator = await Standalone.start({ answers: ["Hello!"] })
  })
  afterAll(() => emulator.stop())

  const requests = ["one", "two"].map((key) => ({
    contents: [{ role: "user", parts: [{ text: `Say ${key}` }] }],
    metadata: { key }
  }))

  it("creates a batch, sees it through its states, and reads what it made", async () => {
    const { batches } = sdkOf(emulator.url)
    const { name = "", state } = await batches.create({ model, src: requests, config: { displayName: "two" } })
    assert.strictEqual(state, "JOB_STATE_PENDING")
    emulator.adjust("1 second")
    assert.strictEqual((await batches.get({ name })).state, "JOB_STATE_RUNNING")
    emulator.adjust("1 second")
    const done = await batches.get({ name })
    assert.strictEqual(done.state, "JOB_STATE_SUCCEEDED")
    const responses = done.dest?.inlinedResponses ?? []
    assert.strictEqual(responses[0]?.response?.candidates?.[0]?.content?.parts?.[0]?.text, "Hello!")
    assert.deepStrictEqual(responses.map(({ metadata }) => metadata), [{ key: "one" }, { key: "two" }])
    await batches.delete({ name })
    assert.match(await batches.get({ name }).then(() => "", String), /404/)
  })

  it("reads the file of a batch, lists, cancels, and embeds", async () => {
    const { batches, files } = sdkOf(emulator.url)
    const lines = ["a", "b"].map((key) =>
      JSON.stringify({ key, request: { contents: [{ parts: [{ text: `Say ${key}` }] }] } })
    )
    const file = await files.upload({
      file: new Blob([lines.join("\n")], { type: "application/jsonl" }),
      config: { mimeType: "application/jsonl" }
    })
    const made = await batches.create({ model, src: file.name ?? "", config: { displayName: "of a file" } })
    const stopped = await batches.create({ model, src: requests, config: { displayName: "stopped" } })
    const vectors = await batches.createEmbeddings({
      model: embedder,
      src: { inlinedRequests: { contents: ["Hi", "Ho"], config: { outputDimensionality: 8 } } }
    })
    await batches.cancel({ name: stopped.name ?? "" })
    emulator.adjust("2 seconds")
    const states: Array<readonly [string | undefined, string | undefined]> = []
    for await (const { displayName, state } of await batches.list({ config: { pageSize: 2 } })) {
      states.push([displayName, state])
    }
    assert.deepStrictEqual(states, [
      [undefined, "JOB_STATE_SUCCEEDED"],
      ["stopped", "JOB_STATE_CANCELLED"],
      ["of a file", "JOB_STATE_SUCCEEDED"]
    ])
    const { dest } = await batches.get({ name: made.name ?? "" })
    const response = await fetch(`${emulator.url}/download/v1beta/${dest?.fileName}:download?alt=media&key=key`)
    const results = (await response.text()).trim().split("\n").map((line) => JSON.parse(line))
    assert.deepStrictEqual(results.map(({ key, response }) => [key, typeof response.candidates[0].finishReason]), [
      ["a", "string"],
      ["b", "string"]
    ])
    const embedded = (await batches.get({ name: vectors.name ?? "" })).dest?.inlinedEmbedContentResponses ?? []
    assert.deepStrictEqual(embedded.map(({ response }) => response?.embedding?.values?.length), [8, 8])
  })
})
