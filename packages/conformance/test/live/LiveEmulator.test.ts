import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

type Options = Parameters<typeof NodeGemini.layer>[0]
type Services =
  | GeminiClient.GeminiClient
  | GeminiLive.GeminiLive
  | RateLimiter.RateLimiter
  | Emulator.Emulator

const apiKey = Redacted.make("test-key")
const spoken = "gemini-3.8-live"
const written = "gemini-robotics-er-2-streaming-preview"

type Way = (server: Emulator.Options, options?: Options) => Layer.Layer<Services, unknown>

const overSockets: Way = (server, options = {}) =>
  Layer.unwrap(
    Effect.map(Emulator.Emulator, ({ url }) => NodeGemini.layer({ apiKey, tier: "tier3", ...options, baseUrl: url }))
  ).pipe(Layer.provideMerge(Emulator.layerServer(server)))

const inMemory: Way = (server, given = {}) => {
  const options: GeminiConfig.Options = { apiKey, tier: "tier3", ...given }
  return GeminiClient.layerNoLimiter(options).pipe(
    Layer.provideMerge(Layer.merge(GeminiLive.layer(options), GeminiLive.layerTransport(options))),
    Layer.provideMerge(RateLimiter.layer),
    Layer.provideMerge(Emulator.layerMemory(server))
  )
}

const generate = (request: GeminiClient.Request) => GeminiClient.GeminiClient.use((gemini) => gemini.generate(request))

const connect = <R = never>(options: GeminiLive.ConnectOptions<R> = {}) =>
  GeminiLive.GeminiLive.use((live) => live.connect({ ping: false, ...options }))

