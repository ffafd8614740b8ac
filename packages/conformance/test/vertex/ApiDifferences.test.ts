/**
 * The fields and methods that one of the two APIs alone has: each is refused as `Unsupported`, with its place, before
 * anything is sent, by a client of the other API. The list is held to `@google/genai` 3.3: it throws for each of them, and
 * each of its throws stands here.
 */
import { assert, describe, it } from "@effect/vitest"
import { GoogleGenAI } from "@google/genai"
import * as Batches from "effect-gemini/batches/Batches"
import * as Caches from "effect-gemini/caches/Caches"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Files from "effect-gemini/files/Files"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiLive from "effect-gemini/GeminiLive"
import type * as LiveError from "effect-gemini/LiveError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Vertex from "effect-gemini/Vertex"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as RawServer from "../calls/rawServer.ts"

const model = "gemini-3.8-flash"
const apiKey = Redacted.make("key")

type Api = "gemini" | "vertex"

/** What is asked of one API and lacked by the other. The converter and the name of each are the SDK's. */
interface Fact {
  readonly converter: string
  readonly name: string
  /** The API that has it. */
  readonly only: Api
  readonly method: "generateContent" | "caches" | "live"
  /** The settings as the SDK takes them; `contents` beside them. */
  readonly sdk: object
  /** The fields of the same on the wire. */
  readonly wire: object
  /** The place that the refusal names. */
  readonly place: string
}

const generation = (
  only: Api,
  converter: string,
  name: string,
  wire: object,
  place: string,
  sdk: object = wire
): Fact => ({ converter, name, only, method: "generateContent", sdk, wire, place })

const config = (only: Api, name: string, wire: string, value: unknown): Fact =>
  generation(
    only,
    "generateContentConfig",
    name,
    { generationConfig: { [wire]: value } },
    `generationConfig.${wire}`,
    { [name]: value }
  )

const part = (only: Api, converter: string, name: string, value: object, path: string): Fact => {
  const contents = [{ role: "user", parts: [{ text: "Hi" }, value] }]
  return generation(only, converter, name, { contents }, `contents[0].parts[1].${path}`)
}

const tool = (only: Api, converter: string, name: string, value: object, path: string): Fact =>
  generation(only, converter, name, { tools: [value] }, `tools[0].${path}`)

const image = (name: string, value: unknown, wire: object = { [name]: value }, at = name): Fact =>
  generation(
    "vertex",
    "imageConfig",
    name,
    { generationConfig: { imageConfig: wire } },
    `generationConfig.imageConfig.${at}`,
    { imageConfig: { [name]: value } }
  )

const voice = (name: string, value: unknown): Fact => {
  const speechConfig = { voiceConfig: { replicatedVoiceConfig: { mimeType: "audio/wav", [name]: value } } }
  return generation(
    "gemini",
    "replicatedVoiceConfig",
    name,
    { generationConfig: { speechConfig } },
    `generationConfig.speechConfig.voiceConfig.replicatedVoiceConfig.${name}`,
    { speechConfig }
  )
}

const logins = [
  "apiKeyConfig",
  "authType",
  "googleServiceAccountConfig",
  "httpBasicAuthConfig",
  "oauthConfig",
  "oidcConfig"
]

