/** What goes out to Vertex AI, over real sockets, and what is refused before anything goes out. */
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Server from "./vertexServer.ts"

const token = "ya29.a-token-that-must-not-be-seen"
const at = { project: "my-project", location: "europe-west1" }
const home = "/v1beta1/projects/my-project/locations/europe-west1"
const google = `${home}/publishers/google/models`

const tokens = AccessToken.layerStatic(Redacted.make(token))

const client = (options: Vertex.Options) =>
  Vertex.layer(options).pipe(Layer.provide(tokens), Layer.provide(FetchGemini.layerHttpClient))

type Clients = GeminiClient | GeminiHttp.GeminiHttp

/** Makes a call, and gives what the server was asked. */
const sent = Effect.fnUntraced(function*<A, E>(
  call: Effect.Effect<A, E, Clients>,
  body: unknown = Server.hello,
  options: Partial<Vertex.Options> = {}
) {
  const server = yield* Server.listen(({ path }) => ({ body, isEvent: path.includes("alt=sse") }))
  const answer = yield* call.pipe(Effect.provide(client({ ...at, baseUrl: server.url, ...options })))
  return { answer, asked: server.asked }
}, Effect.scoped)

const use = <A, E>(call: (gemini: GeminiClient["Service"]) => Effect.Effect<A, E>) => GeminiClient.use(call)
const http = <A, E>(call: (http: GeminiHttp.Service) => Effect.Effect<A, E>) => GeminiHttp.GeminiHttp.use(call)

