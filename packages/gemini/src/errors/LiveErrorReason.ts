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
import * as CloseTable from "../internal/google/closeTable.ts"
import { oneOf } from "../internal/wire/leaves.ts"
import { liveReason } from "../internal/wire/reasonClass.ts"

const description = Schema.optionalKey(Schema.String)

const closeFields = {
  code: Schema.Finite,
  text: Schema.String,
  /** What the words say of dialling the same again, where they say something else than the code. */
  mayPass: Schema.optionalKey(Schema.Boolean)
}

const said = (text: string): string => text === "" ? "" : `: ${text}`

/**
 * Nothing was dialled, because the Live API refuses such settings, or there is no key. `field` is the JSON path in the
 * setup, or the name of the option.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidSetup extends liveReason<InvalidSetup>()("InvalidSetup", {
  fields: Schema.Array(Schema.Struct({ field: Schema.String, description: Schema.String }))
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.fields.map(({ description, field }) => `${field}: ${description}`).join("; ")
  }
}

/**
 * The WebSocket could not be opened: the server refused it with an HTTP status, or was never reached. `description` is
 * what the server or the system said, where the platform shows it (`ws` does, a browser does not).
 *
 * @category errors
 * @since 0.1.0
 */
export class Connection extends liveReason<Connection>()("Connection", {
  kind: oneOf(["refused", "unreachable", "timeout"]),
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
export class Handshake extends liveReason<Handshake>()("Handshake", closeFields) {
  get isRetryable(): boolean {
    return this.mayPass ?? !CloseTable.refusals.has(this.code)
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
  extends liveReason<InvalidServerMessage>()("InvalidServerMessage", { path: Schema.String, expected: Schema.String })
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
export class ServerDisconnect
  extends liveReason<ServerDisconnect>()("ServerDisconnect", { timeLeft: Schema.optionalKey(Delay) })
{
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
export class Interrupted extends liveReason<Interrupted>()("Interrupted", closeFields) {
  get isRetryable(): boolean {
    return this.mayPass ?? !CloseTable.refusals.has(this.code)
  }
  override get message(): string {
    return `the session broke off (close ${this.code})${said(this.text)}`
  }
}

/**
 * An operation was called on a session that has ended, or of a client whose layer has; `description` says which if it is
 * not the session.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionClosed extends liveReason<SessionClosed>()("SessionClosed", { description }) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.description ?? "the session is closed: open a new one"
  }
}

/**
 * The session's messages already have a reader, and there can be only one at a time.
 *
 * @category errors
 * @since 0.1.0
 */
export class SessionInUse extends liveReason<SessionInUse>()("SessionInUse", {}) {
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
export class Overflow extends liveReason<Overflow>()("Overflow", {
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
export class ResponseTooLarge extends liveReason<ResponseTooLarge>()("ResponseTooLarge", {
  what: oneOf(["frame", "setup"]),
  limit: Schema.Finite
}) {
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
 * The server ended its turn without having said anything, and gave no reason.
 *
 * @category errors
 * @since 0.2.0
 */
export class NoAnswer extends liveReason<NoAnswer>()("NoAnswer", {}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return "the model ended its turn without a word: ask again"
  }
}

/**
 * A deadline of the session passed.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimedOut extends liveReason<TimedOut>()("TimedOut", {
  phase: oneOf(["connect", "setup", "send", "idle", "silence", "ping", "total"])
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
export class Limited extends liveReason<Limited>()("Limited", {
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
export class Network extends liveReason<Network>()("Network", {
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
  NoAnswer,
  Limited,
  Network
])

/**
 * @category errors
 * @since 0.1.0
 */
export type LiveErrorReason = typeof LiveErrorReason.Type
