/**
 * Google Gemini for plain TypeScript.
 *
 * @since 0.3.0
 */
export type { Answer, Embeddings, StreamChunk, TokenCount } from "effect-gemini/call/Answer"
export { GeminiError } from "effect-gemini/GeminiError"
export { LiveError } from "effect-gemini/LiveError"
export type { AnySchema, JsonSchema, Output, Unfinished } from "./AnySchema.ts"
export type { CallEvent, CallOptions, Fallback } from "./CallOptions.ts"
export type { Chat, ChatOptions, ToolChatOptions } from "./Chat.ts"
export { Gemini } from "./Gemini.ts"
export type { GeminiOptions } from "./GeminiOptions.ts"
export { LeanGemini } from "./LeanGemini.ts"
export type { ObjectAnswer, ObjectChunk } from "./ObjectAnswer.ts"
export type { Chunks, Promised } from "./Promised.ts"
export type { Asked, EmbedRequest, ObjectRequest, RepairedRequest, Request, ToolRequest } from "./Request.ts"
export { type Bounds, type Tool, tool, type ToolAnswer, type ToolCall, type ToolContext, type Tools } from "./Tool.ts"
export { errorResponse, eventResponse, textResponse } from "./WebResponse.ts"
