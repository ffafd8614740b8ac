/**
 * Quotas by tier: requests and input tokens a minute, requests a day, concurrency.
 *
 * @since 0.1.0
 */

/**
 * The limits of one lane. `Infinity` means that the server sets none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  /** Requests in any rolling minute. */
  readonly rpm: number
  /** Input tokens in any rolling minute. */
  readonly tpm: number
  /** Requests in a day that turns at midnight Pacific. */
  readonly rpd: number
  /** Requests in flight. */
  readonly concurrency: number
}

/**
 * @category models
 * @since 0.1.0
 */
export type TierName = "free" | "tier1" | "tier2" | "tier3"

/**
 * A named set of limits: a default and overrides by model.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tier {
  readonly name: string
  readonly limits: Limits
  readonly models: Readonly<Record<string, Partial<Limits>>>
}

const limits = (rpm: number, tpm: number, rpd: number, concurrency: number): Limits => ({
  rpm,
  tpm,
  rpd,
  concurrency
})

// Google no longer publishes the table (AI Studio shows it per project). These rows are
// the last published ones, a copy of about October 2025; override them with `limits`.
const table: Readonly<Record<TierName, Tier>> = {
  free: {
    name: "free",
    limits: limits(10, 250_000, 250, 8),
    models: {
      "gemini-2.5-pro": limits(2, 125_000, 50, 8),
      "gemini-2.5-flash": limits(10, 250_000, 250, 8),
      "gemini-2.5-flash-lite": limits(15, 250_000, 1_000, 8)
    }
  },
  tier1: {
    name: "tier1",
    limits: limits(1_000, 1_000_000, 10_000, 64),
    models: {
      "gemini-2.5-pro": limits(150, 2_000_000, 10_000, 64),
      "gemini-2.5-flash": limits(1_000, 1_000_000, 10_000, 64),
      "gemini-2.5-flash-lite": limits(4_000, 4_000_000, Infinity, 64)
    }
  },
  tier2: { name: "tier2", limits: limits(2_000, 3_000_000, 100_000, 128), models: {} },
  tier3: { name: "tier3", limits: limits(10_000, 8_000_000, Infinity, 256), models: {} }
}

/**
 * A tier by name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const byName = (name: TierName): Tier => table[name]

/**
 * The limits that a tier sets for a model, with the caller's overrides on top.
 *
 * @category getters
 * @since 0.1.0
 */
export const limitsFor = (
  tier: Tier,
  model: string,
  overrides?: Readonly<Record<string, Partial<Limits>>>
): Limits => ({ ...tier.limits, ...tier.models[model], ...overrides?.[model] })
