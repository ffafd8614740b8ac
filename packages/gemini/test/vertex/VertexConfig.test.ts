/** The client that the environment asks for: the same program on either API. */
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Server from "./vertexServer.ts"

const asked = Effect.fnUntraced(function*(variables: Record<string, string>, options: Vertex.Options = {}) {
  const server = yield* Server.listen(() => ({ body: Server.hello }))
  const environment = { GEMINI_BASE_URL: server.url, GOOGLE_VERTEX_BASE_URL: server.url, ...variables }
  const client = Vertex.layerConfig(options).pipe(
    Layer.provide([AccessToken.layerStatic(Redacted.make("a-token")), FetchGemini.layerHttpClient]),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(environment)))
  )
  yield* GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello" })).pipe(Effect.provide(client))
  const [one] = server.asked
  return { path: one?.path, authorization: one?.headers["authorization"], key: one?.headers["x-goog-api-key"] }
}, Effect.scoped)

describe("Vertex.layerConfig", () => {
  it.live("asks Vertex AI by the flag and the project, in `global` where no location is named", () =>
    Effect.gen(function*() {
      const one = yield* asked({ GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_CLOUD_PROJECT: "p", GEMINI_API_KEY: "k" })
      assert.deepStrictEqual(one, {
        path: "/v1beta1/projects/p/locations/global/publishers/google/models/gemini-3.8-flash:generateContent",
        authorization: "Bearer a-token",
        key: undefined
      })
    }))

  it.live("asks the Gemini API with the key where no flag is set, whatever project other tools use", () =>
    Effect.gen(function*() {
      const one = yield* asked({ GOOGLE_CLOUD_PROJECT: "p", GEMINI_API_KEY: "k" })
      assert.deepStrictEqual(one, {
        path: "/v1beta/models/gemini-3.8-flash:generateContent",
        authorization: undefined,
        key: "k"
      })
    }))

  it.live("takes options in code before the environment", () =>
    Effect.gen(function*() {
      const environment = { GOOGLE_CLOUD_PROJECT: "p", GOOGLE_CLOUD_LOCATION: "eu", GEMINI_API_KEY: "k" }
      const one = yield* asked(environment, { project: "mine", apiVersion: "v1", defaultModel: "gemini-3.8-pro" })
      assert.strictEqual(
        one.path,
        "/v1/projects/mine/locations/eu/publishers/google/models/gemini-3.8-pro:generateContent"
      )
    }))

  it.live("fails when it is built with the half that is missing, and with what cannot be meant", () =>
    Effect.gen(function*() {
      const half = yield* Effect.flip(asked({ GOOGLE_GENAI_USE_ENTERPRISE: "true" }))
      assert.include(String(half), "set GOOGLE_CLOUD_PROJECT")
      const wrong = yield* Effect.flip(asked({ GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_CLOUD_PROJECT: "a/b" }))
      assert.include(String(wrong), "GOOGLE_CLOUD_PROJECT: expected the id of a project")
      const unknown = yield* Effect.flip(asked({ GEMINI_API_KEY: "k" }, { retry: { attempts: 0 } }))
      assert.include(String(unknown), "retry.attempts")
    }))
})
