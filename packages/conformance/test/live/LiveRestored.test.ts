import { assert, describe, it } from "@effect/vitest"
import type * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Probe from "./liveProbe.ts"
import * as LiveServer from "./liveServer.ts"

/** The first connection answers texts if it is told to, and every later one does. */
const server = (answersFirst: boolean, extra?: (peer: LiveServer.Peer, message: Record<string, unknown>) => void) =>
  ({
    setup: (peer) => {
      peer.send({ setupComplete: {} })
      if (peer.index === 0) peer.send(Probe.handle("h0"))
    },
    message: (peer, message) => {
      extra?.(peer, message)
      const text = LiveServer.textOf(message)
      if (text !== undefined && (answersFirst || peer.index > 0)) Probe.answer(peer, `re: ${text}`)
    }
  }) satisfies LiveServer.Script

/** Says something, cuts the connection when the server has heard it, and gives what became of it. */
const afterCut = (
  script: LiveServer.Script,
  options: GeminiLive.ConnectOptions,
  say: (session: LiveSession, server: LiveServer.LiveServer, seen: Probe.Seen) => Effect.Effect<unknown, unknown>
) =>
  Probe.serve(script, (server) =>
    Effect.gen(function*() {
      const session = yield* Probe.connect({ reconnect: Probe.reconnect, ...options })
      const seen = yield* Probe.watch(session)
      yield* Probe.until(() => seen.has("Resumption"))
      const before = (yield* session.health).messages.sent
      yield* Effect.orDie(say(session, server, seen))
      const sent = (yield* session.health).messages.sent
      assert.isAbove(sent, before)
      yield* Probe.until(() => (server.peers[0]?.received.length ?? 0) === sent + 1)
      server.peers[0]?.ws.terminate()
      yield* Probe.untilTicking(() => seen.has("Reconnected"))
      yield* session.sendText("last")
      yield* Probe.until(() => Probe.heard(server.peers[1]).includes("last"))
      return {
        setup: server.peers[1]?.received[0]?.["setup"] as {
          readonly systemInstruction?: { readonly parts: ReadonlyArray<{ readonly text: string }> }
          readonly tools?: unknown
        },
        heard: Probe.heard(server.peers[1]).filter((text) => text !== "last"),
        resent: seen.events.flatMap((event) => event._tag === "Resent" ? [Probe.contentOf(event.message)] : []),
        unacknowledged: seen.events.flatMap((event) => event._tag === "Reconnected" ? event.unacknowledged : [])
      }
    }))

