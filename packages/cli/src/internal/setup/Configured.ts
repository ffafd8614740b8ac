/**
 * What a person set up, for the commands to ask: the environment first, then `config.toml` and `keys.json`.
 *
 * The files stand behind the environment as a `ConfigProvider`, under the names of its variables. So whoever reads a
 * variable of `Setting` gets the file's value where the variable is missing, without knowing of files.
 */
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { join } from "node:path"
import { CommandFailed } from "../CommandFailed.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as KeyFile from "./KeyFile.ts"
import * as OwnFile from "./ownFile.ts"
import { configFolder } from "./places.ts"
import { keyVariables, settings } from "./Setting.ts"

export interface Configured {
  /** The environment without the files behind it. */
  readonly environment: ConfigProvider.ConfigProvider
  readonly configFile: string
  readonly keyFile: string
  /** What the file says; nothing if it is not there or wrong. */
  readonly content: ConfigFile.Content
  /** Limits and default model of `[providers.gemini]`. */
  readonly provider: GeminiConfig.FromToml | undefined
  readonly key: KeyFile.Kept
  /** What keeps a file from being used. A command that needs neither is not stopped by it. */
  readonly problems: ReadonlyArray<string>
}

const tierNames = ["free", "tier1", "tier2", "tier3"] as const

const nothing: ConfigFile.Content = { values: new Map(), lines: new Map(), servers: [], hasProvider: false }

/** Nothing is set up outside of the command, such as in a program that uses one of its modules. */
export const Configured = Context.Reference<Configured>("effect-gemini-cli/Configured", {
  defaultValue: () => ({
    environment: ConfigProvider.fromUnknown({}),
    configFile: "config.toml",
    keyFile: "keys.json",
    content: nothing,
    provider: undefined,
    key: { _tag: "Missing" },
    problems: []
  })
})

export const load: Effect.Effect<Configured, Config.ConfigError, FileSystem.FileSystem> = Effect.gen(function*() {
  const environment = yield* ConfigProvider.ConfigProvider
  const folder = yield* configFolder
  const configFile = join(folder, "config.toml")
  const keyFile = join(folder, "keys.json")
  const problems: Array<string> = []
  const found = yield* OwnFile.read(configFile, "private")
  let content = nothing
  let provider: GeminiConfig.FromToml | undefined
  if (found._tag === "Refused") problems.push(`${found.why}, so its settings are not used`)
  if (found._tag === "Text") {
    const parsed = ConfigFile.parse(found.text, configFile)
    if (Result.isFailure(parsed)) problems.push(...parsed.failure)
    else content = parsed.success
    if (content.hasProvider) {
      const read = yield* Effect.result(GeminiConfig.fromToml(found.text, configFile))
      if (Result.isSuccess(read)) provider = read.success
      else problems.push(read.failure.cause.message)
    }
    const tier = content.values.get("tier")
    const tiers = provider === undefined ? tierNames : Object.keys(provider.tiers)
    if (tier !== undefined && !tiers.some((name) => name === tier)) {
      problems.push(
        `${configFile}:${content.lines.get("tier") ?? 1}: tier: there is no tier ${JSON.stringify(tier)} (there are ${
          tiers.join(", ")
        })`
      )
    }
  }
  const key = yield* KeyFile.read(keyFile)
  return { environment, configFile, keyFile, content, provider, key, problems }
})

/** A variable of the environment. An empty one counts as missing. */
const given = (provider: ConfigProvider.ConfigProvider, name: string) =>
  Effect.map(provider.load([name]), (node) => node !== undefined && node.value !== undefined && node.value !== "")

/**
 * The environment with the files behind it. A file gives a value only where none of the setting's variables is set, so
 * that a weaker variable wins over it, too.
 */
export const behind = ({ content, environment, key }: Configured): ConfigProvider.ConfigProvider => {
  const fallback = new Map<string, readonly [value: string, variables: ReadonlyArray<string>]>()
  for (const { key, variables } of settings) {
    const value = content.values.get(key)
    const [first] = variables
    if (value !== undefined && first !== undefined) fallback.set(first, [value, variables])
  }
  const [variable] = keyVariables
  if (key._tag === "Key" && variable !== undefined) fallback.set(variable, [Redacted.value(key.key), keyVariables])
  return ConfigProvider.make(Effect.fnUntraced(function*(path) {
    const name = path.length === 1 ? path[0] : undefined
    const kept = typeof name === "string" ? fallback.get(name) : undefined
    if (kept !== undefined) {
      const [value, variables] = kept
      let isGiven = false
      for (const variable of variables) isGiven ||= yield* given(environment, variable)
      if (!isGiven) return ConfigProvider.makeValue(value)
    }
    return yield* environment.load(path)
  }))
}

const text = (name: string): Config.Config<string | undefined> =>
  Config.map(Config.option(Config.String(name)), (value) => Option.getOrUndefined(value) || undefined)

/** The options of a client that flags, environment and files say together: what `flags` has wins. */
export const clientOptions = Effect.fnUntraced(function*(
  flags: GeminiConfig.Options
): Effect.fn.Return<GeminiConfig.Options, Config.ConfigError | CommandFailed> {
  const { provider } = yield* Configured
  const model = flags.defaultModel ?? (yield* text("GEMINI_FX_MODEL")) ?? provider?.defaultModel
  const named = flags.tier === undefined ? yield* text("GEMINI_FX_TIER") : undefined
  const own = named === undefined ? provider?.tier : provider?.tiers[named] ?? tierNames.find((name) => name === named)
  if (named !== undefined && own === undefined) {
    const there = Object.keys(provider?.tiers ?? {})
    return yield* new CommandFailed({
      exitCode: 2,
      text: `GEMINI_FX_TIER: there is no tier ${JSON.stringify(named)} (there are ${
        (there.length === 0 ? tierNames : there).join(", ")
      })`
    })
  }
  const tier = flags.tier ?? own
  return {
    ...flags,
    ...(model === undefined ? {} : { defaultModel: model }),
    ...(tier === undefined ? {} : { tier })
  }
})

const yes = new Set(["true", "yes", "on", "1", "y"])
const no = new Set(["false", "no", "off", "0", "n"])

/** A setting that is on or off; `usual` where nothing is set. */
export const boolean = Effect.fnUntraced(function*(
  variable: string,
  usual: boolean
): Effect.fn.Return<boolean, Config.ConfigError | CommandFailed> {
  const set = (yield* text(variable))?.toLowerCase()
  if (set === undefined) return usual
  if (yes.has(set)) return true
  if (no.has(set)) return false
  return yield* new CommandFailed({
    exitCode: 2,
    text: `${variable}: expected true or false, got ${JSON.stringify(set)}`
  })
})

/** Whether the embedded emulator is to answer, by the flag or for good. */
export const isEmulated = (flag: boolean): Effect.Effect<boolean, Config.ConfigError | CommandFailed> =>
  flag ? Effect.succeed(true) : boolean("GEMINI_FX_EMULATOR", false)
