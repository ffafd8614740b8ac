/**
 * Tells when an answer is an error for `GeminiClient`, by what `Candidate.finishKind` says of its finish reason. Pure.
 * `GeminiHttp` hands such answers out as data.
 */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as Candidate from "../../wire/Candidate.ts"
import * as GenerateContent from "../../wire/GenerateContent.ts"

type Response = GenerateContent.GenerateContentResponse

/** Fields of a part that say nothing by themselves. */
const silent: ReadonlySet<string> = new Set(["text", "thought", "thoughtSignature", "partMetadata"])

/** Whether a response has anything for its reader: text, a call or media. Thoughts alone do not count. */
export const says = (response: Response): boolean =>
  GenerateContent.parts(response).some((part) =>
    part.thought !== true && (!!part.text || Object.keys(part).some((field) => !silent.has(field)))
  )

/**
 * The reason of a first candidate that finished without an answer; undefined if it has an answer or has not finished
 * yet. `said`: whether anything came before this response of a stream.
 */
export const reasonOf = (
  response: Response,
  said = false
): Reason.ResponseBlocked | Reason.ToolCallRejected | Reason.InvalidResponse | undefined => {
  const finishReason = GenerateContent.finishReason(response)
  if (finishReason === undefined || finishReason === "STOP") return undefined
  const kind = Candidate.finishKind(finishReason)
  if (kind === "whole" || kind === "continued") return undefined
  if (kind === "unknown" && (said || says(response))) return undefined
  const { finishMessage, safetyRatings } = response.candidates?.[0] ?? {}
  const known = { finishReason, response, ...(finishMessage ? { description: finishMessage } : {}) }
  if (kind === "blocked") {
    return new Reason.ResponseBlocked({ ...known, ...(safetyRatings ? { safetyRatings } : {}) })
  }
  if (kind === "call") return new Reason.ToolCallRejected(known)
  const expected = `${kind === "unknown" ? "content" : "a whole answer"}, got one that ended with ${finishReason}`
  return new Reason.InvalidResponse({ path: "candidates[0]", expected, ...known })
}

/** The error for an answer that came whole; its id and its usage are kept. */
export const refused = (
  call: { readonly method: string; readonly model?: string | undefined },
  response: Response,
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

/** The error for a response (or for a stream's last one) whose finish is abnormal; `said` as in `reasonOf`. */
export const rejection = (
  call: { readonly method: string; readonly model: string },
  response: Response,
  said = false
): GeminiError | undefined => {
  const reason = reasonOf(response, said)
  return reason && refused(call, response, reason)
}

/** Why the prompt was blocked, if it was. */
export const promptBlocked = (
  response: Response
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
