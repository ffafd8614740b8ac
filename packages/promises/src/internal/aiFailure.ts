/** Failures of `effect-gemini-ai` as the `GeminiError`s that they are about. */
import type { Answer } from "effect-gemini/call/Answer"
import * as AnswerReason from "effect-gemini/errors/AnswerErrorReason"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as AiError from "effect/ai/AiError"
import type { WireClient } from "./WireClient.ts"

/** The error that a call rejects with: the one of the wire, if the last request failed. */
export const of = (method: string, wire: WireClient) => (error: unknown): unknown => {
  if (wire.error !== undefined) return wire.error
  if (!AiError.isAiError(error)) return error
  const { answer } = wire
  return new GeminiError({
    method,
    ...(answer && { model: answer.model, ...(answer.usage && { usage: answer.usage }) }),
    attempts: answer?.attempts ?? [],
    reason: reason(error.reason, answer)
  })
}

interface Details {
  readonly reason?: string
  readonly finishReason?: string
}

const detailsOf = (metadata: { readonly google?: unknown }): Details | undefined => {
  const { google } = metadata
  return typeof google === "object" && google !== null ? google : undefined
}

const reason = (cause: AiError.AiErrorReason, answer: Answer | undefined): Reason.GeminiErrorReason => {
  const said = cause.message
  const google = "metadata" in cause ? detailsOf(cause.metadata) : undefined
  const finishReason = google?.finishReason ?? answer?.finishReason
  const kept = {
    ...(finishReason !== undefined && { finishReason }),
    ...(answer && { response: answer.response })
  }
  switch (cause._tag) {
    case "UnsupportedSchemaError":
      return new Reason.InvalidRequest({ fields: [{ field: "schema", description: said }] })
    case "ContentPolicyError":
      return new AnswerReason.ResponseBlocked({ finishReason: "OTHER", description: said, ...kept })
    case "InvalidRequestError":
      if (google?.reason === "Incomplete") break
      return new Reason.InvalidRequest({
        fields: [{ field: cause.parameter ?? "request", description: said }]
      })
    default:
  }
  return new AnswerReason.InvalidResponse({
    path: "",
    expected: "an object that fits the schema",
    description: "description" in cause && cause.description !== undefined ? cause.description : said,
    ...kept
  })
}
