/**
 * What the failure of an act means for its run: whether it is the act's result, whether another model may answer, from
 * when it is worth asking again, and what the lost attempts of a call are charged.
 */
import type { Attempt, GeminiError } from "effect-gemini/GeminiError"
import * as Duration from "effect/Duration"
import type { ActRefused, EmptyAnswer } from "../NarrativeError.ts"
import type { FailureCause } from "../RunRecord.ts"

export type Reason = GeminiError | EmptyAnswer | ActRefused

type Tag = GeminiError["reason"]["_tag"]

/** Failures by which the same request would fail again: the server or the client judged the request itself. */
const final: ReadonlySet<Tag> = /* @__PURE__ */ new Set<Tag>([
  "InvalidRequest",
  "Unsupported",
  "NotFound",
  "RequestTooLarge",
  "Unpriced",
  "ResponseTooLarge",
  "PromptBlocked",
  "ResponseBlocked",
  "ToolCallRejected"
])

/** Failures at which another model would fail, too: they are about the key, the connection or the caller's money. */
const noModelHelps: ReadonlySet<Tag> = /* @__PURE__ */ new Set<Tag>([
  "MissingApiKey",
  "Unauthenticated",
  "Network",
  "LimiterUnavailable",
  "LiveNotProvided"
])

/** Attempts that may have been answered unheard: they are charged by their estimate. */
const unheard: ReadonlySet<string> = /* @__PURE__ */ new Set<Tag>(["TimedOut", "StreamInterrupted", "InvalidResponse"])

export const isFinal = (reason: Reason): boolean =>
  reason._tag !== "GeminiError" || final.has(reason.reason._tag) ||
  reason.reason._tag === "RateLimited" && !reason.reason.isRetryable

export const mayFallBack = (reason: Reason): boolean =>
  reason._tag === "EmptyAnswer" ||
  reason._tag === "ActRefused" && reason.kind === "InvalidOutput" ||
  reason._tag === "GeminiError" && !noModelHelps.has(reason.reason._tag) &&
    !(reason.reason._tag === "QuotaExhausted" && reason.reason.budget !== undefined)

/** When it is worth asking again; `now` and the result are milliseconds since the epoch. */
const untilOf = (reason: Reason, now: number): number | undefined => {
  if (reason._tag !== "GeminiError") return undefined
  if (reason.reason._tag === "QuotaExhausted" && reason.reason.resetAt !== undefined) return reason.reason.resetAt
  return reason.retryAfter === undefined ? undefined : now + Duration.toMillis(reason.retryAfter)
}

export const causeOf = (reason: Reason, now: number): FailureCause => {
  const until = untilOf(reason, now)
  const { model, status } = reason._tag === "GeminiError" ? reason : {}
  return {
    reason: reason._tag === "GeminiError"
      ? reason.reason._tag
      : reason._tag === "ActRefused"
      ? reason.kind
      : reason._tag,
    message: reason._tag === "GeminiError" ? reason.reason.message : reason.message,
    ...(status === undefined ? {} : { status }),
    ...(model === undefined ? {} : { model }),
    ...(until === undefined ? {} : { until })
  }
}

/** How many attempts of a call may have been answered without anybody's hearing it. */
export const unheardOf = (attempts: ReadonlyArray<Attempt>): number =>
  attempts.filter(({ reason }) => reason !== undefined && unheard.has(reason)).length
