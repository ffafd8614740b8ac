/**
 * `@google/genai` 3.3 with `vertexai: true`: its requests and ours are equal for every method that both have, but for
 * differences that are named with their reason. Both log in by Google's own library at one metadata server.
 */
import {
  FunctionCallingConfigMode,
  GoogleGenAI,
  HarmBlockThreshold,
  HarmCategory,
  ThinkingLevel,
  Type
} from "@google/genai"
import * as Batches from "effect-gemini/batches/Batches"
import * as Caches from "effect-gemini/caches/Caches"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import type * as ModelPool from "effect-gemini/ModelPool"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Vertex from "effect-gemini/Vertex"
import * as ComputeTokens from "effect-gemini/vertex/ComputeTokens"
import * as VertexAuth from "effect-gemini/VertexAuth"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { assert, describe, it, vi } from "vitest"
import * as Paths from "../../../gemini/src/internal/vertex/paths.ts"
import { type AskedRequest, equal } from "../resources/equalRequests.ts"
import * as MetadataServer from "./metadataServer.ts"

const model = "gemini-3.8-flash"
const contents = [{ role: "user", parts: [{ text: "Hi" }] }]
const place = { project: "a-project", location: "europe-west1" }

MetadataServer.forFile()

interface At {
  readonly project?: string
  readonly location?: string
  readonly key?: string
}

const sdkOf = (baseUrl: string, { key, ...at }: At) =>
  new GoogleGenAI({ vertexai: true, ...at, ...(key === undefined ? {} : { apiKey: key }), httpOptions: { baseUrl } })

type Services = GeminiHttp.GeminiHttp | Caches.Caches | Batches.Batches | ModelPool.ModelPool

const oursOf = (baseUrl: string, { key, ...at }: At): Layer.Layer<Services> =>
  Vertex.destination({ ...at, baseUrl, ...(key === undefined ? {} : { apiKey: Redacted.make(key) }) }).pipe(
    Effect.map((destination) =>
      Layer.mergeAll(
        GeminiHttp.layer({ destination }),
        GeminiClient.layer({ destination }),
        Layer.provide(Layer.mergeAll(Caches.layer, Batches.layer()), ResourceHttp.layer({ destination }))
      )
    ),
    Layer.unwrap,
    Layer.provide([VertexAuth.layer(), NodeGemini.layerHttpClient()])
  )

const answered = { candidates: [{ content: { role: "model", parts: [{ text: "Ho" }] }, finishReason: "STOP" }] }
const resource = `projects/a-project/locations/europe-west1`
const cache = { name: `${resource}/cachedContents/abc`, model: `${resource}/publishers/google/models/${model}` }

const job = { name: `${resource}/batchPredictionJobs/123`, state: "JOB_STATE_PENDING" }

const answer = ({ method, path, query }: AskedRequest) => {
  if (method === "DELETE" || path.endsWith(":cancel")) return { body: {} }
  if (path.endsWith(":streamGenerateContent")) {
    return {
      body: new TextEncoder().encode(`data: ${JSON.stringify(answered)}\n\n`),
      headers: { "content-type": "text/event-stream" }
    }
  }
  if (path.endsWith(":countTokens")) return { body: { totalTokens: 1 } }
  if (path.endsWith(":computeTokens")) return { body: { tokensInfo: [{ tokenIds: ["1"], tokens: ["SGk="] }] } }
  if (path.endsWith(":predict")) return { body: { predictions: [1, 2].map(() => ({ embeddings: { values: [1] } })) } }
  if (path.endsWith(":embedContent")) return { body: { embedding: { values: [1] } } }
  const more = query["pageToken"] === undefined ? { nextPageToken: "two" } : {}
  if (path.endsWith("/batchPredictionJobs") && method === "GET") {
    return { body: { batchPredictionJobs: [job], ...more } }
  }
  if (path.includes("/batchPredictionJobs")) return { body: job }
  if (path.endsWith("/cachedContents") && method === "GET") return { body: { cachedContents: [cache], ...more } }
  if (path.includes("/cachedContents")) return { body: cache }
  if (path.endsWith("/publishers/google/models")) {
    return { body: { publisherModels: [{ name: `publishers/google/models/${model}` }], ...more } }
  }
  if (method === "GET") return { body: { name: `publishers/google/models/${model}`, versionId: "1" } }
  return { body: answered }
}

type Ours = Effect.Effect<unknown, GeminiError, Services>

