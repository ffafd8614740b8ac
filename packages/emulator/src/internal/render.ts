/**
 * Bodies as the real server writes them: pretty JSON, SSE with CR LF, the JSON array.
 */
import type { ErrorBody } from "../Fault.ts"
import * as Step from "./step.ts"

/** How a method answers: one JSON body, SSE (`alt=sse`), or a JSON array in pieces. */
export type Framing = "json" | "sse" | "array"

const standardHeaders = {
  "vary": "Origin, X-Origin, Referer",
  "server": "scaffolding on HTTPServer2",
  "x-xss-protection": "0",
  "x-frame-options": "SAMEORIGIN",
  "x-content-type-options": "nosniff"
}

const contentType: Record<Framing, Readonly<Record<string, string>>> = {
  json: { ...standardHeaders, "content-type": "application/json; charset=UTF-8" },
  array: { ...standardHeaders, "content-type": "application/json; charset=UTF-8" },
  sse: { ...standardHeaders, "content-type": "text/event-stream", "content-disposition": "attachment" }
}

const canonical: Readonly<Record<number, readonly [status: string, message: string]>> = {
  400: ["INVALID_ARGUMENT", "Request contains an invalid argument."],
  401: [
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid " +
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
  ],
  403: ["PERMISSION_DENIED", "The caller does not have permission"],
  404: ["NOT_FOUND", "Requested entity was not found."],
  409: ["ABORTED", "The operation was aborted."],
  429: ["RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."],
  499: ["CANCELLED", "The operation was cancelled."],
  500: [
    "INTERNAL",
    "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"
  ],
  501: ["UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled."],
  503: [
    "UNAVAILABLE",
    "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later."
  ],
  504: ["DEADLINE_EXCEEDED", "Deadline expired before operation could complete."]
}

export const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

/** A space after colons, none after commas, no line breaks: the form of an event. */
const compact = (value: unknown): string => JSON.stringify(value, undefined, 1).replace(/\n */g, "")

const errorObject = ({ code, details, message, status }: ErrorBody) => ({
  error: {
    code,
    message: message ?? canonical[code]?.[1] ?? `Error ${code}`,
    status: status ?? canonical[code]?.[0] ?? "UNKNOWN",
    ...(details === undefined ? {} : { details })
  }
})

/** An error as pretty JSON; the JSON array form wraps it. */
export const errorText = (error: ErrorBody, framing: Framing): string =>
  framing === "array" ? json([errorObject(error)]) : json(errorObject(error))

/**
 * A refusal before the first byte. With `alt=sse` the body is plain JSON under
 * text/event-stream, as recorded from the real server.
 */
export const error = (
  error: ErrorBody,
  framing: Framing,
  options: { readonly inside?: boolean | undefined } = {}
): Step.Steps => {
  // A number outside HTTP's range could not be sent at all.
  const status = error.code >= 200 && error.code <= 599 ? error.code : 500
  return [
    Step.head(options.inside === true ? 200 : status, contentType[framing]),
    Step.bytes(errorText(error, framing))
  ]
}

export const whole = (body: unknown): Step.Steps => [Step.head(200, contentType.json), Step.bytes(json(body))]

/** The chunks of a stream, `delay` milliseconds apart. */
export function* stream(
  chunks: Iterable<unknown>,
  framing: "sse" | "array",
  delay: number
): Generator<Step.Step> {
  yield Step.head(200, contentType[framing])
  let first = true
  for (const chunk of chunks) {
    if (delay > 0) yield Step.wait(delay)
    if (framing === "sse") yield Step.bytes(`data: ${compact(chunk)}\r\n\r\n`)
    else yield Step.bytes(`${first ? "[" : ",\r\n"}${JSON.stringify(chunk, undefined, 2)}${first ? "\n" : "\n"}`)
    first = false
  }
  if (framing === "array") yield Step.bytes(first ? "[]" : "]")
}
