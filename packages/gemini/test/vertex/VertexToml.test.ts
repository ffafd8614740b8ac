/** Members of Vertex AI beside those of the Gemini API in a configuration file. */
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Server from "./vertexServer.ts"

const file = (url: string) => `
[providers.gemini]
default_tier = "tier3"

[providers.gemini.members.reserved]
api = "vertex"
request_type = "dedicated"
project = "a-project"
quota_project = "payer"
location = "europe-west1"
base_url = "${url}"

[providers.gemini.members.key]
api_key_from = "OUR_KEY"
base_url = "${url}"
`

describe("members of Vertex AI in a configuration file", () => {
  it.live("ask Vertex AI with the access token, and the others the Gemini API with their keys", () =>
    Effect.gen(function*() {
      const server = yield* Server.listen(() => ({ body: Server.hello }))
      const { members = [], tier } = yield* GeminiConfig.fromToml(file(server.url), "gemini.toml")
      const client = Vertex.layerMembersConfig({ members, tier }).pipe(
        Layer.provide([AccessToken.layerStatic(Redacted.make("a-token")), FetchGemini.layerHttpClient]),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ OUR_KEY: "our-key" })))
      )
      yield* GeminiClient.use((gemini) =>
        Effect.forEach(["reserved", "key"], (member) => MemberCall.set({ member })(gemini.generate({ contents: "Hi" })))
      ).pipe(Effect.provide(client))
      const [reserved, key] = server.asked
      assert.match(reserved?.path ?? "", /^\/v1beta1\/projects\/a-project\/locations\/europe-west1\//)
      assert.strictEqual(reserved?.headers["authorization"], "Bearer a-token")
      assert.strictEqual(reserved?.headers["x-vertex-ai-llm-request-type"], "dedicated")
      assert.strictEqual(reserved?.headers["x-goog-user-project"], "payer")
      assert.isUndefined(key?.headers["x-goog-user-project"])
      assert.match(key?.path ?? "", /^\/v1beta\/models\//)
      assert.strictEqual(key?.headers["x-goog-api-key"], "our-key")
    }).pipe(Effect.scoped))

  it.effect("are refused with file, line and key where they cannot be meant", () =>
    Effect.gen(function*() {
      const text = "[providers.gemini.members.a]\napi = \"vertexai\"\nrequest_type = 1\n"
      const { message } = yield* Effect.flip(GeminiConfig.fromToml(text, "gemini.toml"))
      assert.include(
        message,
        "gemini.toml:2: providers.gemini.members.a.api: expected \"gemini\" or \"vertex\", got \"vertexai\""
      )
      assert.include(
        message,
        "gemini.toml:3: providers.gemini.members.a.request_type: expected \"dedicated\" or \"shared\""
      )
    }))
})
