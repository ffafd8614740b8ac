/**
 * The body of a create: what the caller wrote, read once, with its secrets uncovered, after the check of what the API is
 * known to refuse. Pure.
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { Request, RequestTool } from "../../interactions/InteractionRequest.ts"
import type { InteractionContent } from "../../interactions/types/ContentTypes.ts"
import {
  CreateAgentInteraction,
  CreateModelInteraction,
  type InteractionInput
} from "../../interactions/types/InteractionTypes.ts"
import type { InteractionTool } from "../../interactions/types/ToolTypes.ts"
import * as ModelId from "../../models/ModelId.ts"
import type { GenerateContentRequest } from "../../wire/GenerateContent.ts"
import type { Part } from "../../wire/Part.ts"
import type { Tool } from "../../wire/Tool.ts"
import * as Usage from "../../wire/Usage.ts"
import type * as Operations from "../call/clientOperations.ts"
import type * as RequestCheck from "../http/requestCheck.ts"
import * as Names from "../resources/names.ts"
import * as Guard from "../wire/guard.ts"

/** A body as it is sent, without `stream`. */
export type InteractionPost = (CreateModelInteraction & CreateAgentInteraction) & { readonly stream?: undefined }

export interface Prepared {
  /** The model or the agent, whose quota counts. */
  readonly target: ModelId.ModelId
  readonly body: InteractionPost
}

type Violation = RequestCheck.Violation

const guardModel = /* @__PURE__ */ Guard.make(CreateModelInteraction)
const guardAgent = /* @__PURE__ */ Guard.make(CreateAgentInteraction)

const shown = (header: string | Redacted.Redacted<string>): string =>
  Redacted.isRedacted(header) ? Redacted.value(header) : header

/** The tool with its headers uncovered. */
const uncovered = (tool: RequestTool): InteractionTool => {
  if (tool?.type !== "mcp_server") return tool
  const { headers, ...rest } = tool
  return headers === undefined || headers === null
    ? rest
    : { ...rest, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, shown(value)])) }
}

/** Whether a continuation sends its input again: nothing of it is stored. */
export const isStateless = ({ store }: InteractionPost): boolean => store === false

/** Whether the server keeps working after the connection is gone. */
export const isBackground = ({ background }: InteractionPost): boolean => background === true

/** Whether an agent of the server's is asked, which continues by itself. */
export const isAgent = ({ agent, agent_config }: InteractionPost): boolean =>
  (agent ?? undefined) !== undefined || (agent_config ?? undefined) !== undefined

const inputViolations = (input: InteractionInput | null | undefined): ReadonlyArray<Violation> => {
  if (!Array.isArray(input)) return []
  return input.flatMap((step, place): ReadonlyArray<Violation> => {
    if (step?.type !== "function_result") return []
    return "call_id" in step && step.call_id
      ? []
      : [{ field: `input[${place}].call_id`, description: "a result names the call that it answers" }]
  })
}

/** What the API is known to refuse (gemini-wire 7.1; Google's guides, 2026-10), or would take for something else. */
export const violations = (body: InteractionPost): ReadonlyArray<Violation> => {
  const out: Array<Violation> = []
  const has = (field: keyof InteractionPost): boolean => (body[field] ?? undefined) !== undefined
  if (has("model") && has("agent")) {
    out.push({ field: "agent", description: "expected a model or an agent, got both" })
  }
  if (has("agent") && has("generation_config")) {
    out.push({ field: "generation_config", description: "an agent has agent_config in its place" })
  }
  if (has("model") && has("agent_config")) {
    out.push({ field: "agent_config", description: "a model has generation_config in its place" })
  }
  if (isStateless(body)) {
    if (isBackground(body)) {
      out.push({
        field: "store",
        description: has("agent")
          ? "an agent works in the background, and what does so has to be stored"
          : "what works in the background has to be stored"
      })
    }
    if (has("previous_interaction_id")) {
      out.push({
        field: "store",
        description: "an interaction that is not stored follows no other: send the steps of the earlier ones as input"
      })
    }
  }
  if (!has("input") && !has("continuation_token")) {
    out.push({ field: "input", description: "expected a text, contents or steps" })
  }
  return [...out, ...inputViolations(body.input)]
}

const invalid = (field: string, description: string): Result.Result<never, Violation> =>
  Result.fail({ field, description })

