import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as GeminiHandler from "effect-gemini-emulator/GeminiHandler"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Socket from "effect/socket/Socket"
import * as TestClock from "effect/testing/TestClock"
import * as Wire from "./LiveWire.ts"

const test = (
  name: string,
  options: GeminiHandler.Options,
  body: () => Effect.Effect<void, never, Emulator.Emulator | Socket.WebSocketConstructor | Scope.Scope>
) => it.effect(name, () => Effect.provide(body(), Emulator.layerWebSocketConstructor(options)))

const general = "Request contains an invalid argument."

describe("a turn", () => {
  test(
    "setupComplete is pretty JSON in a binary frame, 26 bytes of it",
    {},
    Effect.fnUntraced(function*() {
      const client = yield* Wire.dial()
      yield* client.send({ setup: { model: Wire.robot } })
      assert.deepStrictEqual(yield* client.take, {
        message: { setupComplete: {} },
        binary: true,
        text: "{\n  \"setupComplete\": {}\n}\n"
      })
    })
  )

  test(
    "of text comes in pieces, then generationComplete, then turnComplete with usage",
    { live: { sessionId: true } },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      assert.match(client.first.setupComplete?.sessionId ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-/)
      yield* client.send(Wire.ask("Say something about tides"))
      const messages = yield* client.turn
      const spoken = messages.filter(({ serverContent }) => serverContent?.modelTurn !== undefined)
      assert.isAbove(spoken.length, 2)
      assert.include(Wire.textOf(messages), "Say something about tides")
      assert.strictEqual(messages.at(-2)?.serverContent?.generationComplete, true)
      const usage = messages.at(-1)?.usageMetadata
      assert.strictEqual(usage?.totalTokenCount, (usage?.promptTokenCount ?? 0) + (usage?.responseTokenCount ?? 0))
      assert.isAbove(usage?.responseTokenCount ?? 0, 0)
    })
  )

  test(
    "of a scripted answer says it, and a whole message goes out as it is",
    { answers: ["One", { chunks: ["Two", { serverContent: { waitingForInput: true } }] }, { error: { code: 503 } }] },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* client.send({ realtimeInput: { text: "a" } })
      assert.strictEqual(Wire.textOf(yield* client.turn), "One")
      yield* client.send({ realtimeInput: { text: "b" } })
      const second = yield* client.turn
      assert.deepStrictEqual(second[1], { serverContent: { waitingForInput: true } })
      yield* client.send({ realtimeInput: { text: "c" } })
      assert.deepStrictEqual(yield* client.closed, { code: 1011, reason: "Internal error occurred." })
    })
  )

  test(
    "is cut by a new one: interrupted, turnComplete, no generationComplete; what was said stays in the history",
    { live: { chunkDelay: 100 } },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* client.send(Wire.ask("emulator:words 60"))
      yield* TestClock.adjust(250)
      yield* client.send(Wire.ask("emulator:recall"))
      const cut = yield* client.turn
      assert.deepStrictEqual(cut.map(({ serverContent }) => Object.keys(serverContent ?? {})[0]), [
        "modelTurn",
        "modelTurn",
        "interrupted",
        "turnComplete"
      ])
      yield* TestClock.adjust(1000)
      assert.strictEqual(Wire.textOf(yield* client.turn), "emulator:words 60 | emulator:recall")
      const [connection] = yield* (yield* Wire.control).connections
      assert.strictEqual(connection?.turns, 2)
    })
  )

  test(
    "pauses for playback between generationComplete and turnComplete, and may be cut there",
    { live: { playback: 5000 } },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* client.send({ realtimeInput: { text: "emulator:say hello" } })
      yield* client.until(({ serverContent }) => serverContent?.generationComplete === true)
      yield* client.send({ realtimeInput: { text: "emulator:say stop" } })
      const cut = yield* client.turn
      assert.strictEqual(cut[0]?.serverContent?.interrupted, true)
      yield* TestClock.adjust(5000)
      assert.strictEqual(Wire.textOf(yield* client.turn), "stop")
    })
  )

  test(
    "with NO_INTERRUPTION is not cut: the next one waits",
    { live: { chunkDelay: 100 } },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect({ realtimeInputConfig: { activityHandling: "NO_INTERRUPTION" } })
      yield* client.send({ realtimeInput: { text: "emulator:words 18" } })
      yield* TestClock.adjust(150)
      yield* client.send({ realtimeInput: { text: "emulator:say done" } })
      yield* TestClock.adjust(2000)
      const first = yield* client.turn
      assert.notInclude(first.flatMap(({ serverContent }) => Object.keys(serverContent ?? {})), "interrupted")
      assert.strictEqual(Wire.textOf(yield* client.turn), "done")
    })
  )
})

