/**
 * The HttpClient of FetchGemini does what Effect's own client on `fetch` does, but for redirects, which it does not
 * follow, and for bodies that stream, which it refuses.
 */
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Cookies from "effect/http/Cookies"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type * as Http from "node:http"
import * as RawServer from "./rawServer.ts"

const clients = [
  ["FetchGemini's own", FetchGemini.layerHttpClient],
  ["Effect's own", FetchHttpClient.layer]
] as const

/** A server whose answers the test ends by hand, and what the last of them saw. */
const held = Effect.gen(function*() {
  const closed = yield* Deferred.make<void>()
  const arrived = yield* Deferred.make<Http.ServerResponse>()
  const server = yield* RawServer.listen((_, response) => {
    response.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
    Deferred.doneUnsafe(arrived, Effect.succeed(response))
  })
  return { url: server.url, arrived: Deferred.await(arrived), closed: Deferred.await(closed) }
})

const get = (url: string) => Effect.flatMap(HttpClient.HttpClient, (client) => client.get(url))

describe.each(clients)("an HttpClient on fetch: %s", (_, layer) => {
  it.live("shows status, headers, cookies and URL", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => {
        response.writeHead(418, { "x-one": "1", "set-cookie": ["a=b", "c=d; Path=/"] }).end("short")
      })
      const response = yield* get(`${server.url}/path?q=1`)
      assert.strictEqual(response.status, 418)
      assert.strictEqual(response.headers["x-one"], "1")
      assert.deepStrictEqual(Cookies.toRecord(response.cookies), { a: "b", c: "d" })
      assert.strictEqual(yield* response.text, "short")
      assert.strictEqual(yield* response.text, "short")
      assert.include(JSON.stringify(response), "418")
    }).pipe(Effect.provide(layer)))

  it.live.each<
    [string, string, (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown>, unknown]
  >([
    ["application/json", "{\"a\":[1]}", (response) => response.json, { a: [1] }],
    ["application/json", "", (response) => response.json, null],
    [
      "application/x-www-form-urlencoded",
      "a=1&b=%20",
      (response) => Effect.map(response.urlParamsBody, UrlParams.toRecord),
      {
        a: "1",
        b: " "
      }
    ],
    [
      "application/x-www-form-urlencoded",
      "a=1",
      (response) => Effect.map(response.formData, (form) => form.get("a")),
      "1"
    ],
    ["text/plain", "äß", (response) => Effect.map(response.arrayBuffer, (bytes) => bytes.byteLength), 4]
  ])("reads a body of %s: %s", ([type, body, read, expected]) =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) =>
        response.writeHead(200, { "content-type": type }).end(body)
      )
      assert.deepStrictEqual(yield* read(yield* get(server.url)), expected)
    }).pipe(Effect.provide(layer)))

  it.live("says that a body is no JSON, and that no connection is handed over", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => response.end("{"))
      const response = yield* get(server.url)
      const error = yield* Effect.flip(response.json)
      assert.strictEqual(error.reason._tag, "DecodeError")
      assert.strictEqual((yield* Effect.flip(response.upgrade)).reason._tag, "StatusCodeError")
    }).pipe(Effect.provide(layer)))

  it.live("sends method, URL with parameters, headers and body, and a length that is right", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => response.end("ok"))
      const request = HttpClientRequest.post(server.url).pipe(
        HttpClientRequest.setUrlParams({ a: "1 2" }),
        HttpClientRequest.setHeaders({ "x-one": "1", "content-length": "999" })
      )
      for (const body of [HttpBody.text("häh"), HttpBody.uint8Array(new TextEncoder().encode("häh"))]) {
        yield* HttpClient.execute(HttpClientRequest.setBody(request, body))
      }
      yield* HttpClient.execute(HttpClientRequest.setBody(request, HttpBody.formDataRecord({ one: "1" })))
      const [text, bytes, form] = server.requests
      for (const seen of [text, bytes]) {
        assert.deepStrictEqual(
          [seen?.method, seen?.url, seen?.headers["x-one"], seen?.headers["content-length"], seen?.body],
          ["POST", "/?a=1+2", "1", "4", "häh"]
        )
      }
      assert.match(form?.headers["content-type"] ?? "", /^multipart\/form-data; boundary=/)
      assert.include(form?.body, "name=\"one\"")
    }).pipe(Effect.provide(layer)))

  it.live("is an HttpClient to Effect: marked, piped, and with a method for each verb", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => response.writeHead(204).end())
      const client = yield* HttpClient.HttpClient
      assert.isTrue(HttpClient.isHttpClient(client))
      assert.include(String(client), "effect/HttpClient")
      const asked = client.pipe(
        HttpClient.mapRequest(HttpClientRequest.setHeader("x-one", "1")),
        HttpClient.filterStatusOk
      )
      for (const one of [client, asked]) {
        const verbs = [one.get, one.query, one.head, one.post, one.patch, one.put, one.del, one.options]
        for (const verb of verbs) yield* verb.call(one, server.url, { headers: { "x-two": "2" } })
        const seen = server.requests.splice(0)
        assert.deepStrictEqual(
          seen.map(({ method }) => method),
          ["GET", "QUERY", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]
        )
        assert.isTrue(seen.every(({ headers }) => headers["x-two"] === "2"))
        assert.isTrue(seen.every(({ headers }) => headers["x-one"] === (one === asked ? "1" : undefined)))
      }
    }).pipe(Effect.provide(layer)))

  it.live("takes fetch and its options from the layer, and from the caller before that", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const own = (name: string): typeof fetch => async (_, init) => {
        seen.push(name, new Headers(init?.headers).get("x-own"), init?.cache)
        return new Response("ok")
      }
      const options = (name: string) =>
        Layer.succeed(FetchHttpClient.RequestInit, { cache: "no-store", headers: { "x-own": name } })
      const built = Layer.provide(layer, [Layer.succeed(FetchHttpClient.Fetch, own("layer")), options("layer")])
      const ask = Effect.asVoid(get("http://gemini.invalid/"))
      yield* Effect.provide(ask, built)
      yield* ask.pipe(
        Effect.provide([Layer.succeed(FetchHttpClient.Fetch, own("caller")), options("caller")]),
        Effect.provide(built)
      )
      assert.deepStrictEqual(seen, ["layer", "layer", "no-store", "caller", "caller", "no-store"])
    }))

  it.live("fails with what fetch threw or what broke, at once", () =>
    Effect.gen(function*() {
      const boom = new Error("boom")
      for (
        const broken of [
          (): never => {
            throw boom
          },
          () => Promise.reject(boom)
        ]
      ) {
        const error = yield* Effect.flip(
          Effect.provideService(get("http://gemini.invalid/"), FetchHttpClient.Fetch, broken)
        )
        assert.strictEqual(error.reason._tag, "TransportError")
        assert.strictEqual("cause" in error.reason && error.reason.cause, boom)
      }
      assert.strictEqual((yield* Effect.flip(get("no url"))).reason._tag, "InvalidUrlError")
    }).pipe(Effect.provide(layer)))

  it.live("interrupted before the head, while text is read and within a stream: the server sees the connection close", () =>
    Effect.gen(function*() {
      const reads: ReadonlyArray<(url: string) => Effect.Effect<unknown, unknown, HttpClient.HttpClient>> = [
        get,
        (url) => Effect.flatMap(get(url), (response) => response.text),
        (url) => Effect.flatMap(get(url), (response) => Stream.runDrain(response.stream))
      ]
      for (const [index, read] of reads.entries()) {
        const server = yield* held
        const fiber = yield* Effect.forkChild(read(server.url))
        const response = yield* server.arrived
        if (index > 0) response.writeHead(200).write("a")
        yield* Fiber.interrupt(fiber)
        yield* server.closed
      }
    }).pipe(Effect.provide(layer)))

  it.live("left after the first piece: the server sees the connection close", () =>
    Effect.gen(function*() {
      const server = yield* held
      const fiber = yield* Effect.forkChild(
        Effect.flatMap(get(server.url), ({ stream }) => Stream.runCollect(Stream.take(stream, 1)))
      )
      const response = yield* server.arrived
      response.writeHead(200).write("piece")
      assert.strictEqual(new TextDecoder().decode((yield* Fiber.join(fiber))[0]), "piece")
      yield* server.closed
    }).pipe(Effect.provide(layer)))

  it.live("gives what came of a body before it says that the body broke", () =>
    Effect.gen(function*() {
      const server = yield* held
      const pieces: Array<string> = []
      const fiber = yield* Effect.forkChild(
        Effect.flatMap(get(server.url), ({ stream }) =>
          Stream.runForEach(stream, (piece) =>
            Effect.sync(() => pieces.push(new TextDecoder().decode(piece)))))
      )
      const response = yield* server.arrived
      response.writeHead(200).write("piece", () =>
        response.destroy())
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasFails(exit.cause))
      assert.deepStrictEqual(pieces, ["piece"])
    }).pipe(Effect.provide(layer)))

  it.live("a slow reader holds the server back", () =>
    Effect.gen(function*() {
      let written = 0
      const full = yield* Deferred.make<void>()
      const piece = Buffer.alloc(64 * 1024)
      const server = yield* RawServer.listen((_, response) => {
        response.writeHead(200)
        const more = (): void => {
          while (written < 64 << 20) {
            written += piece.length
            if (!response.write(piece)) {
              // Twice in a row without a drain in between: the reader holds back.
              const waiting = setTimeout(() => Deferred.doneUnsafe(full, Effect.void), 200)
              return void response.once("drain", () => {
                clearTimeout(waiting)
                more()
              })
            }
          }
          Deferred.doneUnsafe(full, Effect.void)
        }
        more()
      })
      yield* Effect.scoped(Effect.gen(function*() {
        const { stream } = yield* get(server.url)
        const pull = yield* Stream.toPull(stream)
        yield* pull
        yield* Deferred.await(full)
        assert.isBelow(written, 32 << 20)
      }))
    }).pipe(Effect.provide(layer)))
})

it.effect("a body that streams is refused before anything is sent, with what to do", () =>
  Effect.gen(function*() {
    const body = HttpBody.stream(Stream.make(new Uint8Array(1)))
    const request = HttpClientRequest.setBody(HttpClientRequest.post("http://127.0.0.1:1/"), body)
    const error = yield* Effect.flip(HttpClient.execute(request))
    assert.strictEqual(error.reason._tag, "EncodeError")
    assert.include(error.message, "FetchHttpClient.layer")
  }).pipe(Effect.provide(FetchGemini.layerHttpClient)))
