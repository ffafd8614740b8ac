/** A session that is paused reads nothing, and still sees that its connection ends. */
import { assert, describe, it } from "@effect/vitest"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import type { LiveError } from "effect-gemini/LiveError"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { connect, handle, handleOf, session, settle, until, watch } from "./liveClient.ts"
import * as LiveServer from "./liveServer.ts"

const everySecond = Schedule.spaced("1 second")

const chunk = (text: string) => ({ serverContent: { modelTurn: { role: "model", parts: [{ text }] } } })

const closedBy = (session: LiveSession) =>
  Effect.map(session.status, (status) => status._tag === "Closed" ? status.error : undefined)

const named = (error: LiveError | undefined) => [error?.reason._tag, error?.code]

/** How the connection of a paused session ends, and what the session knows then. */
const ends: ReadonlyArray<readonly [name: string, end: (peer: LiveServer.Peer) => void, code: number]> = [
  ["closes it with a code", (peer) => peer.ws.close(1011, "gone"), 1011],
  ["drops it", (peer) => peer.ws.terminate(), 1006],
  ["resets it", (peer) => LiveServer.below(peer).resetAndDestroy(), 1006]
]

describe("while it is paused and the server", () => {
  it.effect.each(ends)(
    "%s, the session is over, and everything that is asked of it says so",
    ([, end, code]) =>
      session(LiveServer.echo, (server) =>
        Effect.gen(function*() {
          const session = yield* connect()
          const watched = yield* watch(session.events)
          yield* session.pause
          assert.strictEqual((yield* session.health).connectedAt, 0)
          const [peer] = server.peers
          if (peer !== undefined) end(peer)
          yield* until(() => watched.end() !== undefined)
          assert.deepStrictEqual(named(yield* closedBy(session)), ["Interrupted", code])
          assert.strictEqual((yield* session.health).connectedAt, undefined)
          for (
            const operation of [
              session.sendText("hello"),
              session.sendAudio(new Uint8Array(320)),
              session.send({ realtimeInput: { text: "hello" } }),
              Effect.asVoid(session.ask("hello"))
            ]
          ) assert.deepStrictEqual(named(yield* Effect.flip(operation)), ["Interrupted", code])
        }))
  )

  it.effect.each(ends)(
    "%s, a session that reconnects has another connection, which is paused, too",
    ([, end]) =>
      session({
        ...LiveServer.echo,
        setup: (peer) => {
          peer.send({ setupComplete: {} })
          if (peer.index > 0) peer.send({ usageMetadata: { totalTokenCount: 1 } })
        }
      }, (server) =>
        Effect.gen(function*() {
          const session = yield* connect({ reconnect: { schedule: everySecond } })
          const { count, tags } = yield* watch(session.events)
          yield* session.pause
          const [peer] = server.peers
          if (peer !== undefined) end(peer)
          yield* until(() => count("Reconnecting") === 1)
          assert.strictEqual((yield* session.status)._tag, "Reconnecting")
          const sent = yield* Effect.forkChild(session.sendText("waits"))
          yield* TestClock.adjust("1 second")
          yield* until(() => count("Reconnected") === 1)
          yield* Fiber.join(sent)
          assert.deepInclude(yield* session.status, { _tag: "Open", isPaused: true })
          yield* until(() => server.peers[1]?.received.length === 2)
          yield* settle
          assert.deepStrictEqual(tags(), ["Reconnecting", "Reconnected"])
          yield* session.resume
          yield* until(() => count("TurnComplete") === 1)
          assert.strictEqual(tags()[2], "Usage")
        }))
  )

  it.effect("closes it, what had come before is read first, and its handle is dialled", () =>
    session({
      ...LiveServer.echo,
      message: (peer) => {
        peer.send(chunk("one"))
        peer.send({ serverContent: { turnComplete: true } })
        peer.send(handle("newest"))
        peer.ws.close(1011, "gone")
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { schedule: everySecond } })
        const { count, tags } = yield* watch(session.events)
        yield* session.pause
        yield* session.sendText("go")
        yield* until(() => count("Reconnecting") === 1)
        assert.deepStrictEqual(tags(), ["Text", "TurnComplete", "Resumption", "Reconnecting"])
        yield* TestClock.adjust("1 second")
        yield* until(() => count("Reconnected") === 1)
        assert.strictEqual(handleOf(server.peers[1]), "newest")
      })))

  it.effect("is not there any more, a ping finds that out", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ ping: { interval: "10 seconds", timeout: "5 seconds" } })
        const { end } = yield* watch(session.events)
        yield* session.pause
        yield* TestClock.adjust("10 seconds")
        yield* TestClock.withLive(
          Effect.repeat(Effect.sleep("2 millis"), {
            while: () => Effect.map(session.health, ({ roundTrip }) => roundTrip === undefined)
          })
        )
        LiveServer.below(server.peers[0]).pause()
        yield* TestClock.adjust("14999 millis")
        yield* settle
        assert.strictEqual((yield* session.status)._tag, "Open")
        yield* TestClock.adjust("1 millis")
        yield* until(() => end() !== undefined)
        assert.deepInclude((yield* closedBy(session))?.reason, { _tag: "TimedOut", phase: "ping" })
        LiveServer.below(server.peers[0]).resume()
      })))

  it.effect("sends more than is read ahead and closes, the end behind it is found", () => {
    const text = "x".repeat(500_000)
    const texts = 8
    return session({
      message: (peer) => {
        for (let i = 0; i < texts; i++) peer.send(chunk(text))
        peer.ws.close(1011, "gone")
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect({ ping: undefined })
        const { count, end } = yield* watch(session.events)
        yield* session.pause
        yield* session.sendText("go")
        yield* settle
        assert.strictEqual(end(), undefined)
        for (let i = 0; i < 500 && end() === undefined; i++) {
          yield* TestClock.adjust("20 seconds")
          yield* settle
        }
        assert.deepStrictEqual(named(yield* closedBy(session)), ["Interrupted", 1011])
        assert.strictEqual(count("Text"), texts)
      }))
  })
})

