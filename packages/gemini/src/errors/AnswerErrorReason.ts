/**
 * Why a 200 is not an answer: those reasons of a `GeminiError` that come with a 200. `GeminiErrorReason` has all
 * reasons.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { fits, oneOf } from "../internal/wire/leaves.ts"
import { geminiReason } from "../internal/wire/reasonClass.ts"
import { GenerateContentResponse } from "../wire/GenerateContent.ts"
import { SafetyRating } from "../wire/Safety.ts"

const description = Schema.optionalKey(Schema.String)
// The schema is declared, because a struct would be rebuilt without the keys that it does not know.
const kept = <A>(schema: Schema.Codec<A>) => Schema.optionalKey(Schema.declare(fits(schema)))
const safetyRatings = kept(Schema.Array(SafetyRating))
const response = kept(GenerateContentResponse)
const said = (text: string | undefined): string => text === undefined ? "" : `: ${text}`

/**
 * The answer is not what the API promises: not JSON, a redirect, JSON with another shape, or an answer that its
 * `finishReason` calls malformed or leaves empty; `response` then holds the rest of it. `path` is the place in the
 * body; `""` is the whole body.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidResponse extends geminiReason<InvalidResponse>()("InvalidResponse", {
  path: Schema.String,
  expected: Schema.String,
  description,
  finishReason: description,
  response
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `expected ${this.expected}${this.path === "" ? "" : ` at ${this.path}`}${said(this.description)}`
  }
}

/**
 * The server sent more than the bound allows. `limit` is the bound in bytes, after decompression, and `what` is
 * bounded: the body of an answer, one event of a stream, or the body of an error (the envelope has its `status`). The
 * rest was not read.
 *
 * @category errors
 * @since 0.1.0
 */
export class ResponseTooLarge extends geminiReason<ResponseTooLarge>()("ResponseTooLarge", {
  what: oneOf(["body", "event", "errorBody"]),
  limit: Schema.Finite
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the server sent ${kinds[this.what]} of more than ${this.limit} bytes, which was not read on: ` +
      `look at who answers at baseUrl, or raise bounds.${this.what}`
  }
}

const kinds = { body: "an answer", event: "an event of a stream", errorBody: "an error" } as const

/**
 * The prompt was blocked before anything was generated.
 *
 * @category errors
 * @since 0.1.0
 */
export class PromptBlocked extends geminiReason<PromptBlocked>()("PromptBlocked", {
  blockReason: Schema.String,
  description,
  safetyRatings
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the prompt was blocked (${this.blockReason})${said(this.description)}`
  }
}

/**
 * The answer was blocked while it was generated. `response` holds what came of it; the usage is in
 * `GeminiError.usage`.
 *
 * @category errors
 * @since 0.1.0
 */
export class ResponseBlocked extends geminiReason<ResponseBlocked>()("ResponseBlocked", {
  finishReason: Schema.String,
  description,
  safetyRatings,
  response
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the answer was blocked (${this.finishReason})${said(this.description)}`
  }
}

/**
 * The model wrote a tool call that the API rejected. Asking again may help.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolCallRejected extends geminiReason<ToolCallRejected>()("ToolCallRejected", {
  finishReason: Schema.String,
  description,
  response
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `the model's tool call was rejected (${this.finishReason})${said(this.description)}`
  }
}

/**
 * The stream ended before the answer did. `received` holds its responses, the oldest first; beyond 1 MiB of wire text
 * the oldest are dropped, and `dropped` counts them.
 *
 * @category errors
 * @since 0.1.0
 */
export class StreamInterrupted extends geminiReason<StreamInterrupted>()("StreamInterrupted", {
  received: Schema.Array(Schema.Unknown),
  dropped: Schema.optionalKey(Schema.Finite),
  description
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    const chunks = this.received.length + (this.dropped ?? 0)
    return `the stream ended before the answer did, after ${chunks} chunks${said(this.description)}`
  }
}
