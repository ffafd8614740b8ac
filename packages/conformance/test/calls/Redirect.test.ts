import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as Gemini from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as AuthTokens from "effect-gemini/live/AuthTokens"
import * as Members from "effect-gemini/Members"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as RawServer from "./rawServer.ts"

const key = "AIzaNobodyElseMayReadThisKey0123456789abc"
const apiKey = Redacted.make(key)
const secret = "nobody else may read this prompt"
const model = "gemini-3.8-flash"

/** What another origin's server would be asked: a redirect, and the status that sends there. */
const redirects: ReadonlyArray<readonly [name: string, status: number, location: (port: string) => string]> = [
  ["301", 301, (port) => `http://localhost:${port}/stolen`],
  ["302", 302, (port) => `http://localhost:${port}/stolen`],
  ["303", 303, (port) => `http://localhost:${port}/stolen`],
  ["307", 307, (port) => `http://localhost:${port}/stolen`],
  ["308", 308, (port) => `http://localhost:${port}/stolen`],
  ["300 with a location", 300, (port) => `http://localhost:${port}/stolen`],
  ["302 to another port", 302, (port) => `http://127.0.0.1:${port}/stolen`],
  ["307 without a scheme", 307, (port) => `//localhost:${port}/stolen`],
  ["308 with a fragment", 308, (port) => `http://localhost:${port}/stolen#here`],
  ["307 to the path that was asked", 307, (port) => `http://localhost:${port}/v1beta/models/${model}:generateContent`],
  ["302 by way of its own origin", 302, () => "/hop"],
  ["308 by way of its own origin", 308, () => "./hop"]
]

interface Servers {
  readonly gate: RawServer.RawServer
  readonly evil: RawServer.RawServer
}

/** A server that sends everybody on, and the other origin's, which answers as a model would. */
const servers = (status: number, location: (port: string) => string) =>
  Effect.gen(function*() {
    const evil = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("stolen", "STOP")))
    const port = new URL(evil.url).port
    const gate = yield* RawServer.listen((request, response) => {
      const to = request.url?.endsWith("/hop") === true ? `http://localhost:${port}/stolen` : location(port)
      response.writeHead(status, { location: to }).end()
    })
    return { gate, evil }
  })

const clients: ReadonlyArray<readonly [name: string, layer: Layer.Layer<HttpClient.HttpClient>]> = [
  ["FetchHttpClient", FetchHttpClient.layer],
  ["NodeHttpClient on undici", NodeHttpClient.layerUndici],
  ["NodeHttpClient on node:http", NodeHttpClient.layerNodeHttp],
  ["NodeGemini's own", NodeGemini.layerHttpClient()],
  ["FetchGemini's own", FetchGemini.layerHttpClient]
]

type Outcome = Effect.Effect<unknown, GeminiError>
type Options = GeminiConfig.Options & { readonly baseUrl: string }

const retry = { attempts: 1 }
const ofClient = (layer: Layer.Layer<GeminiClient>): ReadonlyArray<Outcome> => [
  Effect.provide(GeminiClient.use((gemini) => gemini.generate({ contents: secret }, { retry })), layer),
  Effect.provide(
    GeminiClient.use((gemini) => Stream.runDrain(gemini.generateStream({ contents: secret }, { retry }))),
    layer
  ),
  Effect.provide(GeminiClient.use((gemini) => Stream.runDrain(gemini.listModels())), layer)
]
const ofTokens = (layer: Layer.Layer<AuthTokens.AuthTokens>): ReadonlyArray<Outcome> => [
  Effect.provide(AuthTokens.AuthTokens.use((tokens) => tokens.create()), layer)
]

/** Every layer that takes any HttpClient, with a call of each kind. */
const over: Readonly<
  Record<string, (options: Options, client: Layer.Layer<HttpClient.HttpClient>) => ReadonlyArray<Outcome>>
