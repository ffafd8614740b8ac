/**
 * `google.rpc.Status` as it arrives: the error object of a body, however it is wrapped, and what its details say. It is
 * only read here; `wireError` says what it means.
 */
import * as Duration from "effect/Duration"
import type { FieldViolation, QuotaViolation } from "../../errors/GeminiErrorReason.ts"

/** The error object, with every part optional. */
export interface GoogleStatus {
  readonly code?: number
  readonly message?: string
  readonly status?: string
  readonly details: ReadonlyArray<Record<string, unknown>>
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const records = (value: unknown): ReadonlyArray<Record<string, unknown>> =>
  Array.isArray(value) ? value.filter(isRecord) : []

const string = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

// These are gRPC's own numbers, which the status inside an operation has, with the HTTP status for a body that has a
// name but no code (or comes with the HTTP status 200).
const rpc: ReadonlyArray<readonly [name: string, status?: number]> = [
  ["OK"],
  ["CANCELLED", 499],
  ["UNKNOWN", 500],
  ["INVALID_ARGUMENT", 400],
  ["DEADLINE_EXCEEDED", 504],
  ["NOT_FOUND", 404],
  ["ALREADY_EXISTS", 409],
  ["PERMISSION_DENIED", 403],
  ["RESOURCE_EXHAUSTED", 429],
  ["FAILED_PRECONDITION", 400],
  ["ABORTED", 409],
  ["OUT_OF_RANGE", 400],
  ["UNIMPLEMENTED", 501],
  ["INTERNAL", 500],
  ["UNAVAILABLE", 503],
  ["DATA_LOSS", 500],
  ["UNAUTHENTICATED", 401]
]

// This is a Map, because a status is the server's word and may be anything, "toString" included.
const codes: ReadonlyMap<string, number | undefined> = /* @__PURE__ */ new Map(
  rpc.map(([name, status]) => [name, status])
)

/** The HTTP status for a code, which may be a number or text: an HTTP status, a name, or gRPC's number. */
const codeOf = (code: unknown): number | undefined => {
  if (typeof code === "string") return codes.get(code) ?? (code.trim() === "" ? undefined : codeOf(Number(code)))
  if (typeof code !== "number" || !Number.isFinite(code)) return undefined
  return code < 100 ? rpc[code]?.[1] : code
}

/**
 * The `error` of a body: by itself, inside an array (as streams without alt=sse send it), or a mere string. Undefined
 * if the body holds none.
 */
export const of = (body: unknown): GoogleStatus | undefined => {
  const root: unknown = Array.isArray(body) ? body.find((item) => isRecord(item) && "error" in item) : body
  if (!isRecord(root)) return undefined
  const error = root["error"]
  if (typeof error === "string") return { message: error, details: [] }
  if (!isRecord(error)) return undefined
  const known = codeOf(error["code"])
  // The next-gen family has a name in small letters for a code, and no status.
  const status = string(error["status"]) ?? (known === undefined ? string(error["code"]) : undefined)
  const code = known ?? codes.get(status ?? "")
  const details = records(error["details"])
  const localized = details.find((d) => typeOf(d) === "LocalizedMessage")
  const message = string(error["message"]) ?? string(localized?.["message"])
  return {
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(status === undefined ? {} : { status }),
    details
  }
}

const typeOf = (detail: Record<string, unknown>): string | undefined => {
  const type = string(detail["@type"])
  return type?.slice(type.lastIndexOf(".") + 1)
}

const detail = (status: GoogleStatus, type: string): Record<string, unknown> | undefined =>
  status.details.find((d) => typeOf(d) === type)

const units: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 })
)

/** Reads a delay in words: `"34.4s"`, `"900ms"`, `"1h2m3.5s"`. It is rounded up to a millisecond. */
const delay = (text: string | undefined): Duration.Duration | undefined => {
  if (text === undefined || !/^(?:\d+(?:\.\d+)?(?:ms|[hms]))+$/.test(text)) return undefined
  let millis = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g)) {
    millis += Number(amount) * (units.get(unit ?? "s") ?? 0)
  }
  return Duration.millis(Math.ceil(millis - 1e-6))
}

/**
 * The delay of `RetryInfo.retryDelay`, else of "Please retry in …" in the message. The server may cut RetryInfo to
 * whole seconds ("20s" beside "20.04466179s", 2026). If both lie in the same second, the sentence is the exact one, and
 * RetryInfo alone would let the caller come back too early.
 */
export const retryDelay = (status: GoogleStatus): Duration.Duration | undefined => {
  const info = delay(string(detail(status, "RetryInfo")?.["retryDelay"]))
  const said = delay(/retry (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|[hms]))+)/i.exec(status.message ?? "")?.[1])
  if (info === undefined || said === undefined) return info ?? said
  const cut = Duration.toMillis(said) - Duration.toMillis(info)
  return cut > 0 && cut < 1000 ? said : info
}

