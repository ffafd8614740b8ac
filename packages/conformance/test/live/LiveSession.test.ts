import { assert, describe, it } from "@effect/vitest"
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as LiveTools from "effect-gemini/live/LiveTools"
import type { LiveError } from "effect-gemini/LiveError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as LiveServer from "./liveServer.ts"

const canary = "AIzaCANARY-0123456789-0123456789-0123456"

const live = <A, E, R>(
  server: LiveServer.LiveServer,
  effect: Effect.Effect<A, E, R>,
  options: GeminiLive.Options = {}
) =>
  Effect.provide(
    effect,
    NodeGemini.layerLive({ apiKey: Redacted.make(canary), baseUrl: server.url, tier: "tier3", ...options })
  )

const connect = <R = never>(options: GeminiLive.ConnectOptions<R> = {}) =>
  GeminiLive.GeminiLive.use((live) => live.connect({ ping: false, ...options }))

const session = <A, E>(
  script: LiveServer.Script,
  use: (server: LiveServer.LiveServer) => Effect.Effect<A, E, GeminiLive.GeminiLive | Scope.Scope>
) => Effect.flatMap(LiveServer.listen(script), (server) => live(server, Effect.scoped(use(server))))

const failed = (error: LiveError) => ({ tag: error.reason._tag, code: error.code, message: error.message })

const until = (condition: () => boolean) =>
  Effect.suspend(() => condition() ? Effect.void : Effect.fail("not yet")).pipe(
    Effect.retry(Schedule.spaced("5 millis")),
    Effect.timeout("5 seconds")
  )

const tags = (events: ReadonlyArray<LiveEvent>) => events.map(({ _tag }) => _tag)

