/** The limits that hold for a call: the tier's, the client's overrides and the call's own. Pure. */
import * as Result from "effect/Result"
import type { CallOptions } from "../../call/CallOptions.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import * as Tier from "../../limits/Tier.ts"
import * as ModelId from "../../models/ModelId.ts"

/** Gives limits, first for the model that was asked for, and then for the one that is counted. */
export type LimitsOf = (asked: ModelId.ModelId) => (quotaModel: ModelId.ModelId, call?: CallOptions) => Tier.Limits

const byModelId = (limits: GeminiConfig.Options["limits"]): ReadonlyMap<string, Partial<Tier.Limits>> =>
  new Map(
    Object.entries(limits ?? {}).map(([name, limits]) => [Result.getOrElse(ModelId.parse(name), () => name), limits])
  )

const tierOf = (tier: GeminiConfig.Options["tier"]): Tier.Tier =>
  typeof tier === "object" ? tier : Tier.byName(tier ?? "free")

/**
 * Overrides may name the model that was asked for or the one that is counted; those of the model that was asked for
 * win.
 */
export const make = (options: Pick<GeminiConfig.Options, "tier" | "limits">): LimitsOf => {
  const tier = tierOf(options.tier)
  const overrides = byModelId(options.limits)
  const byQuotaModel = Object.fromEntries(overrides)
  return (asked) => (quotaModel, call) => ({
    ...Tier.limitsFor(call?.tier === undefined ? tier : tierOf(call.tier), quotaModel, byQuotaModel),
    ...overrides.get(asked),
    ...call?.limits
  })
}
