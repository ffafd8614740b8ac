/**
 * One Live connection as its carrier (a socket, or two objects in memory) hands it over, and what
 * the handler may do with it. The handler knows no sockets.
 */
import type * as Effect from "effect/Effect"
import type * as Step from "../answers/step.ts"

export interface Incoming {
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** One message of the server as it goes over the wire. */
export interface Frame {
  readonly data: string | Uint8Array
  /** In how many fragments. */
  readonly fragments: number
}

export interface Carrier {
  /** Hands the frame over at once; resumes when there is room for another one. */
  readonly send: (frame: Frame) => Effect.Effect<void>
  /** Starts the close handshake. What no close frame can say (1005, 1006, 1015) ends as near to it as possible. */
  readonly close: (code: number, reason: string) => void
  /** Ends the connection without a close frame. */
  readonly destroy: (how: "cut" | "reset") => void
  /** Whether to read on. Who does not read sees no ping and answers none. */
  readonly reading: (on: boolean) => void
}

export interface Connection {
  /** The session; ends when the server has ended it, and is interrupted when the connection is gone. */
  readonly run: Effect.Effect<void>
  readonly receive: (data: string | Uint8Array) => void
  /** The connection has ended: by a close frame of the client's (or the answer to ours), or without one. */
  readonly gone: (code: number, reason: string) => void
}

/** What an upgrade is answered with. */
export type Upgrade =
  | {
    readonly _tag: "Refused"
    readonly status: number
    readonly headers: Step.Headers
    readonly body: ReadonlyArray<Uint8Array>
  }
  | { readonly _tag: "Accepted"; readonly connect: (carrier: Carrier) => Connection }

/** What is said to a request that opens no session: the head and the body of these steps. */
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

export type Handler = (incoming: Incoming) => Effect.Effect<Upgrade>
