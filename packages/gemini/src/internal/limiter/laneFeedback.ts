/** What a server's answer changes in a lane: a 429, or a name that turns out to belong to another lane. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Feedback } from "../../limits/LaneSnapshot.ts"
import type { Party } from "../../limits/Permit.ts"
import type { LaneQueue } from "./LaneQueue.ts"
import { longestPark } from "./LaneWindow.ts"
import { lessonsOf } from "./learned.ts"

/** Tells the lane that the server refused a call. */
export const refused = (
  lane: LaneQueue,
  feedback: Feedback,
  learn: "told" | "counted" | "off",
  now: number
): Effect.Effect<void> => {
  const { store } = lane
  if (feedback._tag === "QuotaExhausted") {
    const resetAt = Math.min(feedback.resetAt, now + longestPark) || now
    return Effect.andThen(store.park(resetAt, now), Effect.sync(() => lane.exhaust(resetAt, Infinity)))
  }
  const { limits = lane.limits, quotas, retryAfter } = feedback
  const pause = store.pause(
    retryAfter === undefined ? undefined : Math.min(Duration.toMillis(retryAfter), longestPark),
    now
  )
  if (learn === "off") return pause
  const lessons = lessonsOf(quotas, learn)
  return lessons.length === 0 ? pause : Effect.andThen(
    pause,
    Effect.forEach(lessons, (lesson) => store.teach(lesson, limits, now), { discard: true })
  )
}

/**
 * Counts so many of the last requests in the other lane, where those of the party go on that wait. Their tokens are not
 * known one by one, so each counts the mean.
 */
export const moved = (
  from: LaneQueue,
  to: LaneQueue,
  requests: number,
  party: Party | undefined,
  now: number
): Effect.Effect<void> => {
  const counted = Effect.flatMap(from.store.read(from.limits, now), (reading) => {
    const count = Math.min(requests, reading.requests)
    const earlier = Math.max(0, Math.min(requests, reading.today) - count)
    const mean = Math.ceil(reading.tokens / reading.requests)
    const tokens = Array.from({ length: count }, () => mean)
    return count + earlier === 0 ? Effect.void : to.store.charge(earlier, tokens, now)
  })
  return party === undefined ? counted : to.receive(party, from, counted)
}
