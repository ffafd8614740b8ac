/**
 * Agents of one's own, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { openUnion, type Unfamiliar } from "../../internal/interactions/openUnion.ts"
import { field } from "../../internal/wire/leaves.ts"
import { AntigravityAgentConfig } from "./AgentConfigTypes.ts"
import { EnvironmentConfig } from "./EnvironmentTypes.ts"
import { CodeExecutionTool, FunctionTool, GoogleSearchTool, MCPServerTool, URLContextTool } from "./ToolTypes.ts"

/**
 * `AgentTool` of the wire, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const AgentTool: Schema.Codec<AgentTool> = openUnion([
  CodeExecutionTool,
  FunctionTool,
  GoogleSearchTool,
  MCPServerTool,
  URLContextTool
])

/**
 * @category models
 * @since 0.2.0
 */
export type AgentTool =
  | CodeExecutionTool
  | FunctionTool
  | GoogleSearchTool
  | MCPServerTool
  | URLContextTool
  | Unfamiliar

/**
 * `AgentResource`: the wire's `Agent`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const AgentResource = Schema.Struct({
  agent_config: field(AntigravityAgentConfig),
  base_agent: field(Schema.String),
  base_environment: field(Schema.Union([EnvironmentConfig, Schema.String])),
  description: field(Schema.String),
  id: field(Schema.String),
  system_instruction: field(Schema.String),
  tools: field(Schema.Array(AgentTool))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AgentResource extends Schema.Schema.Type<typeof AgentResource> {}

/**
 * `AgentListResponse` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const AgentListResponse = Schema.Struct({
  agents: field(Schema.Array(AgentResource)),
  next_page_token: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AgentListResponse extends Schema.Schema.Type<typeof AgentListResponse> {}
