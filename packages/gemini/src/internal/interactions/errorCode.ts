/**
 * What the names that the interactions API gives to errors mean: in an `error` event, which has no HTTP status, and in
 * answers outside 2xx, where some names say more than the status. Pure.
 */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { ErrorEvent } from "../../interactions/types/EventTypes.ts"
import * as Candidate from "../../wire/Candidate.ts"
import * as Body from "../http/responseBody.ts"

// The table of Google's page on errors of interactions (2026-10). A name that is not in it is the server's failure.
const statuses: ReadonlyMap<string, number> = new Map([
  ["invalid_request", 400],
  ["failed_precondition", 400],
  ["parameter_unknown", 400],
  ["authentication", 401],
  ["payment_required", 402],
  ["permission_denied", 403],
  ["not_found", 404],
  ["model_not_found", 404],
  ["already_exists", 409],
  ["aborted", 409],
  ["out_of_range", 416],
  ["rate_limit_exceeded", 429],
  ["quota_exceeded", 429],
  ["too_many_requests", 429],
  ["cancelled", 499],
  ["unimplemented", 501],
  ["service_unavailable", 503],
  ["deadline_exceeded", 504]
])

/** Names of this API that generateContent spells otherwise. */
const finishes: ReadonlyMap<string, string> = new Map([
  ["content_blocked", "PROHIBITED_CONTENT"],
  ["malformed_tool_call", "MALFORMED_FUNCTION_CALL"]
])

/** The reason that the name itself gives: something was blocked, or a call is not a valid one. */
const reasonOf = (
  code: string,
  description: { readonly description?: string }
): Reason.ResponseBlocked | Reason.ToolCallRejected | undefined => {
  const name = code.toUpperCase()
  const kind = Candidate.finishKind(finishes.get(code) ?? name)
  if (kind === "blocked") return new Reason.ResponseBlocked({ finishReason: name, ...description })
  return kind === "call" ? new Reason.ToolCallRejected({ finishReason: name, ...description }) : undefined
}

/** The error, whose reason is what the server's own name for it says. */
export const judged = (error: GeminiError): GeminiError => {
  const { googleStatus, reason } = error
  const description = "description" in reason && reason.description !== undefined
    ? { description: reason.description }
    : {}
  const said = googleStatus === undefined ? undefined : reasonOf(googleStatus, description)
  return said === undefined ? error : error.withReason(said)
}

/** The failure that an `error` event stands for. */
export const ofEvent = (call: Body.CallContext, { error }: ErrorEvent): GeminiError => {
  const { code, message } = { ...error }
  const status = statuses.get(code ?? "") ?? (Number.isInteger(Number(code || undefined)) ? Number(code) : 500)
  return judged(
    Body.errorInside(call, {
      error: {
        code: status,
        status: code ?? "api_error",
        message: message ?? "the server ended the stream with an error, and does not say why"
      }
    })
  )
}
