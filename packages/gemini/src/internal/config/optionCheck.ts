/**
 * What is wrong with options, before anything is done with them. It stands apart from `GeminiConfig`, which reads the
 * environment and TOML: a client that is given its options needs neither.
 *
 * Each option has its check in a table, and a name that no table has is refused with the one that may have been meant:
 * a program without types would otherwise be taken in silence, and pay for a call that it did not ask for.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { CallOptions, Fallback } from "../../call/CallOptions.ts"
import type { Bounds as BoundOptions, Options, Problem, Retry, Timeouts } from "../../GeminiConfig.ts"
import * as Tier from "../../limits/Tier.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as Address from "./address.ts"
import * as Bounds from "./bounds.ts"
import { nearest } from "./nearest.ts"
import * as Secrets from "./secrets.ts"

// `GeminiConfig` describes these defaults.
export const defaultModel = "gemini-3.8-flash"
export const defaultEmbeddingModel = "gemini-embedding-001"
export const defaultBaseUrl = Address.defaultBaseUrl

/** What is wrong with the value of the option at `field`, which is empty for all options together. */
export type Check = (value: unknown, field: string) => Problem | undefined

/** The checks of all options that a type has. */
type Checks<A> = Readonly<Record<keyof A & string, Check>>

/** A value for messages. What an object or a function holds is not shown, because it may be anything. */
const shown = (value: unknown): string =>
  typeof value === "string"
    ? `${JSON.stringify(value.slice(0, 100))} (string)`
    : value === null
    ? "null"
    : typeof value === "function"
    ? "a function"
    : typeof value === "object"
    ? `an ${Array.isArray(value) ? "array" : "object"}`
    : `${String(value)} (${typeof value})`

const expected = (what: string, fits: (value: unknown) => boolean): Check => (value, field) =>
  fits(value) ? undefined : { field, description: `expected ${what}, got ${shown(value)}` }

export const anything: Check = () => undefined
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const anObject = expected("an object", isObject)
const aFunction = expected("a function", (value) => typeof value === "function")
const aFlag = expected("true or false", (value) => typeof value === "boolean")
const aNumber = expected("a number of at least 1", (value) => Number.isFinite(value) && Number(value) >= 1)
const aCount = (least: number): Check =>
  expected(`a whole number of at least ${least}`, (value) => Number.isInteger(value) && Number(value) >= least)
