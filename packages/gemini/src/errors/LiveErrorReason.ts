/**
 * Why a Live session failed: the typed causes inside a `LiveError`.
 *
 * A close code says more than it seems to: the API accepts the WebSocket first and
 * refuses key, model and quota by closing it, so `Handshake` is where those appear.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Delay } from "../internal/call/delay.ts"

const description = Schema.optionalKey(Schema.String)

// By RFC 6455 the codes 1002, 1003, 1007, 1008, 1009 and 1010 mean that what we sent is refused, and would be again.
// With every other code (1006 dropped, 1011 server trouble, 1012 restart) a second try may succeed.
const refusals: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 1010])
const mayPass = (code: number): boolean => !refusals.has(code)

const said = (text: string): string => text === "" ? "" : `: ${text}`

/**
 * Nothing was dialled, because the Live API refuses such settings, or there is no key. `field` is the JSON path in the
 * setup, or the name of the option.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidSetup extends Schema.TaggedError<InvalidSetup>("effect-gemini/LiveError/InvalidSetup")(
  "InvalidSetup",
  { fields: Schema.Array(Schema.Struct({ field: Schema.String, description: Schema.String })) }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.fields.map(({ description, field }) => `${field}: ${description}`).join("; ")
  }
}

/**
 * The WebSocket could not be opened: the server refused it with an HTTP status, or was never reached.
 *
 * @category errors
 * @since 0.1.0
 */
export class Connection extends Schema.TaggedError<Connection>("effect-gemini/LiveError/Connection")("Connection", {
  kind: Schema.Literals(["refused", "unreachable", "timeout"]),
  status: Schema.optionalKey(Schema.Finite),
  description
}) {
  get isRetryable(): boolean {
    return this.status === undefined || this.status >= 500 || this.status === 429 || this.status === 408
  }
  override get message(): string {
    const status = this.status === undefined ? "" : ` with HTTP ${this.status}`
    return `the connection was not opened (${this.kind}${status})${said(this.description ?? "")}`
  }
}

/**
 * The server closed the connection before `setupComplete`. `text` is its reason, cut by
 * the protocol at 123 bytes.
 *
 * @category errors
 * @since 0.1.0
 */
export class Handshake extends Schema.TaggedError<Handshake>("effect-gemini/LiveError/Handshake")("Handshake", {
  code: Schema.Finite,
  text: Schema.String
}) {
  get isRetryable(): boolean {
    return mayPass(this.code)
  }
  override get message(): string {
    return `the server refused the setup (close ${this.code})${said(this.text)}`
  }
}

/**
 * A server message could not be read; `path` says where.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidServerMessage
  extends Schema.TaggedError<InvalidServerMessage>("effect-gemini/LiveError/InvalidServerMessage")(
    "InvalidServerMessage",
    { path: Schema.String, expected: Schema.String }
  )
{
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `a server message is malformed: expected ${this.expected}${this.path === "" ? "" : ` at ${this.path}`}`
  }
}

/**
 * The server announced the end of the connection (`goAway`); `timeLeft` is the time that it gave.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServerDisconnect extends Schema.TaggedError<ServerDisconnect>("effect-gemini/LiveError/ServerDisconnect")(
  "ServerDisconnect",
  { timeLeft: Schema.optionalKey(Delay) }
) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return "the server ended the connection's lifetime: reconnect, with the session's handle to keep its state"
  }
}

/**
 * The connection broke in the middle of a session.
 *
 * @category errors
 * @since 0.1.0
 */
export class Interrupted extends Schema.TaggedError<Interrupted>("effect-gemini/LiveError/Interrupted")(
  "Interrupted",
  { code: Schema.Finite, text: Schema.String }
) {
  get isRetryable(): boolean {
    return mayPass(this.code)
  }
  override get message(): string {
    return `the session broke off (close ${this.code})${said(this.text)}`
  }
}

/**
 * An operation was called on a session that has ended.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionClosed extends Schema.TaggedError<SessionClosed>("effect-gemini/LiveError/SessionClosed")(
  "SessionClosed",
  {}
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "the session is closed: open a new one"
  }
}

/**
 * The session's messages already have a reader, and there can be only one at a time.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionInUse extends Schema.TaggedError<SessionInUse>("effect-gemini/LiveError/SessionInUse")(
  "SessionInUse",
  {}
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "the session's messages are being read elsewhere: share that stream, or open another session"
  }
}

/**
 * The reader is so slow that the bound on queued bytes was reached.
 *
 * @category errors
 * @since 0.1.0
 */
export class Overflow extends Schema.TaggedError<Overflow>("effect-gemini/LiveError/Overflow")("Overflow", {
  bytes: Schema.Finite,
  limit: Schema.Finite
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.bytes} bytes wait unread (at most ${this.limit}): read faster, or raise the bound`
  }
}

/**
 * The server sent more than the bound allows. `limit` is the bound in bytes, and `what` is bounded: one message with
 * its fragments (`bounds.frame`), or the messages before the setup was complete (`inboundLimit`).
 *
 * @category errors
 * @since 0.1.0
 */
export class ResponseTooLarge
  extends Schema.TaggedError<ResponseTooLarge>("effect-gemini/LiveError/ResponseTooLarge")("ResponseTooLarge", {
    what: Schema.Literals(["frame", "setup"]),
    limit: Schema.Finite
  })
{
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.what === "frame"
      ? `the server sent a message of more than ${this.limit} bytes, which was not read: look at who answers at ` +
        `baseUrl, or raise bounds.frame`
      : `the server sent more than ${this.limit} bytes before it completed the setup: look at who answers at baseUrl`
  }
}

/**
 * A deadline of the session passed.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimedOut extends Schema.TaggedError<TimedOut>("effect-gemini/LiveError/TimedOut")("TimedOut", {
  phase: Schema.Literals(["connect", "setup", "idle", "ping", "total"])
}) {
  get isRetryable(): boolean {
    return this.phase !== "total"
  }
  override get message(): string {
    return `the ${this.phase} deadline passed`
  }
}

/**
 * The lane's limits did not admit the session or message in the time that the options allow.
 *
 * @category errors
 * @since 0.1.0
 */
export class Limited extends Schema.TaggedError<Limited>("effect-gemini/LiveError/Limited")("Limited", {
  description: Schema.String,
  retryAfter: Schema.optionalKey(Delay)
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return this.description
  }
}

/**
 * The transport failed; `code` is the system's error code.
 *
 * @category errors
 * @since 0.1.0
 */
export class Network extends Schema.TaggedError<Network>("effect-gemini/LiveError/Network")("Network", {
  code: Schema.optionalKey(Schema.String),
  description
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `the connection failed${said([this.code, this.description].filter((text) => text !== undefined).join(", "))}`
  }
}

/**
 * Every reason of a `LiveError`.
 *
 * @category errors
 * @since 0.1.0
 */
export const LiveErrorReason = Schema.Union([
  InvalidSetup,
  Connection,
  Handshake,
  InvalidServerMessage,
  ServerDisconnect,
  Interrupted,
  SessionClosed,
  SessionInUse,
  Overflow,
  ResponseTooLarge,
  TimedOut,
  Limited,
  Network
])

/**
 * @category errors
 * @since 0.1.0
 */
export type LiveErrorReason = typeof LiveErrorReason.Type
