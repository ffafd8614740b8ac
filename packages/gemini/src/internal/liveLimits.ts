/**
 * A session's part in the quotas of its model: one place among the sessions that are open,
 * and a place in the rolling minute for each message that the server counts. The two are
 * lanes of their own, so that a message never waits for a session to end.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { GeminiError } from "../GeminiError.ts"
import * as Reason from "../LiveErrorReason.ts"
import * as ModelAlias from "../ModelAlias.ts"
import type * as ModelId from "../ModelId.ts"
import type * as RateLimiter from "../RateLimiter.ts"
import type { Limits } from "../Tier.ts"
import { messageLimits } from "./liveMessageLimits.ts"

export interface LiveLimits {
  /** For as long as the scope lasts. */
  readonly session: Effect.Effect<void, Reason.Limited, Scope.Scope>
  /** Before each message that counts; with its estimated tokens, and the error of one that may not go. */
  readonly message: <E>(tokens: number, refused: (reason: Reason.Limited) => E) => Effect.Effect<void, E>
}

const nothing = () => Effect.void

const limited = (error: GeminiError): Reason.Limited =>
  new Reason.Limited({
    description: error.reason.message,
    ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter })
  })

export const sessionLimits = (limits: Limits): Limits => ({
  rpm: Infinity,
  tpm: Infinity,
  rpd: Infinity,
  concurrency: limits.sessions ?? Infinity
})

export const make = (
  limiter: RateLimiter.Service,
  model: ModelId.ModelId,
  limitsOf: (model: ModelId.ModelId) => Limits,
  place: Pick<RateLimiter.LaneKey, "project" | "location">
): LiveLimits => {
  const quotaModel = ModelAlias.quotaModel(model)
  const limits = limitsOf(quotaModel)
  const lane = { project: place.project, location: place.location, quotaModel }
  const sessions = { lane: { ...lane, family: "liveSession" as const }, limits: sessionLimits(limits), tokens: 0 }
  const messages = { lane: { ...lane, family: "live" as const }, limits: messageLimits(limits) }
  return {
    session: Effect.mapError(Effect.asVoid(limiter.acquire({ ...sessions, method: "connect" })), limited),
    message: (tokens, refused) =>
      Effect.mapError(
        limiter.use({ lane: messages.lane, limits: messages.limits, method: "send", tokens }, nothing),
        (error) => refused(limited(error))
      )
  }
}
