/**
 * Every request field that `@google/genai` accepts goes through it to the emulator and is taken.
 *
 * What there is to send is read off the SDK's own typings, so a field of its next version that is
 * not sent here fails the test; what arrived is read off the emulator's log.
 */
import { assert, describe, it, layer } from "@effect/vitest"
import {
  ApiError,
  AudioTranscriptionConfigMode,
  Behavior,
  type Content,
  DynamicRetrievalConfigMode,
  type EmbedContentConfig,
  Environment,
  FunctionCallingConfigMode,
  FunctionResponseScheduling,
  type GenerateContentConfig,
  GoogleGenAI,
  HarmBlockThreshold,
  HarmCategory,
  Language,
  MediaProcessing,
  MediaResolution,
  Outcome,
  type Part,
  PartMediaResolutionLevel,
  SafetyPolicy,
  type Schema,
  ServiceTier,
  ThinkingLevel,
  ToolType,
  Type
} from "@google/genai"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as FieldTable from "../../../emulator/src/internal/judge/fieldTable.ts"
import * as LiveFieldTable from "../../../emulator/src/internal/judge/liveFieldTable.ts"
import * as ResourceFieldTable from "../../../emulator/src/internal/judge/resourceFieldTable.ts"

const everySchema: Schema = {
  type: Type.OBJECT,
  title: "t",
  description: "d",
  nullable: true,
  example: {},
  default: {},
  minProperties: "1",
  maxProperties: "3",
  propertyOrdering: ["list", "text", "number"],
  required: ["text"],
  properties: {
    list: {
      type: Type.ARRAY,
      items: { anyOf: [{ type: Type.STRING }, { type: Type.NULL }] },
      minItems: "0",
      maxItems: "3"
    },
    text: { type: Type.STRING, format: "enum", enum: ["a"], pattern: "a", minLength: "1", maxLength: "2" },
    number: { type: Type.NUMBER, minimum: 0, maximum: 1 }
  }
}

const inlineData = { data: "AAAA", mimeType: "image/png", displayName: "n" }

const everyPart: ReadonlyArray<Part> = [
  {
    text: "look",
    thought: false,
    thoughtSignature: "c2ln",
    partMetadata: { any: ["thing"] },
    mediaProcessing: MediaProcessing.STATIC,
    speechMetadata: { speaker: "A", style: "calm" }
  },
  { inlineData, mediaResolution: { level: PartMediaResolutionLevel.MEDIA_RESOLUTION_LOW } },
  {
    fileData: { fileUri: "https://example.test/files/a", mimeType: "video/mp4", displayName: "n" },
    videoMetadata: {
      startOffset: "1s",
      endOffset: "2.5s",
      fps: 1
    }
  },
  { executableCode: { id: "1", code: "1", language: Language.PYTHON } },
  { codeExecutionResult: { id: "1", outcome: Outcome.OUTCOME_OK, output: "1" } },
  { toolCall: { id: "2", toolType: ToolType.GOOGLE_SEARCH_WEB, args: { q: "a" } } },
  { toolResponse: { id: "2", toolType: ToolType.GOOGLE_SEARCH_WEB, response: {} } },
  {
    audioTranscription: {
      text: "a",
      finished: true,
      languageCode: "en",
      speakerLabel: "A",
      startOffset: "0s",
      endOffset: "1s",
      words: [{ word: "a", startOffset: "0s", endOffset: "1s" }]
    }
  }
]

const everyTurn: Array<Content> = [
  { role: "user", parts: [...everyPart] },
  { role: "model", parts: [{ functionCall: { id: "3", name: "f", args: { a: 1 } }, thoughtSignature: "c2ln" }] },
  {
    role: "user",
    parts: [{
      functionResponse: {
        id: "3",
        name: "f",
        response: { output: 1 },
        scheduling: FunctionResponseScheduling.SILENT,
        willContinue: true,
        parts: [
          { inlineData },
          {
            fileData: { fileUri: "https://example.test/files/a", mimeType: "image/png", displayName: "n" },
            mediaProcessing: MediaProcessing.STATIC
          }
        ]
      }
    }]
  }
]

const declared = { name: "f", description: "d", behavior: Behavior.BLOCKING }
const speaker = { speaker: "A", voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } }

