/**
 * What was said, in the form that OpenTelemetry's conventions for generative AI give it (`gen_ai.input.messages`,
 * `gen_ai.output.messages`, `gen_ai.system_instructions`; as of v1.41). Pure. Only `Telemetry.layerContent` loads this
 * module.
 */
import type * as Tracer from "effect/Tracer"
import * as Accumulate from "../../call/Accumulate.ts"
import * as Candidate from "../../wire/Candidate.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import type { ContentWriter } from "./recorder.ts"

type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const records = (value: unknown): ReadonlyArray<Json> => Array.isArray(value) ? value.filter(isRecord) : []

const modality = (mimeType: unknown): string => {
  const [kind = ""] = typeof mimeType === "string" ? mimeType.split("/") : []
  return kind === "image" || kind === "video" || kind === "audio" ? kind : "document"
}

const part = (given: Json, media: boolean): Json => {
  const { codeExecutionResult, executableCode, fileData, functionCall, functionResponse, inlineData, text } = given
  if (typeof text === "string") return { type: given["thought"] === true ? "reasoning" : "text", content: text }
  if (isRecord(functionCall)) {
    const { args, id, name } = functionCall
    return { type: "tool_call", ...(id ? { id } : {}), name, arguments: args ?? {} }
  }
  if (isRecord(functionResponse)) {
    const { id, name, response } = functionResponse
    return { type: "tool_call_response", ...(id ? { id } : {}), name, response: response ?? null }
  }
  if (isRecord(inlineData)) {
    const { data, mimeType } = inlineData
    return { type: "blob", modality: modality(mimeType), mime_type: mimeType, content: media ? data : "" }
  }
  if (isRecord(fileData)) {
    const { fileUri, mimeType } = fileData
    return { type: "uri", modality: modality(mimeType), ...(mimeType ? { mime_type: mimeType } : {}), uri: fileUri }
  }
  // The conventions have no name for these parts, and allow a part of any type.
  if (isRecord(executableCode)) return { type: "executable_code", content: executableCode }
  if (isRecord(codeExecutionResult)) return { type: "code_execution_result", content: codeExecutionResult }
  return { type: Object.keys(given).find((key) => key !== "thought" && key !== "thoughtSignature") ?? "empty" }
}

/** The parts of a content. The text of a stream comes in pieces, which are joined to one part. */
const parts = (content: unknown, media: boolean): ReadonlyArray<Json> => {
  const out: Array<Json> = []
  for (const next of records(isRecord(content) ? content["parts"] : undefined).map((given) => part(given, media))) {
    const last = out.at(-1)
    if (
      last !== undefined && last["type"] === next["type"] && (next["type"] === "text" || next["type"] === "reasoning")
    ) {
      out[out.length - 1] = { ...last, content: `${String(last["content"])}${String(next["content"])}` }
    } else out.push(next)
  }
  return out
}

const roleOf = (content: Json, said: ReadonlyArray<Json>): string => {
  if (content["role"] === "model") return "assistant"
  return said.length > 0 && said.every(({ type }) => type === "tool_call_response") ? "tool" : "user"
}

export const inputMessages = (body: unknown, media: boolean): ReadonlyArray<Json> =>
  records(isRecord(body) ? body["contents"] : undefined).map((content) => {
    const said = parts(content, media)
    return { role: roleOf(content, said), parts: said }
  })

export const systemInstructions = (body: unknown, media: boolean): ReadonlyArray<Json> =>
  parts(isRecord(body) ? body["systemInstruction"] : undefined, media)

const finish = (reason: string | undefined, said: ReadonlyArray<Json>): string => {
  if (reason === undefined) return "error"
  if (reason === "STOP") return said.some(({ type }) => type === "tool_call") ? "tool_call" : "stop"
  if (reason === "MAX_TOKENS") return "length"
  return Candidate.finishKind(reason) === "blocked" ? "content_filter" : reason.toLowerCase()
}

export const outputMessages = (response: GenerateContentResponse, media: boolean): ReadonlyArray<Json> =>
  (response.candidates ?? []).map((candidate) => {
    const said = parts(candidate.content, media)
    return { role: "assistant", parts: said, finish_reason: finish(Candidate.finishReason(candidate), said) }
  })

/** An attribute of a span cannot hold a list of objects, so the conventions ask for JSON. */
const write = (span: Tracer.Span, name: string, value: ReadonlyArray<Json>): void => {
  if (value.length > 0) span.attribute(name, JSON.stringify(value))
}

/** With `media` bytes are written, too. */
export const make = (media: boolean): ContentWriter => (span, method, body) => {
  if (method !== "generateContent" && method !== "generateContentStream") return undefined
  write(span, "gen_ai.system_instructions", systemInstructions(body, media))
  write(span, "gen_ai.input.messages", inputMessages(body, media))
  const chunks: Array<GenerateContentResponse> = []
  return {
    chunk: (response) => {
      chunks.push(response)
    },
    end: () => {
      if (chunks.length > 0) write(span, "gen_ai.output.messages", outputMessages(Accumulate.fromChunks(chunks), media))
    }
  }
}
