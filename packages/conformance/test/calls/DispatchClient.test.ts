import { Dispatcher } from "@effect/platform-node/NodeHttpClient"
import undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Net from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as RawServer from "./rawServer.ts"

const apiKey = Redacted.make("test-key")
const request = { model: "gemini-3.8-flash", contents: [{ role: "user", parts: [{ text: "Hi" }] }] }

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const pause = (millis: number) => Effect.promise(() => new Promise<void>((resume) => setTimeout(resume, millis)))

const text = (http: GeminiHttp.Service) => Effect.map(http.generateContent(request), GenerateContent.text)

describe.each([
  ["NodeGemini", NodeGemini.layerHttp],
  ["FetchGemini", FetchGemini.layer]
])("the HttpClient of %s", (_, layer) => {
  it.live("a stream outlives the collection of its response", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => {
        response.writeHead(200).write(RawServer.event(RawServer.answer("a")))
        setTimeout(() => response.write(RawServer.event(RawServer.answer("b"))), 60)
        setTimeout(() => response.end(RawServer.event(RawServer.answer("c", "STOP"))), 120)
      })
      const seen = yield* GeminiHttp.GeminiHttp.use((http) =>
        http.generateContentStream(request).pipe(
          Stream.tap(() => Effect.andThen(pause(10), Effect.sync(collect))),
          Stream.map(GenerateContent.text),
          Stream.runCollect
        )
      ).pipe(Effect.provide(layer({ apiKey, baseUrl: server.url })))
      assert.deepStrictEqual(seen, ["a", "b", "c"])
    }))

  it.live("an unread body lets go of its socket once it is collected", () =>
    Effect.gen(function*() {
      const seen = { closed: false }
      const server = yield* RawServer.listen((_, response) => {
        response.on("close", () => {
          seen.closed = true
        })
        response.writeHead(200).write("x".repeat(1 << 20))
      })
      // A transform that drops what it was given, as a retry of refused responses does.
      yield* GeminiHttp.GeminiHttp.use((http) =>
        Effect.gen(function*() {
          yield* Effect.exit(http.generateContent(request))
          for (let i = 0; i < 50 && !seen.closed; i++) {
            collect()
            yield* pause(10)
          }
          assert.isTrue(seen.closed)
        })
      ).pipe(Effect.provide(layer({
        apiKey,
        baseUrl: server.url,
        transformClient: HttpClient.transformResponse(Effect.flatMap(() => Effect.interrupt))
      })))
    }))
})

