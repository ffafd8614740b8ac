/** Each setting's value and where it comes from, for people who wonder why something is as it is. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Configured } from "./Configured.ts"
import { keyVariables, type Setting, settings } from "./Setting.ts"

export type ValueSource =
  | { readonly _tag: "Environment"; readonly variable: string }
  /** `line` counts from 1. */
  | { readonly _tag: "File"; readonly line: number | undefined }
  | { readonly _tag: "Default" }

export interface Sourced {
  readonly setting: Setting
  readonly value: string
  readonly source: ValueSource
}

/** The first of the variables that is set, as it stands in the environment itself or behind it. */
const first = Effect.fnUntraced(function*(
  variables: ReadonlyArray<string>
): Effect.fn.Return<readonly [variable: string, value: string] | undefined, Config.ConfigError> {
  for (const variable of variables) {
    const value = yield* Config.option(Config.String(variable))
    if (Option.isSome(value) && value.value !== "") return [variable, value.value]
  }
  return undefined
})

/** The value of a setting. What stands behind the environment comes under the first variable's name. */
const sourced = Effect.fnUntraced(function*(setting: Setting): Effect.fn.Return<Sourced, Config.ConfigError> {
  const { content } = yield* Configured
  const found = yield* first(setting.variables)
  const shown = setting.shown ?? ((value: string) => value)
  if (found === undefined) return { setting, value: setting.usual, source: { _tag: "Default" } }
  const [variable, value] = found
  const isFile = content.values.get(setting.key) === value && !(yield* isInEnvironment(setting.variables))
  return {
    setting,
    value: shown(value),
    source: isFile ? { _tag: "File", line: content.lines.get(setting.key) } : { _tag: "Environment", variable }
  }
})

/** Whether one of the variables is set in the environment itself, without the files behind it. */
const isInEnvironment = Effect.fnUntraced(function*(variables: ReadonlyArray<string>) {
  const { environment } = yield* Configured
  for (const variable of variables) {
    const node = yield* Effect.orElseSucceed(environment.load([variable]), () => undefined)
    if (node !== undefined && node.value !== undefined && node.value !== "") return true
  }
  return false
})

export const all: Effect.Effect<ReadonlyArray<Sourced>, Config.ConfigError> = Effect.forEach(settings, sourced)

/** Where the key comes from. The key itself is in none of these. */
export type KeySource =
  | { readonly _tag: "Environment"; readonly variable: string }
  | { readonly _tag: "File" }
  | { readonly _tag: "Refused"; readonly why: string }
  | { readonly _tag: "Missing" }

export const keySource: Effect.Effect<KeySource, Config.ConfigError> = Effect.gen(function*() {
  const { key } = yield* Configured
  for (const variable of keyVariables) {
    if (yield* isInEnvironment([variable])) return { _tag: "Environment", variable }
  }
  return key._tag === "Key" ? { _tag: "File" } : key
})
