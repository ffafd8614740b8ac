/**
 * What the real server says when it refuses: `google.rpc.Status` bodies with Google's own words.
 *
 * The texts were read off real answers between 2024 and 2026 (recordings and reports in public
 * issues), so a client that matches on them behaves here as it does there.
 *
 * @since 0.1.0
 */

/**
 * A `google.rpc.Status` as the REST API spells it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  readonly code: number
  readonly message: string
  readonly status: string
  readonly details?: ReadonlyArray<Detail>
}

/**
 * One entry of `details`.
 *
 * @category models
 * @since 0.1.0
 */
export type Detail = { readonly "@type": string } & { readonly [key: string]: unknown }

/**
 * A refused request: the HTTP status, and the body.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refusal {
  readonly status: number
  readonly body: { readonly error: Status }
}

/**
 * A field that the server refused, and why.
 *
 * @category models
 * @since 0.1.0
 */
export interface FieldViolation {
  /** Path of the message that holds the field, in snake_case; absent at top level. */
  readonly field?: string | undefined
  readonly description: string
}

const statusOf: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED"
}

const type = (name: string): string => `type.googleapis.com/google.rpc.${name}`

const service = "generativelanguage.googleapis.com"

/**
 * Any refusal. `status` is by default the google.rpc code that belongs to the HTTP status.
 *
 * @example
 * ```ts
 * import * as GoogleError from "effect-gemini-emulator/GoogleError"
 *
 * console.log(GoogleError.make(503, "The model is overloaded. Please try again later.").body.error.status) // UNAVAILABLE
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  code: number,
  message: string,
  options: { readonly status?: string | undefined; readonly details?: ReadonlyArray<Detail> | undefined } = {}
): Refusal => ({
  status: code,
  body: {
    error: {
      code,
      message,
      status: options.status ?? statusOf[code] ?? "UNKNOWN",
      ...(options.details === undefined ? {} : { details: options.details })
    }
  }
})

/**
 * 400 with nothing but a message, as a model's own checks answer it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalidArgument = (message = "Request contains an invalid argument."): Refusal => make(400, message)

/**
 * 400 of the JSON front end: the message has every violation on a line of its own, and `BadRequest` has them again.
 *
 * @category constructors
 * @since 0.1.0
 */
export const badRequest = (violations: ReadonlyArray<FieldViolation>): Refusal =>
  make(400, violations.map((violation) => violation.description).join("\n"), {
    details: [{
      "@type": type("BadRequest"),
      fieldViolations: violations.map(({ description, field }) =>
        field === undefined ? { description } : { field, description }
      )
    }]
  })

const rejectedKey = (message: string): Refusal =>
  make(400, message, {
    details: [
      { "@type": type("ErrorInfo"), reason: "API_KEY_INVALID", domain: "googleapis.com", metadata: { service } },
      { "@type": type("LocalizedMessage"), locale: "en-US", message }
    ]
  })

/**
 * The request has no key: 403.
 *
 * @category constructors
 * @since 0.1.0
 */
export const missingKey = (): Refusal =>
  make(
    403,
    "Method doesn't allow unregistered callers (callers without established identity). " +
      "Please use API Key or other form of API consumer identity to call this API."
  )

/**
 * The key is not a valid one: 400, not 401.
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalidKey = (): Refusal => rejectedKey("API key not valid. Please pass a valid API key.")

/**
 * The key has expired: 400, as for an invalid one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const expiredKey = (): Refusal => rejectedKey("API key expired. Please renew the API key.")

/**
 * The key is well-formed but belongs to no project: 400.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unknownKey = (): Refusal => rejectedKey("API Key not found. Please pass a valid API key.")

/**
 * The key was found in public: 403.
 *
 * @category constructors
 * @since 0.1.0
 */
export const leakedKey = (): Refusal => make(403, "Your API key was reported as leaked. Please use another API key.")

/**
 * The ephemeral token is unknown, too old or used up: 401.
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalidToken = (): Refusal =>
  make(
    401,
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid " +
      "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
  )

/**
 * The project has not enabled the API: 403 with the console's link.
 *
 * @category constructors
 * @since 0.1.0
 */
export const apiDisabled = (project: string): Refusal => {
  const url = `https://console.developers.google.com/apis/api/${service}/overview?project=${project}`
  return make(
    403,
    `Generative Language API has not been used in project ${project} before or it is disabled. Enable it by visiting ` +
      `${url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our ` +
      "systems and retry.",
    {
      details: [
        { "@type": type("Help"), links: [{ description: "Google developers console API activation", url }] },
        {
          "@type": type("ErrorInfo"),
          reason: "SERVICE_DISABLED",
          domain: "googleapis.com",
          metadata: { service, consumer: `projects/${project}` }
        }
      ]
    }
  )
}

/**
 * The caller is in a country without the API: 400 FAILED_PRECONDITION.
 *
 * @category constructors
 * @since 0.1.0
 */