/** So many milliseconds of a tone, s16le. */
const tone = (millis: number, loud: number, rate = 16_000) => {
  const bytes = Buffer.alloc(((millis * rate) / 1000) * 2)
  for (let i = 0; i < bytes.length / 2; i++) {
    bytes.writeInt16LE(Math.round(loud * Math.sin((2 * Math.PI * 300 * i) / rate)), 2 * i)
  }
  return { realtimeInput: { audio: { mimeType: `audio/pcm;rate=${rate}`, data: bytes.toString("base64") } } }
}

const hearing = { inputAudioTranscription: {} }

describe("audio in", () => {
  for (const size of [20, 130, 2000]) {
    test(
      `in messages of ${size} ms: the same turn, whatever their size`,
      {},
      Effect.fnUntraced(function*() {
        const client = yield* Wire.connect(hearing)
        const signal = Buffer.concat(
          [[400, 0], [600, 8000], [1000, 0]].map(([millis = 0, loud = 0]) =>
            Buffer.from(tone(millis, loud).realtimeInput.audio.data, "base64")
          )
        )
        for (let at = 0; at < signal.length; at += size * 32) {
          const data = signal.subarray(at, at + size * 32).toString("base64")
          yield* client.send({ realtime_input: { audio: { mime_type: "audio/pcm", data } } })
        }
        const messages = yield* client.turn
        assert.strictEqual(messages[0]?.serverContent?.inputTranscription?.text, "Speech of 0.60 seconds.")
        assert.include(Wire.textOf(messages), "Speech of 0.60 seconds.")
      })
    )
  }

  test(
    "that pauses is flushed by audioStreamEnd, and speech cuts the model",
    { live: { chunkDelay: 100, transcribe: ({ millis, turn }) => `said ${millis} in ${turn}` } },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect(hearing)
      yield* client.send({ realtimeInput: { text: "emulator:words 100" } })
      yield* TestClock.adjust(150)
      yield* client.send(tone(200, 5000))
      const cut = yield* client.turn
      assert.strictEqual(cut.at(-2)?.serverContent?.interrupted, true)
      yield* client.send({ realtimeInput: { audioStreamEnd: true } })
      yield* TestClock.adjust(2000)
      assert.strictEqual((yield* client.turn)[0]?.serverContent?.inputTranscription?.text, "said 200 in 1")
    })
  )

  test(
    "bracketed by hand is heard only inside the brackets",
    {},
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect({
        ...hearing,
        realtimeInputConfig: { automaticActivityDetection: { disabled: true } }
      })
      yield* client.send(tone(1000, 5000))
      yield* client.send({ realtimeInput: { activityStart: {} } })
      yield* client.send(tone(250, 5000))
      yield* client.send({ realtimeInput: { text: "and words" } })
      yield* client.send({ realtimeInput: { activityEnd: {} } })
      const messages = yield* client.turn
      assert.strictEqual(messages[0]?.serverContent?.inputTranscription?.text, "Speech of 0.25 seconds.")
      assert.include(Wire.textOf(messages), "and words Speech")
      yield* client.send({ realtimeInput: { audioStreamEnd: true } })
      assert.deepStrictEqual(yield* client.closed, { code: 1007, reason: general })
    })
  )

  test(
    "may not change its rate",
    {},
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* client.send(tone(20, 0, 24_000))
      yield* client.send(tone(20, 0, 16_000))
      assert.deepStrictEqual(yield* client.closed, {
        code: 1007,
        reason: "Sample rate changed from previously 24000 to 16000, which is not supported."
      })
    })
  )
})

const tools = (...declarations: ReadonlyArray<unknown>) => ({ tools: [{ functionDeclarations: declarations }] })

const answerTo = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  toolResponse: { functionResponses: [{ id, name: "f", response: { output: id }, ...more }] }
})

const calls = (messages: ReadonlyArray<Wire.Message>) => messages.at(-1)?.toolCall?.functionCalls ?? []
const calling = ({ toolCall }: Wire.Message) => toolCall !== undefined

