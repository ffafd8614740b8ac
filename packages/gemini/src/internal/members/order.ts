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

/** The candidates in the order of choice. */
export const order = <C extends Contender>(candidates: ReadonlyArray<C>): ReadonlyArray<C> =>
  [...candidates].sort(compare)
