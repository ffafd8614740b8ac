/**
 * Addresses out of answers and the redirects of downloads, over real sockets: the key leaves for nobody else.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import type * as Cookies from "effect/http/Cookies"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as SpanRecorder from "../calls/spanRecorder.ts"
import { Anything, door, get, Named, one, several } from "./resourceLayers.ts"
import * as ResourceServer from "./resourceServer.ts"

const hostile = (base: string): ReadonlyArray<readonly [why: string, url: string]> => [
  ["another host", "https://evil.example/upload/v1beta/files?upload_id=1"],
  ["a host that begins like Google's", "https://generativelanguage.googleapis.com.evil.example/v1beta/files/x"],
  ["Google's name as a user", "https://generativelanguage.googleapis.com@evil.example/v1beta/files/x"],
  ["a scheme of its own", "file:///etc/hostname"],
  ["an address inside an address", "blob:https://generativelanguage.googleapis.com/v1beta/files/x"],
  ["without a scheme", "//evil.example/v1beta/files/x"],
  ["a backslash before the host", "https:\\\\evil.example\\v1beta\\files\\x"],
  ["plain http to Google's name", "http://generativelanguage.googleapis.com/v1beta/files/x"],
  ["another port of this machine", `${base.replace(/:\d+$/, ":1")}/v1beta/files/x`],
  ["another name of this machine", base.replace("127.0.0.1", "127.0.0.2")],
  ["a cloud's own metadata", "http://169.254.169.254/computeMetadata/v1/"],
  ["data in place of an address", "data:text/plain,hello"]
]

describe("an address out of an answer", () => {
  it.live("that is Google's is asked by its path and query at the base URL's origin, with the key", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      yield* Effect.provide(
        Effect.gen(function*() {
          const http = yield* door
          const start = yield* http.create({
            method: "files.upload",
            path: "files",
            root: "/upload",
            headers: { "x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start" },
            body: { file: { name: "files/mine" } },
            answer: Anything,
            settle: { name: "files/mine" }
          })
          assert.deepStrictEqual(start.handle, { name: "files/mine" })
          const done = yield* http.ask({
            method: "files.upload",
            httpMethod: "POST",
            url: start.headers["x-goog-upload-url"] ?? "",
            headers: { "x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0" },
            body: new Uint8Array([104, 105]),
            of: [start.handle],
            answer: Schema.Struct({ file: Named })
          })
          assert.strictEqual(done.value.file.name, "files/mine")
          const last = server.log.at(-1)
          assert.strictEqual(last?.body, "hi")
          assert.strictEqual(last?.key, "secret-key")
          assert.strictEqual(last?.headers["x-goog-upload-command"], "upload, finalize")
          const url = "https://generativelanguage.googleapis.com/v1beta/files/mine:download?alt=media"
          const bytes = yield* Stream.mkString(Stream.decodeText(http.download({ method: "files.download", url })))
          assert.strictEqual(bytes, "bytes of files/mine")
          assert.strictEqual(server.log.at(-1)?.query.get("alt"), "media")
        }),
        one(server)
      )
    }))

  it.live("that names another origin is refused before anything is sent: 12 of them, uploaded to and downloaded", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const urls = hostile(server.url)
      assert.strictEqual(urls.length, 12)
      yield* Effect.provide(
        Effect.gen(function*() {
          const http = yield* door
          for (const [why, url] of urls) {
            const sent = yield* Effect.flip(
              http.ask({ method: "files.upload", httpMethod: "POST", url, body: new Uint8Array(1), answer: Anything })
            )
            const read = yield* Effect.flip(Stream.runDrain(http.download({ method: "files.download", url })))
            for (const error of [sent, read]) {
              assert.strictEqual(error.reason._tag, "InvalidRequest", why)
              assert.notInclude(error.message, "secret-key")
            }
          }
          assert.deepStrictEqual(server.log, [])
        }),
        one(server, { retry: { attempts: 1 } })
      )
    }))

  it.live("and a redirect to any of the 12 take the key to nobody, whatever allowOrigin names", () =>
    Effect.gen(function*() {
      const base = "http://127.0.0.1:8790"
      const sent: Array<HttpClientRequest.HttpClientRequest> = []
      let location: string | undefined
      const recording = HttpClient.make((request) => {
        sent.push(request)
        const isRedirect = location !== undefined && request.url.startsWith(base)
        const response = isRedirect
          ? new Response(null, { status: 302, headers: { location: location ?? "" } })
          : new Response("{}")
        return Effect.succeed(HttpClientResponse.fromWeb(request, response))
      })
      const layer = ResourceHttp.layer({
        apiKey: Redacted.make("secret-key"),
        baseUrl: base,
        allowOrigin: ["https://evil.example", "https://generativelanguage.googleapis.com.evil.example"],
        retry: { attempts: 1 }
      }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, recording)))
      yield* Effect.provide(
        Effect.gen(function*() {
          const http = yield* door
          for (const [, url] of hostile(base)) {
            location = undefined
            yield* Effect.exit(
              http.ask({ method: "files.upload", httpMethod: "POST", url, body: new Uint8Array(1), answer: Anything })
            )
            yield* Effect.exit(Stream.runDrain(http.download({ method: "files.download", url })))
            location = url
            yield* Effect.exit(Stream.runDrain(http.download({ method: "files.download", path: "files/x:download" })))
          }
        }),
        layer
      )
      const isOurs = ({ url }: HttpClientRequest.HttpClientRequest) => new URL(url).origin === base
      const elsewhere = sent.filter((request) => !isOurs(request))
      // The named origins were asked, so that the test sees requests that could hold the key.
      assert.isAtLeast(elsewhere.length, 8)
      for (const { headers, url } of elsewhere) {
        assert.notInclude(JSON.stringify([url, ...Object.entries(headers)]), "secret-key")
        assert.isTrue(url.startsWith("https:") || url.startsWith("http://127."), url)
      }
      for (const { headers } of sent.filter(isOurs)) assert.strictEqual(headers["x-goog-api-key"], "secret-key")
    }))

  it.live("of an origin that allowOrigin names is asked without the key and without what the client adds", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const other = yield* ResourceServer.make
      other.special = (_, response) => {
        response.writeHead(200).end("from elsewhere")
        return true
      }
      yield* Effect.provide(
        Effect.gen(function*() {
          const http = yield* door
          const request = { method: "files.download", url: `${other.url}/signed?signature=s` }
          const text = yield* Stream.mkString(Stream.decodeText(
            http.download(request, { headers: { range: "bytes=0-", authorization: "Bearer mine", cookie: "a=b" } })
          ))
          assert.strictEqual(text, "from elsewhere")
          assert.strictEqual(other.log[0]?.query.get("signature"), "s")
          assert.strictEqual(other.log[0]?.headers["range"], "bytes=0-")
          yield* Effect.flip(http.ask({
            method: "files.upload",
            httpMethod: "POST",
            url: `${other.url}/upload`,
            headers: { "x-goog-upload-command": "upload", "x-secret": "mine" },
            body: { hello: "there" },
            answer: Anything
          }))
          assert.strictEqual(other.log[1]?.body, JSON.stringify({ hello: "there" }))
          assert.strictEqual(other.log[1]?.headers["x-goog-upload-command"], "upload")
          const ours = [
            "x-goog-api-key",
            "authorization",
            "cookie",
            "x-gateway",
            "x-client",
            "x-goog-api-client",
            "x-secret"
          ]
          for (const { headers } of other.log) {
            for (const name of ours) assert.isUndefined(headers[name], name)
          }
          assert.deepStrictEqual(server.log, [])
        }),
        one(server, {
          allowOrigin: [other.url],
          transformClient: HttpClient.mapRequest(HttpClientRequest.setHeader("x-gateway", "credential"))
        }, HttpClient.mapRequest(HttpClientRequest.setHeader("x-client", "credential")))
      )
      const wrong = yield* Effect.flip(Effect.provide(get("files/x"), one(server, { allowOrigin: ["evil.example"] })))
      assert.include(wrong.message, "allowOrigin")
    }))
})

describe("a download's redirect", () => {
  const chain = (server: ResourceServer.ResourceServer, other: ResourceServer.ResourceServer, hops: number) => {
    server.special = (_, response) => {
      response.writeHead(302, { location: `${other.url}/hop/1`, "set-cookie": "a=b" }).end()
      return true
    }
    other.special = ({ path }, response) => {
      const hop = Number(path.split("/").at(-1))
      if (hop < hops) response.writeHead(307, { location: `/hop/${hop + 1}` }).end()
      else response.writeHead(200).end("bytes")
      return true
    }
  }
  const download = door.use((http) =>
    Stream.mkString(Stream.decodeText(http.download({ method: "files.download", path: "files/x:download" })))
  )

  const clients = [
    ["NodeGemini", NodeGemini.layerHttpClient()],
    ["FetchGemini", FetchGemini.layerHttpClient],
    ["fetch", FetchHttpClient.layer],
    ["undici", NodeHttpClient.layerUndici],
    ["node:http", NodeHttpClient.layerNodeHttp]
  ] as const

  it.live.each(clients)("is followed over %s, without key or cookies", ([, client]) =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const other = yield* ResourceServer.make
      chain(server, other, 3)
      const jar = yield* Ref.make<ReadonlyArray<Cookies.Cookie>>([])
      const program = Effect.all([download, download]).pipe(
        Effect.provide(
          ResourceHttp.layer({ apiKey: Redacted.make("secret-key"), baseUrl: server.url }).pipe(
            Layer.provide(Layer.effect(
              HttpClient.HttpClient,
              Effect.map(HttpClient.HttpClient, HttpClient.withCookiesRef(jar))
            )),
            Layer.provide(client)
          )
        )
      )
      assert.deepStrictEqual(yield* program, ["bytes", "bytes"])
      assert.strictEqual(server.log[0]?.key, "secret-key")
      assert.strictEqual(other.log.length, 6)
      for (const { headers, key } of other.log) {
        assert.isUndefined(key)
        assert.isUndefined(headers["cookie"])
        assert.isUndefined(headers["x-goog-api-client"])
      }
    }))

  it.live.each([1, 2, 3])("is followed %d times, without key or cookies", (hops) =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const other = yield* ResourceServer.make
      chain(server, other, hops)
      assert.strictEqual(yield* Effect.provide(download, one(server)), "bytes")
      assert.strictEqual(server.log[0]?.key, "secret-key")
      assert.strictEqual(other.log.length, hops)
      for (const { headers, key } of other.log) {
        assert.isUndefined(key)
        assert.isUndefined(headers["cookie"])
      }
    }))

  it.live("ends in TimedOut where bytes stop, and where what was redirected to never answers", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const other = yield* ResourceServer.make
      const timeouts = { idle: "100 millis", firstByte: "200 millis" } as const
      const once = one(server, { timeouts, retry: { attempts: 1 } })
      server.special = (_, response) => {
        response.writeHead(200).write("some")
        return true
      }
      const stopped = yield* Effect.flip(Effect.provide(download, once))
      assert.strictEqual(stopped.reason._tag === "TimedOut" && stopped.reason.phase, "idle")
      chain(server, other, 1)
      other.special = () => true
      const silent = yield* Effect.flip(Effect.provide(download, once))
      assert.strictEqual(silent.reason._tag === "TimedOut" && silent.reason.phase, "firstByte")
      // A refusal whose body does not end is bounded, too.
      server.special = (_, response) => {
        response.writeHead(403).write("{")
        return true
      }
      const refused = yield* Effect.flip(Effect.provide(download, once))
      assert.strictEqual(refused.reason._tag === "TimedOut" && refused.reason.phase, "firstByte")
    }))

  it.live("has one span from the request to the last byte, with the member, and without the address", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const other = yield* ResourceServer.make
      chain(server, other, 1)
      const { spans, tracer } = SpanRecorder.make()
      yield* download.pipe(
        Effect.provide(several(server)),
        MemberCall.set({ member: "b" }),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      assert.deepStrictEqual(spans.map(({ name }) => name), ["files.download files", "files.download"])
      assert.strictEqual(spans[1]?.attributes.get("gemini.member"), "b")
      assert.deepStrictEqual(spans.map(({ status }) => status._tag), ["Ended", "Ended"])
      const text = spans.flatMap(({ attributes }) => [...attributes].map(String)).join()
      assert.notInclude(text, "key-b")
      assert.notInclude(text, "hop")
    }))

  it.live("is not followed a fourth time", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const other = yield* ResourceServer.make
      chain(server, other, 4)
      const error = yield* Effect.flip(Effect.provide(download, one(server)))
      assert.strictEqual(error.reason._tag, "InvalidResponse")
      assert.include(error.message, "more than 3 redirects")
      assert.strictEqual(other.log.length, 3)
    }))

  it.live.each(["http://evil.example/x", "file:///etc/hostname", "data:,x", undefined])(
    "to %s is not followed",
    (to) =>
      Effect.gen(function*() {
        const server = yield* ResourceServer.make
        server.special = (_, response) => {
          response.writeHead(302, to === undefined ? {} : { location: to }).end()
          return true
        }
        const error = yield* Effect.flip(Effect.provide(download, one(server)))
        assert.strictEqual(error.reason._tag, "InvalidResponse")
        assert.strictEqual(server.log.length, 1)
      })
  )
})
