import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Members from "effect-gemini/Members"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const file = `
[providers.gemini]
default_tier = "tier1"

[providers.gemini.tiers.ours]
extends = "tier2"

[providers.gemini.members.search]
api_key_from = "SEARCH_KEY"
project = "search"
location = "europe-west4"
base_url = "https://europe.example"
tier = "ours"
weight = 2

[providers.gemini.members.batch]
api_key_from = "BATCH_KEY"

[providers.gemini.fallback_models]
"gemini-3.8-flash" = ["models/gemini-2.5-flash"]
`

const refusal = (text: string) =>
  Effect.map(Effect.flip(GeminiConfig.fromToml(text, "gemini.toml")), (error) => error.message)

describe("members in a configuration file", () => {
  it.effect("have their names, places and tiers, and name the variables of their keys", () =>
    Effect.gen(function*() {
      const { fallbackModels, members = [], tiers } = yield* GeminiConfig.fromToml(file, "gemini.toml")
      const [search, batch] = members
      assert.deepStrictEqual(search, {
        name: "search",
        apiKeyFrom: "SEARCH_KEY",
        project: "search",
        location: "europe-west4",
        baseUrl: "https://europe.example",
        ...(tiers["ours"] === undefined ? {} : { tier: tiers["ours"] }),
        weight: 2
      })
      assert.deepStrictEqual(batch, { name: "batch", apiKeyFrom: "BATCH_KEY" })
      assert.deepStrictEqual(fallbackModels, { "gemini-3.8-flash": ["gemini-2.5-flash"] })
    }))

  it.effect("that are wrong are refused with file, line and key", () =>
    Effect.gen(function*() {
      const text = yield* refusal(`[providers.gemini]
[providers.gemini.members.search]
api_key = "secret"
tier = "tier9"
weight = 0
location = 4
[providers.gemini.fallback_models]
"gemini-3.8-flash" = "gemini-2.5-flash"
`)
      assert.include(text, "gemini.toml:3: providers.gemini.members.search.api_key: no setting has this name")
      assert.include(text, "gemini.toml:4: providers.gemini.members.search.tier: no tier is called \"tier9\"")
      assert.include(text, "gemini.toml:5: providers.gemini.members.search.weight: expected a number above 0")
      assert.include(text, "gemini.toml:6: providers.gemini.members.search.location: expected a string")
      assert.include(text, "gemini.toml:8: providers.gemini.fallback_models.\"gemini-3.8-flash\": expected a list")
      assert.notInclude(text, "secret")
    }))
})

describe("layerConfig", () => {
  const members: ReadonlyArray<Members.Member> = [
    { name: "search", apiKeyFrom: "SEARCH_KEY" },
    { name: "own", apiKey: Redacted.make("own-key") },
    { name: "common" }
  ]
  const client = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make(() => Effect.die("nothing is to be sent"))
  )
  const build = (options: Members.Options, environment: Record<string, string>) =>
    Effect.scoped(Layer.build(Members.layerConfig(options))).pipe(
      Effect.provide([client, ConfigProvider.layer(ConfigProvider.fromUnknown(environment))])
    )

  it.effect("reads the keys that members name", () =>
    build({ members }, { SEARCH_KEY: "search-key", GEMINI_API_KEY: "common-key" }))

  it.effect("fails with the place where one is not set, or an option cannot be meant", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(build({ members }, {}))
      assert.include(missing.message, "members[0].apiKeyFrom: SEARCH_KEY is not set")
      const wrong = yield* Effect.flip(build({ members: [{ name: "a", weight: -1 }] }, {}))
      assert.include(wrong.message, "members[0].weight: expected a number above 0")
    }))

  it.effect("is what reads them: layer says so instead of sending without a key", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const error = yield* Effect.flip(gemini.generate({ contents: "Hi" }))
      assert.include(error.message, "members[0].apiKeyFrom: is read by Members.layerConfig alone")
    }).pipe(Effect.provide(Layer.provide(Members.layer({ members }), client))))
})
