/** A call belongs to the connection on which it came: its answer goes out there, or nowhere. */
import { assert, describe, it } from "@effect/vitest"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { connect, handle, session, settle, until, watch } from "./liveClient.ts"
import * as LiveServer from "./liveServer.ts"

const everySecond = Schedule.spaced("1 second")

const call = (id: string | undefined) => ({
  toolCall: { functionCalls: [{ ...(id === undefined ? {} : { id }), name: "slow", args: {} }] }
})

/** The answers of functions that a connection got. */
const answers = (peer: LiveServer.Peer | undefined): ReadonlyArray<unknown> =>
  peer?.received.flatMap((message) => "toolResponse" in message ? [message["toolResponse"]] : []) ?? []

const answerOf = (id: string, output: unknown) => ({ functionResponses: [{ id, name: "slow", response: { output } }] })

/** A function that runs until it is told to end, and says how often it began and was interrupted. */
const slow = Effect.gen(function*() {
  const done = yield* Deferred.make<string>()
  const ran = { begun: 0, interrupted: 0 }
  const functions = LiveTools.make({
    slow: {
      handle: () =>
        Effect.suspend(() => {
          ran.begun++
          return Effect.onInterrupt(Deferred.await(done), () => Effect.sync(() => ran.interrupted++))
        })
    }
  })
  return { functions, ran, finish: (text: string) => Deferred.succeed(done, text) }
})

interface Way {
  /** What the first connection says before the call. */
  readonly before?: ReadonlyArray<unknown>
  /** What it says behind the call. */
  readonly behind?: ReadonlyArray<unknown>
}

/** A server whose first connection asks for a call and answers nothing; the others repeat what they hear. */
const asking = ({ before = [], behind = [] }: Way, id: string | undefined): LiveServer.Script => ({
  setup: (peer) => {
    peer.send({ setupComplete: {} })
    if (peer.index === 0) { for (const message of before) peer.send(message) }
  },
  message: (peer, message) => {
    if (peer.index > 0) return LiveServer.echo.message(peer, message)
    if ("toolResponse" in message) return
    for (const each of [call(id), ...behind]) peer.send(each)
  }
})

/** Loses the first connection and waits for the next one. */
const lose = (
  server: LiveServer.LiveServer,
  watched: { readonly count: (tag: "Reconnecting" | "Reconnected") => number }
) =>
  Effect.gen(function*() {
    server.peers[0]?.ws.terminate()
    yield* until(() => watched.count("Reconnecting") > 0)
    yield* TestClock.adjust("1 second")
    yield* until(() => watched.count("Reconnected") > 0)
  })

const goesOn = (session: LiveSession) =>
  Effect.map(session.ask("hello"), ({ text }) => assert.strictEqual(text, "hello "))

describe("a function that runs while its connection is lost", () => {
  const ways: Readonly<Record<string, Way>> = {
    "no state is restored": {},
    "the restored state is older than the call": { before: [handle("old")] },
    "the restored state is newer than the call": { behind: [handle("newer")] },
    "the state cannot be restored by then": { before: [handle("old")], behind: [{ sessionResumptionUpdate: {} }] }
  }

  it.effect.each(Object.entries(ways))(
    "is interrupted where %s, and never answered",
    ([, way]) =>
      session(asking(way, "c1"), (server) =>
        Effect.gen(function*() {
          const { finish, functions, ran } = yield* slow
          const session = yield* connect({ reconnect: { schedule: everySecond }, functions })
          const watched = yield* watch(session.events)
          const asked = yield* Effect.forkChild(Effect.flip(session.ask("go")))
          yield* until(() => ran.begun === 1)
          yield* lose(server, watched)
          assert.strictEqual((yield* Fiber.join(asked)).reason._tag, "Interrupted")
          assert.deepStrictEqual(ran, { begun: 1, interrupted: 1 })
          const told = watched.seen.flatMap((event) => event._tag === "ToolCallCancellation" ? event.ids : [])
          assert.deepStrictEqual(told, ["c1"])
          yield* finish("late")
          yield* goesOn(session)
          assert.deepStrictEqual(answers(server.peers[1]), [])
        }))
  )

  it.effect("is interrupted, too, where its call has no id", () =>
    session(asking({}, undefined), (server) =>
      Effect.gen(function*() {
        const { finish, functions, ran } = yield* slow
        const session = yield* connect({ reconnect: { schedule: everySecond }, functions })
        const watched = yield* watch(session.events)
        yield* session.sendText("go")
        yield* until(() => ran.begun === 1)
        yield* lose(server, watched)
        assert.strictEqual(ran.interrupted, 1)
        yield* finish("late")
        yield* goesOn(session)
        assert.deepStrictEqual(answers(server.peers[1]), [])
      })))

  it.effect("is interrupted where a connection is left at the end of its time", () =>
    session(
      asking({ before: [handle("old")], behind: [{ goAway: { timeLeft: "9s" } }] }, "c1"),
      (server) =>
        Effect.gen(function*() {
          const { functions, ran } = yield* slow
          const session = yield* connect({ reconnect: { schedule: everySecond }, functions })
          const watched = yield* watch(session.events)
          yield* session.sendText("go")
          yield* until(() => ran.begun === 1 && watched.count("GoAway") === 1)
          yield* TestClock.adjust("7499 millis")
          yield* settle
          assert.strictEqual(ran.interrupted, 0)
          yield* TestClock.adjust("1 millis")
          yield* until(() => watched.count("Reconnected") === 1)
          assert.strictEqual(ran.interrupted, 1)
          yield* goesOn(session)
          assert.deepStrictEqual(server.peers.flatMap(answers), [])
        })
    ))

  it.effect("runs again where the next session asks for it under the same id", () =>
    session({
      message: (peer, message) => {
        if ("toolResponse" in message) peer.send({ serverContent: { turnComplete: true } })
        else peer.send(call("c1"))
      }
    }, (server) =>
      Effect.gen(function*() {
        const { finish, functions, ran } = yield* slow
        const session = yield* connect({ reconnect: { schedule: everySecond }, functions })
        const watched = yield* watch(session.events)
        yield* session.sendText("go")
        yield* until(() => ran.begun === 1)
        yield* lose(server, watched)
        yield* session.sendText("go")
        yield* until(() => ran.begun === 2)
        yield* finish("at last")
        yield* until(() => answers(server.peers[1]).length === 1)
        assert.deepStrictEqual(answers(server.peers[1]), [answerOf("c1", "at last")])
      })))
})

