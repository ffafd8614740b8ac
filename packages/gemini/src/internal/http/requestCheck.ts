/**
 * Finds what the server is known to refuse, before anything is sent. Pure.
 *
 * Only documented refusals stand here (October 2026): a request that is unusual but possible goes out. Contents of the
 * role `model` are echoes of what the server sent, and pass as they are. The request must be known to be JSON: the walk
 * through a cycle would never end.
 */
import * as Result from "effect/Result"
import type { FieldViolation } from "../../errors/GeminiErrorReason.ts"
import * as ModelId from "../../models/ModelId.ts"
import type { Content } from "../../wire/Content.ts"
import * as CountTokens from "../../wire/CountTokens.ts"
import * as Embedding from "../../wire/Embedding.ts"
import * as GenerateContent from "../../wire/GenerateContent.ts"
import type { GenerationConfig } from "../../wire/GenerationConfig.ts"
import type { OpenApiSchema } from "../../wire/OpenApiSchema.ts"
import { Part } from "../../wire/Part.ts"
import type { FunctionDeclaration, Tool } from "../../wire/Tool.ts"
import * as Guard from "../wire/guard.ts"

/** A refused field: its JSON path in the request, and why. */
export type Violation = typeof FieldViolation.Type

type Report = (field: string, description: string) => void

const collect = (check: (report: Report) => void): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  check((field, description) => violations.push({ field, description }))
  return violations
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null

const has = (owner: object, name: string): boolean => isSet(Reflect.get(owner, name))

/** Refuses a request that has more than one of some fields. */
const exclusive = (report: Report, at: string, owner: object, ...names: ReadonlyArray<string>): void => {
  names.forEach((first, index) => {
    for (const second of names.slice(index + 1)) {
      if (has(owner, first) && has(owner, second)) report(`${at}${second}`, `cannot be sent beside ${first}`)
    }
  })
}

/** Refuses a number outside its bounds. */
const within = (report: Report, field: string, value: unknown, highest: number): void => {
  if (typeof value === "number" && !(value >= 0 && value <= highest)) {
    report(field, `is from 0 to ${highest}, not ${value}`)
  }
}

// The fields stand in the schema in groups, by what they are to a part.
const partFields = Object.keys(Part.fields)

const dataFields: ReadonlySet<string> = new Set(partFields.slice(0, partFields.indexOf("audioTranscription")))

// These accompany data, and a part of nothing else is refused. (The server takes a part with only `videoMetadata`:
// recorded in 2026.) Other keys may be kinds of data that come later.
const modifiers: ReadonlySet<string> = new Set(partFields.slice(partFields.indexOf("speechMetadata"), -1))

/** Whether it is text and nothing else, as most parts are: there is nothing to refuse. */
const isText = (part: Part): boolean => {
  if (typeof part.text !== "string") return false
  for (const key in part) if (key !== "text") return false
  return true
}

const isPlain = ({ parts, role }: Content): boolean =>
  role === "model" || (role === "user" || role === undefined) && !!parts && parts.length > 0 && parts.every(isText)

const checkPart = (report: Report, at: string, part: Part): void => {
  const set = Object.entries(part).flatMap(([key, value]) => isSet(value) && !modifiers.has(key) ? [key] : [])
  const known = set.filter((key) => dataFields.has(key))
  if (set.length === 0) report(at, `a part holds one of ${Array.from(dataFields).join(", ")}`)
  if (known.length > 1) report(at, `a part holds one data field, not ${known.join(" and ")}`)
  const fps = part.videoMetadata?.fps
  if (isSet(fps) && !(Number(fps) > 0 && Number(fps) <= 24)) {
    report(`${at}.videoMetadata.fps`, "is above 0 and at most 24")
  }
}

const roles: ReadonlySet<string> = new Set(["user", "model", "function"])