describe("NodeGemini's own HttpClient", () => {
  it.live("calls one after another share a connection, at once each has its own", () =>
    Effect.gen(function*() {
      const sockets = new Set<Net.Socket>()
      const server = yield* RawServer.listen((incoming, response) => {
        sockets.add(incoming.socket)
        setTimeout(() => RawServer.json(response, RawServer.answer("a", "STOP")), 10)
      })
      yield* GeminiHttp.GeminiHttp.use((http) =>
        Effect.gen(function*() {
          for (let i = 0; i < 5; i++) yield* text(http)
          // undici rests a socket for one turn of the event loop, so two take turns.
          assert.isAtMost(sockets.size, 2)
          const answers = yield* Effect.all(Array.from({ length: 20 }, () => text(http)), { concurrency: "unbounded" })
          assert.deepStrictEqual(answers, Array.from({ length: 20 }, () => "a"))
          assert.isAtMost(sockets.size, 22)
        })
      ).pipe(Effect.provide(NodeGemini.layerHttp({ apiKey, baseUrl: server.url })))
    }))

  it.live("an interrupted dialler takes no other call with it", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("a", "STOP")))
      const answers = yield* GeminiHttp.GeminiHttp.use((http) =>
        Effect.forEach(
          Array.from({ length: 20 }, (_, i) => i),
          (i): Effect.Effect<string | undefined, GeminiError> =>
            i % 2 === 0 ? text(http) : Effect.as(Effect.timeoutOption(text(http), 0), undefined),
          { concurrency: "unbounded" }
        )
      ).pipe(Effect.provide(NodeGemini.layerHttp({ apiKey, baseUrl: server.url })))
      assert.deepStrictEqual(
        answers.filter((answer) => typeof answer === "string"),
        Array.from({ length: 10 }, () => "a")
      )
    }))

  it.live("a proxy: the request goes through the dispatcher that the program provides", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("a", "STOP")))
      const connects: Array<string> = []
      const proxy = yield* Effect.acquireRelease(
        Effect.callback<Http.Server>((resume) => {
          const proxy = Http.createServer()
          proxy.on("connect", (incoming, client, head) => {
            connects.push(incoming.url ?? "")
            const [host, port] = (incoming.url ?? "").split(":")
            const upstream = Net.connect(Number(port), host, () => {
              client.write("HTTP/1.1 200 Connection established\r\n\r\n")
              upstream.write(head)
              upstream.pipe(client).pipe(upstream)
            })
            upstream.on("error", () => client.destroy())
            client.on("error", () => upstream.destroy())
          })
          proxy.listen(0, "127.0.0.1", () => resume(Effect.succeed(proxy)))
        }),
        (proxy) => Effect.sync(() => void proxy.close())
      )
      const address = proxy.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const dispatcher = Layer.effect(
        Dispatcher,
        Effect.acquireRelease(
          Effect.sync(() => new undici.ProxyAgent({ uri: `http://127.0.0.1:${port}`, proxyTunnel: true })),
          (agent) => Effect.promise(() => agent.destroy())
        )
      )
      const answer = yield* GeminiHttp.GeminiHttp.use(text).pipe(
        Effect.provide(Layer.provide(NodeGemini.layerHttpNoDispatcher({ apiKey, baseUrl: server.url }), dispatcher))
      )
      assert.strictEqual(answer, "a")
      assert.deepStrictEqual(connects, [new URL(server.url).host])
      assert.strictEqual(server.requests[0]?.headers["x-goog-api-key"], "test-key")
    }))

  it.live("sends a body that streams as it comes, a form, and bytes as they are", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => response.end("ok"))
      const post = HttpClientRequest.post(server.url)
      const pieces = Stream.make("a", "b").pipe(Stream.map((text) => new TextEncoder().encode(text)))
      for (
        const body of [
          HttpBody.stream(pieces, "text/plain", 2),
          HttpBody.formDataRecord({ one: "1" }),
          HttpBody.raw(Buffer.from("raw"), { contentType: "text/plain" })
        ]
      ) {
        const response = yield* HttpClient.execute(HttpClientRequest.setBody(post, body))
        assert.strictEqual(yield* response.text, "ok")
      }
      const [streamed, form, raw] = server.requests
      assert.deepStrictEqual([streamed?.body, streamed?.headers["content-length"]], ["ab", "2"])
      assert.match(form?.headers["content-type"] ?? "", /^multipart\/form-data; boundary=/)
      assert.include(form?.body, "name=\"one\"")
      assert.deepStrictEqual([raw?.body, raw?.headers["content-type"]], ["raw", "text/plain"])
    }).pipe(Effect.provide(NodeGemini.layerHttpClient())))

  it.live("interrupted within a body that streams: the source ends, and the server sees the connection close", () =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      const server = yield* Effect.acquireRelease(
        Effect.callback<Net.Server>((resume) => {
          const server = Net.createServer((socket) => {
            socket.on("data", () => Deferred.doneUnsafe(begun, Effect.void))
            socket.on("error", () => undefined)
            socket.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => void server.close())
      )
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const body = HttpBody.stream(
        Stream.make(new Uint8Array([1])).pipe(
          Stream.concat(Stream.never),
          Stream.ensuring(Effect.sync(() => Deferred.doneUnsafe(ended, Effect.void)))
        )
      )
      const request = HttpClientRequest.setBody(HttpClientRequest.post(`http://127.0.0.1:${port}`), body)
      const fiber = yield* Effect.forkChild(HttpClient.execute(request))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(closed)
      yield* Deferred.await(ended)
    }).pipe(Effect.provide(NodeGemini.layerHttpClient())))

  it.live("closing the layer leaves no socket", () =>
    Effect.gen(function*() {
      const open = new Set<Net.Socket>()
      const server = yield* RawServer.listen((incoming, response) => {
        open.add(incoming.socket)
        incoming.socket.once("close", () => open.delete(incoming.socket))
        RawServer.json(response, RawServer.answer("a", "STOP"))
      })
      yield* GeminiHttp.GeminiHttp.use(text).pipe(
        Effect.provide(NodeGemini.layerHttp({ apiKey, baseUrl: server.url }), { local: true })
      )
      yield* pause(50)
      assert.strictEqual(open.size, 0)
    }))
})
