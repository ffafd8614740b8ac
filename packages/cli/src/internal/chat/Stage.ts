/** What a chat shows and asks while a question is answered; a terminal and a pipe do so each in its own way. */
import type { CallEvent } from "effect-gemini/call/CallOptions"
import type { StreamChunk } from "effect-gemini/GeminiClient"
import type * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import type { ChatTool, Outcome } from "./Toolbox.ts"

/** Why a call may be made, or that it may not. */
export type Consent =
  | { readonly _tag: "Given"; readonly how: "readonly" | "allowed" | "once" | "always" }
  /** `why` is told to the model. */
  | { readonly _tag: "Refused"; readonly why: string }

export type Shown = Effect.Effect<void, PlatformError>

export interface Stage {
  /** The model is about to be asked. */
  readonly asking: (model: string) => Shown
  readonly waits: (event: CallEvent) => Effect.Effect<void>
  readonly came: (chunk: StreamChunk) => Shown
  /** The answer is whole, or broken off. */
  readonly ended: Shown
  /** Asks about a call that nothing allows yet. */
  readonly consent: (tool: ChatTool, args: Readonly<Record<string, unknown>>) => Effect.Effect<Consent, PlatformError>
  readonly calling: (tool: ChatTool, args: Readonly<Record<string, unknown>>) => Shown
  readonly returned: (tool: ChatTool, outcome: Outcome) => Shown
}
