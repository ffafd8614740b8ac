import { assert, describe, it } from "@effect/vitest"
import type * as GeminiLive from "effect-gemini/GeminiLive"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Probe from "./liveProbe.ts"
import * as LiveServer from "./liveServer.ts"

const { answer, complete, generated, interrupted, said } = Probe

const cut = { serverContent: { interrupted: true } }
const heard = (text: string) => ({ serverContent: { inputTranscription: { text } } })
const call = (id: string) => ({ toolCall: { functionCalls: [{ id, name: "weather", args: {} }] } })

const send = (peer: LiveServer.Peer | undefined, ...messages: ReadonlyArray<unknown>): void => {
  for (const message of messages) peer?.send(message)
}

const isAnswer = (message: Record<string, unknown>): boolean => "toolResponse" in message

/** Whether the server has got so many messages, the setup included. */
const got = (server: LiveServer.LiveServer, count: number) =>
  Probe.until(() => (server.peers[0]?.received.length ?? 0) >= count)

describe("ask, while the model answers speech", () => {
  const speech = "you said hello"

  for (
    const [name, before] of [
      ["the text interrupts it", [interrupted, complete]],
      ["the text interrupts it, in one message", [{ serverContent: { interrupted: true, turnComplete: true } }]],
      ["the server speaks on first", [said(" and more"), generated, complete]]
    ] as const
  ) {
    it.effect(`has its own answer and not the speech's: ${name}`, () =>
      Probe.serve({
        message: (peer, message) => {
          send(peer, ...before)
          answer(peer, `re: ${LiveServer.textOf(message)}`)
        }
      }, (server) =>
        Effect.gen(function*() {
          const session = yield* Probe.connect()
          const seen = yield* Probe.watch(session)
          send(server.peers[0], said(speech))
          yield* Probe.until(() => seen.has("Text"))
          const { finishReason, overlap, text } = yield* session.ask("what is 2+2?")
          assert.deepStrictEqual([text, finishReason, overlap], ["re: what is 2+2?", "STOP", undefined])
          yield* Probe.until(() => seen.texts().includes(speech))
        })))
  }

  it.effect("that it has only heard: the speech is answered first, and the text behind it", () =>
    Probe.serve({
      message: (peer, message) => {
        answer(peer, speech)
        answer(peer, `re: ${LiveServer.textOf(message)}`)
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const seen = yield* Probe.watch(session)
        send(server.peers[0], heard("hello"))
        yield* Probe.until(() => seen.has("InputTranscription"))
        const { overlap, text } = yield* session.ask("what?")
        assert.deepStrictEqual([text, overlap], ["re: what?", undefined])
        yield* Probe.until(() => seen.texts().includes(speech))
      })))

  it.effect("that it has only heard: one turn for both says that it may be to the speech", () =>
    Probe.serve({ message: (peer) => answer(peer, "to both") }, (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const seen = yield* Probe.watch(session)
        for (
          const ask of [
            Effect.map(session.ask("what?"), (answer) => [answer]),
            Stream.runCollect(session.sendTextStream("what?"))
          ]
        ) {
          const before = seen.tags().filter((tag) => tag === "TurnComplete").length
          send(server.peers[0], heard("hello"))
          yield* Probe.until(() => seen.events.at(-1)?._tag === "InputTranscription")
          const asked = yield* Effect.forkChild(ask)
          yield* Probe.until(() => seen.tags().filter((tag) => tag === "TurnComplete").length > before)
          yield* TestClock.adjust("9999 millis")
          assert.isUndefined(asked.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          const pieces = yield* Fiber.join(asked)
          assert.deepStrictEqual(
            [pieces.map(({ text }) => text).join(""), pieces.at(-1)?.finishReason, pieces.at(-1)?.overlap],
            ["to both", "STOP", "speech"]
          )
        }
      })))

  it.effect("without a sign of hearing it, where nothing is transcribed: the answer says that it may be to the sound", () =>
    Probe.serve({
      message: (peer, message) => LiveServer.textOf(message) === undefined ? undefined : answer(peer, "re")
    }, () =>
      Effect.gen(function*() {
        const overlap = (options: GeminiLive.ConnectOptions) =>
          Effect.scoped(Effect.gen(function*() {
            const session = yield* Probe.connect(options)
            const before = (yield* session.ask("what?")).overlap
            yield* session.sendAudio(new Uint8Array(320))
            const after = (yield* session.ask("what?")).overlap
            return [before, after, (yield* session.ask("what?")).overlap]
          }))
        assert.deepStrictEqual(yield* overlap({}), [undefined, "speech", undefined])
        assert.deepStrictEqual(yield* overlap({ inputAudioTranscription: {} }), [undefined, undefined, undefined])
        // Who brackets speech himself tells when there is any.
        const realtimeInputConfig = { automaticActivityDetection: { disabled: true } }
        assert.deepStrictEqual(yield* overlap({ realtimeInputConfig }), [undefined, undefined, undefined])
      })))

  it.effect("that it may still answer: after a word of the user's that interrupted it the answer says so, until a silence", () =>
    Probe.serve(
      { message: (peer, message) => answer(peer, `re: ${LiveServer.textOf(message)}`) },
      (server) =>
        Effect.gen(function*() {
          const session = yield* Probe.connect()
          const seen = yield* Probe.watch(session)
          send(server.peers[0], said(speech), interrupted, complete)
          yield* Probe.until(() => seen.has("TurnComplete"))
          assert.deepStrictEqual((yield* session.ask("a")).overlap, "speech")
          yield* TestClock.adjust("10 seconds")
          assert.deepStrictEqual((yield* session.ask("b")).overlap, undefined)
        })
    ))

  it.effect("that nobody answers leaves no trace: neither a silenced turn nor a deadline", () =>
    Probe.serve(
      { message: (peer, message) => answer(peer, `re: ${LiveServer.textOf(message)}`) },
      (server) =>
        Effect.gen(function*() {
          const session = yield* Probe.connect({ timeouts: { idle: "5 seconds" } })
          const seen = yield* Probe.watch(session)
          send(server.peers[0], heard("hello"))
          yield* Probe.until(() => seen.has("InputTranscription"))
          yield* session.cancel
          yield* TestClock.adjust("1 minute")
          assert.strictEqual((yield* session.status)._tag, "Open")
          const { overlap, text } = yield* session.ask("still there?")
          assert.deepStrictEqual([text, overlap], ["re: still there?", undefined])
        })
    ))

  it.effect("that is transcribed late is the speech that was answered, and no doubt of the next text", () =>
    Probe.serve(
      { message: (peer, message) => answer(peer, `re: ${LiveServer.textOf(message)}`) },
      (server) =>
        Effect.gen(function*() {
          const session = yield* Probe.connect()
          const seen = yield* Probe.watch(session)
          send(server.peers[0], heard("hel"), said(speech), heard("lo"), complete)
          yield* Probe.until(() => seen.has("TurnComplete"))
          const { overlap, text } = yield* session.ask("a")
          assert.deepStrictEqual([text, overlap], ["re: a", undefined])
        })
    ))

  it.effect("and is cancelled: what is spoken is silenced, and not what the model says next", () =>
    Probe.serve({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const seen = yield* Probe.watch(session)
        // The model has only heard something, and what it will say to that is wanted.
        send(server.peers[0], heard("hello"))
        yield* Probe.until(() => seen.has("InputTranscription"))
        yield* session.cancel
        send(server.peers[0], said("one"))
        yield* Probe.until(() => seen.texts() === "one")
        yield* session.cancel
        send(server.peers[0], said("two"), generated)
        yield* Probe.until(() => seen.has("GenerationComplete"))
        // The end of that turn never comes.
        yield* TestClock.adjust("10 seconds")
        send(server.peers[0], said("three"), complete)
        yield* Probe.until(() => seen.has("TurnComplete"))
        assert.strictEqual(seen.texts(), "one|three")
      })))

  it.effect("says so at once where the user speaks between the text and its answer", () =>
    Probe.serve(
      { message: (peer) => [heard("wait"), said("all right"), complete].forEach((each) => send(peer, each)) },
      () =>
        Effect.gen(function*() {
          const session = yield* Probe.connect()
          const { overlap, text } = yield* session.ask("what?")
          assert.deepStrictEqual([text, overlap], ["all right", "speech"])
        })
    ))
})

