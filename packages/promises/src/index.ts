/**
 * Google Gemini for plain TypeScript.
 *
 * @since 0.3.0
 */
export type { Answer, Embeddings, StreamChunk, TokenCount } from "effect-gemini/call/Answer"
export { GeminiError } from "effect-gemini/GeminiError"
export { LiveError } from "effect-gemini/LiveError"
export type { CallEvent, CallOptions, Fallback } from "./CallOptions.ts"
export { type Chunks, Gemini, type Request } from "./Gemini.ts"
export type { GeminiOptions } from "./GeminiOptions.ts"
