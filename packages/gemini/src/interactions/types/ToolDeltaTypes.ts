/**
 * The pieces of steps of the server's own tools, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, Struct } from "../../internal/wire/leaves.ts"
import { FunctionResultSubcontent } from "./ContentTypes.ts"
import {
  CodeExecutionCallArguments,
  FileSearchResult,
  GoogleMapsCallArguments,
  GoogleMapsResult,
  GoogleSearchCallArguments,
  GoogleSearchResult,
  RetrievalCallArguments,
  URLContextCallArguments,
  URLContextResult
} from "./ToolResultTypes.ts"

/**
 * `CodeExecutionCallDelta` of the wire, of the type "code_execution_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const CodeExecutionCallDelta = Schema.Struct({
  arguments: field(CodeExecutionCallArguments),
  signature: field(Schema.String),
  type: Schema.Literal("code_execution_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CodeExecutionCallDelta extends Schema.Schema.Type<typeof CodeExecutionCallDelta> {}

/**
 * `CodeExecutionResultDelta` of the wire, of the type "code_execution_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const CodeExecutionResultDelta = Schema.Struct({
  is_error: field(Schema.Boolean),
  result: field(Schema.String),
  signature: field(Schema.String),
  type: Schema.Literal("code_execution_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CodeExecutionResultDelta extends Schema.Schema.Type<typeof CodeExecutionResultDelta> {}

/**
 * `FileSearchCallDelta` of the wire, of the type "file_search_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileSearchCallDelta = Schema.Struct({
  signature: field(Schema.String),
  type: Schema.Literal("file_search_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FileSearchCallDelta extends Schema.Schema.Type<typeof FileSearchCallDelta> {}

/**
 * `FileSearchResultDelta` of the wire, of the type "file_search_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileSearchResultDelta = Schema.Struct({
  result: field(Schema.Array(FileSearchResult)),
  signature: field(Schema.String),
  type: Schema.Literal("file_search_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FileSearchResultDelta extends Schema.Schema.Type<typeof FileSearchResultDelta> {}

/**
 * `GoogleMapsCallDelta` of the wire, of the type "google_maps_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleMapsCallDelta = Schema.Struct({
  arguments: field(GoogleMapsCallArguments),
  signature: field(Schema.String),
  type: Schema.Literal("google_maps_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleMapsCallDelta extends Schema.Schema.Type<typeof GoogleMapsCallDelta> {}

/**
 * `GoogleMapsResultDelta` of the wire, of the type "google_maps_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleMapsResultDelta = Schema.Struct({
  result: field(Schema.Array(GoogleMapsResult)),
  signature: field(Schema.String),
  type: Schema.Literal("google_maps_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleMapsResultDelta extends Schema.Schema.Type<typeof GoogleMapsResultDelta> {}

/**
 * `GoogleSearchCallDelta` of the wire, of the type "google_search_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleSearchCallDelta = Schema.Struct({
  arguments: field(GoogleSearchCallArguments),
  signature: field(Schema.String),
  type: Schema.Literal("google_search_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleSearchCallDelta extends Schema.Schema.Type<typeof GoogleSearchCallDelta> {}

/**
 * `GoogleSearchResultDelta` of the wire, of the type "google_search_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleSearchResultDelta = Schema.Struct({
  is_error: field(Schema.Boolean),
  result: field(Schema.Array(GoogleSearchResult)),
  signature: field(Schema.String),
  type: Schema.Literal("google_search_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleSearchResultDelta extends Schema.Schema.Type<typeof GoogleSearchResultDelta> {}

/**
 * `MCPServerToolCallDelta` of the wire, of the type "mcp_server_tool_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const MCPServerToolCallDelta = Schema.Struct({
  arguments: field(Struct),
  name: field(Schema.String),
  server_name: field(Schema.String),
  type: Schema.Literal("mcp_server_tool_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface MCPServerToolCallDelta extends Schema.Schema.Type<typeof MCPServerToolCallDelta> {}

/**
 * `MCPServerToolResultDeltaResult` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const MCPServerToolResultDeltaResult = Struct

/**
 * @category models
 * @since 0.2.0
 */
export interface MCPServerToolResultDeltaResult extends Schema.Schema.Type<typeof MCPServerToolResultDeltaResult> {}

/**
 * `MCPServerToolResultDelta` of the wire, of the type "mcp_server_tool_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const MCPServerToolResultDelta = Schema.Struct({
  name: field(Schema.String),
  result: field(Schema.Union([Schema.Array(FunctionResultSubcontent), MCPServerToolResultDeltaResult, Schema.String])),
  server_name: field(Schema.String),
  type: Schema.Literal("mcp_server_tool_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface MCPServerToolResultDelta extends Schema.Schema.Type<typeof MCPServerToolResultDelta> {}

/**
 * `ProcessingCallDelta` of the wire, of the type "processing_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ProcessingCallDelta = Schema.Struct({
  signature: field(Schema.String),
  type: Schema.Literal("processing_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ProcessingCallDelta extends Schema.Schema.Type<typeof ProcessingCallDelta> {}

/**
 * `ProcessingResultDelta` of the wire, of the type "processing_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ProcessingResultDelta = Schema.Struct({
  signature: field(Schema.String),
  type: Schema.Literal("processing_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ProcessingResultDelta extends Schema.Schema.Type<typeof ProcessingResultDelta> {}

/**
 * `RetrievalCallDelta` of the wire, of the type "retrieval_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const RetrievalCallDelta = Schema.Struct({
  arguments: field(RetrievalCallArguments),
  retrieval_type: enumField<"vertex_ai_search" | "rag_store" | "exa_ai_search" | "parallel_ai_search">(),
  signature: field(Schema.String),
  type: Schema.Literal("retrieval_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RetrievalCallDelta extends Schema.Schema.Type<typeof RetrievalCallDelta> {}

/**
 * `RetrievalResultDelta` of the wire, of the type "retrieval_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const RetrievalResultDelta = Schema.Struct({
  is_error: field(Schema.Boolean),
  signature: field(Schema.String),
  type: Schema.Literal("retrieval_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RetrievalResultDelta extends Schema.Schema.Type<typeof RetrievalResultDelta> {}

/**
 * `URLContextCallDelta` of the wire, of the type "url_context_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const URLContextCallDelta = Schema.Struct({
  arguments: field(URLContextCallArguments),
  signature: field(Schema.String),
  type: Schema.Literal("url_context_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface URLContextCallDelta extends Schema.Schema.Type<typeof URLContextCallDelta> {}

/**
 * `URLContextResultDelta` of the wire, of the type "url_context_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const URLContextResultDelta = Schema.Struct({
  is_error: field(Schema.Boolean),
  result: field(Schema.Array(URLContextResult)),
  signature: field(Schema.String),
  type: Schema.Literal("url_context_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface URLContextResultDelta extends Schema.Schema.Type<typeof URLContextResultDelta> {}