const http = (use: (http: GeminiHttp.Service) => Effect.Effect<unknown, GeminiError>): Ours =>
  GeminiHttp.GeminiHttp.use(use)
const caches = (use: (caches: Caches.CachesService) => Effect.Effect<unknown, GeminiError>): Ours =>
  Caches.Caches.use(use)

const batches = (use: (batches: Batches.BatchesService) => Effect.Effect<unknown, GeminiError>): Ours =>
  Batches.Batches.use(use)

const named = {
  "*.body.displayName": "a batch of ours has a display name that nothing else bears, by which a lost answer is settled"
}
const timed = "the name ends in the milliseconds of the moment"

const declaration = { name: "page", description: "A page", parametersJsonSchema: { type: "object" } }
const safetySettings = [{
  category: HarmCategory.HARM_CATEGORY_HARASSMENT,
  threshold: HarmBlockThreshold.BLOCK_ONLY_HIGH
}]
const toolConfig = { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["page"] } }
const generation = {
  temperature: 0.5,
  topP: 0.9,
  topK: 40,
  candidateCount: 1,
  maxOutputTokens: 100,
  stopSequences: ["END"],
  seed: 7,
  presencePenalty: 0.1,
  frequencyPenalty: 0.2,
  responseLogprobs: true,
  logprobs: 2,
  responseMimeType: "application/json",
  thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW }
}
const responseSchema = { type: Type.OBJECT, properties: { a: { type: Type.STRING } }, required: ["a"] }
const system = { role: "user", parts: [{ text: "Be brief." }] }
const history = [
  ...contents,
  { role: "model", parts: [{ functionCall: { name: "page", args: { n: 1 } }, thoughtSignature: "c2ln" }] },
  { role: "user", parts: [{ functionResponse: { name: "page", response: { text: "x" } } }] },
  {
    role: "user",
    parts: [
      {
        fileData: { fileUri: "gs://bucket/a.mp4", mimeType: "video/mp4" },
        videoMetadata: { startOffset: "1s", fps: 2 }
      },
      { inlineData: { data: "AAAA", mimeType: "image/png" } }
    ]
  }
]

const pairs: ReadonlyArray<
  readonly [
    name: string,
    theirs: (sdk: GoogleGenAI) => Promise<unknown>,
    ours: Ours,
    more?: { readonly at?: At; readonly reasons?: Readonly<Record<string, string>> }
  ]
