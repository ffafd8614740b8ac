/**
 * Who measures the calls: nobody, until `Telemetry`'s layers are provided. The metrics and the
 * writing down of what is said are its business, so that a program without them does not carry them.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type { LiveSession } from "../../live/LiveSession.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"

/** What is measured, by the names that `Telemetry` gives its metrics. */
export type Measure =
  | "operationDuration"
  | "timeToFirstChunk"
  | "tokenUsage"
  | "wait"
  | "retries"
  | "fallbacks"
  | "liveSessions"
  | "liveDuration"
  | "liveReconnects"
  | "liveTimeToFirstChunk"

/** What is undefined is left out. */
export type Attributes = Readonly<Record<string, string | undefined>>

export type Recorder = (
  measure: Measure,
  value: number,
  attributes: Attributes,
  context: Context.Context<never>
) => void

export const Recorder: Context.Reference<Recorder | undefined> = /* @__PURE__ */ Context.Reference<
  Recorder | undefined
>("effect-gemini/internal/recorder/Recorder", { defaultValue: () => undefined })

/** What one attempt says, on its way into the span. */
export interface Said {
  readonly chunk: (response: GenerateContentResponse) => void
  readonly end: () => void
}

/** Writes what is said on the attempts' spans; undefined for methods of which nothing is written. */
export type Contents = (span: Tracer.Span, method: string, body: unknown) => Said | undefined

export const Contents: Context.Reference<Contents | undefined> = /* @__PURE__ */ Context.Reference<
  Contents | undefined
>("effect-gemini/internal/recorder/Contents", { defaultValue: () => undefined })

/** Where a session tells of its turns: as they are sent, and when the model begins to answer. */
export interface TurnHooks {
  turnOpened: (turn: object) => void
  turnBegun: (turn: object) => void
}

/** Measures a session from when it is open. */
export type LiveRecorder = (
  session: LiveSession,
  hooks: TurnHooks
) => Effect.Effect<void, never, Scope.Scope>

export const LiveRecorder: Context.Reference<LiveRecorder | undefined> = /* @__PURE__ */ Context.Reference<
  LiveRecorder | undefined
>("effect-gemini/internal/recorder/LiveRecorder", { defaultValue: () => undefined })