describe("a session", () => {
  it.live("connects with the key in a header and one setup, and closes cleanly with its scope", () =>
    Effect.gen(function*() {
      const server = yield* LiveServer.listen(LiveServer.echo)
      const closes: Array<number> = []
      yield* live(
        server,
        Effect.scoped(Effect.gen(function*() {
          const session = yield* connect({ model: "gemini-2.0-flash-live", systemInstruction: "Be brief" })
          assert.strictEqual((yield* session.status)._tag, "Open")
          server.peers[0]?.ws.on("close", (code) => closes.push(code))
        }))
      )
      yield* until(() => server.open() === 0)
      const peer = server.peers[0]
      assert.deepStrictEqual(closes, [1000])
      assert.strictEqual(
        peer?.request.url,
        "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
      )
      assert.strictEqual(peer?.request.headers["x-goog-api-key"], canary)
      assert.deepStrictEqual(peer?.received, [{
        setup: {
          model: "models/gemini-2.0-flash-live",
          generationConfig: { responseModalities: ["TEXT"] },
          systemInstruction: { parts: [{ text: "Be brief" }] }
        }
      }])
    }))

  it.live("answers turn after turn, without anybody on events", () =>
    session(LiveServer.echo, () =>
      Effect.gen(function*() {
        const session = yield* connect({ model: "gemini-2.0-flash-live" })
        const [first, second] = yield* Effect.all([session.ask("one two"), session.ask("three")], { concurrency: 2 })
        assert.strictEqual(first.text, "one two ")
        assert.strictEqual(second.text, "three ")
        assert.strictEqual(first.finishReason, "STOP")
        assert.strictEqual(first.usage?.candidatesTokens, 3)
      })))

  it.live("streams a turn in chunks, of which the last one is finished", () =>
    session(LiveServer.echo, () =>
      Effect.gen(function*() {
        const session = yield* connect({ model: "gemini-2.0-flash-live" })
        const chunks = yield* Stream.runCollect(session.sendTextStream("a b c"))
        assert.deepStrictEqual(chunks.map(({ text }) => text).filter((text) => text !== ""), ["a ", "b ", "c "])
        assert.deepStrictEqual(chunks.filter(({ finished }) => finished).length, 1)
        assert.strictEqual(chunks.at(-1)?.finished, true)
        assert.strictEqual(chunks.at(-1)?.usage?.totalTokens, 5)
        // A view that is left early leaves its turn behind; the next one is not mixed up with it.
        yield* Stream.runHead(session.sendTextStream("x y z"))
        assert.strictEqual((yield* session.ask("next")).text, "next ")
      })))

  it.live("gives every event in order, once, and the second reader is told", () =>
    session(LiveServer.echo, () =>
      Effect.gen(function*() {
        const session = yield* connect({ model: "gemini-2.0-flash-live" })
        yield* session.sendText("a b")
        const reader = yield* Effect.forkChild(
          Stream.runCollect(Stream.takeUntil(session.events, ({ _tag }) => _tag === "TurnComplete")),
          { startImmediately: true }
        )
        const second = yield* Effect.flip(Stream.runDrain(session.events))
        assert.strictEqual(second.reason._tag, "SessionInUse")
        assert.deepStrictEqual(tags(yield* Fiber.join(reader)), [
          "Text",
          "Text",
          "GenerationComplete",
          "Usage",
          "TurnComplete"
        ])
        // Dropping the stream closed the session.
        const after = yield* Effect.flip(session.sendText("more"))
        assert.strictEqual(after.reason._tag, "SessionClosed")
      })))

  it.live("user text goes the way that the model takes, and on a spoken model text is what it says", () =>
    session({
      message: (peer, message) => {
        assert.deepStrictEqual<unknown>(message, { realtimeInput: { text: "Hi" } })
        peer.send({
          serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: "audio/pcm;rate=24000", data: "AAAA" } }] } }
        })
        peer.send({ serverContent: { outputTranscription: { text: "Good " } } })
        peer.send({ serverContent: { outputTranscription: { text: "day" } } })
        peer.send({ serverContent: { turnComplete: true } })
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ model: "gemini-3.8-live" })
        const answer = yield* session.ask("Hi")
        assert.strictEqual(answer.text, "Good day")
        assert.deepStrictEqual(answer.media.map(({ data }) => data), ["AAAA"])
        assert.deepStrictEqual<unknown>(server.peers[0]?.received[0], {
          setup: {
            model: "models/gemini-3.8-live",
            generationConfig: { responseModalities: ["AUDIO"] },
            outputAudioTranscription: {}
          }
        })
      })))

  it.live("an empty message is refused before it is sent, one of a megabyte arrives", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ model: "gemini-2.0-flash-live" })
        const empty = yield* Effect.flip(session.ask(""))
        assert.strictEqual(empty.reason._tag, "InvalidSetup")
        assert.strictEqual(server.peers[0]?.received.length, 1)
        const long = "x".repeat(1 << 20)
        assert.strictEqual((yield* session.ask(long)).text.length, long.length + 1)
      })))

  it.live("reads text frames, binary frames and fragments, pretty-printed or not", () =>
    session({
      message: (peer) => {
        const text = (text: string) => ({ serverContent: { modelTurn: { parts: [{ text }] } } })
        peer.ws.send(JSON.stringify(text("text ")))
        peer.ws.send(LiveServer.frame(text("binary ")), { binary: true })
        const whole = LiveServer.frame(text("fragmented ü"))
        for (let i = 0; i < whole.length; i += 7) {
          peer.ws.send(whole.subarray(i, i + 7), { binary: true, fin: i + 7 >= whole.length })
        }
        peer.send({ serverContent: { turnComplete: true } })
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect({ model: "gemini-2.0-flash-live" })
        assert.strictEqual((yield* session.ask("go")).text, "text binary fragmented ü")
      })))

  it.live("what cannot be read ends the session with its path, or is an event by option", () =>
    session({
      message: (peer) => {
        peer.send({ serverContent: { turnComplete: "yes" } })
        peer.send({ serverContent: { turnComplete: true } })
      }
    }, () =>
      Effect.gen(function*() {
        const strict = yield* connect({ model: "gemini-2.0-flash-live" })
        const error = yield* Effect.flip(strict.ask("go"))
        assert.strictEqual(error.reason._tag, "InvalidServerMessage")
        if (error.reason._tag === "InvalidServerMessage") {
          assert.strictEqual(error.reason.path, "serverContent.turnComplete")
        }
        const lenient = yield* connect({ model: "gemini-2.0-flash-live", unreadable: "event" })
        yield* lenient.sendText("go")
        const events = yield* Stream.runCollect(Stream.take(lenient.events, 2))
        assert.deepStrictEqual(events, [
          { _tag: "Unreadable", path: "serverContent.turnComplete", expected: "boolean" },
          { _tag: "TurnComplete", reason: undefined }
        ])
      })))
})

