/**
 * The fields of a request that one of the two APIs has and the other does not: one table, after the converters of
 * `@google/genai` 3.3 (`*ToVertex`, `*ToMldev`; October 2026), whose own names are those of the wire here. A path names
 * fields, and `[]` stands for every entry of a list. Pure.
 */

/** A field, and what to do without it. */
type Row = readonly [path: string, instead: string]

/** A field of a request that the API does not have: its path with the indices, and the way to go. */
export interface Difference {
  readonly field: string
  readonly instead: string
}

const toolTrail = "leave out what the tools of the Gemini API said, or keep the conversation there"

const parts = (at: string): ReadonlyArray<Row> => [
  [`${at}.parts[].toolCall`, toolTrail],
  [`${at}.parts[].toolResponse`, toolTrail],
  [`${at}.parts[].partMetadata`, "leave it out"],
  [`${at}.parts[].functionResponse.willContinue`, "answer with one functionResponse, without willContinue"],
  [`${at}.parts[].functionResponse.parts[].mediaProcessing`, "leave it out"]
]

const voices = (at: string): ReadonlyArray<Row> => [
  [`${at}.replicatedVoiceConfig.consentAudio`, "give voiceSampleAudio alone"],
  [`${at}.replicatedVoiceConfig.voiceConsentSignature`, "give voiceSampleAudio alone"]
]

const tools: ReadonlyArray<Row> = [
  [
    "tools[].fileSearch",
    "give a `retrieval` tool: RAG corpora and Vertex AI Search stand in place of file search stores"
  ],
  ["tools[].mcpServers[].name", "connect to the MCP server yourself, and declare its tools as functions"],
  [
    "tools[].mcpServers[].streamableHttpTransport",
    "connect to the MCP server yourself, and declare its tools as functions"
  ]
]

/** The fields that the Gemini API alone has, with the way to go on Vertex AI. */
export const geminiOnly: ReadonlyArray<Row> = [
  ["store", "leave it out"],
  ...parts("contents[]"),
  ...parts("systemInstruction"),
  ...tools,
  ["toolConfig.includeServerSideToolInvocations", "leave it out"],
  ["generationConfig.enableEnhancedCivicAnswers", "leave it out"],
  ...voices("generationConfig.speechConfig.voiceConfig"),
  ...voices("generationConfig.speechConfig.multiSpeakerVoiceConfig.speakerVoiceConfigs[].voiceConfig")
]

const grounding = "ground with googleSearch or urlContext"

/** The fields that Vertex AI alone has, with the way to go on the Gemini API. */
export const vertexOnly: ReadonlyArray<Row> = [
  ["modelArmorConfig", "set safetySettings"],
  ["outputConfig", "take the answer inline"],
  ["generationConfig.routingConfig", "name the model"],
  ["generationConfig.modelConfig", "name the model"],
  ["generationConfig.audioTimestamp", "ask for timestamps in the prompt"],
  ["generationConfig.imageConfig.personGeneration", "leave it out"],
  ["generationConfig.imageConfig.imageOutputOptions", "convert the image after it came"],
  ["generationConfig.imageConfig.prominentPeople", "leave it out"],
  ["safetySettings[].method", "leave it out"],
  ["tools[].retrieval", "search in file search stores (fileSearch)"],
  ["tools[].enterpriseWebSearch", grounding],
  ["tools[].exaAiSearch", grounding],
  ["tools[].parallelAiSearch", grounding],
  ["tools[].googleSearch.excludeDomains", "leave it out"],
  ["tools[].googleSearch.blockingConfidence", "leave it out"],
  ["tools[].googleMaps.groundingTypes", "leave it out"],
  ["toolConfig.functionCallingConfig.streamFunctionCallArguments", "take the arguments whole"],
  ["contents[].parts[].functionCall.partialArgs", "send the call with its whole args"],
  ["contents[].parts[].functionCall.willContinue", "send the call with its whole args"]
]

const isSet = (value: unknown): boolean => value !== undefined && value !== null

const inside = (value: unknown, steps: ReadonlyArray<string>, at: string): string | undefined => {
  const [step, ...rest] = steps
  if (step === undefined) return isSet(value) ? at : undefined
  if (typeof value !== "object" || value === null) return undefined
  const name = step.replace("[]", "")
  if (!Object.hasOwn(value, name)) return undefined
  const inner: unknown = Reflect.get(value, name)
  const place = at === "" ? name : `${at}.${name}`
  if (name === step) return inside(inner, rest, place)
  if (!Array.isArray(inner)) return undefined
  for (const [index, entry] of inner.entries()) {
    const found = inside(entry, rest, `${place}[${index}]`)
    if (found !== undefined) return found
  }
  return undefined
}

/** The first field of a body that stands in a table. `at` is where the body stands in the request. */
export const find = (rows: ReadonlyArray<Row>, body: unknown, at = ""): Difference | undefined => {
  for (const [path, instead] of rows) {
    const field = inside(body, path.split("."), at)
    if (field !== undefined) return { field, instead }
  }
  return undefined
}

/** The files of the Gemini API, which Vertex AI cannot read: `files/abc`, or its address. */
const geminiFile = /^(?:https:\/\/generativelanguage\.googleapis\.com\/[^?]*)?\bfiles\/[a-z0-9-]+$/

/** The first file of the Gemini API in contents. */
export const findFile = (contents: unknown, at = "contents"): Difference | undefined => {
  if (!Array.isArray(contents)) return undefined
  for (const [index, content] of contents.entries()) {
    const parts: unknown = typeof content === "object" && content !== null ? Reflect.get(content, "parts") : undefined
    if (!Array.isArray(parts)) continue
    for (const [place, part] of parts.entries()) {
      const data: unknown = typeof part === "object" && part !== null ? Reflect.get(part, "fileData") : undefined
      const uri: unknown = typeof data === "object" && data !== null ? Reflect.get(data, "fileUri") : undefined
      if (typeof uri !== "string" || !geminiFile.test(uri)) continue
      return {
        field: `${at}[${index}].parts[${place}].fileData.fileUri`,
        instead: "it is a file of the Gemini API: put it into Cloud Storage and give its gs:// URI, or send it inline"
      }
    }
  }
  return undefined
}
