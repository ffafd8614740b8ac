import type { Limits } from "../../limits/Tier.ts"

/** What a message of a Live session takes; how many calls are in flight bounds only HTTP. */
export const messageLimits = (limits: Limits): Limits => ({ ...limits, concurrency: Infinity })
