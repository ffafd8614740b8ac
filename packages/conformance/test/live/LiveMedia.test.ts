import { assert, describe, it } from "@effect/vitest"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as Audio from "effect-gemini/live/Audio"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { Socket } from "node:net"
import * as LiveServer from "./liveServer.ts"

const apiKey = Redacted.make("test-key")

const session = <A, E>(
  script: LiveServer.Script,
  use: (server: LiveServer.LiveServer) => Effect.Effect<A, E, GeminiLive.GeminiLive | Scope.Scope>
) =>
  Effect.flatMap(LiveServer.listen(script), (server) =>
    Effect.provide(
      Effect.scoped(use(server)),
      NodeGemini.layerLive({ apiKey, baseUrl: server.url, tier: "tier3" })
    ))

const connect = (options: GeminiLive.ConnectOptions = {}) =>
  GeminiLive.GeminiLive.use((live) => live.connect({ ping: false, ...options }))

const until = (condition: () => boolean) =>
  Effect.suspend(() => condition() ? Effect.void : Effect.fail("not yet")).pipe(
    Effect.retry(Schedule.spaced("2 millis")),
    Effect.timeout("5 seconds")
  )

const watch = (events: Stream.Stream<LiveEvent, unknown>) => {
  const seen: Array<LiveEvent> = []
  return Effect.as(
    Effect.forkScoped(Effect.exit(Stream.runForEach(events, (event) => Effect.sync(() => seen.push(event)))), {
      startImmediately: true
    }),
    seen
  )
}

const input = (message: Record<string, unknown>) => message["realtimeInput"] as Record<string, unknown> | undefined

const spoken = (data: string) => ({
  serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: "audio/pcm;rate=24000", data } }] } }
})

const socketOf = (peer: LiveServer.Peer | undefined): Socket | undefined =>
  peer === undefined ? undefined : Reflect.get(peer.ws, "_socket") as Socket

