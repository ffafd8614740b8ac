/**
 * What 429s teach a lane: a limit below the tier's that the server seems to keep.
 *
 * | a 429 | the limit learned | held for |
 * | --- | --- | --- |
 * | names a limit a minute (`quotaValue`) below the tier's | that one | 10 windows |
 * | names one that is the tier's or above it | none: what was learned is forgotten | |
 * | says none; only with `learn: "counted"` | what the window counts of the quota it names, else of requests, less one; at least a tenth of the tier's | 3 windows |
 *
 * Once it was held so long without another 429 it rises by a tenth of the tier's limit a
 * window, and is forgotten when it is back at the tier's. It is never above the tier's.
 */

import type { Lesson } from "../../limits/LaneStore.ts"

/** Times are in milliseconds. */
export interface LearnedLimit {
  readonly limit: number
  /** When it begins to rise, by how much a window, and when it is the tier's again. */
  readonly risesAt: number
  readonly step: number
  readonly until: number
}

/** What a 429 that named these quotas teaches. `undefined`: it named none. */
export const lessonsOf = (
  quotas: ReadonlyArray<Lesson> | undefined,
  by: "told" | "counted" | undefined
): ReadonlyArray<Lesson> => {
  const isTold = ({ limit = 0 }: Lesson): boolean => limit > 0 && limit < Infinity
  if (by !== "counted") return (quotas ?? []).filter(isTold)
  const named = quotas ?? [{ counts: "requests", limit: undefined }]
  return named.map((one) => isTold(one) ? one : { ...one, limit: undefined })
}

export const heldFor = { told: 10, counted: 3 }

/** For how many windows a limit is learned: it is held for ten windows at most, and then rises by tenths. */
export const windowsLearned = 20

export const learn = (
  lesson: Lesson,
  tier: number,
  known: LearnedLimit | undefined,
  counted: number,
  now: number,
  span: number
): LearnedLimit | undefined => {
  // If the tier sets no limit, the learned limit can rise to nothing, so it is forgotten at once.
  const step = tier < Infinity ? Math.max(1, Math.ceil(tier / 10)) : 1
  const limit = lesson.limit === undefined
    ? Math.max(step, Math.min(limitAt(known, now, span), tier, counted) - 1)
    : Math.max(1, Math.floor(lesson.limit))
  if (limit >= tier) return undefined
  const risesAt = now + span * (lesson.limit === undefined ? heldFor.counted : heldFor.told)
  const rises = tier < Infinity ? Math.ceil((tier - limit) / step) - 1 : 0
  return { limit, risesAt, step, until: risesAt + rises * span }
}

/** How much may be taken in a window now. `Infinity`: nothing is learned, or no longer. */
export const limitAt = (known: LearnedLimit | undefined, now: number, span: number): number =>
  known === undefined || now >= known.until
    ? Infinity
    : now < known.risesAt
    ? known.limit
    : known.limit + known.step * (1 + Math.floor((now - known.risesAt) / span))

/** Moves the times of a learned limit, because the clock was set back. */
export const earlier = (known: LearnedLimit | undefined, back: number): LearnedLimit | undefined =>
  known && { ...known, risesAt: known.risesAt - back, until: known.until - back }
