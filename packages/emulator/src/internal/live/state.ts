/**
 * What a running emulator remembers of Live: the log, handles, tokens, and who is connected.
 */
import type * as Effect from "effect/Effect"
import * as LiveLog from "../../LiveLog.ts"
import type { LiveOptions } from "../../LiveOptions.ts"
import type * as Json from "../json.ts"
import type { Allowance } from "../log/Allowance.ts"
import * as Tokens from "./authTokens.ts"
import * as Handles from "./handles.ts"

/** A session that is set up. */
export interface Session {
  readonly project: string
  readonly region: string
  readonly entry: LiveLog.Mutable
  readonly send: (message: Json.Json) => Effect.Effect<void>
  readonly close: (code: number, reason: string) => Effect.Effect<void>
  readonly drop: Effect.Effect<void>
}

export interface LiveState {
  readonly log: LiveLog.LiveLog
  readonly handles: Handles.Handles
  readonly tokens: Tokens.Tokens
  readonly sessions: Set<Session>
  connections: number
  /** How many good handles were refused, where the options say that some are. */
  refusedHandles: number
}

export const make = (options: {
  readonly remember?: number | undefined
  readonly seed?: string | undefined
  readonly live?: LiveOptions | undefined
  readonly allowance?: Allowance | undefined
  readonly space?: string | undefined
}): LiveState => ({
  log: LiveLog.make({ remember: options.remember, allowance: options.allowance }),
  handles: Handles.make(options.live?.handleLifetime ?? 7_200_000),
  tokens: Tokens.make(options.seed ?? "", options.space),
  sessions: new Set(),
  connections: 0,
  refusedHandles: 0
})
