/**
 * Vertex AI (Gemini Enterprise Agent Platform): the same services behind another door, as a destination.
 *
 * {@link layer} gives the client, {@link destination} the value that every other layer takes in its options
 * (`NodeGemini.layer({ destination })`, `GeminiLive`, `ResourceHttp`), and {@link layerMembers} members of both APIs in one
 * pool. Requests are those of the Gemini API: paths, bodies and answers are converted where the two differ, and a field or
 * a method that Vertex AI does not have fails with `Unsupported` before anything is sent.
 *
 * Who asks is said by an `AccessToken` of the context, which `VertexAuth` takes from Google's own library; or by a key in
 * express mode, which has no project.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import { GeminiClient } from "effect-gemini/GeminiClient"
 * import * as Vertex from "effect-gemini/Vertex"
 * import * as AccessToken from "effect-gemini/vertex/AccessToken"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const Gemini = Vertex.layer({ project: "my-project", location: "europe-west1", tier: "tier1" }).pipe(
 *   Layer.provide(AccessToken.layerStatic(Redacted.make("ya29.…"))),
 *   Layer.provide(FetchGemini.layerHttpClient)
 * )
 * const program = GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello" })).pipe(Effect.provide(Gemini))
 * ```
 *
 * @since 0.3.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { CallOptions } from "./call/CallOptions.ts"
import type { Services } from "./FetchGemini.ts"
import * as GeminiClient from "./GeminiClient.ts"
import type * as GeminiConfig from "./GeminiConfig.ts"
import * as Environment from "./internal/config/environment.ts"
import * as OptionCheck from "./internal/config/optionCheck.ts"
import * as Destinations from "./internal/http/destination.ts"
import * as MemberLoad from "./internal/members/load.ts"
import * as Base from "./internal/vertex/base.ts"
import * as Check from "./internal/vertex/check.ts"
import * as ChosenApi from "./internal/vertex/chosenApi.ts"
import * as Credential from "./internal/vertex/credential.ts"
import * as Paths from "./internal/vertex/paths.ts"
import * as WaitLog from "./limits/WaitLog.ts"
import * as Members from "./Members.ts"
import type { Member } from "./members/Member.ts"
import type { ModelPool } from "./ModelPool.ts"
import type { RateLimiter } from "./RateLimiter.ts"
import * as AccessToken from "./vertex/AccessToken.ts"

/**
 * Which throughput serves a call: `dedicated` is the provisioned one alone, and a call beyond it is refused with 429;
 * `shared` leaves it to others. Left out, a call beyond the provisioned throughput goes to the shared one. It is the
 * header `X-Vertex-AI-LLM-Request-Type`, which Live sends with the upgrade of each connection.
 *
 * @category models
 * @since 0.3.0
 */
export type RequestType = "dedicated" | "shared"

/**
 * Where calls go, and who asks.
 *
 * @category options
 * @since 0.3.0
 */
export interface DestinationOptions {
  /** The project that is asked, and whose quotas are counted. Left out, `apiKey` asks in express mode. */
  readonly project?: string | undefined
  /**
   * A region (`europe-west1`), one of the multi-regions `us` and `eu`, or `global`, the default. Quotas are counted for
   * each apart.
   */
  readonly location?: string | undefined
  /** A key in place of an access token. Without a project it is that of express mode. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** Default: the host of the location, such as `https://europe-west1-aiplatform.googleapis.com`. */
  readonly baseUrl?: string | undefined
  /** Default `v1beta1`. */
  readonly apiVersion?: string | undefined
  readonly requestType?: RequestType | undefined
  /**
   * The project that pays for the calls and whose quotas of the API count, where that is not the one of the account that
   * logs in; the account needs `serviceusage.services.use` there. It is the header `x-goog-user-project`. Default: the one
   * that the login names, such as `quota_project_id` of application default credentials.
   */
  readonly quotaProject?: string | undefined
}

