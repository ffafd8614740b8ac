/**
 * Why a call failed: the typed causes inside a `GeminiError`.
 *
 * Each reason is data that a program can branch on, knows whether trying again
 * may help (`isRetryable`), and says in its message what to do. None of them holds
 * a request, headers or prompt text; `description` is always the server's or the
 * transport's own words.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { oneOf, record } from "../internal/wire/leaves.ts"
import { geminiReason } from "../internal/wire/reasonClass.ts"
import {
  InvalidResponse,
  PromptBlocked,
  ResponseBlocked,
  ResponseTooLarge,
  StreamInterrupted,
  ToolCallRejected
} from "./AnswerErrorReason.ts"
import { LimiterFull, LimiterUnavailable, RequestTooLarge, Unpriced } from "./LimiterErrorReason.ts"
import { LiveErrorReason } from "./LiveErrorReason.ts"

export { InvalidResponse, PromptBlocked, ResponseBlocked, ResponseTooLarge, StreamInterrupted, ToolCallRejected }
export { LimiterFull, LimiterUnavailable, RequestTooLarge, Unpriced }

const description = Schema.optionalKey(Schema.String)
const links = Schema.optionalKey(Schema.Array(Schema.String))

/**
 * One violated quota of a 429, as `google.rpc.QuotaFailure` names it. `quotaId` tells
 * the day's limit from the minute's; `quotaDimensions.model` is the concrete model.
 *
 * @category schemas
 * @since 0.1.0
 */
export const QuotaViolation = Schema.Struct({
  quotaMetric: Schema.optionalKey(Schema.String),
  quotaId: Schema.optionalKey(Schema.String),
  quotaValue: Schema.optionalKey(Schema.String),
  quotaDimensions: Schema.optionalKey(record(Schema.String))
})

/**
 * One refused field of a request: its path, and why.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FieldViolation = Schema.Struct({
  field: Schema.String,
  description: Schema.optionalKey(Schema.String)
})

/**
 * The deadlines of a call.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Phase = oneOf(["connect", "attempt", "firstByte", "idle", "total"])

/**
 * No key was given. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class MissingApiKey extends geminiReason<MissingApiKey>()("MissingApiKey", {}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "no API key: pass apiKey, or set GEMINI_API_KEY (or GOOGLE_API_KEY) and use layerConfig"
  }
}

/**
 * The key, or the project behind it, was refused: HTTP 401, 403, 402 (no credit left), and the HTTP 400 with which
 * Google answers a bad key. `code` is Google's machine-readable cause, such as API_KEY_INVALID or SERVICE_DISABLED;
 * `links` are Google's links to pages that help.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unauthenticated extends geminiReason<Unauthenticated>()("Unauthenticated", {
  description,
  code: Schema.optionalKey(Schema.String),
  links
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.description ?? "the API key was refused"}${
      this.links === undefined ? "" : ` See ${this.links.join(", ")}`
    }`
  }
}

/**
 * The request was refused, by the server or before it was sent. `fields` name what is wrong: by JSON path if this
 * library refuses it, by the server's own path otherwise.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRequest extends geminiReason<InvalidRequest>()("InvalidRequest", {
  description,
  fields: Schema.Array(FieldViolation)
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const fields = this.fields.filter((field) => this.description?.includes(field.description ?? field.field) !== true)
    const lines = fields.map((f) => f.description === undefined ? f.field : `${f.field}: ${f.description}`)
    return [this.description, ...lines].filter((line) => line !== undefined).join("\n") || "the request was refused"
  }
}

/**
 * The model, file or cache does not exist, or this key may not see it. `nearMatches` are models of a similar name;
 * `transport` says how the model is reached if it was asked the wrong way; `member` is the one that was asked for what
 * a member made.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotFound extends geminiReason<NotFound>()("NotFound", {
  description,
  nearMatches: Schema.Array(Schema.String),
  transport: Schema.optionalKey(oneOf(["http", "live"])),
  member: description
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const near = this.nearMatches.length === 0 ? "" : ` Did you mean ${this.nearMatches.join(", ")}?`
    const transport = this.transport === undefined
      ? ""
      : ` The model is reached ${this.transport === "live" ? "through the Live API" : "over HTTP"}.`
    const asked = this.member === undefined ? "" : ` (asked: the member ${this.member})`
    return (this.description ?? "not found: check the name of the model, file or cache") + asked + near + transport
  }
}

/**
 * A limit per minute, or one that the server did not name. `GeminiError.retryAfter` is the
 * delay that it asked for, if it did. A limit of 0 is a model that the project's plan does not have: no delay helps.
 *
 * @category errors
 * @since 0.1.0
 */
