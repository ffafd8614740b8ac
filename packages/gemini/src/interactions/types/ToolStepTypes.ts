/**
 * The steps of the server's own tools, and what their calls and results hold, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, Struct } from "../../internal/wire/leaves.ts"
import { FunctionResultSubcontent, InteractionContent } from "./ContentTypes.ts"
import {
  CodeExecutionCallArguments,
  GoogleMapsCallArguments,
  GoogleMapsResult,
  GoogleSearchCallArguments,
  GoogleSearchResult,
  MCPServerToolResultStepResult,
  RetrievalCallArguments,
  URLContextCallArguments,
  URLContextResult
} from "./ToolResultTypes.ts"

/**
 * `CodeExecutionCallStep` of the wire, of the type "code_execution_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const CodeExecutionCallStep = Schema.Struct({
  arguments: field(CodeExecutionCallArguments),
  id: field(Schema.String),
  signature: field(Schema.String),
  type: Schema.Literal("code_execution_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CodeExecutionCallStep extends Schema.Schema.Type<typeof CodeExecutionCallStep> {}

/**
 * `CodeExecutionResultStep` of the wire, of the type "code_execution_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const CodeExecutionResultStep = Schema.Struct({
  call_id: field(Schema.String),
  is_error: field(Schema.Boolean),
  result: field(Schema.Union([Schema.Array(InteractionContent), Schema.String])),
  signature: field(Schema.String),
  type: Schema.Literal("code_execution_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CodeExecutionResultStep extends Schema.Schema.Type<typeof CodeExecutionResultStep> {}

/**
 * `FileSearchCallStep` of the wire, of the type "file_search_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileSearchCallStep = Schema.Struct({
  id: field(Schema.String),
  signature: field(Schema.String),
  type: Schema.Literal("file_search_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FileSearchCallStep extends Schema.Schema.Type<typeof FileSearchCallStep> {}

/**
 * `FileSearchResultStep` of the wire, of the type "file_search_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileSearchResultStep = Schema.Struct({
  call_id: field(Schema.String),
  signature: field(Schema.String),
  type: Schema.Literal("file_search_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FileSearchResultStep extends Schema.Schema.Type<typeof FileSearchResultStep> {}

/**
 * `GoogleMapsCallStep` of the wire, of the type "google_maps_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleMapsCallStep = Schema.Struct({
  arguments: field(GoogleMapsCallArguments),
  id: field(Schema.String),
  signature: field(Schema.String),
  type: Schema.Literal("google_maps_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleMapsCallStep extends Schema.Schema.Type<typeof GoogleMapsCallStep> {}

/**
 * `GoogleMapsResultStep` of the wire, of the type "google_maps_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleMapsResultStep = Schema.Struct({
  call_id: field(Schema.String),
  result: field(Schema.Array(GoogleMapsResult)),
  signature: field(Schema.String),
  type: Schema.Literal("google_maps_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleMapsResultStep extends Schema.Schema.Type<typeof GoogleMapsResultStep> {}

/**
 * `GoogleSearchCallStep` of the wire, of the type "google_search_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleSearchCallStep = Schema.Struct({
  arguments: field(GoogleSearchCallArguments),
  id: field(Schema.String),
  search_type: enumField<"web_search" | "image_search" | "enterprise_web_search">(),
  signature: field(Schema.String),
  type: Schema.Literal("google_search_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleSearchCallStep extends Schema.Schema.Type<typeof GoogleSearchCallStep> {}

/**
 * `GoogleSearchResultStep` of the wire, of the type "google_search_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleSearchResultStep = Schema.Struct({
  call_id: field(Schema.String),
  is_error: field(Schema.Boolean),
  result: field(Schema.Array(GoogleSearchResult)),
  signature: field(Schema.String),
  type: Schema.Literal("google_search_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleSearchResultStep extends Schema.Schema.Type<typeof GoogleSearchResultStep> {}

/**
 * `MCPServerToolCallStep` of the wire, of the type "mcp_server_tool_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const MCPServerToolCallStep = Schema.Struct({
  arguments: field(Struct),
  id: field(Schema.String),
  name: field(Schema.String),
  server_name: field(Schema.String),
  type: Schema.Literal("mcp_server_tool_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface MCPServerToolCallStep extends Schema.Schema.Type<typeof MCPServerToolCallStep> {}

/**
 * `MCPServerToolResultStep` of the wire, of the type "mcp_server_tool_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const MCPServerToolResultStep = Schema.Struct({
  call_id: field(Schema.String),
  name: field(Schema.String),
  result: field(Schema.Union([Schema.Array(FunctionResultSubcontent), MCPServerToolResultStepResult, Schema.String])),
  server_name: field(Schema.String),
  type: Schema.Literal("mcp_server_tool_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface MCPServerToolResultStep extends Schema.Schema.Type<typeof MCPServerToolResultStep> {}

/**
 * `ProcessingCallStep` of the wire, of the type "processing_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ProcessingCallStep = Schema.Struct({
  id: field(Schema.String),
  signature: field(Schema.String),
  type: Schema.Literal("processing_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ProcessingCallStep extends Schema.Schema.Type<typeof ProcessingCallStep> {}

/**
 * `ProcessingResultStep` of the wire, of the type "processing_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ProcessingResultStep = Schema.Struct({
  call_id: field(Schema.String),
  signature: field(Schema.String),
  type: Schema.Literal("processing_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ProcessingResultStep extends Schema.Schema.Type<typeof ProcessingResultStep> {}

/**
 * `RetrievalCallStep` of the wire, of the type "retrieval_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const RetrievalCallStep = Schema.Struct({
  arguments: field(RetrievalCallArguments),
  id: field(Schema.String),
  retrieval_type: enumField<"vertex_ai_search" | "rag_store" | "exa_ai_search" | "parallel_ai_search">(),
  signature: field(Schema.String),
  type: Schema.Literal("retrieval_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RetrievalCallStep extends Schema.Schema.Type<typeof RetrievalCallStep> {}

/**
 * `RetrievalResultStep` of the wire, of the type "retrieval_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const RetrievalResultStep = Schema.Struct({
  call_id: field(Schema.String),
  is_error: field(Schema.Boolean),
  signature: field(Schema.String),
  type: Schema.Literal("retrieval_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RetrievalResultStep extends Schema.Schema.Type<typeof RetrievalResultStep> {}

/**
 * `URLContextCallStep` of the wire, of the type "url_context_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const URLContextCallStep = Schema.Struct({
  arguments: field(URLContextCallArguments),
  id: field(Schema.String),
  signature: field(Schema.String),
  type: Schema.Literal("url_context_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface URLContextCallStep extends Schema.Schema.Type<typeof URLContextCallStep> {}

/**
 * `URLContextResultStep` of the wire, of the type "url_context_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const URLContextResultStep = Schema.Struct({
  call_id: field(Schema.String),
  is_error: field(Schema.Boolean),
  result: field(Schema.Array(URLContextResult)),
  signature: field(Schema.String),
  type: Schema.Literal("url_context_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface URLContextResultStep extends Schema.Schema.Type<typeof URLContextResultStep> {}
