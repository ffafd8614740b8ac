import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Gemini from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as AuthTokens from "effect-gemini/live/AuthTokens"
import * as Members from "effect-gemini/Members"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as LiveServer from "../live/liveServer.ts"
import * as RawServer from "./rawServer.ts"

const apiKey = Redacted.make("key-of-the-test")
const model = "gemini-3.8-flash"

interface Where {
  /** What stands behind the server's address in `baseUrl`. */
  readonly path: string
  readonly apiVersion?: string
  /** Where paths of REST calls begin. */
  readonly rest: string
  /** Where Live is dialled. */
  readonly live: string
  /** Where tokens are made. */
  readonly tokens?: string
}

const service = (version: string, prefix = "") =>
  `${prefix}/ws/google.ai.generativelanguage.${version}.GenerativeService.`

const table: ReadonlyArray<Where> = [
  { path: "", rest: "/v1beta", live: service("v1beta"), tokens: "/v1alpha" },
  { path: "/", rest: "/v1beta", live: service("v1beta"), tokens: "/v1alpha" },
  { path: "", apiVersion: "v1", rest: "/v1", live: service("v1"), tokens: "/v1" },
  { path: "/v1beta", rest: "/v1beta", live: service("v1beta"), tokens: "/v1alpha" },
  { path: "/v1beta/", rest: "/v1beta", live: service("v1beta"), tokens: "/v1alpha" },
  { path: "/v1", rest: "/v1", live: service("v1"), tokens: "/v1alpha" },
  { path: "/v1alpha", rest: "/v1alpha", live: service("v1alpha"), tokens: "/v1alpha" },
  { path: "/v2beta3", rest: "/v2beta3", live: service("v2beta3"), tokens: "/v1alpha" },
  { path: "/v1", apiVersion: "v1", rest: "/v1", live: service("v1"), tokens: "/v1" },
  { path: "/gemini", rest: "/gemini/v1beta", live: service("v1beta", "/gemini"), tokens: "/gemini/v1alpha" },
  { path: "/gemini/v1beta//", rest: "/gemini/v1beta", live: service("v1beta", "/gemini"), tokens: "/gemini/v1alpha" },
  // A gateway whose own path has a version in it, but not at its end.
  { path: "/v1/account/google", rest: "/v1/account/google/v1beta", live: service("v1beta", "/v1/account/google") },
  {
    path: "/v1/account/google",
    apiVersion: "v1",
    rest: "/v1/account/google/v1",
    live: service("v1", "/v1/account/google")
  },
  // No version at all, and a path that is sent as it stands. A Live address cannot go without one.
  { path: "/gemini", apiVersion: "", rest: "/gemini", live: service("v1beta", "/gemini"), tokens: "/gemini" },
  { path: "/v1/v1beta", apiVersion: "", rest: "/v1/v1beta", live: service("v1beta", "/v1/v1beta") },
  // These are no versions.
  { path: "/v", rest: "/v/v1beta", live: service("v1beta", "/v") },
  { path: "/v1-proxy", rest: "/v1-proxy/v1beta", live: service("v1beta", "/v1-proxy") },
  { path: "/prev1", rest: "/prev1/v1beta", live: service("v1beta", "/prev1") }
]

const named = ({ apiVersion, path }: Where) =>
  `${JSON.stringify(path)} with apiVersion ${apiVersion === undefined ? "left out" : JSON.stringify(apiVersion)}`

const versionOf = ({ apiVersion }: Where) => apiVersion === undefined ? {} : { apiVersion }

const answering = RawServer.listen((request, response) => {
  const { pathname } = new URL(request.url ?? "", "http://localhost")
  if (pathname.endsWith("streamGenerateContent")) {
    response.writeHead(200, { "content-type": "text/event-stream" })
    return response.end(RawServer.event(RawServer.answer("ok", "STOP")))
  }
  return RawServer.json(
    response,
    pathname.endsWith("/models")
      ? { models: [{ name: `models/${model}` }] }
      : pathname.endsWith("/auth_tokens")
      ? { name: "auth_tokens/t" }
      : RawServer.answer("ok", "STOP")
  )
})

const calls = Gemini.GeminiClient.use((gemini) =>
  Effect.all([
    gemini.generate({ contents: "hi" }),
    Stream.runDrain(gemini.generateStream({ contents: "hi" })),
    Stream.runDrain(gemini.listModels())
  ])
)

const expected = ({ rest }: Where) => [
  `${rest}/models/${model}:generateContent`,
  `${rest}/models/${model}:streamGenerateContent?alt=sse`,
  `${rest}/models`
]

describe("the version of the API stands in a path once", () => {
  for (const where of table) {
    it.live(`a base URL that ends in ${named(where)}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* answering
        const options = { apiKey, baseUrl: `${server.url}${where.path}`, ...versionOf(where) }
        yield* Effect.provide(calls, FetchGemini.layer(options))
        assert.deepStrictEqual(server.requests.map(({ url }) => url), expected(where))

        // A member has an address of its own.
        const members = Members.layer({ members: [{ name: "only", ...options }] })
        yield* Effect.provide(calls, Layer.provide(members, FetchHttpClient.layer))
        assert.deepStrictEqual(server.requests.slice(3).map(({ url }) => url), expected(where))

        yield* Effect.provide(AuthTokens.AuthTokens.use((tokens) => tokens.create()), AuthTokens.layerFetch(options))
        const tokens = where.tokens ?? (where.apiVersion === undefined ? `${where.path}/v1alpha` : where.rest)
        assert.strictEqual(server.requests.at(-1)?.url, `${tokens}/auth_tokens`)
      })))

    it.live(`Live at a base URL that ends in ${named(where)}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const urls: Array<string | undefined> = []
        const server = yield* LiveServer.listen({
          message: () => undefined,
          verify: ({ url }) => {
            urls.push(url)
            return 404
          }
        })
        const dial = (apiKey: Redacted.Redacted<string>) =>
          Effect.exit(Effect.scoped(Effect.provide(
            GeminiLive.GeminiLive.use((live) => live.connect()),
            NodeGemini.layerLive({ apiKey, baseUrl: `${server.url}${where.path}`, ...versionOf(where) })
          )))
        yield* dial(apiKey)
        yield* dial(Redacted.make("auth_tokens/t"))
        const token = where.apiVersion ? where.live : where.live.replace(/v\d+\w*(?=\.GenerativeService)/, "v1alpha")
        assert.deepStrictEqual(urls, [
          `${where.live}BidiGenerateContent`,
          `${token}BidiGenerateContentConstrained?access_token=auth_tokens/t`
        ])
      })))
  }

  it.live("two versions in one place are refused, and nothing is sent", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* answering
      const options = { apiKey, baseUrl: `${server.url}/v1`, apiVersion: "v1beta" }
      const error = yield* Effect.flip(Effect.provide(calls, FetchGemini.layer(options)))
      assert.include(error.message, "baseUrl: ends in the version v1, but apiVersion is v1beta")
      const live = yield* Effect.flip(Effect.scoped(Effect.provide(
        GeminiLive.GeminiLive.use((live) => live.connect()),
        NodeGemini.layerLive(options)
      )))
      assert.include(live.message, "baseUrl")
      const token = yield* Effect.flip(Effect.provide(
        AuthTokens.AuthTokens.use((tokens) => tokens.create()),
        AuthTokens.layerFetch(options)
      ))
      assert.include(token.message, "baseUrl")
      assert.deepStrictEqual(server.requests, [])
    })))
})