describe("what was said before the connection was lost", () => {
  it.effect("instructions and tools that were updated are those of the next connection", () =>
    Effect.gen(function*() {
      const tools = [{ googleSearch: {} }]
      const options = { systemInstruction: "OLD", generationConfig: { temperature: 0 } }
      const updates: ReadonlyArray<(session: LiveSession) => Effect.Effect<unknown, unknown>> = [
        (session) => session.updateContext({ systemInstruction: "NEW", tools }),
        (session) =>
          session.send({ contextUpdate: { systemInstruction: { parts: [{ text: "NEW" }] }, tools: { tools } } })
      ]
      for (const update of updates) {
        const { heard, setup, unacknowledged } = yield* afterCut(server(false), options, update)
        assert.strictEqual(setup.systemInstruction?.parts[0]?.text, "NEW")
        assert.deepStrictEqual(setup.tools, tools)
        assert.deepStrictEqual([heard, unacknowledged], [[], [0]])
      }
      const kept = yield* afterCut(server(false), options, (session) => session.updateContext({ tools }))
      assert.strictEqual(kept.setup.systemInstruction?.parts[0]?.text, "OLD")
    }))

  it.effect("turns that asked for no answer are said again where no handle holds them, and that is told", () =>
    Effect.gen(function*() {
      const said: ReadonlyArray<(session: LiveSession) => Effect.Effect<unknown, unknown>> = [
        (session) => session.sendTurns("my name is Ada", { turnComplete: false }),
        (session) => session.send({ clientContent: { turns: [{ role: "user", parts: [{ text: "my name is Ada" }] }] } })
      ]
      for (const say of said) {
        assert.deepInclude(yield* afterCut(server(false), {}, say), {
          heard: ["my name is Ada"],
          resent: ["my name is Ada"],
          unacknowledged: [0]
        })
      }
    }))

  it.effect("a turn that asked for no answer and may be in the state is counted and not said twice", () =>
    Effect.gen(function*() {
      const told = yield* afterCut(server(false), {}, (session, server, seen) =>
        Effect.gen(function*() {
          yield* session.sendTurns("my name is Ada", { turnComplete: false })
          server.peers[0]?.send(Probe.handle("h1"))
          yield* Probe.until(() => seen.tags().filter((tag) => tag === "Resumption").length === 2)
        }))
      assert.deepInclude(told, { heard: [], resent: [], unacknowledged: [1] })
    }))

  it.effect("a turn that asked for no answer is in the state when a handle follows the answer to a later text", () =>
    Effect.gen(function*() {
      const told = yield* afterCut(server(true), {}, (session, server, seen) =>
        Effect.gen(function*() {
          yield* session.sendTurns("my name is Ada", { turnComplete: false })
          yield* session.ask("what is my name?")
          server.peers[0]?.send(Probe.handle("h1"))
          yield* Probe.until(() => seen.tags().filter((tag) => tag === "Resumption").length === 2)
        }))
      assert.deepInclude(told, { heard: [], resent: [], unacknowledged: [0] })
    }))

  it.effect("is said again in its order, texts between turns that asked for no answer", () =>
    Effect.gen(function*() {
      const told = yield* afterCut(server(false), {}, (session) =>
        Effect.gen(function*() {
          yield* session.sendTurns("one", { turnComplete: false })
          yield* session.sendText("two")
          yield* session.sendTurns("three", { turnComplete: false })
          yield* session.send({ clientContent: { turns: [{ parts: [{ text: "four" }] }], turnComplete: true } })
        }))
      const all = ["one", "two", "three", "four"]
      assert.deepInclude(told, { heard: all, resent: all, unacknowledged: [0] })
    }))

  it.effect("answers of functions, unknown messages and speech that was heard are counted", () =>
    Effect.gen(function*() {
      const answers = yield* afterCut(
        server(false),
        {},
        (session) => session.sendToolResponse([{ id: "1", name: "f", response: {} }])
      )
      assert.deepInclude(answers, { heard: [], unacknowledged: [1] })
      const unknown = { futureMessage: {}, contextUpdate: null }
      assert.deepInclude(yield* afterCut(server(false), {}, (session) => session.send(unknown)), {
        unacknowledged: [1]
      })
      const speech = yield* afterCut(server(false), {}, (session, server, seen) =>
        Effect.gen(function*() {
          yield* session.activityEnd
          server.peers[0]?.send({ serverContent: { inputTranscription: { text: "hello" } } })
          yield* Probe.until(() => seen.has("InputTranscription"))
        }))
      assert.deepInclude(speech, { heard: [], unacknowledged: [1] })
    }))

  it.effect("is not said again if its caller gives up while the connection is dialled", () =>
    Probe.serve(server(false), (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ reconnect: { schedule: Schedule.spaced("1 second") } })
        const seen = yield* Probe.watch(session)
        yield* Probe.until(() => seen.has("Resumption"))
        const asked = yield* Effect.forkChild(session.ask("buy 1 ticket"))
        yield* Probe.until(() => Probe.heard(server.peers[0]).length === 1)
        server.peers[0]?.ws.terminate()
        yield* Probe.until(() => seen.has("Reconnecting"))
        yield* Fiber.interrupt(asked)
        yield* TestClock.adjust("1 second")
        yield* Probe.until(() => seen.has("Reconnected"))
        assert.strictEqual((yield* session.ask("hello")).text, "re: hello")
        assert.deepStrictEqual(Probe.heard(server.peers[1]), ["hello"])
        assert.deepStrictEqual(seen.tags().filter((tag) => tag === "TurnInterrupted" || tag === "Resent"), [
          "TurnInterrupted"
        ])
      })))
})

describe("messages of any kind", () => {
  it.effect("that ask for an answer have one of their own, so that later asks are not out of step", () =>
    Probe.serve(server(true), () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const seen = yield* Probe.watch(session)
        yield* session.send({ clientContent: { turns: [{ parts: [{ text: "a" }] }], turnComplete: true } })
        yield* session.send({ realtimeInput: { text: "b" } })
        const { overlap, text } = yield* session.ask("c")
        assert.deepStrictEqual([text, overlap], ["re: c", undefined])
        yield* Probe.until(() => seen.texts() === "re: a|re: b|re: c")
      })))

  it.effect("that are a history which nobody answers are not waited for", () =>
    Probe.serve({
      message: (peer, message) => {
        const text = LiveServer.textOf(message)
        if (text !== undefined && text !== "my name is Ada") Probe.answer(peer, `re: ${text}`)
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({
          model: "gemini-3.8-live",
          historyConfig: { initialHistoryInClientContent: true }
        })
        yield* session.sendTurns("my name is Ada")
        const { overlap, text } = yield* session.ask("what is my name?")
        assert.deepStrictEqual([text, overlap], ["re: what is my name?", undefined])
        // The history was the first of them, and the next one is a turn.
        yield* session.sendTurns("more")
        assert.strictEqual((yield* session.ask("and now?")).text, "re: and now?")
      })))
})