const checkContent = (report: Report, at: string, content: Content): void => {
  if (content.role === "model") return
  if (isSet(content.role) && content.role !== "" && !roles.has(content.role ?? "")) {
    report(`${at}.role`, `is "user" or "model", not ${JSON.stringify(content.role)}`)
  }
  const parts = content.parts ?? []
  if (parts.length === 0) report(`${at}.parts`, "at least one part is needed")
  parts.forEach((part, index) => checkPart(report, `${at}.parts[${index}]`, part))
}

const checkContents = (report: Report, at: string, contents: ReadonlyArray<Content>): void => {
  if (contents.length === 0) report(at, "at least one content is needed")
  contents.forEach((content, index) => isPlain(content) || checkContent(report, `${at}[${index}]`, content))
}

// The server knows a fixed set of keywords here; these three are the others that people send.
const jsonSchemaOnly = ["$ref", "additionalProperties", "oneOf"]

const checkSchema = (report: Report, at: string, schema: OpenApiSchema | null | undefined, instead: string): void => {
  if (schema === undefined || schema === null) return
  for (const keyword of jsonSchemaOnly) {
    if (keyword in schema) report(`${at}.${keyword}`, `is not part of the OpenAPI subset: use ${instead}`)
  }
  checkSchema(report, `${at}.items`, schema.items, instead)
  schema.anyOf?.forEach((member, index) => checkSchema(report, `${at}.anyOf[${index}]`, member, instead))
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkSchema(report, `${at}.properties.${name}`, property, instead)
  }
}

const checkConfig = (report: Report, at: string, config: GenerationConfig): void => {
  exclusive(report, at, config, "responseSchema", "responseJsonSchema", "_responseJsonSchema")
  checkSchema(report, `${at}responseSchema`, config.responseSchema, "responseJsonSchema")
  const { logprobs, speechConfig, stopSequences, temperature, thinkingConfig } = config
  if (stopSequences && stopSequences.length > 5) {
    report(`${at}stopSequences`, `at most 5, not ${stopSequences.length}`)
  }
  within(report, `${at}temperature`, temperature, 2)
  within(report, `${at}logprobs`, logprobs, 20)
  if (thinkingConfig) {
    exclusive(report, `${at}thinkingConfig.`, thinkingConfig, "thinkingLevel", "thinkingBudget")
  }
  if (speechConfig) {
    exclusive(report, `${at}speechConfig.`, speechConfig, "voiceConfig", "multiSpeakerVoiceConfig")
  }
}

const checkFunction = (report: Report, at: string, declaration: FunctionDeclaration): void => {
  if (!/^[A-Za-z0-9_:.-]{1,128}$/.test(declaration.name)) {
    report(`${at}.name`, "has 1 to 128 characters of A-Z a-z 0-9 _ : . -")
  }
  for (const field of ["parameters", "response"] as const) {
    const instead = `${field}JsonSchema`
    exclusive(report, `${at}.`, declaration, field, instead)
    checkSchema(report, `${at}.${field}`, declaration[field], instead)
  }
}

const checkTool = (report: Report, at: string, tool: Tool): void => {
  tool.functionDeclarations?.forEach((declaration, index) =>
    checkFunction(report, `${at}.functionDeclarations[${index}]`, declaration)
  )
  const range = tool.googleSearch?.timeRangeFilter
  if (range && isSet(range.startTime) !== isSet(range.endTime)) {
    report(`${at}.googleSearch.timeRangeFilter`, "has both startTime and endTime, or neither")
  }
}

