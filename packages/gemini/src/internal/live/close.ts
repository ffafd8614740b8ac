/**
 * What a close code and an upgrade status mean: which reason, and whether the same may be
 * dialled again. Data, and the one function that reads it.
 *
 * The API accepts the WebSocket first and refuses key, model and quota by closing it. So
 * before `setupComplete` a code is a refusal of the setup, behind it the end of a session.
 * RFC 6455: 1007 and 1008 say that what we sent is refused, and will be again: they are
 * never redialled. Nor are 1002, 1003, 1009 and 1010: they say the same of our frames.
 */
import * as Duration from "effect/Duration"
import type { LiveErrorReason } from "../../errors/LiveErrorReason.ts"
import * as Reason from "../../errors/LiveErrorReason.ts"

/** How a connection ended, as a socket can tell. */
export type Ending =
  /** The upgrade was answered with another status than 101. */
  | { readonly _tag: "Refused"; readonly status: number }
  /** Never opened; `code` and `description` are the system's. */
  | { readonly _tag: "Unreachable"; readonly code?: string; readonly description?: string }
  /** Not open within the connect deadline. */
  | { readonly _tag: "Timeout" }
  /** Closed; 1005 and 1006 stand for a close without code and without any frame. */
  | { readonly _tag: "Closed"; readonly code: number; readonly text: string }
  /** The transport failed. */
  | { readonly _tag: "Broken"; readonly code?: string; readonly description?: string }
  /** A decision of ours: a deadline, a bound, a message that cannot be read. */
  | { readonly _tag: "Ours"; readonly reason: LiveErrorReason; readonly mayRedial: boolean }

export interface CodeRow {
  readonly code: number
  /** The reason before `setupComplete`; behind it every one is `Interrupted`. */
  readonly before: "Handshake" | "Network" | "Connection"
  readonly mayRedial: boolean
}

const row = (code: number, before: CodeRow["before"], mayRedial: boolean): CodeRow => ({ code, before, mayRedial })

/** The codes that were seen of the API, or that a proxy on the way may send. */
export const codes: ReadonlyArray<CodeRow> = [
  row(1000, "Handshake", true),
  row(1001, "Handshake", true),
  row(1002, "Handshake", false),
  row(1003, "Handshake", false),
  row(1005, "Handshake", true),
  row(1006, "Network", true),
  row(1007, "Handshake", false),
  row(1008, "Handshake", false),
  row(1009, "Handshake", false),
  row(1010, "Handshake", false),
  row(1011, "Handshake", true),
  row(1012, "Handshake", true),
  row(1013, "Handshake", true),
  row(1014, "Handshake", true),
  row(1015, "Connection", true)
]

// Codes of 3000 to 4999 are anybody's: nothing says that the same would be refused again.
const unknownCode = (code: number): CodeRow => row(code, "Handshake", true)

export const codeRow = (code: number): CodeRow => codes.find((row) => row.code === code) ?? unknownCode(code)

/** Upgrade statuses that pass; every other one says no for good. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

export const mayRedialStatus = (status: number): boolean => passing.has(status) || status > 504

// The API has no code of its own for it: it says so in words, in 1007 and 1008.
const keyWords = /\bAPI key\b|API has not been used in project|project has been denied access/i

/** Whether it was the key, or its project, that was refused: another one may be let in. */
export const isKeyRefused = (reason: LiveErrorReason): boolean =>
  reason._tag === "Connection"
    ? reason.status === 401 || reason.status === 403
    : reason._tag === "Handshake" && (reason.code === 1007 || reason.code === 1008) && keyWords.test(reason.text)

/** Where a session stood when its connection ended. */
export interface Standing {
  readonly isSetUp: boolean
  /** What a `goAway` gave, if one came: milliseconds, or `undefined` where it did not say. */
  readonly goAway: { readonly timeLeft: number | undefined } | undefined
}

export interface Verdict {
  readonly code: number | undefined
  readonly reason: LiveErrorReason
  readonly mayRedial: boolean
}

const optional = (ending: { readonly code?: string; readonly description?: string }) => ({
  ...(ending.code === undefined ? {} : { code: ending.code }),
  ...(ending.description === undefined ? {} : { description: ending.description })
})

export const verdict = (ending: Ending, standing: Standing): Verdict => {
  switch (ending._tag) {
    case "Refused": {
      const { status } = ending
      return {
        code: undefined,
        reason: new Reason.Connection({ kind: "refused", status }),
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
): Verdict => {
  const { before, mayRedial } = codeRow(code)
  const of = (reason: LiveErrorReason): Verdict => ({ code, reason, mayRedial })
  if (goAway !== undefined) {
    const { timeLeft } = goAway
    return of(
      new Reason.ServerDisconnect(timeLeft === undefined ? {} : { timeLeft: Duration.millis(timeLeft) })
    )
  }
  if (isSetUp) return of(new Reason.Interrupted({ code, text }))
  switch (before) {
    case "Network":
      return of(new Reason.Network({ description: "the connection was lost before the setup was complete" }))
    case "Connection":
      return of(new Reason.Connection({ kind: "unreachable", description: "TLS failed" }))
    case "Handshake":
      return of(new Reason.Handshake({ code, text }))
  }
}
