/**
 * Finish reasons that mean that there is no proper answer.
 */
import { GeminiError } from "../GeminiError.ts"
import * as Reason from "../GeminiErrorReason.ts"
import * as GenerateContent from "../GenerateContent.ts"

const blocked = new Set([
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

const rejectedCall = new Set(["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"])

/** The error of a response (or of a stream's last one) whose finish is abnormal. */
export const rejection = (
  call: { readonly method: string; readonly model: string },
  response: GenerateContent.GenerateContentResponse
): GeminiError | undefined => {
  const finishReason = GenerateContent.finishReason(response)
  if (finishReason === undefined || finishReason === "STOP") return undefined
  const description = response.candidates?.[0]?.finishMessage
  const words = description == null ? {} : { description }
  const reason = blocked.has(finishReason)
    ? new Reason.ResponseBlocked({ finishReason, ...words, response })
    : rejectedCall.has(finishReason)
    ? new Reason.ToolCallRejected({ finishReason, ...words })
    : undefined
  if (reason === undefined) return undefined
  const usage = GenerateContent.usage(response)
  return new GeminiError({ ...call, ...(usage === undefined ? {} : { usage }), attempts: [], reason })
}