describe("a message that must arrive", () => {
  it.effect("is given up at its deadline, and is not sent later", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({
          reconnect: { schedule: Schedule.spaced("10 seconds") },
          timeouts: { send: "5 seconds" }
        })
        const { count } = yield* watch(session.events)
        server.peers[0]?.ws.terminate()
        yield* until(() => count("Reconnecting") === 1)
        const sends = yield* Effect.forEach([
          session.sendText("too late"),
          session.sendTurns("too late", { turnComplete: false }),
          session.sendToolResponse([{ id: "1", name: "f", response: {} }]),
          session.updateContext({ systemInstruction: "too late" }),
          session.audioStreamEnd,
          session.send({ realtimeInput: { text: "too late" } }),
          Effect.asVoid(session.ask("too late"))
        ], (send) => Effect.forkChild(Effect.flip(send), { startImmediately: true }))
        yield* TestClock.adjust("4999 millis")
        assert.isTrue(sends.every((fiber) => fiber.pollUnsafe() === undefined))
        yield* TestClock.adjust("1 millis")
        for (const { reason } of yield* Effect.forEach(sends, Fiber.join)) {
          assert.deepInclude(reason, { _tag: "TimedOut", phase: "send" })
        }
        yield* TestClock.adjust("5 seconds")
        yield* until(() => count("Reconnected") === 1)
        assert.strictEqual((yield* session.ask("hello")).text, "hello ")
        assert.strictEqual(server.peers[1]?.received.length, 2)
      })))

  it.effect("is given up where the connection takes nothing", () =>
    session({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ timeouts: { send: "5 seconds" } })
        LiveServer.below(server.peers[0]).pause()
        const text = "x".repeat(1 << 20)
        // The kernel takes some megabytes before it takes no more.
        const fill = Effect.forever(session.sendText(text), { disableYield: true })
        const filling = yield* Effect.forkChild(Effect.flip(fill))
        for (let i = 0; i < 500 && filling.pollUnsafe() === undefined; i++) {
          yield* settle
          yield* TestClock.adjust("5 seconds")
        }
        assert.deepInclude((yield* Fiber.join(filling)).reason, { _tag: "TimedOut", phase: "send" })
        LiveServer.below(server.peers[0]).resume()
      })))
})