> = [
  [
    "generateContent of a text",
    (sdk) => sdk.models.generateContent({ model, contents: "Hi" }),
    http((gemini) => gemini.generateContent({ model, contents: "Hi" }))
  ],
  [
    "generateContent of everything",
    (sdk) =>
      sdk.models.generateContent({
        model,
        contents: history,
        config: {
          ...generation,
          responseSchema,
          systemInstruction: system,
          safetySettings,
          tools: [{ functionDeclarations: [declaration] }, { googleSearch: {} }, { codeExecution: {} }],
          toolConfig,
          labels: { team: "bridges" }
        }
      }),
    http((gemini) =>
      gemini.generateContent({
        model,
        contents: history,
        generationConfig: { ...generation, responseSchema },
        systemInstruction: system,
        safetySettings,
        tools: [{ functionDeclarations: [declaration] }, { googleSearch: {} }, { codeExecution: {} }],
        toolConfig,
        labels: { team: "bridges" }
      })
    )
  ],
  [
    "generateContent with a cache",
    (sdk) => sdk.models.generateContent({ model, contents: "Hi", config: { cachedContent: cache.name } }),
    http((gemini) => gemini.generateContent({ model, contents: "Hi", cachedContent: cache.name })),
    { reasons: { "*.body.generationConfig: {} → undefined": "the SDK writes settings also where there are none" } }
  ],
  [
    "generateContentStream",
    async (sdk) => {
      for await (const _ of await sdk.models.generateContentStream({ model, contents: "Hi" }));
    },
    http((gemini) => Stream.runDrain(gemini.generateContentStream({ model, contents: "Hi" })))
  ],
  ...[
    `publishers/google/models/${model}`,
    "publishers/meta/models/llama-4",
    "projects/other/locations/us-central1/endpoints/123"
  ].map((name) =>
    [
      `the model ${name}`,
      (sdk: GoogleGenAI) => sdk.models.generateContent({ model: name, contents: "Hi" }),
      http((gemini) => gemini.generateContent({ model: name, contents: "Hi" }))
    ] as const
  ),
  [
    `the model models/${model}`,
    (sdk) => sdk.models.generateContent({ model: `models/${model}`, contents: "Hi" }),
    http((gemini) => gemini.generateContent({ model: `models/${model}`, contents: "Hi" })),
    {
      reasons: {
        "*.path: ":
          "models/… is a name of the Gemini API, which stands for the same model here; for the SDK it is a model that the project has uploaded, which we know by its endpoint"
      }
    }
  ],
  [
    "countTokens",
    (sdk) =>
      sdk.models.countTokens({
        model,
        contents,
        config: {
          systemInstruction: system,
          tools: [{ functionDeclarations: [declaration] }],
          generationConfig: { temperature: 0.5 }
        }
      }),
    http((gemini) =>
      gemini.countTokens({
        model,
        generateContentRequest: {
          model: `models/${model}`,
          contents,
          systemInstruction: system,
          tools: [{ functionDeclarations: [declaration] }],
          generationConfig: { temperature: 0.5 }
        }
      })
    )
  ],
  ...[contents, history].map((contents, n) =>
    [
      `computeTokens of ${n === 0 ? "a text" : "functions and files"}`,
      (sdk: GoogleGenAI) => sdk.models.computeTokens({ model, contents }),
      ComputeTokens.computeTokens({ model, contents })
    ] as const
  ),
  [
    "embedContent of an older model, by predict",
    (sdk) =>
      sdk.models.embedContent({
        model: "text-embedding-005",
        contents: ["one", "two"],
        config: { taskType: "RETRIEVAL_DOCUMENT", title: "A title", outputDimensionality: 256 }
      }),
    http((gemini) =>
      gemini.batchEmbedContents({
        model: "text-embedding-005",
        requests: ["one", "two"].map((text) => ({
          model: "models/text-embedding-005",
          content: { parts: [{ text }] },
          taskType: "RETRIEVAL_DOCUMENT",
          title: "A title",
          outputDimensionality: 256
        }))
      })
    )
  ],
  [
    "embedContent of a newer model",
    (sdk) =>
      sdk.models.embedContent({ model: "gemini-embedding-2", contents: "one", config: { outputDimensionality: 256 } }),
    http((gemini) =>
      gemini.embedContent({
        model: "gemini-embedding-2",
        content: { parts: [{ text: "one" }] },
        outputDimensionality: 256
      })
    )
  ],
  [
    "models.list over its pages",
    async (sdk) => {
      for await (const _ of await sdk.models.list({ config: { pageSize: 7 } }));
    },
    http((gemini) => Stream.runDrain(gemini.listModels({ pageSize: 7 })))
  ],
  ["models.get", (sdk) => sdk.models.get({ model }), http((gemini) => gemini.getModel({ model }))],
  [
    "caches.create",
    (sdk) =>
      sdk.caches.create({ model, config: { contents, systemInstruction: system, displayName: "manual", ttl: "600s" } }),
    caches((caches) =>
      caches.create({ model, contents, systemInstruction: system, displayName: "manual", ttl: "10 minutes" })
    )
  ],
  [
    "caches.get, by its id",
    (sdk) => sdk.caches.get({ name: "abc" }),
    caches((caches) => caches.get("abc"))
  ],
  [
    "caches.update",
    (sdk) => sdk.caches.update({ name: cache.name, config: { ttl: "90.5s" } }),
    caches((caches) => caches.update(cache.name, { ttl: "90500 millis" }))
  ],
  [
    "caches.delete",
    (sdk) => sdk.caches.delete({ name: cache.name }),
    caches((caches) => caches.delete(cache.name))
  ],
  [
    "caches.list over its pages",
    async (sdk) => {
      for await (const _ of await sdk.caches.list({ config: { pageSize: 7 } }));
    },
    caches((caches) => Stream.runDrain(caches.list({ pageSize: 7 })))
  ],
  [
    "batches.create over Cloud Storage",
    (sdk) =>
      sdk.batches.create({
        model,
        src: "gs://bucket/rows.jsonl",
        config: { dest: "gs://bucket/answers", displayName: "nightly" }
      }),
    batches((batches) =>
      batches.create({ model, from: "gs://bucket/rows.jsonl", to: "gs://bucket/answers", displayName: "nightly" })
    )
  ],
  [
    "batches.create over several objects",
    (sdk) =>
      sdk.batches.create({
        model,
        src: { format: "jsonl", gcsUri: ["gs://bucket/one.jsonl", "gs://bucket/two.jsonl"] },
        config: { dest: { format: "bigquery", bigqueryUri: "bq://p.d.t" }, displayName: "nightly" }
      }),
    batches((batches) =>
      batches.create({
        model,
        from: ["gs://bucket/one.jsonl", "gs://bucket/two.jsonl"],
        to: "bq://p.d.t",
        displayName: "nightly"
      })
    )
  ],
  [
    "batches.create that leaves out where the answers go, and its name",
    (sdk) => sdk.batches.create({ model, src: "gs://bucket/rows.jsonl" }),
    batches((batches) => batches.create({ model, from: "gs://bucket/rows.jsonl" })),
    { reasons: named }
  ],
  [
    "batches.create over BigQuery that leaves out where the answers go",
    (sdk) => sdk.batches.create({ model, src: "bq://p.d.rows", config: { displayName: "nightly" } }),
    batches((batches) => batches.create({ model, from: "bq://p.d.rows", displayName: "nightly" })),
    { reasons: { "*.body.outputConfig.bigqueryDestination.outputUri: \"bq://p.d.rows_dest_": timed } }
  ],
  [
    "batches.create over a dataset",
    (sdk) =>
      sdk.batches.create({
        model,
        src: `${resource}/datasets/9`,
        config: { dest: "gs://bucket/answers", displayName: "nightly" }
      }),
    batches((batches) =>
      batches.create({ model, from: `${resource}/datasets/9`, to: "gs://bucket/answers", displayName: "nightly" })
    )
  ],
  [
    "batches.get",
    (sdk) => sdk.batches.get({ name: job.name }),
    batches((batches) => batches.get(job.name))
  ],
  [
    "batches.get, by its number",
    (sdk) => sdk.batches.get({ name: "123" }),
    batches((batches) => batches.get("123"))
  ],
  [
    "batches.cancel",
    (sdk) => sdk.batches.cancel({ name: job.name }),
    batches((batches) => batches.cancel(job.name))
  ],
  [
    "batches.delete",
    (sdk) => sdk.batches.delete({ name: job.name }),
    batches((batches) => batches.delete(job.name))
  ],
  [
    "batches.list over its pages",
    async (sdk) => {
      for await (const _ of await sdk.batches.list({ config: { pageSize: 7, filter: "state=\"JOB_STATE_FAILED\"" } }));
    },
    batches((batches) => Stream.runDrain(batches.list({ pageSize: 7, filter: "state=\"JOB_STATE_FAILED\"" })))
  ],
  [
    "generateContent in express mode",
    (sdk) => sdk.models.generateContent({ model, contents: "Hi" }),
    http((gemini) => gemini.generateContent({ model, contents: "Hi" })),
    { at: { key: "an-express-key" } }
  ]
]