describe("sound", () => {
  it.live("goes in at 16 kHz in order, the end of activity behind it, and comes back at 24 kHz", () => {
    const heard: Array<number> = []
    return session({
      message: (peer, message) => {
        const realtime = input(message)
        const audio = realtime?.["audio"] as { mimeType: string; data: string } | undefined
        if (audio !== undefined) {
          assert.strictEqual(audio.mimeType, "audio/pcm;rate=16000")
          heard.push(...Audio.samples(Buffer.from(audio.data, "base64")))
        }
        if (realtime?.["activityEnd"] === undefined) return
        // Everything that was said had arrived by now.
        peer.send({ serverContent: { inputTranscription: { text: `${heard.length} samples` } } })
        peer.send(spoken(Buffer.from(Audio.pcm(Int16Array.of(1, 2, 3))).toString("base64")))
        peer.send({ serverContent: { outputTranscription: { text: "yes", finished: true } } })
        peer.send({ serverContent: { turnComplete: true } })
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect({
          realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
          inputAudioTranscription: {}
        })
        const samples = Int16Array.from({ length: 160_000 }, (_, i) => i % 30_000)
        yield* session.activityStart
        yield* session.sendAudio(Stream.fromIterable(Audio.chunks({ samples, sampleRate: 16_000 }, 20)))
        yield* session.activityEnd
        const events = yield* Stream.runCollect(Stream.takeUntil(session.events, ({ _tag }) => _tag === "TurnComplete"))
        assert.deepStrictEqual(heard, Array.from(samples))
        assert.deepStrictEqual(events.map(({ _tag }) => _tag), [
          "InputTranscription",
          "Audio",
          "OutputTranscription",
          "TurnComplete"
        ])
        const sound = events.find((event) => event._tag === "Audio")
        assert.deepStrictEqual(
          sound === undefined ? undefined : Audio.samples(Audio.bytes(sound)),
          Int16Array.of(1, 2, 3)
        )
        assert.strictEqual((yield* session.health).dropped, 0)
      }))
  })

  it.live("a stream of it is pulled no faster than the connection takes it, and nothing is dropped", () => {
    const received = { frames: 0 }
    return session({
      message: (_, message) => {
        if (input(message)?.["audio"] !== undefined) received.frames++
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ mediaLimit: 200_000 })
        socketOf(server.peers[0])?.pause()
        let pulled = 0
        const sending = yield* Effect.forkChild(
          session.sendAudio(
            Stream.fromEffectRepeat(Effect.sync(() => (pulled++, new Uint8Array(64_000)))).pipe(Stream.take(400))
          )
        )
        yield* Effect.sleep("300 millis")
        // 400 frames are 34 MB: the kernel's buffers hold some of it, this process next to nothing.
        assert.isBelow(pulled, 300)
        const { bytes, dropped } = yield* session.health
        assert.isBelow(bytes.unsent, 600_000)
        socketOf(server.peers[0])?.resume()
        yield* Fiber.join(sending)
        yield* session.audioStreamEnd
        yield* until(() => received.frames === 400)
        assert.strictEqual(dropped, 0)
      }))
  })

  it.live("single chunks lose the oldest to a slow connection, counted, and words never wait for them", () => {
    const texts: Array<string> = []
    return session({
      message: (_, message) => {
        const text = LiveServer.textOf(message)
        if (text !== undefined) texts.push(text)
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ mediaLimit: 100_000 })
        socketOf(server.peers[0])?.pause()
        for (let i = 0; i < 300; i++) {
          yield* session.sendAudio(new Uint8Array(64_000))
          yield* Effect.sleep(0)
        }
        const { bytes, dropped } = yield* session.health
        assert.isAbove(dropped, 0)
        assert.isBelow(bytes.unsent, 600_000)
        const sending = yield* Effect.forkChild(session.sendText("still there"))
        socketOf(server.peers[0])?.resume()
        yield* Fiber.join(sending)
        yield* until(() => texts.length === 1)
      }))
  })

  it.live("what is queued for playback is gone at once when the user speaks up", () =>
    session({
      message: (peer) => {
        for (let i = 0; i < 50; i++) peer.send(spoken("AAAA"))
        peer.send({ serverContent: { outputTranscription: { text: "a long story" } } })
        peer.send({ serverContent: { interrupted: true } })
        peer.send({ serverContent: { turnComplete: true } })
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect()
        yield* session.sendText("go")
        yield* Effect.repeat(Effect.sleep("5 millis"), {
          until: () => Effect.map(session.health, ({ messages }) => messages.received === 53)
        })
        const events = yield* Stream.runCollect(Stream.takeUntil(session.events, ({ _tag }) => _tag === "TurnComplete"))
        assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["OutputTranscription", "Interrupted", "TurnComplete"])
        assert.strictEqual((yield* session.health).flushed, 50)
        // A turn that was cut says so.
        assert.strictEqual((yield* session.status)._tag, "Closed")
        const other = yield* connect()
        assert.strictEqual((yield* other.ask("go")).finishReason, "INTERRUPTED")
      })))

  it.live("cancel takes the rest of the model's turn away, and the next turn is heard again", () =>
    session({
      message: (peer, message) => {
        if (LiveServer.textOf(message) === "more") {
          peer.send(spoken("BBBB"))
          peer.send({ serverContent: { turnComplete: true } })
          return
        }
        peer.send(spoken("AAAA"))
        setTimeout(() => {
          peer.send(spoken("AAAA"))
          peer.send({ serverContent: { turnComplete: true } })
        }, 60)
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect()
        const seen = yield* watch(session.events)
        yield* session.sendText("go")
        yield* until(() => seen.length === 1)
        yield* session.cancel
        yield* until(() => seen.some(({ _tag }) => _tag === "TurnComplete"))
        yield* session.sendText("more")
        yield* until(() => seen.filter(({ _tag }) => _tag === "TurnComplete").length === 2)
        assert.deepStrictEqual(seen.map((event) => event._tag === "Audio" ? event.data : event._tag), [
          "AAAA",
          "TurnComplete",
          "BBBB",
          "TurnComplete"
        ])
      })))

  it.live("a paused session reads nothing, down to the socket, and loses nothing", () => {
    const sent = { bytes: 0, frames: 0 }
    return session({
      message: (peer) => {
        // Until the client's side of the connection is full.
        const more = (): void => {
          if (sent.frames >= 400) return
          sent.frames++
          peer.ws.send(LiveServer.frame(spoken("A".repeat(100_000))), { binary: true }, () => {
            sent.bytes += 100_000
            more()
          })
        }
        more()
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect({ inboundLimit: 1 << 26 })
        yield* session.pause
        const status = yield* session.status
        assert.isTrue(status._tag === "Open" && status.isPaused)
        yield* session.sendText("go")
        yield* Effect.sleep("300 millis")
        const stopped = sent.frames
        assert.isBelow(stopped, 300)
        assert.isAtMost((yield* session.health).messages.received, 1)
        yield* session.resume
        yield* Stream.runDrain(Stream.take(session.events, 400))
        assert.strictEqual(sent.frames, 400)
      }))
  })

  it.live("a frame of video and an update of the context go out as the wire has them", () =>
    session({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect()
        yield* session.sendVideo(Uint8Array.of(1))
        yield* session.audioStreamEnd
        yield* session.updateContext({ systemInstruction: "Whisper", tools: [{ googleSearch: {} }] })
        yield* session.sendTurns("So far", { turnComplete: false })
        yield* until(() => server.peers[0]?.received.length === 5)
        assert.deepStrictEqual<unknown>(server.peers[0]?.received.slice(1), [
          { realtimeInput: { video: { mimeType: "image/jpeg", data: "AQ==" } } },
          { realtimeInput: { audioStreamEnd: true } },
          {
            contextUpdate: {
              systemInstruction: { parts: [{ text: "Whisper" }] },
              tools: { tools: [{ googleSearch: {} }] }
            }
          },
          { clientContent: { turns: [{ role: "user", parts: [{ text: "So far" }] }], turnComplete: false } }
        ])
      })))
})

