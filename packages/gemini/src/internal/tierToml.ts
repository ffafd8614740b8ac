/** What a configuration file says: `[providers.gemini]` with a default model and tiers. */
import * as Result from "effect/Result"
import * as ModelId from "../ModelId.ts"
import * as Tier from "../Tier.ts"

export interface Problem {
  readonly path: ReadonlyArray<string>
  readonly description: string
}

export interface Configured {
  readonly defaultModel?: string
  readonly tier: Tier.Tier
  readonly tiers: Readonly<Record<string, Tier.Tier>>
}

type Table = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)

const root = ["providers", "gemini"]

/** A document as Effect's Toml parses it, or everything that is wrong with it. */
export const decode = (document: Table): Result.Result<Configured, ReadonlyArray<Problem>> => {
  const problems: Array<Problem> = []
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
  only(gemini, root, ["default_model", "default_tier", "tiers"])

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

  if (problems.length > 0 || tier === undefined) return Result.fail(problems)
  return Result.succeed({ ...(defaultModel === undefined ? {} : { defaultModel }), tier, tiers })
}

const shown = (value: unknown): string => `${JSON.stringify(value)} (${Array.isArray(value) ? "array" : typeof value})`

/** A path as it stands in the file: `tiers.free.models."gemini-2.5-flash".rpm`. */
export const keyOf = (path: ReadonlyArray<string>): string =>
  path.map((name) => /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)).join(".")