/**
 * Options of the client: those of every client, and those of the destination.
 *
 * @category options
 * @since 0.3.0
 */
export interface Options
  extends Omit<GeminiConfig.Options, "destination" | keyof DestinationOptions>, DestinationOptions
{}

/**
 * The options of a destination with a key, which needs no access token.
 *
 * @category options
 * @since 0.3.0
 */
export type WithKey = { readonly apiKey: Redacted.Redacted<string> }

/**
 * The first option that is not valid, if there is one; every call fails with it.
 *
 * @category getters
 * @since 0.3.0
 */
export const problem: (options: DestinationOptions) => GeminiConfig.Problem | undefined = Check.problem

/**
 * The address that a destination asks: its `baseUrl`, or the host of its location, without a path.
 *
 * ```ts
 * import * as Vertex from "effect-gemini/Vertex"
 * Vertex.addressOf({ project: "p", location: "eu" }) // => "https://aiplatform.eu.rep.googleapis.com"
 * ```
 *
 * @category getters
 * @since 0.3.0
 */
export const addressOf = ({ baseUrl, location = "global", project }: DestinationOptions): string =>
  baseUrl ?? Paths.host({ project, location })

const made = (options: DestinationOptions, credential: Credential.Credential): GeminiConfig.Destination => {
  const { apiVersion, baseUrl, location = "global", project, requestType } = options
  return Destinations.make(Base.make({
    place: { project, location },
    credential,
    baseUrl,
    apiVersion,
    headers: requestType === undefined ? {} : { [Check.requestTypeHeader]: requestType },
    problem: Check.problem(options)
  }))
}

/**
 * A destination on Vertex AI, for the option `destination` of any layer.
 *
 * ```ts
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as Vertex from "effect-gemini/Vertex"
 * import * as AccessToken from "effect-gemini/vertex/AccessToken"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * // HTTP and Live over one destination.
 * const Gemini = Vertex.destination({ project: "my-project", location: "us-central1" }).pipe(
 *   Effect.map((destination) => NodeGemini.layer({ destination, tier: "tier2" })),
 *   Layer.unwrap,
 *   Layer.provide(AccessToken.layerStatic(Redacted.make("ya29.…")))
 * )
 * ```
 *
 * @category constructors
 * @since 0.3.0
 */
export function destination(options: DestinationOptions & WithKey): Effect.Effect<GeminiConfig.Destination>
export function destination(
  options: DestinationOptions
): Effect.Effect<GeminiConfig.Destination, never, AccessToken.AccessToken>
export function destination(
  options: DestinationOptions
): Effect.Effect<GeminiConfig.Destination, never, AccessToken.AccessToken> {
  return options.apiKey === undefined
    ? AccessToken.AccessToken.useSync((token) => made(options, Credential.ofToken(token, options.quotaProject)))
    : Effect.succeed(made(options, Credential.ofKey(options.apiKey, options.quotaProject)))
}

/** The options of a client of the Gemini API, which has neither project nor location. */
const geminiOf = (
  { location: _1, project: _2, quotaProject: _3, requestType: _4, ...client }: Options
): GeminiConfig.Options => client

/** The options of a client, of which the destination takes its own. */
const clientOf = (
  { apiKey: _1, apiVersion: _2, baseUrl: _3, ...options }: Options,
  destination: GeminiConfig.Destination
): GeminiConfig.Options => ({ ...geminiOf(options), destination })

/**
 * The client on Vertex AI, over whatever HttpClient the program provides. With a key it needs no access token.
 *
 * @category layers
 * @since 0.3.0
 */
export function layer(options: Options & WithKey): Layer.Layer<Services, never, HttpClient.HttpClient>
export function layer(
  options: Options
): Layer.Layer<Services, never, HttpClient.HttpClient | AccessToken.AccessToken>
export function layer(
  options: Options
): Layer.Layer<Services, never, HttpClient.HttpClient | AccessToken.AccessToken> {
  return Layer.unwrap(
    Effect.map(destination(options), (destination) => GeminiClient.layer(clientOf(options, destination)))
  )
}

