/**
 * Which member and model a call goes to: the candidates in the order of choice. Pure.
 *
 * 1. Those that admit the call now, then the shortest wait.
 * 2. Those that have not failed in this call.
 * 3. The model that was asked for before the fallback models, in their order.
 * 4. Those whose key was not refused when it was last used.
 * 5. The members of the region that is named first, before those of the next.
 * 6. The smallest used share of the quota, by weight.
 * 7. The fewest calls so far, by weight.
 */
import type { Headroom } from "../../RateLimiter.ts"

/** The part of a candidate that decides about its place. */
export interface Contender {
  /** How often it failed in this call. */
  readonly failures: number
  /** The place of its model: 0 for the one that was asked for. */
  readonly modelRank: number
  /** The place of its region among the members' regions. */
  readonly regionRank: number
  readonly isKeyRefused: boolean
  readonly headroom: Headroom
  /** The used share of its quota by its weight, of `usedShare`. */
  readonly share: number
  readonly weight: number
  /** How many calls went there so far. */
  readonly calls: number
}

/** The used share in steps of half a percent: shares that are nearer to each other count as equal. */
export const usedShare = ({ free }: Headroom, weight: number): number => Math.round((1 - free) / weight * 200)

export const compare = (a: Contender, b: Contender): number => {
  const { admitsIn: wait } = a.headroom
  const { admitsIn: other } = b.headroom
  // Infinity minus itself gives no order.
  if (wait !== other && (wait > 0 || other > 0)) return wait < other ? -1 : 1
  return a.failures - b.failures ||
    a.modelRank - b.modelRank ||
    Number(a.isKeyRefused) - Number(b.isKeyRefused) ||
    a.regionRank - b.regionRank ||
    a.share - b.share ||
    a.calls / a.weight - b.calls / b.weight
}

/** The part of a candidate that is known without looking at its lane. */
export type Untried = Pick<Contender, "regionRank" | "weight" | "calls">

/**
 * The one that would be the first in the order of choice, of candidates of one model where nothing has failed or been
 * refused, or `undefined` if none admits the call now. It looks only at the lanes of those that may be before the best so far:
 * `headroomOf` looks, and gives `undefined` for one that is closed.
 */
export const first = <C extends { readonly member: Untried }>(
  candidates: ReadonlyArray<C>,
  headroomOf: (candidate: C) => Headroom | undefined
): { readonly candidate: C; readonly headroom: Headroom; readonly share: number } | undefined => {
  let best: { readonly candidate: C; readonly headroom: Headroom; readonly share: number } | undefined
  for (const candidate of candidates) {
    const { member } = candidate
    if (best !== undefined) {
      const { candidate: { member: other }, share } = best
      if (member.regionRank > other.regionRank) continue
      // No share is less than none, and of equal ones the first stays.
      const isBeside = member.regionRank === other.regionRank
      if (isBeside && share <= 0 && member.calls / member.weight >= other.calls / other.weight) continue
    }
    const headroom = headroomOf(candidate)
    if (headroom === undefined || headroom.admitsIn > 0) continue
    const share = usedShare(headroom, member.weight)
    if (best === undefined || isBefore(member, share, best.candidate.member, best.share)) {
      best = { candidate, headroom, share }
    }
  }
  return best
}

const isBefore = (member: Untried, share: number, other: Untried, its: number): boolean =>
  (member.regionRank - other.regionRank ||
    share - its ||
    member.calls / member.weight - other.calls / other.weight) < 0

/** The candidates in the order of choice. */
export const order = <C extends Contender>(candidates: ReadonlyArray<C>): ReadonlyArray<C> =>
  [...candidates].sort(compare)
