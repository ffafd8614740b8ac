/**
 * Secrets beside the key of a plain call: tokens, keys of members and of Live sessions, passwords
 * in addresses, headers of MCP servers, the URL of a store. None is in an error, a log, a span or
 * a state, also where a server or a transport quotes it.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as FileLaneStore from "effect-gemini/limits/FileLaneStore"
import * as RedisLaneStore from "effect-gemini/limits/RedisLaneStore"
import * as AuthTokens from "effect-gemini/live/AuthTokens"
import * as Members from "effect-gemini/Members"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Telemetry from "effect-gemini/Telemetry"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Http from "node:http"
import * as LiveServer from "../live/liveServer.ts"
import * as Canary from "./canary.ts"
import * as RawServer from "./rawServer.ts"

const tail = "CANARY0TAIL9d31fe20"
const token = `auth_tokens/${tail}`
const key = "CANARY-KEY-5f2a9c"
const password = "CANARY-PASSWORD-b7"
const mcpHeader = "CANARY-MCP-HEADER-03"
const prompt = "CANARY-PROMPT-77e1b0"
/** Also a beginning of the key, where a text breaks off in it, and a token without its kind. */
const canaries = [key, key.slice(0, 10), tail, tail.slice(0, 10), password, mcpHeader, prompt]

const nowhere = "http://127.0.0.1:1"
const apiKey = Redacted.make(key)
const options = { apiKey, retry: { attempts: 1 } }
const request = { model: "gemini-3.8-flash", contents: prompt }

/** Runs it, has it fail with this reason, and looks through all that is left of it. */
const failsClean = (name: string, tag: string, effect: Effect.Effect<unknown, unknown, Scope.Scope>) =>
  it.live(name, () =>
    Effect.gen(function*() {
      const error = Canary.assertTracesClean(yield* Canary.traced(effect), canaries)
      assert.include(`${JSON.stringify(error)} ${String(error)}`, tag)
    }))

const generate = GeminiClient.GeminiClient.use((gemini) => gemini.generate(request))
const stream = GeminiClient.GeminiClient.use((gemini) => Stream.runDrain(gemini.generateStream(request)))
const talk = Effect.scoped(
  GeminiLive.GeminiLive.use((live) => Effect.flatMap(live.connect({ ping: false }), (session) => session.ask("hello")))
)
const mint = AuthTokens.AuthTokens.use((tokens) => tokens.create())

describe("what a server says of a key", () => {
  const keyOf = (request: Http.IncomingMessage): string => String(request.headers["x-goog-api-key"])
  const said: Readonly<Record<string, readonly [tag: string, answer: (key: string) => unknown]>> = {
    "why a prompt was blocked": ["PromptBlocked", (key) => ({
      promptFeedback: { blockReason: "SAFETY", blockReasonMessage: `blocked for ${key}` }
    })],
    "why an answer was": ["ResponseBlocked", (key) => ({
      candidates: [{ content: { parts: [] }, finishReason: "SAFETY", finishMessage: `blocked for ${key}` }]
    })],
    "why a call of a tool was refused": ["ToolCallRejected", (key) => ({
      candidates: [{ finishReason: "MALFORMED_FUNCTION_CALL", finishMessage: key }]
    })]
  }
  for (const [name, [tag, answer]] of Object.entries(said)) {
    for (const [how, run] of [["unary", generate], ["streamed", stream]] as const) {
      failsClean(
        `${name}, ${how}`,
        tag,
        Effect.gen(function*() {
          const { url } = yield* RawServer.listen((sent, response) => {
            if (how === "unary") return RawServer.json(response, answer(keyOf(sent)))
            response.writeHead(200, { "content-type": "text/event-stream" })
            response.end(RawServer.event(answer(keyOf(sent))))
          })
          return yield* Effect.provide(run, FetchGemini.layer({ ...options, baseUrl: url }))
        })
      )
    }
  }

  failsClean(
    "in a text that is cut in the middle of it",
    "ServerError",
    Effect.gen(function*() {
      const { url } = yield* RawServer.listen((sent, response) => {
        response.writeHead(502, { "content-type": "text/plain" }).end(`${"x".repeat(288)}${keyOf(sent)}`)
      })
      return yield* Effect.provide(generate, FetchGemini.layer({ ...options, baseUrl: url }))
    })
  )

  for (const [name, secret] of [["a key", key], ["a token", token], ["a token without its kind", tail]] as const) {
    for (const keyInUrl of name === "a key" ? [false, true] : [false]) {
      for (const length of [200, 12]) {
        failsClean(
          `when it closes a Live session: ${name}${keyInUrl ? " of the URL" : ""}, ${length} characters of it`,
          "Handshake",
          Effect.gen(function*() {
            const { url } = yield* LiveServer.listen({
              setup: ({ ws }) => ws.close(1008, `no: ${secret.slice(0, length)}`),
              message: () => undefined
            })
            const apiKey = Redacted.make(name === "a key" ? key : token)
            return yield* Effect.provide(talk, NodeGemini.layerLive({ apiKey, baseUrl: url, keyInUrl }))
          })
        )
      }
    }
  }

  failsClean(
    "of a member",
    "Unauthenticated",
    Effect.gen(function*() {
      const { url } = yield* RawServer.listen((sent, response) =>
        RawServer.json(response, { error: { code: 403, message: `Consumer 'api_key:${keyOf(sent)}'` } }, 403)
      )
      const members = Members.layer({ ...options, baseUrl: url, members: [{ name: "one", apiKey }] })
      return yield* Effect.provide(generate, Layer.provide(members, FetchHttpClient.layer))
    })
  )
})

