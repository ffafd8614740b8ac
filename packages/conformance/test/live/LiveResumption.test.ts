import { assert, describe, it } from "@effect/vitest"
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as LiveServer from "./liveServer.ts"

const model = "gemini-2.0-flash-live"

const connect = <R = never>(options: GeminiLive.ConnectOptions<R> = {}) =>
  GeminiLive.GeminiLive.use((live) =>
    live.connect({ ping: false, model, reconnect: { schedule: Schedule.spaced("1 second") }, ...options })
  )

const session = <A, E>(
  script: LiveServer.Script,
  use: (server: LiveServer.LiveServer) => Effect.Effect<A, E, GeminiLive.GeminiLive | Scope.Scope>
) =>
  Effect.flatMap(LiveServer.listen(script), (server) =>
    Effect.provide(
      Effect.scoped(use(server)),
      NodeGemini.layerLive({ apiKey: Redacted.make("test-key"), baseUrl: server.url, tier: "tier3" })
    ))

/** Sockets take real time, whatever the clock of the test says. */
const until = (condition: () => boolean) =>
  TestClock.withLive(
    Effect.suspend(() => condition() ? Effect.void : Effect.fail("not yet")).pipe(
      Effect.retry(Schedule.spaced("2 millis")),
      Effect.timeout("5 seconds")
    )
  )

const settle = TestClock.withLive(Effect.sleep("30 millis"))

const watch = (events: Stream.Stream<LiveEvent, unknown>) => {
  const seen: Array<LiveEvent> = []
  return Effect.as(
    Effect.forkScoped(Effect.exit(Stream.runForEach(events, (event) => Effect.sync(() => seen.push(event)))), {
      startImmediately: true
    }),
    { seen, tags: () => seen.map(({ _tag }) => _tag) }
  )
}

const handle = (newHandle: string) => ({ sessionResumptionUpdate: { newHandle, resumable: true } })
const handleOf = (peer: LiveServer.Peer | undefined): unknown => {
  const setup = peer?.received[0]?.["setup"]
  return typeof setup === "object" && setup !== null ? Reflect.get(setup, "sessionResumption") : undefined
}

