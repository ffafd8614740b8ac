/**
 * The options of a client, and where they come from: code, or the environment
 * through `Config` (`layerConfig`). Nothing else reads the environment.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Toml from "effect/encoding/Toml"
import * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { CallOptions } from "./call/CallOptions.ts"
import type { Destination } from "./internal/config/address.ts"
import * as Environment from "./internal/config/environment.ts"
import * as OptionCheck from "./internal/config/optionCheck.ts"
import * as Secrets from "./internal/config/secrets.ts"
import * as TierToml from "./internal/config/tierToml.ts"
import { lineOf } from "./internal/config/tomlLine.ts"
import type * as Tier from "./limits/Tier.ts"
import type { Member } from "./members/Member.ts"
import type * as ModelId from "./models/ModelId.ts"

export type {
  /**
   * Where requests go, and who asks: another API than the Gemini API, as a value. `Vertex.destination` makes one, and only
   * modules of this library do. It has its own address, version and credential, so `baseUrl`, `apiVersion` and `apiKey`
   * beside it are not used.
   */
  Destination
} from "./internal/config/address.ts"

/**
 * The model that answers when a request names none: the newest generally
 * available flash model on 2026-11-22. Changed only in a minor release.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultModel: "gemini-3.8-flash" = OptionCheck.defaultModel

/**
 * The model that embeds when a request names none. Vectors of two models do not compare, so
 * it never changes within a major version.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultEmbeddingModel: "gemini-embedding-001" = OptionCheck.defaultEmbeddingModel

/**
 * The address of the Gemini API, to which requests go unless `baseUrl` says otherwise.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultBaseUrl: "https://generativelanguage.googleapis.com" = OptionCheck.defaultBaseUrl

/**
 * The deadlines of a call. `total` covers the whole logical call, waiting for quota included; the others cover one
 * attempt. A deadline that is left out does not exist.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timeouts {
  /** The time until the connection is open. */
  readonly connect?: Duration.Input | undefined
  /** One attempt, from sending to the last byte. */
  readonly attempt?: Duration.Input | undefined
  /** The time from sending to the first byte of the body. */
  readonly firstByte?: Duration.Input | undefined
  /** The time between two pieces of a stream. */
  readonly idle?: Duration.Input | undefined
  /** The logical call with its waits and retries. */
  readonly total?: Duration.Input | undefined
}

/**
 * Retries of a logical call. The server's own delay wins over the backoff.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retry {
  /** How many attempts there are at most, the first included. Default 3. */
  readonly attempts?: number | undefined
  /** First backoff. Default 1 second. */
  readonly baseDelay?: Duration.Input | undefined
  /** Longest backoff. Default 60 seconds. */
  readonly maxDelay?: Duration.Input | undefined
  /** Growth of the backoff. Default 2. */
  readonly factor?: number | undefined
  /**
   * The longest delay that the server may ask for. If it asks for more, or for more than the total deadline leaves,
   * the call fails at once and the error says `retryAfter`. Default 2 minutes.
   */
  readonly maxRetryAfter?: Duration.Input | undefined
  /** Whether an answer whose tool call was rejected (ToolCallRejected) is asked for again. Default `false`. */
  readonly toolCalls?: boolean | undefined
}

/**
 * Whether an answer that the server breaks off at its own cap is followed to its end, by the same request with the
 * token that it gave. Each hop has a permit, a budget and attempts of its own. `hops` is the largest number of requests
 * for one answer, the first included; beyond it the call fails with StreamInterrupted, which holds what came. With
 * `off` the first hop is the answer, and its token is in `response.candidates[0].continuationToken`.
 *
 * @category models
 * @since 0.2.0
 */
export type Continuation = "off" | {
  /** Default 16. */
  readonly hops?: number | undefined
}

/**
 * How many bytes of a response are read, counted after decompression. A larger one ends the call with
 * ResponseTooLarge. (`limits` are the quotas of models.)
 *
 * @category models
 * @since 0.1.0
 */
