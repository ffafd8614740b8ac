/**
 * Turns bodies into responses or errors: the seam between an HTTP answer and the wire types. Pure. A body is parsed
 * once, and callers get the parsed object itself.
 */
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as GenerateContent from "../../wire/GenerateContent.ts"
import * as Secrets from "../config/secrets.ts"
import * as Guard from "../wire/guard.ts"
import type { Phase } from "./Deadlines.ts"
import * as ErrorWords from "./errorWords.ts"
import * as Finish from "./finish.ts"
import * as WireError from "./wireError.ts"

/** The call that a body answers, for the envelope of its errors. */
export interface CallContext {
  readonly method: string
  readonly model?: string | undefined
  /** The key, which is cut out of what the server says: Google quotes it in some refusals. */
  readonly key?: Redacted.Redacted<string> | undefined
  /** The time that a delay or a reset is counted from, in milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
}

export const failure = (call: CallContext, reason: Reason.GeminiErrorReason): GeminiError =>
  new GeminiError({
    method: call.method,
    ...(call.model === undefined ? {} : { model: call.model }),
    attempts: [],
    reason
  })

export const invalid = (call: CallContext, path: string, expected: string): GeminiError =>
  failure(call, new Reason.InvalidResponse({ path, expected }))

// These are undici's names for its own deadlines, and for those of fetch on Node: connecting takes 10 s at most there,
// and fetch waits 300 s for the head and between two pieces of a body.
const platformDeadlines: ReadonlyMap<string, Phase> = new Map([
  ["UND_ERR_CONNECT_TIMEOUT", "connect"],
  ["UND_ERR_HEADERS_TIMEOUT", "firstByte"],
  ["UND_ERR_BODY_TIMEOUT", "idle"]
])

/** The code of a runtime that has no undici: waiting for it would be in vain. */
export const noUndici = "NO_UNDICI"

const keyOf = ({ key }: CallContext): string | undefined => key === undefined ? undefined : Redacted.value(key)

/**
 * Foreign words, cleaned: those of a transport may quote the URL, to which a client of the caller's own may have added
 * anything, and those of a server the key.
 */
export const cleaned = (call: CallContext, words: string): string =>
  Secrets.withoutKey(Secrets.withoutCredentials(words), keyOf(call))

/**
 * The failure of the transport in its own words. An HttpClientError holds the request, and with it key and prompt, so
 * only the code and the message of the innermost cause are copied. The message is left out if it quotes a header, as
 * fetch does of one that it cannot send.
 */
export const network = (call: CallContext, error: HttpClientError.HttpClientError): GeminiError => {
  if (error.reason._tag === "InvalidUrlError") {
    return failure(
      call,
      new Reason.InvalidRequest({
        fields: [{ field: "baseUrl", description: "expected an absolute http or https URL" }]
      })
    )
  }
  let cause: unknown = "cause" in error.reason ? error.reason.cause : undefined
  // fetch says "fetch failed" and keeps the socket's error as the cause of its own.
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  if (!(cause instanceof Error)) {
    return failure(call, new Reason.Network({ description: `the transport failed: ${error.reason._tag}` }))
  }
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined
  const phase = code === undefined ? undefined : platformDeadlines.get(code)
  if (phase !== undefined) return failure(call, new Reason.TimedOut({ phase }))
  const { message, name } = cause
  if (code === noUndici) {
    return failure(call, new Reason.Unsupported({ capability: "HTTP on this runtime", description: message }))
  }
  const quotes = Object.values(error.request.headers).some((value) => value !== "" && message.includes(value))
  return failure(
    call,
    new Reason.Network({
      ...(code === undefined ? {} : { code }),
      description: quotes || message === "" ? name : cleaned(call, message)
    })
  )
}

export const parse = ErrorWords.parse

/** The guarded value of a 200 body, or the reason why there is no value: not JSON, an error body, a wrong shape. */
export const decode = <A>(
  call: CallContext,
  guard: (value: unknown) => Result.Result<A, Guard.Mismatch>,
  text: string
): Result.Result<A, GeminiError> => {
  const body = parse(text)
  if (body === undefined) return Result.fail(invalid(call, "", text === "" ? "a body, got none" : "JSON"))
  const guarded = guard(body)
  if (isError(body)) return Result.fail(errorInside(call, body))
  return Result.mapError(guarded, ({ expected, path }) => invalid(call, path, expected))
}

const isError = (body: unknown): boolean =>
  typeof body === "object" && body !== null && (Array.isArray(body) || "error" in body) &&
  WireError.statusOf(body) !== undefined

const guardResponse = Guard.make(GenerateContent.GenerateContentResponse)

/**
 * The response with the key cut out of those of its words that become the words of an error. Most responses have no
 * such words and are handed on as they are; what a model writes is never changed.
 */
const worded = (
  call: CallContext,
  response: GenerateContent.GenerateContentResponse
): GenerateContent.GenerateContentResponse => {
  const { candidates, promptFeedback } = response
  const hasWords = candidates?.some(({ finishMessage }) => !!finishMessage) === true
  if (!promptFeedback?.blockReasonMessage && !hasWords) return response
  const key = keyOf(call)
  return {
    ...response,
    ...(promptFeedback?.blockReasonMessage
      ? {
        promptFeedback: {
          ...promptFeedback,
          blockReasonMessage: Secrets.withoutKey(promptFeedback.blockReasonMessage, key)
        }
      }
      : {}),
    ...(candidates && hasWords
      ? {
        candidates: candidates.map((candidate) =>
          candidate.finishMessage
            ? { ...candidate, finishMessage: Secrets.withoutKey(candidate.finishMessage, key) }
            : candidate
        )
      }
      : {})
  }
}

/** One response of generateContent, or one chunk of a stream. */
export const decodeGenerate = (
  call: CallContext,
  text: string
): Result.Result<GenerateContent.GenerateContentResponse, GeminiError> => {
  const decoded = Result.map(decode(call, guardResponse, text), (response) => worded(call, response))
  if (Result.isFailure(decoded)) return decoded
  const response = decoded.success
  const blocked = Finish.promptBlocked(response)
  if (blocked !== undefined) return Result.fail(Finish.refused(call, response, blocked))
  if (response.candidates === undefined && !isResponse(response)) {
    return Result.fail(invalid(call, "", "a GenerateContentResponse"))
  }
  return decoded
}

/** No field of a response is required, but a body that shares none with it is something else. */
const isResponse = (body: object): boolean => {
  const keys = Object.keys(body)
  return keys.length === 0 || keys.some((key) => key in GenerateContent.GenerateContentResponse.fields)
}

const quoted = (call: CallContext) => ({
  method: call.method,
  model: call.model,
  now: call.now?.(),
  key: keyOf(call)
})

/** The error that a 200 body holds. */
export const errorInside = (call: CallContext, body: unknown): GeminiError =>
  WireError.fromBody({ ...quoted(call), httpStatus: 200, body })

/** The error of an answer outside 2xx. */
export const httpError = (
  call: CallContext,
  response: { readonly status: number; readonly headers: Readonly<Record<string, string | undefined>> },
  text: string
): GeminiError => WireError.fromResponse({ ...quoted(call), status: response.status, headers: response.headers, text })
