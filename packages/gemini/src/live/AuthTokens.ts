/**
 * Ephemeral tokens of the Live API: what a backend gives a browser in place of its key.
 *
 * The backend makes one with its key; the browser takes it for its `apiKey` and opens sessions with it, and nothing
 * else: over HTTP a token is refused. It is valid for a number of sessions, begun within a minute unless
 * `newSessionExpireTime` says otherwise, and may fix the settings of these sessions.
 *
 * The API has this method under v1alpha alone (September 2026), so that is where it is sent
 * unless `apiVersion` says otherwise.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Reason from "../errors/GeminiErrorReason.ts"
import * as GeminiConfig from "../GeminiConfig.ts"
import { GeminiError } from "../GeminiError.ts"
import type * as GeminiHttp from "../GeminiHttp.ts"
import type { SetupFields } from "../GeminiLive.ts"
import * as Retried from "../internal/call/retried.ts"
import * as Address from "../internal/config/address.ts"
import type * as Attempt from "../internal/http/attempt.ts"
import * as ForeignClient from "../internal/http/foreignClient.ts"
import * as Body from "../internal/http/responseBody.ts"
import * as LiveModels from "../internal/live/liveModels.ts"
import * as LiveSetup from "../internal/live/setup.ts"
import * as LiveCheck from "../internal/live/setupCheck.ts"
import * as Guard from "../internal/wire/guard.ts"
import * as ModelId from "../models/ModelId.ts"
import type * as Content from "../wire/Content.ts"
import type * as LiveProtocol from "./LiveProtocol.ts"

/**
 * The settings of a token's sessions: options of `GeminiLive.connect`, with the same defaults.
 *
 * @category models
 * @since 0.1.0
 */
export interface Constraints extends SetupFields {
  readonly model: string
  readonly systemInstruction?: string | Content.Content | undefined
  /** `{}` makes the sessions resumable, by `reconnect` or by their handle. */
  readonly sessionResumption?: LiveProtocol.Setup["sessionResumption"]
}

/**
 * What a new token is good for: how many sessions, until when, and which ones.
 *
 * @category models
 * @since 0.1.0
 */
export interface CreateRequest {
  /** How many sessions may begin with it; 0 sets no limit. Resuming a session is not counted. Default 1. */
  readonly uses?: number | undefined
  /** When the token and its sessions end. Default in 30 minutes, at most in 20 hours. */
  readonly expireTime?: DateTime.DateTime.Input | undefined
  /** The time until which sessions may begin with it. Default in a minute. */
  readonly newSessionExpireTime?: DateTime.DateTime.Input | undefined
  /**
   * The settings of its sessions, in place of those that the client asks for. The client must connect with the same
   * model, because the way in which text is sent depends on it.
   */
  readonly liveConnectConstraints?: Constraints | undefined
  /**
   * Left out, the constraints replace everything that the client asks for. A list leaves the rest to the client: `[]`
   * fixes the fields that the constraints set, further names fix those fields too, at their value here or at none
   * (`temperature` is `generationConfig.temperature`).
   */
  readonly lockAdditionalFields?: ReadonlyArray<string> | undefined
}

/**
 * A token. Its name is the secret, which the browser uses as `apiKey`.
 *
 * @category models
 * @since 0.1.0
 */
export interface AuthToken {
  readonly name: Redacted.Redacted<string>
}

/**
 * Makes ephemeral tokens.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Makes a token. The call is retried like every other; a token that nobody uses ends by itself. */
  readonly create: (
    request?: CreateRequest,
    options?: GeminiHttp.AttemptOptions
  ) => Effect.Effect<AuthToken, GeminiError>
}

/**
 * The maker of ephemeral tokens as a service, for a backend that holds the key.
 *
 * ```ts
 * import * as AuthTokens from "effect-gemini/live/AuthTokens"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * // What the backend answers its page with.
 * const token = Effect.gen(function*() {
 *   const { name } = yield* AuthTokens.AuthTokens.use((tokens) =>
 *     tokens.create({
 *       liveConnectConstraints: { model: "gemini-3.8-live", systemInstruction: "You sell umbrellas." }
 *     })
 *   )
 *   return Redacted.value(name)
 * }).pipe(Effect.provide(AuthTokens.layerConfig()))
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class AuthTokens extends Context.Service<AuthTokens, Service>()("effect-gemini/live/AuthTokens") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (options: GeminiConfig.Options): Layer.Layer<AuthTokens, never, HttpClient.HttpClient> =>
    layer({ ...options, apiVersion: undefined })
}

/**
 * The key, the address and how calls are tried again: those options of every client that making a token needs.
 *
 * @category options
 * @since 0.1.0
 */
export type Options = Pick<
  GeminiConfig.Options,
  "apiKey" | "baseUrl" | "apiVersion" | "timeouts" | "retry" | "bounds" | "transformClient"
>

const method = "createAuthToken"
const guard = Guard.make(Schema.Struct({ name: Schema.String }))

const problem = (field: string, description: string): LiveCheck.SetupProblem => ({ field, description })

/** The settings inside `generationConfig` that constraints may name without it. */
const inGenerationConfig: ReadonlySet<string> = new Set([
  "temperature",
  "topK",
  "topP",
  "maxOutputTokens",
  "responseModalities",
  "seed",
  "speechConfig"
])

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0

/** The fields that a setup sets, as the official SDK names them: two levels, an array is one field. */
const fieldsOf = (setup: object): ReadonlyArray<string> =>
  Object.entries(setup).flatMap(([key, value]) =>
    isObject(value) ? Object.keys(value).map((inner) => `${key}.${inner}`) : [key]
  )

