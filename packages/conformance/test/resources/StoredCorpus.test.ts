/**
 * Recorded answers about caches, stores and documents, whole and in random pieces: what our services make of them, and what
 * an answer cites.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Caches from "effect-gemini/caches/Caches"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Citation from "effect-gemini/stores/Citation"
import * as FileSearchStores from "effect-gemini/stores/FileSearchStores"
import type * as Content from "effect-gemini/wire/Content"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { casesOf, playing, type Recorded, ways } from "./recordedAnswers.ts"

const cases = casesOf((op) => /^(?:cachedContents|fileSearchStores|documents)\./.test(op))

const grounded = casesOf((op) => op === "generateContent").filter(({ response: { body } }) =>
  JSON.stringify(body ?? null).includes("\"retrievedContext\"")
)

const layer = (baseUrl: string) => {
  const options = { apiKey: Redacted.make("key"), baseUrl, retry: { attempts: 1 } }
  return Layer.mergeAll(Caches.layer, FileSearchStores.layer()).pipe(
    Layer.provideMerge(ResourceHttp.layer(options)),
    Layer.provideMerge(GeminiClient.layer({ ...options, defaultModel: "gemini-2.5-pro" })),
    Layer.provide(NodeGemini.layerHttpClient())
  )
}

const contents: Content.Input = "x"

/** What our method gives for the recorded answer, as the wire has it. */
const asked = ({ op, response }: Recorded) =>
  Effect.gen(function*() {
    const caches = yield* Caches.Caches
    const stores = yield* FileSearchStores.FileSearchStores
    const cached = <A>(effect: Effect.Effect<{ readonly cache: A }, GeminiError>) =>
      Effect.map(effect, ({ cache }): unknown => cache)
    switch (op) {
      case "cachedContents.create":
        return yield* cached(caches.create({ model: "gemini-2.5-flash", contents, displayName: "x" }))
      case "cachedContents.get":
        return yield* cached(caches.get("a"))
      case "cachedContents.update":
        return yield* cached(caches.update("a", { ttl: "1 minute" }))
      case "cachedContents.list": {
        const page = yield* Stream.runCollect(Stream.take(caches.list(), Object(response.body).cachedContents.length))
        return { ...Object(response.body), cachedContents: page.map(({ cache }) => cache) }
      }
      case "cachedContents.delete":
        return (yield* caches.delete("a")) ?? {}
      case "fileSearchStores.create":
        return (yield* stores.create({ displayName: "x" })).store
      default: {
        const upload = stores.uploadProgress("fileSearchStores/a", new Uint8Array(3), { mimeType: "text/plain" })
        const last = yield* Stream.runLast(response.kind === "empty" ? Stream.take(upload, 1) : upload)
        return last._tag === "None" ? undefined : last.value.operation?.operation ?? last.value.handle
      }
    }
  })

describe.skipIf(cases.length === 0)("a recorded answer is understood, whole and in pieces", () => {
  for (const recorded of cases) {
    for (const [how, size] of ways(recorded)) {
      it.live(`${recorded.op}: ${recorded.id}, ${how}`, () =>
        Effect.gen(function*() {
          const { body, kind, status } = recorded.response
          const url = yield* playing(recorded, size)
          if (status >= 400) {
            const error = yield* Effect.flip(Effect.provide(asked(recorded), layer(url)))
            // The words decide that a cache is missing, and not the status, which other refusals have, too.
            return assert.strictEqual(error.reason._tag, status === 429 ? "RateLimited" : "NotFound")
          }
          const got = yield* Effect.provide(asked(recorded), layer(url))
          if (kind === "empty") return assert.deepInclude(Object(got), { name: "fileSearchStores/a" })
          assert.deepStrictEqual(got, body)
        }))
    }
  }

  for (const recorded of grounded) {
    for (const [how, size] of ways(recorded)) {
      it.live(`citations: ${recorded.id}, ${how}`, () =>
        Effect.gen(function*() {
          const url = yield* playing(recorded, size)
          const answer = yield* Effect.provide(
            GeminiClient.GeminiClient.use((gemini) => gemini.generate({ contents: "?" })),
            layer(url)
          )
          const cited = Citation.of(answer.response)
          assert.isAtLeast(cited.length, 1)
          for (const { store, text } of cited) {
            assert.match(store ?? "", /^fileSearchStores\//)
            assert.isAtLeast(text?.length ?? 0, 10)
          }
        }))
    }
  }
})
