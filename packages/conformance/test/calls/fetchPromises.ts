/** What an HttpClient on `fetch` promises, whoever made it and wherever it runs. */
import * as Cause from "effect/Cause"
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
import { type Asked, nobody, type Server } from "./askedPromise.ts"

const get = (url: string) => Effect.flatMap(HttpClient.HttpClient, (client) => client.get(url))

const utf8 = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

const reads: ReadonlyArray<
  readonly [
    path: string,
    read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown>,
    value: unknown
  ]
> = [
  ["json", (response) => response.json, { a: [1] }],
  ["empty", (response) => response.json, null],
  ["params", (response) => Effect.map(response.urlParamsBody, UrlParams.toRecord), { a: "1", b: " " }],
  ["form", (response) => Effect.map(response.formData, (form) => form.get("a")), "1"],
  ["bytes", (response) => Effect.map(response.arrayBuffer, (bytes) => bytes.byteLength), 4]
]

/** Begins to read, is interrupted once the server has the request, and says whether the connection was closed. */
const interrupted = (
  { until, url }: Server,
  path: string,
  read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.flatMap(get(`${url}/${path}`), read))
    yield* until(path, ({ requests }) => requests.length > 0)
    // A head that is on its way is read by then.
    yield* Effect.sleep("100 millis")
    yield* Fiber.interrupt(fiber)
    return yield* until(path, ({ closed }) => closed > 0)
  })

export const fetchPromises: ReadonlyArray<Asked<HttpClient.HttpClient>> = [
  {
    name: "shows status, headers and body, as often as it is asked, and itself as JSON",
    ask: ({ url }) =>
      Effect.gen(function*() {
        const response = yield* get(`${url}/teapot`)
        const head = [response.status, response.headers["x-one"]]
        return [...head, yield* response.text, yield* response.text, JSON.stringify(response).includes("418")]
      }),
    answer: [418, "1", "short", "short", true]
  },
  {
    name: "shows cookies",
    ask: ({ url }) => Effect.map(get(`${url}/teapot`), ({ cookies }) => Cookies.toRecord(cookies)),
    answer: { a: "b", c: "d" }
  },
  ...reads.map(([path, read, answer]) => ({
    name: `reads a body: ${path}`,
    ask: ({ url }: Server) => Effect.flatMap(get(`${url}/${path}`), read),
    answer
  })),
  {
    name: "says that a body is no JSON, and that no connection is handed over",
    ask: ({ url }) =>
      Effect.gen(function*() {
        const response = yield* get(`${url}/notJson`)
        return [(yield* Effect.flip(response.json)).reason._tag, (yield* Effect.flip(response.upgrade)).reason._tag]
      }),
    answer: ["DecodeError", "StatusCodeError"]
  },
  {
    name: "sends method, URL with parameters, headers and body, and a length that is right",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        const request = HttpClientRequest.post(`${url}/echo`).pipe(
          HttpClientRequest.setUrlParams({ a: "1 2" }),
          HttpClientRequest.setHeaders({ "x-one": "1", "content-length": "999" })
        )
        const bodies = [HttpBody.text("häh"), HttpBody.uint8Array(new TextEncoder().encode("häh"))]
        for (const body of bodies) yield* HttpClient.execute(HttpClientRequest.setBody(request, body))
        yield* HttpClient.execute(HttpClientRequest.setBody(request, HttpBody.formDataRecord({ one: "1" })))
        const { requests } = yield* seen("echo")
        return [
          ...requests.slice(0, 2).map(({ body, headers, method, url }) =>
            [method, url, headers["x-one"], headers["content-length"], body].join()
          ),
          requests[2]?.headers["content-type"]?.startsWith("multipart/form-data; boundary="),
          requests[2]?.body.includes("name=\"one\"")
        ]
      }),
    answer: ["POST,?a=1+2,1,4,häh", "POST,?a=1+2,1,4,häh", true, true]
  },
  {
    name: "is an HttpClient to Effect: marked, piped, and with a method for each verb",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        const client = yield* HttpClient.HttpClient
        const asked = client.pipe(
          HttpClient.mapRequest(HttpClientRequest.setHeader("x-one", "1")),
          HttpClient.filterStatusOk
        )
        for (const one of [client, asked]) {
          const verbs = [one.get, one.query, one.head, one.post, one.patch, one.put, one.del, one.options]
          for (const verb of verbs) yield* verb.call(one, `${url}/verbs`, { headers: { "x-two": "2" } })
        }
        const { requests } = yield* seen("verbs")
        return [
          HttpClient.isHttpClient(client),
          String(client).includes("effect/HttpClient"),
          ...requests.map(({ headers, method }) => `${method} ${headers["x-one"] ?? "-"} ${headers["x-two"]}`)
        ]
      }),
    answer: [
      true,
      true,
      ...["-", "1"].flatMap((one) =>
        ["GET", "QUERY", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"].map((verb) => `${verb} ${one} 2`)
      )
    ]
  },
  {
    name: "fails with what fetch threw, at once",
    ask: () =>
      Effect.gen(function*() {
        const boom = new Error("boom")
        const thrown: ReadonlyArray<typeof fetch> = [
          () => {
            throw boom
          },
          () => Promise.reject(boom)
        ]
        const said: Array<unknown> = []
        for (const broken of thrown) {
          const { reason } = yield* Effect.flip(
            Effect.provideService(get("http://gemini.invalid/"), FetchHttpClient.Fetch, broken)
          )
          said.push(reason._tag, "cause" in reason && reason.cause === boom)
        }
        return [...said, (yield* Effect.flip(get("http://"))).reason._tag]
      }),
    answer: ["TransportError", true, "TransportError", true, "InvalidUrlError"]
  },
  {
    name: "nobody listens: fails at once",
    ask: () => Effect.map(Effect.flip(get(nobody)), ({ reason }) => reason._tag),
    answer: "TransportError"
  },
  {
    name: "interrupted before the head: the server sees the connection close",
    ask: (server) => interrupted(server, "headless", () => Effect.never),
    answer: true
  },
  {
    name: "interrupted while text is read: the server sees the connection close",
    ask: (server) => interrupted(server, "text", ({ text }) => text),
    answer: true
  },
  {
    name: "interrupted within a stream: the server sees the connection close",
    ask: (server) => interrupted(server, "stream", ({ stream }) => Stream.runDrain(stream)),
    answer: true
  },
  {
    name: "left after the first piece: the server sees the connection close",
    ask: ({ until, url }) =>
      Effect.gen(function*() {
        const { stream } = yield* get(`${url}/left`)
        const [first] = yield* Stream.runCollect(Stream.take(stream, 1))
        return [utf8(first), yield* until("left", ({ closed }) => closed > 0)]
      }),
    answer: ["piece", true]
  },
  {
    name: "gives what came of a body before it says that the body broke",
    ask: ({ url }) =>
      Effect.gen(function*() {
        const pieces: Array<string> = []
        const exit = yield* Effect.exit(Effect.flatMap(get(`${url}/broken`), ({ stream }) =>
          Stream.runForEach(stream, (piece) =>
            Effect.sync(() => pieces.push(utf8(piece))))))
        return [...pieces, Exit.isFailure(exit) && Cause.hasFails(exit.cause)]
      }),
    answer: ["piece", true]
  },
  {
    name: "a slow reader holds the server back",
    ask: ({ seen, url }) =>
      Effect.scoped(Effect.gen(function*() {
        const { stream } = yield* get(`${url}/flood`)
        const pull = yield* Stream.toPull(stream)
        yield* pull
        yield* Effect.sleep("1 second")
        return (yield* seen("flood")).written < 48 << 20
      })),
    answer: true
  }
]

