/**
 * Wire → reason: the one place that reads `google.rpc.Status` bodies.
 * Pure; knows neither Effect nor HttpClient.
 */
import * as Duration from "effect/Duration"
import { GeminiError } from "../GeminiError.ts"
import * as Reason from "../GeminiErrorReason.ts"

interface Status {
  readonly code?: number
  readonly message?: string
  readonly status?: string
  readonly details: ReadonlyArray<Record<string, unknown>>
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The `error` object of a body: bare, or wrapped in an array as streams without alt=sse send it. */
export const statusOf = (body: unknown): Status | undefined => {
  const root: unknown = Array.isArray(body) ? body[0] : body
  if (!isRecord(root) || !isRecord(root["error"])) return undefined
  const { code, details, message, status } = root["error"]
  return {
    ...(typeof code === "number" ? { code } : {}),
    ...(typeof message === "string" ? { message } : {}),
    ...(typeof status === "string" ? { status } : {}),
    details: Array.isArray(details) ? details.filter(isRecord) : []
  }
}

const detail = (status: Status, type: string): Record<string, unknown> | undefined =>
  status.details.find((d) => d["@type"] === `type.googleapis.com/google.rpc.${type}`)

const seconds = (text: unknown): Duration.Duration | undefined => {
  const match = typeof text === "string" ? /^(\d+(?:\.\d+)?)s$/.exec(text) : null
  return match?.[1] === undefined ? undefined : Duration.millis(Math.ceil(Number(match[1]) * 1000))
}

/** How long the server asks to wait: `RetryInfo`, else the sentence in the message. */
const retryAfterOf = (status: Status): Duration.Duration | undefined =>
  seconds(detail(status, "RetryInfo")?.["retryDelay"]) ??
    seconds(/retry in (\d+(?:\.\d+)?s)/i.exec(status.message ?? "")?.[1])

const violationsOf = (status: Status): ReadonlyArray<typeof Reason.QuotaViolation.Type> => {
  const list = detail(status, "QuotaFailure")?.["violations"]
  if (!Array.isArray(list)) return []
  return list.filter(isRecord).map((v) => ({
    ...(typeof v["quotaMetric"] === "string" ? { quotaMetric: v["quotaMetric"] } : {}),
    ...(typeof v["quotaId"] === "string" ? { quotaId: v["quotaId"] } : {}),
    ...(typeof v["quotaValue"] === "string" ? { quotaValue: v["quotaValue"] } : {})
  }))
}

const fieldsOf = (status: Status): ReadonlyArray<typeof Reason.FieldViolation.Type> => {
  const list = detail(status, "BadRequest")?.["fieldViolations"]
  if (!Array.isArray(list)) return []
  return list.filter(isRecord).map((v) => ({
    field: String(v["field"] ?? ""),
    ...(typeof v["description"] === "string" ? { description: v["description"] } : {})
  }))
}

const reasonOf = (code: number, status: Status): Reason.GeminiErrorReason => {
  const description = status.message === undefined ? {} : { description: status.message }
  if (code === 401 || code === 403 || detail(status, "ErrorInfo")?.["reason"] === "API_KEY_INVALID") {
    return new Reason.Unauthenticated(description)
  }
  if (code === 404) return new Reason.NotFound({ ...description, nearMatches: [] })
  if (code === 429) {
    const violations = violationsOf(status)
    return violations.some((v) => v.quotaId?.includes("PerDay") === true)
      ? new Reason.QuotaExhausted({ ...description, violations })
      : new Reason.RateLimited({ ...description, violations })
  }
  if (code === 503) return new Reason.Overloaded(description)
  if (code >= 500 || code === 408 || code === 499) return new Reason.ServerError(description)
  return new Reason.InvalidRequest({ ...description, fields: fieldsOf(status) })
}

/** The error of an HTTP answer that is not 2xx, or of an error body inside a 200. */
export const fromBody = (options: {
  readonly method: string
  readonly model?: string | undefined
  readonly httpStatus: number
  readonly body: unknown
}): GeminiError => {
  const status = statusOf(options.body) ?? { details: [] }
  const code = options.httpStatus >= 400 ? options.httpStatus : status.code ?? options.httpStatus
  const retryAfter = retryAfterOf(status)
  return new GeminiError({
    method: options.method,
    ...(options.model === undefined ? {} : { model: options.model }),
    status: code,
    ...(status.status === undefined ? {} : { googleStatus: status.status }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    attempts: [],
    reason: reasonOf(code, status)
  })
}
