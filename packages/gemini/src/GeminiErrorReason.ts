/**
 * Why a call failed: the typed causes inside a `GeminiError`.
 *
 * Each reason is data that a program can branch on, knows whether trying again
 * may help, and says in its message what to do. None of them holds a request,
 * headers or prompt text.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** What the server said in words; server text only, never the prompt. */
const description = Schema.optionalKey(Schema.String)

/** The violated quotas of a 429, as `google.rpc.QuotaFailure` names them. */
export const QuotaViolation = Schema.Struct({
  quotaMetric: Schema.optionalKey(Schema.String),
  quotaId: Schema.optionalKey(Schema.String),
  quotaValue: Schema.optionalKey(Schema.String),
  quotaDimensions: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})

/** One refused field of a request: the path as the server names it, and why. */
export const FieldViolation = Schema.Struct({
  field: Schema.String,
  description: Schema.optionalKey(Schema.String)
})

export class MissingApiKey extends Schema.TaggedError<MissingApiKey>("effect-gemini/GeminiError/MissingApiKey")(
  "MissingApiKey",
  {}
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "no API key: pass apiKey, or set GEMINI_API_KEY (or GOOGLE_API_KEY) and use layerConfig"
  }
}

export class Unauthenticated extends Schema.TaggedError<Unauthenticated>("effect-gemini/GeminiError/Unauthenticated")(
  "Unauthenticated",
  { description }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.description ?? "the API key was refused"
  }
}

export class InvalidRequest extends Schema.TaggedError<InvalidRequest>("effect-gemini/GeminiError/InvalidRequest")(
  "InvalidRequest",
  { description, fields: Schema.Array(FieldViolation) }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const fields = this.fields.map((f) => f.description === undefined ? f.field : `${f.field}: ${f.description}`)
    return [this.description, ...fields].filter((line) => line !== undefined).join("\n") || "the request was refused"
  }
}

export class NotFound extends Schema.TaggedError<NotFound>("effect-gemini/GeminiError/NotFound")("NotFound", {
  description,
  nearMatches: Schema.Array(Schema.String)
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const near = this.nearMatches.length === 0 ? "" : ` Did you mean ${this.nearMatches.join(", ")}?`
    return (this.description ?? "not found") + near
  }
}

export class RateLimited extends Schema.TaggedError<RateLimited>("effect-gemini/GeminiError/RateLimited")(
  "RateLimited",
  { description, violations: Schema.Array(QuotaViolation) }
) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return this.description ?? "the server's rate limit was reached"
  }
}

export class QuotaExhausted extends Schema.TaggedError<QuotaExhausted>("effect-gemini/GeminiError/QuotaExhausted")(
  "QuotaExhausted",
  { description, violations: Schema.Array(QuotaViolation), resetAt: Schema.optionalKey(Schema.Finite) }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const reset = this.resetAt === undefined ? "" : ` It resets at ${new Date(this.resetAt).toISOString()}.`
    return (this.description ?? "the day's quota is spent.") + reset
  }
}

export class RequestTooLarge extends Schema.TaggedError<RequestTooLarge>("effect-gemini/GeminiError/RequestTooLarge")(
  "RequestTooLarge",
  { estimatedTokens: Schema.Finite, limit: Schema.Finite }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the request is estimated at ${this.estimatedTokens} tokens, the lane allows ${this.limit} a minute`
  }
}

export class LimiterFull extends Schema.TaggedError<LimiterFull>("effect-gemini/GeminiError/LimiterFull")(
  "LimiterFull",
  { waiting: Schema.Finite, limit: Schema.Finite }
) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `${this.waiting} calls already wait for this model's quota (at most ${this.limit}): shed load or raise maxQueue`
  }
}

export class Overloaded extends Schema.TaggedError<Overloaded>("effect-gemini/GeminiError/Overloaded")("Overloaded", {
  description
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return this.description ?? "the model is overloaded"
  }
}

export class ServerError extends Schema.TaggedError<ServerError>("effect-gemini/GeminiError/ServerError")(
  "ServerError",
  { description }
) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return this.description ?? "the server failed"
  }
}

