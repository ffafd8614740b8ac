import { assert, describe, it } from "@effect/vitest"
import * as Audio from "effect-gemini/live/Audio"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Probe from "./liveProbe.ts"
import * as LiveServer from "./liveServer.ts"

/** A server that remembers what it was told, by handle. It gives the handle of a turn when the test says so. */
const remembering = (goAwayAt: "turn" | "between", timeLeft: string) => {
  const states = new Map<string, ReadonlyArray<string>>()
  const histories = new Map<number, Array<string>>()
  return {
    histories,
    /** Gives the handle that holds all that the connection was told. */
    keep: (peer: LiveServer.Peer, name: string) => {
      states.set(name, [...histories.get(peer.index) ?? []])
      peer.send(Probe.handle(name))
    },
    script: {
      setup: (peer) => {
        histories.set(peer.index, [...states.get(Probe.handleOf(peer) ?? "") ?? []])
        peer.send({ setupComplete: {} })
        if (peer.index === 0) peer.send(Probe.handle("h0"))
      },
      message: (peer, message) => {
        const text = LiveServer.textOf(message) ?? ""
        const goAway = { goAway: { timeLeft } }
        histories.get(peer.index)?.push(text)
        peer.send(Probe.said(`re: ${text}`))
        if (peer.index === 0 && goAwayAt === "turn") peer.send(goAway)
        peer.send(Probe.generated)
        peer.send(Probe.complete)
        if (peer.index === 0 && goAwayAt === "between") peer.send(goAway)
      }
    } satisfies LiveServer.Script
  }
}

describe("leaving a connection that the server will end", () => {
  for (const phase of ["turn", "between"] as const) {
    it.effect(`waits for the handle of the turn just spoken: goAway ${phase === "turn" ? "in" : "behind"} the turn`, () => {
      const { histories, keep, script } = remembering(phase, "50s")
      return Probe.serve(script, (server) =>
        Effect.gen(function*() {
          const session = yield* Probe.connect({ reconnect: Probe.reconnect })
          const seen = yield* Probe.watch(session)
          yield* session.ask("my name is Ada")
          yield* Probe.until(() => seen.has("GoAway"))
          yield* TestClock.adjust("4999 millis")
          const first = server.peers[0]
          assert.isFalse(seen.has("Reconnecting"))
          if (first !== undefined) keep(first, "h1")
          yield* Probe.until(() => seen.has("Reconnected"))
          assert.strictEqual(Probe.handleOf(server.peers[1]), "h1")
          yield* session.ask("what is my name?")
          assert.deepStrictEqual(histories.get(1), ["my name is Ada", "what is my name?"])
          assert.deepInclude(seen.events, { _tag: "Reconnected", isStateRestored: true, unacknowledged: 0 })
        }))
    })
  }

  it.effect("waits for the handle of an answer to speech too, which no text of ours asked for", () =>
    Probe.serve({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ reconnect: Probe.reconnect })
        const seen = yield* Probe.watch(session)
        const peer = server.peers[0]
        if (peer === undefined) return
        peer.send(Probe.handle("h0"))
        Probe.answer(peer, "you said hello")
        peer.send({ goAway: { timeLeft: "50s" } })
        yield* Probe.until(() => seen.has("GoAway"))
        yield* TestClock.adjust("1 second")
        assert.isFalse(seen.has("Reconnecting"))
        peer.send(Probe.handle("h1"))
        yield* Probe.until(() => seen.has("Reconnected"))
        assert.strictEqual(Probe.handleOf(server.peers[1]), "h1")
      })))

  it.effect("waits five seconds for it and says what is lost then, and a turn that begins meanwhile is not cut", () => {
    const { script } = remembering("turn", "50s")
    return Probe.serve({
      ...script,
      message: (peer, message) =>
        LiveServer.textOf(message) === "slow" ? peer.send(Probe.said("so ")) : script.message(peer, message)
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ reconnect: Probe.reconnect })
        const seen = yield* Probe.watch(session)
        yield* session.ask("my name is Ada")
        yield* Probe.until(() => seen.has("GoAway"))
        yield* TestClock.adjust("4 seconds")
        yield* session.sendText("slow")
        yield* Probe.until(() => seen.texts().includes("so "))
        yield* TestClock.adjust("10 seconds")
        assert.isFalse(seen.has("Reconnecting"))
        server.peers[0]?.send(Probe.complete)
        yield* Probe.until(() => seen.tags().filter((tag) => tag === "TurnComplete").length === 2)
        yield* TestClock.adjust("4999 millis")
        assert.isFalse(seen.has("Reconnecting"))
        yield* TestClock.adjust("1 millis")
        yield* Probe.until(() => seen.has("Reconnected"))
        assert.deepInclude(seen.events, { _tag: "Reconnected", isStateRestored: true, unacknowledged: 2 })
        assert.strictEqual(Probe.handleOf(server.peers[1]), "h0")
      }))
  })

  it.effect("does not wait longer than the time left", () => {
    const { script } = remembering("between", "3s")
    return Probe.serve(script, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ reconnect: Probe.reconnect })
        const seen = yield* Probe.watch(session)
        yield* session.ask("my name is Ada")
        yield* Probe.until(() => seen.has("GoAway"))
        yield* TestClock.adjust("1999 millis")
        assert.isFalse(seen.has("Reconnecting"))
        yield* TestClock.adjust("1 millis")
        yield* Probe.until(() => seen.has("Reconnected"))
      }))
  })

  it.effect("leaves nothing behind when the session is closed while it waits", () => {
    const { script } = remembering("between", "50s")
    return Effect.andThen(
      Probe.serve(script, () =>
        Effect.gen(function*() {
          const session = yield* Probe.connect({ reconnect: Probe.reconnect })
          const seen = yield* Probe.watch(session)
          yield* session.ask("my name is Ada")
          yield* Probe.until(() => seen.has("GoAway"))
        })),
      TestClock.adjust("1 minute")
    )
  })
})

