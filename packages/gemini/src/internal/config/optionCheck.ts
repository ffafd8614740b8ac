/**
 * What is wrong with options, before anything is done with them. It stands apart from `GeminiConfig`, which reads the
 * environment and TOML: a client that is given its options needs neither.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { CallOptions } from "../../call/CallOptions.ts"
import type { Options, Problem } from "../../GeminiConfig.ts"
import * as Tier from "../../limits/Tier.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as Address from "./address.ts"
import * as Bounds from "./bounds.ts"
import * as Secrets from "./secrets.ts"

// `GeminiConfig` describes these defaults.
export const defaultModel = "gemini-3.8-flash"
export const defaultEmbeddingModel = "gemini-embedding-001"
export const defaultBaseUrl = Address.defaultBaseUrl

const durations = (
  group: string,
  values: Readonly<Record<string, Duration.Input | undefined>>
): ReadonlyArray<Problem> =>
  Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined) return []
    const duration = Duration.fromInput(value)
    return !Number.isNaN(value) && Option.isSome(duration) && Duration.toMillis(duration.value) >= 0
      ? []
      : [{ field: `${group}${name}`, description: `expected a duration like "30 seconds", got ${shown(value)}` }]
  })

/** The value and its type, for messages. */
const shown = (value: unknown): string =>
  `${typeof value === "string" ? JSON.stringify(value) : String(value)} (${typeof value})`

/**
 * What is wrong with a base URL. Text that is not a URL is not shown: it may be a key that was pasted in the wrong
 * place.
 */
const baseUrlProblem = (url: string): string | undefined => {
  if (typeof url !== "string") return `expected an http or https URL, got a value of type ${typeof url}`
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
    const address = Secrets.shownUrl(url)
    return address === undefined
      ? `expected an http or https URL like "${defaultBaseUrl}"`
      : `expected an http or https URL, got ${shown(address)}`
  }
  const { hash, password, search, username } = new URL(url)
  if (username !== "" || password !== "") return "holds credentials, which are never sent: set a header instead"
  if (search !== "" || hash !== "") return "ends in a query or a fragment: paths are put behind it"
  return /\/v\d\w*\/models\b/.test(url) ? "ends in the path of models, which is put behind it" : undefined
}

export const problem = (options: Options): Problem | undefined => {
  const found: Array<Problem> = []
  const wrong = (field: string, description: string): void => {
    found.push({ field, description })
  }
  if (options.defaultModel !== undefined) {
    const model = ModelId.parse(options.defaultModel)
    if (Result.isFailure(model)) wrong("defaultModel", model.failure)
  }
  if (options.apiKey !== undefined && !Redacted.isRedacted(options.apiKey)) {
    wrong("apiKey", "expected Redacted.make(…), so that no log shows it, got the key itself")
  }
  if (options.baseUrl !== undefined) {
    const address = baseUrlProblem(options.baseUrl)
    if (address !== undefined) wrong("baseUrl", address)
  }
  const { apiVersion } = options
  if (apiVersion !== undefined && !/^[a-z0-9]*$/.test(apiVersion)) {
    wrong("apiVersion", `expected a version like "v1beta", or "" for paths without one, got ${shown(apiVersion)}`)
  } else if (apiVersion && options.baseUrl !== undefined && found.length === 0) {
    const { version } = Address.of({ baseUrl: options.baseUrl })
    if (version !== undefined && version !== apiVersion) {
      wrong("baseUrl", `ends in the version ${version}, but apiVersion is ${apiVersion}: leave one of them out`)
    }
  }
  const { tier } = options
  if (tier !== undefined) {
    const limits = typeof tier === "object" && tier !== null ? tier.limits : undefined
    if (typeof tier === "string" ? !Tier.names.includes(tier) : typeof limits !== "object" || limits === null) {
      wrong("tier", `expected one of ${Tier.names.join(", ")} or limits of your own, got ${shown(tier)}`)
    }
    const limit = limits && Tier.problem({ ...limits })
    if (limit) wrong(`tier.limits.${limit.key}`, limit.description)
  }
  for (const [model, limits] of Object.entries(options.limits ?? {})) {
    const limit = Tier.problem(limits)
    if (limit !== undefined) wrong(`limits[${JSON.stringify(model)}].${limit.key}`, limit.description)
  }
  const bound = options.bounds === undefined ? undefined : Bounds.problem(options.bounds)
  if (bound !== undefined) found.push(bound)
  const { attempts, factor, baseDelay, maxDelay, maxRetryAfter } = options.retry ?? {}
  if (attempts !== undefined && !(Number.isInteger(attempts) && attempts >= 1)) {
    wrong("retry.attempts", `expected a whole number of at least 1, got ${shown(attempts)}`)
  }
  if (factor !== undefined && !(Number.isFinite(factor) && factor >= 1)) {
    wrong("retry.factor", `expected a number of at least 1, got ${shown(factor)}`)
  }
  const { continuation } = options
  if (continuation !== undefined && continuation !== "off") {
    const hops = typeof continuation === "object" && continuation !== null ? continuation.hops : null
    if (hops !== undefined && !(typeof hops === "number" && Number.isInteger(hops) && hops >= 1)) {
      wrong("continuation", `expected "off" or { hops } of at least 1, got ${shown(hops ?? continuation)}`)
    }
  }
  const { countInput } = options
  if (countInput !== undefined && countInput !== "estimate" && countInput !== "server") {
    wrong("countInput", `expected "estimate" or "server", got ${shown(countInput)}`)
  }
  found.push(
    ...durations("retry.", { baseDelay, maxDelay, maxRetryAfter }),
    ...durations("timeouts.", { ...options.timeouts }),
    ...durations("", { drain: options.drain })
  )
  return found[0]
}

export const problemOfCall = (call: CallOptions): Problem | undefined => {
  if (typeof call !== "object" || call === null) return { field: "options", description: "expected an object" }
  const { continuation, countInput, limits, maxWait, retry, tier, timeouts } = call
  const wait = maxWait === undefined ? undefined : durations("", { maxWait })[0]
  if (wait !== undefined) return wait
  const limit = limits === undefined ? undefined : Tier.problem(limits)
  if (limit !== undefined) return { field: `limits.${limit.key}`, description: limit.description }
  const checked = { continuation, countInput, retry, tier, timeouts }
  return Object.values(checked).every((option) => option === undefined) ? undefined : problem(checked)
}