export class Network extends Schema.TaggedError<Network>("effect-gemini/GeminiError/Network")("Network", {
  code: Schema.optionalKey(Schema.String),
  description
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return this.description ?? this.code ?? "the connection failed"
  }
}

/** Which deadline passed. */
export const Phase = Schema.Literals(["connect", "attempt", "firstByte", "idle", "total"])

export class TimedOut extends Schema.TaggedError<TimedOut>("effect-gemini/GeminiError/TimedOut")("TimedOut", {
  phase: Phase
}) {
  get isRetryable(): boolean {
    return this.phase !== "total"
  }
  override get message(): string {
    return `the ${this.phase} deadline passed (options: timeouts.${this.phase})`
  }
}

export class InvalidResponse extends Schema.TaggedError<InvalidResponse>("effect-gemini/GeminiError/InvalidResponse")(
  "InvalidResponse",
  { path: Schema.String, expected: Schema.String }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.path === "" ? `expected ${this.expected}` : `expected ${this.expected} at ${this.path}`
  }
}

export class PromptBlocked extends Schema.TaggedError<PromptBlocked>("effect-gemini/GeminiError/PromptBlocked")(
  "PromptBlocked",
  { blockReason: Schema.String, description, safetyRatings: Schema.optionalKey(Schema.Array(Schema.Unknown)) }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the prompt was blocked (${this.blockReason})${
      this.description === undefined ? "" : `: ${this.description}`
    }`
  }
}

export class ResponseBlocked extends Schema.TaggedError<ResponseBlocked>("effect-gemini/GeminiError/ResponseBlocked")(
  "ResponseBlocked",
  { finishReason: Schema.String, description, response: Schema.optionalKey(Schema.Unknown) }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the answer was blocked (${this.finishReason})${
      this.description === undefined ? "" : `: ${this.description}`
    }`
  }
}

export class ToolCallRejected
  extends Schema.TaggedError<ToolCallRejected>("effect-gemini/GeminiError/ToolCallRejected")(
    "ToolCallRejected",
    { finishReason: Schema.String, description }
  )
{
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `the model's tool call was rejected (${this.finishReason})${
      this.description === undefined ? "" : `: ${this.description}`
    }`
  }
}

export class StreamInterrupted extends Schema.TaggedError<StreamInterrupted>(
  "effect-gemini/GeminiError/StreamInterrupted"
)("StreamInterrupted", {
  /** The chunks that came, the oldest first: at most the last mebibyte of them. */
  received: Schema.Array(Schema.Unknown),
  /** Chunks left out of `received`, all older than the first one there. */
  dropped: Schema.optionalKey(Schema.Finite),
  description
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    const why = this.description === undefined ? "" : ` (${this.description})`
    return `the stream ended before the answer did, after ${this.received.length + (this.dropped ?? 0)} chunks${why}`
  }
}

export class Unsupported extends Schema.TaggedError<Unsupported>("effect-gemini/GeminiError/Unsupported")(
  "Unsupported",
  { capability: Schema.String, description }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.description ?? `not supported: ${this.capability}`
  }
}

export class LiveNotProvided extends Schema.TaggedError<LiveNotProvided>("effect-gemini/GeminiError/LiveNotProvided")(
  "LiveNotProvided",
  {}
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "this model speaks only the Live API and no LiveTransport is provided: use NodeGemini.layer"
  }
}

/**
 * Every reason of a `GeminiError`.
 *
 * @category errors
 * @since 0.1.0
 */
export const GeminiErrorReason = Schema.Union([
  MissingApiKey,
  Unauthenticated,
  InvalidRequest,
  NotFound,
  RateLimited,
  QuotaExhausted,
  RequestTooLarge,
  LimiterFull,
  Overloaded,
  ServerError,
  Network,
  TimedOut,
  InvalidResponse,
  PromptBlocked,
  ResponseBlocked,
  ToolCallRejected,
  StreamInterrupted,
  Unsupported,
  LiveNotProvided
])

/**
 * @category errors
 * @since 0.1.0
 */
export type GeminiErrorReason = typeof GeminiErrorReason.Type