const bytes = expected(
  `a whole number of bytes, at most ${Bounds.longest}`,
  (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= Bounds.longest
)
const aDuration = expected("a duration like \"30 seconds\"", (value) => {
  // `fromInput` gives nothing for a value of another type.
  const duration = Duration.fromInput(value as Duration.Input)
  return !Number.isNaN(value) && Option.isSome(duration) && Duration.toMillis(duration.value) >= 0
})
export const oneOf = (...words: ReadonlyArray<unknown>): Check =>
  expected(words.map((word) => `"${word}"`).join(" or "), (value) => words.includes(value))

const aModel: Check = (value, field) => {
  const model = ModelId.parse(value as string)
  return Result.isFailure(model) ? { field, description: model.failure } : undefined
}

/** Nothing but the options that are named; one that is undefined counts as left out. */
export const only =
  (checks: Readonly<Record<string, Check>>, others: ReadonlyArray<string> = []): Check => (value, field) => {
    if (!isObject(value)) return anObject(value, field || "options")
    for (const name of Object.keys(value)) {
      const option = value[name]
      if (option === undefined || others.includes(name)) continue
      const place = field === "" ? name : `${field}.${name}`
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined
      const wrong = check === undefined
        ? { field: place, description: unknown(name, Object.keys(checks), others) }
        : check(option, place)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }

const unknown = (name: string, names: ReadonlyArray<string>, others: ReadonlyArray<string>): string => {
  if (name === "signal") return "is given where the effect is run: Effect.runPromise(effect, { signal })"
  const [near] = nearest(name, [...names, ...others], 0.4)
  return `there is no such option${
    near === undefined ? `; there are ${names.join(", ")}` : `. Did you mean "${near}"?`
  }`
}

/** Nothing but options of these names, whatever their values. */
export const named = (...names: ReadonlyArray<string>): Check =>
  only(Object.fromEntries(names.map((name) => [name, anything])))

/**
 * What is wrong with a base URL. Text that is not a URL is not shown: it may be a key that was pasted in the wrong
 * place.
 */
const baseUrlProblem = (url: unknown): string | undefined => {
  if (typeof url !== "string") return `expected an http or https URL, got ${shown(url)}`
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

const limits: Check = (value, field) => {
  const wrong = isObject(value) ? Tier.problem(value) : undefined
  return wrong === undefined
    ? anObject(value, field)
    : { field: `${field}.${wrong.key}`, description: wrong.description }
}

const limitsByModel: Check = (value, field) => {
  if (!isObject(value)) return anObject(value, field)
  for (const model of Object.keys(value)) {
    const wrong = limits(value[model], `${field}[${JSON.stringify(model)}]`)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const ownTier = only({ name: anything, limits, models: limitsByModel } satisfies Checks<Tier.Tier>)
const tierName = expected(
  `one of ${Tier.names.join(", ")} or limits of your own`,
  (value) => Tier.names.some((name) => name === value)
)

const retry = only(
  {
    attempts: aCount(1),
    baseDelay: aDuration,
    maxDelay: aDuration,
    factor: aNumber,
    maxRetryAfter: aDuration,
    toolCalls: aFlag
  } satisfies Checks<Retry>
)

const timeouts = only(
  {
    connect: aDuration,
    attempt: aDuration,
    firstByte: aDuration,
    idle: aDuration,
    total: aDuration
  } satisfies Checks<Timeouts>
)

const hops = only({ hops: aCount(1) })
const off = expected("\"off\" or { hops }", (value) => value === "off")

/** What a call may have of its client's options. */
const common = {
  timeouts,
  retry,
  tier: (value, field) => isObject(value) && isObject(value["limits"]) ? ownTier(value, field) : tierName(value, field),
  continuation: (value, field) => (isObject(value) ? hops : off)(value, field),
  countInput: oneOf("estimate", "server")
} satisfies Partial<Checks<Options>>

const client: Checks<Options> = {
  apiKey: (value, field) =>
    Redacted.isRedacted(value) ? undefined : {
      field,
      // The mark of a Config. Importing it would bring Effect's Config into every bundle.
      description: isObject(value) && "~effect/Config" in value
        ? "a Config is read by layerConfig, not by layer"
        : "expected Redacted.make(…), so that no log shows it, got the key itself"
    },
  baseUrl: (value, field) => {
    const description = baseUrlProblem(value)
    return description === undefined ? undefined : { field, description }
  },
  apiVersion: expected(
    "a version like \"v1beta\", or \"\" for paths without one",
    (value) => typeof value === "string" && /^[a-z0-9]*$/.test(value)
  ),
  destination: aFunction,
  defaultModel: aModel,
  limits: limitsByModel,
  ...common,
  bounds: only({ body: bytes, event: bytes, errorBody: bytes, frame: bytes } satisfies Checks<BoundOptions>),
  drain: aDuration,
  transformClient: aFunction
}

const call: Checks<CallOptions> = {
  ...common,
  limits,
  priority: oneOf("interactive", "batch"),
  maxWait: aDuration,
  maxQueue: aCount(0),
  whenExhausted: oneOf("fail", "wait"),
  oversize: oneOf("alone", "reject"),
  headers: anObject,
  transport: oneOf("http", "live"),
  fallback: only({ transport: oneOf("http", "live"), model: aModel, observe: aFunction } satisfies Checks<Fallback>),
  observe: aFunction
}

type AttemptOptions = Pick<CallOptions, "timeouts" | "headers">

const attempt = only({ timeouts, headers: anObject } satisfies Checks<AttemptOptions>)

/** Options of the layers beside a client's, for which a program has one object: each layer checks its own. */
const siblings = ["defaultLiveModel", "keyInUrl", "warm", "allowOrigin"]

/** `others` are the options that the caller checks itself. */
export const problem = (options: Options, others: ReadonlyArray<string> = []): Problem | undefined => {
  const wrong = only(client, [...siblings, ...others])(options, "")
  const { apiVersion, baseUrl } = options
  if (wrong !== undefined || !apiVersion || baseUrl === undefined) return wrong
  const { version } = Address.of({ baseUrl })
  return version === undefined || version === apiVersion ? undefined : {
    field: "baseUrl",
    description: `ends in the version ${version}, but apiVersion is ${apiVersion}: leave one of them out`
  }
}

/** The options of one attempt, whose headers are checked where they are written. */
export const problemOfAttempt = (options: AttemptOptions): Problem | undefined => attempt(options, "")

export const problemOfCall = (options: CallOptions, others?: ReadonlyArray<string>): Problem | undefined =>
  only(call, others)(options, "")
