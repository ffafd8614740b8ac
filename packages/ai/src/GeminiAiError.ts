/**
 * `GeminiError` in the words of `effect/ai`: an `AiError` whose reason a program that
 * knows no provider can handle, with Gemini's own under `metadata.google`.
 *
 * Whether the same call may succeed later is the same before and after, as far as `AiError` can say it, with one
 * exception: an error that the client has retried in vain is not retryable, so that a retry around the call does not
 * multiply with the client's own. `metadata.google.attempts` says how many attempts there were.
 *
 * @since 0.1.0
 */
import type { QuotaViolation } from "effect-gemini/errors/GeminiErrorReason"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as AiError from "effect/ai/AiError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { ErrorDetails } from "./GeminiMetadata.ts"

type Violation = NonNullable<ErrorDetails["violations"]>[number]

const violation = ({ quotaDimensions, ...named }: typeof QuotaViolation.Type): Violation => ({
  ...named,
  ...(quotaDimensions === undefined ? {} : { quotaDimensions: { ...quotaDimensions } })
})

/** The fields of a reason that `AiError` has no place for. */
const said = ({ reason }: GeminiError): Partial<ErrorDetails> => {
  switch (reason._tag) {
    case "RateLimited":
    case "QuotaExhausted":
      return {
        ...(reason.violations.length === 0 ? {} : { violations: reason.violations.map(violation) }),
        ...(reason.links === undefined ? {} : { links: [...reason.links] }),
        ...("budget" in reason && reason.budget !== undefined ? { budget: reason.budget } : {}),
        ...("resetAt" in reason && reason.resetAt !== undefined ? { resetAt: reason.resetAt } : {})
      }
    case "Unauthenticated":
      return reason.links === undefined ? {} : { links: [...reason.links] }
    case "InvalidRequest":
      return reason.fields.length === 0 ? {} : { fields: reason.fields.map((field) => ({ ...field })) }
    case "NotFound":
      return reason.nearMatches.length === 0 ? {} : { nearMatches: [...reason.nearMatches] }
    case "Unpriced":
      return { budget: reason.budget }
    case "LimiterFull":
    case "RequestTooLarge":
    case "ResponseTooLarge":
      return { limit: reason.limit }
    case "InvalidResponse":
    case "ResponseBlocked":
    case "ToolCallRejected":
      return reason.finishReason === undefined ? {} : { finishReason: reason.finishReason }
    default:
      return {}
  }
}

const details = (error: GeminiError): ErrorDetails => ({
  reason: error.reason._tag,
  description: error.reason.message,
  request: requestOf(error),
  ...(error.model === undefined ? {} : { model: error.model }),
  ...(error.status === undefined ? {} : { status: error.status }),
  ...(error.googleStatus === undefined ? {} : { googleStatus: error.googleStatus }),
  ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
  ...(error.retryAfter === undefined ? {} : { retryAfter: Duration.toMillis(error.retryAfter) }),
  ...(error.usage === undefined ? {} : { usage: error.usage }),
  ...said(error),
  attempts: error.attempts.length
})

/**
 * The answer of the server: its status, and its words in the form of Google's errors. They are those that the
 * `GeminiError` kept, so neither key nor request is in them; of the headers it keeps none, as they may hold anything.
 */
const httpOf = ({ googleStatus, reason, status }: GeminiError): typeof AiError.HttpContext.Type | undefined => {
  if (status === undefined) return undefined
  const code = Math.trunc(status)
  const message = "description" in reason ? reason.description : undefined
  return {
    response: { status: code, headers: {} },
    // Only a body of Google's has a name for the status; a gateway's page is not told as if it were one.
    ...(googleStatus === undefined
      ? {}
      : { body: JSON.stringify({ error: { code, message, status: googleStatus } }) })
  }
}

/** What was asked, as far as it may be told: Google's method, on the model. */
const requestOf = ({ method, model }: GeminiError): string =>
  model === undefined || method.includes(".") ? method : `models/${model}:${method}`