describe("tool calls", () => {
  test(
    "hold up the turn until each is answered",
    {},
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect(tools({ name: "f" }))
      yield* client.send(Wire.ask("emulator:call f {\"n\":1}\nemulator:call f {\"n\":2}"))
      const [one, two] = calls(yield* client.until(calling))
      assert.match(one?.id ?? "", /^function-call-\d{19}$/)
      assert.deepStrictEqual([one?.args, two?.args], [{ n: 1 }, { n: 2 }])
      yield* client.send(answerTo(two?.id ?? ""))
      yield* client.send(answerTo(one?.id ?? ""))
      const spoken = Wire.textOf(yield* client.turn)
      assert.include(spoken, `f returned {"output":"${two?.id}"}. f returned {"output":"${one?.id}"}.`)
    })
  )

  test(
    "have ids that no other connection gives, also where the same is asked at the same place",
    {},
    Effect.fnUntraced(function*() {
      const idOf = Effect.gen(function*() {
        const client = yield* Wire.connect(tools({ name: "f" }))
        yield* client.send(Wire.ask("emulator:call f"))
        return calls(yield* client.until(calling))[0]?.id
      })
      assert.notStrictEqual(yield* idOf, yield* idOf)
    })
  )

  test(
    "are cancelled when the user cuts in; a late answer is passed over, an unknown one is refused",
    {},
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect(tools({ name: "f" }))
      yield* client.send(Wire.ask("emulator:call f"))
      const [call] = calls(yield* client.until(calling))
      yield* client.send(Wire.ask("emulator:say never mind"))
      const cut = yield* client.turn
      assert.deepStrictEqual(cut.map((message) => Object.keys(message.serverContent ?? message)[0]), [
        "interrupted",
        "toolCallCancellation",
        "turnComplete"
      ])
      assert.deepStrictEqual(cut[1]?.toolCallCancellation, { ids: [call?.id ?? ""] })
      assert.strictEqual(Wire.textOf(yield* client.turn), "never mind")
      yield* client.send(answerTo(call?.id ?? ""))
      yield* client.send(Wire.ask("emulator:say on"))
      assert.strictEqual(Wire.textOf(yield* client.turn), "on")
      yield* client.send(answerTo("function-call-1"))
      assert.deepStrictEqual(yield* client.closed, { code: 1007, reason: general })
    })
  )

  test(
    "that do not block: the turn ends, the answer starts another one unless it is SILENT",
    {},
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect({
        model: Wire.live25,
        ...tools({ name: "f", behavior: "NON_BLOCKING" }),
        generationConfig: { responseModalities: ["AUDIO"] },
        outputAudioTranscription: {}
      })
      const heard = (messages: ReadonlyArray<Wire.Message>) =>
        messages.map(({ serverContent }) => serverContent?.outputTranscription?.text ?? "").join("")
      yield* client.send(Wire.ask("emulator:call f"))
      const first = yield* client.turn
      const [call] = calls(first.filter(calling))
      yield* client.send(answerTo(call?.id ?? "", { scheduling: "WHEN_IDLE" }))
      assert.include(heard(yield* client.turn), "f returned")
      yield* client.send(Wire.ask("emulator:call f"))
      const [silent] = calls((yield* client.turn).filter(calling))
      yield* client.send(answerTo(silent?.id ?? "", { scheduling: "SILENT" }))
      yield* client.send(Wire.ask("emulator:say next"))
      assert.strictEqual(heard(yield* client.turn), "next")
    })
  )

  test(
    "on a model that takes no scheduling: 1007",
    {},
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect({ model: Wire.live38, generationConfig: {}, ...tools({ name: "f" }) })
      yield* client.send({ realtimeInput: { text: "emulator:call f" } })
      const [call] = calls((yield* client.turn).filter(calling))
      yield* client.send(answerTo(call?.id ?? "", { scheduling: "SILENT" }))
      assert.deepStrictEqual(yield* client.closed, { code: 1007, reason: general })
    })
  )
})

const resuming = (handle?: string) => ({ sessionResumption: handle === undefined ? {} : { handle } })
const handleOf = (messages: ReadonlyArray<Wire.Message>): string =>
  messages.at(-1)?.sessionResumptionUpdate?.newHandle ?? ""
const resumable = ({ sessionResumptionUpdate }: Wire.Message) => sessionResumptionUpdate?.resumable === true

