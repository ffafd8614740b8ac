/** What becomes of a session whose connection the server ends or refuses, by its words and by the caller's policy. */
import { assert, describe, it } from "@effect/vitest"
import type * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveError } from "effect-gemini/LiveError"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { connect, handle, handleOf, session, settle, until, watch } from "./liveClient.ts"
import * as LiveServer from "./liveServer.ts"

const everySecond = Schedule.spaced("1 second")

const textOf = ({ reason }: LiveError): string =>
  reason._tag === "Handshake" || reason._tag === "Interrupted" ? reason.text : ""

describe("the predicate of reconnection", () => {
  const closing = (code: number, text: string): LiveServer.Script => ({
    ...LiveServer.echo,
    message: (peer, message) => peer.index === 0 ? peer.ws.close(code, text) : LiveServer.echo.message(peer, message)
  })

  it.effect("lets a refusal be dialled again, and knows what the library thinks of it", () =>
    session(closing(1008, "no"), (server) =>
      Effect.gen(function*() {
        const asked: Array<readonly [string, number | undefined, boolean]> = []
        const session = yield* connect({
          reconnect: {
            schedule: everySecond,
            when: (error, mayPass) => {
              asked.push([textOf(error), error.code, mayPass])
              return true
            }
          }
        })
        const { count } = yield* watch(session.events)
        yield* session.sendText("go")
        yield* until(() => count("Reconnecting") === 1)
        yield* TestClock.adjust("1 second")
        yield* until(() => count("Reconnected") === 1)
        assert.deepStrictEqual(asked, [["no", 1008, false]])
        assert.strictEqual(server.peers.length, 2)
        assert.strictEqual((yield* session.ask("hello")).text, "hello ")
      })))

  it.effect("keeps what may pass from being dialled again, and so does one that throws", () =>
    session(closing(1011, "Internal error occurred."), (server) =>
      Effect.gen(function*() {
        const never = (): boolean => false
        const broken = (): boolean => {
          throw new Error("a bug of the program")
        }
        for (const when of [never, broken]) {
          server.peers.length = 0
          const session = yield* connect({ reconnect: { schedule: everySecond, when } })
          const error = yield* Effect.flip(session.ask("go"))
          assert.deepStrictEqual([error.code, textOf(error)], [1011, "Internal error occurred."])
          yield* TestClock.adjust("1 hour")
          yield* settle
          assert.strictEqual(server.peers.length, 1)
        }
      })))

  it.effect("is asked after each attempt", () =>
    session({
      ...LiveServer.echo,
      setup: (peer) => peer.index === 0 ? peer.send({ setupComplete: {} }) : peer.ws.close(1011, `no ${peer.index}`)
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({
          reconnect: { schedule: everySecond, when: (error) => textOf(error) !== "no 2" }
        })
        const { count, end } = yield* watch(session.events)
        server.peers[0]?.ws.terminate()
        for (const attempt of [1, 2]) {
          yield* until(() => count("Reconnecting") === attempt)
          yield* TestClock.adjust("1 second")
        }
        yield* until(() => end() !== undefined)
        const status = yield* session.status
        assert.strictEqual(status._tag === "Closed" && status.error !== undefined ? textOf(status.error) : "", "no 2")
        assert.strictEqual(server.peers.length, 3)
      })))
})

