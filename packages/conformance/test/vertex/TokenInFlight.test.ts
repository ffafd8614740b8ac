/**
 * Access tokens under load, over sockets: one that ends in the middle of a thousand calls is renewed once, and no call
 * fails; one that is revoked ends calls with what to do; and no error, log line, span or metric has a token in it.
 */
import { assert, describe, it } from "@effect/vitest"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as VertexAuth from "effect-gemini/VertexAuth"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { afterAll, beforeAll } from "vitest"
import * as Canary from "../calls/canary.ts"
import * as RawServer from "../calls/rawServer.ts"
import * as MetadataServer from "./metadataServer.ts"

const canary = "CANARY-TOKEN-8d13e7"
const tokenOf = (n: number) => `ya29.${canary}-number-${n}-of-this-test`

let metadata: Awaited<ReturnType<typeof MetadataServer.start>>
beforeAll(async () => {
  metadata = await MetadataServer.start(tokenOf)
})
afterAll(() => metadata.stop())

const unlimited = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

// What a user would do to see the traffic: the token's header must come out redacted.
const logged = HttpClient.tapRequest((sent) => Effect.log({ headers: sent.headers, url: sent.url }))

const clientOf = (
  baseUrl: string,
  tokens: Layer.Layer<AccessToken.AccessToken>,
  transformClient?: Vertex.Options["transformClient"]
) =>
  Vertex.layer({ project: "a-project", baseUrl, tier: { name: "own", limits: unlimited, models: {} }, transformClient })
    .pipe(Layer.provide([tokens, NodeGemini.layerHttpClient()]))

const refusal = (words: string) => ({ error: { code: 401, status: "UNAUTHENTICATED", message: words } })

describe("a token that ends while a thousand calls are under way", () => {
  it.live("is renewed once, and no call fails", () =>
    Effect.gen(function*() {
      const before = metadata.given()
      let arrived = 0
      let refused = 0
      // The server stops believing the first token after half of the calls have come.
      const server = yield* RawServer.listen((request, response) => {
        const isFirst = request.headers.authorization === `Bearer ${tokenOf(before + 1)}`
        if (isFirst && ++arrived > 500) {
          refused++
          return RawServer.json(response, refusal("Request had invalid authentication credentials."), 401)
        }
        return request.url?.includes("alt=sse") === true
          ? void response.writeHead(200, { "content-type": "text/event-stream" }).end(
            `data: ${
              JSON.stringify({ candidates: [{ content: { parts: [{ text: "a" }] }, finishReason: "STOP" }] })
            }\n\n`
          )
          : RawServer.json(response, { candidates: [{ content: { parts: [{ text: "a" }] }, finishReason: "STOP" }] })
      })
      const texts = yield* GeminiClient.use((gemini) =>
        Effect.forEach(Array.from({ length: 1_000 }, (_, n) => n), (n) =>
          n % 10 === 0
            ? Effect.map(Stream.runCollect(gemini.generateStream({ contents: "Hi" })), (all) => all.at(-1)?.text)
            : Effect.map(gemini.generate({ contents: "Hi" }), ({ text }) => text), { concurrency: "unbounded" })
      ).pipe(Effect.provide(clientOf(server.url, VertexAuth.layer())))
      assert.deepStrictEqual(texts.filter((text) => text !== "a"), [])
      assert.isAbove(refused, 0)
      assert.strictEqual(metadata.given() - before, 2)
    }).pipe(Effect.scoped))
})

describe("a token that is revoked", () => {
  it.live("ends calls as Unauthenticated with what to do, and is nowhere", () =>
    Effect.gen(function*() {
      for (const tokens of [VertexAuth.layer(), AccessToken.layerStatic(Redacted.make(tokenOf(0)))]) {
        const server = yield* RawServer.listen((request, response) =>
          // A server that quotes what it was given.
          RawServer.json(response, refusal(`Invalid Credentials: ${request.headers.authorization}`), 401)
        )
        for (const call of ["generate", "stream"] as const) {
          const traces = yield* Canary.traced(
            GeminiClient.use((gemini) =>
              call === "generate"
                ? Effect.asVoid(gemini.generate({ contents: "Hi" }))
                : Stream.runDrain(gemini.generateStream({ contents: "Hi" }))
            ).pipe(Effect.provide(clientOf(server.url, tokens, logged)))
          )
          const error = Canary.assertTracesClean(traces, [canary])
          assert.match(String(error), /Unauthenticated/)
        }
      }
    }).pipe(Effect.scoped))

  it.live("and one that cannot be had is an error that says how to log in, without a word of the credentials", () =>
    Effect.gen(function*() {
      const credentials = JSON.stringify({ type: "authorized_user", client_id: "i", client_secret: canary })
      const traces = yield* Canary.traced(
        GeminiClient.use((gemini) => gemini.generate({ contents: "Hi" })).pipe(
          Effect.provide(clientOf("http://127.0.0.1:9", VertexAuth.layer({ credentials: Redacted.make(credentials) })))
        )
      )
      const error = Canary.assertTracesClean(traces, [canary])
      assert.match(String(error), /Unauthenticated.*refresh_token is missing/)
    }))
})
