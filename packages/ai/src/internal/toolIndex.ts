/**
 * The tools of one request, by their names on either side. Pure.
 *
 * A toolkit names tools as it likes; Gemini takes only some names, and its own tools have no name there at all. This
 * index translates in both directions.
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
  /** The name that the toolkit gives to one of Gemini's own tools, if the request has that tool. */
  readonly provider: (id: ProviderId) => string | undefined
  /** The function that the toolkit has by this name of its own. */
  readonly tool: (name: string) => AiTool.Any | undefined
  /** The toolkit's names of the functions of the request. */
  readonly functions: ReadonlyArray<string>
  /** Whether the request has a tool by this name of the toolkit's, a function or one of Gemini's own. */
  readonly has: (name: string) => boolean
  /** The toolkit's names of all tools of the request. */
  readonly names: ReadonlyArray<string>
}

export const make = (tools: ReadonlyArray<AiTool.Any>): ToolIndex => {
  const providers = new Map<string, string>()
  const functions = new Map<string, AiTool.Any>()
  for (const tool of tools) {
    if (AiTool.isProviderDefined(tool)) providers.set(tool.id, tool.name)
    else functions.set(tool.name, tool)
  }
  const names = ToolName.make(functions.keys())
  const declares = (name: string): boolean => functions.has(names.fromWire(name))
  // The API's own namespace, which its sentences show, and which Gemini 3 writes before a name now and then
  // (mastra-ai/mastra#12895, 2026-02).
  const known = (name: string): string => {
    const bare = name.replace(/^default_api[:.]/, "")
    return !declares(name) && declares(bare) ? bare : name
  }
  const all = new Set(tools.map((tool) => tool.name))
  return {
    toWire: names.toWire,
    fromWire: (name) => names.fromWire(known(name)),
    declares: (name) => declares(known(name)),
    provider: (id) => providers.get(id),
    tool: (name) => functions.get(name),
    functions: [...functions.keys()],
    has: (name) => all.has(name),
    names: [...all]
  }
}
