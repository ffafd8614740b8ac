import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as RawServer from "./rawServer.ts"

const apiKey = Redacted.make("test-key")
const model = "gemini-3.8-flash"
const contents = [{ role: "user", parts: [{ text: "Hi" }] }]

const transports = [["FetchGemini", FetchGemini.layer], ["NodeGemini", NodeGemini.layerHttp]] as const

const withHttp = <A, E>(
  layer: typeof FetchGemini.layer,
  options: GeminiConfig.Options,
  use: (http: GeminiHttp.Service) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.provide(Effect.flatMap(GeminiHttp.GeminiHttp, use), layer({ apiKey, ...options }), { local: true })

describe.each(transports)("GeminiHttp over %s", (_, layer) => {
  it.live("each method sends one request to its path and returns the JSON received", () =>
    Effect.gen(function*() {
      const replies: Record<string, unknown> = {
        "/v1beta/models/gemini-3.8-flash:generateContent": { ...RawServer.answer("a", "STOP"), future: [null] },
        "/v1beta/models/gemini-3.8-flash:countTokens": { totalTokens: "7", future: 1 },
        "/v1beta/models/e:embedContent": { embedding: { values: [1, 2] } },
        "/v1beta/models/e:batchEmbedContents": { embeddings: [{ values: [1] }, { values: [2] }] },
        "/v1beta/models/gemini-3.8-flash": { name: "models/gemini-3.8-flash", future: { a: 1 } },
        "/v1beta/tunedModels/mine": { name: "tunedModels/mine" }
      }
      const server = yield* RawServer.listen((request, response) =>
        RawServer.json(response, replies[request.url ?? ""] ?? { error: { code: 404, message: request.url } })
      )
      yield* withHttp(layer, { baseUrl: server.url }, (http) =>
        Effect.gen(function*() {
          const got: ReadonlyArray<unknown> = [
            yield* http.generateContent({ model, contents }),
            yield* http.countTokens({ model: `models/${model}`, contents }),
            yield* http.embedContent({ model: "e", content: { parts: [{ text: "x" }] } }),
            yield* http.batchEmbedContents({
              model: "e",
              requests: [{ content: { parts: [{ text: "x" }] } }, {
                model: "models/e",
                content: { parts: [{ text: "y" }] }
              }]
            }),
            yield* http.getModel({ model }),
            yield* http.getModel({ model: "tunedModels/mine" })
          ]
          assert.deepStrictEqual(got, Object.values(replies))
        }))
      assert.deepStrictEqual(server.requests.map(({ url }) => url), Object.keys(replies))
      assert.deepStrictEqual(JSON.parse(server.requests[0]?.body ?? ""), { contents })
      assert.deepStrictEqual(JSON.parse(server.requests[3]?.body ?? ""), {
        requests: [
          { model: "models/e", content: { parts: [{ text: "x" }] } },
          { model: "models/e", content: { parts: [{ text: "y" }] } }
        ]
      })
    }))

  it.live("models are listed page after page, and no page is asked for that nobody wants", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((request, response) => {
        const token = new URL(request.url ?? "", "http://x").searchParams.get("pageToken")
        const page = Number(token ?? 0)
        RawServer.json(
          response,
          page === 2 ? {} : {
            models: [{ name: `models/a${page}` }, { name: `models/b${page}` }],
            nextPageToken: String(page + 1)
          }
        )
      })
      yield* withHttp(layer, { baseUrl: server.url }, (http) =>
        Effect.gen(function*() {
          const all = yield* Stream.runCollect(http.listModels({ pageSize: 2 }))
          assert.deepStrictEqual(all.map(({ name }) => name), ["models/a0", "models/b0", "models/a1", "models/b1"])
          yield* Stream.runCollect(Stream.take(http.listModels(), 1))
        }))
      assert.deepStrictEqual(server.requests.map(({ url }) => url), [
        "/v1beta/models?pageSize=2",
        "/v1beta/models?pageSize=2&pageToken=1",
        "/v1beta/models?pageSize=2&pageToken=2",
        "/v1beta/models"
      ])
    }))

  it.live("the key travels in its header alone, a path prefix and extra headers are kept", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("a", "STOP")))
      for (const baseUrl of [`${server.url}/proxy/gemini`, `${server.url}/proxy/gemini/`]) {
        yield* withHttp(
          layer,
          {
            baseUrl,
            apiVersion: "v1",
            transformClient: HttpClient.mapRequest(HttpClientRequest.setHeader("x-layer", "l"))
          },
          (http) => http.generateContent({ model, contents }, { headers: { "X-Call": "c" } })
        )
      }
      assert.strictEqual(server.requests.length, 2)
      for (const { headers, url } of server.requests) {
        assert.strictEqual(url, "/proxy/gemini/v1/models/gemini-3.8-flash:generateContent")
        assert.strictEqual(headers["x-goog-api-key"], "test-key")
        assert.strictEqual(headers["x-layer"], "l")
        assert.strictEqual(headers["x-call"], "c")
        assert.match(String(headers["x-goog-api-client"]), /^effect-gemini\/\d/)
        const other = Object.entries(headers).filter(([name]) => name !== "x-goog-api-key")
        assert.notInclude(JSON.stringify([url, other]), "test-key")
        assert.deepStrictEqual(other.filter(([name]) => /^(traceparent|b3|tracestate)$/.test(name)), [])
      }
    }))

  it.live("a redirect is an error, and the key does not follow it", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => {
        response.writeHead(302, { location: "/elsewhere" }).end()
      })
      const error = yield* withHttp(layer, { baseUrl: server.url }, (http) =>
        Effect.flip(http.generateContent({ model, contents })))
      assert.strictEqual(error.status, 302)
      assert.strictEqual(server.requests.length, 1)
    }))

  it.live("an empty, a cut and a non-JSON body are InvalidResponse or Network, never an answer", () =>
    Effect.gen(function*() {
      const bodies: Array<(response: Parameters<Parameters<typeof RawServer.listen>[0]>[1]) => void> = [
        (response) => response.end(),
        (response) => response.writeHead(204).end(),
        (response) => response.end("{\"candidates\": ["),
        (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
        (response) => {
          response.writeHead(200, { "content-length": "100" }).write("{\"candidates\"")
          setImmediate(() => response.destroy())
        }
      ]
      let next = 0
      const server = yield* RawServer.listen((_, response) => bodies[next++]?.(response))
      yield* withHttp(layer, { baseUrl: server.url }, (http) =>
        Effect.gen(function*() {
          const tags: Array<string> = []
          for (const _ of bodies) tags.push((yield* Effect.flip(http.generateContent({ model, contents }))).reason._tag)
          assert.deepStrictEqual(tags, [
            "InvalidResponse",
            "InvalidResponse",
            "InvalidResponse",
            "InvalidResponse",
            "Network"
          ])
        }))
    }))

  it.live("a stream cut by the socket ends in StreamInterrupted with what was received", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write(RawServer.event(RawServer.answer("a")) + RawServer.event(RawServer.answer("b")))
        setTimeout(() => response.destroy(), 20)
      })
      yield* withHttp(layer, { baseUrl: server.url }, (http) =>
        Effect.gen(function*() {
          const seen: Array<string> = []
          const error = yield* http.generateContentStream({ model, contents }).pipe(
            Stream.runForEach((chunk) => Effect.sync(() => void seen.push(GenerateContent.text(chunk)))),
            Effect.flip
          )
          assert.deepStrictEqual(seen, ["a", "b"])
          assert.strictEqual(error.reason._tag, "StreamInterrupted")
          if (error.reason._tag === "StreamInterrupted") assert.strictEqual(error.reason.received.length, 2)
        }))
    }))

  it.live("what cannot be sent fails before anything leaves", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => RawServer.json(response, {}))
      const tag = (options: GeminiConfig.Options, request = { model, contents }) =>
        withHttp(layer, { baseUrl: server.url, ...options }, (http) =>
          Effect.map(Effect.flip(http.generateContent(request)), (error) =>
            error.reason._tag))
      assert.strictEqual(yield* tag({ apiKey: undefined }), "MissingApiKey")
      assert.strictEqual(yield* tag({ apiKey: Redacted.make("") }), "MissingApiKey")
      assert.strictEqual(yield* tag({ apiKey: Redacted.make("a\nb") }), "Unauthenticated")
      assert.strictEqual(yield* tag({}, { model: "no/such/../name", contents }), "InvalidRequest")
      assert.strictEqual(server.requests.length, 0)
    }))

  it.live("nobody listens: Network with the socket's code", () =>
    Effect.gen(function*() {
      const closed = yield* Effect.scoped(RawServer.listen(() => undefined))
      const error = yield* withHttp(layer, { baseUrl: closed.url }, (http) =>
        Effect.flip(http.generateContent({ model, contents })))
      assert.deepInclude(error.reason, { _tag: "Network", code: "ECONNREFUSED" })
    }))

  it.live("a slow consumer slows the server: it stops sending when nobody reads", () =>
    Effect.gen(function*() {
      const chunk = RawServer.event(RawServer.answer("x".repeat(64_000)))
      let sent = 0
      const server = yield* RawServer.listen((_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        const write = () => {
          while (!response.destroyed && response.write(chunk)) sent += chunk.length
        }
        response.on("drain", write)
        write()
      })
      yield* withHttp(layer, { baseUrl: server.url }, (http) =>
        http.generateContentStream({ model, contents }).pipe(
          Stream.take(1),
          Stream.runForEach(() => Effect.sleep("300 millis"))
        ))
      // Kernel buffers of both sides and the readers' own; an unbounded reader takes hundreds of megabytes.
      assert.isBelow(sent / (1 << 20), 32)
      assert.isAbove(sent, 0)
    }))
})