describe("what goes wrong", () => {
  it.live("a refused key or model is a Handshake with the server's words, and the key is cut out", () =>
    session({
      setup: (peer) => peer.ws.close(1007, `API key ${canary} not valid.`),
      message: () => undefined
    }, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(connect())
        assert.deepStrictEqual(failed(error), {
          tag: "Handshake",
          code: 1007,
          message:
            "connect (gemini-3.8-live) Handshake: the server refused the setup (close 1007): API key <key> not valid."
        })
        assert.isFalse(error.isRetryable)
        assert.isFalse(JSON.stringify(error).includes(canary))
      })))

  it.live("a refused upgrade says its status, an unreachable server its code", () =>
    Effect.gen(function*() {
      const server = yield* LiveServer.listen({ ...LiveServer.echo, verify: () => 503 })
      const refused = yield* Effect.flip(live(server, Effect.scoped(connect())))
      assert.isTrue(refused.reason._tag === "Connection" && refused.reason.status === 503 && refused.isRetryable)
      const nobody = { ...server, url: "http://127.0.0.1:9" }
      const unreachable = yield* Effect.flip(live(nobody, Effect.scoped(connect())))
      assert.isTrue(unreachable.reason._tag === "Connection" && unreachable.reason.kind === "unreachable")
      assert.include(unreachable.message, "ECONNREFUSED")
      for (const error of [refused, unreachable]) {
        assert.isFalse(`${error.message}${JSON.stringify(error)}`.includes(canary))
      }
    }))

  it.live("silence after the setup is TimedOut", () =>
    session({ setup: () => undefined, message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(connect({ timeouts: { setup: "50 millis" } }))
        assert.isTrue(error.reason._tag === "TimedOut" && error.reason.phase === "setup")
        yield* until(() => server.open() === 0)
      })))

  it.live("a close in mid-turn reaches the turn, the events and the status, with code and words", () =>
    session({
      message: (peer) => {
        peer.send({ serverContent: { modelTurn: { parts: [{ text: "I was" }] } } })
        peer.ws.close(1011, "Internal error occurred.")
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect()
        const chunks: Array<string> = []
        const error = yield* Effect.flip(
          Stream.runForEach(session.sendTextStream("go"), ({ text }) => Effect.sync(() => chunks.push(text)))
        )
        assert.deepStrictEqual(chunks, ["I was"])
        assert.deepStrictEqual([error.reason._tag, error.code, error.isRetryable], ["Interrupted", 1011, true])
        assert.include(error.message, "Internal error occurred.")
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(session.events))).code, 1011)
        assert.strictEqual((yield* session.status)._tag, "Closed")
        assert.strictEqual((yield* Effect.flip(session.sendText("more"))).code, 1011)
      })))

  it.live("settings that Live refuses never leave this process", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(connect({ generationConfig: { responseMimeType: "application/json" } }))
        assert.isTrue(error.reason._tag === "InvalidSetup")
        assert.include(error.message, "setup.generationConfig.responseMimeType")
        assert.strictEqual(server.peers.length, 0)
      })))

  it.live("a peer that answers no ping is given up", () =>
    session({
      ...LiveServer.echo,
      connected: ({ ws }) => {
        ws.pong = () => undefined
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect({ ping: { interval: "20 millis", timeout: "60 millis" } })
        const error = yield* Effect.flip(Stream.runDrain(session.events))
        assert.isTrue(error.reason._tag === "TimedOut" && error.reason.phase === "ping")
      })))

  it.live("a peer that answers pings shows its round trip, and a paused session is not given up", () =>
    session(LiveServer.echo, () =>
      Effect.gen(function*() {
        const session = yield* connect({ ping: { interval: "10 millis", timeout: "20 millis" } })
        yield* Effect.sleep("60 millis")
        const { roundTrip } = yield* session.health
        assert.isTrue(roundTrip !== undefined && Duration.toMillis(roundTrip) < 20)
        yield* session.pause
        yield* Effect.sleep("100 millis")
        yield* session.resume
        assert.strictEqual((yield* session.ask("there?")).text, "there? ")
      })))

  it.live("a reader that is too slow overflows in its bound, and nothing was dropped before", () =>
    session({
      message: (peer) => {
        for (let i = 0; i < 40; i++) {
          peer.send({ serverContent: { modelTurn: { parts: [{ text: "x".repeat(1000) }] } } })
        }
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect({ inboundLimit: 20_000 })
        yield* session.sendText("go")
        yield* Effect.repeat(Effect.sleep("5 millis"), {
          until: () => Effect.map(session.status, ({ _tag }) => _tag === "Closed")
        })
        const seen: Array<LiveEvent> = []
        const error = yield* Effect.flip(
          Stream.runForEach(session.events, (event) => Effect.sync(() => seen.push(event)))
        )
        assert.strictEqual(error.reason._tag, "Overflow")
        assert.isAbove(seen.length, 10)
      })))
})

