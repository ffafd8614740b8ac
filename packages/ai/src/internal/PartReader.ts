/**
 * Turns one wire part of an answer into the part of `effect/ai` that it is. Pure.
 *
 * Nothing is lost: if `effect/ai` has no field for something, it stands in the metadata, and `promptToContents` takes
 * it back from there. A part never changes places and never joins another.
 */
import type * as Part from "effect-gemini/wire/Part"
import type * as Response from "effect/ai/Response"
import type { PartDetails } from "../GeminiMetadata.ts"
import * as Json from "./json.ts"
import type { ProviderId, ToolIndex } from "./toolIndex.ts"

/** The parts that the answer of a model consists of, without the pieces of a stream. */
export type ContentPart =
  | Response.TextPartEncoded
  | Response.ReasoningPartEncoded
  | Response.FilePartEncoded
  | Response.ToolCallPartEncoded
  | Response.ToolResultPartEncoded

const idOf: ReadonlyMap<string, ProviderId> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  GOOGLE_SEARCH_WEB: "google.google_search",
  GOOGLE_SEARCH_IMAGE: "google.google_search",
  URL_CONTEXT: "google.url_context",
  GOOGLE_MAPS: "google.google_maps",
  FILE_SEARCH: "google.file_search"
}))

/** Whether a part is only text (it may be a thought). Such parts may be joined into one block. */
export const isPlainText = (part: Part.Part): boolean => {
  if (typeof part.text !== "string") return false
  for (const key in part) {
    if (key !== "text" && !(key === "thought" && typeof part.thought === "boolean")) return false
  }
  return true
}

const withGoogle = (google: PartDetails) => Object.keys(google).length === 0 ? undefined : { metadata: { google } }

const signed = (part: Part.Part): PartDetails =>
  part.thoughtSignature ? { thoughtSignature: part.thoughtSignature } : {}

/** The fields of a part that no field of `effect/ai` holds. */
const others = (part: object): Pick<PartDetails, "fields"> =>
  Object.keys(part).length === 0 ? {} : { fields: Json.object(part) }

const whole = (part: Part.Part) => ({ metadata: { google: { ...signed(part), part: Json.object(part) } } })

export class PartReader {
  readonly #tools: ToolIndex
  readonly #nextId: () => string
  readonly #taken: ReadonlySet<string>
  /** Ids of server-side calls that wait for their result, the oldest first. */
  #running: Array<string> = []
  /** Whether the answer asks the caller for a function. */
  asksForTools = false

  /** `taken` are the ids in the conversation so far. If a wire id is among them, the call gets a new one. */
  constructor(tools: ToolIndex, nextId: () => string, taken: ReadonlySet<string>) {
    this.#tools = tools
    this.#nextId = nextId
    this.#taken = taken
  }

  read(part: Part.Part): ContentPart {
    const { inlineData, text, thought, thoughtSignature: _, ...rest } = part
    if (typeof text === "string") {
      const google = { ...signed(part), ...others(inlineData === undefined ? rest : { ...rest, inlineData }) }
      return { type: thought === true ? "reasoning" : "text", text, ...withGoogle(google) }
    }
    // A picture that the model drafted is a thought, and none of the answer's files.
    if (inlineData) {
      return thought === true ? { type: "reasoning", text: "", ...whole(part) } : this.#file(part, inlineData)
    }
    if (part.functionCall) return this.#call(part, part.functionCall)
    if (part.functionResponse) {
      return this.#result(part, "google.mcp_servers", part.functionResponse.response ?? {}, false)
    }
    if (part.executableCode) {
      const { code, language } = part.executableCode
      return this.#serverCall(part, "google.code_execution", part.executableCode.id, {
        language: String(language ?? "PYTHON"),
        code: code ?? ""
      })
    }
    if (part.codeExecutionResult) {
      const outcome = String(part.codeExecutionResult.outcome ?? "OUTCOME_OK")
      return this.#result(
        part,
        "google.code_execution",
        { outcome, output: part.codeExecutionResult.output ?? "" },
        outcome !== "OUTCOME_OK"
      )
    }
    if (part.toolCall) {
      return this.#serverCall(
        part,
        idOf.get(String(part.toolCall.toolType)),
        part.toolCall.id,
        part.toolCall.args ?? {}
      )
    }
    if (part.toolResponse) {
      return this.#result(part, idOf.get(String(part.toolResponse.toolType)), part.toolResponse.response ?? {}, false)
    }
    return this.#carrier(part)
  }

  #file(part: Part.Part, blob: Part.Blob): ContentPart {
    const { inlineData: _, thoughtSignature: __, ...rest } = part
    const { data, mimeType, ...blobRest } = blob
    const fields = Object.keys(blobRest).length === 0 ? rest : { ...rest, inlineData: blobRest }
    return {
      type: "file",
      mediaType: mimeType ?? "application/octet-stream",
      data: data ?? "",
      ...withGoogle({ ...signed(part), ...others(fields) })
    }
  }

  #call(part: Part.Part, call: Part.FunctionCall): ContentPart {
    const name = call.name ?? ""
    const declared = this.#tools.declares(name)
    const computer = declared ? undefined : this.#tools.provider("google.computer_use")
    const remote = declared ? undefined : this.#tools.provider("google.mcp_servers")
    if (computer === undefined && remote !== undefined) {
      return this.#serverCall(part, "google.mcp_servers", call.id, { name, args: call.args ?? {} })
    }
    this.asksForTools = true
    return {
      type: "tool-call",
      id: this.#freshId(call.id),
      name: computer ?? this.#tools.fromWire(name),
      params: computer === undefined ? call.args ?? {} : { action: name, args: call.args ?? {} },
      ...whole(part)
    }
  }

  #serverCall(
    part: Part.Part,
    provider: ProviderId | undefined,
    wireId: string | null | undefined,
    params: unknown
  ): ContentPart {
    const name = provider === undefined ? undefined : this.#tools.provider(provider)
    if (name === undefined) return this.#carrier(part)
    const id = this.#freshId(wireId)
    this.#running.push(id)
    return { type: "tool-call", id, name, params, providerExecuted: true, ...whole(part) }
  }

  #result(part: Part.Part, provider: ProviderId | undefined, result: unknown, isFailure: boolean): ContentPart {
    const name = provider === undefined ? undefined : this.#tools.provider(provider)
    const wireId = part.toolResponse?.id ?? part.codeExecutionResult?.id ?? part.functionResponse?.id
    const at = Math.max(0, this.#running.findIndex((id) => id === wireId))
    const [id] = this.#running.splice(at, 1)
    if (name === undefined || id === undefined) return this.#carrier(part)
    return { type: "tool-result", id, name, result, isFailure, providerExecuted: true, ...whole(part) }
  }

  /** `effect/ai` has no such part, so an empty text carries it through the history. */
  #carrier(part: Part.Part): ContentPart {
    return { type: "text", text: "", ...whole(part) }
  }

  #freshId(wireId: string | null | undefined): string {
    return wireId === undefined || wireId === null || wireId === "" || this.#taken.has(wireId)
      ? this.#nextId()
      : wireId
  }
}
