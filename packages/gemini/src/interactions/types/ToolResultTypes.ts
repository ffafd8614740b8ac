/**
 * What the calls of the server's own tools are given, and what comes of them, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, Struct } from "../../internal/wire/leaves.ts"
import { ReviewSnippet } from "./AnnotationTypes.ts"

/**
 * `CodeExecutionCallArguments` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CodeExecutionCallArguments = Schema.Struct({
  code: field(Schema.String),
  language: enumField<"python" | "bash">()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CodeExecutionCallArguments extends Schema.Schema.Type<typeof CodeExecutionCallArguments> {}

/**
 * `FileSearchResult` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileSearchResult = Struct

/**
 * @category models
 * @since 0.2.0
 */
export interface FileSearchResult extends Schema.Schema.Type<typeof FileSearchResult> {}

/**
 * `GoogleMapsCallArguments` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleMapsCallArguments = Schema.Struct({
  queries: field(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleMapsCallArguments extends Schema.Schema.Type<typeof GoogleMapsCallArguments> {}

/**
 * `GoogleMapsResultPlaces` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleMapsResultPlaces = Schema.Struct({
  name: field(Schema.String),
  place_id: field(Schema.String),
  review_snippets: field(Schema.Array(ReviewSnippet)),
  url: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleMapsResultPlaces extends Schema.Schema.Type<typeof GoogleMapsResultPlaces> {}

/**
 * `GoogleMapsResult` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleMapsResult = Schema.Struct({
  places: field(Schema.Array(GoogleMapsResultPlaces)),
  widget_context_token: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleMapsResult extends Schema.Schema.Type<typeof GoogleMapsResult> {}

/**
 * `GoogleSearchCallArguments` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleSearchCallArguments = Schema.Struct({
  queries: field(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleSearchCallArguments extends Schema.Schema.Type<typeof GoogleSearchCallArguments> {}

/**
 * `GoogleSearchResult` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const GoogleSearchResult = Schema.Struct({
  search_suggestions: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface GoogleSearchResult extends Schema.Schema.Type<typeof GoogleSearchResult> {}

/**
 * `MCPServerToolResultStepResult` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const MCPServerToolResultStepResult = Struct

/**
 * @category models
 * @since 0.2.0
 */
export interface MCPServerToolResultStepResult extends Schema.Schema.Type<typeof MCPServerToolResultStepResult> {}

/**
 * `RetrievalCallArguments` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RetrievalCallArguments = Schema.Struct({
  queries: field(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RetrievalCallArguments extends Schema.Schema.Type<typeof RetrievalCallArguments> {}

/**
 * `URLContextCallArguments` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const URLContextCallArguments = Schema.Struct({
  urls: field(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface URLContextCallArguments extends Schema.Schema.Type<typeof URLContextCallArguments> {}

/**
 * `URLContextResult` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const URLContextResult = Schema.Struct({
  status: enumField<"success" | "error" | "paywall" | "unsafe">(),
  url: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface URLContextResult extends Schema.Schema.Type<typeof URLContextResult> {}
