/**
 * Who measures the calls: nobody, until `Telemetry`'s layers are provided. The metrics, and the code that writes down
 * what is said, are theirs, so that a program without them does not carry that code.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type { Fallback } from "../../call/CallOptions.ts"
import type { Attempt, GeminiError } from "../../GeminiError.ts"
import type { LiveSession } from "../../live/LiveSession.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import type { Usage } from "../../wire/Usage.ts"

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

/** Attributes; those that are undefined are left out. */
export type Attributes = Readonly<Record<string, string | undefined>>

/** Writes one value down. */
export type Write = (
  measure: Measure,
  value: number,
  attributes: Attributes,
  context: Context.Context<never>
) => void

/** Where an attempt goes. */
export type Recipient = Pick<Attempt, "model" | "member">

/** The Gemini API, as OpenTelemetry's conventions name it. */
export const geminiProvider = "gcp.gemini"

/** Gives the name of who is asked, by OpenTelemetry's conventions; with a member its own. */
export type ProviderOf = (member: string | undefined) => string

/** A call that is measured tells of itself here as it goes on. */
export interface CallWatch {
  /**
   * Tells that an attempt got its permit after `waited` milliseconds and is sent to a provider; another way than before
   * is a fallback.
   */
  readonly sent: (way: Recipient, waited: number, provider: string) => void
  /** Takes the usage of an answer, or of a stream's chunks as they come: the last one counts. */
  readonly used: (usage: Usage | undefined) => void
  readonly chunk: () => void
  readonly retried: (error: GeminiError) => void
  /** `failure` is the reason's tag. */
  readonly ended: (failure: string | undefined) => void
}

export interface Recorder {
  readonly call: (fiber: Fiber.Fiber<unknown, unknown>, attributes: Attributes) => CallWatch
  /** Tells that a call goes on over the other transport that its caller named. */
  readonly fallback: (
    fiber: Fiber.Fiber<unknown, unknown>,
    fallback: Fallback,
    error: GeminiError,
    provider: string
  ) => void
}

export const Recorder: Context.Reference<Recorder | undefined> = /* @__PURE__ */ Context.Reference<
  Recorder | undefined
>("effect-gemini/Recorder", { defaultValue: () => undefined })

/** What one attempt says, on its way into the span. */
export interface Said {
  readonly chunk: (response: GenerateContentResponse) => void
  readonly end: () => void
}

/** Writes what is said on the spans of attempts. Undefined: nothing is written for this method. */
export type ContentWriter = (span: Tracer.Span, method: string, body: unknown) => Said | undefined

export const ContentWriter: Context.Reference<ContentWriter | undefined> = /* @__PURE__ */ Context.Reference<
  ContentWriter | undefined
>("effect-gemini/ContentWriter", { defaultValue: () => undefined })

/** A session that is measured tells of its turns here: as they are sent, and when the model begins to answer. */
export interface TurnHooks {
  readonly turnOpened: (turn: object) => void
  readonly turnBegun: (turn: object) => void
}

/** Measures one session. */
export interface SessionWatch {
  readonly turns: TurnHooks
  /** Measures the session from when it is open until the scope ends. */
  readonly opened: (session: LiveSession) => Effect.Effect<void, never, Scope.Scope>
}

/** Begins to measure a session of a provider's model, before it is dialled. */
export type LiveRecorder = (context: Context.Context<never>, model: string, provider: string) => SessionWatch

export const LiveRecorder: Context.Reference<LiveRecorder | undefined> = /* @__PURE__ */ Context.Reference<
  LiveRecorder | undefined
>("effect-gemini/LiveRecorder", { defaultValue: () => undefined })