/**
 * The destination that the environment asks for, `undefined` if it asks for the Gemini API: for layers of any kind, as
 * their option `destination`. {@link layerConfig} says what is read.
 *
 * ```ts
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as Vertex from "effect-gemini/Vertex"
 * import * as VertexAuth from "effect-gemini/VertexAuth"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const Live = Vertex.fromEnvironment().pipe(
 *   Effect.map((destination) => NodeGemini.layerLiveConfig({ destination })),
 *   Layer.unwrap,
 *   Layer.provide(VertexAuth.layer())
 * )
 * ```
 *
 * @category constructors
 * @since 0.3.0
 */
export const fromEnvironment = (
  options: DestinationOptions = {}
): Effect.Effect<GeminiConfig.Destination | undefined, Config.ConfigError, AccessToken.AccessToken> =>
  Effect.flatMap(ChosenApi.options(options), (found) => found === undefined ? Effect.undefined : destination(found))

/**
 * The client of the API that the environment asks for, by the variables of Google's own SDKs: Vertex AI if
 * GOOGLE_GENAI_USE_VERTEXAI or GOOGLE_GENAI_USE_ENTERPRISE is `true` (they have one meaning) or the options name a project,
 * with GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION (default `global`), or GOOGLE_API_KEY, then GEMINI_API_KEY, in
 * express mode; and with GOOGLE_VERTEX_BASE_URL and GOOGLE_GENAI_API_VERSION. Otherwise it is the Gemini API, by the
 * variables of `FetchGemini.layerConfig`. `options` win over the environment. Half a configuration fails with the half
 * that is missing.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import { GeminiClient } from "effect-gemini/GeminiClient"
 * import * as Vertex from "effect-gemini/Vertex"
 * import * as VertexAuth from "effect-gemini/VertexAuth"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const Gemini = Vertex.layerConfig().pipe(
 *   Layer.provide([VertexAuth.layer(), FetchGemini.layerHttpClient])
 * )
 * const program = GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello" })).pipe(Effect.provide(Gemini))
 * ```
 *
 * @category layers
 * @since 0.3.0
 */
export const layerConfig = (
  { logWaits, ...options }: Options & Pick<GeminiConfig.ConfigOptions, "logWaits"> = {}
): Layer.Layer<Services, Config.ConfigError, HttpClient.HttpClient | AccessToken.AccessToken> =>
  Layer.unwrap(Effect.gen(function*() {
    const found = yield* ChosenApi.options(options)
    const given = found === undefined
      ? yield* Environment.load(geminiOf(options))
      : clientOf(options, yield* destination(found))
    const problem = OptionCheck.problem(given)
    if (problem !== undefined) return yield* ChosenApi.wrong(problem)
    return logWaits === false ? GeminiClient.layer(given) : Layer.provide(GeminiClient.layer(given), WaitLog.layer)
  }))

/**
 * A member on Vertex AI, whose `project` and `location` say where; `Members.layer` takes it beside others. Members of one
 * pool may have access tokens of their own: provide each its own.
 *
 * ```ts
 * import * as Members from "effect-gemini/Members"
 * import * as Vertex from "effect-gemini/Vertex"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const Gemini = Effect.all([
 *   Vertex.member({ name: "west", project: "my-project", location: "europe-west1" }),
 *   Vertex.member({ name: "reserved", project: "my-project", location: "us-central1", requestType: "dedicated" })
 * ]).pipe(
 *   Effect.map((regions) =>
 *     Members.layer({ members: [{ name: "key", apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") }, ...regions] })
 *   ),
 *   Layer.unwrap
 * )
 * ```
 *
 * @category constructors
 * @since 0.3.0
 */
