/**
 * The fields of a request that one of the two APIs has and the other does not: one table, after the converters of
 * `@google/genai` 3.3 (`*ToVertex`, `*ToMldev`; October 2026), under the names of the wire. What it says of `embedContent`
 * is left out: the Gemini API has `embedContentConfig` with all of its fields since 2026-08-31. Pure.
 */
import { Unsupported } from "../../errors/GeminiErrorReason.ts"

/** Fields by their names, each with what to do without it; in a list they stand for those of every entry. */
interface Fields {
  readonly [name: string]: string | Fields
}

/** A field of a request that the API does not have: its path with the indices, and the way to go. */
export interface Difference {
  readonly field: string
  readonly instead: string
}

const ownMcp = "connect to the MCP server yourself, and declare its tools as functions"
const toolTrail = "leave out what the tools of the Gemini API said, or keep the conversation there"
const sampleAlone = "give voiceSampleAudio alone"
const leave = "leave it out"

const geminiParts = {
  parts: {
    toolCall: toolTrail,
    toolResponse: toolTrail,
    partMetadata: leave,
    functionResponse: {
      willContinue: "answer with one functionResponse, without willContinue",
      parts: { mediaProcessing: leave }
    }
  }
}

const geminiVoice = {
  replicatedVoiceConfig: { consentAudio: sampleAlone, voiceConsentSignature: sampleAlone }
}

/** The fields that the Gemini API alone has, with the way to go on Vertex AI. */
export const geminiOnly: Fields = {
  store: leave,
  contents: geminiParts,
  systemInstruction: geminiParts,
  tools: {
    fileSearch: "give a `retrieval` tool: RAG corpora and Vertex AI Search stand in place of file search stores",
    mcpServers: { name: ownMcp, streamableHttpTransport: ownMcp }
  },
  toolConfig: { includeServerSideToolInvocations: leave },
  generationConfig: {
    enableEnhancedCivicAnswers: leave,
    speechConfig: {
      voiceConfig: geminiVoice,
      multiSpeakerVoiceConfig: { speakerVoiceConfigs: { voiceConfig: geminiVoice } }
    }
  }
}

const grounding = "ground with googleSearch or urlContext"
const modelName = "name the model"
const wholeArgs = "send the call with its whole args"
const keyAlone = "give apiKey, the one kind of login there"

const vertexParts = { parts: { functionCall: { partialArgs: wholeArgs, willContinue: wholeArgs } } }

/** The fields that Vertex AI alone has, with the way to go on the Gemini API. */
export const vertexOnly: Fields = {
  modelArmorConfig: "set safetySettings",
  outputConfig: "take the answer inline",
  encryptionSpec: leave,
  explicitVadSignal: leave,
  sessionResumption: { transparent: "leave `reconnect.transparent` out" },
  contents: vertexParts,
  systemInstruction: vertexParts,
  generationConfig: {
    routingConfig: modelName,
    modelConfig: modelName,
    audioTimestamp: "ask for timestamps in the prompt",
    imageConfig: {
      personGeneration: leave,
      imageOutputOptions: "convert the image after it came",
      prominentPeople: leave
    }
  },
  safetySettings: { method: leave },
  tools: {
    retrieval: "search in file search stores (fileSearch)",
    enterpriseWebSearch: grounding,
    exaAiSearch: grounding,
    parallelAiSearch: grounding,
    googleSearch: { excludeDomains: leave, blockingConfidence: leave },
    googleMaps: {
      groundingTypes: leave,
      authConfig: {
        apiKeyConfig: keyAlone,
        authType: keyAlone,
        googleServiceAccountConfig: keyAlone,
        httpBasicAuthConfig: keyAlone,
        oauthConfig: keyAlone,
        oidcConfig: keyAlone
      }
    }
  },
  toolConfig: { functionCallingConfig: { streamFunctionCallArguments: "take the arguments whole" } }
}

const at = (place: string, { field, instead }: Difference): Difference => ({
  field: `${place}${place === "" || field.startsWith("[") ? "" : "."}${field}`,
  instead
})

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/**
 * The first field of a value that stands in a table. `place` is where the value stands in the request. Each part of a long
 * chat is looked at with each call: `for … in` over a table takes 0.8 of the time of `Object.keys`, which makes an array.
 */
export const find = (fields: Fields, value: unknown, place = ""): Difference | undefined => {
  if (!isRecord(value)) return undefined
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = find(fields, value[index])
      if (found !== undefined) return at(`${place}[${index}]`, found)
    }
    return undefined
  }
  for (const name in fields) {
    const inner = Object.hasOwn(value, name) ? value[name] : undefined
    if (inner === undefined || inner === null) continue
    const row = fields[name]
    const found = typeof row === "string" ? { field: name, instead: row } : row && find(row, inner, name)
    if (found) return at(place, found)
  }
  return undefined
}

interface Call {
  readonly method: string
  readonly model: string
  readonly body: unknown
}

/** Where whole requests for content stand in those that count or collect them. */
const wholeRequests: Fields = {
  generateContentRequest: vertexOnly,
  batch: { inputConfig: { requests: { requests: { request: vertexOnly } } } }
}

/** Why the Gemini API cannot take a call: a field, a method or a name of a model that Vertex AI alone has. */
export const lackedByGemini = ({ body, method, model }: Call): Unsupported | undefined => {
  const alone = method === "computeTokens"
    ? method
    : /^(?:projects|publishers|endpoints)\//.test(model)
    ? `the model ${model}`
    : undefined
  if (alone !== undefined) {
    return new Unsupported({
      capability: `${alone} on the Gemini API`,
      description: `${alone} is on Vertex AI alone: ask it there (effect-gemini/Vertex)`
    })
  }
  const found = find(vertexOnly, body) ?? find(wholeRequests, body)
  return found && new Unsupported({
    capability: `${found.field} on the Gemini API`,
    description: `${found.field} is not supported on the Gemini API: ask Vertex AI, or ${found.instead}`
  })
}

/** The fields of a Live setup that Vertex AI alone has. */
export const setupProblems = (
  setup: object
): ReadonlyArray<{ readonly field: string; readonly description: string }> => {
  const found = find(vertexOnly, setup, "setup")
  return found === undefined
    ? []
    : [{ field: found.field, description: `is not supported on the Gemini API: ask Vertex AI, or ${found.instead}` }]
}
