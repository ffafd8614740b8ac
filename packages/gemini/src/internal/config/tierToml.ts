/** What a configuration file says: `[providers.gemini]` with a default model, tiers and members. */
import * as Result from "effect/Result"
import * as Tier from "../../limits/Tier.ts"
import type { Member } from "../../members/Member.ts"
import * as ModelId from "../../models/ModelId.ts"

export interface TomlProblem {
  readonly path: ReadonlyArray<string>
  readonly description: string
}

export interface Configured {
  readonly defaultModel?: string
  readonly tier: Tier.Tier
  readonly tiers: Readonly<Record<string, Tier.Tier>>
  readonly members?: ReadonlyArray<Member>
  readonly fallbackModels?: Readonly<Record<string, ReadonlyArray<string>>>
}

type Table = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)

const root = ["providers", "gemini"]

/** A document as Effect's Toml parses it, or everything that is wrong with it. */
export const decode = (document: Table): Result.Result<Configured, ReadonlyArray<TomlProblem>> => {
  const problems: Array<TomlProblem> = []
  const wrong = (path: ReadonlyArray<string>, description: string): void => {
    problems.push({ path, description })
  }

  const table = (parent: Table, path: ReadonlyArray<string>): Table => {
    const value = parent[path.at(-1) ?? ""]
    if (value === undefined) return {}
    if (isTable(value)) return value
    wrong(path, `expected a table, got ${shown(value)}`)
    return {}
  }

  const text = (parent: Table, path: ReadonlyArray<string>): string | undefined => {
    const value = parent[path.at(-1) ?? ""]
    if (value === undefined || typeof value === "string") return value
    wrong(path, `expected a string, got ${shown(value)}`)
    return undefined
  }

  const word = <const Word extends string>(
    parent: Table,
    path: ReadonlyArray<string>,
    words: ReadonlyArray<Word>
  ): Word | undefined => {
    const value = parent[path.at(-1) ?? ""]
    const found = words.find((one) => one === value)
    if (value !== undefined && found === undefined) {
      wrong(path, `expected ${words.map((one) => JSON.stringify(one)).join(" or ")}, got ${shown(value)}`)
    }
    return found
  }

  const only = (value: Table, path: ReadonlyArray<string>, known: ReadonlyArray<string>): void => {
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) wrong([...path, key], `no setting has this name; there are ${known.join(", ")}`)
    }
  }

  const modelName = (name: string, path: ReadonlyArray<string>): string => {
    const model = ModelId.parse(name)
    if (Result.isSuccess(model)) return model.success
    wrong(path, model.failure)
    return name
  }

  const limits = (value: Table, path: ReadonlyArray<string>): Partial<Tier.Limits> => {
    const checked: Record<string, number> = {}
    for (const [key, limit] of Object.entries(value)) {
      const problem = Tier.problem({ [key]: limit })
      if (problem !== undefined) wrong([...path, key], problem.description)
      else if (typeof limit === "number") checked[key] = limit
    }
    return checked
  }

  const isName = (name: string): name is Tier.TierName => Tier.names.some((known) => known === name)

  const tierOf = (name: string, value: Table): Tier.Tier => {
    const path = [...root, "tiers", name]
    const { extends: _, models: __, ...own } = value
    const parent = text(value, [...path, "extends"]) ?? (isName(name) ? name : "free")
    if (!isName(parent)) wrong([...path, "extends"], `expected one of ${Tier.names.join(", ")}, got ${shown(parent)}`)
    const models: Record<string, Partial<Tier.Limits>> = {}
    const given = table(value, [...path, "models"])
    for (const model of Object.keys(given)) {
      const at = [...path, "models", model]
      models[modelName(model, at)] = limits(table(given, at), at)
    }
    return Tier.extend(Tier.byName(isName(parent) ? parent : "free"), { name, limits: limits(own, path), models })
  }

  const providers = table(document, ["providers"])
  if (document["providers"] === undefined) wrong(["providers"], "there is no [providers.gemini]")
  only(providers, ["providers"], ["gemini"])
  const gemini = table(providers, root)
  only(gemini, root, ["default_model", "default_tier", "tiers", "members", "fallback_models"])

  const tiers: Record<string, Tier.Tier> = Object.fromEntries(Tier.names.map((name) => [name, Tier.byName(name)]))
  const given = table(gemini, [...root, "tiers"])
  for (const name of Object.keys(given)) tiers[name] = tierOf(name, table(given, [...root, "tiers", name]))

  const chosen = text(gemini, [...root, "default_tier"]) ?? "free"
  const tier = Object.hasOwn(tiers, chosen) ? tiers[chosen] : undefined
  if (tier === undefined) {
    wrong([...root, "default_tier"], `no tier is called ${shown(chosen)}; there are ${Object.keys(tiers).join(", ")}`)
  }
  const model = text(gemini, [...root, "default_model"])
  const defaultModel = model === undefined ? undefined : modelName(model, [...root, "default_model"])

  const memberOf = (name: string, value: Table): Member => {
    const path = [...root, "members", name]
    only(value, path, [...memberTexts.map(([key]) => key), "api", "request_type", "tier", "weight"])
    const own: Record<string, string> = {}
    for (const [key, field] of memberTexts) {
      const given = text(value, [...path, key])
      if (given !== undefined) own[field] = given
    }
    const named = text(value, [...path, "tier"])
    const tier = named !== undefined && Object.hasOwn(tiers, named) ? tiers[named] : undefined
    if (named !== undefined && tier === undefined) wrong([...path, "tier"], `no tier is called ${shown(named)}`)
    const { weight } = value
    const isWeight = typeof weight === "number" && weight > 0
    if (weight !== undefined && !isWeight) {
      wrong([...path, "weight"], `expected a number above 0, got ${shown(weight)}`)
    }
    const api = word(value, [...path, "api"], ["gemini", "vertex"] as const)
    const requestType = word(value, [...path, "request_type"], ["dedicated", "shared"] as const)
    return {
      name,
      ...own,
      ...(api === undefined ? {} : { api }),
      ...(requestType === undefined ? {} : { requestType }),
      ...(tier === undefined ? {} : { tier }),
      ...(isWeight ? { weight } : {})
    }
  }

  const givenMembers = table(gemini, [...root, "members"])
  const members = Object.keys(givenMembers).map((name) =>
    memberOf(name, table(givenMembers, [...root, "members", name]))
  )
  const fallbackModels: Record<string, ReadonlyArray<string>> = {}
  for (const [model, list] of Object.entries(table(gemini, [...root, "fallback_models"]))) {
    const at = [...root, "fallback_models", model]
    const isList = Array.isArray(list) && list.every((name) => typeof name === "string")
    if (isList) fallbackModels[modelName(model, at)] = list.map((name: string) => modelName(name, at))
    else wrong(at, `expected a list of models, got ${shown(list)}`)
  }

  if (problems.length > 0 || tier === undefined) return Result.fail(problems)
  return Result.succeed({
    ...(defaultModel === undefined ? {} : { defaultModel }),
    tier,
    tiers,
    ...(members.length === 0 ? {} : { members }),
    ...(Object.keys(fallbackModels).length === 0 ? {} : { fallbackModels })
  })
}

const memberTexts = [
  ["api_key_from", "apiKeyFrom"],
  ["project", "project"],
  ["quota_project", "quotaProject"],
  ["location", "location"],
  ["base_url", "baseUrl"],
  ["api_version", "apiVersion"]
] as const

const shown = (value: unknown): string => `${JSON.stringify(value)} (${Array.isArray(value) ? "array" : typeof value})`

/** A path as it stands in the file: `tiers.free.models."gemini-2.5-flash".rpm`. */
export const keyOf = (path: ReadonlyArray<string>): string =>
  path.map((name) => /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)).join(".")