const usageOf = (error: GeminiError) =>
  error.usage === undefined ? undefined : {
    promptTokens: error.usage.promptTokens,
    completionTokens: error.usage.candidatesTokens + error.usage.thoughtsTokens,
    totalTokens: error.usage.totalTokens
  }

/**
 * Only the reason of a `GeminiError`, as one of `AiError`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const reason = (error: GeminiError): AiError.AiErrorReason => {
  const cause = error.reason
  const description = cause.message
  const metadata = { google: details(error) }
  const http = httpOf(error)
  switch (cause._tag) {
    case "MissingApiKey":
      return new AiError.AuthenticationError({ kind: "MissingKey", description, metadata, http })
    case "Unauthenticated": {
      const kind = error.status === 403 ? "InsufficientPermissions" : "InvalidKey"
      return new AiError.AuthenticationError({ kind, description, metadata, http })
    }
    case "RateLimited":
      // Whoever waits for a limit of 0 waits in vain.
      if (!cause.isRetryable) return new AiError.QuotaExhaustedError({ metadata, http })
      return new AiError.RateLimitError({ retryAfter: error.retryAfter, metadata, http })
    case "LimiterFull":
      return new AiError.RateLimitError({ retryAfter: error.retryAfter, metadata, http })
    case "QuotaExhausted":
      return new AiError.QuotaExhaustedError({
        metadata,
        resetAt: cause.resetAt === undefined ? undefined : DateTime.makeUnsafe(cause.resetAt),
        http
      })
    case "InvalidRequest": {
      const [first] = cause.fields
      return new AiError.InvalidRequestError({ parameter: first?.field, description, metadata, http })
    }
    case "NotFound":
      return new AiError.InvalidRequestError({ parameter: "model", description, metadata, http })
    case "RequestTooLarge":
    case "Unpriced":
    case "Unsupported":
    case "LiveNotProvided":
      return new AiError.InvalidRequestError({ description, metadata, http })
    case "PromptBlocked":
    case "ResponseBlocked":
      return new AiError.ContentPolicyError({ description, metadata, http })
    case "ToolCallRejected":
      return new AiError.InvalidOutputError({ description, metadata, usage: usageOf(error) })
    case "InvalidResponse":
    case "ResponseTooLarge":
      return new AiError.InvalidResponseError({ description, metadata, http })
    case "Overloaded":
    case "StreamInterrupted":
    case "LimiterUnavailable":
      return new AiError.InternalProviderError({ description, metadata, http })
    case "Network":
      // The error keeps no base URL, so only the path can be told.
      return new AiError.NetworkError({
        reason: "TransportError",
        method: "POST",
        url: requestOf(error),
        description
      })
    case "ServerError":
    case "TimedOut":
    case "Live":
      return cause.isRetryable
        ? new AiError.InternalProviderError({ description, metadata, http })
        : new AiError.UnknownError({ description, metadata, http })
  }
}

/**
 * What may differ in how an error is told.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** Whether an error that the client has retried in vain still counts as retryable. Default `false`. */
  readonly retryExhausted?: boolean | undefined
}

/**
 * A `GeminiError` as an `AiError`; `module` and `method` name the operation of the `effect/ai` service that failed.
 *
 * After more than one attempt of the client's own the error is not retryable, unless `retryExhausted` is set; a client
 * with `retry: { attempts: 1 }` leaves all retries to the program.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromGeminiError =
  (module: string, method: string, options: Options = {}) => (error: GeminiError): AiError.AiError => {
    const told = reason(error)
    if (error.attempts.length > 1 && told.isRetryable && options.retryExhausted !== true) {
      // The classes of `effect/ai` say it by a getter, and have no field for it.
      Object.defineProperty(told, "isRetryable", { value: false })
    }
    return AiError.make({ module, method, reason: told })
  }