describe("texts that are sent before the model speaks", () => {
  it.effect("and are answered in one turn do not put later asks out of step", () =>
    Probe.serve({
      message: (peer, message) => {
        const text = LiveServer.textOf(message)
        if (text !== "a") answer(peer, text === "b" ? "re: a+b" : `re: ${text}`)
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const seen = yield* Probe.watch(session)
        yield* session.sendText("a")
        yield* session.sendText("b")
        yield* Probe.until(() => seen.has("TurnComplete"))
        // Nobody knows yet whether "b" has a turn of its own.
        const asked = yield* Effect.forkChild(session.ask("c"))
        yield* Probe.until(() => seen.texts().includes("re: c"))
        yield* Probe.until(() => seen.tags().filter((tag) => tag === "TurnComplete").length === 2)
        yield* TestClock.adjust("10 seconds")
        const third = yield* Fiber.join(asked)
        assert.deepStrictEqual([third.text, third.finishReason, third.overlap], ["re: c", "STOP", "text"])
        const fourth = yield* session.ask("d")
        assert.deepStrictEqual([fourth.text, fourth.overlap], ["re: d", undefined])
      })))

  it.effect("and were followed by silence are answered: the next ask is sure of its own", () =>
    Probe.serve({
      message: (peer, message) => {
        const text = LiveServer.textOf(message)
        if (text !== "a") answer(peer, text === "b" ? "re: a+b" : `re: ${text}`)
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ timeouts: { turnEnd: "2 seconds" } })
        const seen = yield* Probe.watch(session)
        yield* session.sendText("a")
        yield* session.sendText("b")
        yield* Probe.until(() => seen.has("TurnComplete"))
        yield* TestClock.adjust("2 seconds")
        const { overlap, text } = yield* session.ask("c")
        assert.deepStrictEqual([text, overlap], ["re: c", undefined])
      })))

  it.effect("and have each a turn of their own are told apart", () =>
    Probe.serve({
      message: (peer, message) => {
        if (LiveServer.textOf(message) === "c") { for (const text of ["a", "b", "c"]) answer(peer, `re: ${text}`) }
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const seen = yield* Probe.watch(session)
        yield* session.sendText("a")
        yield* session.sendText("b")
        const { overlap, text } = yield* session.ask("c")
        assert.deepStrictEqual([text, overlap], ["re: c", undefined])
        yield* Probe.until(() => seen.texts() === "re: a|re: b|re: c")
      })))

  it.effect("and were answered in one turn are not sent again after a cut, which is told", () =>
    Probe.serve({
      message: (peer, message) => {
        if (peer.index > 0 || LiveServer.textOf(message) !== "b") return
        answer(peer, "re: a+b")
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ reconnect: Probe.reconnect })
        const seen = yield* Probe.watch(session)
        yield* session.sendText("a")
        yield* session.sendText("b")
        yield* Probe.until(() => seen.has("TurnComplete"))
        server.peers[0]?.ws.terminate()
        yield* Probe.untilTicking(() => seen.has("Reconnected"))
        const told = seen.events.filter((event) => event._tag === "TurnInterrupted")
        assert.deepStrictEqual(told.map(({ message }) => LiveServer.textOf(message as object)), ["b"])
        yield* session.sendText("after")
        yield* Probe.until(() => Probe.heard(server.peers[1]).includes("after"))
        assert.deepStrictEqual(Probe.heard(server.peers[1]), ["after"])
      })))
})

