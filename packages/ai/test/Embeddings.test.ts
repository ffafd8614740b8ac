import { assert, describe, it } from "@effect/vitest"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as RequestResolver from "effect/RequestResolver"
import { bodies, client, type Json, list, record } from "./scripted.ts"

const layer = GeminiEmbeddingModel.layer({ model: "gemini-embedding-001" })
const services = layer.pipe(Layer.provideMerge(client()), Layer.orDie)

const text = (request: Json): unknown => list(record(request["content"])["parts"])[0]?.["text"]

/** The batches that went out: texts and settings of each. */
const batches = Effect.map(bodies, (all) =>
  all.map((body) => {
    const requests = list(body["requests"])
    const { model, outputDimensionality, taskType, title } = requests[0] ?? {}
    return { texts: requests.map(text), settings: { model, outputDimensionality, taskType, title } }
  }))

type Setting = [name: string, with_: (self: Effect.Effect<unknown, unknown>) => Effect.Effect<unknown, unknown>]

const override = GeminiEmbeddingModel.withConfigOverride

describe("concurrent embeddings", () => {
  const settings: ReadonlyArray<Setting> = [
    ["task type", override({ taskType: "RETRIEVAL_QUERY" })],
    ["another task type", override({ taskType: "RETRIEVAL_DOCUMENT" })],
    ["title", override({ taskType: "RETRIEVAL_DOCUMENT", title: "a title" })],
    ["model", override({ model: "gemini-embedding-2" })],
    ["dimensions", override({ dimensions: 64 })],
    ["headers", override({ call: { headers: { "x-a": "1" } } })],
    ["member", MemberCall.set({ member: "us" })],
    ["caller", MemberCall.set({ caller: "tenant-b" })],
    ["fetch options", Effect.provideService(FetchHttpClient.RequestInit, { cache: "no-store" })]
  ]

  it.effect.each(settings)("share no request if they differ in %s", ([, set]) =>
    Effect.gen(function*() {
      const embedding = yield* EmbeddingModel.EmbeddingModel
      yield* Effect.all([embedding.embed("plain"), set(embedding.embed("set")), embedding.embed("plain too")], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual((yield* batches).map(({ texts }) => texts), [["plain", "plain too"], ["set"]])
    }).pipe(Effect.provide(services)))

  it.effect("each has its own settings", () =>
    Effect.gen(function*() {
      const embedding = yield* EmbeddingModel.EmbeddingModel
      const [query, document] = yield* Effect.all([
        embedding.embed("a query").pipe(override({ taskType: "RETRIEVAL_QUERY", dimensions: 8 })),
        embedding.embed("a document").pipe(override({ taskType: "RETRIEVAL_DOCUMENT", model: "gemini-embedding-2" }))
      ], { concurrency: "unbounded" })
      assert.lengthOf(query.vector, 8)
      assert.notStrictEqual(document.vector.length, 8)
      assert.deepStrictEqual((yield* batches).map((batch) => batch.settings), [
        {
          model: "models/gemini-embedding-001",
          outputDimensionality: 8,
          taskType: "RETRIEVAL_QUERY",
          title: undefined
        },
        {
          model: "models/gemini-embedding-2",
          outputDimensionality: undefined,
          taskType: "RETRIEVAL_DOCUMENT",
          title: undefined
        }
      ])
    }).pipe(Effect.provide(services)))

  it.effect("go to the member that each of them asks for", () => {
    const seen: Array<MemberCall.MemberCall> = []
    const spy = Layer.effect(
      GeminiClient.GeminiClient,
      Effect.map(GeminiClient.GeminiClient, (real) =>
        GeminiClient.GeminiClient.of({
          ...real,
          embed: (request, options) =>
            Effect.flatMap(MemberCall.Call, (asked) => {
              seen.push(asked)
              return real.embed(request, options)
            })
        }))
    ).pipe(Layer.provide(client()))
    return Effect.gen(function*() {
      const embedding = yield* EmbeddingModel.EmbeddingModel
      yield* Effect.all([
        embedding.embed("a").pipe(MemberCall.set({ caller: "tenant-a", member: "eu" })),
        embedding.embed("b").pipe(MemberCall.set({ caller: "tenant-b", member: "us" }))
      ], { concurrency: "unbounded" })
      assert.deepStrictEqual(seen, [{ caller: "tenant-a", member: "eu" }, { caller: "tenant-b", member: "us" }])
    }).pipe(Effect.provide(layer.pipe(Layer.provide(spy))))
  })

  it.effect("with equal settings they share requests of a hundred, in order, also under overrides of their own", () =>
    Effect.gen(function*() {
      const embedding = yield* EmbeddingModel.EmbeddingModel
      const texts = Array.from({ length: 250 }, (_, i) => `text ${i}`)
      const together = yield* Effect.forEach(
        texts,
        (input) => embedding.embed(input).pipe(override({ taskType: "CLUSTERING", dimensions: 4 })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual((yield* batches).map((batch) => batch.texts.length), [100, 100, 50])
      assert.deepStrictEqual((yield* batches).flatMap((batch) => batch.texts), texts)
      const many = yield* embedding.embedMany(texts).pipe(override({ taskType: "CLUSTERING", dimensions: 4 }))
      assert.deepStrictEqual(together.map(({ vector }) => vector), many.embeddings.map(({ vector }) => vector))
    }).pipe(Effect.provide(services)))

  it.effect("a request that fails fails its own callers only", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue({ error: { code: 400 } })
      const embedding = yield* EmbeddingModel.EmbeddingModel
      const ends = yield* Effect.forEach(
        Array.from({ length: 150 }, (_, i) => `text ${i}`),
        (input) => Effect.map(Effect.result(embedding.embed(input)), ({ _tag }) => _tag),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([...new Set(ends.slice(0, 100))], ["Failure"])
      assert.deepStrictEqual([...new Set(ends.slice(100))], ["Success"])
    }).pipe(Effect.provide(services)))

  it.effect("a cache on the resolver answers a text that was embedded, and still parts settings", () =>
    Effect.gen(function*() {
      const embedding = yield* EmbeddingModel.EmbeddingModel
      const resolver = yield* RequestResolver.withCache(embedding.resolver, { capacity: 10 })
      const embed = (input: string) => Effect.request(new EmbeddingModel.EmbeddingRequest({ input }), resolver)
      yield* embed("a")
      yield* embed("a")
      yield* Effect.all([embed("b"), embed("c").pipe(override({ taskType: "CLUSTERING" }))], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual((yield* batches).map(({ texts }) => texts), [["a"], ["b"], ["c"]])
    }).pipe(Effect.provide(services)))
})

describe("the length of vectors", () => {
  it.effect("is a setting of the model and of one call", () =>
    Effect.gen(function*() {
      const embedding = yield* EmbeddingModel.EmbeddingModel
      assert.lengthOf((yield* embedding.embed("a")).vector, 16)
      assert.lengthOf((yield* embedding.embed("a").pipe(override({ dimensions: 32 }))).vector, 32)
      assert.strictEqual(yield* EmbeddingModel.Dimensions, 16)
    }).pipe(
      Effect.provide(
        GeminiEmbeddingModel.model("gemini-embedding-001", { dimensions: 16 }).pipe(Layer.provide(client()))
      )
    ))
})
