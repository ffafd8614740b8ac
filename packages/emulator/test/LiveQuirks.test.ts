import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Fault from "effect-gemini-emulator/Fault"
import type * as LiveOptions from "effect-gemini-emulator/LiveOptions"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import * as TestClock from "effect/testing/TestClock"
import { WebSocket } from "ws"
import * as Wire from "./LiveWire.ts"

// What the real server is reported to do now and then, as options.

type Needs = Emulator.Emulator | Socket.WebSocketConstructor | Scope.Scope

const test = (
  name: string,
  live: LiveOptions.LiveOptions,
  body: () => Effect.Effect<void, never, Needs>,
  options: Emulator.Options = {}
) => it.effect(name, () => Effect.provide(body(), Emulator.layerWebSocketConstructor({ ...options, live })))

const say = (text: string) => ({ realtimeInput: { text } })

/** What each message is, in the order of the wire. */
const kinds = (messages: ReadonlyArray<Wire.Message>) =>
  messages.map((message) => Object.keys(message.serverContent ?? message).join("+"))

const tone = (millis: number, loud: number) => {
  const bytes = Buffer.alloc(millis * 32)
  for (let i = 0; i < bytes.length / 2; i++) {
    bytes.writeInt16LE(Math.round(loud * Math.sin((2 * Math.PI * 300 * i) / 16_000)), 2 * i)
  }
  return { realtimeInput: { audio: { mimeType: "audio/pcm;rate=16000", data: bytes.toString("base64") } } }
}

describe("turns that are answered together", () => {
  test(
    "what is said within the time gets one answer, what comes later another",
    { mergeWithin: 200 },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* client.send(Wire.ask("emulator:recall one"))
      yield* TestClock.adjust(150)
      yield* client.send(say("emulator:recall two"))
      yield* client.send({
        clientContent: { turns: [{ role: "user", parts: [{ text: "between" }] }], turnComplete: false }
      })
      yield* client.send(say("emulator:recall three"))
      yield* TestClock.adjust(49)
      const [before] = yield* (yield* Wire.control).connections
      assert.strictEqual(before?.turns, 0)
      yield* TestClock.adjust(1)
      const all = "emulator:recall one | emulator:recall two | between | emulator:recall three"
      assert.strictEqual(Wire.textOf(yield* client.turn), all)
      yield* client.send(say("emulator:recall four"))
      yield* TestClock.adjust(200)
      assert.strictEqual(Wire.textOf(yield* client.turn), `${all} | emulator:recall four`)
      const [connection] = yield* (yield* Wire.control).connections
      assert.strictEqual(connection?.turns, 2)
    })
  )

  test(
    "a text that cuts a turn is gathered anew",
    { mergeWithin: 200, chunkDelay: 100 },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* client.send(say("emulator:words 60"))
      yield* TestClock.adjust(400)
      yield* client.send(say("emulator:say stop"))
      const cut = yield* client.turn
      assert.include(kinds(cut), "interrupted")
      yield* TestClock.adjust(199)
      yield* client.send(say("emulator:say now"))
      yield* TestClock.adjust(101)
      assert.strictEqual(Wire.textOf(yield* client.turn), "now")
    })
  )

  test(
    "the user is waited for where he is expected to go on",
    { waitingForInput: [0, 2] },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* client.send(say("I think"))
      assert.deepStrictEqual(yield* client.message, { serverContent: { waitingForInput: true } })
      yield* client.send(say("emulator:recall"))
      assert.strictEqual(Wire.textOf(yield* client.turn), "I think | emulator:recall")
      yield* client.send(say("and"))
      assert.deepStrictEqual(yield* client.message, { serverContent: { waitingForInput: true } })
      yield* client.send(say("emulator:say go on"))
      assert.strictEqual(Wire.textOf(yield* client.turn), "go on")
    })
  )
})

