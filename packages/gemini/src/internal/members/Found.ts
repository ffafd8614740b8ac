/**
 * A candidate of a call as it stands now, and in the form in which users see it. Pure.
 */
import type { MemberChoice } from "../../members/Member.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type * as Circuit from "./circuit.ts"
import type * as MemberOrder from "./order.ts"
import type { Way } from "./Way.ts"

export interface Found extends MemberOrder.Contender {
  readonly way: Way
  /** Where and by which limits the call is counted there. */
  readonly terms: RateLimiter.Terms
  readonly circuit: Circuit.CircuitState
  /** What was refused there for good: the member's key, or the model. */
  readonly refusal: "key" | "model" | undefined
  /** Whether the calls of this sticky key go to another member, which is alive. */
  readonly isAway: boolean
  /** Milliseconds until it may be tried, not counting its lane; `Infinity` means not in this call. */
  readonly opensIn: number
}

/** Keeps the calls of a sticky key at their member while that is alive. */
export const atHome = (
  all: ReadonlyArray<Found>,
  isHome: (way: Way) => boolean,
  isDead: (way: Way) => boolean
): ReadonlyArray<Found> =>
  all.some(({ circuit, refusal, way }) => isHome(way) && circuit.retryIn <= 0 && refusal === undefined && !isDead(way))
    ? all.map((found) => isHome(found.way) ? found : { ...found, isAway: true, opensIn: Infinity })
    : all

const excludedBy = ({ circuit, headroom, isAway, opensIn, refusal }: Found): MemberChoice["excluded"] => {
  if (circuit.retryIn > 0) return "circuit"
  if (refusal !== undefined) return refusal
  if (isAway) return "sticky"
  if (opensIn > 0) return "failed"
  return headroom.admitsIn > 0 ? "quota" : undefined
}

/** A candidate in the form in which users see it. */
export const choiceOf = (found: Found): MemberChoice => {
  const { circuit, headroom, isKeyRefused, opensIn, way } = found
  const excluded = excludedBy(found)
  return {
    member: way.member.name,
    project: way.member.project,
    location: way.member.location,
    model: way.model,
    headroom,
    circuit: circuit.state,
    isKeyRefused,
    ...(excluded === undefined ? {} : { excluded }),
    availableIn: Math.max(opensIn, headroom.admitsIn)
  }
}
