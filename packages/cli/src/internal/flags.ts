/** Flags that several commands share. */
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type * as Tier from "effect-gemini/limits/Tier"
import * as Flag from "effect/cli/Flag"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { CommandFailed } from "./CommandFailed.ts"
import { clientOptions } from "./setup/Configured.ts"

export const json = (description: string) =>
  Flag.Boolean("json").pipe(Flag.withDescription(description), Flag.withDefault(false))

export const emulator = Flag.Boolean("emulator").pipe(
  Flag.withDescription("the embedded emulator answers, also where an API key is set; default: GEMINI_FX_EMULATOR"),
  Flag.withDefault(false)
)

export const model = Flag.String("model").pipe(
  Flag.withAlias("m"),
  Flag.withDescription(`the model that answers; default: GEMINI_FX_MODEL, else ${GeminiConfig.defaultModel}`),
  Flag.optional
)

export const quiet = Flag.Boolean("quiet").pipe(
  Flag.withAlias("q"),
  Flag.withDescription("writes the answer alone: no server, waits or tokens on stderr"),
  Flag.withDefault(false)
)

export const tier = (description: string) =>
  Flag.Literals("tier", ["free", "tier1", "tier2", "tier3"]).pipe(Flag.withDescription(description), Flag.optional)

export const config = Flag.String("config").pipe(
  Flag.withDescription("default model and limits from this TOML file, in [providers.gemini]"),
  Flag.optional
)

/**
 * What is said of models and limits: by the flags, by the file that one of them names, and where both are silent by the
 * environment and the person's own configuration.
 */
export const options = Effect.fnUntraced(function*(flags: {
  readonly config: Option.Option<string>
  readonly tier: Option.Option<Tier.TierName>
}): Effect.fn.Return<GeminiConfig.Options, CommandFailed | ConfigError, FileSystem.FileSystem> {
  if (Option.isNone(flags.config)) {
    return yield* clientOptions(Option.isNone(flags.tier) ? {} : { tier: flags.tier.value })
  }
  const { defaultModel, tier, tiers } = yield* Effect.mapError(
    GeminiConfig.fromTomlFile(flags.config.value),
    (error) => new CommandFailed({ exitCode: 2, text: error.cause.message, isPlain: true })
  )
  const named = Option.isNone(flags.tier) ? undefined : tiers[flags.tier.value]
  return yield* clientOptions({ tier: named ?? tier, ...(defaultModel === undefined ? {} : { defaultModel }) })
})

export const inputsFrom = Flag.String("inputs-from").pipe(
  Flag.withDescription(
    "a folder beside the narrative's own whose images it may name; may be given again; default: none"
  ),
  Flag.atLeast(0)
)

export const variables = Flag.String("var").pipe(
  Flag.withMetavar("name=value"),
  Flag.withDescription(
    "a value for a variable of the narrative, also -v: name=text, name=@file, name=- for stdin; may be given again; default: the narrative's own"
  ),
  Flag.atLeast(0)
)
