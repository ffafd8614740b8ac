/** What a promise rejects with: the failure itself. */
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

export const of = (cause: Cause.Cause<unknown>): unknown =>
  Cause.hasInterruptsOnly(cause) ? closed() : Cause.squash(cause)

/** Nothing else interrupts a call that has no signal, or whose signal was not aborted. */
export const closed = (): GeminiError =>
  new GeminiError({
    method: "close",
    attempts: [],
    reason: new Reason.Unsupported({
      capability: "calls after closing",
      description: "the client was closed: make the calls before its `await using` block ends, or before close()"
    })
  })

export const invalid = (method: string, field: string, description: string): GeminiError =>
  new GeminiError({ method, attempts: [], reason: new Reason.InvalidRequest({ fields: [{ field, description }] }) })

/** A value whose making refuses what the caller wrote, by throwing a GeminiError. */
export const attempt = <A>(make: () => A): Effect.Effect<A, GeminiError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(make())
    } catch (error) {
      return error instanceof GeminiError ? Effect.fail(error) : Effect.die(error)
    }
  })
