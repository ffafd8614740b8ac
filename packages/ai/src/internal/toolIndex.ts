/**
 * The tools of one request by the names that they have on either side. Pure.
 *
 * A toolkit names tools as it likes; Gemini takes some names only, and its own tools have
 * no name there at all. Both directions of that are looked up here.
 */
import * as AiTool from "effect/ai/Tool"
import * as ToolName from "../ToolName.ts"

/** The ids of the provider's own tools. */
export type ProviderId =
  | "google.google_search"
  | "google.url_context"
  | "google.code_execution"
  | "google.google_maps"
  | "google.file_search"
  | "google.computer_use"
  | "google.mcp_servers"

export interface ToolIndex {
  /** A function's name for the API. */
  readonly toWire: (name: string) => string
  /** The toolkit's name of a function. */
  readonly fromWire: (name: string) => string
  /** Whether the request declares a function by this wire name. */
  readonly declares: (name: string) => boolean
  /** The toolkit's name of a tool of Gemini's own, where the request has it. */
  readonly provider: (id: ProviderId) => string | undefined
  /** The function that the toolkit has by this name of its own. */
  readonly tool: (name: string) => AiTool.Any | undefined
}

export const make = (tools: ReadonlyArray<AiTool.Any>): ToolIndex => {
  const providers = new Map<string, string>()
  const functions = new Map<string, AiTool.Any>()
  for (const tool of tools) {
    if (AiTool.isProviderDefined(tool)) providers.set(tool.id, tool.name)
    else functions.set(tool.name, tool)
  }
  const names = ToolName.make(functions.keys())
  return {
    toWire: names.toWire,
    fromWire: names.fromWire,
    declares: (name) => functions.has(names.fromWire(name)),
    provider: (id) => providers.get(id),
    tool: (name) => functions.get(name)
  }
}
