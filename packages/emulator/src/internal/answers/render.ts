/**
 * Bodies as the real server writes them: pretty JSON, SSE with CR LF, the JSON array.
 */
import type { ErrorBody } from "../../Fault.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as CodedError from "./codedError.ts"
import * as Step from "./step.ts"

/**
 * How a method answers: one JSON body, SSE (`alt=sse`), a JSON array in pieces; or, in the family that writes snake_case,
 * one JSON body (`coded`) or named events (`events`).
 */
export type Framing = "json" | "sse" | "array" | "coded" | "events"

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
  sse: { ...standardHeaders, "content-type": "text/event-stream", "content-disposition": "attachment" },
  coded: { ...standardHeaders, "content-type": "application/json; charset=UTF-8" },
  events: { ...standardHeaders, "content-type": "text/event-stream", "content-disposition": "attachment" }
}

/** What the server says with a status if nothing else was given. */
const byDefault: Readonly<Record<number, () => GoogleError.Refusal>> = {
  400: GoogleError.invalidArgument,
  403: () => GoogleError.make(403, "The caller does not have permission"),
  404: () => GoogleError.make(404, "Requested entity was not found."),
  429: () => GoogleError.make(429, "Resource has been exhausted (e.g. check quota)."),
  499: GoogleError.cancelled,
  500: GoogleError.internal,
  503: GoogleError.overloaded,
  504: GoogleError.deadlineExceeded
}

export const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

/** JSON in the form of an event: a space after colons, none after commas, no line breaks. */
const compact = (value: unknown): string => JSON.stringify(value, undefined, 1).replace(/\n */g, "")

const errorObject = ({ code, details, message, status }: ErrorBody) => {
  const { error } = (byDefault[code]?.() ?? GoogleError.make(code, `HTTP status ${code}`)).body
  return {
    error: {
      code,
      message: message ?? error.message,
      status: status ?? error.status,
      ...(details === undefined ? {} : { details })
    }
  }
}

/** An event with a name, on one line: LF alone, as recorded of interactions (2026). */
export const event = (name: string, data: string): string => `event: ${name}\ndata: ${data}\n\n`

/** An error as pretty JSON; the JSON array form wraps it, and named events have one for it. */
export const errorText = (error: ErrorBody, framing: Framing): string => {
  const whole = errorObject(error)
  switch (framing) {
    case "array":
      return json([whole])
    case "coded":
      return JSON.stringify(CodedError.body(whole.error))
    case "events":
      return event("error", JSON.stringify({ ...CodedError.body(whole.error), event_type: "error" }))
    default:
      return json(whole)
  }
}

/**
 * A refusal before the first byte. With `alt=sse` the body is plain JSON under
 * text/event-stream, as recorded from the real server.
 */
export const error = (
  error: ErrorBody,
  framing: Framing,
  options: { readonly inside?: boolean | undefined } = {}
): Step.Steps => {
  // A number outside the range of HTTP could not be sent.
  const status = error.code >= 200 && error.code <= 599 ? error.code : 500
  // A refusal before the first event is one JSON body.
  const used = framing === "events" && options.inside !== true ? "coded" : framing
  return [
    Step.head(options.inside === true ? 200 : status, contentType[used]),
    Step.bytes(errorText(error, used))
  ]
}

export const refusal = ({ body }: GoogleError.Refusal, framing: Framing): Step.Steps => error(body.error, framing)

/** A page of the front end, which answers everything that does not reach the API. */
const page = (status: number, title: string, words: string): Step.Steps => [
  Step.head(status, { "content-type": "text/html; charset=UTF-8", "referrer-policy": "no-referrer" }),
  Step.bytes(
    `<!DOCTYPE html>\n<html lang=en>\n<title>Error ${status} (${title})!!1</title>\n` +
      `<p><b>${status}.</b> <ins>That’s an error.</ins>\n<p>${words}\n`
  )
]

/** What the front end says to a path that does not belong to the API. */
export const unknownPath = (path: string): Step.Steps =>
  page(
    404,
    "Not Found",
    `The requested URL <code>${
      path.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    }</code> was not found on this server.`
  )

/** What the front end says to a request that names no address, or no host that could be one. */
export const malformed = (): Step.Steps =>
  page(400, "Bad Request", "Your client has issued a malformed or illegal request.")

/** The same steps with the headers that browsers demand for a page of another origin. */
export function* shared(steps: Step.Steps, origin: string): Generator<Step.Step> {
  for (const step of steps) {
    yield step._tag === "Head"
      ? Step.head(step.status, { ...step.headers, "access-control-allow-origin": origin })
      : step
  }
}

export const preflight = (origin: string, allowed: string): Step.Steps => [
  Step.head(200, {
    ...standardHeaders,
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT",
    "access-control-allow-headers": allowed,
    "access-control-max-age": "3600"
  })
]

export const whole = (body: unknown): Step.Steps => [Step.head(200, contentType.json), Step.bytes(json(body))]

/** A body on one line, as recorded of interactions. */
export const compactWhole = (body: unknown): Step.Steps => [
  Step.head(200, contentType.coded),
  Step.bytes(JSON.stringify(body))
]

/** The beginning of a stream of named events. */
export const eventsHead: Step.Step = Step.head(200, contentType.events)

/** The chunks of a stream. Before each there are `delay` milliseconds, or as many as the pace says. */
export function* stream(
  chunks: Iterable<unknown>,
  framing: "sse" | "array",
  delay: number | ((chunk: unknown, index: number) => number)
): Generator<Step.Step> {
  yield Step.head(200, contentType[framing])
  let first = true
  let index = 0
  for (const chunk of chunks) {
    const wait = typeof delay === "number" ? delay : delay(chunk, index++)
    if (wait > 0) yield Step.wait(wait)
    if (framing === "sse") yield Step.bytes(`data: ${compact(chunk)}\r\n\r\n`)
    else yield Step.bytes(`${first ? "[" : ",\r\n"}${JSON.stringify(chunk, undefined, 2)}${first ? "\n" : "\n"}`)
    first = false
  }
  if (framing === "array") yield Step.bytes(first ? "[]" : "]")
}
