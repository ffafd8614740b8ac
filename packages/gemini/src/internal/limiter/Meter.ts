/** Where the permits of a call come from: a lane, the lanes of several members, or nowhere. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { GeminiError } from "../../GeminiError.ts"
import type * as RateLimiter from "../../RateLimiter.ts"

/** The permits of a call, one for each attempt. */
export interface Meter {
  readonly use: <A>(
    attempt: (permit: RateLimiter.Permit) => Effect.Effect<A, GeminiError>
  ) => Effect.Effect<A, GeminiError>
  readonly acquire: Effect.Effect<RateLimiter.Permit, GeminiError, Scope.Scope>
  /** Keeps the later attempts where the last one went, because nobody else knows its token. */
  readonly stay?: (() => void) | undefined
  /** Takes what a 429 teaches. The error comes back with what it lacked (the time when a day's quota resets). */
  readonly learn: (error: GeminiError) => Effect.Effect<GeminiError>
}

const uncounted: RateLimiter.Permit = { settle: () => Effect.void, cancel: Effect.void }

/** The meter of calls for which no quota is kept. */
export const unmetered: Meter = {
  use: (attempt) => attempt(uncounted),
  acquire: Effect.succeed(uncounted),
  learn: Effect.succeed
}
