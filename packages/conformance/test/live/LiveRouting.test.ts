import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Part from "effect-gemini/wire/Part"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as LiveServer from "./liveServer.ts"

const apiKey = Redacted.make("test-key")

const routed = <A, E>(
  script: LiveServer.Script,
  use: (
    server: LiveServer.LiveServer
  ) => Effect.Effect<A, E, GeminiClient.GeminiClient | RateLimiter.RateLimiter>,
  options: Parameters<typeof NodeGemini.layer>[0] = {}
) =>
  Effect.flatMap(
    LiveServer.listen(script),
    (server) =>
      Effect.provide(
        use(server),
        NodeGemini.layer({ apiKey, baseUrl: server.url, tier: "tier3", retry: { attempts: 1 }, ...options })
      )
  )

/** A model that speaks: sound, and what was said. */
const spoken: LiveServer.Script = {
  message: (peer, message) => {
    const text = LiveServer.textOf(message)
    if (text === undefined || "clientContent" in message) return
    for (const word of text.split(" ")) {
      const inlineData = { mimeType: "audio/pcm;rate=24000", data: "AAAA" }
      peer.send({ serverContent: { modelTurn: { parts: [{ inlineData }] } } })
      peer.send({ serverContent: { outputTranscription: { text: `${word} ` } } })
    }
    peer.send({ serverContent: { generationComplete: true } })
    peer.send({
      serverContent: { turnComplete: true },
      usageMetadata: { promptTokenCount: 2, responseTokenCount: 3, totalTokenCount: 5 }
    })
  }
}

/** Waits until the server holds no connection any more; a session that is never closed lets the test run out of time. */
const closed = (server: LiveServer.LiveServer): Effect.Effect<void> =>
  Effect.suspend(() => server.open() === 0 ? Effect.void : Effect.andThen(Effect.sleep("5 millis"), closed(server)))

const generate = (request: GeminiClient.Request, options?: Parameters<GeminiClient.Service["generate"]>[1]) =>
  GeminiClient.GeminiClient.use((gemini) => gemini.generate(request, options))