export function member(member: Member & WithKey): Effect.Effect<Member>
export function member(member: Member): Effect.Effect<Member, never, AccessToken.AccessToken>
export function member(member: Member): Effect.Effect<Member, never, AccessToken.AccessToken> {
  const { apiKey, apiVersion, baseUrl, location, project, quotaProject, requestType } = member
  return Effect.map(
    destination({ apiKey, apiVersion, baseUrl, location, project, quotaProject, requestType }),
    (destination) => ({ ...member, api: "vertex", destination })
  )
}

/** The options whose members of Vertex AI have their destinations. */
const membersOf = (options: Members.Options): Effect.Effect<Members.Options, never, AccessToken.AccessToken> => {
  const { members } = options
  // What cannot be members is refused with the options.
  if (!Array.isArray(members) || members.every((member) => Object(member).api !== "vertex")) {
    return Effect.succeed(options)
  }
  return Effect.map(
    Effect.forEach(
      options.members,
      (given): Effect.Effect<Member, never, AccessToken.AccessToken> =>
        given.destination === undefined && given.api === "vertex" ? member(given) : Effect.succeed(given)
    ),
    (members) => ({ ...options, members })
  )
}

/**
 * The client over members of both APIs: those with `api: "vertex"` ask Vertex AI with their `project` and `location`, the
 * others the Gemini API with their keys. Quotas are counted for each project and location apart. A request with a field
 * that one API alone has goes to the members of that one.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Vertex from "effect-gemini/Vertex"
 * import * as AccessToken from "effect-gemini/vertex/AccessToken"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const Gemini = Vertex.layerMembers({
 *   members: [
 *     { name: "key", apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") },
 *     { name: "west", api: "vertex", project: "my-project", location: "europe-west1" },
 *     { name: "reserved", api: "vertex", project: "my-project", location: "us-central1", requestType: "dedicated" }
 *   ]
 * }).pipe(
 *   Layer.provide(AccessToken.layerStatic(Redacted.make("ya29.…"))),
 *   Layer.provide(FetchGemini.layerHttpClient)
 * )
 * ```
 *
 * @category layers
 * @since 0.3.0
 */
export const layerMembers = (
  options: Members.Options
): Layer.Layer<
  GeminiClient.GeminiClient | ModelPool | RateLimiter | Members.Members,
  never,
  HttpClient.HttpClient | AccessToken.AccessToken
> => Layer.unwrap(Effect.map(membersOf(options), Members.layer))

/**
 * {@link layerMembers} with the keys that members name (`apiKeyFrom`) and what every client reads from the environment,
 * for members in data, such as those of `GeminiConfig.fromToml`. Fails with the first option that is not valid.
 *
 * @category layers
 * @since 0.3.0
 */
export const layerMembersConfig = (
  { logWaits, ...options }: Members.Options & Pick<GeminiConfig.ConfigOptions, "logWaits">
): Layer.Layer<
  GeminiClient.GeminiClient | ModelPool | RateLimiter | Members.Members,
  Config.ConfigError,
  HttpClient.HttpClient | AccessToken.AccessToken
> =>
  Layer.unwrap(
    Effect.map(
      MemberLoad.load(options, membersOf),
      (loaded) => logWaits === false ? Members.layer(loaded) : Layer.provide(Members.layer(loaded), WaitLog.layer)
    )
  )

/**
 * What a call of its own says of its throughput, to be spread into the options of that call; it wins over the
 * destination's.
 *
 * ```ts
 * import { GeminiClient } from "effect-gemini/GeminiClient"
 * import * as Vertex from "effect-gemini/Vertex"
 *
 * const program = GeminiClient.use((gemini) =>
 *   gemini.generate({ contents: "Say hello" }, { ...Vertex.requestType("shared"), priority: "batch" })
 * )
 * ```
 *
 * @category options
 * @since 0.3.0
 */
export const requestType = (type: RequestType): Required<Pick<CallOptions, "headers">> => ({
  headers: { [Check.requestTypeHeader]: type }
})
