/**
 * The pieces in which the steps of a stream come: of text, of thoughts, of a call's arguments, of media, and whole calls
 * and results of the server's own tools.
 *
 * Which kinds there are follows `@google/genai` 3.3.0 (2026-11-12). A kind that is not known is kept as it came.
 *
 * ```ts
 * import * as Delta from "effect-gemini/interactions/Delta"
 *
 * const said = (delta: Delta.Delta): string => delta.type === "text" ? delta.text ?? "" : ""
 * console.log(said({ type: "text", text: "Hello" })) // Hello
 * ```
 *
 * @since 0.2.0
 */
import type * as Schema from "effect/Schema"
import { openUnion, type Unfamiliar } from "../internal/interactions/openUnion.ts"
import * as Types from "./types/DeltaTypes.ts"
import * as ToolTypes from "./types/ToolDeltaTypes.ts"

/**
 * What `step.delta` brings. A stream holds hundreds of texts for each of the others, so they are tried first.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Delta: Schema.Codec<Delta> = openUnion([
  Types.TextDelta,
  Types.ArgumentsDelta,
  Types.ThoughtSummaryDelta,
  Types.ThoughtSignatureDelta,
  Types.TextAnnotationDelta,
  Types.AudioDelta,
  Types.ImageDelta,
  Types.VideoDelta,
  Types.DocumentDelta,
  Types.FunctionResultDelta,
  ToolTypes.GoogleSearchCallDelta,
  ToolTypes.GoogleSearchResultDelta,
  ToolTypes.CodeExecutionCallDelta,
  ToolTypes.CodeExecutionResultDelta,
  ToolTypes.URLContextCallDelta,
  ToolTypes.URLContextResultDelta,
  ToolTypes.FileSearchCallDelta,
  ToolTypes.FileSearchResultDelta,
  ToolTypes.GoogleMapsCallDelta,
  ToolTypes.GoogleMapsResultDelta,
  ToolTypes.MCPServerToolCallDelta,
  ToolTypes.MCPServerToolResultDelta,
  ToolTypes.RetrievalCallDelta,
  ToolTypes.RetrievalResultDelta,
  ToolTypes.ProcessingCallDelta,
  ToolTypes.ProcessingResultDelta
])

/**
 * One piece. `type` tells the kinds apart; arguments of a function come as pieces of a JSON text.
 *
 * @category models
 * @since 0.2.0
 */
export type Delta =
  | Types.TextDelta
  | Types.ArgumentsDelta
  | Types.ThoughtSummaryDelta
  | Types.ThoughtSignatureDelta
  | Types.TextAnnotationDelta
  | Types.AudioDelta
  | Types.ImageDelta
  | Types.VideoDelta
  | Types.DocumentDelta
  | Types.FunctionResultDelta
  | ToolTypes.GoogleSearchCallDelta
  | ToolTypes.GoogleSearchResultDelta
  | ToolTypes.CodeExecutionCallDelta
  | ToolTypes.CodeExecutionResultDelta
  | ToolTypes.URLContextCallDelta
  | ToolTypes.URLContextResultDelta
  | ToolTypes.FileSearchCallDelta
  | ToolTypes.FileSearchResultDelta
  | ToolTypes.GoogleMapsCallDelta
  | ToolTypes.GoogleMapsResultDelta
  | ToolTypes.MCPServerToolCallDelta
  | ToolTypes.MCPServerToolResultDelta
  | ToolTypes.RetrievalCallDelta
  | ToolTypes.RetrievalResultDelta
  | ToolTypes.ProcessingCallDelta
  | ToolTypes.ProcessingResultDelta
  | Unfamiliar