describe("resumption", () => {
  test(
    "a handle brings back what was said before it was given out",
    {},
    Effect.fnUntraced(function*() {
      const first = yield* Wire.connect(resuming())
      yield* first.send(Wire.ask("one"))
      const messages = yield* first.until(resumable)
      // While the model speaks there is no state to come back to.
      assert.deepStrictEqual(messages[0]?.sessionResumptionUpdate, {})
      yield* first.send(Wire.ask("two"))
      yield* first.until(resumable)
      first.ws.close()
      yield* first.closed
      const second = yield* Wire.connect(resuming(handleOf(messages)))
      yield* second.send(Wire.ask("emulator:recall"))
      assert.strictEqual(Wire.textOf(yield* second.turn), "one | emulator:recall")
      assert.deepStrictEqual((yield* (yield* Wire.control).connections).map(({ resumed }) => resumed), [false, true])
    })
  )

  test(
    "a handle whose connection is still open: 1011; of another model: 1007; unknown, or of two hours ago: 1008",
    {},
    Effect.fnUntraced(function*() {
      const first = yield* Wire.connect(resuming())
      yield* first.send(Wire.ask("one"))
      const handle = handleOf(yield* first.until(resumable))
      const refusal = Effect.fnUntraced(function*(setup: Readonly<Record<string, unknown>>) {
        const client = yield* Wire.dial()
        yield* client.send({ setup: { model: Wire.robot, ...setup } })
        return yield* client.closed
      })
      assert.strictEqual((yield* refusal(resuming(handle))).code, 1011)
      first.ws.close()
      yield* first.closed
      assert.strictEqual((yield* refusal({ ...resuming(handle), model: Wire.live25 })).code, 1007)
      const gone = { code: 1008, reason: "Requested entity was not found." }
      assert.deepStrictEqual(yield* refusal(resuming("nonsense")), gone)
      const again = yield* Wire.connect(resuming(handle))
      again.ws.close()
      yield* again.closed
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(yield* refusal(resuming(handle)), gone)
    })
  )
})

describe("time", () => {
  test(
    "goAway a minute before the end, and the end after ten",
    {},
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(yield* client.message, { goAway: { timeLeft: "60s" } })
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(yield* client.closed, { code: 1008, reason: "The operation was aborted." })
      const [entry] = yield* (yield* Wire.control).connections
      assert.strictEqual((entry?.closedAt ?? 0) - (entry?.setUpAt ?? 0), 600_000)
      assert.strictEqual(entry?.closedBy, "server")
    })
  )

  test(
    "both as told",
    { live: { lifetime: 10_000, goAwayBefore: 2500, lifetimeClose: { code: 1011, reason: "Deadline expired" } } },
    Effect.fnUntraced(function*() {
      const client = yield* Wire.connect()
      yield* TestClock.adjust(7500)
      assert.deepStrictEqual(yield* client.message, { goAway: { timeLeft: "2.5s" } })
      yield* TestClock.adjust(2500)
      assert.deepStrictEqual(yield* client.closed, { code: 1011, reason: "Deadline expired" })
    })
  )

  test(
    "at the tester's word: any message, a close, a break",
    {},
    Effect.fnUntraced(function*() {
      const live = yield* Wire.control
      const [one, two] = [yield* Wire.connect(), yield* Wire.connect()]
      yield* live.send({ goAway: { timeLeft: "9s" } })
      assert.strictEqual((yield* one.message).goAway?.timeLeft, "9s")
      assert.strictEqual((yield* two.message).goAway?.timeLeft, "9s")
      yield* live.close(1012, "restart")
      assert.deepStrictEqual(yield* one.closed, { code: 1012, reason: "restart" })
      const three = yield* Wire.connect()
      yield* live.drop
      assert.deepStrictEqual(yield* three.closed, { code: 1006, reason: "" })
      const { byCode, largestConcurrent, open } = yield* live.counters
      assert.deepStrictEqual({ byCode, largestConcurrent, open }, {
        byCode: { 1006: 1, 1012: 2 },
        largestConcurrent: 2,
        open: 0
      })
    })
  )
})

describe("the same seed", () => {
  it.effect("gives the same bytes, calls, handles and tones included; another one does not", () =>
    Effect.gen(function*() {
      const play = Effect.fnUntraced(function*(seed: string) {
        return yield* Effect.gen(function*() {
          const client = yield* Wire.connect({
            generationConfig: { responseModalities: ["AUDIO"] },
            ...tools({ name: "f", parametersJsonSchema: { type: "object", properties: { a: { type: "number" } } } }),
            ...resuming()
          })
          const texts: Array<string> = []
          yield* client.send(Wire.ask("emulator:call f"))
          yield* client.until(calling)
          yield* client.send(Wire.ask("Say something"))
          yield* client.until(resumable)
          yield* client.until(resumable)
          const [entry] = yield* (yield* Wire.control).connections
          for (const { message } of entry?.messages ?? []) texts.push(JSON.stringify(message))
          return texts
        }).pipe(Effect.scoped, Effect.provide(Emulator.layerWebSocketConstructor({ seed })))
      })
      const [one, same, other] = [yield* play("a"), yield* play("a"), yield* play("b")]
      assert.isAbove(one.length, 15)
      assert.deepStrictEqual(one, same)
      assert.notDeepEqual(one, other)
    }))
})
