/** What GeminiHttp promises over each transport, wherever it runs. */
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { type Asked, nobody } from "./askedPromise.ts"
import { methodReplies } from "./methodReplies.ts"

const apiKey = Redacted.make("test-key")
const model = "gemini-3.8-flash"
const contents = [{ role: "user", parts: [{ text: "Hi" }] }]
const content = (text: string) => ({ parts: [{ text }] })

export type Transport = (options: GeminiConfig.Options) => Layer.Layer<GeminiHttp.GeminiHttp>

/** A GeminiHttp of each promise's own, because each has an address of its own. */
const using = <A, E>(
  transport: Transport,
  options: GeminiConfig.Options,
  use: (http: GeminiHttp.Service) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.provide(Effect.flatMap(GeminiHttp.GeminiHttp, use), transport({ apiKey, ...options }), { local: true })

export const httpPromises = (transport: Transport): ReadonlyArray<Asked<never>> => [
  {
    name: "each method sends one request to its path and returns the JSON received",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        const got = yield* using(transport, { baseUrl: `${url}/methods` }, (http) =>
          Effect.all([
            http.generateContent({ model, contents }),
            http.countTokens({ model: `models/${model}`, contents }),
            http.embedContent({ model: "e", content: content("x") }),
            http.batchEmbedContents({
              model: "e",
              requests: [{ content: content("x") }, { model: "models/e", content: content("y") }]
            }),
            http.getModel({ model }),
            http.getModel({ model: "tunedModels/mine" })
          ]))
        const { requests } = yield* seen("methods")
        const sent = [0, 3].map((at) => JSON.parse(requests[at]?.body ?? ""))
        return { got, paths: requests.map(({ url }) => url), sent }
      }),
    answer: {
      got: Object.values(methodReplies),
      paths: Object.keys(methodReplies),
      sent: [
        { contents },
        {
          requests: [
            { model: "models/e", content: content("x") },
            { model: "models/e", content: content("y") }
          ]
        }
      ]
    }
  },
  {
    name: "models are listed page after page, and no page is asked for that nobody wants",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        const names = yield* using(transport, { baseUrl: `${url}/pages` }, (http) =>
          Effect.gen(function*() {
            const all = yield* Stream.runCollect(http.listModels({ pageSize: 2 }))
            yield* Stream.runCollect(Stream.take(http.listModels(), 1))
            return all.map(({ name }) => name)
          }))
        return { names, paths: (yield* seen("pages")).requests.map(({ url }) => url) }
      }),
    answer: {
      names: ["models/a0", "models/b0", "models/a1", "models/b1"],
      paths: [
        "/v1beta/models?pageSize=2",
        "/v1beta/models?pageSize=2&pageToken=1",
        "/v1beta/models?pageSize=2&pageToken=2",
        "/v1beta/models"
      ]
    }
  },
  {
    name: "the key travels in its header alone, a path prefix and extra headers are kept",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        const transformClient = HttpClient.mapRequest(HttpClientRequest.setHeader("x-layer", "l"))
        for (const baseUrl of [`${url}/key/gemini`, `${url}/key/gemini/`]) {
          yield* using(
            transport,
            { baseUrl, apiVersion: "v1", transformClient },
            (http) => http.generateContent({ model, contents }, { headers: { "X-Call": "c" } })
          )
        }
        return (yield* seen("key")).requests.map(({ headers, url }) => {
          const other = Object.entries(headers).filter(([name]) => name !== "x-goog-api-key")
          return {
            url,
            key: headers["x-goog-api-key"],
            layer: headers["x-layer"],
            call: headers["x-call"],
            isNamed: /^effect-gemini\/\d/.test(String(headers["x-goog-api-client"])),
            isElsewhere: JSON.stringify([url, other]).includes("test-key"),
            traces: other.filter(([name]) => /^(traceparent|b3|tracestate)$/.test(name))
          }
        })
      }),
    answer: [0, 1].map(() => ({
      url: "/gemini/v1/models/gemini-3.8-flash:generateContent",
      key: "test-key",
      layer: "l",
      call: "c",
      isNamed: true,
      isElsewhere: false,
      traces: []
    }))
  },
  {
    name: "a redirect is an error, and the key does not follow it",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        const error = yield* using(
          transport,
          { baseUrl: `${url}/moved` },
          (http) => Effect.flip(http.generateContent({ model, contents }))
        )
        const asked = [yield* seen("moved"), yield* seen("elsewhere")].map(({ requests }) => requests.length)
        return [error.status, ...asked]
      }),
    answer: [302, 1, 0]
  },
  {
    name: "an empty, a cut and a non-JSON body are InvalidResponse or Network, never an answer",
    ask: ({ url }) =>
      using(
        transport,
        { baseUrl: `${url}/noAnswer` },
        (http) =>
          Effect.forEach(
            [0, 1, 2, 3, 4],
            () => Effect.map(Effect.flip(http.generateContent({ model, contents })), ({ reason }) => reason._tag)
          )
      ),
    answer: ["InvalidResponse", "InvalidResponse", "InvalidResponse", "InvalidResponse", "Network"]
  },
  {
    name: "a stream cut by the socket ends in StreamInterrupted with what was received",
    ask: ({ url }) =>
      using(transport, { baseUrl: `${url}/cut` }, (http) =>
        Effect.gen(function*() {
          const seen: Array<string> = []
          const { reason } = yield* http.generateContentStream({ model, contents }).pipe(
            Stream.runForEach((chunk) => Effect.sync(() => void seen.push(GenerateContent.text(chunk)))),
            Effect.flip
          )
          return [...seen, reason._tag, "received" in reason ? reason.received.length : 0]
        })),
    answer: ["a", "b", "StreamInterrupted", 2]
  },
  {
    name: "who sends more than a bound is cut off, at its byte",
    ask: ({ url }) =>
      using(
        transport,
        // An event's "data:" is counted.
        { baseUrl: `${url}/sized`, bounds: { body: 70_000, event: 70_005, errorBody: 70_000 } },
        (http) =>
          Effect.forEach([69_999, 70_000, 70_001], (bytes) => {
            const request = { model: `n${bytes}`, contents }
            const calls = [http.generateContent(request), Stream.runDrain(http.generateContentStream(request))]
            return Effect.forEach(calls, (call) =>
              Effect.match(call, {
                onFailure: ({ reason }) => reason._tag,
                onSuccess: () => "answered"
              }))
          })
      ),
    answer: [["answered", "answered"], ["answered", "answered"], ["ResponseTooLarge", "ResponseTooLarge"]]
  },
  {
    name: "what cannot be sent fails before anything leaves",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        const tag = (options: GeminiConfig.Options, request = { model, contents }) =>
          using(transport, { baseUrl: `${url}/unsent`, ...options }, (http) =>
            Effect.map(Effect.flip(http.generateContent(request)), ({ reason }) =>
              reason._tag))
        return [
          yield* tag({ apiKey: undefined }),
          yield* tag({ apiKey: Redacted.make("") }),
          yield* tag({ apiKey: Redacted.make("a\nb") }),
          yield* tag({}, { model: "no/such/../name", contents }),
          (yield* seen("unsent")).requests.length
        ]
      }),
    answer: ["MissingApiKey", "MissingApiKey", "Unauthenticated", "InvalidRequest", 0]
  },
  {
    name: "nobody listens: Network with the socket's code",
    ask: () =>
      Effect.gen(function*() {
        const { reason } = yield* using(
          transport,
          { baseUrl: nobody },
          (http) => Effect.flip(http.generateContent({ model, contents }))
        )
        return [reason._tag, "code" in reason ? reason.code : undefined]
      }),
    answer: ["Network", "ECONNREFUSED"]
  },
  {
    name: "a slow consumer slows the server: it stops sending when nobody reads",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        yield* using(transport, { baseUrl: `${url}/slow` }, (http) =>
          http.generateContentStream({ model, contents }).pipe(
            Stream.take(1),
            Stream.runForEach(() =>
              Effect.sleep("300 millis")
            )
          ))
        const { written } = yield* seen("slow")
        // Kernel buffers of both sides and the readers' own; an unbounded reader takes all that there is.
        return written > 0 && written < 32 << 20
      }),
    answer: true
  }
]