const checkGenerate = (report: Report, at: string, request: GenerateContent.GenerateContentRequest): void => {
  checkContents(report, `${at}contents`, request.contents)
  request.contents.forEach(({ parts, role }, i) => {
    // "empty text parameter" (google-gemini/deprecated-generative-ai-python#697); what the model said passes as it is.
    if (role === "model") return
    parts?.forEach(({ text, thoughtSignature }, j) => {
      if (text === "" && !thoughtSignature) {
        report(`${at}contents[${i}].parts[${j}].text`, "is empty: leave the part out")
      }
    })
  })
  request.systemInstruction?.parts?.forEach((part, index) => {
    for (const kind of dataFields) {
      if (kind !== "text" && has(part, kind)) {
        report(`${at}systemInstruction.parts[${index}].${kind}`, "a system instruction is text only")
      }
    }
  })
  if (isSet(request.cachedContent)) {
    for (const field of ["systemInstruction", "tools", "toolConfig"]) {
      exclusive(report, at, request, "cachedContent", field)
    }
  }
  if (request.generationConfig) checkConfig(report, `${at}generationConfig.`, request.generationConfig)
  request.tools?.forEach((tool, index) => checkTool(report, `${at}tools[${index}]`, tool))
  const calling = request.toolConfig?.functionCallingConfig
  if ((calling?.allowedFunctionNames?.length ?? 0) > 0 && !["ANY", "VALIDATED"].includes(calling?.mode ?? "AUTO")) {
    report(`${at}toolConfig.functionCallingConfig.allowedFunctionNames`, "needs mode ANY or VALIDATED")
  }
  const categories = new Set<string>()
  request.safetySettings?.forEach(({ category }, index) => {
    if (categories.has(category)) report(`${at}safetySettings[${index}].category`, `${category} is set twice`)
    categories.add(category)
  })
}

/** The check of a request: its shape first, then what its values may not be. */
const checked = <A>(
  guard: (value: unknown) => Result.Result<A, Guard.Mismatch>,
  check: (report: Report, request: A) => void
): (request: A) => ReadonlyArray<Violation> => {
  return (request) => {
    const shaped = guard(request)
    if (Result.isFailure(shaped)) {
      return [{ field: shaped.failure.path, description: `expected ${shaped.failure.expected}` }]
    }
    return collect((report) => check(report, request))
  }
}

/** The check of generateContent and streamGenerateContent. */
export const generateContent = checked(
  Guard.make(GenerateContent.GenerateContentRequest),
  (report, request) => checkGenerate(report, "", request)
)

/** The check of countTokens. */
export const countTokens = checked(Guard.make(CountTokens.CountTokensRequest), (report, request) => {
  const { contents, generateContentRequest: whole } = request
  exclusive(report, "", request, "contents", "generateContentRequest")
  if (whole === undefined || whole === null) return checkContents(report, "contents", contents ?? [])
  const model = ModelId.parse(whole.model)
  if (Result.isFailure(model)) report("generateContentRequest.model", model.failure)
  checkGenerate(report, "generateContentRequest.", whole)
})

/** The check of embedContent. */
export const embedContent = checked(
  Guard.make(Embedding.EmbedContentRequest),
  (report, { content }) => checkContent(report, "content", content)
)

/** Gives every entry its model. A value that is not a batch stays as it is, and the check refuses it. */
export const withModels = (
  model: string,
  { requests }: Embedding.BatchEmbedContentsRequest
): Embedding.BatchEmbedContentsRequest => ({
  requests: Array.isArray(requests)
    ? requests.map((entry) => entry && { ...entry, model: entry.model ?? model })
    : requests
})

const guardBatch = Guard.make(Embedding.BatchEmbedContentsRequest)

/** The check of batchEmbedContents: every entry goes to the model of the call. */
export const batchEmbedContents = (
  model: ModelId.ModelId
): (request: Embedding.BatchEmbedContentsRequest) => ReadonlyArray<Violation> =>
  checked(guardBatch, (report, { requests }) => {
    if (requests.length === 0) report("requests", "at least one request is needed")
    requests.forEach((entry, index) => {
      if (entry.model !== undefined && entry.model !== model && entry.model !== ModelId.resource(model)) {
        report(`requests[${index}].model`, `is ${model}, the model of the call`)
      }
      checkContent(report, `requests[${index}].content`, entry.content)
    })
  })
