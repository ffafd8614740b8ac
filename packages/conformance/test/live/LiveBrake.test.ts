/** Redialling has an end, whatever the server does: attempts are counted until a connection was good for something. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { connect, handle, session, settle, until, watch, type Watched } from "./liveClient.ts"
import * as LiveServer from "./liveServer.ts"

const everySecond = Schedule.spaced("1 second")

const attempts = ({ seen }: Watched) => seen.flatMap((event) => event._tag === "Reconnecting" ? [event.attempt] : [])

/** A server that gives a handle with each setup, and then ends the connection. */
const ending = (end: (peer: LiveServer.Peer) => void): LiveServer.Script => ({
  ...LiveServer.echo,
  setup: (peer) => {
    peer.send({ setupComplete: {} })
    peer.send(handle(`h${peer.index}`))
    end(peer)
  }
})

describe("a server that takes every setup, gives a handle", () => {
  it.effect("and closes is dialled as often as the budget allows, with waits that grow over the connections", () =>
    session(ending((peer) => peer.ws.close(1011, "overloaded")), (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { schedule: Schedule.exponential("1 second") } })
        const watched = yield* watch(session.events)
        for (const [index, seconds] of [1, 2, 4, 8, 16].entries()) {
          yield* until(() => attempts(watched).length === index + 1)
          yield* TestClock.adjust(seconds * 1000 - 1)
          yield* settle
          assert.strictEqual(server.peers.length, index + 1, `after ${index} redials`)
          yield* TestClock.adjust(1)
        }
        yield* until(() => watched.end() !== undefined)
        assert.deepStrictEqual(attempts(watched), [1, 2, 3, 4, 5])
        const status = yield* session.status
        assert.strictEqual(status._tag === "Closed" ? status.error?.code : undefined, 1011)
        yield* TestClock.adjust("1 hour")
        yield* settle
        assert.strictEqual(server.peers.length, 6)
      })))

  it.effect("and goes away at once is left at once, then by the schedule, and in the end for good", () =>
    session(ending((peer) => peer.send({ goAway: { timeLeft: "0s" } })), (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { schedule: everySecond, budget: 4 } })
        const watched = yield* watch(session.events)
        for (const attempt of [2, 3, 4]) {
          yield* until(() => attempts(watched).length === attempt)
          yield* TestClock.adjust("999 millis")
          yield* settle
          assert.strictEqual(server.peers.length, attempt)
          yield* TestClock.adjust("1 millis")
        }
        yield* until(() => watched.end() !== undefined)
        assert.deepStrictEqual(attempts(watched), [1, 2, 3, 4])
        assert.isTrue(watched.seen.every((event) => event._tag !== "Reconnecting" || event.reason === undefined))
        const status = yield* session.status
        assert.strictEqual(status._tag === "Closed" ? status.error?.reason._tag : undefined, "ServerDisconnect")
        yield* TestClock.adjust("1 hour")
        yield* settle
        assert.strictEqual(server.peers.length, 5)
      })))
})

describe("the budget is filled again", () => {
  const budget = { reconnect: { schedule: everySecond, budget: 1 } }

  it.effect("by a turn that was completed", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect(budget)
        const watched = yield* watch(session.events)
        for (const losses of [1, 2, 3]) {
          assert.strictEqual((yield* session.ask("hello")).text, "hello ")
          server.peers.at(-1)?.ws.terminate()
          yield* until(() => attempts(watched).length === losses)
          yield* TestClock.adjust("1 second")
          yield* until(() => watched.count("Reconnected") === losses)
        }
        assert.deepStrictEqual(attempts(watched), [1, 1, 1])
      })))

  it.effect("by a connection that lasted ten seconds, and by none that was shorter", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect(budget)
        const watched = yield* watch(session.events)
        server.peers.at(-1)?.ws.terminate()
        for (const losses of [1, 2]) {
          yield* until(() => attempts(watched).length === losses)
          yield* TestClock.adjust("1 second")
          yield* until(() => watched.count("Reconnected") === losses)
          yield* settle
          yield* TestClock.adjust(losses === 2 ? "9999 millis" : "10 seconds")
          server.peers.at(-1)?.ws.terminate()
        }
        yield* until(() => watched.end() !== undefined)
        assert.deepStrictEqual(attempts(watched), [1, 1])
        assert.strictEqual(server.peers.length, 3)
      })))
})

describe("a connection that the server announces to end", () => {
  const goAway = { goAway: { timeLeft: "50s" } }

  it.effect("is left at once each time, where connections last", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { schedule: everySecond, budget: 1 } })
        const watched = yield* watch(session.events)
        for (const leaves of [1, 2, 3]) {
          yield* settle
          yield* TestClock.adjust("10 seconds")
          server.peers.at(-1)?.send(goAway)
          yield* until(() => watched.count("Reconnected") === leaves)
        }
        assert.deepStrictEqual(attempts(watched), [1, 1, 1])
      })))

  it.effect("is left by the schedule, where the one before was left a moment ago, turns or not", () =>
    session({
      ...LiveServer.echo,
      message: (peer, message) => {
        LiveServer.echo.message(peer, message)
        peer.send(handle("h"))
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { schedule: everySecond, budget: 1 } })
        const watched = yield* watch(session.events)
        server.peers.at(-1)?.send(goAway)
        yield* until(() => watched.count("Reconnected") === 1)
        assert.strictEqual((yield* session.ask("hello")).text, "hello ")
        server.peers.at(-1)?.send(goAway)
        yield* until(() => attempts(watched).length === 2)
        yield* TestClock.adjust("999 millis")
        yield* settle
        assert.strictEqual(server.peers.length, 2)
        yield* TestClock.adjust("1 millis")
        yield* until(() => watched.count("Reconnected") === 2)
      })))
})
