/**
 * A session's part in the quotas of its model: one place among the sessions that are open,
 * and a place in the rolling minute for each message that the server counts. The two are
 * lanes of their own, so that a message never waits for a session to end.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Reason from "../../errors/LiveErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { Limits } from "../../limits/Tier.ts"
import * as ModelAlias from "../../models/ModelAlias.ts"
import type * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import { messageLimits } from "./messageLimits.ts"

/** Why a place was not given: the limits, or a limiter that is closed and gives none any more. */
export type Refused = Reason.Limited | Reason.SessionClosed

export interface LiveLimits {
  /** Takes a place among the open sessions for as long as the scope lasts. */
  readonly session: <E>(refused: (reason: Refused) => E) => Effect.Effect<unknown, E, Scope.Scope>
  /** Takes a place if there is one now, for a session that nobody has asked for yet. */
  readonly spare: LiveLimits["session"]
  /**
   * Takes a place in the rolling minute before each message that counts, for its estimated tokens. `refuse` makes the
   * error of a message that may not go.
   */
  readonly message: <E>(tokens: number, refused: (reason: Refused) => E) => Effect.Effect<void, E>
}

type ProjectLocation = Pick<RateLimiter.LaneKey, "project" | "location">

interface Keeper extends ProjectLocation {
  readonly giveUp: (quotaModel: string) => void
}

/** The pools that have sessions to spare, by limiter. They are told when somebody has to wait for a place. */
const keepers = new WeakMap<RateLimiter.Service, Set<Keeper>>()

/** Until the scope ends, calls `giveUp` when somebody has to wait for a place among a model's sessions. */
export const whenFull = (limiter: RateLimiter.Service, keeper: Keeper): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => {
      const known = keepers.get(limiter) ?? new Set()
      keepers.set(limiter, known.add(keeper))
      return known
    }),
    (known) => Effect.sync(() => known.delete(keeper))
  ))

const makeRoom = (limiter: RateLimiter.Service, { location, project, quotaModel }: RateLimiter.LaneKey): void => {
  for (const keeper of keepers.get(limiter) ?? []) {
    if (keeper.project === project && keeper.location === location) keeper.giveUp(quotaModel)
  }
}

const nothing = () => Effect.void

const refusal = (error: GeminiError): Refused =>
  error.reason._tag === "Unsupported"
    ? new Reason.SessionClosed({ description: error.reason.message })
    : new Reason.Limited({
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
  place: ProjectLocation
): LiveLimits => {
  const quotaModel = ModelAlias.quotaModel(model)
  const limits = limitsOf(quotaModel)
  const lane = { project: place.project, location: place.location, quotaModel }
  const sessions = { lane: { ...lane, family: "liveSession" as const }, limits: sessionLimits(limits), tokens: 0 }
  const messages = { lane: { ...lane, family: "live" as const }, limits: messageLimits(limits) }
  const session = (more: Partial<RateLimiter.Admission>): LiveLimits["session"] => {
    const place = limiter.acquire({ ...sessions, method: "connect", ...more })
    return (refused) => Effect.mapError(place, (error) => refused(refusal(error)))
  }
  return {
    session: session({ onWait: ({ lane }) => Effect.sync(() => makeRoom(limiter, lane)) }),
    spare: session({ maxWait: 0 }),
    message: (tokens, refused) =>
      Effect.mapError(
        limiter.use({ lane: messages.lane, limits: messages.limits, method: "send", tokens }, nothing),
        (error) => refused(refusal(error))
      )
  }
}