describe("the end of a turn", () => {
  test(
    "generationComplete alone, and the next turn is whole",
    { missingTurnComplete: [0] },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect({ sessionResumption: {} })
      yield* client.send(say("emulator:say one"))
      const first = yield* client.until(({ sessionResumptionUpdate }) => sessionResumptionUpdate?.resumable === true)
      assert.deepStrictEqual(kinds(first), [
        "sessionResumptionUpdate",
        "modelTurn",
        "generationComplete",
        "sessionResumptionUpdate"
      ])
      yield* client.send(say("emulator:say two"))
      assert.strictEqual(Wire.textOf(yield* client.turn), "two")
    })
  )

  test(
    "of every turn, where all lack it; one that is cut is told all the same",
    { missingTurnComplete: true, playback: 1000 },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* client.send(say("emulator:say one"))
      yield* client.until(({ serverContent }) => serverContent?.generationComplete === true)
      yield* client.send(say("emulator:say two"))
      assert.deepStrictEqual(kinds(yield* client.turn).slice(-2), ["interrupted", "turnComplete"])
      yield* TestClock.adjust(1000)
      const [connection] = yield* (yield* Wire.control).connections
      assert.strictEqual(connection?.turns, 2)
      assert.deepStrictEqual(
        kinds(yield* client.until(({ serverContent }) => serverContent?.generationComplete === true)),
        ["modelTurn", "generationComplete"]
      )
    })
  )

  test(
    "with nothing said: turnComplete alone, and a scripted answer is kept for the next one",
    { emptyTurns: [0] },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* client.send(say("hello?"))
      assert.deepStrictEqual(kinds(yield* client.turn), ["turnComplete"])
      yield* client.send(say("hello?"))
      assert.strictEqual(Wire.textOf(yield* client.turn), "scripted")
    }),
    { answers: ["scripted"] }
  )

  test(
    "with the status: idle, a call that is open, a turn that waits",
    { interactionStatus: true, chunkDelay: 10 },
    Effect.fnUntraced(function*() {
      const status = (messages: ReadonlyArray<Wire.Message>) => messages.at(-1)?.serverContent?.interactionStatus
      const client = yield* Wire.connect({
        model: Wire.live25,
        generationConfig: {},
        tools: [{ functionDeclarations: [{ name: "look", behavior: "NON_BLOCKING" }] }],
        realtimeInputConfig: { activityHandling: "NO_INTERRUPTION" }
      })
      yield* client.send(say("emulator:say one"))
      yield* TestClock.adjust(10)
      assert.strictEqual(status(yield* client.turn), "IDLE")
      yield* client.send(say("emulator:call look {}"))
      yield* TestClock.adjust(100)
      assert.strictEqual(status(yield* client.turn), "REQUIRES_ACTION")
      yield* client.send(say("emulator:words 20"))
      yield* client.send(say("emulator:say two"))
      yield* TestClock.adjust(1000)
      assert.strictEqual(status(yield* client.turn), "IN_PROGRESS")
    })
  )
})

describe("handles", () => {
  test(
    "come late, and not at all for a turn behind which another one has begun",
    { handleDelay: 50 },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect({ sessionResumption: {} })
      yield* client.send(say("first"))
      yield* client.turn
      yield* TestClock.adjust(49)
      yield* client.send(say("second"))
      yield* client.turn
      yield* TestClock.adjust(49)
      const [before] = yield* (yield* Wire.control).connections
      assert.notInclude(JSON.stringify(before?.messages), "newHandle")
      yield* TestClock.adjust(1)
      const { sessionResumptionUpdate } = yield* client.message
      client.ws.close()
      yield* client.closed
      const next = yield* Wire.connect({ sessionResumption: { handle: sessionResumptionUpdate?.newHandle } })
      yield* next.send(say("emulator:recall"))
      assert.strictEqual(Wire.textOf(yield* next.turn), "first | second | emulator:recall")
    })
  )

  test(
    "are refused so many times, then taken",
    { handleRefusal: { times: 2 } },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect({ sessionResumption: {} })
      yield* client.send(say("hello"))
      const messages = yield* client.until(({ sessionResumptionUpdate }) => sessionResumptionUpdate?.resumable === true)
      const handle = messages.at(-1)?.sessionResumptionUpdate?.newHandle
      client.ws.close()
      yield* client.closed
      const again = Effect.fnUntraced(function*() {
        const next = yield* Wire.dial()
        yield* next.send({ setup: { model: Wire.robot, sessionResumption: { handle } } })
        return yield* next.take
      })
      const refused = { closed: { code: 1008, reason: "Requested entity was not found." } }
      assert.deepStrictEqual(yield* again(), refused)
      assert.deepStrictEqual(yield* again(), refused)
      assert.deepInclude(yield* again(), { message: { setupComplete: {} } })
    })
  )

  test(
    "are refused with the close that is asked for",
    { handleRefusal: { code: 1011, reason: "Internal error occurred." } },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect({ sessionResumption: {} })
      yield* client.send(say("hello"))
      const messages = yield* client.until(({ sessionResumptionUpdate }) => sessionResumptionUpdate?.resumable === true)
      client.ws.close()
      yield* client.closed
      const next = yield* Wire.dial()
      const handle = messages.at(-1)?.sessionResumptionUpdate?.newHandle
      yield* next.send({ setup: { model: Wire.robot, sessionResumption: { handle } } })
      assert.deepStrictEqual(yield* next.closed, { code: 1011, reason: "Internal error occurred." })
    })
  )
})