describe("functions", () => {
  const calls = (...functionCalls: ReadonlyArray<unknown>) => ({ toolCall: { functionCalls } })

  it.live("run in fibers of their own and answer with id, name and output or error", () => {
    const answers: Array<unknown> = []
    return session({
      message: (peer, message) => {
        if ("toolResponse" in message) {
          answers.push(message["toolResponse"])
          if (answers.length === 2) {
            peer.send({ serverContent: { modelTurn: { parts: [{ text: "done" }] } } })
            peer.send({ serverContent: { turnComplete: true } })
          }
          return
        }
        const call = { id: "1", name: "add", args: { a: 1, b: 2 } }
        peer.send(calls(call, { id: "2", name: "fail", args: {} }))
        // The same call twice runs once.
        peer.send(calls(call))
      }
    }, () =>
      Effect.gen(function*() {
        let runs = 0
        const session = yield* connect({
          functions: LiveTools.make({
            add: { handle: ({ a, b }) => Effect.sync(() => (runs++, Number(a) + Number(b))) },
            fail: { handle: () => Effect.fail("no such city") }
          })
        })
        const answer = yield* session.ask("go")
        assert.strictEqual(answer.text, "done")
        assert.deepStrictEqual(answer.functionCalls.map(({ id }) => id), ["1", "2", "1"])
        assert.strictEqual(runs, 1)
        assert.deepStrictEqual(answers, [
          { functionResponses: [{ id: "1", name: "add", response: { output: 3 } }] },
          { functionResponses: [{ id: "2", name: "fail", response: { error: "no such city" } }] }
        ])
      }))
  })

  it.live("a call that is taken back is interrupted and never answered, the others go on", () => {
    const answers: Array<unknown> = []
    return session({
      message: (peer, message) => {
        if ("toolResponse" in message) {
          answers.push(message["toolResponse"])
          return peer.send({ serverContent: { turnComplete: true } })
        }
        peer.send(calls({ id: "1", name: "slow", args: {} }, { id: "2", name: "slow", args: {} }))
        return peer.send({ toolCallCancellation: { ids: ["1"] } })
      }
    }, () =>
      Effect.gen(function*() {
        const interrupted = yield* Deferred.make<string>()
        const session = yield* connect({
          functions: LiveTools.make({
            slow: {
              handle: (_, { id }) =>
                Effect.onInterrupt(
                  Effect.as(Effect.sleep("60 millis"), "late"),
                  () => Deferred.succeed(interrupted, id ?? "")
                )
            }
          })
        })
        yield* session.ask("go")
        assert.strictEqual(yield* Deferred.await(interrupted), "1")
        yield* Effect.sleep("80 millis")
        assert.deepStrictEqual(answers, [{
          functionResponses: [{ id: "2", name: "slow", response: { output: "late" } }]
        }])
      }))
  })

  it.live("without handlers a turn ends with its calls, and the caller answers", () => {
    return session({
      message: (peer, message) => {
        if ("toolResponse" in message) return peer.send({ serverContent: { turnComplete: true } })
        return peer.send(calls({ id: "1", name: "add", args: {} }))
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect()
        const answer = yield* session.ask("go")
        assert.deepStrictEqual(answer.functionCalls.map(({ name }) => name), ["add"])
        assert.strictEqual(answer.finishReason, "STOP")
        yield* session.sendToolResponse([LiveTools.response({ id: "1", name: "add" }, { output: 3 })])
        const [first] = yield* Stream.runCollect(Stream.take(session.events, 1))
        assert.strictEqual(first?._tag, "TurnComplete")
      }))
  })
})
