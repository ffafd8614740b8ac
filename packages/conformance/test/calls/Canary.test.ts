import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import type * as Http from "node:http"
import * as Canary from "./canary.ts"
import * as RawServer from "./rawServer.ts"

const canaryKey = "CANARY-KEY-5f2a9c"
const canaryPrompt = "CANARY-PROMPT-77e1b0"
/** In a header of the caller's own: the caller may log it, our errors may not quote it. */
const canaryHeader = "CANARY-HEADER-c41d"
const apiKey = Redacted.make(canaryKey)
const request = { model: "gemini-3.8-flash", contents: [{ role: "user", parts: [{ text: canaryPrompt }] }] }

interface Kind {
  readonly name: string
  readonly tag: string
  readonly serve?: (response: Http.ServerResponse) => void
  readonly options?: Partial<GeminiConfig.Options>
  readonly run?: (http: GeminiHttp.Service) => Effect.Effect<unknown, unknown>
}

const drain = (http: GeminiHttp.Service) => Stream.runDrain(http.generateContentStream(request))
const status = (code: number, extra: object = {}) => (response: Http.ServerResponse) =>
  RawServer.json(response, { error: { code, message: `status ${code}`, ...extra } }, code)
const body = (text: string, headers: Http.OutgoingHttpHeaders = {}) => (response: Http.ServerResponse) =>
  void response.writeHead(200, headers).end(text)
const cyclic: { parts: Array<unknown> } = { parts: [{ text: canaryPrompt }] }
cyclic.parts.push(cyclic)

const kinds: ReadonlyArray<Kind> = [
  ...([
    [400, "InvalidRequest"],
    [401, "Unauthenticated"],
    [403, "Unauthenticated"],
    [404, "NotFound"],
    [
      429,
      "RateLimited"
    ],
    [500, "ServerError"],
    [503, "Overloaded"]
  ] as const).map(([code, tag]) => ({
    name: `HTTP ${code}`,
    tag,
    serve: status(code)
  })),
  {
    name: "the server quotes the key",
    tag: "Unauthenticated",
    serve: status(403, { message: `Consumer 'api_key:${canaryKey}' has been suspended.` })
  },
  { name: "HTML", tag: "InvalidResponse", serve: body("<html>") },
  { name: "a redirect", tag: "InvalidResponse", serve: (r) => void r.writeHead(302, { location: "/x" }).end() },
  { name: "an empty body", tag: "InvalidResponse", serve: body("") },
  {
    name: "a wrong shape",
    tag: "InvalidResponse",
    serve: body("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":5}]}}]}")
  },
  { name: "a blocked prompt", tag: "PromptBlocked", serve: body("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}") },
  { name: "an error in a stream", tag: "Overloaded", run: drain, serve: body("data: {\"error\":{\"code\":503}}\n\n") },
  {
    name: "an interrupted stream",
    tag: "StreamInterrupted",
    run: drain,
    serve: body(RawServer.event(RawServer.answer("a")))
  },
  {
    name: "a reset stream",
    tag: "StreamInterrupted",
    run: drain,
    serve: (response) => {
      response.writeHead(200).write(RawServer.event(RawServer.answer("a")))
      setTimeout(() => response.destroy(), 10)
    }
  },
  { name: "a reset", tag: "Network", serve: (response) => void response.socket?.resetAndDestroy() },
  { name: "nobody listens", tag: "Network", options: { baseUrl: "http://127.0.0.1:9" } },
  { name: "no URL", tag: "InvalidRequest", options: { baseUrl: "nonsense" } },
  ...(["connect", "attempt", "firstByte"] as const).map((phase): Kind => ({
    name: `${phase} timeout`,
    tag: "TimedOut",
    // Where the transport sees its connection stand, `connect` ends there and `attempt` follows.
    options: { timeouts: { attempt: "60 millis", [phase]: "30 millis" } },
    serve: () => undefined
  })),
  {
    name: "idle timeout",
    tag: "TimedOut",
    options: { timeouts: { idle: "30 millis" } },
    run: drain,
    serve: (response) => void response.writeHead(200).write(RawServer.event(RawServer.answer("a")))
  },
  { name: "no key", tag: "MissingApiKey", options: { apiKey: undefined } },
  {
    name: "a key that no header holds",
    tag: "Unauthenticated",
    options: { apiKey: Redacted.make(`${canaryKey}\n${canaryKey}`) }
  },
  {
    name: "a header that cannot be sent",
    tag: "InvalidRequest",
    run: (http) => http.generateContent(request, { headers: { "x-extra": `${canaryHeader}\nx` } })
  },
  {
    name: "no model name",
    tag: "InvalidRequest",
    run: (http) => http.generateContent({ ...request, model: "../x" })
  },
  {
    name: "a request that is not JSON",
    tag: "InvalidRequest",
    // What TypeScript would refuse: a program in JavaScript passes it.
    run: (http) => http.generateContent(Object.assign({ ...request }, { contents: [cyclic] }))
  }
]

