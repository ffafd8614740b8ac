/**
 * The access token is in no error, log line, span or metric, whatever goes wrong and whatever a server says again of it;
 * nor is the prompt. The request itself is logged by its caller.
 */
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Canary from "../calls/canary.ts"
import * as RawServer from "../calls/rawServer.ts"

// No rule knows it by its looks.
const token = "CANARY-TOKEN-9be3d1-of-nobody"
const prompt = "CANARY-PROMPT-77e1b0"
const place = { project: "a-project", location: "europe-west1" }

type Call = (gemini: GeminiClient["Service"]) => Effect.Effect<unknown, unknown>

const generate: Call = (gemini) => gemini.generate({ contents: prompt })
const drain: Call = (gemini) => Stream.runDrain(gemini.generateStream({ contents: prompt }))

interface Kind {
  readonly name: string
  readonly tag: string
  readonly serve?: (response: ServerResponse, said: string) => void
  readonly options?: Partial<Vertex.Options>
  readonly call?: Call
}

/** Says again what it was asked with. */
const status = (code: number) => (response: ServerResponse, said: string) =>
  RawServer.json(response, { error: { code, message: `status ${code} of ${said}`, details: [{ of: said }] } }, code)
const body = (text: (said: string) => string) => (response: ServerResponse, said: string) =>
  void response.writeHead(200).end(text(said))

const kinds: ReadonlyArray<Kind> = [
  ...([
    [400, "InvalidRequest"],
    [401, "Unauthenticated"],
    [403, "Unauthenticated"],
    [404, "NotFound"],
    [429, "RateLimited"],
    [500, "ServerError"],
    [503, "Overloaded"]
  ] as const).flatMap(([code, tag]) => [
    { name: `HTTP ${code}`, tag, serve: status(code) },
    { name: `HTTP ${code} of a stream`, tag, serve: status(code), call: drain }
  ]),
  { name: "HTML", tag: "InvalidResponse", serve: body((said) => `<html>${said}`) },
  {
    name: "a redirect",
    tag: "InvalidResponse",
    serve: (response, said) => void response.writeHead(302, { location: `/x?token=${encodeURIComponent(said)}` }).end()
  },
  {
    name: "a wrong shape",
    tag: "InvalidResponse",
    serve: body((said) => JSON.stringify({ candidates: [{ content: { parts: [{ text: 5, said }] } }] }))
  },
  {
    name: "an error in a stream",
    tag: "Overloaded",
    call: drain,
    serve: body((said) => `data: ${JSON.stringify({ error: { code: 503, message: said } })}\n\n`)
  },
  {
    name: "an interrupted stream",
    tag: "StreamInterrupted",
    call: drain,
    serve: body(() => RawServer.event(RawServer.answer("a")))
  },
  { name: "a reset", tag: "Network", serve: (response) => void response.socket?.resetAndDestroy() },
  { name: "nobody listens", tag: "Network", options: { baseUrl: "http://127.0.0.1:9" } },
  { name: "a timeout", tag: "TimedOut", options: { timeouts: { attempt: "30 millis" } }, serve: () => undefined },
  { name: "a project that is none", tag: "InvalidRequest", options: { project: "a/b" } },
  {
    name: "a field that Vertex AI lacks",
    tag: "Unsupported",
    call: (gemini) => gemini.generate({ contents: prompt, store: true })
  },
  {
    name: "a header that cannot be sent",
    tag: "InvalidRequest",
    call: (gemini) => gemini.generate({ contents: prompt }, { headers: { "x-extra": "a\nb" } })
  },
  {
    name: "a count",
    tag: "ServerError",
    serve: status(500),
    call: (gemini) => gemini.countTokens({ contents: prompt })
  },
  {
    name: "an embedding by predict",
    tag: "InvalidResponse",
    serve: body((said) => JSON.stringify({ predictions: [{ embeddings: { values: [said], said } }] })),
    call: (gemini) => gemini.embed({ model: "text-embedding-005", contents: [prompt] })
  }
]

const tokens = AccessToken.layer(() => Effect.succeed({ token: Redacted.make(token), quotaProject: "a-payer" }))

const saidOf = (request: IncomingMessage) => String(request.headers.authorization)

const transports: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["FetchGemini", FetchGemini.layerHttpClient],
  ["NodeGemini", NodeGemini.layerHttpClient()]
]

describe.each(transports)("%s: the access token is nowhere", (_, transport) => {
  for (const { call = generate, name, options, serve, tag } of kinds) {
    it.live(name, () =>
      Effect.gen(function*() {
        let heard = 0
        const server = yield* RawServer.listen((request, response) => {
          if (saidOf(request).includes(token)) heard++
          ;(serve ?? ((response) => void response.end()))(response, saidOf(request))
        })
        const layer = Vertex.layer({
          ...place,
          baseUrl: server.url,
          retry: { attempts: 1 },
          transformClient: HttpClient.tapRequest((sent) => Effect.log({ headers: sent.headers, url: sent.url })),
          ...options
        }).pipe(Layer.provide([tokens, transport]))
        const traces = yield* Canary.traced(Effect.provide(GeminiClient.use(call), layer))
        const error = Canary.assertTracesClean(traces, [token, prompt])
        assert.match(String(error), new RegExp(tag))
        if (serve !== undefined) assert.isAbove(heard, 0)
      }).pipe(Effect.scoped))
  }
})

describe("a Live session", () => {
  it.live("that is refused with the token's words says nothing of it", () =>
    Effect.gen(function*() {
      const server = yield* RawServer.listen(
        (_, response) => void response.end(),
        (request, socket) => {
          const said = `refused: ${saidOf(request)}`
          socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${said.length}\r\n\r\n${said}`)
        }
      )
      const layer = Vertex.destination({ ...place, baseUrl: server.url }).pipe(
        Effect.map((destination) => NodeGemini.layerLive({ destination })),
        Layer.unwrap,
        Layer.provide(tokens)
      )
      const connect = GeminiLive.GeminiLive.use((live) =>
        live.connect({ model: "gemini-3.8-live", systemInstruction: prompt })
      )
      const traces = yield* Canary.traced(Effect.scoped(Effect.provide(connect, layer)))
      Canary.assertTracesClean(traces, [token, prompt])
    }).pipe(Effect.scoped))
})