describe("Vertex requests", () => {
  it.live("a generation goes to the project and location with the token, and comes back as an answer", () =>
    Effect.gen(function*() {
      const { answer, asked } = yield* sent(
        use((gemini) => gemini.generate({ model: "gemini-3.8-flash", contents: "Say hello", labels: { a: "b" } }))
      )
      assert.strictEqual(answer.text, "Hello")
      const [one] = asked
      assert.strictEqual(one?.path, `${google}/gemini-3.8-flash:generateContent`)
      assert.strictEqual(one?.headers["authorization"], `Bearer ${token}`)
      assert.isUndefined(one?.headers["x-goog-api-key"])
      assert.deepStrictEqual(one?.body, {
        contents: [{ role: "user", parts: [{ text: "Say hello" }] }],
        labels: { a: "b" }
      })
    }))

  it.live("a stream is asked as events, and each name of a model has its path", () =>
    Effect.gen(function*() {
      const names = [
        ["gemini-3.8-flash", `${google}/gemini-3.8-flash`],
        ["models/gemini-3.8-flash", `${google}/gemini-3.8-flash`],
        ["publishers/google/models/gemini-3.8-flash", `${google}/gemini-3.8-flash`],
        ["publishers/meta/models/llama-4", `${home}/publishers/meta/models/llama-4`],
        ["endpoints/123", `${home}/endpoints/123`],
        [
          "projects/other/locations/us-central1/endpoints/9",
          "/v1beta1/projects/other/locations/us-central1/endpoints/9"
        ]
      ] as const
      for (const [model, path] of names) {
        const { answer, asked } = yield* sent(
          use((gemini) => Stream.runCollect(gemini.generateStream({ model, contents: "Say hello" })))
        )
        assert.strictEqual(asked[0]?.path, `${path}:streamGenerateContent?alt=sse`)
        assert.strictEqual(answer.at(-1)?.text, "Hello")
      }
    }))

  it.live("a whole request is counted by its fields beside the contents", () =>
    Effect.gen(function*() {
      const { answer, asked } = yield* sent(
        use((gemini) =>
          gemini.countTokens({ model: "gemini-3.8-flash", contents: "How much?", systemInstruction: "Be short" })
        ),
        { totalTokens: 7, totalBillableCharacters: 12 }
      )
      assert.strictEqual(answer.totalTokens, 7)
      assert.strictEqual(asked[0]?.path, `${google}/gemini-3.8-flash:countTokens`)
      assert.deepStrictEqual(asked[0]?.body, {
        contents: [{ role: "user", parts: [{ text: "How much?" }] }],
        systemInstruction: { parts: [{ text: "Be short" }] }
      })
    }))

  it.live("the older models embed by predict, several texts at once", () =>
    Effect.gen(function*() {
      const { answer, asked } = yield* sent(
        use((gemini) =>
          gemini.embed({
            model: "text-embedding-005",
            contents: ["A cat", "A dog"],
            taskType: "RETRIEVAL_DOCUMENT",
            outputDimensionality: 2
          })
        ),
        {
          predictions: [
            { embeddings: { values: [1, 2], statistics: { truncated: false, token_count: 2 } } },
            { embeddings: { values: [3, 4], statistics: { truncated: false, token_count: 3 } } }
          ]
        }
      )
      assert.deepStrictEqual(answer.vectors, [[1, 2], [3, 4]])
      assert.strictEqual(asked[0]?.path, `${google}/text-embedding-005:predict`)
      assert.deepStrictEqual(asked[0]?.body, {
        instances: [
          { content: "A cat", task_type: "RETRIEVAL_DOCUMENT" },
          { content: "A dog", task_type: "RETRIEVAL_DOCUMENT" }
        ],
        parameters: { outputDimensionality: 2 }
      })
    }))

  it.live("the newer models embed one content by embedContent, and several are refused before they are sent", () =>
    Effect.gen(function*() {
      const { answer, asked } = yield* sent(
        use((gemini) => gemini.embed({ model: "gemini-embedding-2", contents: "A cat", outputDimensionality: 2 })),
        { embedding: { values: [1, 2] }, usageMetadata: { promptTokenCount: 2 } }
      )
      assert.deepStrictEqual(answer.vectors, [[1, 2]])
      assert.strictEqual(asked[0]?.path, `${google}/gemini-embedding-2:embedContent`)
      assert.deepStrictEqual(asked[0]?.body, {
        content: { role: "user", parts: [{ text: "A cat" }] },
        embedContentConfig: { outputDimensionality: 2 }
      })
      const several = yield* sent(
        Effect.flip(use((gemini) => gemini.embed({ model: "gemini-embedding-2", contents: ["A cat", "A dog"] })))
      )
      assert.strictEqual(several.answer.reason._tag, "Unsupported")
      assert.lengthOf(several.asked, 0)
    }))

  it.live("models are read without a project, and listed under their own key", () =>
    Effect.gen(function*() {
      const { answer, asked } = yield* sent(
        use((gemini) => Stream.runCollect(gemini.listModels())),
        { publisherModels: [{ name: "publishers/google/models/gemini-3.8-flash", versionId: "001" }] }
      )
      assert.deepStrictEqual(answer.map(({ name }) => name), ["publishers/google/models/gemini-3.8-flash"])
      assert.strictEqual(asked[0]?.path, "/v1beta1/publishers/google/models")
    }))

  it.live("the header of the throughput is the destination's, and a call's own wins", () =>
    Effect.gen(function*() {
      const ask = (call?: Parameters<GeminiClient["Service"]["generate"]>[1]) =>
        sent(use((gemini) => gemini.generate({ contents: "Say hello" }, call)), Server.hello, {
          requestType: "dedicated"
        })
      const header = "x-vertex-ai-llm-request-type"
      assert.strictEqual((yield* ask()).asked[0]?.headers[header], "dedicated")
      assert.strictEqual((yield* ask(Vertex.requestType("shared"))).asked[0]?.headers[header], "shared")
    }))

  it.live("the project that pays is the login's, the destination's before it, and a call's own before both", () =>
    Effect.gen(function*() {
      const login = AccessToken.layer(() =>
        Effect.succeed({ token: Redacted.make(token), quotaProject: "of-the-login" })
      )
      const ask = Effect.fnUntraced(function*(options: Partial<Vertex.Options>, headers?: Record<string, string>) {
        const server = yield* Server.listen(() => ({ body: Server.hello }))
        const layer = Vertex.layer({ ...at, baseUrl: server.url, ...options }).pipe(
          Layer.provide([login, FetchGemini.layerHttpClient])
        )
        yield* use((gemini) => gemini.generate({ contents: "x" }, headers && { headers })).pipe(Effect.provide(layer))
        return server.asked[0]?.headers["x-goog-user-project"]
      }, Effect.scoped)
      assert.strictEqual(yield* ask({}), "of-the-login")
      assert.strictEqual(yield* ask({ quotaProject: "payer" }), "payer")
      assert.strictEqual(yield* ask({ quotaProject: "payer" }, { "X-Goog-User-Project": "another" }), "another")
      const plain = yield* sent(use((gemini) => gemini.generate({ contents: "x" })))
      assert.isUndefined(plain.asked[0]?.headers["x-goog-user-project"])
      const wrong = yield* Effect.flip(ask({ quotaProject: "a/b" }))
      assert.include(wrong.message, "quotaProject")
    }))

  it.live("express mode has a key, and neither project nor location in its paths", () =>
    Effect.gen(function*() {
      const server = yield* Server.listen(() => ({ body: Server.hello }))
      yield* use((gemini) => gemini.generate({ model: "gemini-3.8-flash", contents: "Say hello" })).pipe(
        Effect.provide(
          Layer.provide(
            Vertex.layer({ apiKey: Redacted.make("express-key"), baseUrl: server.url }),
            FetchGemini.layerHttpClient
          )
        )
      )
      assert.strictEqual(server.asked[0]?.path, "/v1beta1/publishers/google/models/gemini-3.8-flash:generateContent")
      assert.strictEqual(server.asked[0]?.headers["x-goog-api-key"], "express-key")
      assert.isUndefined(server.asked[0]?.headers["authorization"])
    }).pipe(Effect.scoped))

  it.live("what the Gemini API alone has is refused with its place and the way to go, before anything is sent", () =>
    Effect.gen(function*() {
      const text = { role: "user", parts: [{ text: "x" }] }
      const calls = [
        ["store", use((g) => g.generate({ contents: "x", store: true }))],
        ["tools[0].fileSearch", use((g) => g.generate({ contents: "x", tools: [{ fileSearch: {} }] }))],
        [
          "contents[0].parts[0].fileData.fileUri",
          use((g) =>
            g.generate({
              contents: [{
                role: "user",
                parts: [{ fileData: { fileUri: "https://generativelanguage.googleapis.com/v1beta/files/abc" } }]
              }]
            })
          )
        ],
        [
          "generationConfig.speechConfig.voiceConfig.replicatedVoiceConfig.consentAudio",
          use((g) =>
            g.generate({
              contents: [text],
              generationConfig: {
                speechConfig: { voiceConfig: { replicatedVoiceConfig: { consentAudio: "AA==" } } }
              }
            })
          )
        ],
        ["tunedModels", http((g) => g.generateContent({ model: "tunedModels/mine", contents: "x" }))]
      ] as const
      for (const [place, call] of calls) {
        const { answer, asked } = yield* sent(
          Effect.flip<unknown, GeminiError, Clients>(call)
        )
        assert.strictEqual(answer.reason._tag, "Unsupported", place)
        assert.include(answer.reason._tag === "Unsupported" ? answer.reason.capability : "", place)
        assert.lengthOf(asked, 0)
      }
    }))

  it.live("options that cannot be meant fail each call with the option's name", () =>
    Effect.gen(function*() {
      for (
        const [field, options] of [
          ["project", { project: "" }],
          ["project", { project: "a/b" }],
          ["location", { project: "p", location: "evil.example/" }]
        ] as const
      ) {
        const error = yield* Effect.flip(
          use((gemini) => gemini.generate({ contents: "x" })).pipe(Effect.provide(client(options)))
        )
        assert.strictEqual(error.reason._tag, "InvalidRequest")
        assert.strictEqual(error.reason._tag === "InvalidRequest" ? error.reason.fields[0]?.field : "", field)
      }
    }))

  it.live("a refused token is renewed once, in calls and in streams, and no call sees it", () =>
    Effect.gen(function*() {
      let made = 0
      const renewing = AccessToken.layer(() =>
        Effect.sync(() => ({ token: Redacted.make(`ya29.token-number-${++made}-of-this-test`) }))
      )
      const server = yield* Server.listen(({ headers, path }) =>
        headers["authorization"] === "Bearer ya29.token-number-1-of-this-test"
          ? { status: 401, body: Server.refused }
          : { body: Server.hello, isEvent: path.includes("alt=sse") }
      )
      const calls = Effect.all([
        use((gemini) => gemini.generate({ contents: "x" })),
        use((gemini) => Stream.runCollect(gemini.generateStream({ contents: "x" })))
      ], { concurrency: 2 })
      const [answer, chunks] = yield* calls.pipe(Effect.provide(
        Vertex.layer({ ...at, baseUrl: server.url }).pipe(
          Layer.provide(renewing),
          Layer.provide(FetchGemini.layerHttpClient)
        )
      ))
      assert.strictEqual(answer.text, "Hello")
      assert.strictEqual(chunks.at(-1)?.text, "Hello")
      assert.strictEqual(made, 2)
    }).pipe(Effect.scoped))

  it.live("a token that is refused for good ends the call as Unauthenticated, with what to do and without the token", () =>
    Effect.gen(function*() {
      const server = yield* Server.listen(({ headers }) => ({
        status: 401,
        body: { error: { ...Server.refused.error, message: `not this one: ${String(headers["authorization"])}` } }
      }))
      const error = yield* Effect.flip(use((gemini) => gemini.generate({ contents: "x" }))).pipe(
        Effect.provide(client({ ...at, baseUrl: server.url }))
      )
      assert.strictEqual(error.reason._tag, "Unauthenticated")
      assert.strictEqual(error.method, "generateContent")
      assert.notInclude(JSON.stringify(error) + error.message + String(error.cause), token)
    }).pipe(Effect.scoped))
})
