/** How a lane stands, for display and metrics: what its store reads, and who waits. */
import * as Effect from "effect/Effect"
import type { LaneSnapshot } from "../../limits/LaneSnapshot.ts"
import type { Reading } from "../../limits/LaneStore.ts"
import type { LaneQueue } from "./LaneQueue.ts"

/** What 429s did to the lane. */
const phaseOf = ({ learned, parkedUntil }: Reading, now: number): LaneSnapshot["phase"] => {
  if (parkedUntil !== undefined) return "cooldown"
  if (learned === undefined) return "inactive"
  return now < learned.risesAt ? "learned" : "probing"
}

export const snapshot = ({ key, limits, store, waitingInAll }: LaneQueue, now: number): Effect.Effect<LaneSnapshot> =>
  Effect.map(store.read(limits, now), (reading) => ({
    lane: key,
    limits,
    used: {
      requests: reading.requests,
      tokens: reading.tokens,
      today: reading.today,
      inFlight: reading.inFlight
    },
    debt: Math.max(0, reading.tokens - limits.tpm),
    waiting: waitingInAll,
    nextFree: reading.freeIn === Infinity ? undefined : now + reading.freeIn,
    parkedUntil: reading.parkedUntil,
    isExhausted: reading.exhausted,
    phase: phaseOf(reading, now),
    learned: reading.learned
  }))