/** What excludes each other goes in turns. */
const configs: ReadonlyArray<GenerateContentConfig> = [
  {
    serviceTier: ServiceTier.FLEX,
    systemInstruction: "be brief",
    temperature: 1,
    topP: 0.9,
    topK: 40,
    candidateCount: 1,
    maxOutputTokens: 64,
    stopSequences: ["END"],
    responseLogprobs: true,
    logprobs: 3,
    presencePenalty: 0.1,
    frequencyPenalty: 0.1,
    seed: 7,
    responseMimeType: "application/json",
    responseSchema: everySchema,
    safetySettings: [{ category: HarmCategory.HARM_CATEGORY_HARASSMENT, threshold: HarmBlockThreshold.BLOCK_NONE }],
    labels: { team: "a" },
    responseModalities: ["TEXT"],
    mediaResolution: MediaResolution.MEDIA_RESOLUTION_LOW,
    thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW },
    imageConfig: { aspectRatio: "16:9", imageSize: "1K" },
    enableEnhancedCivicAnswers: true,
    store: true,
    continuationToken: "token",
    audioTranscriptionConfig: {
      languageCodes: ["en"],
      languageAuto: {},
      languageHints: { languageCodes: ["en"] },
      customVocabulary: ["a"],
      adaptationPhrases: ["a"],
      wordTimestamp: true,
      diarization: true,
      mode: AudioTranscriptionConfigMode.VERBATIM,
      sourceText: "a"
    }
  },
  {
    responseMimeType: "application/json",
    responseJsonSchema: { type: "object", additionalProperties: false },
    thinkingConfig: { thinkingBudget: -1 },
    speechConfig: {
      languageCode: "en-US",
      multiSpeakerVoiceConfig: { speakerVoiceConfigs: [speaker, { ...speaker, speaker: "B" }] }
    }
  },
  { cachedContent: "cachedContents/a", speechConfig: { voiceConfig: { voice: "Kore" } } },
  {
    speechConfig: {
      voiceConfig: {
        replicatedVoiceConfig: {
          mimeType: "audio/wav",
          voiceSampleAudio: "AAAA",
          consentAudio: "AAAA",
          voiceConsentSignature: { signature: "a" }
        }
      }
    },
    tools: [
      { functionDeclarations: [{ ...declared, parameters: everySchema, response: everySchema }] },
      { functionDeclarations: [{ ...declared, name: "g", parametersJsonSchema: {}, responseJsonSchema: {} }] },
      {
        googleSearch: {
          searchTypes: { webSearch: {}, imageSearch: {} },
          timeRangeFilter: { startTime: "2026-01-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z" }
        }
      },
      {
        googleSearchRetrieval: {
          dynamicRetrievalConfig: { mode: DynamicRetrievalConfigMode.MODE_DYNAMIC, dynamicThreshold: 0.5 }
        }
      },
      { codeExecution: {} },
      { urlContext: {} },
      { googleMaps: { enableWidget: true, authConfig: { apiKey: "maps" } } },
      { fileSearch: { fileSearchStoreNames: ["fileSearchStores/a"], metadataFilter: "a = 1", topK: 3 } },
      {
        computerUse: {
          environment: Environment.ENVIRONMENT_BROWSER,
          excludedPredefinedFunctions: ["drag"],
          disabledSafetyPolicies: [SafetyPolicy.FINANCIAL_TRANSACTIONS],
          enablePromptInjectionDetection: true
        }
      },
      {
        mcpServers: [{
          name: "m",
          streamableHttpTransport: {
            url: "https://example.test",
            headers: { a: "b" },
            timeout: "5s",
            sseReadTimeout: "60s",
            terminateOnClose: true
          }
        }]
      }
    ],
    toolConfig: {
      functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["f"] },
      retrievalConfig: { latLng: { latitude: 1, longitude: 2 }, languageCode: "en" },
      includeServerSideToolInvocations: true
    }
  }
]

const embedding: EmbedContentConfig = { taskType: "RETRIEVAL_DOCUMENT", title: "t", outputDimensionality: 256 }

/** Read by the SDK alone, never sent. */
const clientOnly = new Set([
  "httpOptions",
  "abortSignal",
  "GenerateContentConfig.automaticFunctionCalling",
  "GenerateContentConfig.automaticContinuation"
])

const tool = (tools: object): object => ({ config: { tools: [tools] } })
const part = (parts: object): object => ({ contents: [{ parts: [parts] }] })