describe("a password in an address is refused, and nowhere", () => {
  const baseUrl = `http://me:${password}@127.0.0.1:1`
  const environment = ConfigProvider.layer(
    ConfigProvider.fromUnknown({ GEMINI_API_KEY: key, GEMINI_BASE_URL: baseUrl })
  )
  const member = { name: "one", apiKey, baseUrl }
  const over = Layer.provide(FetchHttpClient.layer)
  failsClean("FetchGemini", "baseUrl", Effect.provide(generate, FetchGemini.layer({ ...options, baseUrl })))
  failsClean("NodeGemini", "baseUrl", Effect.provide(stream, NodeGemini.layerHttp({ ...options, baseUrl })))
  failsClean("NodeGemini.layerLive", "baseUrl", Effect.provide(talk, NodeGemini.layerLive({ apiKey, baseUrl })))
  failsClean("AuthTokens", "baseUrl", Effect.provide(mint, AuthTokens.layerFetch({ ...options, baseUrl })))
  failsClean("of a member", "baseUrl", Effect.provide(generate, over(Members.layer({ members: [member] }))))
  failsClean("of all members", "baseUrl", Effect.provide(generate, over(Members.layer({ members: [member], baseUrl }))))
  failsClean(
    "of the environment",
    "baseUrl",
    Effect.provide(generate, Layer.provide(FetchGemini.layerConfig(), environment))
  )
  failsClean(
    "of the environment, over Live",
    "baseUrl",
    Effect.provide(talk, Layer.provide(NodeGemini.layerLiveConfig(), environment))
  )
  failsClean(
    "of a client of the caller's own, which fetch quotes",
    "Network",
    Effect.provide(
      generate,
      FetchGemini.layer({
        ...options,
        baseUrl: nowhere,
        transformClient: HttpClient.mapRequest(HttpClientRequest.setUrl(`${baseUrl}/x?key=${key}`))
      })
    )
  )

  it("nor is a key that stands where the name of its variable belongs", () =>
    Effect.gen(function*() {
      const pasted = `AIza${"q".repeat(35)}`
      const layer = Members.layerConfig({ members: [{ name: "one", apiKeyFrom: pasted }] })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(over(layer))))
      assert.notInclude(Canary.everyText(error), pasted)
    }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({}))), Effect.runPromise))
})

describe("a token", () => {
  it.live("that was minted shows in nothing that prints it", () =>
    Effect.gen(function*() {
      const { url } = yield* RawServer.listen((_, response) => RawServer.json(response, { name: token }))
      const { exit, logged, spans } = yield* Canary.traced(
        Effect.tap(mint, (made) => Effect.andThen(Effect.log("made", made), Effect.annotateCurrentSpan("made", made)))
          .pipe(Effect.provide(AuthTokens.layerFetch({ ...options, baseUrl: url })))
      )
      assert.strictEqual(exit._tag, "Success")
      Canary.assertClean(Canary.everyText(exit), "the exit", canaries)
      assert.isAbove(logged.length, 0)
      Canary.assertClean(logged.join("\n"), "a log line", canaries)
      Canary.assertClean(
        Canary.everyText(spans.map(({ attributes, name }) => [name, ...attributes])),
        "a span",
        canaries
      )
    }))

  for (const [name, body] of [["another shape", { name: [token] }], ["another name", { token }]] as const) {
    failsClean(
      `that came in ${name} is not in the error`,
      "InvalidResponse",
      Effect.gen(function*() {
        const { url } = yield* RawServer.listen((_, response) => RawServer.json(response, body))
        return yield* Effect.provide(mint, AuthTokens.layerFetch({ ...options, baseUrl: url }))
      })
    )
  }
})

