/**
 * `GeminiError` in the words of `effect/ai`: an `AiError` whose reason a program that
 * knows no provider can handle, with Gemini's own under `metadata.google`.
 *
 * Whether the same call may succeed later is the same before and after, as far as
 * `AiError` can say it.
 *
 * @since 0.1.0
 */
import type { GeminiError } from "effect-gemini/GeminiError"
import * as AiError from "effect/ai/AiError"
import * as DateTime from "effect/DateTime"
import type { ErrorDetails } from "./GeminiMetadata.ts"

const details = (error: GeminiError): ErrorDetails => ({
  reason: error.reason._tag,
  ...(error.model === undefined ? {} : { model: error.model }),
  ...(error.status === undefined ? {} : { status: error.status }),
  ...(error.googleStatus === undefined ? {} : { googleStatus: error.googleStatus }),
  ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
  ...("finishReason" in error.reason ? { finishReason: error.reason.finishReason } : {}),
  ...(error.usage === undefined ? {} : { usage: error.usage }),
  attempts: error.attempts.length
})

const usageOf = (error: GeminiError) =>
  error.usage === undefined ? undefined : {
    promptTokens: error.usage.promptTokens,
    completionTokens: error.usage.candidatesTokens + error.usage.thoughtsTokens,
    totalTokens: error.usage.totalTokens
  }

const authentication = (error: GeminiError, description: string) =>
  new AiError.AuthenticationError({
    kind: error.status === 403 ? "InsufficientPermissions" : "InvalidKey",
    description,
    metadata: { google: details(error) }
  })

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
  switch (cause._tag) {
    case "MissingApiKey":
      return new AiError.AuthenticationError({ kind: "MissingKey", description, metadata })
    case "Unauthenticated":
      return authentication(error, description)
    case "RateLimited":
      return new AiError.RateLimitError({ retryAfter: error.retryAfter, metadata })
    case "LimiterFull":
      return new AiError.RateLimitError({ metadata })
    case "QuotaExhausted":
      return new AiError.QuotaExhaustedError({
        metadata,
        resetAt: cause.resetAt === undefined ? undefined : DateTime.makeUnsafe(cause.resetAt)
      })
    case "InvalidRequest": {
      const [first] = cause.fields
      return new AiError.InvalidRequestError({ parameter: first?.field, description, metadata })
    }
    case "NotFound":
      return new AiError.InvalidRequestError({ parameter: "model", description, metadata })
    case "RequestTooLarge":
    case "Unpriced":
    case "Unsupported":
    case "LiveNotProvided":
      return new AiError.InvalidRequestError({ description, metadata })
    case "PromptBlocked":
    case "ResponseBlocked":
      return new AiError.ContentPolicyError({ description, metadata })
    case "ToolCallRejected":
      return new AiError.InvalidOutputError({ description, metadata, usage: usageOf(error) })
    case "InvalidResponse":
    case "ResponseTooLarge":
      return new AiError.InvalidResponseError({ description, metadata })
    case "Overloaded":
    case "StreamInterrupted":
    case "LimiterUnavailable":
      return new AiError.InternalProviderError({ description, metadata })
    case "Network":
      // The error keeps no base URL, so only the path can be told.
      return new AiError.NetworkError({
        reason: "TransportError",
        method: "POST",
        url: error.model === undefined ? error.method : `models/${error.model}:${error.method}`,
        description
      })
    case "ServerError":
    case "TimedOut":
    case "Live":
      return cause.isRetryable
        ? new AiError.InternalProviderError({ description, metadata })
        : new AiError.UnknownError({ description, metadata })
  }
}

/**
 * A `GeminiError` as an `AiError`; `module` and `method` name the operation of the `effect/ai` service that failed.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromGeminiError = (module: string, method: string) => (error: GeminiError): AiError.AiError =>
  AiError.make({ module, method, reason: reason(error) })
