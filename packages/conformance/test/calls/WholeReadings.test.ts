/** What a server leaves out, fuses or repeats must not be read as something else. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as RawServer from "./rawServer.ts"

const model = "gemini-3.8-flash"

const services = (baseUrl: string) =>
  GeminiLanguageModel.layer({ model }).pipe(
    Layer.provideMerge(FetchGemini.layer({ apiKey: Redacted.make("key-of-the-test"), baseUrl, tier: "tier3" }))
  )

const chunk = (text: string, usageMetadata: unknown, finishReason?: string) => ({
  candidates: [{
    content: { role: "model", parts: [{ text }] },
    ...(finishReason === undefined ? {} : { finishReason })
  }],
  ...(usageMetadata === undefined ? {} : { usageMetadata })
})

const first = { promptTokenCount: 100, cachedContentTokenCount: 80, candidatesTokenCount: 5, totalTokenCount: 105 }

describe("counts of a stream", () => {
  // The last chunk's usageMetadata, and what is counted then: prompt, cached, thoughts, candidates, total.
  const table: ReadonlyArray<readonly [name: string, last: unknown, counted: ReadonlyArray<number>]> = [
    ["is left out", undefined, [100, 80, 0, 5, 105]],
    ["is empty", {}, [100, 80, 0, 5, 105]],
    ["has something else in it", { trafficType: "ON_DEMAND" }, [100, 80, 0, 5, 105]],
    ["has nulls in it", { promptTokenCount: null, cachedContentTokenCount: null }, [100, 80, 0, 5, 105]],
    ["has some counts, but no total", { candidatesTokenCount: 50 }, [100, 80, 0, 50, 150]],
    ["has new counts", { thoughtsTokenCount: 7, totalTokenCount: 112 }, [100, 80, 7, 5, 112]],
    ["has all counts", { ...first, candidatesTokenCount: 9, totalTokenCount: 109 }, [100, 80, 0, 9, 109]],
    ["counts less", { promptTokenCount: 90, candidatesTokenCount: 5, totalTokenCount: 95 }, [90, 80, 0, 5, 95]]
  ]
  for (const [name, last, [prompt, cached, thoughts, candidates, total]] of table) {
    it.live(`stay counted where the last chunk's usageMetadata ${name}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* RawServer.listen((_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" })
          response.end(RawServer.event(chunk("a", first)) + RawServer.event(chunk("b", last, "STOP")))
        })
        yield* Effect.gen(function*() {
          const chunks = yield* Stream.runCollect((yield* GeminiClient).generateStream({ contents: "hi" }))
          const usage = chunks.at(-1)?.usage
          assert.deepStrictEqual(
            [
              usage?.promptTokens,
              usage?.cachedTokens,
              usage?.thoughtsTokens,
              usage?.candidatesTokens,
              usage?.totalTokens
            ],
            [prompt, cached, thoughts, candidates, total]
          )
          const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "hi" }))
          const finish = parts.find((part) => part.type === "finish")
          assert.strictEqual(finish?.usage.inputTokens.cacheRead, cached)
          assert.strictEqual(finish?.usage.inputTokens.total, prompt)
          assert.strictEqual(finish?.usage.outputTokens.total, (candidates ?? 0) + (thoughts ?? 0))
        }).pipe(Effect.provide(services(server.url)))
      })))
  }
})

describe("vectors", () => {
  const answers: ReadonlyArray<readonly [name: string, embeddings: unknown]> = [
    ["none", []],
    ["left out", undefined],
    ["one for all of them", [{ values: [1] }]],
    ["one too many", [{ values: [1] }, { values: [2] }, { values: [3] }, { values: [4] }]],
    ["one without numbers", [{ values: [1] }, { values: [] }, { values: [3] }]],
    ["one that is left empty", [{ values: [1] }, {}, { values: [3] }]],
    ["one without numbers, and one too many", [{ values: [1] }, {}, { values: [3] }, { values: [4] }]]
  ]
  for (const [name, embeddings] of answers) {
    it.live(`for three inputs: ${name}: an error, never a list of another length`, () =>
      Effect.scoped(Effect.gen(function*() {
        const server = yield* RawServer.listen((_, response) => RawServer.json(response, { embeddings }))
        yield* Effect.gen(function*() {
          const contents = ["Ann", "Bob", "Cy"]
          const error = yield* Effect.flip(GeminiClient.use((gemini) => gemini.embed({ contents })))
          assert.strictEqual(error.reason._tag, "InvalidResponse")
          assert.include(error.message, "3 vectors for 3 inputs")
          assert.lengthOf(server.requests, 1)
          const many = yield* Effect.flip(
            EmbeddingModel.EmbeddingModel.use((embedding) => embedding.embedMany(contents)).pipe(
              Effect.provide(GeminiEmbeddingModel.layer({ model: "gemini-embedding-2" }))
            )
          )
          assert.strictEqual(many.reason._tag, "InvalidResponseError")
        }).pipe(Effect.provide(services(server.url)))
      })))
  }

  it.live("one input without a vector is an error, too", () =>
    Effect.scoped(Effect.gen(function*() {
      for (const body of [{}, { embeddings: [{}] }, { embeddings: [{ values: [] }] }]) {
        const server = yield* RawServer.listen((_, response) => RawServer.json(response, body))
        const error = yield* Effect.flip(
          GeminiClient.use((gemini) => gemini.embed({ contents: "Ann" })).pipe(Effect.provide(services(server.url)))
        )
        assert.strictEqual(error.reason._tag, "InvalidResponse")
      }
    })))
})

describe("pages", () => {
  const names = (pages: Record<string, string | undefined>, from = "") =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* RawServer.listen((request, response) => {
        const token = new URL(request.url ?? "", "http://localhost").searchParams.get("pageToken") ?? ""
        RawServer.json(response, { models: [{ name: `models/${token || "first"}` }], nextPageToken: pages[token] })
      })
      const seen: Array<string> = []
      const exit = yield* GeminiClient.use((gemini) =>
        Stream.runForEach(gemini.listModels(from === "" ? {} : { pageToken: from }), (model) =>
          Effect.sync(() => seen.push(model.name ?? "")))
      ).pipe(Effect.result, Effect.provide(services(server.url)))
      return {
        seen,
        requests: server.requests.length,
        failure: exit._tag === "Failure" ? exit.failure.message : undefined
      }
    }))

  it.live("that go on to an end are read to it", () =>
    Effect.gen(function*() {
      const { failure, seen } = yield* names({ "": "a", a: "b", b: "" })
      assert.isUndefined(failure)
      assert.deepStrictEqual(seen, ["models/first", "models/a", "models/b"])
    }))

  it.live("that repeat a token end with an error, whichever page repeats which", () =>
    Effect.gen(function*() {
      for (
        const [pages, requests, from] of [
          [{ "": "same", same: "same" }, 2, ""],
          [{ "": "a", a: "b", b: "a" }, 3, ""],
          [{ "": "a", a: "b", b: "c", c: "b" }, 4, ""],
          [{ start: "start" }, 1, "start"],
          [{ start: "a", a: "start" }, 2, "start"]
        ] as const
      ) {
        const read = yield* names(pages, from)
        assert.include(read.failure, "nextPageToken")
        assert.strictEqual(read.requests, requests)
        // What was read before the page that repeats is read.
        assert.lengthOf(read.seen, requests - 1)
      }
    }))

  it.live("each listing has its own tokens: the same stream runs twice", () =>
    Effect.scoped(Effect.gen(function*() {
      const server = yield* RawServer.listen((request, response) =>
        RawServer.json(response, {
          models: [{ name: "models/a" }],
          ...(request.url?.includes("pageToken") === true ? {} : { nextPageToken: "next" })
        })
      )
      yield* GeminiClient.use((gemini) => {
        const models = gemini.listModels()
        return Effect.andThen(Stream.runDrain(models), Stream.runDrain(models))
      }).pipe(Effect.provide(services(server.url)))
      assert.lengthOf(server.requests, 4)
    })))
})
