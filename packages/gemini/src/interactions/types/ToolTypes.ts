/**
 * The tools that a request may offer, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { openUnion, type Unfamiliar } from "../../internal/interactions/openUnion.ts"
import { enumField, field, numeric, openName, record } from "../../internal/wire/leaves.ts"
import { RetrievalTool } from "./RetrievalTypes.ts"

/**
 * `AllowedTools` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const AllowedTools = Schema.Struct({
  mode: enumField<"auto" | "any" | "none" | "validated">(),
  tools: field(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AllowedTools extends Schema.Schema.Type<typeof AllowedTools> {}

/**
 * `CodeExecutionTool`: the wire's `CodeExecution`, of the type "code_execution".
 *
 * @category schemas
 * @since 0.2.0
 */
export const CodeExecutionTool = Schema.Struct({
  type: Schema.Literal("code_execution")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CodeExecutionTool extends Schema.Schema.Type<typeof CodeExecutionTool> {}

/**
 * `ComputerUseTool`: the wire's `ComputerUse`, of the type "computer_use".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ComputerUseTool = Schema.Struct({
  disabled_safety_policies: field(
    Schema.Array(
      openName<
        | "financial_transactions"
        | "sensitive_data_modification"
        | "communication_tool"
        | "account_creation"
        | "data_modification"
        | "user_consent_management"
        | "legal_terms_and_agreements"
      >()
    )
  ),
  enable_prompt_injection_detection: field(Schema.Boolean),
  environment: enumField<"browser" | "mobile" | "desktop">(),
  excluded_predefined_functions: field(Schema.Array(Schema.String)),
  type: Schema.Literal("computer_use")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ComputerUseTool extends Schema.Schema.Type<typeof ComputerUseTool> {}

/**
 * `FileSearchTool`: the wire's `FileSearch`, of the type "file_search".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileSearchTool = Schema.Struct({
  file_search_store_names: field(Schema.Array(Schema.String)),
  metadata_filter: field(Schema.String),
  top_k: numeric,
  type: Schema.Literal("file_search")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FileSearchTool extends Schema.Schema.Type<typeof FileSearchTool> {}

/**
 * `FunctionTool` of the wire, of the type "function".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FunctionTool = Schema.Struct({
  description: field(Schema.String),
  name: field(Schema.String),
  parameters: Schema.optionalKey(Schema.Unknown),
  type: Schema.Literal("function")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FunctionTool extends Schema.Schema.Type<typeof FunctionTool> {}

/**
 * `GoogleMapsTool`: the wire's `GoogleMaps`, of the type "google_maps".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleMapsTool = Schema.Struct({
  enable_widget: field(Schema.Boolean),
  latitude: numeric,
  longitude: numeric,
  type: Schema.Literal("google_maps")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleMapsTool extends Schema.Schema.Type<typeof GoogleMapsTool> {}

/**
 * `GoogleSearchTool`: the wire's `GoogleSearch`, of the type "google_search".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleSearchTool = Schema.Struct({
  search_types: field(Schema.Array(openName<"web_search" | "image_search" | "enterprise_web_search">())),
  type: Schema.Literal("google_search")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleSearchTool extends Schema.Schema.Type<typeof GoogleSearchTool> {}

/**
 * `MCPServerTool`: the wire's `MCPServer`, of the type "mcp_server".
 *
 * @category schemas
 * @since 0.2.0
 */
export const MCPServerTool = Schema.Struct({
  allowed_tools: field(Schema.Array(AllowedTools)),
  headers: field(record(Schema.String)),
  name: field(Schema.String),
  type: Schema.Literal("mcp_server"),
  url: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface MCPServerTool extends Schema.Schema.Type<typeof MCPServerTool> {}

/**
 * `URLContextTool`: the wire's `URLContext`, of the type "url_context".
 *
 * @category schemas
 * @since 0.2.0
 */
export const URLContextTool = Schema.Struct({
  type: Schema.Literal("url_context")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface URLContextTool extends Schema.Schema.Type<typeof URLContextTool> {}

/**
 * `InteractionTool`: the wire's `Tool`, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionTool: Schema.Codec<InteractionTool> = openUnion([
  CodeExecutionTool,
  ComputerUseTool,
  FileSearchTool,
  FunctionTool,
  GoogleMapsTool,
  GoogleSearchTool,
  MCPServerTool,
  RetrievalTool,
  URLContextTool
])

/**
 * @category models
 * @since 0.2.0
 */
export type InteractionTool =
  | CodeExecutionTool
  | ComputerUseTool
  | FileSearchTool
  | FunctionTool
  | GoogleMapsTool
  | GoogleSearchTool
  | MCPServerTool
  | RetrievalTool
  | URLContextTool
  | Unfamiliar
