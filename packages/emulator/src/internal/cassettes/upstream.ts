/** Asks the real server, and tells each piece as node's parser yields it. */
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import * as Https from "node:https"

export type Event =
  | { readonly _tag: "Head"; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  | { readonly _tag: "End"; readonly end: "complete" | "cut" | "reset" }
  /** There is no connection at all. */
  | { readonly _tag: "Unreached"; readonly why: string }

export interface Upstream {
  /** The next event. Nothing comes after the end. */
  readonly next: Effect.Effect<Event>
  readonly leave: () => void
}

/** So many pieces wait for a slow client before the upstream waits, too. */
const most = 64

/** Those belong to a connection, not to a request. */
const hop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "content-length",
  "accept-encoding",
  "expect"
])

/** The headers of a client as they go on: without those of its connection, and without the emulator's own. */
export const forwarded = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hop.has(name) || name.startsWith("x-emulator-") || name.startsWith("sec-websocket-")) {
      continue
    }
    kept[name] = value
  }
  return kept
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && "code" in error && error.code === "ECONNRESET"

/** An error of several addresses says nothing itself. */
const whyOf = (error: Error): string =>
  error.message !== "" ? error.message : "code" in error ? String(error.code) : error.name

export const ask = (
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array
): Upstream => {
  const waiting: Array<Event> = []
  let wake: ((event: Event) => void) | undefined
  let response: Http.IncomingMessage | undefined
  let wasReset = false
  let ended = false
  const tell = (event: Event) => {
    if (ended) return
    ended = event._tag === "End" || event._tag === "Unreached"
    if (wake === undefined) {
      waiting.push(event)
      if (waiting.length >= most) response?.pause()
      return
    }
    const go = wake
    wake = undefined
    go(event)
  }
  const request = (url.protocol === "https:" ? Https : Http).request(url, {
    method,
    // The bytes are kept as they are, and a person must be able to read them.
    headers: { ...headers, "accept-encoding": "identity", "content-length": String(body.length) }
  })
  if (body.length === 0 && (method === "GET" || method === "DELETE" || method === "HEAD")) {
    request.removeHeader("content-length")
  }
  request.on("socket", (socket) => {
    const look = (error: Error) => {
      wasReset ||= isReset(error)
    }
    socket.on("error", look)
    // The socket serves other requests after this one.
    request.once("close", () => socket.off("error", look))
  })
  request.on("error", (error) => {
    wasReset ||= isReset(error)
    const isBroken = wasReset ||
      ("code" in error && (error.code === "ECONNRESET" || error.code === "HPE_INVALID_EOF_STATE"))
    tell(isBroken ? { _tag: "End", end: wasReset ? "reset" : "cut" } : { _tag: "Unreached", why: whyOf(error) })
  })
  request.on("response", (message) => {
    response = message
    const kept: Record<string, string> = {}
    for (const [name, value] of Object.entries(message.headers)) {
      if (value !== undefined && !hop.has(name)) kept[name] = Array.isArray(value) ? value.join(", ") : value
    }
    tell({ _tag: "Head", status: message.statusCode ?? 502, headers: kept })
    message.on("data", (bytes: Buffer) => tell({ _tag: "Bytes", bytes }))
    message.on("error", (error) => {
      wasReset ||= isReset(error)
    })
    message.on("close", () => {
      tell({ _tag: "End", end: message.complete ? "complete" : wasReset ? "reset" : "cut" })
    })
  })
  request.end(body)
  return {
    leave: () => request.destroy(),
    next: Effect.callback<Event>((resume) => {
      const event = waiting.shift()
      if (event !== undefined) {
        if (waiting.length < most) response?.resume()
        resume(Effect.succeed(event))
        return
      }
      wake = (event) => resume(Effect.succeed(event))
      return Effect.sync(() => {
        wake = undefined
      })
    })
  }
}
