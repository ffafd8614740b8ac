import type { Limits } from "../../limits/Tier.ts"

/**
 * The limits that a message of a Live session takes from. The number of calls in flight is not among them; it bounds
 * only HTTP.
 */
export const messageLimits = (limits: Limits): Limits => ({ ...limits, concurrency: Infinity })
