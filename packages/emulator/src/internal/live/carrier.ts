/**
 * One Live connection as its carrier (a socket, or two objects in memory) hands it over, and what
 * the handler may do with it. The handler knows no sockets.
 */
import type * as Effect from "effect/Effect"
import type * as Step from "../answers/step.ts"

export interface IncomingUpgrade {
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** One message of the server as it goes over the wire. */
export interface ServerFrame {
  readonly data: string | Uint8Array
  /** How many fragments it is sent in. */
  readonly fragments: number
}

export interface Carrier {
  /** Hands the frame over at once, and resumes when there is room for another one. */
  readonly send: (frame: ServerFrame) => Effect.Effect<void>
  /**
   * Starts the close handshake. Codes that no close frame can carry (1005, 1006, 1015) end the connection in the
   * nearest way.
   */
  readonly close: (code: number, reason: string) => void
  /** Ends the connection without a close frame. */
  readonly destroy: (how: "cut" | "reset") => void
  /** Switches reading on or off. While it is off, no ping is seen and none is answered. */
  readonly reading: (on: boolean) => void
}

export interface Connection {
  /** The session. It ends when the server has ended it, and is interrupted when the connection is gone. */
  readonly run: Effect.Effect<void>
  readonly receive: (data: string | Uint8Array) => void
  /** Tells of a ping. `pong` answers it, when the server gets to it. */
  readonly pinged: (pong: () => void) => void
  /** Tells that the connection has ended: by a close frame of the client (or its answer to ours), or without one. */
  readonly gone: (code: number, reason: string) => void
}

/** How an upgrade is answered. */
export type Upgrade =
  | {
    readonly _tag: "Refused"
    readonly status: number
    readonly headers: Step.Headers
    readonly body: ReadonlyArray<Uint8Array>
  }
  | { readonly _tag: "Accepted"; readonly connect: (carrier: Carrier) => Connection }

/** What a request gets that opens no session: the head and the body of these steps. */
export const refusal = (steps: Step.Steps): Upgrade => {
  let status = 500
  let headers: Step.Headers = {}
  const body: Array<Uint8Array> = []
  for (const step of steps) {
    if (step._tag === "Bytes") body.push(step.bytes)
    if (step._tag === "Head") ({ headers, status } = step)
  }
  return { _tag: "Refused", status, headers, body }
}

export type UpgradeHandler = (incoming: IncomingUpgrade) => Effect.Effect<Upgrade>