export interface Bounds {
  /** The body of an answer that is not a stream. Default 256 MiB. */
  readonly body?: number | undefined
  /** One event of a stream, or one object of a JSON stream: the stream has no bound. Default 128 MiB. */
  readonly event?: number | undefined
  /** The body of an answer that is an error. Default 256 KiB. */
  readonly errorBody?: number | undefined
  /** One message of a Live session, its fragments together. Default 32 MiB. */
  readonly frame?: number | undefined
}

/**
 * Options of every client layer.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /**
   * Default `https://generativelanguage.googleapis.com`. A path prefix is kept. It may end in the version of the API
   * (`…/v1`), which then stands in paths once, as it does when `apiVersion` says it.
   */
  readonly baseUrl?: string | undefined
  /** Default: the one that `baseUrl` ends in, else `v1beta`. Empty: paths without a version, as some gateways serve. */
  readonly apiVersion?: string | undefined
  /** Another API in place of the Gemini API, such as Vertex AI. */
  readonly destination?: Destination | undefined
  /** Default {@link defaultModel}. */
  readonly defaultModel?: ModelId.Name | undefined
  /** Quotas to keep. Default `free`. */
  readonly tier?: Tier.TierName | Tier.Tier | undefined
  /** Overrides of the tier, per model. */
  readonly limits?: Readonly<Record<string, Partial<Tier.Limits>>> | undefined
  readonly timeouts?: Timeouts | undefined
  readonly retry?: Retry | undefined
  /** Default: answers are followed, over at most 16 hops. */
  readonly continuation?: Continuation | undefined
  /**
   * How the input tokens are known that a request reserves of its quota. `estimate`, the default: by its length, by
   * rules of thumb for media, and by how far these were from what the server counted before; a file by its URI is taken
   * for as large as the ones before it. `server`: the server counts a request first that names a file by its URI or a
   * cache, by one countTokens more; everything else is estimated.
   */
  readonly countInput?: "estimate" | "server" | undefined
  /** How many bytes of a response are read at most. */
  readonly bounds?: Bounds | undefined
  /**
   * How long closing the layer waits for calls in flight, also over Live, before it ends them. New calls fail at once,
   * and so do calls that wait for quota or in a backoff. What is ended fails with Unsupported, and the fiber of its caller
   * goes on. Default 10 seconds.
   */
  readonly drain?: Duration.Input | undefined
  /**
   * Changes the HttpClient at the very end, for proxies, extra headers or logging. Requests can be sent to another
   * origin by `HttpClient.mapRequest`. An answer from an origin that was not asked is refused, because the client must
   * have followed a redirect.
   */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/**
 * An option that is not valid, named as the caller wrote it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Problem {
  readonly field: string
  readonly description: string
}

/**
 * The first option that is not valid, if there is one. `layerConfig` fails with it when the layer is built; `layer`,
 * whose type promises never to fail, lets every call fail with it.
 *
 * @category getters
 * @since 0.1.0
 */
export const problem: (options: Options) => Problem | undefined = OptionCheck.problem

/**
 * The first option of one call that is not valid, if there is one.
 *
 * @category getters
 * @since 0.1.0
 */
export const problemOfCall: (call: CallOptions) => Problem | undefined = OptionCheck.problemOfCall

/**
 * A base URL as messages show it: scheme, host and path, never a user, a password, a query or a key. `undefined` if
 * the text is not a URL, for it may be a key that was pasted in its place.
 *
 * ```ts
 * import * as GeminiConfig from "effect-gemini/GeminiConfig"
 *
 * console.log(GeminiConfig.shownUrl("https://me:secret@gateway.test/gemini/?token=secret")) // https://gateway.test/gemini
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const shownUrl: (url: string) => string | undefined = Secrets.shownUrl

/**
 * The options in the environment: GEMINI_API_KEY, then GOOGLE_API_KEY; GEMINI_BASE_URL, then GOOGLE_GEMINI_BASE_URL;
 * GEMINI_API_VERSION. An empty variable counts as missing. The SDK reads the keys in the reverse order; one warning is
 * logged when both are set and differ.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromEnvironment: () => Effect.Effect<
  Pick<Options, "apiKey" | "baseUrl" | "apiVersion">,
  Config.ConfigError
> = Environment.fromEnvironment

/**
 * The options of `layerConfig`: those of `layer`, of which the key, the base URL and the version may be a `Config`, as
 * with the providers of `effect/ai`.
 *
 * @category options
 * @since 0.2.0
 */