/** What FetchGemini's own promises beyond what Effect's does. */
export const ownPromises: ReadonlyArray<Asked<HttpClient.HttpClient>> = [
  {
    name: "a redirect is shown, and not followed",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        const { status } = yield* get(`${url}/redirect`)
        return [status, (yield* seen("elsewhere")).requests.length]
      }),
    answer: [307, 0]
  },
  {
    name: "a body that streams is refused before anything is sent, with what to do",
    ask: ({ seen, url }) =>
      Effect.gen(function*() {
        const body = HttpBody.stream(Stream.make(new Uint8Array(1)))
        const request = HttpClientRequest.setBody(HttpClientRequest.post(`${url}/streamed`), body)
        const error = yield* Effect.flip(HttpClient.execute(request))
        const hinted = error.message.includes("FetchHttpClient.layer")
        return [error.reason._tag, hinted, (yield* seen("streamed")).requests.length]
      }),
    answer: ["EncodeError", true, 0]
  }
]

/** What is promised of the layer itself. */
export const layerPromise = (layer: Layer.Layer<HttpClient.HttpClient>): Asked<never> => ({
  name: "takes fetch and its options from the layer, and from the caller before that",
  ask: () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const own = (name: string): typeof fetch => async (_, init) => {
        seen.push(name, new Headers(init?.headers).get("x-own"), init?.cache)
        return new Response("ok")
      }
      const services = (name: string) =>
        Layer.mergeAll(
          Layer.succeed(FetchHttpClient.Fetch, own(name)),
          Layer.succeed(FetchHttpClient.RequestInit, { cache: "no-store", headers: { "x-own": name } })
        )
      const built = Layer.provide(layer, services("layer"))
      const ask = Effect.asVoid(get("http://gemini.invalid/"))
      yield* Effect.provide(ask, built, { local: true })
      yield* ask.pipe(Effect.provide(services("caller")), Effect.provide(built, { local: true }))
      return seen
    }),
  answer: ["layer", "layer", "no-store", "caller", "caller", "no-store"]
})