describe("the end of a turn", () => {
  it.effect("that never comes is assumed after a silence, and a late one does not end the next turn", () =>
    Probe.serve({
      message: (peer, message) => {
        const text = LiveServer.textOf(message)
        if (text === "first") return send(peer, said("one"), generated)
        return send(peer, ...(text === "second" ? [complete] : []), said(`re: ${text}`), generated, complete)
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ timeouts: { turnEnd: "3 seconds" } })
        const seen = yield* Probe.watch(session)
        const asked = yield* Effect.forkChild(session.ask("first"))
        yield* Probe.until(() => seen.has("GenerationComplete"))
        yield* TestClock.adjust("2999 millis")
        assert.isUndefined(asked.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        const { finishReason, overlap, text } = yield* Fiber.join(asked)
        assert.deepStrictEqual([text, finishReason, overlap], ["one", "STOP", undefined])
        assert.strictEqual((yield* session.ask("second")).text, "re: second")
        assert.strictEqual((yield* session.ask("third")).text, "re: third")
      })))

  it.effect("that never comes is not waited for where words for the next text follow", () =>
    Probe.serve({
      message: (peer, message) => send(peer, said(`re: ${LiveServer.textOf(message)}`), generated)
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const seen = yield* Probe.watch(session)
        yield* session.sendText("a")
        yield* Probe.until(() => seen.has("GenerationComplete"))
        const asked = yield* Effect.forkChild(session.ask("b"))
        yield* Probe.until(() => seen.texts().includes("re: b"))
        yield* Probe.until(() => seen.tags().filter((tag) => tag === "GenerationComplete").length === 2)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* Fiber.join(asked)).text, "re: b")
      })))

  it.effect("is not assumed before its sound has been played", () => {
    // Three seconds of sound: 24,000 samples of two bytes each.
    const data = Buffer.alloc(3 * 48_000).toString("base64")
    const sound = {
      serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: "audio/pcm;rate=24000", data } }] } }
    }
    return Probe.serve({ message: (peer) => send(peer, sound, generated) }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ timeouts: { turnEnd: "1 second" } })
        const seen = yield* Probe.watch(session)
        const asked = yield* Effect.forkChild(session.ask("sing"))
        yield* Probe.until(() => seen.has("GenerationComplete"))
        yield* TestClock.adjust("3999 millis")
        assert.isUndefined(asked.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual((yield* Fiber.join(asked)).media.length, 1)
      }))
  })

  it.effect("is not put off by the sound of an earlier turn", () => {
    const data = Buffer.alloc(60 * 48_000).toString("base64")
    const sound = {
      serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: "audio/pcm;rate=24000", data } }] } }
    }
    return Probe.serve({
      message: (peer, message) =>
        LiveServer.textOf(message) === "sing" ? send(peer, sound, complete) : send(peer, said("no"), generated)
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ timeouts: { turnEnd: "1 second" } })
        const seen = yield* Probe.watch(session)
        yield* session.ask("sing")
        const asked = yield* Effect.forkChild(session.ask("again?"))
        yield* Probe.until(() => seen.has("GenerationComplete"))
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(asked)).text, "no")
      }))
  })

  it.effect("of another text without a word leaves an ask behind it waiting", () =>
    Probe.serve({
      message: (peer, message) => LiveServer.textOf(message) === "b" ? send(peer, generated, complete) : undefined
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const seen = yield* Probe.watch(session)
        yield* session.sendText("a")
        const asked = yield* Effect.forkChild(session.ask("b"))
        yield* Probe.until(() => seen.has("TurnComplete"))
        yield* TestClock.adjust("20 seconds")
        assert.isUndefined(asked.pollUnsafe())
        const peer = server.peers[0]
        if (peer !== undefined) answer(peer, "re: b")
        assert.strictEqual((yield* Fiber.join(asked)).text, "re: b")
      })))

  it.effect("of a turn without a word is not an answer", () =>
    Probe.serve({
      message: (peer, message) =>
        LiveServer.textOf(message) === "later" ? answer(peer, "later") : send(peer, generated, complete)
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const error = yield* Effect.flip(session.ask("q"))
        assert.deepStrictEqual([error.reason._tag, error.isRetryable], ["NoAnswer", true])
        const second = yield* Effect.flip(Stream.runDrain(session.sendTextStream("q")))
        assert.strictEqual(second.reason._tag, "NoAnswer")
        assert.strictEqual((yield* session.ask("later")).text, "later")
      })))

  it.effect("that has a reason is an answer with that reason, also without a word", () =>
    Probe.serve({
      message: (peer, message) =>
        LiveServer.textOf(message) === "cut"
          ? send(peer, cut, complete)
          : send(peer, { serverContent: { turnComplete: true, turnCompleteReason: "RESPONSE_REJECTED" } })
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const reasons = [(yield* session.ask("cut")).finishReason, (yield* session.ask("no")).finishReason]
        assert.deepStrictEqual(reasons, ["INTERRUPTED", "SAFETY"])
      })))

  it.effect("comes before or with an interruption, and a late one is not the next turn's", () =>
    Probe.serve({
      message: (peer, message) => {
        const text = LiveServer.textOf(message)
        if (text === "late") return send(peer, cut, said("whole"), generated, complete)
        return send(
          peer,
          said("half"),
          ...(text === "one" ? [{ serverContent: { interrupted: true, turnComplete: true } }] : [cut, complete])
        )
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const ends = yield* Effect.forEach(["two", "one", "late"], (text) => session.ask(text))
        assert.deepStrictEqual(ends.map(({ finishReason, text }) => [text, finishReason]), [
          ["half", "INTERRUPTED"],
          ["half", "INTERRUPTED"],
          ["whole", "STOP"]
        ])
      })))
})

