/**
 * How `GeminiClient` reaches models over the Live API: only the contract, so that a program without Live loads nothing
 * of it. `NodeGemini.layer` provides it.
 *
 * This module is for builders of transports; programs use `GeminiClient`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { GeminiError } from "../GeminiError.ts"
import type * as GeminiHttp from "../GeminiHttp.ts"
import type * as GenerateContent from "../wire/GenerateContent.ts"

/**
 * Carries one turn over a session of its own. It is exactly one attempt, in the wire types of HTTP, so that retry,
 * limits and answers are the same for both. A LiveError arrives as a `GeminiError` with its reason.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** One turn, as one response. */
  readonly generateContent: (
    request: GeminiHttp.WithModel<GenerateContent.GenerateContentRequest>,
    options?: GeminiHttp.AttemptOptions
  ) => Effect.Effect<GenerateContent.GenerateContentResponse, GeminiError>
  /** One turn as it comes; the last response has the finish reason. */
  readonly generateContentStream: (
    request: GeminiHttp.WithModel<GenerateContent.GenerateContentRequest>,
    options?: GeminiHttp.AttemptOptions
  ) => Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError>
}

/**
 * The way of `GeminiClient` to the Live API, as a service. Without one, calls that need it fail with LiveNotProvided.
 *
 * @category services
 * @since 0.1.0
 */
export class LiveTransport extends Context.Service<LiveTransport, Service>()("effect-gemini/live/LiveTransport") {}