interface Constrained {
  readonly bidiGenerateContentSetup: object
  readonly fieldMask?: string
}

const constrained = (
  constraints: Constraints,
  lock: ReadonlyArray<string> | undefined
): Result.Result<Constrained, ReadonlyArray<LiveCheck.SetupProblem>> => {
  const model = ModelId.parse(constraints.model)
  if (Result.isFailure(model)) return Result.fail([problem("liveConnectConstraints.model", model.failure)])
  const setup = LiveSetup.make(model.success, LiveModels.of(model.success), constraints)
  const wrong = LiveCheck.check(setup)
  if (wrong.length > 0) {
    return Result.fail(wrong.map((violation) => ({
      ...violation,
      field: violation.field.replace(/^setup\./, "liveConnectConstraints.")
    })))
  }
  if (lock === undefined) return Result.succeed({ bidiGenerateContentSetup: setup })
  // Only fields that the caller set are fixed: the client has the same defaults, or sets others.
  const said = Object.entries(constraints).flatMap(([key, value]) => value === undefined ? [] : [key])
  const own = Object.fromEntries(
    Object.entries({ ...setup, generationConfig: constraints.generationConfig }).filter(([key]) => said.includes(key))
  )
  const named = lock.map((field) => inGenerationConfig.has(field) ? `generationConfig.${field}` : field)
  const fieldMask = Array.from(new Set([...fieldsOf(own), ...named])).join(",")
  return Result.succeed({ bidiGenerateContentSetup: own, fieldMask })
}

const time = (
  field: "expireTime" | "newSessionExpireTime",
  input: DateTime.DateTime.Input | undefined
): Result.Result<object, ReadonlyArray<LiveCheck.SetupProblem>> => {
  if (input === undefined) return Result.succeed({})
  const parsed = DateTime.make(input)
  return Option.isNone(parsed)
    ? Result.fail([problem(field, "expected a time, such as 2026-11-28T12:00:00Z")])
    : Result.succeed({ [field]: DateTime.formatIso(parsed.value) })
}

const bodyOf = (request: CreateRequest): Result.Result<object, ReadonlyArray<LiveCheck.SetupProblem>> => {
  const { expireTime, liveConnectConstraints, lockAdditionalFields, newSessionExpireTime, uses } = request
  if (uses !== undefined && !(Number.isInteger(uses) && uses >= 0)) {
    return Result.fail([problem("uses", `expected a whole number of at least 0, got ${uses}`)])
  }
  if (lockAdditionalFields !== undefined && liveConnectConstraints === undefined) {
    return Result.fail([problem("lockAdditionalFields", "there are no liveConnectConstraints to lock")])
  }
  return Result.map(
    Result.all([
      time("expireTime", expireTime),
      time("newSessionExpireTime", newSessionExpireTime),
      liveConnectConstraints === undefined
        ? Result.succeed({})
        : constrained(liveConnectConstraints, lockAdditionalFields)
    ]),
    (parts) => Object.assign({}, uses === undefined ? {} : { uses }, ...parts)
  )
}

/**
 * The service over whatever HttpClient the program provides.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Service, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (httpClient) => {
    // The version that a base URL ends in is meant for other methods, as the environment's is.
    const own = options.apiVersion === undefined ? { baseUrl: Address.of(options).base, apiVersion: "v1alpha" } : {}
    const sender = ForeignClient.sender({ ...options, ...own }, httpClient)
    const retried = Retried.make(options.retry ?? {})
    return AuthTokens.of({
      create: (request = {}, call = {}) => {
        const body = bodyOf(request)
        if (Result.isFailure(body)) {
          const reason = new Reason.InvalidRequest({ fields: body.failure })
          return Effect.fail(new GeminiError({ method, attempts: [], reason }))
        }
        const attempt: Attempt.AttemptRequest = {
          ...call,
          method,
          httpMethod: "POST",
          path: "auth_tokens",
          body: body.success
        }
        return retried.effect(
          "",
          Effect.map(
            sender.unary(attempt, (call, text) => Body.decode(call, guard, text)),
            ({ name }) => ({ name: Redacted.make(name, { label: "auth token" }) })
          )
        )
      }
    })
  })

/**
 * The service over the HttpClient of the context.
 *
 * The key is safe with `FetchHttpClient`, `NodeHttpClient` on undici and on node:http, and the client of
 * `NodeGemini.layerHttpClient`, which fail at a redirect. A client that follows redirects by itself
 * (`HttpClient.followRedirects`, one of your own over fetch) sends the key along before anybody can look; the answer
 * of another origin is then refused as InvalidResponse.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<AuthTokens, never, HttpClient.HttpClient> =>
  Layer.effect(AuthTokens, make(options))

/**
 * The service on the platform's `fetch`. A redirect is an error: the key must not follow one.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFetch = (options: Options): Layer.Layer<AuthTokens> =>
  Layer.provide(layer(options), FetchHttpClient.layer)

/**
 * The service on `fetch` with key and base URL from the environment; `options` win over it. Only `options` set the API
 * version, because the environment's is meant for other methods.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (options: Options = {}): Layer.Layer<AuthTokens, Config.ConfigError> =>
  Layer.unwrap(
    Effect.map(GeminiConfig.load(options), (loaded) => layerFetch({ ...loaded, apiVersion: options.apiVersion }))
  )