export const locationNotSupported = (): Refusal =>
  make(400, "User location is not supported for the API use.", { status: "FAILED_PRECONDITION" })

/**
 * The name that a method has in a 404: streamed and batched forms appear under the plain one (recorded 2025 and 2026).
 */
const named: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  streamGenerateContent: "generateContent",
  batchEmbedContents: "embedContent",
  "decisions.create": "createDecision",
  "interactions.create": "createInteraction"
}))

/**
 * The model does not exist, was retired, or lacks the method: all get the same 404, in the words of 2026 (until 2025
 * it said `Call ListModels to see …`).
 *
 * @category constructors
 * @since 0.1.0
 */
export const modelNotFound = (options: {
  /** The name with its collection: `models/gemini-x`, `tunedModels/x`. */
  readonly name: string
  readonly version: string
  readonly method: string
}): Refusal =>
  make(
    404,
    `${options.name} is not found for API version ${options.version}, or is not supported for ` +
      `${named.get(options.method) ?? options.method}. Call ModelService.ListModels to see the list of ` +
      "available models and their supported methods."
  )

/**
 * `models.get` names a model that does not exist: 404, in other words than a call's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const noSuchModel = (options: { readonly name: string; readonly version: string }): Refusal =>
  make(404, `Model is not found: ${options.name} for api version ${options.version}`)

/**
 * The model serves only those who used it before: 404, which names the one to use instead.
 *
 * @category constructors
 * @since 0.1.0
 */
export const modelClosed = (name: string, successor: string): Refusal =>
  make(
    404,
    `This model ${name} is no longer available to new users. Please update your code to use ${successor} for the ` +
      "latest features and improvements."
  )

/**
 * The file is still being processed, or that has failed: 400 FAILED_PRECONDITION.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fileNotActive = (): Refusal =>
  make(400, "The File ID is not in an ACTIVE state and usage is not allowed.", { status: "FAILED_PRECONDITION" })

/**
 * The file belongs to another project or does not exist: 403.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fileForbidden = (name: string): Refusal =>
  make(403, `You do not have permission to access the File ${name} or it may not exist.`)

/**
 * 503 in Google's words of 2026.
 *
 * @category constructors
 * @since 0.1.0
 */
export const overloaded = (): Refusal =>
  make(
    503,
    "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later."
  )

/**
 * 500 INTERNAL, in Google's words.
 *
 * @category constructors
 * @since 0.1.0
 */
export const internal = (): Refusal =>
  make(
    500,
    "An internal error has occurred. Please retry or report in " +
      "https://developers.generativeai.google/guide/troubleshooting"
  )

/**
 * 504 DEADLINE_EXCEEDED: the server did not finish in time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const deadlineExceeded = (): Refusal => make(504, "Deadline expired before operation could complete.")

/**
 * 499 CANCELLED: the client went away, or a stream was stopped half-way.
 *
 * @category constructors
 * @since 0.1.0
 */
export const cancelled = (): Refusal => make(499, "The operation was cancelled.")

/**
 * One limit of a 429.
 *
 * @category models
 * @since 0.1.0
 */
export interface QuotaViolation {
  /** Without the service prefix: `generate_content_free_tier_requests`. */
  readonly metric: string
  /** `GenerateRequestsPerDayPerProjectPerModel-FreeTier`. */
  readonly id: string
  readonly model: string
  /** Default `global`. */
  readonly location?: string | undefined
  readonly limit: number
}

/**
 * 429: every limit that was hit, where to read about it, and when to come back (seconds).
 *
 * The message gives the delay in full and `RetryInfo` gives it in whole seconds, as the server does.
 *
 * @category constructors
 * @since 0.1.0
 */
export const quotaExceeded = (violations: ReadonlyArray<QuotaViolation>, retryDelay: number): Refusal =>
  make(
    429,
    [
      "You exceeded your current quota, please check your plan and billing details. For more information on this " +
      "error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: " +
      "https://ai.dev/rate-limit. ",
      ...violations.map(({ limit, metric, model }) =>
        `* Quota exceeded for metric: ${service}/${metric}, limit: ${limit}, model: ${model}`
      ),
      `Please retry in ${retryDelay}s.`
    ].join("\n"),
    {
      details: [
        {
          "@type": type("Help"),
          links: [{
            description: "Learn more about Gemini API quotas",
            url: "https://ai.google.dev/gemini-api/docs/rate-limits"
          }]
        },
        {
          "@type": type("QuotaFailure"),
          violations: violations.map(({ id, limit, location = "global", metric, model }) => ({
            quotaMetric: `${service}/${metric}`,
            quotaId: id,
            quotaDimensions: { location, model },
            // Proto3 JSON leaves zeros out.
            ...(limit === 0 ? {} : { quotaValue: String(limit) })
          }))
        },
        { "@type": type("RetryInfo"), retryDelay: `${Math.floor(retryDelay)}s` }
      ]
    }
  )
