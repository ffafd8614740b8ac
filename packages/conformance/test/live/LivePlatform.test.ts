/**
 * Sessions over the WebSocket that the platform brings (here Node's own, elsewhere a browser's), which has no ping and
 * no pause.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { Socket as NetSocket } from "node:net"
import * as LiveServer from "./liveServer.ts"

const model = "gemini-2.0-flash-live"

const session = <A, E>(
  script: LiveServer.Script,
  use: (server: LiveServer.LiveServer) => Effect.Effect<A, E, GeminiLive.GeminiLive | Scope.Scope>
) =>
  Effect.flatMap(LiveServer.listen(script), (server) =>
    Effect.provide(
      Effect.scoped(use(server)),
      GeminiLive.layer({ apiKey: Redacted.make("test-key"), baseUrl: server.url, tier: "tier3", keyInUrl: true }).pipe(
        Layer.provide([Socket.layerWebSocketConstructorGlobal, RateLimiter.layer])
      )
    ))

const connect = (options: GeminiLive.ConnectOptions = {}) =>
  GeminiLive.GeminiLive.use((live) => live.connect({ model, ...options }))

const until = (condition: () => boolean) =>
  Effect.suspend(() => condition() ? Effect.void : Effect.fail("not yet")).pipe(
    Effect.retry(Schedule.spaced("5 millis")),
    Effect.timeout("30 seconds"),
    Effect.orDie
  )

const settle = TestClock.withLive(Effect.sleep("20 millis"))

const chunk = (text: string) => ({ serverContent: { modelTurn: { role: "model", parts: [{ text }] } } })

/** The socket below the server's WebSocket: paused, it reads nothing, answers no ping and no close. */
const below = (peer: LiveServer.Peer | undefined): NetSocket => Reflect.get(peer?.ws ?? {}, "_socket")

describe("over the platform's own WebSocket", () => {
  it.live("a session answers turn after turn, in text and in binary frames, and closes cleanly", () => {
    const closes: Array<number> = []
    return session({
      connected: ({ ws }) => ws.on("close", (code) => closes.push(code)),
      message: (peer, message) => {
        peer.ws.send(JSON.stringify(chunk("as text, ")))
        peer.send(chunk(LiveServer.textOf(message) ?? ""))
        peer.send({ serverContent: { turnComplete: true } })
      }
    }, (server) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const session = yield* connect()
          assert.strictEqual((yield* session.ask("one")).text, "as text, one")
          assert.strictEqual((yield* session.ask("two")).text, "as text, two")
        }))
        yield* until(() => server.open() === 0)
        assert.deepStrictEqual(closes, [1000])
      }))
  })

  it.effect("silence ends it at its deadline, by the clock, and a message moves that on", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ timeouts: { silence: "25 seconds" } })
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual((yield* session.ask("hello")).text, "hello ")
        below(server.peers[0]).pause()
        yield* TestClock.adjust("24 seconds")
        yield* settle
        assert.strictEqual((yield* session.status)._tag, "Open")
        const asked = yield* Effect.forkChild(Effect.flip(session.ask("is anybody there?")))
        yield* settle
        yield* TestClock.adjust("1 second")
        const error = yield* Fiber.join(asked)
        assert.deepInclude(error.reason, { _tag: "TimedOut", phase: "silence" })
        const status = yield* session.status
        assert.strictEqual(status._tag === "Closed" ? status.error : undefined, error)
        below(server.peers[0]).resume()
        yield* TestClock.withLive(until(() => server.open() === 0))
      })))

  it.effect("a paused session is not silent, and one that goes on has its whole deadline again", () =>
    session(LiveServer.echo, () =>
      Effect.gen(function*() {
        const session = yield* connect({ timeouts: { silence: "25 seconds", idle: "25 seconds" } })
        yield* session.pause
        yield* TestClock.adjust("110 seconds")
        yield* session.resume
        yield* TestClock.adjust("24 seconds")
        assert.strictEqual((yield* session.ask("hello")).text, "hello ")
      })))

  it.live("what comes while it is paused waits up to the bound; then it ends, and what had come is read", () => {
    const text = "x".repeat(100_000)
    return session({
      message: (peer) => {
        for (let i = 0; i < 30; i++) peer.send(chunk(text))
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ inboundLimit: 1 << 20 })
        const seen: Array<LiveEvent> = []
        const read = yield* Effect.forkChild(
          Effect.flip(Stream.runForEach(session.events, (event) => Effect.sync(() => seen.push(event))))
        )
        yield* session.pause
        yield* session.sendText("go")
        // No pause reaches the server: it is rid of everything, and of the connection. The end is told without a resume.
        yield* until(() => server.open() === 0)
        const { reason } = yield* Fiber.join(read)
        assert.strictEqual(reason._tag, "Overflow")
        if (reason._tag !== "Overflow") return
        assert.strictEqual(reason.limit, 1 << 20)
        assert.isAbove(reason.bytes, reason.limit)
        const texts = seen.flatMap((event) => event._tag === "Text" ? [event.text] : [])
        assert.deepStrictEqual(texts, Array.from({ length: 11 }, () => text))
      }))
  })

  it.live("a reader that is too slow overflows in its bound", () => {
    const text = "x".repeat(1_000)
    return session({
      message: (peer) => {
        for (let i = 0; i < 200; i++) peer.send(chunk(text))
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect({ inboundLimit: 20_000 })
        const seen: Array<LiveEvent> = []
        const read = yield* Effect.forkChild(
          Effect.flip(Stream.runForEach(session.events, (event) => {
            seen.push(event)
            return Effect.sleep("20 millis")
          }))
        )
        yield* session.sendText("go")
        const { reason } = yield* Fiber.join(read)
        assert.strictEqual(reason._tag, "Overflow")
        if (reason._tag === "Overflow") assert.isAtMost(reason.bytes, 22_000)
        assert.isAtLeast(seen.length, 15)
      }))
  })

  it.live("a stream of sound goes no faster than the connection takes it, and nothing is dropped", () => {
    const sounds = 400
    return session({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect()
        const peer = server.peers[0]
        below(peer).pause()
        let pulled = 0
        const sound = Stream.fromIterable(Array.from({ length: sounds }, () => new Uint8Array(48_000))).pipe(
          Stream.tap(() => Effect.sync(() => pulled++))
        )
        const sending = yield* Effect.forkChild(session.sendAudio(sound))
        // The kernel's buffers fill first, for as long as a busy machine needs; then nothing moves any more.
        let before = -1
        let still = 0
        yield* until(() => {
          still = pulled > 0 && pulled === before ? still + 1 : 0
          before = pulled
          return still === 50 || pulled === sounds
        })
        assert.isBelow(pulled, sounds)
        assert.isAbove((yield* session.health).bytes.unsent, 1 << 20)
        below(peer).resume()
        yield* Fiber.join(sending)
        yield* until(() => peer?.received.length === sounds + 1)
        assert.strictEqual((yield* session.health).dropped, 0)
      }))
  })
})