/** What the SDK refuses to send to the Gemini API, each with a call that shows it. */
const refused: Readonly<Record<string, object>> = {
  "GenerateContentConfig.routingConfig": { config: { routingConfig: { autoMode: {} } } },
  "GenerateContentConfig.modelSelectionConfig": { config: { modelSelectionConfig: {} } },
  "GenerateContentConfig.audioTimestamp": { config: { audioTimestamp: true } },
  "GenerateContentConfig.modelArmorConfig": { config: { modelArmorConfig: {} } },
  "GenerateContentConfig.generationOutputConfig": { config: { generationOutputConfig: {} } },
  "SafetySetting.method": { config: { safetySettings: [{ method: "SEVERITY" }] } },
  "ImageConfig.personGeneration": { config: { imageConfig: { personGeneration: "ALLOW_ALL" } } },
  "ImageConfig.outputMimeType": { config: { imageConfig: { outputMimeType: "image/png" } } },
  "ImageConfig.outputCompressionQuality": { config: { imageConfig: { outputCompressionQuality: 1 } } },
  "ImageConfig.imageOutputOptions": { config: { imageConfig: { imageOutputOptions: {} } } },
  "ImageConfig.prominentPeople": { config: { imageConfig: { prominentPeople: "BLOCK_PROMINENT_PEOPLE" } } },
  "Tool.retrieval": tool({ retrieval: {} }),
  "Tool.enterpriseWebSearch": tool({ enterpriseWebSearch: {} }),
  "Tool.exaAiSearch": tool({ exaAiSearch: {} }),
  "Tool.parallelAiSearch": tool({ parallelAiSearch: {} }),
  "GoogleSearch.excludeDomains": tool({ googleSearch: { excludeDomains: [] } }),
  "GoogleSearch.blockingConfidence": tool({ googleSearch: { blockingConfidence: "BLOCK_NONE" } }),
  "GoogleMaps.groundingTypes": tool({ googleMaps: { groundingTypes: {} } }),
  "AuthConfig.apiKeyConfig": tool({ googleMaps: { authConfig: { apiKeyConfig: {} } } }),
  "AuthConfig.authType": tool({ googleMaps: { authConfig: { authType: "NO_AUTH" } } }),
  "AuthConfig.googleServiceAccountConfig": tool({ googleMaps: { authConfig: { googleServiceAccountConfig: {} } } }),
  "AuthConfig.httpBasicAuthConfig": tool({ googleMaps: { authConfig: { httpBasicAuthConfig: {} } } }),
  "AuthConfig.oauthConfig": tool({ googleMaps: { authConfig: { oauthConfig: {} } } }),
  "AuthConfig.oidcConfig": tool({ googleMaps: { authConfig: { oidcConfig: {} } } }),
  "FunctionCall.partialArgs": part({ functionCall: { partialArgs: [] } }),
  "FunctionCall.willContinue": part({ functionCall: { willContinue: true } }),
  "EmbedContentConfig.mimeType": { method: "embedContent", config: { mimeType: "text/plain" } },
  "EmbedContentConfig.autoTruncate": { method: "embedContent", config: { autoTruncate: true } },
  "EmbedContentConfig.documentOcr": { method: "embedContent", config: { documentOcr: true } },
  "EmbedContentConfig.audioTrackExtraction": { method: "embedContent", config: { audioTrackExtraction: true } },
  "CountTokensConfig.systemInstruction": { method: "countTokens", config: { systemInstruction: "a" } },
  "CountTokensConfig.tools": { method: "countTokens", config: { tools: [] } },
  "CountTokensConfig.generationConfig": { method: "countTokens", config: { generationConfig: {} } },
  "FunctionCallingConfig.streamFunctionCallArguments": {
    config: { toolConfig: { functionCallingConfig: { streamFunctionCallArguments: true } } }
  }
}

const requests = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.requests)

const client = Effect.map(
  Emulator.Emulator,
  ({ url }) => new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: url } })
)

/** A call as plain JavaScript would make it, past the SDK's own types; gives what it threw. */
const attempt = (options: object) =>
  Effect.flatMap(client, (ai) =>
    Effect.promise(() => {
      const { method, ...call } = { method: "generateContent", model: "gemini-3.8-flash", contents: "hi", ...options }
      const answer: Promise<unknown> = method === "embedContent"
        ? ai.models.embedContent(call)
        : method === "countTokens"
        ? ai.models.countTokens(call)
        : ai.models.generateContent(call)
      return answer.then(() => undefined, (error: unknown) => error)
    }))