describe("headers of an MCP server", () => {
  const mcpServers = [{
    name: "tools",
    streamableHttpTransport: { url: `https://me:${password}@mcp.test`, headers: { authorization: mcpHeader } }
  }]
  failsClean(
    "are in no span, also where content is written into them, and in no error",
    "InvalidRequest",
    Effect.gen(function*() {
      const { url } = yield* RawServer.listen((_, response) =>
        RawServer.json(response, { error: { code: 400, message: "Cannot reach the MCP server tools" } }, 400)
      )
      return yield* GeminiClient.GeminiClient.use((gemini) =>
        gemini.generate({ ...request, contents: "of no secret", tools: [{ mcpServers }] })
      ).pipe(Effect.provide([FetchGemini.layer({ ...options, baseUrl: url }), Telemetry.layerContent()]))
    })
  )
})

describe("what is kept holds no secret", () => {
  it.live("in the files of a store", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const { url } = yield* RawServer.listen((_, response) => RawServer.json(response, RawServer.answer("a", "STOP")))
      yield* Effect.provide(
        generate,
        Layer.provide(
          NodeGemini.layerHttp({ ...options, baseUrl: url }),
          FileLaneStore.layer({ directory })
        )
      )
      const files = yield* fs.readDirectory(directory)
      assert.isAbove(files.length, 0)
      for (const file of files) Canary.assertClean(yield* fs.readFileString(`${directory}/${file}`), file, canaries)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.live("in the status of members", () =>
    Effect.gen(function*() {
      const { url } = yield* RawServer.listen((sent, response) =>
        RawServer.json(response, { error: { code: 403, message: `no ${sent.headers["x-goog-api-key"]}` } }, 403)
      )
      const text = yield* Effect.gen(function*() {
        yield* Effect.ignore(generate)
        return Canary.everyText(yield* Members.Members.use((members) => members.explain(request)))
      }).pipe(
        Effect.provide(
          Layer.provide(
            Members.layer({ ...options, baseUrl: url, members: [{ name: "one", apiKey }] }),
            FetchHttpClient.layer
          )
        )
      )
      assert.include(text, "one")
      Canary.assertClean(text, "the status", canaries)
    }))

  // A Redis client quotes what it likes: its URL, and what the server said of the password.
  const words = [`WRONGPASS no ${password}`, `cannot connect to redis://me:${password}@h`]
  for (const message of words) {
    failsClean(
      `in the errors and the status of a store at a Redis that says: ${message.split(" ")[0]}`,
      "LimiterUnavailable",
      Effect.gen(function*() {
        const failure = Effect.fail(new Redis.RedisError({ cause: new Error(message, { cause: { url: message } }) }))
        const redis = Layer.effect(
          Redis.Redis,
          Redis.make({ send: () => failure, subscribe: () => failure, connect: failure })
        )
        const store = Layer.provide(RedisLaneStore.layer(), redis)
        return yield* Effect.gen(function*() {
          const error = yield* Effect.flip(generate)
          const status = yield* RedisLaneStore.RedisLaneStore.use(({ status }) => status)
          assert.strictEqual(status._tag, "Down")
          Canary.assertClean(Canary.everyText(status), "the status", canaries)
          return yield* error
        }).pipe(Effect.provide(Layer.provideMerge(FetchGemini.layer({ ...options, baseUrl: nowhere }), store)))
      })
    )
  }

  it("in what says that a configuration cannot be meant", () => {
    for (const baseUrl of [`http://me:${password}@h`, `me:${password}@h`, `http://h?${password}`, password]) {
      Canary.assertClean(Canary.everyText(GeminiConfig.problem({ baseUrl })), baseUrl, canaries)
    }
  })
})
