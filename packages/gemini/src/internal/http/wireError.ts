/**
 * Wire → reason: the one place that says what an answer outside 2xx, or an error body
 * inside a 200, means. Pure; knows neither Effect nor HttpClient.
 */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as ModelCatalog from "../../models/ModelCatalog.ts"
import { shortest, withoutKey } from "../config/secrets.ts"
import * as GoogleStatus from "../google/googleStatus.ts"
import { nextPacificMidnight } from "../google/pacificDay.ts"

/** The error object of a body, if it holds one. */
export const statusOf = GoogleStatus.of

/** An answer that is an error. */
export interface ErrorResponse {
  /** The operation, for the envelope. */
  readonly method: string
  readonly model?: string | undefined
  /** The HTTP status. */
  readonly status: number
  /** With lower-case names. Only `retry-after`, `location` and `content-type` are read. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined
  /** The body, in full. */
  readonly text: string
  /** Milliseconds since the epoch; without it no time is computed (reset, Retry-After date). */
  readonly now?: number | undefined
  /** The key that was sent: Google quotes it in some refusals, so it is cut out. */
  readonly key?: string | undefined
}

/** What a text is as JSON; `undefined` where it is none. */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** No error of Google's nests deeper; a hostile one must not fill the stack. */
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

/** Gateways have shapes of their own: `{"message": "Forbidden"}`. */
const wordsOfJson = (body: unknown): string | undefined => {
  if (typeof body !== "object" || body === null) return "the error's body is cut off"
  const said = "message" in body ? body.message : "detail" in body ? body.detail : undefined
  return typeof said === "string" && said !== "" ? said.slice(0, 300) : undefined
}

/** What a body that is no JSON of Google's says to a person: a page's title, or the start of a text. */
const wordsOf = (text: string): string | undefined => {
  // Neither half passes a "<": else each of many would look through all that follows it.
  const title = /<title[^<>]*>([^<]*)<\/title>/i.exec(text)?.[1]?.trim()
  if (title !== undefined && title !== "") return `the server answered with a page: ${title.slice(0, 300)}`
  if (/^\s*<(?:!doctype|html)/i.test(text)) return "the server answered with an HTML page"
  if (/^\s*[{[]/.test(text)) return wordsOfJson(parse(text))
  const words = text.trim()
  return words === "" ? undefined : words.slice(0, 300)
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
  answer: ErrorResponse
): Reason.GeminiErrorReason => {
  const description = status.message === undefined ? {} : { description: status.message }
  const urls = GoogleStatus.links(status)
  const links = urls.length === 0 ? {} : { links: urls }
  const info = GoogleStatus.errorInfoReason(status)
  // A bad key is HTTP 400; 402 is a project without credit: no lane resets that.
  if (code === 401 || code === 402 || code === 403 || info === "API_KEY_INVALID") {
    return new Reason.Unauthenticated({ ...description, ...links, ...(info === undefined ? {} : { code: info }) })
  }
  if (code === 404) return notFound(description, answer.model)
  if (code === 429) {
    const violations = GoogleStatus.violations(status)
    // By quota id alone: the delay of a day's limit may be seconds.
    return violations.some((v) => v.quotaId?.includes("PerDay") === true)
      ? new Reason.QuotaExhausted({
        ...description,
        ...links,
        violations,
        ...(answer.now === undefined ? {} : { resetAt: nextPacificMidnight(answer.now) })
      })
      : new Reason.RateLimited({ ...description, ...links, violations })
  }
  if (code === 501) return new Reason.Unsupported({ ...description, capability: answer.method })
  if (code === 503) return new Reason.Overloaded(description)
  if (code >= 500 || code === 408 || code === 499) return new Reason.ServerError({ ...description, status: code })
  if (code >= 400) return new Reason.InvalidRequest({ ...description, fields: GoogleStatus.fields(status) })
  // A browser shows a redirect that it was told to leave alone as status 0, and nothing of it.
  const isRedirect = code >= 300 || answer.status === 0
  const expected = isRedirect
    ? `an answer, got a redirect${code === 0 ? "" : ` (HTTP ${code})`}: check baseUrl`
    : "an answer, got an error"
  return new Reason.InvalidResponse({ ...description, path: isRedirect ? "" : "error", expected })
}

/** The error of an answer that is not 2xx, or of an error body inside a 200. Never fails. */
export const fromResponse = (answer: ErrorResponse): GeminiError =>
  fromStatus(answer, GoogleStatus.of(scrubbed(parse(answer.text), answer.key)))

/** Google's longest message known has two thousand characters; it ends up in logs. */
const mostWords = 1 << 14

const fromStatus = (answer: ErrorResponse, found: GoogleStatus.GoogleStatus | undefined): GeminiError => {
  const words = found === undefined ? wordsOf(answer.text) : found.message?.slice(0, mostWords)
  const status: GoogleStatus.GoogleStatus = {
    ...(found ?? { details: [] }),
    ...(words === undefined ? {} : { message: withoutKey(words, answer.key) })
  }
  // The HTTP status wins: a body that disagrees was written by someone behind it.
  const code = answer.status >= 300 ? answer.status : status.code ?? answer.status
  const retryAfter = GoogleStatus.retryDelay(status) ??
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
    reason: reasonOf(code, status, answer)
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