describe("a call to a model that has only the Live API", () => {
  it.live("travels there by itself and answers in HTTP's shape", () =>
    routed(spoken, (server) =>
      Effect.gen(function*() {
        const answer = yield* generate({ model: "gemini-3.8-live", contents: "one two" })
        assert.strictEqual(answer.text, "one two ")
        assert.strictEqual(answer.media.length, 2)
        assert.strictEqual(answer.finishReason, "STOP")
        assert.deepStrictEqual(answer.usage?.candidatesTokens, 3)
        assert.strictEqual(answer.model, "gemini-3.8-live")
        assert.deepStrictEqual(answer.attempts, [{ model: "gemini-3.8-live", status: 200 }])
        assert.deepStrictEqual<unknown>(server.peers[0]?.received, [
          {
            setup: {
              model: "models/gemini-3.8-live",
              generationConfig: { responseModalities: ["AUDIO"] },
              outputAudioTranscription: {}
            }
          },
          { realtimeInput: { text: "one two" } }
        ])
        yield* closed(server)
      })))

  it.live("streams, with exactly one finished chunk, the last", () =>
    routed(spoken, () =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const chunks = yield* Stream.runCollect(gemini.generateStream({ model: "gemini-3.8-live", contents: "a b" }))
        assert.strictEqual(chunks.map(({ text }) => text).join(""), "a b ")
        assert.deepStrictEqual(chunks.map(({ finished }) => finished), [...chunks.slice(1).map(() => false), true])
        assert.strictEqual(chunks.at(-1)?.usage?.totalTokens, 5)
      })))

  it.live("an interrupted stream closes its session", () =>
    routed(
      { message: (peer) => peer.send({ serverContent: { modelTurn: { parts: [{ text: "a" }] } } }) },
      (server) =>
        Effect.gen(function*() {
          const gemini = yield* GeminiClient.GeminiClient
          yield* Stream.runDrain(Stream.take(gemini.generateStream({ model: "gemini-3.8-live", contents: "a" }), 1))
          yield* closed(server)
        })
    ))

  it.live("carries the conversation so far, images and the system instruction", () =>
    routed(spoken, (server) =>
      Effect.gen(function*() {
        const contents = [
          { role: "user", parts: [{ text: "Hi" }] },
          { role: "model", parts: [{ text: "Hello" }] },
          { role: "user", parts: [Part.bytes(new Uint8Array([1]), "image/png"), { text: "What is it?" }] }
        ]
        yield* generate({ model: "gemini-3.8-live", contents, systemInstruction: "Be brief" })
        assert.deepStrictEqual<unknown>(server.peers[0]?.received.slice(1), [
          { clientContent: { turns: contents.slice(0, 2), turnComplete: true } },
          { realtimeInput: { video: { mimeType: "image/png", data: "AQ==" } } },
          { realtimeInput: { text: "What is it?" } }
        ])
        const setup: unknown = server.peers[0]?.received[0]?.["setup"]
        assert.deepInclude(setup, {
          systemInstruction: { parts: [{ text: "Be brief" }] },
          historyConfig: { initialHistoryInClientContent: true }
        })
      })))

  it.live("ends with the functions that the model asks for", () =>
    routed({
      message: (peer) => peer.send({ toolCall: { functionCalls: [{ id: "7", name: "add", args: { a: 1 } }] } })
    }, () =>
      Effect.gen(function*() {
        const answer = yield* generate({ model: "gemini-3.8-live", contents: "go" })
        assert.deepStrictEqual(answer.functionCalls, [{ id: "7", name: "add", args: { a: 1 } }])
      })))

  it.live("an explicit transport sends any model there, and a text model gets whole turns", () =>
    routed(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const answer = yield* generate({ model: "gemini-2.0-flash-exp", contents: "a b" }, { transport: "live" })
        assert.strictEqual(answer.text, "a b ")
        assert.deepStrictEqual<unknown>(server.peers[0]?.received[1], {
          clientContent: { turns: [{ role: "user", parts: [{ text: "a b" }] }], turnComplete: true }
        })
      })))

  it.live("fails with a LiveError's reason, settings and content that Live lacks before dialling", () =>
    routed({
      setup: (peer) => peer.ws.close(1008, "models/gemini-9-live is not found for API version v1beta"),
      message: () => undefined
    }, (server) =>
      Effect.gen(function*() {
        const unknown = yield* Effect.flip(generate({ model: "gemini-9-live", contents: "Hi" }))
        assert.isTrue(unknown.reason._tag === "Live" && unknown.reason.reason._tag === "Handshake")
        assert.isFalse(unknown.isRetryable)
        assert.include(unknown.message, "is not found")
        const before = server.peers.length
        const json = yield* Effect.flip(
          generate({
            model: "gemini-3.8-live",
            contents: "Hi",
            generationConfig: { responseMimeType: "application/json" }
          })
        )
        assert.isTrue(
          json.reason._tag === "InvalidRequest" &&
            json.reason.fields[0]?.field === "generationConfig.responseMimeType"
        )
        const cached = yield* Effect.flip(
          generate({ model: "gemini-3.8-live", contents: "Hi", cachedContent: "cachedContents/1" })
        )
        assert.isTrue(cached.reason._tag === "InvalidRequest" && cached.reason.fields[0]?.field === "cachedContent")
        const empty = yield* Effect.flip(generate({ model: "gemini-3.8-live", contents: "" }))
        assert.strictEqual(empty.reason._tag, "InvalidRequest")
        assert.strictEqual(server.peers.length, before)
      })))

  it.live("is tried again where that may help, and keeps its deadlines", () => {
    let connections = 0
    return routed({
      ...spoken,
      setup: (peer) => {
        connections++
        if (connections === 1) peer.ws.close(1011, "The service is currently unavailable.")
        else if (connections === 2) peer.send({ setupComplete: {} })
      }
    }, () =>
      Effect.gen(function*() {
        const answer = yield* generate({ model: "gemini-3.8-live", contents: "Hi" })
        assert.deepStrictEqual(answer.attempts.map(({ reason }) => reason), ["Live", undefined])
        const silent = yield* Effect.flip(
          generate({ model: "gemini-3.8-live", contents: "Hi" }, {
            timeouts: { connect: "30 millis" },
            retry: { attempts: 1 }
          })
        )
        assert.isTrue(silent.reason._tag === "TimedOut" && silent.reason.phase === "connect")
      }), { retry: { attempts: 2, baseDelay: "1 millis" } })
  })

  it.live("counts on the lane of Live, and its session counts while it lasts", () =>
    routed(spoken, () =>
      Effect.gen(function*() {
        const inUse = Effect.map(
          RateLimiter.RateLimiter.use(({ snapshot }) => snapshot),
          (lanes) => lanes.map(({ lane, used }) => [lane.family, used.requests, used.inFlight]).sort()
        )
        yield* generate({ model: "gemini-3.8-live", contents: "a" })
        // The call does not wait for the close of its session, its place does.
        assert.deepStrictEqual(yield* inUse, [["live", 1, 0], ["liveSession", 1, 1]])
        while ((yield* inUse)[1]?.[2] !== 0) yield* Effect.sleep("5 millis")
        assert.deepStrictEqual(yield* inUse, [["live", 1, 0], ["liveSession", 1, 0]])
      })))

  it.live("sessions beyond the tier's wait for one to end", () =>
    routed(spoken, (server) =>
      Effect.gen(function*() {
        const [took] = yield* Effect.timed(
          Effect.all([1, 2, 3].map(() => generate({ model: "gemini-3.8-live", contents: "a" })), { concurrency: 3 })
        )
        assert.strictEqual(server.peers.length, 3)
        assert.isBelow(Duration.toMillis(took), 5000)
      }), { limits: { "gemini-3.8-live": { sessions: 1 } } }))

  it.live("without a transport it says that there is none", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(generate({ model: "gemini-3.8-live", contents: "Hi" }))
      assert.strictEqual(error.reason._tag, "LiveNotProvided")
    }).pipe(Effect.provide(FetchGemini.layer({ apiKey }))))
})