describe("reconnection", () => {
  it.effect("redials after a drop, by the schedule, with the latest resumable handle", () =>
    session({
      ...LiveServer.echo,
      setup: (peer) => {
        peer.send({ setupComplete: {} })
        if (peer.index > 0) return
        peer.send(handle("h1"))
        peer.send(handle("h2"))
        peer.send({ sessionResumptionUpdate: {} })
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect()
        const { seen, tags } = yield* watch(session.events)
        yield* until(() => tags().length === 3)
        server.peers[0]?.ws.terminate()
        yield* until(() => tags().includes("Reconnecting"))
        assert.strictEqual((yield* session.status)._tag, "Reconnecting")
        yield* TestClock.adjust("999 millis")
        yield* settle
        assert.strictEqual(server.peers.length, 1)
        yield* TestClock.adjust("1 millis")
        yield* until(() => tags().includes("Reconnected"))
        assert.deepStrictEqual(seen.at(-1), { _tag: "Reconnected", isStateRestored: true, unacknowledged: 0 })
        assert.deepStrictEqual([handleOf(server.peers[0]), handleOf(server.peers[1])], [{}, { handle: "h2" }])
        assert.strictEqual((yield* session.ask("hello")).text, "hello ")
        assert.strictEqual((yield* session.health).reconnects, 1)
      })))

  it.effect("without a handle it says that the state is gone", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect()
        const { seen, tags } = yield* watch(session.events)
        server.peers[0]?.ws.terminate()
        yield* until(() => tags().includes("Reconnecting"))
        yield* TestClock.adjust("1 second")
        yield* until(() => tags().includes("Reconnected"))
        assert.deepStrictEqual(seen.at(-1), { _tag: "Reconnected", isStateRestored: false, unacknowledged: 0 })
      })))

  it.effect("a turn that nothing was said to is asked again, once, and its view does not notice", () =>
    session({
      setup: (peer) => {
        peer.send({ setupComplete: {} })
        if (peer.index === 0) peer.send(handle("h1"))
      },
      message: (peer, message) => peer.index === 0 ? peer.ws.terminate() : LiveServer.echo.message(peer, message)
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect()
        yield* until(() => server.peers[0]?.received.length === 1)
        yield* settle
        const asked = yield* Effect.forkChild(session.ask("once"))
        yield* until(() => server.open() === 0)
        yield* settle
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(asked)).text, "once ")
        assert.strictEqual(server.peers[1]?.received.length, 2)
      })))

  it.effect("a turn that had begun fails its view, is told of, and is not sent again", () =>
    session({
      message: (peer, message) => {
        if (peer.index > 0) return LiveServer.echo.message(peer, message)
        peer.send({ serverContent: { modelTurn: { parts: [{ text: "I" }] } } })
        return peer.ws.close(1011, "Internal error occurred.")
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect()
        const { seen, tags } = yield* watch(session.events)
        const error = yield* Effect.flip(session.ask("once"))
        assert.deepStrictEqual([error.reason._tag, error.code, error.isRetryable], ["Interrupted", 1011, true])
        yield* until(() => tags().includes("Reconnecting"))
        yield* TestClock.adjust("1 second")
        yield* until(() => tags().includes("Reconnected"))
        const cut = seen.find(({ _tag }) => _tag === "TurnInterrupted")
        assert.deepStrictEqual(cut, {
          _tag: "TurnInterrupted",
          mayHaveRun: true,
          message: { clientContent: { turns: [{ role: "user", parts: [{ text: "once" }] }], turnComplete: true } }
        })
        yield* settle
        assert.strictEqual(server.peers[1]?.received.length, 1)
        assert.strictEqual((yield* session.ask("again")).text, "again ")
      })))

  it.effect("1007 and 1008 are never redialled, whatever the schedule says", () =>
    session({
      message: (peer, message) => peer.ws.close(LiveServer.textOf(message) === "7" ? 1007 : 1008, "no")
    }, (server) =>
      Effect.gen(function*() {
        for (const text of ["7", "8"]) {
          const before = server.peers.length
          const session = yield* connect()
          const error = yield* Effect.flip(session.ask(text))
          assert.deepStrictEqual([error.code, error.isRetryable], [text === "7" ? 1007 : 1008, false])
          yield* TestClock.adjust("1 hour")
          yield* settle
          assert.strictEqual(server.peers.length, before + 1)
        }
      })))

  it.effect("the budget bounds the attempts, and progress fills it again", () =>
    session({
      ...LiveServer.echo,
      setup: (peer) => peer.index === 0 ? peer.send({ setupComplete: {} }) : peer.ws.close(1011, "overloaded")
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { schedule: Schedule.spaced("1 second"), budget: 3 } })
        const { tags } = yield* watch(session.events)
        server.peers[0]?.ws.terminate()
        for (const attempt of [1, 2, 3]) {
          yield* until(() => tags().filter((tag) => tag === "Reconnecting").length === attempt)
          yield* TestClock.adjust("1 second")
        }
        yield* until(() => server.peers.length === 4)
        yield* settle
        const status = yield* session.status
        assert.isTrue(status._tag === "Closed" && status.error?.code === 1011)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(server.peers.length, 4)
      })))

  it.effect("is off unless it is asked for", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: false })
        server.peers[0]?.ws.terminate()
        const error = yield* Effect.flip(Stream.runDrain(session.events))
        assert.deepStrictEqual([error.reason._tag, error.code], ["Interrupted", 1006])
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(server.peers.length, 1)
      })))
})

