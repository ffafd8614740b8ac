/**
 * Where the permits of a call come from: a lane, the lanes of several members, or nowhere.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { GeminiError } from "../../GeminiError.ts"
import type * as RateLimiter from "../../RateLimiter.ts"

/** A call's permits, one an attempt. */
export interface Meter {
  readonly use: <A>(
    attempt: (permit: RateLimiter.Permit) => Effect.Effect<A, GeminiError>
  ) => Effect.Effect<A, GeminiError>
  readonly acquire: Effect.Effect<RateLimiter.Permit, GeminiError, Scope.Scope>
  /** The later attempts go where the last one went: a token is known there alone. */
  readonly stay?: (() => void) | undefined
  /** What a 429 teaches; the error comes back with what it lacked (the reset time of a day's quota). */
  readonly learn: (error: GeminiError) => Effect.Effect<GeminiError>
}

const uncounted: RateLimiter.Permit = { settle: () => Effect.void, cancel: Effect.void }

/** For calls that no quota is kept for. */
export const unmetered: Meter = {
  use: (attempt) => attempt(uncounted),
  acquire: Effect.succeed(uncounted),
  learn: Effect.succeed
}