describe("what was heard", () => {
  const hearing = (config: object) => ({ inputAudioTranscription: config })
  const transcripts = (messages: ReadonlyArray<Wire.Message>) =>
    messages.flatMap(({ serverContent }) => serverContent?.inputTranscription ?? [])

  test(
    "is told while it is said, and once more at its end",
    { interimTranscripts: true },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect(hearing({}))
      for (let i = 0; i < 3; i++) yield* client.send(tone(100, 8000))
      for (let i = 0; i < 8; i++) yield* client.send(tone(100, 0))
      const messages = yield* client.turn
      const interim = messages.flatMap(({ serverContent }) => serverContent?.interimInputTranscription?.text ?? [])
      assert.deepStrictEqual(interim.slice(0, 3), [
        "Speech of 0.10 seconds.",
        "Speech of 0.20 seconds.",
        "Speech of 0.30 seconds."
      ])
      assert.deepStrictEqual(transcripts(messages), [{ text: "Speech of 0.30 seconds." }])
    })
  )

  test(
    "is not told on the way where the setup asks for no transcript; with manual activity it is",
    { interimTranscripts: true },
    Effect.fnUntraced(function*() {
      const manual = { realtimeInputConfig: { automaticActivityDetection: { disabled: true } } }
      const speak = Effect.fnUntraced(function*(setup: object) {
        const client = yield* Wire.connect({ ...manual, ...setup })
        yield* client.send({ realtimeInput: { activityStart: {} } })
        yield* client.send(tone(100, 0))
        yield* client.send(tone(100, 0))
        yield* client.send({ realtimeInput: { activityEnd: {} } })
        return kinds(yield* client.turn)
      })
      assert.notInclude(yield* speak({}), "interimInputTranscription")
      assert.deepStrictEqual((yield* speak(hearing({}))).slice(0, 3), [
        "interimInputTranscription",
        "interimInputTranscription",
        "inputTranscription"
      ])
    })
  )

  test(
    "by speaker and word, as the setup asks",
    {
      transcribe: () => [
        { speakerLabel: "spk_1", text: "How are you" },
        { speakerLabel: "spk_2", text: "emulator:recall" }
      ]
    },
    Effect.fnUntraced(function*() {
      const speak = Effect.fnUntraced(function*(config: object) {
        const client = yield* Wire.connect(hearing(config))
        yield* client.send(tone(400, 8000))
        yield* client.send(tone(800, 0))
        return yield* client.turn
      })
      const plain = yield* speak({})
      assert.deepStrictEqual(transcripts(plain), [{ text: "How are you" }, { text: "emulator:recall" }])
      assert.strictEqual(Wire.textOf(plain), "How are you emulator:recall")
      assert.deepStrictEqual(transcripts(yield* speak({ diarization: true, wordTimestamp: true })), [
        {
          text: "How are you",
          speakerLabel: "spk_1",
          words: [
            { word: "How", startOffset: "0s", endOffset: "0.1s" },
            { word: "are", startOffset: "0.1s", endOffset: "0.2s" },
            { word: "you", startOffset: "0.2s", endOffset: "0.3s" }
          ],
          startOffset: "0s",
          endOffset: "0.3s"
        },
        {
          text: "emulator:recall",
          speakerLabel: "spk_2",
          words: [{ word: "emulator:recall", startOffset: "0.3s", endOffset: "0.4s" }],
          startOffset: "0.3s",
          endOffset: "0.4s"
        }
      ])
    })
  )
})

describe("a close that is reported often", () => {
  it.effect("the operation was aborted, in mid-turn, without a goAway", () =>
    Effect.gen(function*() {
      const client = yield* Wire.connect()
      yield* client.send(say("emulator:words 60"))
      assert.isDefined((yield* client.message).serverContent?.modelTurn)
      assert.deepStrictEqual(yield* client.take, { closed: { code: 1008, reason: "The operation was aborted." } })
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor({ faults: [Fault.aborted({ at: "turn" })] }))))

  test(
    "the end of its lifetime, which nothing has announced",
    { lifetime: 1000, goAwayBefore: 0 },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* client.take, { closed: { code: 1008, reason: "The operation was aborted." } })
    })
  )
})

