/**
 * Vertex AI as the server of a command, by the variables of Google's own SDKs. It is loaded only where they ask for it:
 * the library that logs in takes as long to load as the rest of a command.
 */
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** Vertex AI as the environment says it. */
export interface VertexServer {
  /** What a person reads of it. */
  readonly says: string
  /** What tells its quotas from those of others. It holds no secret. */
  readonly id: string
  readonly isGoogle: boolean
  /** A client there. Clients that are built together share their access token. */
  readonly client: <A>(
    options: GeminiConfig.Options,
    make: (options: GeminiConfig.Options) => Layer.Layer<A>
  ) => Layer.Layer<A>
}

const text = (name: string): Config.Config<string | undefined> =>
  Config.map(Config.option(Config.String(name)), (value) => Option.getOrUndefined(value) || undefined)

const variables = Config.all({
  enterprise: text("GOOGLE_GENAI_USE_ENTERPRISE"),
  vertex: text("GOOGLE_GENAI_USE_VERTEXAI"),
  project: text("GOOGLE_CLOUD_PROJECT"),
  location: text("GOOGLE_CLOUD_LOCATION"),
  baseUrl: text("GOOGLE_VERTEX_BASE_URL")
})

/** Vertex AI, if the environment asks for it. Half a configuration fails, with the half that is missing. */
export const chosen: Effect.Effect<VertexServer | undefined, Config.ConfigError> = Effect.gen(function*() {
  const { baseUrl, enterprise, location = "global", project, vertex } = yield* variables
  if (enterprise === undefined && vertex === undefined) return undefined
  const [Vertex, VertexAuth, AccessToken, { shownUrl }] = yield* Effect.promise(() =>
    Promise.all([
      import("effect-gemini/Vertex"),
      import("effect-gemini/VertexAuth"),
      import("effect-gemini/vertex/AccessToken"),
      import("effect-gemini/GeminiConfig")
    ])
  )
  const found = yield* Vertex.fromEnvironment().pipe(
    // Whether the environment is whole is told without logging in.
    Effect.provide(AccessToken.layerStatic(Redacted.make("unused")))
  )
  if (found === undefined) return undefined
  const auth = VertexAuth.layer()
  const isExpress = project === undefined
  const where = isExpress ? "in express mode" : `project ${project} in ${location}`
  const who = isExpress ? "the API key of the environment" : "your Google Cloud credentials"
  const at = baseUrl === undefined ? "" : ` at ${shownUrl(baseUrl) ?? "an address"}`
  const bills = baseUrl === undefined ? `; Google may bill ${isExpress ? "this key" : "this project"}` : ""
  return {
    says: `server: Vertex AI${at}, ${where}, with ${who}${bills}`,
    id: `vertex ${baseUrl ?? ""} ${project ?? ""} ${location}`,
    isGoogle: baseUrl === undefined,
    client: (options, make) =>
      Layer.unwrap(Effect.map(Vertex.fromEnvironment(), (destination) => make({ ...options, destination }))).pipe(
        Layer.provide(auth),
        // It has been read above.
        Layer.orDie
      )
  }
})