export class RateLimited extends geminiReason<RateLimited>()("RateLimited", {
  description,
  violations: Schema.Array(QuotaViolation),
  links
}) {
  get isRetryable(): boolean {
    return !this.violations.some(({ quotaValue }) => quotaValue === "0")
  }
  override get message(): string {
    const never = this.isRetryable
      ? ""
      : " A limit of 0 is none to wait for: the project's plan does not have this model."
    return (this.description ?? "the server's rate limit was reached") + never
  }
}

/**
 * A limit per day is reached, as the ids of the `violations` say. `resetAt` is the next midnight in Los Angeles by the
 * server's clock, in milliseconds since the epoch: Google counts days there, whatever shorter delay the answer suggests.
 * In the first five minutes of a day it is the suggested delay, a minute at most, because it may be yesterday's quota that
 * is spent. With `budget` the caller's own budget of that name is spent (see `Budget`), and nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class QuotaExhausted extends geminiReason<QuotaExhausted>()("QuotaExhausted", {
  description,
  violations: Schema.Array(QuotaViolation),
  resetAt: Schema.optionalKey(Schema.Finite),
  budget: description,
  links
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const reset = this.resetAt === undefined ? "" : ` It resets at ${new Date(this.resetAt).toISOString()}.`
    return (this.description ?? "the quota is spent.") + reset
  }
}

/**
 * The model has no capacity now (HTTP 503). Another model may answer at once.
 *
 * @category errors
 * @since 0.1.0
 */
export class Overloaded extends geminiReason<Overloaded>()("Overloaded", { description }) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return this.description ?? "the model is overloaded: try again later, or another model"
  }
}

/**
 * The server failed (HTTP 408, 499 and every 5xx except 501 and 503). A call that the server itself cancelled (499) is
 * not tried again.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServerError extends geminiReason<ServerError>()("ServerError", {
  description,
  status: Schema.optionalKey(Schema.Finite)
}) {
  get isRetryable(): boolean {
    return this.status !== 499
  }
  override get message(): string {
    return this.description ?? "the server failed"
  }
}

/**
 * No answer came. `code` and `description` are the transport's own.
 *
 * @category errors
 * @since 0.1.0
 */
export class Network extends geminiReason<Network>()("Network", {
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

/**
 * One of the deadlines of `timeouts` passed; `phase` says which.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimedOut extends geminiReason<TimedOut>()("TimedOut", { phase: Phase }) {
  get isRetryable(): boolean {
    return this.phase !== "total"
  }
  override get message(): string {
    return `the ${this.phase} deadline passed (options: timeouts.${this.phase})`
  }
}

/**
 * The server, the model or this transport cannot do it (also HTTP 501). `capability` names what.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unsupported extends geminiReason<Unsupported>()("Unsupported", {
  capability: Schema.String,
  description
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.description ?? `not supported: ${this.capability}`
  }
}

/**
 * The call goes over the Live API (the model has nothing else, or the caller said so), and the
 * program has no LiveTransport.
 *
 * @category errors
 * @since 0.1.0
 */
export class LiveNotProvided extends geminiReason<LiveNotProvided>()("LiveNotProvided", {}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "this call goes over the Live API and no LiveTransport is provided: use NodeGemini.layer"
  }
}

/**
 * A call that was routed over the Live API failed there; `reason` says how.
 *
 * @category errors
 * @since 0.1.0
 */
export class Live extends geminiReason<Live>()("Live", {
  code: Schema.optionalKey(Schema.Finite),
  reason: LiveErrorReason
}) {
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
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
  LimiterUnavailable,
  Unpriced,
  Overloaded,
  ServerError,
  Network,
  TimedOut,
  InvalidResponse,
  ResponseTooLarge,
  PromptBlocked,
  ResponseBlocked,
  ToolCallRejected,
  StreamInterrupted,
  Unsupported,
  LiveNotProvided,
  Live
])

/**
 * @category errors
 * @since 0.1.0
 */
export type GeminiErrorReason = typeof GeminiErrorReason.Type