describe("a call that the program answers itself", () => {
  const response = { id: "c1", name: "slow", response: { output: "by hand" } }

  it.effect("is refused before anything is sent, once its connection is gone", () =>
    session(asking({}, "c1"), (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { schedule: everySecond } })
        const watched = yield* watch(session.events)
        yield* session.sendText("go")
        yield* until(() => watched.count("ToolCall") === 1)
        yield* lose(server, watched)
        const other = { id: "other", name: "slow", response: {} }
        for (
          const send of [
            session.sendToolResponse([other, response]),
            session.send({ toolResponse: { functionResponses: [other, response] } })
          ]
        ) {
          const { reason } = yield* Effect.flip(send)
          assert.strictEqual(reason._tag, "InvalidSetup")
          if (reason._tag !== "InvalidSetup") return
          assert.deepStrictEqual(reason.fields.map(({ field }) => field), ["toolResponse.functionResponses[1].id"])
        }
        // What was refused was not said, and nobody misses it.
        server.peers[1]?.ws.terminate()
        yield* until(() => watched.count("Reconnecting") === 2)
        yield* TestClock.adjust("1 second")
        yield* until(() => watched.count("Reconnected") === 2)
        assert.deepInclude(watched.seen.at(-1), { _tag: "Reconnected", unacknowledged: 0 })
        yield* goesOn(session)
        assert.deepStrictEqual(server.peers.flatMap(answers), [])
      })))

  it.effect("is refused where the connection is lost while the answer leaves", () =>
    session(asking({}, "c1"), (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { schedule: everySecond } })
        const watched = yield* watch(session.events)
        yield* session.sendText("go")
        yield* until(() => watched.count("ToolCall") === 1)
        LiveServer.below(server.peers[0]).pause()
        // The kernel takes some megabytes, behind which the answer waits.
        const sound = { data: "A".repeat(1 << 24), mimeType: "audio/pcm;rate=16000" }
        const filling = yield* Effect.forkChild(session.send({ realtimeInput: { audio: sound } }), {
          startImmediately: true
        })
        const sent = yield* Effect.forkChild(Effect.flip(session.sendToolResponse([response])), {
          startImmediately: true
        })
        assert.strictEqual(sent.pollUnsafe(), undefined)
        yield* lose(server, watched)
        assert.strictEqual((yield* Fiber.join(sent)).reason._tag, "InvalidSetup")
        yield* Fiber.join(filling)
        assert.deepStrictEqual(server.peers.flatMap(answers), [])
      })))

  it.effect("is waited for before a connection is left that the server will end", () =>
    session({
      message: (peer, message) => {
        if ("toolResponse" in message) return
        for (const each of [call("c1"), { serverContent: { turnComplete: true } }, handle("h")]) peer.send(each)
        peer.send({ goAway: { timeLeft: "50s" } })
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { schedule: everySecond } })
        const watched = yield* watch(session.events)
        yield* session.sendText("go")
        yield* until(() => watched.count("GoAway") === 1)
        yield* TestClock.adjust("30 seconds")
        yield* settle
        assert.strictEqual(server.peers.length, 1)
        yield* session.sendToolResponse([response])
        yield* TestClock.adjust("10 seconds")
        yield* until(() => watched.count("Reconnected") === 1)
        assert.deepStrictEqual(answers(server.peers[0]), [answerOf("c1", "by hand")])
      })))
})