describe("limits", () => {
  it.effect("text counts against the lane's rolling minute, sound and answers to calls do not", () =>
    Effect.gen(function*() {
      const server = yield* LiveServer.listen(LiveServer.echo)
      const layer = NodeGemini.layer({ apiKey, baseUrl: server.url, limits: { "gemini-2.0-flash-live": { rpm: 2 } } })
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* connect({ model: "gemini-2.0-flash-live" })
        for (let i = 0; i < 20; i++) yield* session.sendAudio(new Uint8Array(10))
        yield* session.sendToolResponse([{ id: "1", name: "f", response: {} }])
        yield* session.ask("one")
        yield* session.sendTurns("two")
        const third = yield* Effect.forkChild(session.ask("three"))
        yield* TestClock.withLive(Effect.sleep("50 millis"))
        yield* TestClock.adjust("59 seconds")
        yield* TestClock.withLive(Effect.sleep("50 millis"))
        assert.isUndefined(third.pollUnsafe())
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* Fiber.join(third)).text, "three ")
      })).pipe(Effect.provide(layer))
    }))

  it.live("a session's place among the open ones goes back when it ends, also by an error", () =>
    Effect.gen(function*() {
      const server = yield* LiveServer.listen({
        setup: (peer, { model }) =>
          model === "models/refused" ? peer.ws.close(1008, "no") : peer.send({ setupComplete: {} }),
        message: (peer) => peer.ws.close(1011, "no")
      })
      const open = Effect.map(
        RateLimiter.RateLimiter.use(({ snapshot }) => snapshot),
        (lanes) =>
          lanes.filter(({ lane }) => lane.family === "liveSession").reduce((all, { used }) => all + used.inFlight, 0)
      )
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* connect()
        assert.strictEqual(yield* open, 1)
        yield* Effect.flip(session.ask("go"))
        yield* Stream.runDrain(session.statusChanges)
        while ((yield* open) !== 0) yield* Effect.sleep("5 millis")
        // Nor does one keep its place that was never opened.
        yield* Effect.flip(connect({ model: "refused" }))
        assert.strictEqual(yield* open, 0)
      })).pipe(
        Effect.provide(Layer.fresh(NodeGemini.layer({ apiKey, baseUrl: server.url, tier: "tier1" })))
      )
    }))

  it.live("goes back too where the scope closes while an error is still ending the session", () =>
    Effect.gen(function*() {
      let isReleased = false
      const server = yield* LiveServer.listen({
        message: (peer) => {
          peer.send({ toolCall: { functionCalls: [{ id: "1", name: "slow", args: {} }] } })
          setTimeout(() => peer.ws.close(1011, "no"), 20)
        }
      })
      const slow = Effect.onInterrupt(Effect.never, () =>
        Effect.map(Effect.sleep("60 millis"), () => {
          isReleased = true
        }))
      yield* Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const session = yield* connect({ functions: LiveTools.make({ slow: { handle: () => slow } }) })
          yield* Effect.flip(session.ask("go"))
          yield* Effect.sleep("20 millis")
          assert.isFalse(isReleased)
        }))
        assert.isTrue(isReleased)
        const lanes = yield* RateLimiter.RateLimiter.use(({ snapshot }) => snapshot)
        assert.isTrue(lanes.every(({ used }) => used.inFlight === 0))
      }).pipe(Effect.provide(Layer.fresh(NodeGemini.layer({ apiKey, baseUrl: server.url, tier: "tier1" }))))
    }))
})