const facts: ReadonlyArray<Fact> = [
  config("vertex", "routingConfig", "routingConfig", { autoMode: {} }),
  config("vertex", "modelSelectionConfig", "modelConfig", {}),
  config("vertex", "audioTimestamp", "audioTimestamp", true),
  generation("vertex", "generateContentConfig", "modelArmorConfig", { modelArmorConfig: {} }, "modelArmorConfig"),
  generation(
    "vertex",
    "generateContentConfig",
    "generationOutputConfig",
    { outputConfig: {} },
    "outputConfig",
    { generationOutputConfig: {} }
  ),
  generation(
    "vertex",
    "safetySetting",
    "method",
    { safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE", method: "SEVERITY" }] },
    "safetySettings[0].method"
  ),
  generation(
    "vertex",
    "functionCallingConfig",
    "streamFunctionCallArguments",
    { toolConfig: { functionCallingConfig: { streamFunctionCallArguments: true } } },
    "toolConfig.functionCallingConfig.streamFunctionCallArguments"
  ),
  part(
    "vertex",
    "functionCall",
    "partialArgs",
    { functionCall: { name: "f", partialArgs: [] } },
    "functionCall.partialArgs"
  ),
  part(
    "vertex",
    "functionCall",
    "willContinue",
    { functionCall: { name: "f", willContinue: true } },
    "functionCall.willContinue"
  ),
  ...["retrieval", "enterpriseWebSearch", "exaAiSearch", "parallelAiSearch"].map((name) =>
    tool("vertex", "tool", name, { [name]: {} }, name)
  ),
  tool(
    "vertex",
    "googleSearch",
    "excludeDomains",
    { googleSearch: { excludeDomains: ["a.example"] } },
    "googleSearch.excludeDomains"
  ),
  tool(
    "vertex",
    "googleSearch",
    "blockingConfidence",
    { googleSearch: { blockingConfidence: "BLOCK_LOW_AND_ABOVE" } },
    "googleSearch.blockingConfidence"
  ),
  tool("vertex", "googleMaps", "groundingTypes", { googleMaps: { groundingTypes: {} } }, "googleMaps.groundingTypes"),
  ...logins.map((name) =>
    tool("vertex", "authConfig", name, { googleMaps: { authConfig: { [name]: {} } } }, `googleMaps.authConfig.${name}`)
  ),
  image("personGeneration", "ALLOW_ALL"),
  image("prominentPeople", "ALLOW"),
  image("imageOutputOptions", { mimeType: "image/jpeg" }),
  // The SDK writes these two into imageOutputOptions.
  image("outputMimeType", "image/jpeg", { imageOutputOptions: { mimeType: "image/jpeg" } }, "imageOutputOptions"),
  image("outputCompressionQuality", 80, { imageOutputOptions: { compressionQuality: 80 } }, "imageOutputOptions"),
  {
    ...generation("vertex", "createCachedContentConfig", "kmsKeyName", {}, "encryptionSpec", { kmsKeyName: "k" }),
    method: "caches",
    wire: { encryptionSpec: { kmsKeyName: "k" } }
  },
  {
    ...generation(
      "vertex",
      "liveConnectConfig",
      "explicitVadSignal",
      { explicitVadSignal: true },
      "setup.explicitVadSignal"
    ),
    method: "live"
  },
  {
    ...generation(
      "vertex",
      "sessionResumptionConfig",
      "transparent",
      { reconnect: { transparent: true } },
      "setup.sessionResumption.transparent"
    ),
    method: "live"
  },

  generation("gemini", "generateContentConfig", "store", { store: true }, "store"),
  config("gemini", "enableEnhancedCivicAnswers", "enableEnhancedCivicAnswers", true),
  {
    ...generation(
      "gemini",
      "generationConfig",
      "enableEnhancedCivicAnswers",
      { generationConfig: { enableEnhancedCivicAnswers: true } },
      "setup.generationConfig.enableEnhancedCivicAnswers"
    ),
    method: "live"
  },
  generation(
    "gemini",
    "toolConfig",
    "includeServerSideToolInvocations",
    { toolConfig: { includeServerSideToolInvocations: true } },
    "toolConfig.includeServerSideToolInvocations"
  ),
  tool("gemini", "tool", "fileSearch", { fileSearch: { fileSearchStoreNames: ["a"] } }, "fileSearch"),
  tool("gemini", "mcpServer", "name", { mcpServers: [{ name: "a" }] }, "mcpServers[0].name"),
  tool(
    "gemini",
    "mcpServer",
    "streamableHttpTransport",
    { mcpServers: [{ streamableHttpTransport: { url: "https://a.example" } }] },
    "mcpServers[0].streamableHttpTransport"
  ),
  part("gemini", "part", "toolCall", { toolCall: {} }, "toolCall"),
  part("gemini", "part", "toolResponse", { toolResponse: {} }, "toolResponse"),
  part("gemini", "part", "partMetadata", { text: "x", partMetadata: { a: 1 } }, "partMetadata"),
  part(
    "gemini",
    "functionResponse",
    "willContinue",
    { functionResponse: { name: "f", response: {}, willContinue: true } },
    "functionResponse.willContinue"
  ),
  part(
    "gemini",
    "functionResponsePart",
    "mediaProcessing",
    { functionResponse: { name: "f", response: {}, parts: [{ mediaProcessing: "MEDIA_PROCESSING_UNSPECIFIED" }] } },
    "functionResponse.parts[0].mediaProcessing"
  ),
  voice("consentAudio", "AA=="),
  voice("voiceConsentSignature", { signature: "s" })
]

/** What the SDK refuses and stands not in the table. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ...["systemInstruction", "tools", "generationConfig"].map((name) =>
    [`vertex countTokensConfig.${name}`, "a whole request is counted on both APIs, each in its own form"] as const
  ),
  ...["mimeType", "autoTruncate", "documentOcr", "audioTrackExtraction"].map((name) =>
    [`vertex embedContentConfig.${name}`, "embedContentConfig of the Gemini API has it since 2026-08-31"] as const
  ),
  ["gemini generateVideosConfig.webhookConfig", "this library makes no videos"],
  ["vertex listBatchJobsConfig.filter", "batches are no part of this list"]
])

const isElsewhere = (fact: string): boolean =>
  elsewhere.has(fact) || /^\w+ (?:createTuningJobConfig|tuningDataset|batchJob\w+|createBatchJobConfig)\./.test(fact)

/** Every throw in the SDK's converters, as `api converter.name`. */
const throwsOfTheSdk = (): ReadonlySet<string> => {
  const source = readFileSync(createRequire(import.meta.url).resolve("@google/genai"), "utf8")
  const found = new Set<string>()
  let converter = ""
  for (const line of source.split("\n")) {
    converter = /^(?:async )?function (\w+?)To(?:Mldev|Vertex)(?:\$\d+)?\(/.exec(line)?.[1] ?? converter
    const [, name, api] = /'(\w+) parameter is only supported in Gemini (Enterprise|Developer)/.exec(line) ?? []
    if (name !== undefined) found.add(`${api === "Developer" ? "gemini" : "vertex"} ${converter}.${name}`)
  }
  return found
}

/** A server that counts what arrives. */
const listen = Effect.gen(function*() {
  let asked = 0
  const { url } = yield* RawServer.listen(
    (_, response) => {
      asked++
      response.end("{}")
    },
    (_, socket) => {
      asked++
      socket.destroy()
    }
  )
  return { url, asked: () => asked }
})

type Services = GeminiClient.GeminiClient | GeminiLive.GeminiLive | Batches.Batches | Caches.Caches | Files.Files

const ours = (api: Api, url: string): Layer.Layer<Services> => {
  const resources = (options: ResourceHttp.Options) =>
    Layer.provide(Layer.mergeAll(Batches.layer(), Caches.layer, Files.layer()), ResourceHttp.layer(options))
  const options: Effect.Effect<GeminiConfig.Options> = api === "gemini"
    ? Effect.succeed({ apiKey, baseUrl: url })
    : Effect.map(
      Vertex.destination({ apiKey, project: "a-project", baseUrl: url }),
      (destination) => ({ destination })
    )
  const services = Effect.map(
    options,
    (options) => Layer.mergeAll(GeminiClient.layerNoLimiter(options), NodeGemini.layerLive(options), resources(options))
  )
  return Layer.unwrap(services).pipe(
    Layer.provide([FetchGemini.layerHttpClient, RateLimiter.layer])
  )
}

const hello = [{ role: "user", parts: [{ text: "Hi" }] }]

const asked = (
  { method, wire }: Fact
): Effect.Effect<unknown, GeminiError | LiveError.LiveError, Services | Scope.Scope> => {
  switch (method) {
    case "generateContent":
      return GeminiClient.generate({ model, contents: hello, ...wire })
    case "caches":
      return Caches.Caches.use((caches) => caches.create({ model, contents: hello, ttl: "10 minutes", ...wire }))
    case "live":
      return GeminiLive.GeminiLive.use((live) => live.connect({ model: "gemini-3.8-live", ping: false, ...wire }))
  }
}

const bySdk = (sdk: GoogleGenAI, { method, sdk: given }: Fact): Promise<unknown> => {
  const { contents = hello, ...config }: { readonly contents?: typeof hello } = given
  switch (method) {
    case "generateContent":
      return sdk.models.generateContent({ model, contents, config })
    case "caches":
      return sdk.caches.create({ model, config: { contents: hello, ...config } })
    case "live":
      return Promise.reject(new Error("not asked"))
  }
}

const sdkOf = (api: Api, baseUrl: string): GoogleGenAI =>
  new GoogleGenAI({
    vertexai: api === "vertex",
    apiKey: "key",
    httpOptions: { baseUrl, retryOptions: { attempts: 1 } }
  })

describe("what one API alone has", () => {
  it("is what the SDK's converters refuse, each of them", () => {
    const known = new Set(facts.map(({ converter, name, only }) => `${only} ${converter}.${name}`))
    const said = throwsOfTheSdk()
    assert.isAbove(said.size, 70)
    assert.deepStrictEqual([...said].filter((fact) => !known.has(fact) && !isElsewhere(fact)), [])
    assert.deepStrictEqual([...known, ...elsewhere.keys()].filter((fact) => !said.has(fact)), [])
  })

  for (const fact of facts) {
    const other: Api = fact.only === "gemini" ? "vertex" : "gemini"
    it.live(`${fact.place} of ${fact.only} is refused on ${other} before anything is sent (${fact.name})`, () =>
      Effect.gen(function*() {
        const server = yield* listen
        // The SDK opens a session before it looks at its settings, so its throw is told by its source alone.
        if (fact.method !== "live") {
          const refused = yield* Effect.promise(() =>
            bySdk(sdkOf(other, server.url), fact).then(() => "", (error: unknown) => String(error))
          )
          assert.include(refused, `${fact.name} parameter is only supported in Gemini`)
        }
        const { reason } = yield* Effect.flip(Effect.scoped(Effect.provide(asked(fact), ours(other, server.url))))
        if (reason._tag === "InvalidSetup") {
          assert.deepStrictEqual(reason.fields.map(({ field }) => field), [fact.place])
          assert.match(reason.fields[0]?.description ?? "", /^is not supported on (?:the Gemini API|Vertex AI): /)
        } else {
          assert.strictEqual(reason._tag, "Unsupported", reason.message)
          assert.match(reason.message, new RegExp(`${fact.place.replace(/[[\].]/g, "\\$&")}.* is not supported on`))
        }
        assert.strictEqual(server.asked(), 0)
      }).pipe(Effect.scoped))

    it.live(`${fact.place} of ${fact.only} is sent there (${fact.name})`, () =>
      Effect.gen(function*() {
        const server = yield* listen
        yield* Effect.exit(Effect.scoped(Effect.provide(asked(fact), ours(fact.only, server.url)))).pipe(
          Effect.timeoutOption("5 seconds")
        )
        assert.isAbove(server.asked(), 0)
      }).pipe(Effect.scoped))
  }

  it.live("a whole request that is counted is judged like one that is answered", () =>
    Effect.gen(function*() {
      const server = yield* listen
      const tools = [{ codeExecution: {}, retrieval: {} }]
      const count = GeminiClient.countTokens({ model, contents: "x", systemInstruction: "y", tools })
      const { reason } = yield* Effect.flip(Effect.provide(count, ours("gemini", server.url)))
      assert.strictEqual(reason._tag, "Unsupported", reason.message)
      assert.include(reason.message, "generateContentRequest.tools[0].retrieval")
      assert.strictEqual(server.asked(), 0)
    }).pipe(Effect.scoped))

  it.live("the rows of a batch are judged like requests, each by its place", () =>
    Effect.gen(function*() {
      const server = yield* listen
      const tools = [{ codeExecution: {}, retrieval: {} }]
      const rows = [{ key: "a", request: { contents: hello } }, { key: "b", request: { contents: hello, tools } }]
      const create = Batches.Batches.use((batches) => batches.create({ model, rows }))
      const { reason } = yield* Effect.flip(Effect.provide(create, ours("gemini", server.url)))
      assert.strictEqual(reason._tag, "Unsupported", reason.message)
      assert.include(reason.message, "requests[1].request.tools[0].retrieval")
      assert.strictEqual(server.asked(), 0)
    }).pipe(Effect.scoped))

  it.live("files are the Gemini API's, of the SDK and of ours", () =>
    Effect.gen(function*() {
      const server = yield* listen
      const sdk = sdkOf("vertex", server.url)
      const calls: ReadonlyArray<
        readonly [
          theirs: () => Promise<unknown>,
          ours: (files: Files.FilesService) => Effect.Effect<unknown, GeminiError>
        ]
      > = [
        [() => sdk.files.get({ name: "abc" }), (files) => files.get("files/abc")],
        [() => sdk.files.delete({ name: "abc" }), (files) => files.delete("files/abc")]
      ]
      for (const [theirs, own] of calls) {
        const refused = yield* Effect.promise(() => theirs().then(() => "", (error: unknown) => String(error)))
        assert.include(refused, "This method is only supported")
        const { reason } = yield* Effect.flip(Effect.provide(Files.Files.use(own), ours("vertex", server.url)))
        assert.strictEqual(reason._tag, "Unsupported", reason.message)
        assert.include(reason.message, "Cloud Storage")
      }
      assert.strictEqual(server.asked(), 0)
    }).pipe(Effect.scoped))
})