describe("goAway", () => {
  it.effect("is left at once when nobody waits: the old socket closed first, then the handle redialled", () => {
    const order: Array<string> = []
    return session({
      ...LiveServer.echo,
      connected: (peer) => {
        order.push(`open ${peer.index}`)
        peer.ws.on("close", (code) => order.push(`close ${peer.index} ${code}`))
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect()
        const { seen, tags } = yield* watch(session.events)
        server.peers[0]?.send(handle("h1"))
        server.peers[0]?.send({ goAway: { timeLeft: "9s" } })
        yield* until(() => tags().includes("Reconnected"))
        assert.deepStrictEqual(tags(), ["Resumption", "GoAway", "Reconnecting", "Reconnected"])
        assert.deepStrictEqual(seen[2], { _tag: "Reconnecting", attempt: 1, reason: undefined })
        assert.deepStrictEqual(order, ["open 0", "close 0 1000", "open 1"])
        assert.deepStrictEqual(handleOf(server.peers[1]), { handle: "h1" })
      }))
  })

  it.effect("is put off while a function runs, and not longer than the time left, in silence", () =>
    session({
      message: (peer, message) => {
        if ("toolResponse" in message) return
        peer.send({ toolCall: { functionCalls: [{ id: "1", name: "slow", args: {} }] } })
        peer.send({ serverContent: { turnComplete: true } })
        peer.send({ goAway: { timeLeft: "9s" } })
      }
    }, (server) =>
      Effect.gen(function*() {
        const called = yield* Deferred.make<void>()
        const session = yield* connect({
          functions: LiveTools.make({
            slow: { handle: () => Effect.andThen(Deferred.succeed(called, undefined), Effect.never) }
          })
        })
        const { tags } = yield* watch(session.events)
        yield* session.sendText("go")
        yield* Deferred.await(called)
        yield* until(() => tags().includes("GoAway"))
        yield* TestClock.adjust("7 seconds")
        yield* settle
        assert.strictEqual(server.peers.length, 1)
        yield* TestClock.adjust("500 millis")
        yield* until(() => tags().includes("Reconnected"))
      })))

  it.effect("waits for the turn that is being spoken", () =>
    session({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect()
        const peer = server.peers[0]
        const { tags } = yield* watch(session.events)
        const asked = yield* Effect.forkChild(session.ask("go"))
        yield* until(() => peer?.received.length === 2)
        peer?.send({ serverContent: { modelTurn: { parts: [{ text: "so " }] } } })
        peer?.send({ goAway: { timeLeft: "60s" } })
        yield* until(() => tags().includes("GoAway"))
        yield* TestClock.adjust("30 seconds")
        peer?.send({ serverContent: { modelTurn: { parts: [{ text: "it was" }] } } })
        peer?.send({ serverContent: { turnComplete: true } })
        assert.strictEqual((yield* Fiber.join(asked)).text, "so it was")
        peer?.send(handle("h1"))
        yield* until(() => tags().includes("Reconnected"))
        assert.isFalse(tags().includes("TurnInterrupted"))
      })))

  it.effect("without reconnection it is an event, and the close that follows is ServerDisconnect", () =>
    session(LiveServer.echo, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: false })
        const { tags } = yield* watch(session.events)
        server.peers[0]?.send({ goAway: { timeLeft: "9s" } })
        yield* until(() => tags().includes("GoAway"))
        server.peers[0]?.ws.close(1011, "The operation was aborted.")
        yield* until(() => server.open() === 0)
        yield* settle
        const status = yield* session.status
        assert.isTrue(status._tag === "Closed" && status.error?.reason._tag === "ServerDisconnect")
      })))

  it.effect("a closed session leaves no socket, also in the middle of a reconnection", () =>
    Effect.gen(function*() {
      const server = yield* LiveServer.listen(LiveServer.echo)
      yield* Effect.provide(
        Effect.scoped(Effect.gen(function*() {
          const session = yield* connect()
          server.peers[0]?.ws.terminate()
          yield* until(() => server.open() === 0)
          yield* settle
          assert.strictEqual((yield* session.status)._tag, "Reconnecting")
        })),
        NodeGemini.layerLive({ apiKey: Redacted.make("test-key"), baseUrl: server.url })
      )
      yield* TestClock.adjust("1 hour")
      yield* settle
      assert.deepStrictEqual([server.peers.length, server.open()], [1, 0])
    }))
})
