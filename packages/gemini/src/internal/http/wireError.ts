/**
 * From the wire to a reason: the one place that says what an answer outside 2xx, or an error body inside a 200, means.
 * Pure: it knows neither fibers nor HttpClient.
 */
import * as Duration from "effect/Duration"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as ModelCatalog from "../../models/ModelCatalog.ts"
import { shortest, withoutKey } from "../config/secrets.ts"
import * as GoogleStatus from "../google/googleStatus.ts"
import * as PacificDay from "../google/pacificDay.ts"
import * as ErrorWords from "./errorWords.ts"

/** The error object of a body, if it holds one. */
export const statusOf = GoogleStatus.of

/** An answer that is an error. */
export interface ErrorResponse {
  /** The operation that failed, which the error names. */
  readonly method: string
  readonly model?: string | undefined
  /** The HTTP status. */
  readonly status: number
  /** The headers, with lower-case names. Only `retry-after(-ms)`, `date`, `location` and `content-type` are read. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined
  /** The whole body. */
  readonly text: string
  /** Milliseconds since the epoch. Without it no time is computed (reset, Retry-After date). */
  readonly now?: number | undefined
  /** The key that was sent: Google quotes it in some refusals, so it is cut out. */
  readonly key?: string | undefined
}

/** No error of Google's nests deeper, and a hostile one must not overflow the stack. */
const deepest = 20

/** The body with the key cut out of every text in it, names included. */
const scrubbed = (value: unknown, key: string | undefined, depth = 0): unknown => {
  if (typeof value === "string") return withoutKey(value, key)
  if (typeof value !== "object" || value === null) return value
  if (depth === deepest) return undefined
  const isLong = key === undefined || key.length >= shortest
  if (Array.isArray(value)) return value.map((item) => scrubbed(item, key, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      isLong ? withoutKey(name, key) : name,
      name === "@type" ? inner : scrubbed(inner, key, depth + 1)
    ])
  )
}

const aboutModel = (message: string | undefined, model: string): boolean =>
  message === undefined || message.includes(model) || message.includes("ListModels")

const notFound = (
  description: { readonly description?: string },
  model: string | undefined
): Reason.NotFound => {
  const message = description.description
  if (model === undefined || !aboutModel(message, model)) {
    return new Reason.NotFound({ ...description, nearMatches: [] })
  }
  const refused = /not supported for (\w+)/.exec(message ?? "")?.[1]
  const isLive = refused !== undefined && refused !== "bidiGenerateContent" &&
    ModelCatalog.supports(ModelCatalog.known, model, "bidiGenerateContent")
  const isHttp = refused === "bidiGenerateContent" &&
    ModelCatalog.supports(ModelCatalog.known, model, "generateContent")
  return new Reason.NotFound({
    ...description,
    nearMatches: isLive || isHttp ? [] : ModelCatalog.nearMatches(ModelCatalog.known, model),
    ...(isLive ? { transport: "live" } : isHttp ? { transport: "http" } : {})
  })
}

const reasonOf = (
  code: number,
  status: GoogleStatus.GoogleStatus,
  answer: ErrorResponse,
  retryAfter: Duration.Duration | undefined
): Reason.GeminiErrorReason => {
  const description = status.message === undefined ? {} : { description: status.message }
  const urls = GoogleStatus.links(status)
  const links = urls.length === 0 ? {} : { links: urls }
  const info = GoogleStatus.errorInfoReason(status)
  // The status of a bad key is 400. 402 is a project without credit, which no lane resets.
  if (code === 401 || code === 402 || code === 403 || info === "API_KEY_INVALID") {
    return new Reason.Unauthenticated({ ...description, ...links, ...(info === undefined ? {} : { code: info }) })
  }
  if (code === 404) return notFound(description, answer.model)
  if (code === 429) {
    const violations = GoogleStatus.violations(status)
    // Only the id of the quota tells this: the delay for a day's limit may be a few seconds.
    // A limit of 0 is not back with the next day.
    return violations.some((v) => v.quotaId?.includes("PerDay") === true) &&
        !violations.some(({ quotaValue }) => quotaValue === "0")
      ? new Reason.QuotaExhausted({
        ...description,
        ...links,
        violations,
        ...(answer.now === undefined ? {} : {
          resetAt: PacificDay.backAt({
            now: answer.now,
            date: GoogleStatus.httpDate(answer.headers?.["date"]),
            retryAfter: retryAfter && Duration.toMillis(retryAfter)
          })
        })
      })
      : new Reason.RateLimited({ ...description, ...links, violations })
  }
  if (code === 501) return new Reason.Unsupported({ ...description, capability: answer.method })
  if (code === 503) return new Reason.Overloaded(description)
  if (code >= 500 || code === 408 || code === 499) return new Reason.ServerError({ ...description, status: code })
  if (code >= 400) return new Reason.InvalidRequest({ ...description, fields: GoogleStatus.fields(status) })
  // A browser that was told not to follow a redirect shows it as status 0, and shows nothing of it.
  const isRedirect = code >= 300 || answer.status === 0
  const expected = isRedirect
    ? `an answer, got a redirect${code === 0 ? "" : ` (HTTP ${code})`}: check baseUrl`
    : "an answer, got an error"
  return new Reason.InvalidResponse({ ...description, path: isRedirect ? "" : "error", expected })
}

/** The error of an answer that is not 2xx, or of an error body inside a 200. It never fails itself. */
export const fromResponse = (answer: ErrorResponse): GeminiError =>
  fromStatus(answer, GoogleStatus.of(scrubbed(ErrorWords.parse(answer.text), answer.key)))

const fromStatus = (answer: ErrorResponse, found: GoogleStatus.GoogleStatus | undefined): GeminiError => {
  const words = found === undefined ? ErrorWords.ofOthers(answer.text) : found.message?.slice(0, ErrorWords.mostWords)
  const status: GoogleStatus.GoogleStatus = {
    ...(found ?? { details: [] }),
    ...(words === undefined ? {} : { message: withoutKey(words, answer.key) })
  }
  // The HTTP status wins: if a body disagrees with it, somebody behind the server wrote the body.
  const code = answer.status >= 300 ? answer.status : status.code ?? answer.status
  const retryAfter = GoogleStatus.retryDelay(status) ??
    GoogleStatus.retryAfterMillis(answer.headers?.["retry-after-ms"]) ??
    GoogleStatus.retryAfterHeader(answer.headers?.["retry-after"], answer.now)
  const requestId = GoogleStatus.requestId(status)
  return new GeminiError({
    method: answer.method,
    ...(answer.model === undefined ? {} : { model: answer.model }),
    status: code,
    ...(status.status === undefined ? {} : { googleStatus: status.status }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    attempts: [],
    reason: reasonOf(code, status, answer, retryAfter)
  })
}

/** `fromResponse` for a body that is parsed already. */
export const fromBody = (options: {
  readonly method: string
  readonly model?: string | undefined
  readonly httpStatus: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined
  readonly now?: number | undefined
  readonly key?: string | undefined
}): GeminiError =>
  fromStatus(
    { ...options, status: options.httpStatus, text: "" },
    GoogleStatus.of(scrubbed(options.body, options.key))
  )