describe("pongs", () => {
  const layers = {
    "in memory": (live: LiveOptions.LiveOptions) => Emulator.layerWebSocketConstructor({ live }),
    "over sockets": (live: LiveOptions.LiveOptions) =>
      Layer.merge(
        Emulator.layerServer({ live }),
        Layer.succeed(Socket.WebSocketConstructor, (url) => new WebSocket(url))
      )
  }
  for (const [carrier, layerOf] of Object.entries(layers)) {
    it.effect(`take their time, and messages pass them, ${carrier}`, () =>
      Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        const client = yield* Wire.connect({}, `${url.replace("http://", "ws://")}${Wire.path()}?key=key`)
        const { on, ping } = Object(client.ws)
        const order: Array<string> = []
        const pong = new Promise<void>((resolve) => {
          on.call(client.ws, "pong", () => {
            order.push("pong")
            resolve()
          })
        })
        ping.call(client.ws)
        yield* client.send(say("emulator:say hello"))
        yield* client.turn
        order.push("turn")
        yield* TestClock.adjust(12_000)
        yield* Effect.promise(() => pong)
        assert.deepStrictEqual(order, ["turn", "pong"])
      }).pipe(Effect.scoped, Effect.provide(layerOf({ pongDelay: 12_000 }))))
  }

  test(
    "come after the time of the options, and not any more when the connection has closed",
    { pongDelay: 12_000 },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      let pongs = 0
      const { on, ping } = Object(client.ws)
      on.call(client.ws, "pong", () => pongs++)
      ping.call(client.ws)
      yield* TestClock.adjust(11_999)
      assert.strictEqual(pongs, 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(pongs, 1)
      ping.call(client.ws)
      client.ws.close()
      yield* client.closed
      yield* TestClock.adjust(20_000)
      assert.strictEqual(pongs, 1)
    })
  )
})

describe("what is refused", () => {
  const address = (method: string) => `ws://emulator.invalid${Wire.path("v1beta", method)}?key=key`

  for (
    const [model, code] of [[Wire.live38, 1007], ["models/gemini-3.8-live-extended-thinking", undefined], [
      Wire.live25,
      undefined
    ]] as const
  ) {
    it.effect(`thinkingConfig ${code === undefined ? "is taken by" : "is refused by"} ${model}`, () =>
      Effect.gen(function*() {
        const client = yield* Wire.dial()
        yield* client.send({ setup: { model, generationConfig: { thinkingConfig: { thinkingBudget: 0 } } } })
        const arrival = yield* client.take
        if (code === undefined) return assert.deepInclude(arrival, { message: { setupComplete: {} } })
        assert.deepStrictEqual(arrival, { closed: { code, reason: "Request contains an invalid argument." } })
      }).pipe(Effect.provide(Emulator.layerWebSocketConstructor())))
  }

  for (
    const [name, first, code, reason] of [
      [
        "the model there is",
        { setup: { model: "models/lyria-realtime-exp" } },
        1008,
        "Operation is not implemented, or supported, or enabled."
      ],
      [
        "a model that speaks",
        { setup: { model: Wire.live38 } },
        1008,
        "models/gemini-3.8-live is not found for API version v1beta, or is not supported for bidiGenerateMusic. Call ModelService.Li"
      ],
      ["anything else first", { playbackControl: "PLAY" }, 1007, "Request contains an invalid argument."],
      ["no JSON", "[", 1007, undefined]
    ] as const
  ) {
    it.effect(`music: ${name}, after the upgrade`, () =>
      Effect.gen(function*() {
        const client = yield* Wire.dial(address("BidiGenerateMusic"))
        yield* client.opened
        yield* client.send(first)
        const end = yield* client.closed
        assert.strictEqual(end.code, code)
        if (reason !== undefined) assert.strictEqual(end.reason, reason.slice(0, 123))
        const [entry] = yield* (yield* Wire.control).connections
        assert.strictEqual(entry?.apiMethod, "bidiGenerateMusic")
        assert.strictEqual(entry?.messages.length, 1)
      }).pipe(Effect.provide(Emulator.layerWebSocketConstructor())))
  }

  it.effect("music: the key comes first", () =>
    Effect.gen(function*() {
      const client = yield* Wire.dial(address("BidiGenerateMusic"))
      assert.deepStrictEqual(yield* client.closed, {
        code: 1007,
        reason: "API key not valid. Please pass a valid API key."
      })
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor({ keys: { invalid: ["key"] } }))))
})
