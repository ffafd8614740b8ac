/**
 * Errors of the family that writes snake_case (interactions, webhooks): `{ "error": { "code": "not_found", "message": … } }`,
 * by Google's page of errors (September 2026).
 */

/** The code of an HTTP status, where the status of the error has none of its own. */
const byNumber: Readonly<Record<number, string>> = {
  400: "invalid_request",
  401: "authentication",
  402: "payment_required",
  403: "permission_denied",
  404: "not_found",
  409: "aborted",
  416: "out_of_range",
  429: "rate_limit_exceeded",
  499: "cancelled",
  500: "api_error",
  501: "unimplemented",
  503: "service_unavailable",
  504: "deadline_exceeded"
}

const byStatus: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  INVALID_ARGUMENT: "invalid_request",
  UNAUTHENTICATED: "authentication",
  PERMISSION_DENIED: "permission_denied",
  NOT_FOUND: "not_found",
  RESOURCE_EXHAUSTED: "rate_limit_exceeded",
  INTERNAL: "api_error",
  UNIMPLEMENTED: "unimplemented",
  UNAVAILABLE: "service_unavailable",
  UNKNOWN: ""
}))

interface CodedError {
  readonly code: number
  readonly message: string
  readonly status?: string | undefined
  readonly details?: ReadonlyArray<unknown> | undefined
}

/** A status that the table does not have, such as `FAILED_PRECONDITION`, is the code itself, in small letters. */
const codeOf = ({ code, details, status }: CodedError): string => {
  // The ids of limits are not sent, but they tell a day from a minute.
  if (code === 429 && JSON.stringify(details ?? "").includes("PerDay")) return "quota_exceeded"
  const known = status === undefined ? undefined : byStatus.get(status) ?? status.toLowerCase()
  return known || (byNumber[code] ?? (code >= 500 ? "api_error" : "invalid_request"))
}

/** The body of an error, and the event that brings it in a stream. */
export const body = (error: CodedError) => ({ error: { message: error.message, code: codeOf(error) } })
