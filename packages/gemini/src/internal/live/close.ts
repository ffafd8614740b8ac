/**
 * What the end of a connection means: which reason, and whether the same may be dialled again. The words of Google's
 * closes are in `google/closeTable`.
 *
 * The API accepts the WebSocket first and refuses key, model and quota by closing it. So before `setupComplete` a code
 * refuses the setup, and after it a code ends a session.
 */
import * as Duration from "effect/Duration"
import type { LiveErrorReason } from "../../errors/LiveErrorReason.ts"
import * as Reason from "../../errors/LiveErrorReason.ts"
import * as CloseTable from "../google/closeTable.ts"

/** How a connection ended, as far as a socket can tell. */
export type ConnectionEnd =
  /** The upgrade was answered with a status other than 101; `description` is what the server said. */
  | { readonly _tag: "Refused"; readonly status: number; readonly description?: string }
  /** The connection was never open; `code` and `description` are the system's. */
  | { readonly _tag: "Unreachable"; readonly code?: string; readonly description?: string }
  /** The connection was not open within the connect deadline. */
  | { readonly _tag: "Timeout" }
  /** The connection was closed. 1005 stands for a close frame without a code, 1006 for a close without any frame. */
  | { readonly _tag: "Closed"; readonly code: number; readonly text: string }
  /** The transport failed. */
  | { readonly _tag: "Broken"; readonly code?: string; readonly description?: string }
  /** We ended the connection: for a deadline, a bound, or a message that cannot be read. */
  | { readonly _tag: "Ours"; readonly reason: LiveErrorReason; readonly mayRedial: boolean }

/** The upgrade statuses that may pass; every other one is a final refusal. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

export const mayRedialStatus = (status: number): boolean => passing.has(status) || status > 504

const meaningOf = (reason: LiveErrorReason): CloseTable.Meaning | undefined =>
  reason._tag === "Handshake" ? CloseTable.meaning(reason.code, reason.text, false) : undefined

/** Whether the access token was refused as one that is over, by the upgrade or by a close. */
export const isTokenRefused = (reason: LiveErrorReason): boolean =>
  reason._tag === "Connection" ? reason.status === 401 : meaningOf(reason) === "token"

/** Whether the key, the access token or the project was refused. Another one may then be let in. */
export const isKeyRefused = (reason: LiveErrorReason): boolean =>
  isTokenRefused(reason) ||
  (reason._tag === "Connection" ? reason.status === 403 : meaningOf(reason) === "key")

/** Whether the server does not have the model. Another project or region may have it. */
export const isModelMissing = (reason: LiveErrorReason): boolean =>
  reason._tag === "Connection" ? reason.status === 404 : meaningOf(reason) === "model"

/**
 * Whether the state of a handle is not there, if a setup with a handle was refused so. The API has no words of its own
 * for most handles (`Request contains an invalid argument.`), so it is every refusal that names neither key nor model.
 */
export const isHandleRefused = (reason: LiveErrorReason): boolean => {
  if (reason._tag !== "Handshake" || (reason.code !== 1007 && reason.code !== 1008)) return false
  const means = meaningOf(reason)
  return means === undefined || means === "handle"
}

/** Where a session stood when its connection ended. */
export interface Standing {
  readonly isSetUp: boolean
  /** What a `goAway` said, if one came: milliseconds, or `undefined` if it named none. */
  readonly goAway: { readonly timeLeft: number | undefined } | undefined
}

export interface CloseVerdict {
  readonly code: number | undefined
  readonly reason: LiveErrorReason
  readonly mayRedial: boolean
}

const optional = (ending: { readonly code?: string; readonly description?: string }) => ({
  ...(ending.code === undefined ? {} : { code: ending.code }),
  ...(ending.description === undefined ? {} : { description: ending.description })
})

export const verdict = (ending: ConnectionEnd, standing: Standing): CloseVerdict => {
  switch (ending._tag) {
    case "Refused": {
      const { description, status } = ending
      return {
        code: undefined,
        reason: new Reason.Connection({
          kind: "refused",
          status,
          ...(description === undefined ? {} : { description })
        }),
        mayRedial: mayRedialStatus(status)
      }
    }
    case "Unreachable": {
      const description = [ending.code, ending.description].filter((text) => text !== undefined).join(", ")
      return {
        code: undefined,
        reason: new Reason.Connection({ kind: "unreachable", ...(description === "" ? {} : { description }) }),
        mayRedial: true
      }
    }
    case "Timeout":
      return { code: undefined, reason: new Reason.Connection({ kind: "timeout" }), mayRedial: true }
    case "Broken":
      return { code: undefined, reason: new Reason.Network(optional(ending)), mayRedial: true }
    case "Ours":
      return { code: undefined, reason: ending.reason, mayRedial: ending.mayRedial }
    case "Closed":
      return closed(ending, standing)
  }
}

const closed = (
  { code, text }: { readonly code: number; readonly text: string },
  { goAway, isSetUp }: Standing
): CloseVerdict => {
  const mayRedial = CloseTable.mayPass(code, text, isSetUp)
  const mayPass = CloseTable.wordsLetPass(code, text, isSetUp)
  const close = { code, text, ...(mayPass === undefined ? {} : { mayPass }) }
  const of = (reason: LiveErrorReason): CloseVerdict => ({ code, reason, mayRedial })
  // A refusal is not what the goAway announced, and its words say why.
  if (goAway !== undefined && mayRedial) {
    const { timeLeft } = goAway
    return of(
      new Reason.ServerDisconnect(timeLeft === undefined ? {} : { timeLeft: Duration.millis(timeLeft) })
    )
  }
  if (isSetUp) return of(new Reason.Interrupted(close))
  if (code === 1006) {
    return of(new Reason.Network({ description: "the connection was lost before the setup was complete" }))
  }
  if (code === 1015) return of(new Reason.Connection({ kind: "unreachable", description: "TLS failed" }))
  return of(new Reason.Handshake(close))
}