describe("requests of the official SDK and ours are equal on Vertex AI", () => {
  it("the project that pays, which the login names", () => {
    vi.stubEnv("GOOGLE_CLOUD_QUOTA_PROJECT", "a-payer")
    const ask = http((gemini) => gemini.generateContent({ model, contents: "Hi" }))
    return equal("the project that pays", (asked) => {
      assert.strictEqual(asked.headers["x-goog-user-project"], "a-payer")
      return answer(asked)
    }, {
      official: (url) => sdkOf(url, place).models.generateContent({ model, contents: "Hi" }),
      ours: (url) => Effect.runPromise(Effect.provide(ask, oursOf(url, place)))
    }).finally(() => vi.stubEnv("GOOGLE_CLOUD_QUOTA_PROJECT", undefined))
  })

  for (const [name, theirs, ours, { at = place, reasons } = {}] of pairs) {
    it(name, () =>
      equal(name, answer, {
        official: (url) => theirs(sdkOf(url, at)),
        ours: (url) => Effect.runPromise(Effect.provide(ours, oursOf(url, at))),
        reasons
      }))
  }

  it("and so are the hosts of all kinds of locations", () => {
    for (const location of ["global", "us", "eu", "europe-west1", "us-central1"]) {
      const sdk = new GoogleGenAI({ vertexai: true, project: "a-project", location })
      const { apiClient } = sdk as unknown as { readonly apiClient: { readonly getBaseUrl: () => string } }
      assert.strictEqual(`${Paths.host({ project: "a-project", location })}/`, apiClient.getBaseUrl())
    }
  })
})
