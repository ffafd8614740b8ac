/** This module says which limits hold for a call: the tier's, the client's overrides, the call's own. It is pure. */
import * as Result from "effect/Result"
import type { CallOptions } from "../../call/CallOptions.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import * as Tier from "../../limits/Tier.ts"
import * as ModelId from "../../models/ModelId.ts"

/** Of the model that was asked, and then of the one that is counted. */
export type LimitsOf = (asked: ModelId.ModelId) => (quotaModel: ModelId.ModelId, call?: CallOptions) => Tier.Limits

const byModelId = (limits: GeminiConfig.Options["limits"]): Record<string, Partial<Tier.Limits>> =>
  Object.fromEntries(
    Object.entries(limits ?? {}).map(([name, limits]) => [Result.getOrElse(ModelId.parse(name), () => name), limits])
  )

const tierOf = (tier: GeminiConfig.Options["tier"]): Tier.Tier =>
  typeof tier === "object" ? tier : Tier.byName(tier ?? "free")

/** Overrides may name the model that was asked or the one that is counted; the asked one's win. */
export const make = (options: Pick<GeminiConfig.Options, "tier" | "limits">): LimitsOf => {
  const tier = tierOf(options.tier)
  const overrides = byModelId(options.limits)
  return (asked) => (quotaModel, call) => ({
    ...Tier.limitsFor(call?.tier === undefined ? tier : tierOf(call.tier), quotaModel, overrides),
    ...overrides[asked],
    ...call?.limits
  })
}
