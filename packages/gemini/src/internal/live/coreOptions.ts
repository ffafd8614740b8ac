/** What the core of a session is told when it is made, and what it tells whoever does the I/O. */
import type { FunctionCall } from "../../wire/Part.ts"
import type { TurnHooks } from "../telemetry/recorder.ts"

/** The same for all sessions of the same options. */
export interface Options {
  readonly model: string
  readonly inboundLimit: number
  readonly unreadable: "fail" | "event"
  /** Is told of each handle, for a pool that must know where the handle is valid. */
  readonly onHandle?: ((handle: string) => void) | undefined
  /** Whether somebody runs the functions. If not, a turn is handed over at its first call. */
  readonly hasTools: boolean
  /** Whether the first `clientContent` is a history that is not answered. */
  readonly takesHistory: boolean
  /** Whether a lost connection is replaced, so that what was said may be said again. */
  readonly mayRepeat: boolean
  /** Whether the server was asked to say how far it has read with each handle. */
  readonly isTransparent: boolean
  /** Whether the server may answer sound without a word of having heard anything. */
  readonly hearsInSilence: boolean
  /** How long the server is silent before what it did not end counts as over, in milliseconds. */
  readonly turnEnd: number
}

/** What a message asks of the shell, and what is told to the measuring side. */
export interface Hooks extends TurnHooks {
  /** Whether the model waits for a function's answer before it goes on. */
  readonly waitsFor: (name: string) => boolean
  readonly toolCall: (calls: ReadonlyArray<FunctionCall>) => void
  readonly toolCancel: (ids: ReadonlyArray<string>) => void
  /** Stops these calls, whose connection is gone, and tells that. */
  readonly toolLost: (calls: ReadonlyArray<FunctionCall>) => void
  /** Those of these calls that still run, and of whose answers the model will speak. */
  readonly awaited: (calls: ReadonlyArray<FunctionCall>) => ReadonlyArray<FunctionCall>
  readonly goAway: (timeLeft: number | undefined) => void
  /** Called when the model's turn, or its last tool, has ended, and when the server keeps what was said. */
  readonly quiet: () => void
  /** Sets the silence, in milliseconds, after which `settle` is called; `undefined`: none is waited for. */
  readonly settleWithin: (millis: number | undefined) => void
}
