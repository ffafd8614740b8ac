/**
 * Dials the connections of sessions: at one endpoint, or where a destination gives a new one for each dial, because the
 * credential in it is renewed. A credential that is refused, by the upgrade (401) or by a close that says so, is renewed
 * once, and dialled with again.
 */
import * as Effect from "effect/Effect"
import type { LiveErrorReason } from "../../errors/LiveErrorReason.ts"
import type { Endpoint, LiveDoor } from "../http/destination.ts"
import * as LiveClose from "./close.ts"
import * as LiveConnection from "./LiveConnection.ts"

/** Dials the connections that have the same options. */
export type Dial = (
  connection: Omit<LiveConnection.Options, "endpoint">
) => (
  setup: string,
  restore: LiveConnection.Restore
) => Effect.Effect<LiveConnection.LiveConnection, LiveClose.CloseVerdict>

/** All connections go to one endpoint. */
export const at = (endpoint: Endpoint): Dial => (connection) => {
  const options = { ...connection, endpoint }
  return (setup, restore) => LiveConnection.open(options, setup, restore)
}

const verdictOf = (reason: LiveErrorReason): LiveClose.CloseVerdict => ({
  code: undefined,
  reason,
  mayRedial: reason.isRetryable
})

/** Each connection goes to the endpoint of its moment. */
export const through = (door: LiveDoor): Dial => (connection) => (setup, restore) => {
  const endpoint = (refused?: Endpoint["secret"]) => restore(Effect.mapError(door.endpoint(refused), verdictOf))
  return Effect.flatMap(endpoint(), (first) =>
    Effect.catch(
      LiveConnection.open({ ...connection, endpoint: first }, setup, restore),
      (verdict) =>
        LiveClose.isTokenRefused(verdict.reason)
          ? Effect.flatMap(
            endpoint(first.secret),
            (next) => LiveConnection.open({ ...connection, endpoint: next }, setup, restore)
          )
          : Effect.fail(verdict)
    ))
}
