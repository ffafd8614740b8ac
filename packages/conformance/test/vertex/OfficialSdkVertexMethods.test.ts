/**
 * Every method of `@google/genai` 3.3 on Vertex AI: its requests are compared with ours in a file of this folder, or it is
 * named here with the reason why there is nothing to compare. Interactions and decisions are compared here.
 */
import { GoogleGenAI } from "@google/genai"
import * as Decisions from "effect-gemini/decisions/Decisions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Interactions from "effect-gemini/interactions/Interactions"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Vertex from "effect-gemini/Vertex"
import * as VertexAuth from "effect-gemini/VertexAuth"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { assert, describe, it, vi } from "vitest"
import { type AskedRequest, equal } from "../resources/equalRequests.ts"
import * as MetadataServer from "./metadataServer.ts"

const model = "gemini-3.8-flash"
const place = { project: "a-project", location: "europe-west1" }

MetadataServer.forFile()

const sdkOf = (baseUrl: string) => new GoogleGenAI({ vertexai: true, ...place, httpOptions: { baseUrl } })

type Services = Interactions.Interactions | Decisions.Decisions

const oursOf = (baseUrl: string): Layer.Layer<Services> =>
  Vertex.destination({ ...place, baseUrl }).pipe(
    Effect.map((destination) =>
      Layer.merge(
        Interactions.layer().pipe(Layer.provide(ResourceHttp.layer({ destination }))),
        Decisions.layer
      ).pipe(Layer.provide(GeminiClient.layer({ destination })))
    ),
    Layer.unwrap,
    Layer.provide([VertexAuth.layer(), NodeGemini.layerHttpClient()])
  )

const done = { id: "v1_abc", status: "completed", model, steps: [] }

