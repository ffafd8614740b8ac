/**
 * The one place that says which numbers of tokens are counted, for lanes and for budgets. Servers, gateways and callers
 * may give anything: a count of 1e30 or of -5 must neither spend a quota for ever nor give any of it back.
 */

/** More than any call can have: the largest window took two million in November 2026. */
const most = 1_000_000_000

/** A number of tokens as it can be counted. Anything that is not a number above zero counts as nothing. */
export const countable = (tokens: number): number => tokens > 0 ? Math.min(tokens, most) : 0

/** Whether a count can be believed. One that cannot is treated as if there were none. */
export const isCountable = (tokens: number): boolean => tokens >= 0 && tokens <= most