/** A tenth of a second of the user's voice, and of a room in which nobody speaks. */
const voice = Audio.pcm(Int16Array.from({ length: 1600 }, (_, i) => i % 40 < 20 ? 3000 : -3000))
const room = Audio.pcm(Int16Array.from({ length: 1600 }, (_, i) => i % 40 < 20 ? 60 : -60))

const sounds = (peer: LiveServer.Peer | undefined): number =>
  (peer?.received ?? []).filter((message) => Reflect.get(Object(message["realtimeInput"]), "audio") !== undefined)
    .length

describe("leaving a connection while the user speaks", () => {
  const leaving = Effect.gen(function*() {
    const session = yield* Probe.connect({ reconnect: Probe.reconnect })
    return { session, seen: yield* Probe.watch(session) }
  })

  it.effect("waits until they have ended and were heard", () =>
    Probe.serve({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const { seen, session } = yield* leaving
        yield* session.sendAudio(voice)
        server.peers[0]?.send({ goAway: { timeLeft: "50s" } })
        yield* Probe.until(() => seen.has("GoAway"))
        for (let tenth = 0; tenth < 85; tenth++) {
          yield* TestClock.adjust("100 millis")
          yield* session.sendAudio(tenth < 60 ? voice : room)
        }
        assert.isFalse(seen.has("Reconnecting"))
        server.peers[0]?.send({ serverContent: { inputTranscription: { text: "what I said" } } })
        yield* Probe.until(() => seen.has("InputTranscription"))
        yield* TestClock.adjust("5 seconds")
        assert.isFalse(seen.has("Reconnecting"))
        const [peer] = server.peers
        if (peer === undefined) return
        Probe.answer(peer, "I heard that")
        peer.send(Probe.handle("h1"))
        yield* Probe.until(() => seen.has("Reconnected"))
        assert.strictEqual(Probe.handleOf(server.peers[1]), "h1")
        assert.strictEqual(sounds(server.peers[0]), 86)
      })))

  it.effect("waits three seconds behind a sound that nobody heard, and takes a quiet room for silence", () =>
    Probe.serve({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const { seen, session } = yield* leaving
        yield* session.sendAudio(voice)
        server.peers[0]?.send({ goAway: { timeLeft: "50s" } })
        yield* Probe.until(() => seen.has("GoAway"))
        for (let tenth = 0; tenth < 29; tenth++) {
          yield* TestClock.adjust("100 millis")
          yield* session.sendAudio(room)
        }
        assert.isFalse(seen.has("Reconnecting"))
        yield* TestClock.adjust("100 millis")
        yield* Probe.until(() => seen.has("Reconnected"))
      })))

  it.effect("waits for half of the time that is left, for somebody who never ends", () =>
    Probe.serve({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const { seen, session } = yield* leaving
        yield* session.sendAudio(voice)
        server.peers[0]?.send({ goAway: { timeLeft: "50s" } })
        yield* Probe.until(() => seen.has("GoAway"))
        for (let tenth = 0; tenth < 249; tenth++) {
          yield* TestClock.adjust("100 millis")
          yield* session.sendAudio(voice)
        }
        assert.isFalse(seen.has("Reconnecting"))
        yield* TestClock.adjust("100 millis")
        yield* Probe.until(() => seen.has("Reconnected"))
      })))

  it.effect("waits for the end of an activity that the program announced, and for the answer to it", () =>
    Probe.serve({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const { seen, session } = yield* leaving
        yield* session.activityStart
        server.peers[0]?.send({ goAway: { timeLeft: "50s" } })
        yield* Probe.until(() => seen.has("GoAway"))
        yield* TestClock.adjust("20 seconds")
        assert.isFalse(seen.has("Reconnecting"))
        yield* session.activityEnd
        const [peer] = server.peers
        if (peer === undefined) return
        Probe.answer(peer, "well")
        peer.send(Probe.handle("h1"))
        yield* Probe.until(() => seen.has("Reconnected"))
        assert.strictEqual(Probe.handleOf(server.peers[1]), "h1")
      })))

  it.effect("keeps what they begin to say in the moment between, for the next connection", () => {
    let peer: LiveServer.Peer | undefined
    return Probe.serve({
      message: () => undefined,
      setup: (other) => {
        peer = other
        if (other.index === 0) other.send({ setupComplete: {} })
      }
    }, (server) =>
      Effect.gen(function*() {
        const { seen, session } = yield* leaving
        server.peers[0]?.send({ goAway: { timeLeft: "50s" } })
        yield* Probe.until(() => peer?.index === 1)
        for (let tenth = 0; tenth < 5; tenth++) yield* session.sendAudio(voice)
        const signal = yield* Effect.forkScoped(session.audioStreamEnd, { startImmediately: true })
        peer?.send({ setupComplete: {} })
        yield* Probe.until(() => seen.has("Reconnected") && signal.pollUnsafe() !== undefined)
        yield* Probe.until(() => server.peers[1]?.received.length === 7)
        assert.deepStrictEqual(server.peers[1]?.received.at(-1), { realtimeInput: { audioStreamEnd: true } })
        assert.strictEqual(sounds(server.peers[1]), 5)
        assert.strictEqual((yield* session.health).dropped, 0)
      }))
  })
})