describe("a handle that the server refuses", () => {
  /** Gives a handle once, loses that connection, and refuses the handle. */
  const refusing = (code: number, text: string): LiveServer.Script => ({
    ...LiveServer.echo,
    setup: (peer) => {
      if (handleOf(peer) !== undefined) return peer.ws.close(code, text)
      peer.send({ setupComplete: {} })
      if (peer.index === 0) peer.send(handle("old"))
    }
  })
  const refusals = [
    [1007, "Invalid session resumption handle."],
    [1007, "Request contains an invalid argument."],
    [1008, "Requested entity was not found."]
  ] as const

  const lose = (server: LiveServer.LiveServer, reconnect: GeminiLive.Reconnect) =>
    Effect.gen(function*() {
      const session = yield* connect({ reconnect: { schedule: everySecond, ...reconnect } })
      const watched = yield* watch(session.events)
      yield* until(() => watched.count("Resumption") === 1)
      server.peers[0]?.ws.terminate()
      yield* until(() => watched.count("Reconnecting") === 1)
      yield* TestClock.adjust("1 second")
      return { session, ...watched }
    })

  it.effect.each(refusals)(
    "ends the session with the refusal: %i %s",
    ([code, text]) =>
      session(refusing(code, text), (server) =>
        Effect.gen(function*() {
          const { end, session } = yield* lose(server, {})
          yield* until(() => end() !== undefined)
          const status = yield* session.status
          assert.deepInclude(status._tag === "Closed" ? status.error?.reason : undefined, {
            _tag: "Handshake",
            code,
            text
          })
          yield* TestClock.adjust("1 hour")
          yield* settle
          assert.strictEqual(server.peers.length, 2)
        }))
  )

  it.effect.each(refusals)("is followed by a session that remembers nothing, where the caller wants that: %i %s", (
    [code, text]
  ) =>
    session(refusing(code, text), (server) =>
      Effect.gen(function*() {
        const { seen, session, tags } = yield* lose(server, { onLostState: "fresh", budget: 1 })
        yield* until(() => tags().includes("Reconnected"))
        assert.deepStrictEqual(server.peers.map(handleOf), [undefined, "old", undefined])
        const reasons = seen.flatMap((event) =>
          event._tag === "Reconnecting" ? [[event.attempt, event.reason?._tag]] : []
        )
        assert.deepStrictEqual(reasons, [[1, "Interrupted"], [1, "Handshake"]])
        assert.deepStrictEqual(seen.at(-1), { _tag: "Reconnected", isStateRestored: false, unacknowledged: 0 })
        assert.strictEqual(yield* session.handle, undefined)
        assert.strictEqual((yield* session.ask("hello")).text, "hello ")
      })))

  it.effect("is given up by the last attempt where the server names no cause", () =>
    session(refusing(1011, "Internal error occurred."), (server) =>
      Effect.gen(function*() {
        const { count, seen } = yield* lose(server, { onLostState: "fresh", budget: 3 })
        for (const attempt of [2, 3]) {
          yield* until(() => count("Reconnecting") === attempt)
          yield* TestClock.adjust("1 second")
        }
        yield* until(() => count("Reconnected") === 1)
        assert.deepStrictEqual(server.peers.map(handleOf), [undefined, "old", "old", undefined])
        assert.deepStrictEqual(seen.at(-1), { _tag: "Reconnected", isStateRestored: false, unacknowledged: 0 })
      })))

  it.effect("is kept by the last attempt where the server was not reached", () => {
    let isDown = false
    return session({
      ...LiveServer.echo,
      connected: (peer) => {
        if (isDown && peer.index < 3) peer.ws.terminate()
      },
      setup: (peer) => {
        peer.send({ setupComplete: {} })
        if (peer.index === 0) peer.send(handle("old"))
        isDown = true
      }
    }, (server) =>
      Effect.gen(function*() {
        const { count, seen } = yield* lose(server, { onLostState: "fresh", budget: 3 })
        for (const attempt of [2, 3]) {
          yield* until(() => count("Reconnecting") === attempt)
          yield* TestClock.adjust("1 second")
        }
        yield* until(() => count("Reconnected") === 1)
        assert.strictEqual(handleOf(server.peers[3]), "old")
        assert.deepStrictEqual(seen.at(-1), { _tag: "Reconnected", isStateRestored: true, unacknowledged: 0 })
      }))
  })

  it.effect("is not mistaken for a refused key", () =>
    session(refusing(1007, "API key expired. Please renew the API key."), (server) =>
      Effect.gen(function*() {
        const { end } = yield* lose(server, { onLostState: "fresh" })
        yield* until(() => end() !== undefined)
        assert.deepStrictEqual(server.peers.map(handleOf), [undefined, "old"])
      })))

  it.effect("of an earlier session ends connect, or begins a session that says what it does not know", () =>
    session(refusing(1008, "Requested entity was not found."), (server) =>
      Effect.gen(function*() {
        for (const reconnect of [false, true, { onLostState: "fail" }] as const) {
          const error = yield* Effect.flip(connect({ resumeFrom: "gone", reconnect }))
          assert.deepStrictEqual([error.reason._tag, textOf(error)], ["Handshake", "Requested entity was not found."])
        }
        assert.strictEqual(server.peers.length, 3)
        const session = yield* connect({ resumeFrom: "gone", reconnect: { onLostState: "fresh" } })
        const { seen, tags } = yield* watch(session.events)
        yield* until(() => tags().length > 0)
        assert.deepStrictEqual(seen[0], { _tag: "Reconnected", isStateRestored: false, unacknowledged: 0 })
        assert.strictEqual(yield* session.handle, undefined)
        assert.deepStrictEqual(server.peers.slice(3).map(handleOf), ["gone", undefined])
      })))
})

