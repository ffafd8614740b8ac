/**
 * What an interaction is asked: a model or an agent, the input, tools and settings.
 *
 * The fields follow `@google/genai` 3.3.0 (2026-11-12). Requests that the API is known to refuse are refused before they
 * are sent.
 *
 * ```ts
 * import type * as InteractionRequest from "effect-gemini/interactions/InteractionRequest"
 *
 * const request: InteractionRequest.ModelRequest = {
 *   model: "gemini-3.8-flash",
 *   input: "Which bridges cross the Aare in Bern?",
 *   tools: [{ type: "google_search" }],
 *   generation_config: { thinking_level: "low" }
 * }
 * console.log(request.model) // gemini-3.8-flash
 * ```
 *
 * @since 0.2.0
 */
import type * as Redacted from "effect/Redacted"
import type { CreateAgentInteraction, CreateModelInteraction } from "./types/InteractionTypes.ts"
import type { InteractionTool, MCPServerTool } from "./types/ToolTypes.ts"

/**
 * A remote MCP server that Google's side calls. Its headers may hold secrets, which are Redacted until they are sent.
 *
 * @category models
 * @since 0.2.0
 */
export interface RemoteServer extends Omit<MCPServerTool, "headers"> {
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>> | undefined
}

/**
 * A tool that the model may use: a function, a tool of the server's, a remote MCP server.
 *
 * @category models
 * @since 0.2.0
 */
export type RequestTool = Exclude<InteractionTool, { readonly type: "mcp_server" }> | RemoteServer

type Shared = Omit<CreateModelInteraction, "model" | "generation_config" | "stream" | "tools"> & {
  readonly tools?: ReadonlyArray<RequestTool> | undefined
}

/**
 * Asks a model. The history is all that `previous_interaction_id` carries: instructions, tools and settings are sent
 * each time.
 *
 * @category models
 * @since 0.2.0
 */
export type ModelRequest = Shared & {
  readonly model: string
  readonly generation_config?: CreateModelInteraction["generation_config"]
  readonly agent?: undefined
  readonly agent_config?: undefined
}

/**
 * Asks an agent, such as `deep-research-preview-04-2026`. Agents work in the background, which is set if it is left out.
 *
 * @category models
 * @since 0.2.0
 */
export type AgentRequest = Shared & {
  readonly agent: string
  readonly agent_config?: CreateAgentInteraction["agent_config"]
  readonly model?: undefined
  readonly generation_config?: undefined
}

/**
 * What is asked, of a model or of an agent.
 *
 * @category models
 * @since 0.2.0
 */
export type Request = ModelRequest | AgentRequest