const typings = readFileSync(
  createRequire(import.meta.url).resolve("@google/genai").replace(/dist[\\/].*$/, "dist/genai.d.ts"),
  "utf8"
).replace(/\/\*[\s\S]*?\*\//g, "")

/** Interface → field → type text, of the whole SDK. */
const interfaces = new Map(
  [...typings.matchAll(/^(?:export )?declare (?:interface|class) (\w+)(?: extends \w+)? \{([\s\S]*?)^\}/gm)].map((
    [, name = "", body = ""]
  ) => [name, new Map([...body.matchAll(/^ {4}(\w+)\??: (.*);$/gm)].map(([, field = "", type = ""]) => [field, type]))])
)

const aliases = new Map(
  [...typings.matchAll(/^(?:export )?declare type (\w+) = (.*);$/gm)].map(([, name = "", type = ""]) => [name, type])
)

const named = (type: string): ReadonlyArray<string> =>
  (type.match(/\w+/g) ?? []).flatMap((word) => interfaces.has(word) ? [word] : named(aliases.get(word) ?? ""))

const isClientOnly = (owner: string, field: string) => clientOnly.has(field) || clientOnly.has(`${owner}.${field}`)

/** Every field a caller can set below these interfaces. */
const settable = (roots: ReadonlyArray<string>): ReadonlySet<string> => {
  const reached = new Set(roots)
  const fields = new Set<string>()
  for (const owner of reached) {
    for (const [field, type] of interfaces.get(owner) ?? []) {
      if (isClientOnly(owner, field)) continue
      fields.add(`${owner}.${field}`)
      if (refused[`${owner}.${field}`] === undefined) { for (const name of named(type)) reached.add(name) }
    }
  }
  return fields
}

/** The fields that a value sets, by the interfaces it is of. */
const set = (owners: ReadonlyArray<string>, value: unknown, into: Set<string>): void => {
  if (Array.isArray(value)) return value.forEach((item) => set(owners, item, into))
  if (typeof value !== "object" || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    for (const owner of owners) {
      const type = interfaces.get(owner)?.get(key)
      if (type === undefined) continue
      into.add(`${owner}.${key}`)
      const next = named(type)
      if (type.startsWith("Record<")) Object.values(inner ?? {}).forEach((entry) => set(next, entry, into))
      else set(next, inner, into)
    }
  }
}

/** The same for what arrived, by the emulator's field table. */
const arrived = (message: string, value: unknown, into: Set<string>): void => {
  if (Array.isArray(value)) return value.forEach((item) => arrived(message, item, into))
  if (typeof value !== "object" || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const kind = FieldTable.messages[message]?.[key]
    assert.isDefined(kind, `${message}.${key}`)
    into.add(`${message}.${key}`)
    const child = kind.replace(/^map /, "").replace(/\[\]$/, "")
    if (FieldTable.messages[child] === undefined) continue
    if (kind.startsWith("map ")) Object.values(inner ?? {}).forEach((entry) => arrived(child, entry, into))
    else arrived(child, inner, into)
  }
}

const messageOf: Readonly<Record<string, string>> = {
  generateContent: "GenerateContentRequest",
  streamGenerateContent: "GenerateContentRequest",
  countTokens: "CountTokensRequest",
  batchEmbedContents: "BatchEmbedContentsRequest"
}

const extra = (extraBody: Record<string, unknown>) => ({ httpOptions: { extraBody } })

const wholeRequest = {
  model: "models/gemini-3.8-flash",
  contents: [{ parts: [{ toolCall: { toolName: "search", toolType: "GOOGLE_SEARCH_WEB", args: {} } }] }],
  generationConfig: { _responseJsonSchema: {} }
}

/** What the API has and the SDK has no name for goes through its `extraBody`. */
const beyond: ReadonlyArray<object> = [
  {
    config: extra({
      model: wholeRequest.model,
      generationConfig: {
        enableAffectiveDialog: true,
        translationConfig: { targetLanguageCode: "en", echoTargetLanguage: true },
        responseFormat: {
          text: { mimeType: "APPLICATION_JSON", schema: { type: "object" } },
          audio: { bitRate: 1, sampleRate: 24000, mimeType: "AUDIO_WAV", delivery: "INLINE" },
          image: {
            aspectRatio: "ASPECT_RATIO_ONE_BY_ONE",
            mimeType: "IMAGE_JPEG",
            imageSize: "IMAGE_SIZE_ONE_K",
            delivery: "INLINE"
          }
        }
      }
    })
  },
  { method: "countTokens", config: extra({ contents: null, generateContentRequest: wholeRequest }) },
  {
    method: "embedContent",
    model: "gemini-embedding-2",
    config: extra({
      requests: [{
        model: "models/gemini-embedding-2",
        content: { parts: [{ text: "a" }] },
        embedContentConfig: {
          taskType: "RETRIEVAL_DOCUMENT",
          title: "t",
          outputDimensionality: 256,
          autoTruncate: true,
          documentOcr: true,
          audioTrackExtraction: true
        }
      }]
    })
  }
]

/** The SDK sends it, the API's description has it not: the emulator holds with the description. */
const unknownToTheApi = new Set(["PartMediaResolution.numTokens"])

describe("the official SDK's request fields", () => {
  layer(Emulator.layerServer())((it) => {
    it.effect("each is taken, unary and streamed, on /v1 as the SDK has it", () =>
      Effect.gen(function*() {
        const ai = yield* client
        for (const [i, config] of configs.entries()) {
          const contents = i === 0 ? everyTurn : "hi"
          const call = { model: "gemini-3.8-flash", contents, config }
          yield* Effect.promise(() => ai.models.generateContent(call))
          yield* Effect.promise(async () => {
            for await (const _ of await ai.models.generateContentStream(call)) { /* to the end */ }
          })
        }
        yield* Effect.promise(() => ai.models.countTokens({ model: "gemini-3.8-flash", contents: everyTurn }))
        yield* Effect.promise(() =>
          ai.models.embedContent({ model: "gemini-embedding-001", contents: ["a", "b"], config: embedding })
        )
        for (const options of beyond) yield* attempt(options)
        const log = yield* requests
        assert.deepStrictEqual(log.filter(({ status }) => status !== 200), [])
        assert.isTrue(log.every(({ path }) => path.startsWith("/v1/")))

        const done = new Set<string>()
        for (const config of configs) set(["GenerateContentConfig"], config, done)
        set(["Content"], everyTurn, done)
        set(["EmbedContentConfig"], embedding, done)
        const all = settable(["GenerateContentConfig", "Content", "EmbedContentConfig", "CountTokensConfig"])
        const missing = [...all].filter((field) =>
          !done.has(field) && refused[field] === undefined && !unknownToTheApi.has(field)
        )
        assert.deepStrictEqual(missing, [])

        const seen = new Set<string>()
        for (const { apiMethod, body } of log) arrived(messageOf[apiMethod ?? ""] ?? "none", body, seen)
        // What the Live API alone has is sent over a socket; what belongs to files and the like has tests of its own.
        const fields = Object.entries(FieldTable.messages).flatMap(([message, of]) =>
          Object.hasOwn(LiveFieldTable.messages, message) || Object.hasOwn(ResourceFieldTable.messages, message)
            ? []
            : Object.keys(of).map((field) => `${message}.${field}`)
        )
        assert.deepStrictEqual(fields.filter((field) => !seen.has(field)), [])
        process.stdout.write(
          `official SDK: ${done.size} of its ${all.size} fields sent, ${
            Object.keys(refused).length
          } it refuses itself; ` +
            `${seen.size} of the emulator's ${fields.length} fields arrived in ${log.length} requests\n`
        )
      }), 60_000)

    it.effect("what the SDK refuses for the Gemini API never reaches the server", () =>
      Effect.gen(function*() {
        const before = (yield* requests).length
        for (const [field, options] of Object.entries(refused)) {
          assert.match(String(yield* attempt(options)), /only supported in|not supported/, field)
        }
        assert.strictEqual((yield* requests).length, before)
      }))
  })

  layer(Emulator.layerServer())((it) => {
    it.effect("what the API does not know is refused with its path, and the SDK says so", () =>
      Effect.gen(function*() {
        const contents = [{ parts: [{ text: "a", mediaResolution: { numTokens: 3 } }] }]
        const failed = yield* attempt({ contents })
        assert.instanceOf(failed, ApiError)
        assert.strictEqual(failed.status, 400)
        assert.strictEqual(
          JSON.parse(failed.message).error.message,
          "Invalid JSON payload received. Unknown name \"numTokens\" at 'contents[0].parts[0].media_resolution': " +
            "Cannot find field."
        )
      }))
  })

  it("the typings were read", () => assert.isAbove(interfaces.size, 500))
})
