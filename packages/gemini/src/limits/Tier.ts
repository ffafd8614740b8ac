/**
 * Quotas by tier: requests and input tokens a minute, requests a day, concurrency, Live sessions.
 *
 * @since 0.1.0
 */
import { table } from "../internal/google/tierTable.ts"

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
  /** Live sessions open at once: the concurrency of the model's `liveSession` lane. Left out: no limit is known. */
  readonly sessions?: number
}

/**
 * The name of one of Google's usage tiers.
 *
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

/**
 * The names of the tiers that Google has.
 *
 * @category constants
 * @since 0.1.0
 */
export const names: ReadonlyArray<TierName> = ["free", "tier1", "tier2", "tier3"]

/**
 * A tier by name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const byName = (name: TierName): Tier => table[name]

/**
 * A tier of your own, given by what differs from another one.
 *
 * ```ts
 * import * as Tier from "effect-gemini/limits/Tier"
 *
 * const ours = Tier.extend(Tier.byName("tier1"), {
 *   name: "ours",
 *   models: { "gemini-2.5-flash": { rpm: 500 } }
 * })
 * Tier.limitsFor(ours, "gemini-2.5-flash").rpm // => 500
 * Tier.limitsFor(ours, "gemini-2.5-flash").tpm // => 1_000_000
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const extend = (
  base: Tier,
  own: {
    readonly name?: string | undefined
    readonly limits?: Partial<Limits> | undefined
    readonly models?: Readonly<Record<string, Partial<Limits>>> | undefined
  }
): Tier => {
  const models = new Map(Object.entries(base.models))
  for (const [model, limits] of Object.entries(own.models ?? {})) models.set(model, { ...models.get(model), ...limits })
  return {
    name: own.name ?? base.name,
    limits: { ...base.limits, ...own.limits },
    models: Object.fromEntries(models)
  }
}

/**
 * The first limit that is not valid, if there is one. Each must be a whole number, 0 for a model that the tier does
 * not have, or `Infinity`.
 *
 * @category getters
 * @since 0.1.0
 */
export const problem = (
  limits: Readonly<Record<string, unknown>>
): { readonly key: string; readonly description: string } | undefined => {
  for (const [key, value] of Object.entries(limits)) {
    if (!limitNames.some((name) => name === key)) {
      return { key, description: `no limit has this name; there are ${limitNames.join(", ")}` }
    }
    if (value === Infinity || (Number.isInteger(value) && Number(value) >= 0)) continue
    const got = `${typeof value === "string" ? JSON.stringify(value) : String(value)} (${typeof value})`
    return { key, description: `expected a whole number of at least 0, or no limit (inf), got ${got}` }
  }
  return undefined
}

const limitNames: ReadonlyArray<keyof Limits> = ["rpm", "tpm", "rpd", "concurrency", "sessions"]

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
): Limits => ({ ...tier.limits, ...of(tier.models, model), ...of(overrides, model) })

// A model may be called "constructor".
const of = (
  models: Readonly<Record<string, Partial<Limits>>> | undefined,
  model: string
): Partial<Limits> | undefined => models !== undefined && Object.hasOwn(models, model) ? models[model] : undefined