const exercise = Effect.fnUntraced(function*(layer: typeof FetchGemini.layer, kind: Kind) {
  const server = yield* RawServer.listen((_, response) => (kind.serve ?? ((r) => r.end()))(response))
  const run = kind.run ?? ((http: GeminiHttp.Service): Effect.Effect<unknown, unknown> => http.generateContent(request))
  return yield* Canary.traced(
    Effect.provide(
      GeminiHttp.GeminiHttp.use(run),
      layer({
        apiKey,
        baseUrl: server.url,
        // What a user would do to see the traffic: the key's header must come out redacted.
        transformClient: HttpClient.tapRequest((sent) => Effect.log({ headers: sent.headers, url: sent.url })),
        ...kind.options
      })
    )
  )
})

describe.each([["FetchGemini", FetchGemini.layer], ["NodeGemini", NodeGemini.layerHttp]] as const)(
  "%s: neither key nor prompt is in an error, log, span or metric",
  (_, layer) => {
    for (const kind of kinds) {
      it.live(kind.name, () =>
        Effect.gen(function*() {
          const traces = yield* exercise(layer, kind)
          const error = Canary.assertTracesClean(traces, [canaryKey, canaryPrompt])
          assert.include(JSON.stringify(error), `"${kind.tag}"`)
          assert.notInclude(Canary.everyText(error), canaryHeader)
        }))
    }
  }
)

describe("neither is on stderr of a process that dies of an uncaught rejection", () => {
  const die = (transport: string, url: string, ...rest: ReadonlyArray<string>) =>
    Effect.callback<{ readonly code: number | null; readonly stderr: string }>((resume) => {
      const child = spawn(process.execPath, [`${import.meta.dirname}/../fixtures/dies.ts`, transport, url, ...rest], {
        env: { ...process.env, CANARY_KEY: canaryKey, CANARY_PROMPT: canaryPrompt },
        stdio: ["ignore", "ignore", "pipe"]
      })
      let stderr = ""
      child.stderr.setEncoding("utf8").on("data", (piece) => {
        stderr += piece
      })
      child.on("close", (code) => resume(Effect.succeed({ code, stderr })))
      return Effect.sync(() => child.kill())
    })

  for (const transport of ["FetchGemini", "NodeGemini"]) {
    it.live(transport, () =>
      Effect.gen(function*() {
        const dying = ["HTTP 400", "HTML", "an interrupted stream", "a reset", "attempt timeout"]
        const chosen = kinds.filter(({ name }) => dying.includes(name))
        yield* Effect.forEach(chosen, (kind) =>
          Effect.gen(function*() {
            const server = yield* RawServer.listen((_, response) => kind.serve?.(response))
            // Only the kind that is to miss a deadline has one: a busy machine misses any.
            const deadline = kind.name === "attempt timeout" ? ["3000"] : []
            const { code, stderr } = yield* die(
              transport,
              server.url,
              kind.run === drain ? "stream" : "unary",
              ...deadline
            )
            assert.notStrictEqual(code, 0)
            assert.include(stderr, kind.tag)
            Canary.assertClean(stderr, "stderr", [canaryKey, canaryPrompt])
            assert.strictEqual(server.requests.length, 1)
          }), { concurrency: 2 })
      }), 30_000)
  }
})