> = {
  "GeminiClient.layer": (options, client) => ofClient(Layer.provide(Gemini.layer(options), client)),
  "GeminiHttp.layer": (options, client) => [
    Effect.provide(
      GeminiHttp.GeminiHttp.use((http) => http.generateContent({ model, contents: secret })),
      Layer.provide(GeminiHttp.layer(options), client)
    ),
    Effect.provide(
      GeminiHttp.GeminiHttp.use((http) => Stream.runDrain(http.generateContentStream({ model, contents: secret }))),
      Layer.provide(GeminiHttp.layer(options), client)
    )
  ],
  "Members.layer": ({ baseUrl, transformClient }, client) =>
    ofClient(
      Layer.provide(Members.layer({ retry, transformClient, members: [{ name: "a", apiKey, baseUrl }] }), client)
    ),
  "AuthTokens.layer": (options, client) => ofTokens(Layer.provide(AuthTokens.layer({ retry, ...options }), client))
}

/** Every layer that brings its own. */
const whole: Readonly<Record<string, (options: Options) => ReadonlyArray<Outcome>>> = {
  "FetchGemini.layer": (options) => ofClient(FetchGemini.layer(options)),
  "FetchGemini.layerConfig": (options) => ofClient(Layer.orDie(FetchGemini.layerConfig(options))),
  "NodeGemini.layer": (options) => ofClient(NodeGemini.layer(options)),
  "NodeGemini.layerHttp": (options) => ofClient(NodeGemini.layerHttp(options)),
  "NodeGemini.layerConfig": (options) => ofClient(Layer.orDie(NodeGemini.layerConfig(options))),
  "NodeGemini.layerHttpNoDispatcher over a dispatcher that follows": (options) =>
    ofClient(
      Layer.provide(
        NodeGemini.layerHttpNoDispatcher(options),
        Layer.sync(NodeHttpClient.Dispatcher, () =>
          new undici.Agent().compose(undici.interceptors.redirect({ maxRedirections: 5 })))
      )
    ),
  "AuthTokens.layerFetch": (options) => ofTokens(AuthTokens.layerFetch({ retry, ...options })),
  "AuthTokens.layerConfig": (options) => ofTokens(Layer.orDie(AuthTokens.layerConfig({ retry, ...options })))
}

const isHeld = (error: GeminiError): void => {
  assert.strictEqual(error.reason._tag, "InvalidResponse", error.message)
  assert.match(error.message, /got a redirect \(HTTP 30\d\): check baseUrl/)
}

describe.each(redirects)("the key does not follow a redirect: %s", (_, status, location) => {
  it.live("over any client that does not follow by itself, under each layer", () =>
    Effect.gen(function*() {
      const { evil, gate }: Servers = yield* servers(status, location)
      const options = { apiKey, baseUrl: gate.url }
      for (const [, client] of clients) {
        for (const calls of Object.values(over)) {
          for (const call of calls(options, client)) isHeld(yield* Effect.flip(call))
        }
      }
      for (const calls of Object.values(whole)) {
        for (const call of calls(options)) isHeld(yield* Effect.flip(call))
      }
      assert.deepStrictEqual(evil.requests, [])
      assert.isAbove(gate.requests.length, 40)
    }))

  it.live("and who follows by itself is refused, and named", () =>
    Effect.gen(function*() {
      const { evil, gate }: Servers = yield* servers(status, location)
      const following: ReadonlyArray<Layer.Layer<HttpClient.HttpClient>> = [
        Layer.provide(followed, FetchHttpClient.layer),
        Layer.provide(followed, NodeGemini.layerHttpClient()),
        Layer.provide(followed, NodeHttpClient.layerNodeHttp),
        ...(status === 300 ? [] : [handWritten])
      ]
      const { origin } = new URL(location(new URL(evil.url).port).trim(), evil.url.replace("127.0.0.1", "localhost"))
      const isNamed = (error: GeminiError): void => {
        assert.strictEqual(error.reason._tag, "InvalidResponse", error.message)
        assert.include(error.message, `an answer of ${gate.url}, got one of ${origin}`)
        assert.notInclude(error.message, key)
      }
      for (const client of following) {
        for (const calls of Object.values(over)) {
          for (const call of calls({ apiKey, baseUrl: gate.url }, client)) isNamed(yield* Effect.flip(call))
        }
      }
      // The same given as transformClient.
      const options: Options = { apiKey, baseUrl: gate.url, transformClient: HttpClient.followRedirects(3) }
      for (const calls of Object.values(over)) {
        for (const call of calls(options, FetchHttpClient.layer)) isNamed(yield* Effect.flip(call))
      }
    }))
})

