/** Flags that several commands share. */
import * as Flag from "effect/cli/Flag"

export const json = (description: string) =>
  Flag.Boolean("json").pipe(Flag.withDescription(description), Flag.withDefault(false))

export const tier = (description: string) =>
  Flag.Literals("tier", ["free", "tier1", "tier2", "tier3"]).pipe(Flag.withDescription(description), Flag.optional)