/** The time that a header such as `Date` names, in milliseconds since the epoch. */
export const httpDate = (value: string | undefined): number | undefined => {
  const text = value?.trim() ?? ""
  // An HTTP date begins with its weekday; Date.parse would also take "-5" for one.
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(date) ? undefined : date
}

/** Reads a `retry-after-ms` header, which is the finer of the two where a server sends both. */
export const retryAfterMillis = (value: string | undefined): Duration.Duration | undefined =>
  value !== undefined && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? Duration.millis(Math.ceil(Number(value))) : undefined

/** Reads a `Retry-After` header: seconds, or an HTTP date, whose distance from `now` (epoch milliseconds) is taken. */
export const retryAfterHeader = (value: string | undefined, now: number | undefined): Duration.Duration | undefined => {
  const text = value?.trim()
  if (text === undefined || text === "") return undefined
  if (/^\d+(?:\.\d+)?$/.test(text)) return Duration.millis(Math.ceil(Number(text) * 1000))
  const date = httpDate(text)
  return date === undefined || now === undefined ? undefined : Duration.millis(Math.max(0, date - now))
}

const dimensions = (value: unknown): Readonly<Record<string, string>> | undefined =>
  isRecord(value)
    ? Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string")
    )
    : undefined

const violation = (
  quotaMetric: string | undefined,
  quotaId: string | undefined,
  quotaValue: unknown,
  quotaDimensions: Readonly<Record<string, string>> | undefined
): typeof QuotaViolation.Type => ({
  ...(quotaMetric === undefined ? {} : { quotaMetric }),
  ...(quotaId === undefined ? {} : { quotaId }),
  ...(typeof quotaValue === "string" || typeof quotaValue === "number" ? { quotaValue: String(quotaValue) } : {}),
  ...(quotaDimensions === undefined ? {} : { quotaDimensions })
})

/**
 * The violated quotas, of every `QuotaFailure`. The older form names one quota in the
 * metadata of an ErrorInfo (`quota_limit`), which is the same id.
 */
export const violations = (status: GoogleStatus): ReadonlyArray<typeof QuotaViolation.Type> => {
  const found = named(status)
  // "limit: 0" may stand in the sentence alone (continuedev/continue#9570, 2025-12).
  return /\blimit: 0(?![\d.])/.test(status.message ?? "") && !found.some(({ quotaValue }) => quotaValue === "0")
    ? [{ ...found[0], quotaValue: "0" }, ...found.slice(1)]
    : found
}

const named = (status: GoogleStatus): ReadonlyArray<typeof QuotaViolation.Type> => {
  const listed = status.details
    .filter((d) => typeOf(d) === "QuotaFailure")
    .flatMap((d) => records(d["violations"]))
    .map((v) =>
      violation(string(v["quotaMetric"]), string(v["quotaId"]), v["quotaValue"], dimensions(v["quotaDimensions"]))
    )
  if (listed.length > 0) return listed
  const metadata = detail(status, "ErrorInfo")?.["metadata"]
  if (!isRecord(metadata) || string(metadata["quota_limit"]) === undefined) return []
  const location = string(metadata["quota_location"])
  return [violation(
    string(metadata["quota_metric"]),
    string(metadata["quota_limit"]),
    metadata["quota_limit_value"],
    location === undefined ? undefined : { location }
  )]
}

/** The refused fields, of every `BadRequest`. */
export const fields = (status: GoogleStatus): ReadonlyArray<typeof FieldViolation.Type> =>
  status.details
    .filter((d) => typeOf(d) === "BadRequest")
    .flatMap((d) => records(d["fieldViolations"]))
    .map((v) => {
      const description = string(v["description"])
      return { field: string(v["field"]) ?? "", ...(description === undefined ? {} : { description }) }
    })

/** Google's machine-readable reason: `API_KEY_INVALID`, `SERVICE_DISABLED`, … */
export const errorInfoReason = (status: GoogleStatus): string | undefined =>
  string(detail(status, "ErrorInfo")?.["reason"])

/** The addresses that `Help` gives. */
export const links = (status: GoogleStatus): ReadonlyArray<string> =>
  status.details
    .filter((d) => typeOf(d) === "Help")
    .flatMap((d) => records(d["links"]))
    .map((link) => string(link["url"]))
    .filter((url) => url !== undefined)

/** The id of the request, where the server names it. */
export const requestId = (status: GoogleStatus): string | undefined =>
  string(detail(status, "RequestInfo")?.["requestId"])
