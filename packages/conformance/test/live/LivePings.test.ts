/** What ends a session that hears nothing, and what does not: pings, and the deadlines of silence. */
import { assert, describe, it } from "@effect/vitest"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { connect, session, settle, until, watch } from "./liveClient.ts"
import * as LiveServer from "./liveServer.ts"

const isOpen = (session: LiveSession) => Effect.map(session.status, ({ _tag }) => _tag === "Open")

/** A server that answers no ping by itself, and counts them. */
const silent = () => {
  let pings = 0
  const script: LiveServer.Script = {
    ...LiveServer.echo,
    autoPong: false,
    connected: (peer) => peer.ws.on("ping", () => pings++)
  }
  return { script, pings: () => pings }
}

describe("by default a ping", () => {
  it.effect.each([8, 12, 30])("may be answered after %i s, again and again", (seconds) => {
    const { pings, script } = silent()
    return session(script, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ ping: undefined })
        for (let n = 1; n <= 4; n++) {
          yield* TestClock.adjust("20 seconds")
          yield* until(() => pings() === n)
          // Each takes a little longer, so that its round trip is known from the one before.
          const millis = seconds * 1000 + n
          yield* TestClock.adjust(millis)
          server.peers[0]?.ws.pong()
          // The next ping is due from the pong on, which the client must have seen.
          yield* TestClock.withLive(Effect.repeat(Effect.sleep("2 millis"), {
            while: () =>
              Effect.map(session.health, ({ roundTrip = Duration.zero }) => Duration.toMillis(roundTrip) !== millis)
          }))
        }
        assert.isTrue(yield* isOpen(session))
        assert.strictEqual(server.peers.length, 1)
      }))
  })

  it.effect("that is never answered is no reason to end a session to which the server speaks", () => {
    const { pings, script } = silent()
    return session(script, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ ping: undefined })
        const { count } = yield* watch(session.events)
        for (let n = 1; n <= 3; n++) {
          yield* TestClock.adjust("20 seconds")
          yield* until(() => pings() === n)
          yield* TestClock.adjust("59 seconds")
          server.peers[0]?.send({ usageMetadata: { totalTokenCount: n } })
          yield* until(() => count("Usage") === n)
          yield* TestClock.adjust("1 seconds")
        }
        assert.isTrue(yield* isOpen(session))
      }))
  })

  it.effect("of the server answers ours as well", () => {
    const { pings, script } = silent()
    let pongs = 0
    return session({
      ...script,
      connected: (peer) => {
        script.connected?.(peer)
        peer.ws.on("pong", () => pongs++)
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ ping: undefined })
        yield* TestClock.adjust("20 seconds")
        yield* until(() => pings() === 1)
        server.peers[0]?.ws.ping()
        yield* until(() => pongs === 1)
        yield* TestClock.adjust("60 seconds")
        assert.isTrue(yield* isOpen(session))
      }))
  })

  it.effect("that nothing answers ends the session after a minute, and not before", () => {
    const { pings, script } = silent()
    return session(script, () =>
      Effect.gen(function*() {
        const session = yield* connect({ ping: undefined })
        const { end } = yield* watch(session.events)
        yield* TestClock.adjust("20 seconds")
        yield* until(() => pings() === 1)
        yield* TestClock.adjust("59999 millis")
        yield* settle
        assert.isTrue(yield* isOpen(session))
        yield* TestClock.adjust("1 millis")
        yield* until(() => end() !== undefined)
        assert.deepInclude(end(), { _tag: "LiveError" })
        const status = yield* session.status
        assert.deepInclude(status._tag === "Closed" ? status.error?.reason : undefined, {
          _tag: "TimedOut",
          phase: "ping"
        })
      }))
  })
})

describe("the idle deadline", () => {
  const options = { timeouts: { idle: "25 seconds" } } as const

  it.effect("does not count the time in which the user says nothing, and ends a turn that nothing answers", () =>
    session({
      message: (peer, message) => LiveServer.textOf(message) === "hello" && LiveServer.echo.message(peer, message)
    }, (
      server
    ) =>
      Effect.gen(function*() {
        const session = yield* connect(options)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* session.ask("hello")).text, "hello ")
        yield* TestClock.adjust("1 hour")
        assert.isTrue(yield* isOpen(session))
        const asked = yield* Effect.forkChild(Effect.flip(session.ask("is anybody there?")))
        yield* until(() => server.peers[0]?.received.length === 3)
        yield* TestClock.adjust("24999 millis")
        yield* settle
        assert.isTrue(yield* isOpen(session))
        yield* TestClock.adjust("1 millis")
        assert.deepInclude((yield* Fiber.join(asked)).reason, { _tag: "TimedOut", phase: "idle" })
      })))

  it.effect("counts from the last message of an answer that stops in its middle", () =>
    session({
      message: (peer) => peer.send({ serverContent: { modelTurn: { parts: [{ text: "so" }] } } })
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect(options)
        const { count, end } = yield* watch(session.events)
        yield* TestClock.adjust("1 hour")
        yield* session.sendText("go")
        yield* until(() => count("Text") === 1)
        yield* TestClock.adjust("24999 millis")
        yield* settle
        assert.isTrue(yield* isOpen(session))
        yield* TestClock.adjust("1 millis")
        yield* until(() => end() !== undefined)
      })))

  it.effect("does not count the time in which a function runs here, and counts again once that has answered", () =>
    session({
      message: (peer, message) => {
        if (!("toolResponse" in message)) {
          peer.send({ toolCall: { functionCalls: [{ id: "1", name: "slow", args: {} }] } })
        }
      }
    }, (server) =>
      Effect.gen(function*() {
        const [called, done] = [yield* Deferred.make<void>(), yield* Deferred.make<string>()]
        const session = yield* connect({
          ...options,
          functions: LiveTools.make({
            slow: { handle: () => Effect.andThen(Deferred.succeed(called, undefined), Deferred.await(done)) }
          })
        })
        const asked = yield* Effect.forkChild(Effect.flip(session.ask("go")))
        yield* Deferred.await(called)
        yield* TestClock.adjust("1 hour")
        yield* settle
        assert.isTrue(yield* isOpen(session))
        yield* Deferred.succeed(done, "at last")
        yield* until(() => server.peers[0]?.received.length === 3)
        yield* settle
        yield* TestClock.adjust("24999 millis")
        yield* settle
        assert.isTrue(yield* isOpen(session))
        yield* TestClock.adjust("1 millis")
        assert.deepInclude((yield* Fiber.join(asked)).reason, { _tag: "TimedOut", phase: "idle" })
      })))

  it.effect("leaves a session alone that is redialled for nothing otherwise: people who listen", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ ...options, reconnect: true })
        yield* TestClock.adjust("10 minutes")
        yield* settle
        assert.isTrue(yield* isOpen(session))
        assert.strictEqual(server.peers.length, 1)
      })))
})
