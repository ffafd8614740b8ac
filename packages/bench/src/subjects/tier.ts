/** A quota that is never reached, so its bookkeeping is all that is paid. */
import type * as Tier from "effect-gemini/limits/Tier"

export const tier: Tier.Tier = {
  name: "bench",
  limits: { rpm: 1e9, tpm: 1e12, rpd: 1e12, concurrency: 100_000 },
  models: {}
}
