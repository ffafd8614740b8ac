/**
 * Vertex AI as the server of a command, by the variables of Google's own SDKs. It is loaded only where they ask for it:
 * the library that logs in takes as long to load as the rest of a command.
 */
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import type * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** Where calls go, and the variables that say so. */
export interface VertexPlace {
  /** The variable that asks for Vertex AI. */
  readonly flag: string
  /** The project; without one a key asks in express mode. */
  readonly project: string | undefined
  readonly location: string
  readonly isLocationSet: boolean
  /** The address that stands in place of the location's host, as it may be seen by others. */
  readonly address: string | undefined
  /** The variable with the key of express mode. */
  readonly keyVariable: string
}

/** Vertex AI as the environment says it. */
export interface VertexServer {
  /** What a person reads of it. */
  readonly says: string
  /** What tells its quotas from those of others. It holds no secret. */
  readonly id: string
  readonly isGoogle: boolean
  /** What a person has set, and by which variables. */
  readonly place: VertexPlace
  /** The address that is asked. It may hold a secret. */
  readonly baseUrl: string
  /**
   * A client there, or at the `baseUrl` of its options, where a cassette records. Clients that are built together share
   * their access token.
   */
  readonly client: VertexClient
  /** A client of the cassette at the `baseUrl` of its options, which asks nobody else and logs in nowhere. */
  readonly played: VertexClient
}

type VertexClient = <A>(
  options: GeminiConfig.Options,
  make: (options: GeminiConfig.Options) => Layer.Layer<A>
) => Layer.Layer<A>

const text = (name: string): Config.Config<string | undefined> =>
  Config.map(Config.option(Config.String(name)), (value) => Option.getOrUndefined(value) || undefined)

const variables = Config.all({
  enterprise: text("GOOGLE_GENAI_USE_ENTERPRISE"),
  vertex: text("GOOGLE_GENAI_USE_VERTEXAI"),
  project: text("GOOGLE_CLOUD_PROJECT"),
  location: text("GOOGLE_CLOUD_LOCATION"),
  key: text("GOOGLE_API_KEY"),
  baseUrl: text("GOOGLE_VERTEX_BASE_URL")
})

/** Vertex AI, if the environment asks for it. Half a configuration fails, with the half that is missing. */
export const chosen: Effect.Effect<VertexServer | undefined, Config.ConfigError> = Effect.gen(function*() {
  const { baseUrl, enterprise, key, location: given, project, vertex } = yield* variables
  const location = given ?? "global"
  if (enterprise === undefined && vertex === undefined) return undefined
  const [Vertex, VertexAuth, { layerStatic }, { shownUrl }] = yield* Effect.promise(() =>
    Promise.all([
      import("effect-gemini/Vertex"),
      import("effect-gemini/VertexAuth"),
      import("effect-gemini/vertex/AccessToken"),
      import("effect-gemini/GeminiConfig")
    ])
  )
  const found = yield* Vertex.fromEnvironment().pipe(
    // Whether the environment is whole is told without logging in.
    Effect.provide(layerStatic(Redacted.make("unused")))
  )
  if (found === undefined) return undefined
  const auth = VertexAuth.layer()
  const over = (auth: Layer.Layer<AccessToken.AccessToken>): VertexClient => (options, make) =>
    Layer.unwrap(
      Effect.map(
        Vertex.fromEnvironment({ baseUrl: options.baseUrl }),
        (destination) => make({ ...options, destination })
      )
    ).pipe(
      Layer.provide(auth),
      // It has been read above.
      Layer.orDie
    )
  const isExpress = project === undefined
  const where = isExpress ? "in express mode" : `project ${project} in ${location}`
  const who = isExpress ? "the API key of the environment" : "your Google Cloud credentials"
  const address = baseUrl === undefined ? undefined : shownUrl(baseUrl) ?? "an address"
  const at = address === undefined ? "" : ` at ${address}`
  const bills = baseUrl === undefined ? `; Google may bill ${isExpress ? "this key" : "this project"}` : ""
  return {
    says: `server: Vertex AI${at}, ${where}, with ${who}${bills}`,
    id: `vertex ${baseUrl ?? ""} ${project ?? ""} ${location}`,
    isGoogle: baseUrl === undefined,
    baseUrl: Vertex.addressOf({ project, location, baseUrl }),
    place: {
      flag: enterprise === undefined ? "GOOGLE_GENAI_USE_VERTEXAI" : "GOOGLE_GENAI_USE_ENTERPRISE",
      project,
      location,
      isLocationSet: given !== undefined,
      address,
      keyVariable: key === undefined ? "GEMINI_API_KEY" : "GOOGLE_API_KEY"
    },
    client: over(auth),
    played: over(layerStatic(Redacted.make("emulator")))
  }
})
