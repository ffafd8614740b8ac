/**
 * Interactions and their requests, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric, openName, record } from "../../internal/wire/leaves.ts"
import { Step } from "../Step.ts"
import {
  AntigravityAgentConfig,
  CodeMenderAgentConfig,
  DeepResearchAgentConfig,
  DynamicAgentConfig
} from "./AgentConfigTypes.ts"
import { InteractionContent } from "./ContentTypes.ts"
import { EnvironmentConfig } from "./EnvironmentTypes.ts"
import { InteractionConfig, InteractionSafety, OutputFormat, WebhookConfig } from "./SettingTypes.ts"
import { InteractionTool } from "./ToolTypes.ts"

/**
 * `InteractionInput`: the wire's `InteractionsInput`, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionInput = Schema.Union([
  InteractionContent,
  Schema.Array(Step),
  Schema.Array(InteractionContent),
  Schema.String
])

/**
 * @category models
 * @since 0.2.0
 */
export type InteractionInput = typeof InteractionInput.Type

/**
 * `CreateAgentInteraction` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CreateAgentInteraction = Schema.Struct({
  agent: enumField<
    | "deep-research-pro-preview-12-2025"
    | "deep-research-preview-04-2026"
    | "deep-research-max-preview-04-2026"
    | "antigravity-preview-05-2026"
    | "antigravity-preview-09-2026"
  >(),
  agent_config: field(
    Schema.Union([AntigravityAgentConfig, CodeMenderAgentConfig, DeepResearchAgentConfig, DynamicAgentConfig])
  ),
  background: field(Schema.Boolean),
  continuation_token: field(Schema.String),
  environment: field(Schema.Union([EnvironmentConfig, Schema.String])),
  input: field(InteractionInput),
  labels: field(record(Schema.String)),
  previous_interaction_id: field(Schema.String),
  response_format: field(Schema.Union([OutputFormat, Schema.Array(OutputFormat)])),
  response_mime_type: field(Schema.String),
  response_modalities: field(Schema.Array(openName<"text" | "image" | "audio" | "video" | "document">())),
  safety_settings: field(Schema.Array(InteractionSafety)),
  service_tier: enumField<"flex" | "standard" | "priority" | "deferred">(),
  store: field(Schema.Boolean),
  stream: field(Schema.Boolean),
  system_instruction: field(Schema.String),
  tools: field(Schema.Array(InteractionTool)),
  webhook_config: field(WebhookConfig)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CreateAgentInteraction extends Schema.Schema.Type<typeof CreateAgentInteraction> {}

/**
 * `CreateModelInteraction` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CreateModelInteraction = Schema.Struct({
  background: field(Schema.Boolean),
  cached_content: field(Schema.String),
  continuation_token: field(Schema.String),
  environment: field(Schema.Union([EnvironmentConfig, Schema.String])),
  generation_config: field(InteractionConfig),
  input: field(InteractionInput),
  labels: field(record(Schema.String)),
  model: enumField<
    | "gemma-4-26b-a4b-it"
    | "gemma-4-31b-it"
    | "gemini-flash-latest"
    | "gemini-flash-lite-latest"
    | "gemini-pro-latest"
    | "gemini-2.5-flash"
    | "gemini-2.5-pro"
    | "gemini-2.5-flash-lite"
    | "gemini-3.5-flash-lite"
    | "gemini-2.5-flash-image"
    | "gemini-3-flash-preview"
    | "gemini-3.1-pro-preview"
    | "gemini-3.1-pro-preview-customtools"
    | "gemini-3.1-flash-lite"
    | "gemini-3.1-flash-lite-image"
    | "gemini-3-pro-image"
    | "nano-banana-pro-preview"
    | "gemini-3.1-flash-image"
    | "gemini-nano-banana-2.1"
    | "gemini-3.1-flash-tts-preview"
    | "gemini-3.5-flash"
    | "gemini-3.6-flash"
    | "gemini-3.7-flash"
    | "gemini-3.8-flash"
    | "gemini-4-argon"
    | "gemini-4-carbon"
    | "gemini-4-hydrogen"
    | "gemini-3.8-flash-tts"
    | "gemini-3.8-flash-lite-tts"
    | "gemini-3.5-transcribe"
    | "lyria-3-clip-preview"
    | "lyria-3-pro-preview"
    | "gemini-robotics-er-1.6-preview"
    | "gemini-robotics-er-2-preview"
    | "lyria-3.5"
    | "gemini-omni-1.2-flash"
    | "gemini-omni-1.1-flash"
    | "gemini-omni-flash-preview"
  >(),
  previous_interaction_id: field(Schema.String),
  response_format: field(Schema.Union([OutputFormat, Schema.Array(OutputFormat)])),
  response_mime_type: field(Schema.String),
  response_modalities: field(Schema.Array(openName<"text" | "image" | "audio" | "video" | "document">())),
  safety_settings: field(Schema.Array(InteractionSafety)),
  service_tier: enumField<"flex" | "standard" | "priority" | "deferred">(),
  store: field(Schema.Boolean),
  stream: field(Schema.Boolean),
  system_instruction: field(Schema.String),
  tools: field(Schema.Array(InteractionTool)),
  webhook_config: field(WebhookConfig)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CreateModelInteraction extends Schema.Schema.Type<typeof CreateModelInteraction> {}

/**
 * `GroundingToolCount` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const GroundingToolCount = Schema.Struct({
  count: numeric,
  type: enumField<"google_search" | "google_maps" | "retrieval">()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GroundingToolCount extends Schema.Schema.Type<typeof GroundingToolCount> {}

/**
 * `InteractionError` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionError = Schema.Struct({
  code: field(Schema.String),
  message: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface InteractionError extends Schema.Schema.Type<typeof InteractionError> {}

/**
 * `ModalityTokens` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ModalityTokens = Schema.Struct({
  modality: enumField<"text" | "image" | "audio" | "video" | "document">(),
  tokens: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ModalityTokens extends Schema.Schema.Type<typeof ModalityTokens> {}

/**
 * `InteractionUsage`: the wire's `Usage`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionUsage = Schema.Struct({
  cached_tokens_by_modality: field(Schema.Array(ModalityTokens)),
  grounding_tool_count: field(Schema.Array(GroundingToolCount)),
  initial_input_tokens: numeric,
  input_tokens_by_modality: field(Schema.Array(ModalityTokens)),
  output_tokens_by_modality: field(Schema.Array(ModalityTokens)),
  tool_use_tokens_by_modality: field(Schema.Array(ModalityTokens)),
  total_cached_tokens: numeric,
  total_input_tokens: numeric,
  total_output_tokens: numeric,
  total_thought_tokens: numeric,
  total_tokens: numeric,
  total_tool_use_tokens: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface InteractionUsage extends Schema.Schema.Type<typeof InteractionUsage> {}