describe.each([["over sockets", overSockets], ["in memory", inMemory]] as const)("the Live API %s", (_, layer) => {
  const test = (
    name: string,
    body: () => Effect.Effect<void, unknown, Services | Scope.Scope>,
    server: Emulator.Options = {},
    options: Options = {}
  ) => it.live(name, () => Effect.provide(Effect.scoped(body()), layer(server, options)))

  test("connection", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const session = yield* connect({ model: written })
      assert.strictEqual((yield* session.status)._tag, "Open")
      assert.strictEqual((yield* emulator.live.connections).length, 1)
    }))

  test("basic generation, of a model that writes and of one that speaks", () =>
    Effect.gen(function*() {
      const writes = yield* connect({ model: written })
      const first = yield* writes.ask("Say something about tides")
      assert.include(first.text, "Say something about tides")
      assert.strictEqual(first.finishReason, "STOP")
      const { usage } = first
      assert.strictEqual(usage?.totalTokens, (usage?.promptTokens ?? 0) + (usage?.candidatesTokens ?? 0))
      const speaks = yield* connect({ model: spoken })
      const second = yield* speaks.ask("Say something about tides")
      assert.include(second.text, "Say something about tides")
      assert.isAbove(second.media.length, 0)
    }))

  test("streaming", () =>
    Effect.gen(function*() {
      const session = yield* connect({ model: written })
      const chunks = yield* Stream.runCollect(session.sendTextStream("Say something about tides"))
      assert.isAbove(chunks.filter(({ text }) => text !== "").length, 2)
      assert.deepStrictEqual(chunks.filter(({ finished }) => finished), chunks.slice(-1))
    }))

  test("several turns", () =>
    Effect.gen(function*() {
      const session = yield* connect({ model: written })
      assert.deepStrictEqual(
        [(yield* session.ask("a")).text, (yield* session.ask("b")).text, (yield* session.ask("c")).text],
        ["One", "Two", "Three"]
      )
    }), { answers: ["One", "Two", "Three"] })

  test("routing", () =>
    Effect.gen(function*() {
      const answer = yield* generate({ model: spoken, contents: "Hello" })
      assert.strictEqual(answer.text, "Good day")
      assert.strictEqual(answer.model, spoken)
      const emulator = yield* Emulator.Emulator
      yield* emulator.live.awaitClosed(1)
      assert.strictEqual((yield* emulator.requests).length, 0)
    }), { answers: ["Good day"] })

  test("streamed routing", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const chunks = yield* Stream.runCollect(gemini.generateStream({ model: spoken, contents: "Hello" }))
      assert.strictEqual(chunks.map(({ text }) => text).join(""), "Good day to you")
      assert.strictEqual(chunks.at(-1)?.finished, true)
    }), { answers: ["Good day to you"] })

  test("a conversation with history, routed", () =>
    Effect.gen(function*() {
      const answer = yield* generate({
        model: spoken,
        contents: [
          { role: "user", parts: [{ text: "My name is Ada" }] },
          { role: "model", parts: [{ text: "Hello Ada" }] },
          { role: "user", parts: [{ text: "Who am I?" }] }
        ]
      })
      assert.strictEqual(answer.text, "Ada")
    }), { answers: ["Ada"] })

  test("detection of Live models: a list that says so sends an unknown name there", () =>
    Effect.gen(function*() {
      for (const model of [spoken, "gemini-2.5-flash-native-audio-preview-12-2025", "gemini-9-live"]) {
        assert.isTrue(ModelCatalog.supports(ModelCatalog.known, model, "bidiGenerateContent"), model)
        assert.isFalse(ModelCatalog.supports(ModelCatalog.known, model, "generateContent"), model)
      }
      const plain = yield* generate({ model: "gemini-3.8-flash", contents: "Hello" })
      assert.strictEqual(plain.text, "over HTTP")
    }), { answers: ["over HTTP"] })

  test(
    "an invalid model",
    () =>
      Effect.gen(function*() {
        const direct = yield* Effect.flip(connect({ model: "gemini-9-live" }))
        assert.deepStrictEqual([direct.reason._tag, direct.code, direct.isRetryable], ["Handshake", 1008, false])
        assert.include(direct.message, "not found")
        const routed = yield* Effect.flip(generate({ model: "gemini-9-live", contents: "Hi" }))
        assert.strictEqual(routed.reason._tag, "Live")
        const name = yield* Effect.flip(connect({ model: "no model!" }))
        assert.strictEqual(name.reason._tag, "InvalidSetup")
      }),
    {},
    { retry: { attempts: 1 } }
  )

  test("an empty message", () =>
    Effect.gen(function*() {
      const session = yield* connect({ model: written })
      assert.strictEqual((yield* Effect.flip(session.ask(""))).reason._tag, "InvalidSetup")
      assert.strictEqual((yield* Effect.flip(generate({ model: spoken, contents: "" }))).reason._tag, "InvalidRequest")
    }))

  test("a very long message", () =>
    Effect.gen(function*() {
      const session = yield* connect({ model: written })
      assert.strictEqual((yield* session.ask("word ".repeat(200_000))).text, "Read")
    }), { answers: ["Read"] })

  test("interruption of the stream", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const gemini = yield* GeminiClient.GeminiClient
      yield* Stream.runDrain(Stream.take(gemini.generateStream({ model: spoken, contents: "Tell a long story" }), 1))
      yield* emulator.live.awaitClosed(1)
      const session = yield* connect({ model: written })
      yield* Stream.runHead(session.sendTextStream("Tell a long story"))
      // The rest of that turn is not taken for the next one's.
      const next = yield* session.ask("And now about tides")
      assert.include(next.text, "And now about tides")
    }))

  test("functions", () =>
    Effect.gen(function*() {
      const session = yield* connect({
        model: spoken,
        functions: LiveTools.make({
          add: {
            // By default this model does not wait: its turn would end before the answer.
            behavior: "BLOCKING",
            parametersJsonSchema: { type: "object", properties: { a: { type: "number" } } },
            handle: ({ a }) => Effect.succeed(Number(a) + 1)
          }
        })
      })
      const answer = yield* session.ask("emulator:call add {\"a\":1}")
      assert.deepStrictEqual(answer.functionCalls.map(({ name }) => name), ["add"])
      assert.include(answer.text, "add returned {\"output\":2}")
    }))

  test("a session that lives through a goAway", () =>
    Effect.gen(function*() {
      const session = yield* connect({ model: written, reconnect: true })
      const events = yield* Effect.forkChild(
        Stream.runCollect(Stream.takeUntil(session.events, ({ _tag }) => _tag === "Reconnected")),
        { startImmediately: true }
      )
      assert.strictEqual((yield* session.ask("a")).text, "One")
      const seen = yield* Fiber.join(events)
      assert.deepStrictEqual(seen.at(-1), { _tag: "Reconnected", isStateRestored: true, unacknowledged: 0 })
    }), { answers: ["One"], live: { lifetime: 400, goAwayBefore: 300 } })
})

describe("the Live API by the clock", () => {
  it.effect("rate limiting: a tier's messages in any rolling minute, and none is refused", () =>
    Effect.gen(function*() {
      const session = yield* connect({ model: written })
      const asking = yield* Effect.forkChild(Effect.forEach([1, 2, 3, 4, 5], (n) => session.ask(String(n))))
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(asking.pollUnsafe())
      for (let minute = 0; minute < 4; minute++) yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(asking)).length, 5)
      const [connection] = yield* Emulator.Emulator.use(({ live }) => live.connections)
      const times = (connection?.messages ?? []).flatMap(({ from, message, time }) =>
        from === "client" && typeof message === "object" && message !== null && "clientContent" in message ? [time] : []
      )
      assert.strictEqual(times.length, 5)
      for (const [index, time] of times.entries()) {
        assert.isAbove((times[index + 2] ?? Infinity) - time, 60_000)
      }
    }).pipe(
      Effect.scoped,
      Effect.provide(inMemory({}, { limits: { [written]: { rpm: 2 } } }))
    ))
})