describe("the first connect", () => {
  const failing = (times: number, code: number): LiveServer.Script => ({
    ...LiveServer.echo,
    setup: (peer) => peer.index < times ? peer.ws.close(code, "unavailable") : peer.send({ setupComplete: {} })
  })

  /** A policy that is asked behind each failure and before the wait that follows it. */
  const counting = () => {
    let times = 0
    const when = (_: LiveError, mayPass: boolean): boolean => {
      times++
      return mayPass
    }
    return { asked: () => times, reconnect: { schedule: everySecond, firstConnect: true, when } }
  }

  it.effect("is covered by the policy where that says so, with its waits", () =>
    session(failing(3, 1011), (server) =>
      Effect.gen(function*() {
        const { asked, reconnect } = counting()
        const opening = yield* Effect.forkChild(connect({ reconnect }), { startImmediately: true })
        for (const dials of [1, 2, 3]) {
          yield* until(() => asked() === dials)
          yield* TestClock.adjust("999 millis")
          yield* settle
          assert.strictEqual(server.peers.length, dials)
          yield* TestClock.adjust("1 millis")
        }
        const session = yield* Fiber.join(opening)
        assert.strictEqual((yield* session.ask("hello")).text, "hello ")
        assert.strictEqual(server.peers.length, 4)
      })))

  it.effect("is not covered where the policy does not say so, nor where the server refuses for good", () =>
    session(failing(9, 1011), (server) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(connect({ reconnect: { schedule: everySecond } }))
        assert.deepStrictEqual([error.method, error.code], ["connect", 1011])
        assert.strictEqual(server.peers.length, 1)
      })).pipe(
        Effect.andThen(
          session(failing(9, 1008), (server) =>
            Effect.gen(function*() {
              const error = yield* Effect.flip(connect({ reconnect: { schedule: everySecond, firstConnect: true } }))
              assert.deepStrictEqual([error.method, error.code], ["connect", 1008])
              assert.strictEqual(server.peers.length, 1)
            }))
        )
      ))

  it.effect("fails with the last failure when the budget is used up: one dial and as many as it allows", () =>
    session(failing(9, 1011), (server) =>
      Effect.gen(function*() {
        const { asked, reconnect } = counting()
        const opening = yield* Effect.forkChild(Effect.flip(connect({ reconnect: { ...reconnect, budget: 2 } })), {
          startImmediately: true
        })
        for (const dials of [1, 2]) {
          yield* until(() => asked() === dials)
          yield* TestClock.adjust("1 second")
        }
        const error = yield* Fiber.join(opening)
        assert.deepStrictEqual([error.method, error.code, error.reason._tag], ["connect", 1011, "Handshake"])
        assert.strictEqual(server.peers.length, 3)
      })))
})
