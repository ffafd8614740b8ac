/** Programs take Vertex AI by a layer alone: the provider, agents, narratives, caches and resources, over sockets. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Caches from "effect-gemini/caches/Caches"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Files from "effect-gemini/files/Files"
import { GeminiClient } from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as ComputeTokens from "effect-gemini/vertex/ComputeTokens"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const model = "gemini-3.8-flash"
const options = { project: "my-project", location: "europe-west4", tier: "tier3" } as const

const tokens = AccessToken.layerStatic(Redacted.make("ya29.good"))

const server = (given: Emulator.Options = {}) =>
  Emulator.layerServer({ vertex: { tokens: { valid: ["ya29.good"] } }, ...given })

const gemini = Layer.unwrap(Effect.map(Emulator.Emulator, ({ url }) => Vertex.layer({ ...options, baseUrl: url })))
  .pipe(
    Layer.provide(tokens),
    Layer.provide(FetchGemini.layerHttpClient)
  )

/** The destination, for layers that take it in their options. */
const over = <A, E, R>(layer: (options: GeminiConfig.Options) => Layer.Layer<A, E, R>) =>
  Layer.unwrap(Effect.gen(function*() {
    const { url } = yield* Emulator.Emulator
    return layer({ tier: "tier3", destination: yield* Vertex.destination({ ...options, baseUrl: url }) })
  })).pipe(Layer.provide(tokens))

/** Every request that the emulator saw went to the project and location. */
const allAtHome = Effect.gen(function*() {
  const requests = yield* (yield* Emulator.Emulator).requests
  assert.isAbove(requests.length, 0)
  assert.deepStrictEqual([...new Set(requests.map(({ project, region }) => `${project}/${region}`))], [
    "my-project/europe-west4"
  ])
})

describe("programs on Vertex AI", () => {
  it.live("the provider of effect/ai answers, streams and embeds", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* LanguageModel.generateText({ prompt: "Say hello" })).text, "Hello")
      const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "Say hello" }))
      assert.isTrue(parts.some((part) => part.type === "text-delta"))
      const { embeddings } = yield* EmbeddingModel.EmbeddingModel.use((model) => model.embedMany(["A cat", "A dog"]))
      assert.strictEqual(embeddings.length, 2)
      yield* allAtHome
    }).pipe(
      Effect.provide(
        Layer.merge(
          GeminiLanguageModel.layer({ model }),
          GeminiEmbeddingModel.layer({ model: "gemini-embedding-001" })
        ).pipe(Layer.provide(gemini), Layer.provideMerge(server({ answers: ["Hello", "Hello"] })))
      )
    ))

  it.live("an agent answers, and a narrative plays its acts", () =>
    Effect.gen(function*() {
      const clerk = Agent.make({ name: "clerk", instructions: "You greet." })
      assert.strictEqual((yield* Agent.run(clerk, "Say hello")).text, "Hello")
      const story = yield* Narrative.parse(`title = "Two acts"
model = "${model}"
[[acts]]
name = "draft"
prompt = "Write a line."
[[acts]]
name = "final"
prompt = "Better: {{draft}}"
`)
      assert.strictEqual((yield* Narrative.execute(story)).acts.length, 2)
      yield* allAtHome
    }).pipe(
      Effect.provide(
        GeminiLanguageModel.layer({ model }).pipe(
          Layer.provideMerge(gemini),
          Layer.provideMerge(server({ answers: ["Hello", "One", "Two"] }))
        )
      )
    ))

  it.live("caches are made, read and used there; files are refused with the way to go", () =>
    Effect.gen(function*() {
      const caches = yield* Caches.Caches
      const { cache: made } = yield* caches.create({ model, contents: "word ".repeat(8_000), ttl: "10 minutes" })
      assert.match(made.name ?? "", /cachedContents\//)
      const answer = yield* GeminiClient.use((gemini) =>
        gemini.generate({ model, contents: "Say hello", cachedContent: made.name ?? "" })
      )
      assert.isAbove(answer.usage?.cachedTokens ?? 0, 4_096)
      const refused = yield* Effect.flip(Files.Files.use((files) => files.get("files/abc")))
      assert.strictEqual(refused.reason._tag, "Unsupported")
      assert.include(refused.message, "gs://")
      yield* allAtHome
    }).pipe(
      Effect.provide(
        Layer.merge(Caches.layer, Files.layer()).pipe(
          Layer.provide(
            over(ResourceHttp.layer).pipe(Layer.provide(FetchGemini.layerHttpClient))
          ),
          Layer.merge(gemini),
          Layer.provideMerge(server())
        )
      )
    ))

  it.live("the tokens of a prompt are computed, which the Gemini API refuses before anything is sent", () =>
    Effect.gen(function*() {
      const ask = ComputeTokens.computeTokens({ model, contents: "Hello" })
      const { tokensInfo } = yield* Effect.provide(ask, gemini)
      assert.strictEqual(tokensInfo?.[0]?.tokens?.map((token) => atob(token)).join(""), "Hello")
      const { requests, url } = yield* Emulator.Emulator
      const sent = (yield* requests).length
      const refused = yield* Effect.flip(ask).pipe(
        Effect.provide(FetchGemini.layer({ apiKey: Redacted.make("key"), baseUrl: url }))
      )
      assert.strictEqual(refused.reason._tag, "Unsupported")
      assert.strictEqual((yield* requests).length, sent)
    }).pipe(Effect.provide(server())))
})
