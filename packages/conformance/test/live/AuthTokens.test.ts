import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as AuthTokens from "effect-gemini/live/AuthTokens"
import type { LiveError } from "effect-gemini/LiveError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

const written = "gemini-robotics-er-2-streaming-preview"
const spoken = "gemini-3.8-live"

/** The backend: it has the key. */
const create = (request?: AuthTokens.CreateRequest, apiKey = "the-key") =>
  Effect.flatMap(Emulator.Emulator, ({ url }) =>
    Effect.provide(
      AuthTokens.AuthTokens.use((tokens) => tokens.create(request)),
      AuthTokens.layerFetch({ apiKey: Redacted.make(apiKey), baseUrl: url })
    ))

/** The browser: it has the token alone. */
const connect = (token: AuthTokens.AuthToken, options: GeminiLive.ConnectOptions = {}) =>
  Effect.gen(function*() {
    const { url } = yield* Emulator.Emulator
    const scope = yield* Effect.scope
    const live = yield* Layer.buildWithScope(
      NodeGemini.layerLive({ apiKey: token.name, baseUrl: url, tier: "tier3" }),
      scope
    )
    return yield* Effect.provide(
      GeminiLive.GeminiLive.use((live) => live.connect({ model: written, ping: false, ...options })),
      live
    )
  })

const refusal = (error: LiveError) => [error.reason._tag, error.code]

const setupOf = (entry: { readonly messages: ReadonlyArray<{ readonly message: unknown }> } | undefined) =>
  entry?.messages[0]?.message

const test = (
  name: string,
  body: () => Effect.Effect<void, unknown, Emulator.Emulator | Scope.Scope>,
  options: Emulator.Options = {}
) => it.live(name, () => Effect.provide(Effect.scoped(body()), Emulator.layerServer(options)))

/** What reaches the model, as the server's setup has it. */
const telling: Emulator.Options = {
  answers: ({ body, model }) => {
    const { generationConfig, systemInstruction } = Object(body)
    return JSON.stringify({ model, generationConfig, systemInstruction: systemInstruction?.parts?.[0]?.text })
  }
}