export interface ConfigOptions extends Omit<Options, "apiKey" | "baseUrl" | "apiVersion"> {
  readonly apiKey?: Options["apiKey"] | Config.Config<Options["apiKey"]>
  readonly baseUrl?: Options["baseUrl"] | Config.Config<Options["baseUrl"]>
  readonly apiVersion?: Options["apiVersion"] | Config.Config<Options["apiVersion"]>
  /**
   * Whether the first call that waits for quota is logged, one line for a client by Effect's logger (`limits/WaitLog`). A
   * call that has `observe` tells of its waits there instead. Default `true`.
   */
  readonly logWaits?: boolean | undefined
}

/**
 * The options of `layerConfig`: the caller's options win over the environment, which is not read for a key if the
 * caller gives one. A `Config` that gives nothing counts as left out. Fails with the first option that is not valid.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: (options?: ConfigOptions) => Effect.Effect<Options, Config.ConfigError> = Environment.load

/**
 * The options that a file holds, to be spread into those of a client: `{ ...configured, apiKey }`.
 *
 * @category models
 * @since 0.1.0
 */
export interface FromToml {
  readonly defaultModel?: string
  /** The tier that `default_tier` names, `free` where it names none. */
  readonly tier: Tier.Tier
  /** Every tier by name: Google's, as the file overrides them, and the file's own. */
  readonly tiers: Readonly<Record<string, Tier.Tier>>
  /** For `Members.layerConfig`: projects, regions and keys, the keys by the variables that hold them. */
  readonly members?: ReadonlyArray<Member>
  readonly fallbackModels?: Readonly<Record<string, ReadonlyArray<string>>>
}

/**
 * Reads the `[providers.gemini]` of a TOML text. A tier of a new name starts from the one that it `extends`, else from
 * `free`; tables other than `providers` are left alone. Fails with everything that is wrong at once, each with file,
 * line and key.
 *
 * ```ts
 * import * as GeminiConfig from "effect-gemini/GeminiConfig"
 * import * as Effect from "effect/Effect"
 *
 * const program = GeminiConfig.fromToml(
 *   `
 * [providers.gemini]
 * default_tier = "free"
 *
 * [providers.gemini.tiers.free.models."gemini-2.5-flash"]
 * rpm = 10
 * tpm = 250_000
 * `,
 *   "gemini.toml"
 * )
 * const { tier } = await Effect.runPromise(program)
 * tier.models["gemini-2.5-flash"]?.rpm // => 10
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromToml = (text: string, file: string): Effect.Effect<FromToml, Config.ConfigError> =>
  Effect.suspend(() => {
    const document = Toml.parse(text)
    if (Result.isFailure(document)) {
      // Effect's parser says "… at line 3, column 7".
      const line = /\bline (\d+)/.exec(document.failure.message)?.[1]
      return wrongFile(`${file}${line === undefined ? "" : `:${line}`}: ${document.failure.message}`)
    }
    const decoded = TierToml.decode(document.success)
    if (Result.isSuccess(decoded)) return Effect.succeed(decoded.success)
    return wrongFile(
      decoded.failure.map(({ description, path }) => {
        const line = lineOf(text, path)
        return `${file}${line === undefined ? "" : `:${line}`}: ${TierToml.keyOf(path)}: ${description}`
      }).join("\n")
    )
  })

/**
 * Reads a file and parses it by {@link fromToml}. Also fails if the file cannot be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromTomlFile = (path: string): Effect.Effect<FromToml, Config.ConfigError, FileSystem.FileSystem> =>
  FileSystem.FileSystem.use((files) =>
    files.readFileString(path).pipe(
      Effect.catch((error) => wrongFile(`${path}: cannot be read: ${error.reason._tag}`)),
      Effect.flatMap((text) => fromToml(text, path))
    )
  )

const wrongFile = (message: string): Effect.Effect<never, Config.ConfigError> =>
  Effect.fail(new Config.ConfigError(new ConfigProvider.SourceError({ message })))
