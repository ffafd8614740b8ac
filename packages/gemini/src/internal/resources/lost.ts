/**
 * Tells the failures after which the server may have done what was asked from those after which it has not. Without
 * Effect.
 */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as Failures from "../call/failures.ts"
import { isUnreached } from "../http/unreached.ts"

/** Whether nothing left this process. */
export const isUnsent = (error: GeminiError): boolean => isUnreached(error) || Failures.isUnsent(error)

/** Whether the server refused, and so did nothing. A 5xx, 408 or 499 is about the server, and judges no request. */
const isRefused = ({ reason, status }: GeminiError): boolean =>
  status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 499 ||
  reason._tag === "Unauthenticated" || reason._tag === "RateLimited" || reason._tag === "QuotaExhausted"

/** Whether the server may have done what was asked all the same. */
export const isLost = (error: GeminiError): boolean => !isUnsent(error) && !isRefused(error)

/**
 * Google answers with 403 and these words where a file, a cache or an interaction does not exist, or belongs to another
 * project (public reports up to November 2026).
 */
const missing = /\b(?:not exist|not found)\b/i

/**
 * The error of a request about a resource, as NotFound with the member that was asked, if the server does not have the
 * resource. Google names the cause of every other 403 in words or by a code of its own (`ErrorInfo`).
 */
export const worded = (error: GeminiError, member: string | undefined): GeminiError => {
  const { reason } = error
  const asked = member === undefined ? {} : { member }
  if (reason._tag === "NotFound") {
    const { description, nearMatches, transport } = reason
    return error.withReason(
      new Reason.NotFound({
        nearMatches,
        ...(description === undefined ? {} : { description }),
        ...(transport === undefined ? {} : { transport }),
        ...asked
      })
    )
  }
  if (reason._tag !== "Unauthenticated" || error.status !== 403 || reason.code !== undefined) return error
  const { description = "" } = reason
  return missing.test(description)
    ? error.withReason(new Reason.NotFound({ description, nearMatches: [], ...asked }))
    : error
}