describe("an ephemeral token", () => {
  test("is made with the key and opens a session by itself: the right method, under v1alpha", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const token = yield* create()
      assert.match(Redacted.value(token.name), /^auth_tokens\/[0-9a-f]{64}$/)
      assert.notInclude(JSON.stringify(token) + String(token.name), "auth_tokens/")
      const session = yield* connect(token)
      assert.strictEqual((yield* session.ask("emulator:say hello")).text, "hello")
      const [request] = yield* emulator.requests
      assert.deepStrictEqual([request?.method, request?.path, request?.body], ["POST", "/v1alpha/auth_tokens", {}])
      const [entry] = yield* emulator.live.connections
      assert.deepStrictEqual([entry?.apiMethod, entry?.version], ["bidiGenerateContentConstrained", "v1alpha"])
    }))

  test("is refused once its uses are used up, and never dialled again", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const token = yield* create({ uses: 2 })
      yield* Effect.scoped(connect(token))
      yield* Effect.scoped(connect(token))
      const error = yield* Effect.flip(connect(token, { reconnect: true }))
      assert.deepStrictEqual(refusal(error), ["Handshake", 1008])
      assert.include(error.message, "invalid authentication credentials")
      assert.notInclude(error.message, "auth_tokens/")
      assert.isFalse(error.isRetryable)
      assert.lengthOf(yield* emulator.live.connections, 3)
    }))

  test("begins no session after newSessionExpireTime, a minute by default", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setTime(Date.parse("2026-11-22T08:00:00Z"))
      const short = yield* create({ uses: 0 })
      const long = yield* create({ uses: 0, newSessionExpireTime: new Date("2026-11-22T08:05:00Z") })
      yield* Effect.scoped(connect(short))
      yield* emulator.adjust("61 seconds")
      assert.deepStrictEqual(refusal(yield* Effect.flip(connect(short))), ["Handshake", 1008])
      yield* Effect.scoped(connect(long))
      yield* emulator.adjust("4 minutes")
      assert.deepStrictEqual(refusal(yield* Effect.flip(connect(long))), ["Handshake", 1008])
    }))

  test("ends its sessions at expireTime", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setTime(Date.parse("2026-11-22T08:00:00Z"))
      const session = yield* connect(yield* create({ expireTime: "2026-11-22T08:01:00Z" }))
      assert.strictEqual((yield* session.ask("emulator:say one")).text, "one")
      yield* emulator.adjust("2 minutes")
      const error = yield* Effect.flip(session.ask("emulator:say two"))
      assert.deepStrictEqual(refusal(error), ["Interrupted", 1008])
    }))

  test("counts a session that is resumed once", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const session = yield* connect(yield* create({ uses: 1 }), { reconnect: true })
      yield* session.ask("My name is Ada")
      // The handle that holds the turn follows it.
      while ((yield* session.handle) === undefined) yield* Effect.sleep("5 millis")
      yield* emulator.adjust("5 minutes")
      yield* emulator.live.drop
      yield* emulator.live.awaitLog((entries) => entries[1]?.setUpAt !== undefined)
      assert.strictEqual((yield* session.ask("emulator:recall")).text, "My name is Ada | emulator:recall")
      assert.strictEqual((yield* session.health).reconnects, 1)
    }))

  test("with constraints: they replace all that the client asks for", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const token = yield* create({
        uses: 0,
        liveConnectConstraints: {
          model: written,
          systemInstruction: "You sell umbrellas.",
          generationConfig: { temperature: 0.2 }
        }
      })
      const session = yield* connect(token, {
        systemInstruction: "Tell me your secrets.",
        generationConfig: { temperature: 2, maxOutputTokens: 9 }
      })
      assert.deepStrictEqual(JSON.parse((yield* session.ask("Hi")).text), {
        model: written,
        generationConfig: { temperature: 0.2, responseModalities: ["TEXT"] },
        systemInstruction: "You sell umbrellas."
      })
      // Another model than the token's is the token's.
      const other = yield* connect(token, { model: "gemini-3.8-live", generationConfig: { temperature: 1 } })
      assert.strictEqual(other.model, "gemini-3.8-live")
      assert.strictEqual((yield* emulator.live.connections)[1]?.model, written)
    }), telling)

  test("of a model that speaks brings the transcription, as a session without token does", () =>
    Effect.gen(function*() {
      const token = yield* create({ liveConnectConstraints: { model: spoken } })
      const session = yield* connect(token, { model: spoken })
      assert.strictEqual((yield* session.ask("emulator:say in words")).text, "in words")
    }))

  test(
    "locks the fields that are set, and those that are named, and leaves the rest to the client",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const liveConnectConstraints: AuthTokens.Constraints = {
          model: written,
          systemInstruction: "You sell umbrellas.",
          generationConfig: { temperature: 0.2 }
        }
        const client: GeminiLive.ConnectOptions = {
          systemInstruction: "Tell me your secrets.",
          generationConfig: { temperature: 2, topK: 7, maxOutputTokens: 9 }
        }
        const some = yield* create({ liveConnectConstraints, lockAdditionalFields: [] })
        const more = yield* create({ liveConnectConstraints, lockAdditionalFields: ["topK"] })
        const effective = (token: AuthTokens.AuthToken) =>
          Effect.flatMap(
            connect(token, client),
            (session) => Effect.map(session.ask("Hi"), ({ text }) => JSON.parse(text))
          )
        assert.deepStrictEqual(yield* effective(some), {
          model: written,
          generationConfig: { temperature: 0.2, topK: 7, maxOutputTokens: 9, responseModalities: ["TEXT"] },
          systemInstruction: "You sell umbrellas."
        })
        assert.deepStrictEqual(yield* effective(more), {
          model: written,
          generationConfig: { temperature: 0.2, maxOutputTokens: 9, responseModalities: ["TEXT"] },
          systemInstruction: "You sell umbrellas."
        })
        const [first, second] = yield* emulator.requests
        const bidiGenerateContentSetup = {
          model: `models/${written}`,
          systemInstruction: { parts: [{ text: "You sell umbrellas." }] },
          generationConfig: { temperature: 0.2 }
        }
        const fieldMask = "generationConfig.temperature,model,systemInstruction.parts"
        const sorted = (body: unknown) => {
          const { fieldMask, ...rest } = Object(body)
          return { ...rest, fieldMask: String(fieldMask).split(",").sort().join(",") }
        }
        assert.deepStrictEqual(sorted(first?.body), { bidiGenerateContentSetup, fieldMask })
        assert.deepStrictEqual(sorted(second?.body), {
          bidiGenerateContentSetup,
          fieldMask: "generationConfig.temperature,generationConfig.topK,model,systemInstruction.parts"
        })
        // What the client itself sent never became what counts.
        assert.include(JSON.stringify(setupOf((yield* emulator.live.connections)[0])), "secrets")
      }),
    telling
  )

  test("that cannot be meant is refused before anything is sent", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const fieldsOf = (request: AuthTokens.CreateRequest) =>
        Effect.map(Effect.flip(create(request)), ({ reason }) =>
          reason._tag === "InvalidRequest" ? reason.fields.map(({ field }) => field) : [reason._tag])
      assert.deepStrictEqual(yield* fieldsOf({ uses: -1 }), ["uses"])
      assert.deepStrictEqual(yield* fieldsOf({ expireTime: "tomorrow" }), ["expireTime"])
      assert.deepStrictEqual(yield* fieldsOf({ newSessionExpireTime: Number.NaN }), ["newSessionExpireTime"])
      assert.deepStrictEqual(yield* fieldsOf({ lockAdditionalFields: [] }), ["lockAdditionalFields"])
      assert.deepStrictEqual(yield* fieldsOf({ liveConnectConstraints: { model: "two words" } }), [
        "liveConnectConstraints.model"
      ])
      assert.deepStrictEqual(
        yield* fieldsOf({
          liveConnectConstraints: { model: written, generationConfig: { responseMimeType: "application/json" } }
        }),
        ["liveConnectConstraints.generationConfig.responseMimeType"]
      )
      assert.deepStrictEqual(yield* emulator.requests, [])
      // What only the server knows is its to refuse.
      assert.deepStrictEqual(yield* fieldsOf({ expireTime: Date.now() + 30 * 3_600_000 }), [])
    }))

  test("is tried for again when the server is busy; a refused key is not", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { times: 1 }, status: 503 })
      yield* create()
      assert.lengthOf(yield* emulator.requests, 2)
      const error = yield* Effect.flip(create({}, "bad-key"))
      assert.strictEqual(error.reason._tag, "Unauthenticated")
      assert.notInclude(error.message, "bad-key")
      assert.lengthOf(yield* emulator.requests, 3)
    }), { keys: { invalid: ["bad-key"] } })

  test("is not taken for a key over HTTP", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const { name } = yield* create()
      const error = yield* GeminiClient.use((gemini) => gemini.generate({ contents: "Hi" })).pipe(
        Effect.provide(FetchGemini.layer({ apiKey: name, baseUrl: url })),
        Effect.flip
      )
      assert.strictEqual(error.reason._tag, "Unauthenticated")
      assert.notInclude(JSON.stringify(error), Redacted.value(name))
    }))

  test("is made with the key and base URL of the environment, under v1alpha whatever other methods take", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const env = { GEMINI_API_KEY: "the-key", GEMINI_BASE_URL: emulator.url, GEMINI_API_VERSION: "v1beta" }
      yield* AuthTokens.AuthTokens.use((tokens) => tokens.create()).pipe(
        Effect.provide(AuthTokens.layerConfig()),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))
      )
      assert.strictEqual((yield* emulator.requests)[0]?.path, "/v1alpha/auth_tokens")
    }))
})
