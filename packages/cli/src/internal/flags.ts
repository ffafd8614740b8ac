/** Flags that several commands share. */
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type * as Tier from "effect-gemini/limits/Tier"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { CommandFailed } from "./CommandFailed.ts"

export const json = (description: string) =>
  Flag.Boolean("json").pipe(Flag.withDescription(description), Flag.withDefault(false))

export const tier = (description: string) =>
  Flag.Literals("tier", ["free", "tier1", "tier2", "tier3"]).pipe(Flag.withDescription(description), Flag.optional)

export const config = Flag.String("config").pipe(
  Flag.withDescription("default model and limits from this TOML file, in [providers.gemini]"),
  Flag.optional
)

/** What a configuration file and the flags that win over it say of models and limits. */
export const options = Effect.fnUntraced(function*(flags: {
  readonly config: Option.Option<string>
  readonly tier: Option.Option<Tier.TierName>
}): Effect.fn.Return<GeminiConfig.Options, CommandFailed, FileSystem.FileSystem> {
  if (Option.isNone(flags.config)) return Option.isNone(flags.tier) ? {} : { tier: flags.tier.value }
  const { defaultModel, tier, tiers } = yield* Effect.mapError(
    GeminiConfig.fromTomlFile(flags.config.value),
    (error) => new CommandFailed({ exitCode: 2, text: error.cause.message, isPlain: true })
  )
  const named = Option.isNone(flags.tier) ? undefined : tiers[flags.tier.value]
  return { tier: named ?? tier, ...(defaultModel === undefined ? {} : { defaultModel }) }
})