const followed = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, HttpClient.followRedirects(5))
)

const handWritten = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request, url, signal) =>
    Effect.map(
      Effect.tryPromise({
        try: () =>
          fetch(url, {
            method: request.method,
            headers: request.headers,
            signal,
            body: request.body._tag === "Uint8Array" ? new Uint8Array(request.body.body) : null
          }),
        catch: (cause) =>
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
      }),
      (response) => HttpClientResponse.fromWeb(request, response)
    )
  )
)

describe("what the program gives its HttpClient is kept", () => {
  const ask = (options: GeminiConfig.Options, client: Layer.Layer<HttpClient.HttpClient>) =>
    Effect.provide(
      GeminiClient.use((gemini) => gemini.generate({ contents: secret })),
      Layer.provide(Gemini.layer({ apiKey, ...options }), client)
    )

  const transforms: Readonly<Record<string, GeminiConfig.Options["transformClient"]>> = {
    "as it is": undefined,
    transform: HttpClient.transform((effect) => effect),
    transformResponse: HttpClient.transformResponse((effect) => effect),
    mapRequest: HttpClient.mapRequest((request) => request),
    retry: HttpClient.retry({ times: 1 })
  }

  it.live.each(Object.keys(transforms))(
    "fetch's options of a layer, and a fetch of its own: %s",
    (name) =>
      Effect.gen(function*() {
        const transformClient = transforms[name]
        const server = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("a", "STOP")))
        const seen: Array<unknown> = []
        const own: typeof fetch = (url, init) => {
          seen.push(init?.redirect, init?.keepalive)
          return fetch(url, init)
        }
        for (const [at, client] of [FetchHttpClient.layer, FetchGemini.layerHttpClient].entries()) {
          const told = client.pipe(
            Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { keepalive: false, headers: { "x-own": "1" } })),
            Layer.provide(Layer.succeed(FetchHttpClient.Fetch, own))
          )
          yield* ask({ baseUrl: server.url, transformClient }, told)
          assert.deepStrictEqual(seen.splice(0), ["manual", false])
          assert.strictEqual(server.requests[at]?.headers["x-own"], "1")
          assert.strictEqual(server.requests[at]?.headers["x-goog-api-key"], key)
        }
      })
  )

  it.live("the program's own fetch goes on as it was told, after a call and beside it", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((request, response) =>
        request.url === "/from"
          ? response.writeHead(302, { location: "/to" }).end()
          : RawServer.json(response, RawServer.answer("a", "STOP"))
      )
      yield* Effect.gen(function*() {
        yield* ask({ baseUrl: server.url }, FetchHttpClient.layer)
        const client = yield* HttpClient.HttpClient
        assert.strictEqual((yield* client.get(`${server.url}/from`)).status, 200)
      }).pipe(Effect.provide(FetchHttpClient.layer))
    }))

  it.live("a client that sends every request to another origin, as a gateway's does, is not taken for a redirect", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("a", "STOP")))
      const transformClient = HttpClient.mapRequest((request) =>
        HttpClientRequest.setUrl(request, request.url.replace("http://gemini.invalid", server.url))
      )
      for (const [, client] of clients) {
        const { text } = yield* ask({ baseUrl: "http://gemini.invalid", transformClient }, client)
        assert.strictEqual(text, "a")
      }
    }))
})

it.live("a Live session's upgrade that is sent on is refused, and the key stays", () =>
  Effect.gen(function*() {
    const { evil, gate }: Servers = yield* servers(307, (port) => `ws://localhost:${port}/stolen`)
    const layer = NodeGemini.layerLive({ apiKey, baseUrl: gate.url })
    const error = yield* GeminiLive.GeminiLive.use((live) => Effect.scoped(Effect.flip(live.connect()))).pipe(
      Effect.provide(layer)
    )
    assert.deepInclude(error.reason, { _tag: "Connection", kind: "refused", status: 307 })
    assert.deepStrictEqual(evil.requests, [])
  }))