/** Reads what a caller wrote. */
export const prepare = (request: Request): Result.Result<Prepared, Violation> => {
  // The spread also takes `undefined`, which a program without types may pass.
  const { stream: _, tools, ...rest }: Request & { readonly stream?: unknown } = { ...request }
  const name = rest.agent ?? rest.model
  const field = rest.agent === undefined ? "model" : "agent"
  if (name === undefined || name === null) return invalid("model", "expected the name of a model, or an agent")
  const parsed = ModelId.parse(name)
  if (Result.isFailure(parsed)) return invalid(field, parsed.failure)
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) return invalid("tools", "expected a list")
  const body = {
    ...rest,
    // The API takes the bare name.
    [field]: parsed.success,
    ...(field === "agent" && (rest.background ?? undefined) === undefined ? { background: true } : {}),
    ...(tools === undefined || tools === null ? {} : { tools: tools.map(uncovered) })
  }
  const guarded = field === "agent" ? guardAgent(body) : guardModel(body)
  if (Result.isFailure(guarded)) return invalid(guarded.failure.path, `expected ${guarded.failure.expected}`)
  return Result.succeed({ target: parsed.success, body })
}

/** The body of the hop that goes on from a token, which the interaction `owner` gave. */
export const continued = (
  body: InteractionPost,
  token: string | undefined,
  owner: string | undefined
): InteractionPost => {
  if (token === undefined) return body
  if (owner === undefined || isStateless(body)) return { ...body, continuation_token: token }
  const { input: _, ...rest } = body
  return { ...rest, continuation_token: token, previous_interaction_id: owner }
}

const partOf = (content: InteractionContent): ReadonlyArray<Part> => {
  if (content.type === "text") return [{ text: "text" in content ? content.text ?? "" : "" }]
  if (!("data" in content) && !("uri" in content)) return []
  const mimeType = `${content.mime_type ?? `${content.type}/`}`
  if (content.data) return [{ inlineData: { mimeType, data: content.data } }]
  return content.uri ? [{ fileData: { mimeType, fileUri: content.uri } }] : []
}

const isContent = (value: unknown): value is InteractionContent =>
  typeof value === "object" && value !== null && ("text" in value || "data" in value || "uri" in value)

const listOf = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const partsOf = (input: InteractionInput | null | undefined): ReadonlyArray<Part> => {
  if (input === undefined || input === null) return []
  if (typeof input === "string") return [{ text: input }]
  return (Array.isArray(input) ? input : [input]).flatMap((value): ReadonlyArray<Part> => {
    if (isContent(value)) return partOf(value)
    const contents = [...listOf(Names.own(value, "content")), ...listOf(Names.own(value, "result"))].filter(isContent)
    return contents.length > 0 ? contents.flatMap(partOf) : [{ text: JSON.stringify(value) }]
  })
}

/** The generation that costs as much: what is estimated, priced, and asked for whose the files are. */
export const like = (body: InteractionPost): GenerateContentRequest => ({
  contents: [{ parts: partsOf(body.input) }],
  ...(body.system_instruction ? { systemInstruction: { parts: [{ text: body.system_instruction }] } } : {}),
  ...(body.cached_content ? { cachedContent: body.cached_content } : {}),
  ...(body.tools && body.tools.length > 0 ? { tools: body.tools.flatMap(toolLike) } : {}),
  ...(body.generation_config?.max_output_tokens == null
    ? {}
    : { generationConfig: { maxOutputTokens: Usage.count(body.generation_config.max_output_tokens) } })
})

const toolLike = (tool: InteractionTool): ReadonlyArray<Tool> => {
  switch (tool.type) {
    case "function":
      return [{
        functionDeclarations: [{
          name: tool.name ?? "",
          description: tool.description ?? "",
          parametersJsonSchema: tool.parameters
        }]
      }]
    case "file_search":
      return [{ fileSearch: { fileSearchStoreNames: tool.file_search_store_names ?? [] } }]
    case "google_search":
      return [{ googleSearch: {} }]
    case "google_maps":
      return [{ googleMaps: {} }]
    default:
      return []
  }
}

/** The interactions and environments that the body names, which only their own member has. */
export const heldBy = (body: InteractionPost): Operations.Extra<unknown>["held"] => {
  const previous = body.previous_interaction_id
  const environment = typeof body.environment === "string" ? body.environment : body.environment?.environment_id
  return [
    ...(previous ? [{ field: "previous_interaction_id", resource: `interactions/${previous}` }] : []),
    ...(environment && environment !== "remote"
      ? [{ field: "environment", resource: `environments/${environment}` }]
      : [])
  ]
}