const events = [
  { event_type: "interaction.created", interaction: { id: "v1_abc", status: "in_progress" } },
  { event_type: "interaction.completed", interaction: { id: "v1_abc", status: "completed" } }
]
const frames = new TextEncoder().encode(
  `${events.map((event) => `event: ${event.event_type}\ndata: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`
)

const answer = ({ body, method, path, query }: AskedRequest) => {
  if (method === "DELETE") return { body: {} }
  if (path.endsWith("/decisions")) return { body: { answers: { urgent: { type: "noul", noul: 0.5 } } } }
  return Object(body).stream === true || query["stream"] === "true"
    ? { body: frames, headers: { "content-type": "text/event-stream" } }
    : { body: done }
}

const drained = async (stream: AsyncIterable<unknown>) => {
  for await (const _ of stream) continue
}

type Ours = Effect.Effect<unknown, GeminiError, Services>

const interactions = (use: (service: Interactions.InteractionsService) => Effect.Effect<unknown, GeminiError>): Ours =>
  Interactions.Interactions.use(use)

const decision = {
  model: "models/gemini-decision-1",
  input: "My card was charged twice",
  questions: { urgent: { type: "noul" as const, instructions: "It is urgent" } }
}

const pairs: ReadonlyArray<readonly [name: string, theirs: (sdk: GoogleGenAI) => Promise<unknown>, ours: Ours]> = [
  [
    "interactions.create",
    (sdk) => sdk.interactions.create({ model, input: "Hello", labels: { team: "bridges" } }),
    interactions((service) => service.create({ model, input: "Hello", labels: { team: "bridges" } }))
  ],
  [
    "interactions.create in the background",
    (sdk) => sdk.interactions.create({ model, input: "Hello", background: true }),
    interactions((service) => service.create({ model, input: "Hello", background: true }))
  ],
  [
    "interactions.create that is not stored",
    (sdk) => sdk.interactions.create({ model, input: "Hello", store: false }),
    interactions((service) => service.create({ model, input: "Hello", store: false }))
  ],
  [
    "a stream of interactions.create",
    async (sdk) => drained(await sdk.interactions.create({ model, input: "Hello", stream: true })),
    interactions((service) => Stream.runDrain(service.stream({ model, input: "Hello" })))
  ],
  [
    "interactions.get",
    (sdk) => sdk.interactions.get("v1_abc", { include_input: true }),
    interactions((service) => service.get("v1_abc", { includeInput: true }))
  ],
  [
    "a resumed stream of interactions.get",
    async (sdk) => drained(await sdk.interactions.get("v1_abc", { stream: true, last_event_id: "evt/7" })),
    interactions((service) => Stream.runDrain(service.events("v1_abc", { lastEventId: "evt/7" })))
  ],
  [
    "interactions.cancel",
    (sdk) => sdk.interactions.cancel("v1_abc"),
    interactions((service) => service.cancel("v1_abc"))
  ],
  [
    "interactions.delete",
    (sdk) => sdk.interactions.delete("v1_abc"),
    interactions((service) => service.delete("v1_abc"))
  ],
  [
    "decisions.create",
    (sdk) => sdk.decisions.create(decision),
    Decisions.Decisions.use((service) => service.create(decision))
  ]
]

describe("requests of the official SDK and ours are equal on Vertex AI", () => {
  for (const [name, theirs, ours] of pairs) {
    it(name, () =>
      equal(name, (asked) => {
        assert.match(asked.path, /^\/v1beta1\/projects\/a-project\/locations\/europe-west1\/(?:interactions|decisions)/)
        return answer(asked)
      }, {
        official: (url) => theirs(sdkOf(url)),
        ours: (url) => Effect.runPromise(Effect.provide(ours, oursOf(url)))
      }))
  }
})

const refused = "the SDK refuses it on Vertex AI, as we do"
const images = "this library makes no images by methods of their own: generateContent does"
const videos = "this library makes no videos"
const tuned = "this library asks tuned models, and does not manage them"
const none = "this library has no methods for it on any API"

/** The methods whose requests are compared nowhere. `chats.*` stands for all methods of a group. */
const reasons: Readonly<Record<string, string>> = {
  "models.generateImages": images,
  "models.editImage": images,
  "models.upscaleImage": images,
  "models.recontextImage": images,
  "models.segmentImage": images,
  "models.generateVideos": videos,
  "models.update": tuned,
  "models.delete": tuned,
  "tunings.*": tuned,
  "operations.*": `they are those of videos: ${videos}`,
  "chats.create": "it asks nobody; its messages are generateContent",
  "batches.createEmbeddings": refused,
  "files.*": refused,
  "fileSearchStores.*": refused,
  "authTokens.create": refused,
  "webhooks.*": none,
  "agents.*": none,
  "triggers.*": none,
  "environments.*": none,
  "credentials.*": none,
  "voices.*": none
}

/** The public methods of the SDK's client, as `group.method`. */
const methodsOfTheSdk = (): ReadonlyArray<string> => {
  const root = dirname(dirname(createRequire(import.meta.url).resolve("@google/genai")))
  const typings = readFileSync(join(root, "genai.d.ts"), "utf8")
  const hidden = new Set([...typings.matchAll(/^ {4}(?:private|protected) (\w+)/gm)].map(([, name]) => name ?? ""))
  const client = sdkOf("http://127.0.0.1:9")
  const namesOf = (object: object): ReadonlyArray<string> => {
    const prototype: unknown = Object.getPrototypeOf(object)
    return typeof prototype !== "object" || prototype === null || prototype === Object.prototype
      ? Object.getOwnPropertyNames(object)
      : [...Object.getOwnPropertyNames(object), ...Object.getOwnPropertyNames(prototype)]
  }
  return namesOf(client).flatMap((group) => {
    const service: unknown = Reflect.get(client, group)
    if (typeof service !== "object" || service === null || ["apiClient", "httpOptions"].includes(group)) return []
    return namesOf(service)
      .filter((name) => name !== "constructor" && !hidden.has(name) && typeof Reflect.get(service, name) === "function")
      .map((name) => `${group}.${name}`)
  })
}

/** The methods that the files of this folder call to compare them. */
const compared = (): ReadonlySet<string> => {
  const files = readdirSync(import.meta.dirname).filter((name) => /^OfficialSdkVertex.*\.test\.ts$/.test(name))
  const calls = files.flatMap((
    name
  ) => [...readFileSync(join(import.meta.dirname, name), "utf8").matchAll(/\bsdk\.(\w+\.\w+)\(/g)])
  return new Set(calls.map(([, method]) => method ?? ""))
}

describe("every method of the official SDK on Vertex AI", () => {
  it("is compared with ours, or named with the reason why not", () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined)
    const methods = methodsOfTheSdk()
    assert.isAbove(methods.length, 60)
    const asked = compared()
    const isNamed = (method: string) => method in reasons || `${method.split(".")[0]}.*` in reasons
    const forgotten = methods.filter((method) => !asked.has(method) && !isNamed(method))
    assert.deepStrictEqual(forgotten, [], "methods that are neither compared nor named")
    const stale = methods.filter((method) => asked.has(method) && isNamed(method))
    assert.deepStrictEqual(stale, [], "methods that are compared and named")
    const groups = new Set(methods.map((method) => `${method.split(".")[0]}.*`))
    const unknown = Object.keys(reasons).filter((name) => !methods.includes(name) && !groups.has(name))
    assert.deepStrictEqual(unknown, [], "reasons for what the SDK does not have")
  })

  it("that it refuses there is refused by its own words", async () => {
    const onVertex = sdkOf("http://127.0.0.1:9")
    const asked: ReadonlyArray<readonly [name: string, call: () => Promise<unknown>]> = [
      ["files.list", () => onVertex.files.list()],
      ["files.upload", () => onVertex.files.upload({ file: new Blob(["x"], { type: "text/plain" }) })],
      ["fileSearchStores.create", () => onVertex.fileSearchStores.create({})],
      ["fileSearchStores.get", () => onVertex.fileSearchStores.get({ name: "a" })],
      ["authTokens.create", () => onVertex.authTokens.create({})],
      ["batches.createEmbeddings", () => onVertex.batches.createEmbeddings({ model, src: {} })]
    ]
    for (const [name, call] of asked) {
      const words = await Promise.resolve().then(call).then(() => "answered", (error: unknown) => String(error))
      assert.match(words, /only supported (?:by|in)|not support/i, name)
    }
  })
})
