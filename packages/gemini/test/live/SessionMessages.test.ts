/**
 * What a session sends and how what it hears is told: messages and setups from options, the ends of turns, events,
 * functions, and sound between rates.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Audio from "effect-gemini/live/Audio"
import * as LiveEvent from "effect-gemini/live/LiveEvent"
import type { ServerMessage } from "effect-gemini/live/LiveProtocol"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as ModelId from "effect-gemini/models/ModelId"
import * as AiTool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as ClientMessage from "../../src/internal/live/clientMessage.ts"
import * as LiveModels from "../../src/internal/live/liveModels.ts"
import * as Setup from "../../src/internal/live/setup.ts"
import * as SetupCheck from "../../src/internal/live/setupCheck.ts"
import * as TurnFold from "../../src/internal/live/TurnFold.ts"
import * as Wav from "../../src/internal/live/wav.ts"

const said = (text: string) => ({ parts: [{ text }] })

describe("a message of ours", () => {
  it("says a text as the model takes it, and turns with their end", () => {
    const contents = [{ role: "user", ...said("a") }]
    assert.deepStrictEqual(ClientMessage.text("a", contents, "realtimeInput"), { realtimeInput: { text: "a" } })
    assert.deepStrictEqual(ClientMessage.text("a", contents, "clientContent"), {
      clientContent: { turns: contents, turnComplete: true }
    })
    for (const turnComplete of [true, false]) {
      assert.deepStrictEqual(ClientMessage.turns(contents, turnComplete), {
        clientContent: { turns: contents, turnComplete }
      })
      assert.deepStrictEqual(ClientMessage.turns([], turnComplete), { clientContent: { turnComplete } })
    }
  })

  it("carries sound and pictures in base64 with their types, and a context of what was given", () => {
    const bytes = Uint8Array.of(1, 2, 3)
    assert.deepStrictEqual(JSON.parse(ClientMessage.audioFrame(bytes, 8_000)), {
      realtimeInput: { audio: { mimeType: "audio/pcm;rate=8000", data: "AQID" } }
    })
    assert.deepStrictEqual(JSON.parse(ClientMessage.videoFrame(bytes, "image/png")), {
      realtimeInput: { video: { mimeType: "image/png", data: "AQID" } }
    })
    const tools = [{ googleSearch: {} }]
    assert.deepStrictEqual(ClientMessage.contextUpdate({}), { contextUpdate: {} })
    assert.deepStrictEqual(ClientMessage.contextUpdate({ systemInstruction: "a", tools }), {
      contextUpdate: { systemInstruction: said("a"), tools: { tools } }
    })
    assert.deepStrictEqual(ClientMessage.contextUpdate({ systemInstruction: said("b") }), {
      contextUpdate: { systemInstruction: said("b") }
    })
  })
})

describe("a setup", () => {
  const made = (options: Partial<Parameters<typeof Setup.make>[2]> = {}, name = "gemini-3.8-live") =>
    Setup.make(Result.getOrThrow(ModelId.parse(name)), LiveModels.of(name), { model: name, ...options })

  it("asks for the model's own form, and for the words of what is spoken unless that is set", () => {
    const spoken = { model: "models/gemini-3.8-live", generationConfig: { responseModalities: ["AUDIO"] } }
    assert.deepStrictEqual(made(), { ...spoken, outputAudioTranscription: {} })
    assert.deepStrictEqual(made({ outputAudioTranscription: null }), { ...spoken, outputAudioTranscription: null })
    assert.deepStrictEqual(made({ generationConfig: { responseModalities: ["TEXT"], temperature: 1 } }), {
      model: "models/gemini-3.8-live",
      generationConfig: { responseModalities: ["TEXT"], temperature: 1 }
    })
    assert.deepStrictEqual(made({}, "gemini-9"), {
      model: "models/gemini-9",
      generationConfig: { responseModalities: ["TEXT"] }
    })
  })

  it("has the fields of the wire, and none of the session's options", () => {
    const fields = { realtimeInputConfig: {}, contextWindowCompression: undefined }
    const options = {
      functionConcurrency: 1,
      timeouts: {},
      ping: false,
      inboundLimit: 1,
      mediaLimit: 1,
      unreadable: "event"
    } as const
    assert.hasAllKeys(made({ ...fields, ...options }), [
      "model",
      "generationConfig",
      "outputAudioTranscription",
      "realtimeInputConfig"
    ])
    assert.deepStrictEqual(made({ systemInstruction: "a" }).systemInstruction, said("a"))
    assert.deepStrictEqual(made({ systemInstruction: said("b") }).systemInstruction, said("b"))
  })

  it("asks for handles where the session may be resumed, and for how far the server has read where that is asked", () => {
    const resumption = (options: Parameters<typeof made>[0]) => made(options).sessionResumption
    assert.deepStrictEqual(
      [{}, { reconnect: false }, { reconnect: undefined }].map((options) => resumption(options as never)),
      [undefined, undefined, undefined]
    )
    assert.deepStrictEqual(resumption({ reconnect: true }), {})
    assert.deepStrictEqual(resumption({ reconnect: {} }), {})
    assert.deepStrictEqual(resumption({ resumeFrom: "h" }), {})
    assert.deepStrictEqual(resumption({ reconnect: { transparent: false } }), {})
    assert.deepStrictEqual(resumption({ reconnect: { transparent: true } }), { transparent: true })
  })

  it("declares functions behind the tools, with their behavior where the model takes it", () => {
    const functions: LiveTools.LiveTools<never> = {
      declarations: [
        { name: "a" },
        { name: "b", behavior: "NON_BLOCKING" },
        { name: "c", behavior: "BLOCKING" },
        { name: "d", behavior: null }
      ],
      handle: () => Effect.void,
      scheduling: () => undefined
    }
    const tools = [{ googleSearch: {} }]
    assert.deepStrictEqual(made({ tools, functions }).tools, [
      { googleSearch: {} },
      {
        functionDeclarations: [
          { name: "a" },
          { name: "b", behavior: "NON_BLOCKING" },
          { name: "c", behavior: "BLOCKING" },
          { name: "d" }
        ]
      }
    ])
    assert.deepStrictEqual(made({ functions }, "gemini-3.1-flash-live-preview").tools, [
      { functionDeclarations: [{ name: "a" }, { name: "b" }, { name: "c" }, { name: "d" }] }
    ])
    assert.deepStrictEqual(made({ tools, functions: { ...functions, declarations: [] } }).tools, tools)
    assert.isUndefined(made().tools)
  })

  it("is checked for what a session cannot have, each by its path", () => {
    const problems = (setup: object) => SetupCheck.check({ model: "m", ...setup }).map(({ field }) => field)
    assert.deepStrictEqual(problems({}), [])
    assert.deepStrictEqual(problems({ generationConfig: null, systemInstruction: null }), [])
    const settings = { responseLogprobs: false, logprobs: 1, audioTimestamp: true, stopSequences: [] }
    assert.deepStrictEqual(
      problems({ generationConfig: settings }),
      ["responseLogprobs", "logprobs", "stopSequences", "audioTimestamp"].map((name) =>
        `setup.generationConfig.${name}`
      )
    )
    assert.deepStrictEqual(problems({ generationConfig: { logprobs: null, responseModalities: ["TEXT"] } }), [])
    assert.deepStrictEqual(problems({ generationConfig: { speechConfig: { multiSpeakerVoiceConfig: {} } } }), [
      "setup.generationConfig.speechConfig.multiSpeakerVoiceConfig"
    ])
    assert.deepStrictEqual(problems({ generationConfig: { speechConfig: { voiceConfig: {} } } }), [])
    assert.deepStrictEqual(
      problems({ systemInstruction: { parts: [{ text: "a" }, { fileData: {} }, { text: "" }] } }),
      [
        "setup.systemInstruction.parts[1]"
      ]
    )
    assert.deepStrictEqual(problems({ systemInstruction: "a" }), ["setup.systemInstruction"])
  })
})

describe("the end of a turn", () => {
  it("has the reason that the server gives under HTTP's name, and else says whether the user spoke up", () => {
    const reason = (turnCompleteReason?: string | null, isInterrupted = false) =>
      TurnFold.finishReason(turnCompleteReason === undefined ? {} : { turnCompleteReason }, isInterrupted)
    for (const none of [undefined, null, "TURN_COMPLETE_REASON_UNSPECIFIED"]) {
      assert.deepStrictEqual([reason(none), reason(none, true)], ["STOP", "INTERRUPTED"])
    }
    assert.deepStrictEqual(
      ["RESPONSE_REJECTED", "PROHIBITED_INPUT_CONTENT", "GENERATED_CONTENT_BLOCKLIST", "MALFORMED_FUNCTION_CALL"].map((
        given
      ) => reason(given, true)),
      ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "MALFORMED_FUNCTION_CALL"]
    )
  })

  it("and what stands beside it become one response, of one object where that is all", () => {
    const response = (message: ServerMessage, reason?: string) => TurnFold.response(message, "m", reason)
    const turn = { role: "model", ...said("a") }
    const candidate = (message: ServerMessage, reason?: string) => response(message, reason)?.candidates?.[0]
    assert.strictEqual(candidate({ serverContent: { modelTurn: turn } })?.content, turn)
    const call = { name: "f" }
    assert.deepStrictEqual(
      candidate({
        serverContent: { modelTurn: turn, outputTranscription: { text: "b" } },
        toolCall: { functionCalls: [call] }
      })?.content,
      { role: "model", parts: [{ text: "a" }, { text: "b" }, { functionCall: call }] }
    )
    assert.deepStrictEqual(candidate({ serverContent: { modelTurn: { parts: [{ text: "a" }] } } })?.content, turn)
    assert.deepStrictEqual(candidate({ serverContent: { modelTurn: turn, outputTranscription: { text: "" } } }), {
      content: turn
    })
    assert.deepStrictEqual(response({ toolCall: {} }), { candidates: [{}], modelVersion: "m" })
    assert.deepStrictEqual(response({ usageMetadata: { promptTokenCount: 1 } })?.usageMetadata, { promptTokenCount: 1 })
    assert.isUndefined(TurnFold.usageOf({}))
    assert.deepStrictEqual(TurnFold.ended("m", "STOP"), { candidates: [{ finishReason: "STOP" }], modelVersion: "m" })
  })
})

describe("the events of a message", () => {
  const events = (message: ServerMessage) => LiveEvent.fromMessage(message)

  it("say who speaks, since when, and when the server leaves", () => {
    const voice = (voiceActivityType: string, audioOffset?: string) =>
      events({ voiceActivity: { voiceActivityType, ...(audioOffset === undefined ? {} : { audioOffset }) } })
    assert.deepStrictEqual(voice("ACTIVITY_START", "1.5s"), [
      { _tag: "VoiceActivity", isActive: true, offset: Duration.millis(1_500) }
    ])
    assert.deepStrictEqual(voice("ACTIVITY_END"), [{ _tag: "VoiceActivity", isActive: false, offset: undefined }])
    for (const [vadSignalType, isActive] of [["VAD_SIGNAL_TYPE_SOS", true], ["VAD_SIGNAL_TYPE_EOS", false]] as const) {
      assert.deepStrictEqual(events({ voiceActivityDetectionSignal: { vadSignalType } }), [
        { _tag: "VoiceActivity", isActive, offset: undefined }
      ])
    }
    assert.deepStrictEqual(events({ voiceActivityDetectionSignal: {} }), [])
    assert.deepStrictEqual(events({ goAway: { timeLeft: "10s" } }), [{
      _tag: "GoAway",
      timeLeft: Duration.seconds(10)
    }])
    assert.deepStrictEqual(events({ goAway: {} }), [{ _tag: "GoAway", timeLeft: undefined }])
  })

  it("say a handle only where it can be resumed", () => {
    const handle = (update: NonNullable<ServerMessage["sessionResumptionUpdate"]>) =>
      events({ sessionResumptionUpdate: update })[0]
    assert.deepStrictEqual(handle({ newHandle: "h", resumable: true }), { _tag: "Resumption", handle: "h" })
    for (
      const update of [{ newHandle: "h" }, { newHandle: "h", resumable: false }, { newHandle: "", resumable: true }]
    ) {
      assert.deepStrictEqual(handle(update), { _tag: "Resumption", handle: undefined })
    }
    assert.deepStrictEqual(handle({ lastConsumedClientMessageIndex: "0" }), {
      _tag: "Resumption",
      handle: undefined,
      lastConsumed: 0
    })
  })

  it("say what was heard in its stages, and sound by its rate", () => {
    const transcription = { text: "a", finished: true, languageCode: "de" }
    const heard = { text: "a", isFinished: true, languageCode: "de", transcription }
    assert.deepStrictEqual(
      events({
        serverContent: {
          interrupted: true,
          interimInputTranscription: transcription,
          inputTranscription: { text: "a" },
          outputTranscription: transcription,
          generationComplete: true,
          turnComplete: true,
          turnCompleteReason: "X"
        }
      }),
      [
        { _tag: "Interrupted" },
        { _tag: "InputTranscription", ...heard, isInterim: true },
        {
          _tag: "InputTranscription",
          text: "a",
          isFinished: false,
          languageCode: undefined,
          transcription: { text: "a" },
          isInterim: false
        },
        { _tag: "OutputTranscription", ...heard },
        { _tag: "GenerationComplete" },
        { _tag: "TurnComplete", reason: "X" }
      ]
    )
    const part = (part: object) => events({ serverContent: { modelTurn: { parts: [part] } } })[0]
    const sound = { mimeType: "audio/pcm;rate=8000", data: "AA==" }
    assert.deepStrictEqual(part({ inlineData: sound }), { _tag: "Audio", ...sound, sampleRate: 8_000 })
    assert.deepStrictEqual(part({ inlineData: { ...sound, displayName: "d" } }), {
      _tag: "Audio",
      ...sound,
      sampleRate: 8_000,
      part: { inlineData: { ...sound, displayName: "d" } }
    })
    for (const other of [{ inlineData: { ...sound, data: "" } }, { inlineData: { ...sound, mimeType: "audio/mp3" } }]) {
      assert.deepStrictEqual(part(other), { _tag: "Part", part: other })
    }
    assert.deepStrictEqual(part({ text: "a", thought: true }), { _tag: "Text", text: "a", isThought: true })
    assert.deepStrictEqual(part({ text: "" }), { _tag: "Text", text: "", isThought: false })
  })
})

describe("functions", () => {
  const ran = (tools: LiveTools.LiveTools, name: string, args: Readonly<Record<string, unknown>> = {}) =>
    Effect.result(tools.handle({ id: "1", name, args }))

  it.effect("by hand are declared without what is ours, run by their name, and scheduled as they say", () =>
    Effect.gen(function*() {
      const tools = LiveTools.make({
        f: { description: "d", scheduling: "SILENT", handle: (args, call) => Effect.succeed([args, call.id]) },
        g: { handle: () => Effect.fail("no") }
      })
      assert.deepStrictEqual(tools.declarations, [{ description: "d", name: "f" }, { name: "g" }])
      assert.deepStrictEqual(["f", "g", "h"].map(tools.scheduling), ["SILENT", undefined, undefined])
      assert.deepStrictEqual(yield* ran(tools, "f", { a: 1 }), Result.succeed([{ a: 1 }, "1"]))
      assert.deepStrictEqual(yield* ran(tools, "g"), Result.fail("no"))
      assert.deepStrictEqual(yield* ran(tools, "h"), Result.fail("there is no function \"h\""))
    }))

  it.effect("of a toolkit are declared by their schemas, and give what they encode", () =>
    Effect.gen(function*() {
      const toolkit = Toolkit.make(
        AiTool.make("day", {
          description: "Adds a day",
          parameters: Schema.Struct({ of: Schema.Date }),
          success: Schema.Date
        }),
        AiTool.make("late", { success: Schema.String, failure: Schema.Date, failureMode: "return" }),
        AiTool.make("many", { parameters: Schema.Struct({ of: Schema.String }), success: Schema.BigInt })
      )
      const tools = yield* Effect.provide(
        LiveTools.fromToolkit(toolkit),
        toolkit.toLayer({
          day: ({ of }) => Effect.succeed(new Date(of.getTime() + 86_400_000)),
          late: () => Effect.fail(new Date(0)),
          many: ({ of }) => Effect.succeed(BigInt(of))
        })
      )
      assert.deepStrictEqual(
        tools.declarations.map(({ description, name }) => [name, description]),
        [["day", "Adds a day"], ["late", undefined], ["many", undefined]]
      )
      assert.isFalse("description" in (tools.declarations[1] ?? {}))
      const parameters = tools.declarations[0]?.parametersJsonSchema
      assert.deepInclude(parameters, { required: ["of"] })
      assert.isUndefined(tools.scheduling("day"))
      assert.deepStrictEqual(
        yield* ran(tools, "day", { of: "2026-11-02T00:00:00.000Z" }),
        Result.succeed("2026-11-03T00:00:00.000Z")
      )
      assert.deepStrictEqual(yield* ran(tools, "late"), Result.fail("1970-01-01T00:00:00.000Z"))
      assert.deepStrictEqual(
        yield* ran(tools, "many", { of: "12345678901234567890" }),
        Result.succeed("12345678901234567890")
      )
      // The toolkit itself says what does not fit.
      assert.include(String(Result.getOrElse(Result.flip(yield* ran(tools, "day", { of: "soon" })), () => "")), "day")
      assert.deepStrictEqual(yield* ran(tools, "toString"), Result.fail("there is no function \"toString\""))
    }))

  it("are answered with the id where there is one, and with a schedule where it is set", () => {
    assert.deepStrictEqual(LiveTools.response({}, { a: 1 }), { name: "", response: { a: 1 } })
    assert.deepStrictEqual(LiveTools.response({ id: "", name: null }, {}), { name: "", response: {} })
    assert.deepStrictEqual(LiveTools.response({ id: "1", name: "f" }, {}, "SILENT"), {
      id: "1",
      name: "f",
      response: {},
      scheduling: "SILENT"
    })
  })
})

describe("sound", () => {
  it("is cut into pieces of a duration, the last one shorter, and none of nothing", () => {
    const sizes = (length: number, milliseconds?: number) =>
      Audio.chunks({ samples: new Int16Array(length), sampleRate: 1_000 }, milliseconds).map(({ length }) => length / 2)
    assert.deepStrictEqual([sizes(0), sizes(100), sizes(101), sizes(250)], [[], [100], [100, 1], [100, 100, 50]])
    assert.deepStrictEqual(sizes(3, 0), [1, 1, 1])
    assert.deepStrictEqual(sizes(3, 2), [2, 1])
  })

  it("of an answer has the rate that its first piece names, where that is one", () => {
    const rate = (mimeType: string) => Audio.ofMedia([{ mimeType, data: "AAEA" }])?.sampleRate
    assert.deepStrictEqual(
      ["rate=1", "rate=768000", "rate=768001", "rate=0", "x"].map((more) => rate(`audio/pcm;${more}`)),
      [1, 768_000, 24_000, 24_000, 24_000]
    )
    assert.isUndefined(rate("audio/pcmu"))
    assert.isUndefined(Audio.ofMedia([]))
    assert.deepStrictEqual(Audio.bytes({ data: "%%" }), new Uint8Array(0))
  })

  it("at another rate is what a sum over its neighbours says, clipped at the loudest", () => {
    const source = Int16Array.from({ length: 120 }, (_, i) => i % 40 < 20 ? 32_767 : -32_768)
    const sinc = (x: number) => x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
    for (const [from, to] of [[8_000, 24_000], [24_000, 16_000], [16_000, 16_000], [16_000, 8_000]] as const) {
      const cutoff = Math.min(1, to / from)
      const expected = Array.from({ length: Math.ceil(120 * to / from) }, (_, i) => {
        const place = i * from / to
        let sum = 0
        source.forEach((sample, j) => {
          const distance = (j - place) * cutoff
          if (Math.abs(distance) <= 16) {
            sum += sample * sinc(distance) * cutoff * (0.5 + 0.5 * Math.cos(Math.PI * distance / 16))
          }
        })
        return Math.max(-32_768, Math.min(32_767, Math.round(sum)))
      })
      const { sampleRate, samples } = Audio.resample({ samples: source, sampleRate: from }, to)
      assert.deepStrictEqual([sampleRate, samples.length], [to, expected.length])
      samples.forEach((sample, i) =>
        assert.closeTo(sample, expected[i] ?? NaN, from === to ? 0 : 1, `${from} ${to} ${i}`)
      )
      // Nothing is left to say twice.
      const resampler = new Audio.Resampler(from, to)
      const pieces = [...resampler.push(source), ...resampler.end()]
      assert.lengthOf(pieces, expected.length)
      assert.lengthOf(resampler.end(), 0)
    }
  })

  it("in the extensible form of a WAV file has its encoding where the chunk is long enough to have one", () => {
    const file = (size: number) => {
      const bytes = new Uint8Array(20 + size + 8 + 2)
      const view = new DataView(bytes.buffer)
      bytes.set(new TextEncoder().encode("RIFF"), 0)
      bytes.set(new TextEncoder().encode("WAVEfmt "), 8)
      view.setUint32(16, size, true)
      view.setUint16(20, 0xfffe, true)
      view.setUint16(22, 1, true)
      view.setUint32(24, 8_000, true)
      view.setUint16(34, 16, true)
      if (size >= 26) view.setUint16(44, 1, true)
      bytes.set(new TextEncoder().encode("data"), 20 + size)
      view.setUint32(24 + size, 2, true)
      view.setInt16(28 + size, 7, true)
      return Wav.read(bytes)
    }
    assert.deepStrictEqual(Result.getOrThrow(file(26)).samples, Int16Array.of(7))
    assert.deepStrictEqual(Result.getOrThrow(file(40)).samples, Int16Array.of(7))
    assert.deepStrictEqual(file(24), Result.fail("encoding 65534 with 16 bits is not PCM or float"))
  })
})