describe("an ask that its caller gave up", () => {
  it.effect("is not sent again after a reconnection, and that is told", () =>
    Probe.serve({
      setup: (peer) => send(peer, { setupComplete: {} }, Probe.handle(`h${peer.index}`)),
      message: (peer, message) => peer.index === 0 ? undefined : answer(peer, `re: ${LiveServer.textOf(message)}`)
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ reconnect: Probe.reconnect })
        const seen = yield* Probe.watch(session)
        yield* Probe.until(() => seen.has("Resumption"))
        const asked = yield* Effect.forkChild(session.ask("buy 1 ticket"))
        yield* got(server, 2)
        yield* Fiber.interrupt(asked)
        server.peers[0]?.ws.terminate()
        yield* Probe.untilTicking(() => seen.has("Reconnected"))
        assert.strictEqual((yield* session.ask("buy 1 ticket")).text, "re: buy 1 ticket")
        assert.deepStrictEqual(Probe.heard(server.peers[1]), ["buy 1 ticket"])
        assert.strictEqual(seen.tags().filter((tag) => tag === "TurnInterrupted").length, 1)
      })))
})

describe("what the model says of functions", () => {
  it.effect("that the caller answers is in events, and the next ask has its own answer", () =>
    Probe.serve({
      message: (peer, message) => {
        if (isAnswer(message)) return answer(peer, "it is 21 degrees")
        return LiveServer.textOf(message) === "weather?" ? send(peer, call("1")) : answer(peer, "half past four")
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* Probe.connect()
        const { functionCalls } = yield* session.ask("weather?")
        assert.strictEqual(functionCalls[0]?.id, "1")
        // Nobody reads events yet: what is said after the hand-over is kept for whoever does.
        yield* session.sendToolResponse([{ id: "1", name: "weather", response: { output: 21 } }])
        assert.strictEqual((yield* session.ask("the time?")).text, "half past four")
        const seen = yield* Probe.watch(session)
        yield* Probe.until(() => seen.texts().includes("it is 21 degrees"))
      })))

  it.effect("that is still to come when the turn ends belongs to its ask, also where the answer has just left", () =>
    Probe.serve({
      message: (peer, message) => {
        if (isAnswer(message)) return send(peer, complete, said("21 degrees"), complete)
        return send(peer, said("I look. "), call("1"))
      }
    }, () =>
      Effect.gen(function*() {
        const functions = LiveTools.make({ weather: { handle: () => Effect.succeed(21) } })
        const session = yield* Probe.connect({ model: "gemini-3.8-live", functions })
        const { overlap, text } = yield* session.ask("weather?")
        assert.deepStrictEqual([text, overlap], ["I look. 21 degrees", undefined])
      })))

  it.effect("does not come where the model waits for its functions and ends the turn", () =>
    Probe.serve({
      message: (peer, message) => isAnswer(message) ? send(peer, complete) : send(peer, said("Done."), call("1"))
    }, () =>
      Effect.gen(function*() {
        const functions = LiveTools.make({ weather: { handle: () => Effect.succeed(21) } })
        const session = yield* Probe.connect({ functions })
        assert.strictEqual((yield* session.ask("note it")).text, "Done.")
      })))

  it.effect("and never comes is not waited for longer than the silence", () =>
    Probe.serve({
      message: (peer, message) => isAnswer(message) ? send(peer, complete) : send(peer, said("I look. "), call("1"))
    }, () =>
      Effect.gen(function*() {
        const functions = LiveTools.make({ weather: { handle: () => Effect.succeed(21) } })
        const session = yield* Probe.connect({ model: "gemini-3.8-live", functions })
        const seen = yield* Probe.watch(session)
        const asked = yield* Effect.forkChild(session.ask("weather?"))
        yield* Probe.until(() => seen.has("TurnComplete"))
        yield* TestClock.adjust("9999 millis")
        assert.isUndefined(asked.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        const { finishReason, text } = yield* Fiber.join(asked)
        assert.deepStrictEqual([text, finishReason], ["I look. ", "STOP"])
      })))

  it.effect("of an earlier text is not taken for the answer of an ask", () =>
    Effect.gen(function*() {
      const done = yield* Deferred.make<number>()
      const functions = LiveTools.make({ weather: { handle: () => Deferred.await(done) } })
      yield* Probe.serve({
        message: (peer, message) => {
          if (isAnswer(message)) return answer(peer, "21 degrees")
          if (LiveServer.textOf(message) === "weather?") return send(peer, call("1"), said("I look."), complete)
          return undefined
        }
      }, (server) =>
        Effect.gen(function*() {
          const session = yield* Probe.connect({ model: "gemini-3.8-live", functions })
          const seen = yield* Probe.watch(session)
          yield* session.sendText("weather?")
          yield* Probe.until(() => seen.has("TurnComplete"))
          yield* Deferred.succeed(done, 21)
          yield* Probe.until(() => server.peers[0]?.received.some(isAnswer) === true)
          const asked = yield* Effect.forkChild(session.ask("the time?"))
          yield* got(server, 4)
          const peer = server.peers[0]
          if (peer !== undefined) answer(peer, "half past four")
          const { overlap, text } = yield* Fiber.join(asked)
          assert.deepStrictEqual([text, overlap], ["half past four", undefined])
          yield* Probe.until(() => seen.texts().includes("21 degrees"))
        }))
    }))
})
