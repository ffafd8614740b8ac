/**
 * Recorded traffic of Vertex AI, played back whole and in pieces to a client of Vertex AI: it gives the same JSON, or fails
 * with the one reason that is right; vectors come out of the answers of predict.
 */
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync } from "node:fs"
import { bytesOf, expectedOf, playback, randomSplits, type RecordedCase } from "../fixtures/recordedCase.ts"

const folder = new URL("../../../../../shared/corpus/", import.meta.url)

interface VertexCase extends RecordedCase {
  readonly request?: { readonly url?: string; readonly body?: unknown }
}

const operations = new Set(["generateContent", "streamGenerateContent", "countTokens", "embedContent", "predict"])

const isEmbedding = ({ response }: VertexCase): boolean =>
  response.status >= 400 || /"embeddings"\s*:/.test(bytesOf({ id: "", op: "", api: "", response }).toString())

const cases: ReadonlyArray<VertexCase> = !existsSync(folder) ? [] : JSON.parse(
  readFileSync(new URL("index.json", folder), "utf8")
).flatMap(({ api, file, op }: { readonly api: string; readonly file: string; readonly op: string }) => {
  if (api !== "vertex" || !operations.has(op)) return []
  const recorded: VertexCase = JSON.parse(readFileSync(new URL(file, folder), "utf8"))
  return op === "predict" && !isEmbedding(recorded) ? [] : [recorded]
})

const model = "gemini-3.8-flash"
const embedder = "text-embedding-005"

/** How many texts the recorded answer is to: our question has as many. */
const predictions = (
  { response }: VertexCase
): ReadonlyArray<{ readonly embeddings: { readonly values: unknown } }> => {
  const { body } = response
  return typeof body === "object" && body !== null && "predictions" in body && Array.isArray(body.predictions)
    ? body.predictions
    : []
}

const call = (http: GeminiHttp.Service, recorded: VertexCase): Stream.Stream<unknown, GeminiError> => {
  switch (recorded.op) {
    case "streamGenerateContent":
      return http.generateContentStream({ model, contents: "Hello" })
    case "countTokens":
      return Stream.fromEffect(http.countTokens({ model, contents: "Hello" }))
    case "embedContent":
      return Stream.fromEffect(
        http.embedContent({ model: "gemini-embedding-2", content: { parts: [{ text: "Hello" }] } })
      )
    case "predict": {
      const count = Math.max(1, predictions(recorded).length)
      const requests = Array.from({ length: count }, () => ({ content: { parts: [{ text: "Hello" }] } }))
      return Stream.map(
        Stream.fromEffect(http.batchEmbedContents({ model: embedder, requests })),
        ({ embeddings }) => embeddings?.map(({ values }) => values)
      )
    }
    default:
      return Stream.fromEffect(http.generateContent({ model, contents: "Hello" }))
  }
}

const expected = (recorded: VertexCase) => {
  const { reason, values } = expectedOf(recorded)
  return recorded.op !== "predict" || reason !== undefined
    ? { reason, values }
    : { reason, values: [predictions(recorded).map(({ embeddings }) => embeddings.values)] }
}

const tokens = AccessToken.layerStatic(Redacted.make("a-token"))

const check = (recorded: VertexCase, seed: number) =>
  Effect.gen(function*() {
    const length = bytesOf(recorded).length
    const ways = [[], recorded.response.splits ?? randomSplits(length, seed), randomSplits(length, seed + 1)]
    const url = yield* playback(ways.map((splits) => ({ recorded, splits })))
    const { reason, values } = expected(recorded)
    for (const way of ways.keys()) {
      const destination = yield* Vertex.destination({ project: "a-project", baseUrl: `${url}/play/${way}` })
      const http = GeminiHttp.layer({ destination }).pipe(
        Layer.provide(way % 2 === 0 ? FetchGemini.layerHttpClient : NodeGemini.layerHttpClient())
      )
      const got: Array<unknown> = []
      const error = yield* GeminiHttp.GeminiHttp.use((service) =>
        Stream.runForEach(call(service, recorded), (value) => Effect.sync(() => got.push(value)))
      ).pipe(Effect.provide(http), Effect.match({ onFailure: (error) => error, onSuccess: () => undefined }))
      assert.strictEqual(error?.reason._tag, reason, error?.message)
      assert.deepStrictEqual(got, values)
    }
  }).pipe(Effect.provide(tokens), Effect.scoped)

describe("recorded traffic of Vertex AI", () => {
  if (cases.length === 0) it.skip("../shared/corpus is not there: nothing recorded was played", () => undefined)
  else it(`plays ${cases.length} cases`, () => assert.isAbove(cases.length, 100))
  for (const [seed, recorded] of cases.entries()) {
    it.live(`${recorded.id}: ${recorded.op}`, () => check(recorded, seed))
  }
})
