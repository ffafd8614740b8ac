/**
 * When an answer is an error for `GeminiClient`: the candidate ended in a way that
 * leaves no usable answer. Pure. `GeminiHttp` hands such answers out as data.
 */
import { GeminiError } from "../GeminiError.ts"
import * as Reason from "../GeminiErrorReason.ts"
import * as GenerateContent from "../GenerateContent.ts"

const blocked: ReadonlySet<string> = new Set([
  "SAFETY",
  "RECITATION",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
  "IMAGE_OTHER",
  "NO_IMAGE"
])

const rejected: ReadonlySet<string> = new Set([
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS"
])

/** The reason of an abnormal finish of the first candidate; undefined if the finish is normal or not there yet. */
export const reasonOf = (
  response: GenerateContent.GenerateContentResponse
): Reason.ResponseBlocked | Reason.ToolCallRejected | undefined => {
  const finishReason = GenerateContent.finishReason(response)
  if (finishReason === undefined || finishReason === "STOP") return undefined
  const candidate = response.candidates?.[0]
  const description = candidate?.finishMessage ? { description: candidate.finishMessage } : {}
  if (blocked.has(finishReason)) {
    const ratings = candidate?.safetyRatings
    return new Reason.ResponseBlocked({
      finishReason,
      ...description,
      ...(ratings ? { safetyRatings: ratings } : {}),
      response
    })
  }
  return rejected.has(finishReason)
    ? new Reason.ToolCallRejected({ finishReason, ...description, response })
    : undefined
}

/** The error of an answer that came whole: its id and its usage are kept. */
export const refused = (
  call: { readonly method: string; readonly model?: string | undefined },
  response: GenerateContent.GenerateContentResponse,
  reason: Reason.GeminiErrorReason
): GeminiError => {
  const usage = GenerateContent.usage(response)
  return new GeminiError({
    method: call.method,
    ...(call.model === undefined ? {} : { model: call.model }),
    ...(response.responseId ? { requestId: response.responseId } : {}),
    ...(usage === undefined ? {} : { usage }),
    attempts: [],
    reason
  })
}

/** The error of a response (or of a stream's last one) whose finish is abnormal. */
export const rejection = (
  call: { readonly method: string; readonly model: string },
  response: GenerateContent.GenerateContentResponse
): GeminiError | undefined => {
  const reason = reasonOf(response)
  if (reason === undefined) return undefined
  return refused(call, response, reason)
}

/** Why the prompt was blocked, if it was. */
export const promptBlocked = (
  response: GenerateContent.GenerateContentResponse
): Reason.PromptBlocked | undefined => {
  const blockReason = GenerateContent.blockReason(response)
  if (blockReason === undefined) return undefined
  const { blockReasonMessage, safetyRatings } = response.promptFeedback ?? {}
  return new Reason.PromptBlocked({
    blockReason,
    ...(blockReasonMessage ? { description: blockReasonMessage } : {}),
    ...(safetyRatings ? { safetyRatings } : {})
  })
}
