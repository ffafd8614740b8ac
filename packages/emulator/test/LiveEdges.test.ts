/**
 * A Live session at its edges: what the judge of messages takes, when somebody speaks, how much is counted, what a close
 * frame has room for, and at which message a fault comes. Whole sessions stay what they were: messages/live.txt.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as LiveLog from "effect-gemini-emulator/LiveLog"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { createHash } from "node:crypto"
import { expect } from "vitest"
import * as Dice from "../src/internal/Dice.ts"
import * as Ears from "../src/internal/live/ears.ts"
import * as Judge from "../src/internal/live/messageJudge.ts"
import * as Outbox from "../src/internal/live/outbox.ts"
import * as Spoken from "../src/internal/live/spokenReply.ts"
import * as Transcripts from "../src/internal/live/transcripts.ts"
import * as Vad from "../src/internal/live/vad.ts"
import { ask, connect, live25, live38, robot } from "./LiveWire.ts"

const general = "Request contains an invalid argument."
const row = (name: string) => ModelTable.get(ModelTable.current, name, 0)

describe("the judge of messages", () => {
  it("closes with 1007 what is wrong, with 1008 what is barred, and with 1011 the rest", () => {
    const codes = [400, 401, 403, 404, 429, 500, 503].map((status) => Judge.closeCode({ status }))
    assert.deepStrictEqual(codes, [1007, 1008, 1008, 1008, 1011, 1011, 1011])
  })

  const unsupported: ReadonlyArray<readonly [string, string]> = [
    ["responseLogprobs", "response_logprobs"],
    ["logprobs", "logprobs"],
    ["responseMimeType", "response_mime_type"],
    ["responseSchema", "response_schema"],
    ["responseJsonSchema", "response_json_schema"],
    ["responseFormat", "response_format"],
    ["stopSequences", "stop_sequences"]
  ]
  it.each(unsupported)("takes no %s in a setup, and takes it where it is null", (name, snake) => {
    const said = Judge.setup({ generationConfig: { [name]: 1 } }, undefined)
    assert.strictEqual(said, `${snake} is not supported in the live api.`)
    assert.isUndefined(Judge.setup({ generationConfig: { [name]: null } }, undefined))
  })

  const declare = (...functionDeclarations: ReadonlyArray<object>) => ({ tools: [{ functionDeclarations }] })
  const setups: ReadonlyArray<readonly [title: string, setup: Record<string, unknown>, model: string, said?: string]> =
    [
      ["nothing", {}, robot],
      ["one modality", { generationConfig: { responseModalities: ["AUDIO"] } }, live38],
      ["two modalities", { generationConfig: { responseModalities: ["AUDIO", "TEXT"] } }, robot, general],
      ["text of a model that speaks alone", { generationConfig: { responseModalities: ["TEXT"] } }, live25, general],
      ["text of a model that writes", { generationConfig: { responseModalities: ["TEXT"] } }, robot],
      ["several speakers", { generationConfig: { speechConfig: { multiSpeakerVoiceConfig: {} } } }, live25, general],
      ["one speaker", { generationConfig: { speechConfig: { voiceConfig: {} } } }, live25],
      ["an instruction in words", { systemInstruction: { parts: [{ text: "a" }, { text: "b" }] } }, robot],
      [
        "an instruction that is a picture",
        { systemInstruction: { parts: [{ text: "a" }, { inlineData: {} }] } },
        robot,
        general
      ],
      ["two functions", declare({ name: "a" }, { name: "b" }), robot],
      ["one name twice", declare({ name: "a" }, { name: "a" }), robot, "Duplicate function declaration found: a"],
      ["a behaviour that says nothing", declare({ name: "a", behavior: "UNSPECIFIED" }), live38]
    ]
  for (const [title, setup, model, said] of setups) {
    it(`a setup with ${title}`, () => {
      assert.strictEqual(Judge.setup(setup, row(model)), said)
    })
  }

  it("takes a behaviour that the model has, and refuses one that it has not", () => {
    const withBehaviors = ModelTable.current.rows.filter((each) => each.live?.behaviors !== undefined)
    assert.isAbove(withBehaviors.length, 0)
    for (const each of withBehaviors) {
      for (const behavior of ["BLOCKING", "NON_BLOCKING"]) {
        const said = Judge.setup(declare({ name: "a", behavior }), each)
        const has: ReadonlyArray<string> = each.live?.behaviors ?? []
        assert.strictEqual(said, has.includes(behavior) ? undefined : general, `${each.model.name} ${behavior}`)
      }
    }
  })

  it("a call holds its turn up unless it says, or the model's calls do, that it does not", () => {
    const blocks = (behavior: string | undefined, model: string) =>
      Judge.isBlocking(declare({ name: "a", ...(behavior === undefined ? {} : { behavior }) }), row(model), "a")
    for (const model of [robot, live25, live38]) {
      const standard = row(model)?.live?.defaultBehavior !== "NON_BLOCKING"
      assert.deepStrictEqual(
        [
          blocks("BLOCKING", model),
          blocks("NON_BLOCKING", model),
          blocks("UNSPECIFIED", model),
          blocks(undefined, model)
        ],
        [true, false, standard, standard]
      )
    }
  })

  const audio = { mimeType: "Audio/PCM" }
  const video = { mimeType: "image/png" }
  const inputs: ReadonlyArray<
    readonly [title: string, input: Record<string, unknown>, automatic: boolean, manual: boolean]
  > = [
    ["sound and a picture", { audio, video }, true, true],
    ["nulls", { audio: null, video: null, activityStart: null, activityEnd: null }, true, true],
    ["a picture for sound", { audio: video }, false, false],
    ["sound for a picture", { video: audio }, false, false],
    ["sound of no kind", { audio: {} }, false, false],
    ["chunks of either", { mediaChunks: [audio, video] }, true, true],
    ["a chunk of neither", { mediaChunks: [audio, { mimeType: "text/plain" }] }, false, false],
    ["the end of the stream", { audioStreamEnd: true }, true, false],
    ["no end of the stream", { audioStreamEnd: false }, true, true],
    ["the start of activity", { activityStart: {} }, false, true],
    ["the end of activity", { activityEnd: {} }, false, true],
    ["words", { text: "a" }, true, true]
  ]
  it.each(inputs)("an input with %s", (_, input, automatic, manual) => {
    assert.strictEqual(Judge.realtimeInput(input, false), automatic ? undefined : general)
    assert.strictEqual(Judge.realtimeInput(input, true), manual ? undefined : general)
  })
})

/** So many milliseconds of a level, as 16-bit samples at 1000 a second. */
const sound = (level: number, millis: number) => {
  const out = Buffer.alloc(2 * millis)
  for (let i = 0; i < millis; i++) out.writeInt16LE(i % 2 === 0 ? level : Math.min(32_767, -level), 2 * i)
  return out
}

describe("whether somebody speaks", () => {
  const settings: Vad.Settings = { threshold: 500, prefix: 40, silence: 100 }
  const start = { _tag: "Start" } as const
  const end = (millis: number) => ({ _tag: "End", millis }) as const

  it("begins at the level itself, not below it, when it has lasted", () => {
    assert.deepStrictEqual(Vad.make(settings, 1000).push(sound(499, 400)), [])
    assert.deepStrictEqual(Vad.make(settings, 1000).push(sound(500, 400)), [start])
    assert.deepStrictEqual(Vad.make(settings, 1000).push(sound(-32_768, 400)), [start])
    for (const [millis, begun] of [[20, false], [39, false], [40, true], [60, true]] as const) {
      const vad = Vad.make(settings, 1000)
      vad.push(sound(1000, millis))
      assert.strictEqual(vad.isSpeaking(), begun, `${millis}`)
    }
    const broken = Vad.make(settings, 1000)
    assert.deepStrictEqual(broken.push(Buffer.concat([sound(1000, 20), sound(0, 20), sound(1000, 20)])), [])
    assert.deepStrictEqual(Vad.make({ ...settings, prefix: 0 }, 1000).push(sound(1000, 20)), [start])
  })

  it("ends when it was quiet for so long, and that silence is not counted", () => {
    const vad = Vad.make(settings, 1000)
    vad.push(sound(1000, 200))
    assert.strictEqual(vad.spoken(), 200)
    assert.deepStrictEqual(vad.push(sound(0, 80)), [])
    assert.strictEqual(vad.spoken(), 200)
    vad.push(sound(1000, 20))
    assert.strictEqual(vad.spoken(), 300)
    assert.deepStrictEqual(vad.push(sound(0, 80)), [])
    assert.deepStrictEqual(vad.push(sound(0, 20)), [end(300)])
    assert.isFalse(vad.isSpeaking())
    assert.strictEqual(vad.spoken(), 0)
    // The next speech begins anew.
    assert.deepStrictEqual(vad.push(sound(1000, 20)), [])
    assert.deepStrictEqual(vad.push(sound(1000, 20)), [start])
    assert.strictEqual(vad.spoken(), 40)
  })

  it("says the same however the bytes are cut, and forgets a torn frame when the sound pauses", () => {
    const bytes = Buffer.concat([sound(0, 40), sound(900, 130), sound(0, 150), sound(700, 60), sound(0, 120)])
    const whole = Vad.make(settings, 1000).push(bytes)
    assert.deepStrictEqual(whole, [start, end(130 + 10), start, end(60 + 10 - 10)])
    for (const size of [1, 3, 7, 39, 41]) {
      const vad = Vad.make(settings, 1000)
      const edges = []
      for (let at = 0; at < bytes.length; at += size) edges.push(...vad.push(bytes.subarray(at, at + size)))
      assert.deepStrictEqual(edges, whole, `${size}`)
    }
    const vad = Vad.make(settings, 1000)
    assert.deepStrictEqual(vad.flush(), [])
    vad.push(sound(1000, 119))
    assert.deepStrictEqual(vad.flush(), [end(100)])
    assert.deepStrictEqual(vad.flush(), [])
    // What was torn before the pause makes no frame with what comes behind it.
    vad.push(sound(1000, 39).subarray(0, 77))
    assert.deepStrictEqual(vad.flush(), [])
    assert.deepStrictEqual(vad.push(sound(1000, 39)), [])
    assert.deepStrictEqual(vad.push(sound(1000, 1)), [start])
  })
})

describe("what is heard", () => {
  const pcm = (level: number, millis: number, rate = 1000) => ({
    mimeType: `audio/pcm;rate=${rate}`,
    data: sound(level, millis).toString("base64")
  })
  /** Everything that is told of these inputs. */
  const told = (inputs: ReadonlyArray<Record<string, unknown>>, config: object = {}, setup: object = {}) => {
    const events: Array<unknown> = []
    const ears = Ears.make({
      setup: { realtimeInputConfig: config, ...setup },
      transcripts: Transcripts.make({ inputAudioTranscription: {}, realtimeInputConfig: config, ...setup }, {}),
      turn: () => 0,
      onActivity: Effect.sync(() => void events.push("activity")),
      onTranscript: (name, transcript) => Effect.sync(() => void events.push([name, transcript])),
      onTurn: (content, tokens, typed) => Effect.sync(() => void events.push({ content, tokens, typed })),
      refuse: (reason) => Effect.sync(() => void events.push({ refused: reason }))
    })
    return Effect.as(Effect.forEach(inputs, (input) => ears.hear(input), { discard: true }), events)
  }
  const manual = { automaticActivityDetection: { disabled: true } }
  const turns = (events: ReadonlyArray<unknown>) =>
    events.filter((each) => typeof each === "object" && each !== null && "content" in each)

  it.effect("words are a turn of their own, and pictures before them count in it once", () =>
    Effect.gen(function*() {
      const picture = { mimeType: "image/png", data: "" }
      const events = yield* told([{ video: picture }, { mediaChunks: [picture] }, { text: "Hi there" }, {
        text: "Bye"
      }])
      assert.deepStrictEqual(events, [
        "activity",
        { content: { role: "user", parts: [{ text: "Hi there" }] }, tokens: { TEXT: 2, VIDEO: 516 }, typed: true },
        "activity",
        { content: { role: "user", parts: [{ text: "Bye" }] }, tokens: { TEXT: 1 }, typed: true }
      ])
    }))

  it.effect("between start and end of activity all sound is speech, and before and behind it none is", () =>
    Effect.gen(function*() {
      const events = yield* told([
        { audio: pcm(0, 500) },
        { activityStart: {} },
        { audio: pcm(0, 400) },
        { text: "Aside" },
        { audio: pcm(0, 600) },
        { activityEnd: {} },
        { audio: pcm(0, 500) },
        { activityEnd: {} },
        { text: "Typed" },
        { activityStart: {} },
        { audio: pcm(0, 200) },
        { activityEnd: {} }
      ], manual)
      assert.deepStrictEqual(turns(events).map((each) => Object(each).tokens), [
        { TEXT: 2, AUDIO: 25 },
        { TEXT: 2 },
        { AUDIO: 5 }
      ])
      assert.strictEqual(events.filter((each) => each === "activity").length, 3)
    }))

  it.effect("speech ends by silence or when the sound pauses; sensitivities move its bounds", () =>
    Effect.gen(function*() {
      const spoken = (level: number, quiet: number, detection: object = {}) =>
        Effect.map(
          told([{ audio: pcm(level, 200) }, { audio: pcm(0, quiet) }], { automaticActivityDetection: detection }),
          (events) => [events.includes("activity"), turns(events).length]
        )
      assert.deepStrictEqual(yield* spoken(500, 780), [true, 0])
      assert.deepStrictEqual(yield* spoken(500, 800), [true, 1])
      assert.deepStrictEqual(yield* spoken(499, 800), [false, 0])
      const low = { startOfSpeechSensitivity: "START_SENSITIVITY_LOW", endOfSpeechSensitivity: "END_SENSITIVITY_LOW" }
      assert.deepStrictEqual(yield* spoken(1499, 1500, low), [false, 0])
      assert.deepStrictEqual(yield* spoken(1500, 1480, low), [true, 0])
      assert.deepStrictEqual(yield* spoken(1500, 1500, low), [true, 1])
      assert.deepStrictEqual(yield* spoken(500, 200, { silenceDurationMs: 200 }), [true, 1])
      assert.deepStrictEqual(yield* spoken(500, 180, { silenceDurationMs: 200 }), [true, 0])
      assert.deepStrictEqual(yield* spoken(500, 0, { prefixPaddingMs: 220 }), [false, 0])
      assert.deepStrictEqual(yield* spoken(500, 0, { prefixPaddingMs: 200 }), [true, 0])
      const paused = yield* told([{ audio: pcm(900, 200) }, { audioStreamEnd: true }, { audioStreamEnd: true }])
      assert.deepStrictEqual(turns(paused).map((each) => Object(each).tokens), [{ AUDIO: 5 }])
    }))

  it.effect("where it does not interrupt, no activity is told", () =>
    Effect.gen(function*() {
      const quiet = { activityHandling: "NO_INTERRUPTION" }
      assert.notInclude(yield* told([{ text: "Hi" }, { audio: pcm(900, 200) }], quiet), "activity")
    }))

  it.effect("a rate that changes is refused, and so is what the judge does not take", () =>
    Effect.gen(function*() {
      const events = yield* told([{ audio: pcm(0, 20) }, { audio: pcm(0, 20) }, { audio: pcm(0, 20, 2000) }, {
        activityEnd: {}
      }])
      assert.deepStrictEqual(events, [
        { refused: "Sample rate changed from previously 1000 to 2000, which is not supported." },
        { refused: general }
      ])
    }))
})

describe("a close frame", () => {
  it("has room for 123 bytes, and no character is cut through", () => {
    for (const length of [0, 122, 123]) assert.strictEqual(Outbox.cut("a".repeat(length)), "a".repeat(length))
    assert.strictEqual(Outbox.cut("a".repeat(124)), "a".repeat(123))
    assert.strictEqual(Outbox.cut(`${"a".repeat(121)}é`), `${"a".repeat(121)}é`)
    assert.strictEqual(Outbox.cut(`${"a".repeat(122)}é`), "a".repeat(122))
    assert.strictEqual(Outbox.cut(`${"a".repeat(120)}€x`), `${"a".repeat(120)}€`)
    assert.strictEqual(Outbox.cut(`${"a".repeat(121)}€`), "a".repeat(121))
  })
})

/** An outbox over nothing, and what went over it. */
const wired = (fault?: Fault.Fault) => {
  const went: Array<unknown> = []
  let isReading = true
  let ended = 0
  const log = LiveLog.make()
  const entry = log.add({
    time: 0,
    path: "/",
    space: "default",
    project: "default",
    region: "global",
    apiMethod: "bidiGenerateContent",
    version: "v1beta",
    headers: {}
  })
  const outbox = Outbox.make({
    carrier: {
      send: ({ data, fragments }) =>
        Effect.sync(() => {
          const text = typeof data === "string" ? data : new TextDecoder().decode(data)
          const n = /"n": (\d+)/.exec(text)?.[1]
          went.push(
            `${n ?? text}${typeof data === "string" && n !== undefined ? " as text" : ""}${
              fragments === 1 ? "" : ` in ${fragments}`
            }`
          )
        }),
      close: (code, reason) => {
        if (code === 1006) throw new Error("no frame can carry it")
        went.push(["close", code, reason])
      },
      destroy: (how) => void went.push(how),
      reading: (on) => {
        isReading = on
      }
    },
    log,
    entry,
    now: () => 5,
    ended: () => void ended++
  })
  outbox.fault = fault
  return { outbox, went, log, isReading: () => isReading, ended: () => ended }
}

/** Opens, sets up with one message, and says two turns of three messages. */
const play = Effect.fnUntraced(function*(fault?: Fault.Fault, broken?: Fault.Fault) {
  const wire = wired(fault)
  const { outbox } = wire
  const fiber = yield* Effect.forkChild(Effect.gen(function*() {
    yield* outbox.at("open")
    yield* outbox.at("setup")
    yield* outbox.send({ n: 1 })
    for (const turn of [1, 2]) {
      outbox.turnBegins()
      if (turn === 1 && broken !== undefined) outbox.breakTurn(broken)
      for (const n of [1, 2, 3]) yield* outbox.say({ n: 10 * turn + n })
      yield* outbox.send({ n: 10 * turn + 9 })
      outbox.turnEnds()
      yield* outbox.at("idle")
    }
  }))
  yield* TestClock.adjust("1 second")
  const isOver = fiber.pollUnsafe() !== undefined
  yield* Fiber.interrupt(fiber)
  return { ...wire, isOver }
})

const everything = ["1", "11", "12", "13", "19", "21", "22", "23", "29"]
const until = (last: string) => everything.slice(0, everything.indexOf(last) + 1)

describe("a fault of a Live connection", () => {
  const closed = ["close", 1008, "why"] as const
  const close = (more: object = {}) => ({ close: { code: 1008, reason: "why", ...more } })
  const table: ReadonlyArray<readonly [title: string, fault: Fault.Fault, went: ReadonlyArray<unknown>]> = [
    ["none", {}, everything],
    ["closes at once", close(), [closed]],
    ["closes after no message", close({ chunks: 0 }), [closed]],
    ["closes after one message", close({ chunks: 1 }), [...until("1"), closed]],
    ["closes after four", close({ chunks: 4 }), [...until("13"), closed]],
    ["closes after more than there are", close({ chunks: 10 }), everything],
    ["closes at the setup", close({ at: "setup" }), [closed]],
    ["closes in a turn", close({ at: "turn" }), [...until("11"), closed]],
    ["closes in a turn after two", close({ at: "turn", chunks: 2 }), [...until("12"), closed]],
    ["closes in a turn after more than it has", close({ at: "turn", chunks: 4 }), everything],
    ["closes when it is idle", close({ at: "idle" }), [...until("19"), closed]],
    ["closes when it is idle behind the second turn", close({ at: "idle", chunks: 2 }), [...until("29"), closed]],
    ["closes without a reason", { close: { code: 1000 } }, [["close", 1000, ""]]],
    ["closes with a code that no frame carries", { close: { code: 1006, at: "turn" } }, [...until("11"), "cut"]],
    ["cuts", { cut: { chunks: 2 } }, [...until("11"), "cut"]],
    ["resets", { reset: { at: "turn", chunks: 3 } }, [...until("13"), "reset"]],
    ["says garbage, and goes on", { garbage: { text: "?!", chunks: 2 } }, [
      ...until("11"),
      "?!",
      ...everything.slice(2)
    ]],
    ["stalls for a while", { stall: { millis: 1000, chunks: 1 } }, everything],
    ["stalls for longer", { stall: { millis: 1001, chunks: 1 } }, until("1")],
    ["stalls for ever", { stall: { chunks: 2 } }, until("11")],
    ["writes text", { textFrames: true }, everything.map((n) => `${n} as text`)],
    ["cuts frames into three", { fragments: 3 }, everything.map((n) => `${n} in 3`)]
  ]
  for (const [title, fault, went] of table) {
    it.effect(title, () =>
      Effect.gen(function*() {
        const played = yield* play(fault)
        assert.deepStrictEqual(played.went, went)
        const isClosed = typeof went.at(-1) !== "string" || ["cut", "reset"].includes(String(went.at(-1)))
        assert.strictEqual(played.ended(), isClosed ? 1 : 0)
        assert.isTrue(played.isReading())
        const [entry] = played.log.entries()
        assert.strictEqual(
          entry?.closedBy,
          !isClosed ? undefined : typeof went.at(-1) === "string" && !("close" in fault) ? "network" : "server"
        )
        assert.strictEqual(entry?.closedAt, isClosed ? 5 : undefined)
      }))
  }

  it.effect("half-open reads no more, and says nothing", () =>
    Effect.gen(function*() {
      const played = yield* play({ halfOpen: { at: "turn", chunks: 2 } })
      assert.deepStrictEqual(played.went, until("12"))
      assert.isFalse(played.isReading())
      assert.isFalse(played.isOver)
      assert.deepStrictEqual((yield* play({ halfOpen: false })).went, everything)
      assert.deepStrictEqual((yield* play({ halfOpen: true })).went, [])
    }))

  it.effect("of a turn counts that turn's messages, and the next turn is whole", () =>
    Effect.gen(function*() {
      const broken = (fault: Fault.Fault, of?: Fault.Fault) => Effect.map(play(of, fault), ({ went }) => went)
      assert.deepStrictEqual(yield* broken({ cut: { chunks: 2 } }), [...until("12"), "cut"])
      assert.deepStrictEqual(yield* broken({ cut: { at: "turn", chunks: 3 } }), [...until("13"), "cut"])
      assert.deepStrictEqual(yield* broken({ reset: true }), [...until("11"), "reset"])
      assert.deepStrictEqual(yield* broken({ halfOpen: true }), until("11"))
      assert.deepStrictEqual(
        yield* broken({ textFrames: true }),
        everything.map((n) => n.startsWith("1") && n !== "1" ? `${n} as text` : n)
      )
      assert.deepStrictEqual(yield* broken({ garbage: { text: "?!" } }), [...until("11"), "?!", ...everything.slice(2)])
      // Behind the turn the connection's own fault counts on.
      const own: Fault.Fault = { close: { code: 1008, reason: "why", at: "idle", chunks: 2 } }
      assert.deepStrictEqual(yield* broken({ garbage: { text: "?!" } }, own), [
        ...until("11"),
        "?!",
        ...everything.slice(2),
        closed
      ])
    }))

  it.effect("is over when the connection is closed: nothing is sent, and the first end counts", () =>
    Effect.gen(function*() {
      const { ended, log, outbox, went } = wired()
      outbox.close(1000, "x".repeat(200))
      outbox.close(1011, "again")
      outbox.drop()
      yield* outbox.send({ n: 1 })
      yield* outbox.at("open")
      assert.deepStrictEqual(went, [["close", 1000, "x".repeat(123)]])
      assert.strictEqual(ended(), 1)
      assert.strictEqual(log.entries()[0]?.code, 1000)
      const dropped = wired()
      dropped.outbox.drop()
      assert.deepStrictEqual(dropped.went, ["cut"])
      assert.deepStrictEqual([dropped.log.entries()[0]?.code, dropped.log.entries()[0]?.closedBy], [1006, "network"])
    }))
})

describe("what is counted of a turn", () => {
  it("words, speech, calls, thoughts, and the numbers that were given in their place", () => {
    const prompt = { TEXT: 3, AUDIO: 0 }
    const nothing = Spoken.nothing()
    assert.deepStrictEqual(Spoken.usage(prompt, nothing), {
      promptTokenCount: 3,
      totalTokenCount: 3,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 3 }]
    })
    assert.deepStrictEqual(Spoken.usage(prompt, { ...nothing, text: "one two", thoughtTokens: 7 }), {
      promptTokenCount: 3,
      responseTokenCount: 2,
      totalTokenCount: 5,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 3 }],
      responseTokensDetails: [{ modality: "TEXT", tokenCount: 2 }],
      thoughtsTokenCount: 7
    })
    const calls = [{ id: "a", name: "b", args: {} }]
    const spoken = Spoken.usage(prompt, { ...nothing, text: "one two", audioMillis: 1001, calls })
    assert.deepStrictEqual(
      Object(spoken).responseTokensDetails.map(({ modality }: { modality: string }) => modality).toSorted(),
      ["AUDIO", "TEXT"]
    )
    assert.isAbove(Number(spoken["responseTokenCount"]), 26)
    assert.deepStrictEqual([0, 1, 40, 41, 1000, 1001].map(Spoken.audioTokens), [0, 1, 1, 2, 25, 26])
    const usage = {
      promptTokenCount: 10,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 5,
      cachedContentTokenCount: 4,
      toolUsePromptTokenCount: 3
    }
    assert.deepStrictEqual(Spoken.usage(prompt, { ...nothing, usage }), {
      promptTokenCount: 10,
      responseTokenCount: 20,
      totalTokenCount: 33,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 10 }],
      responseTokensDetails: [{ modality: "TEXT", tokenCount: 20 }],
      thoughtsTokenCount: 5,
      cachedContentTokenCount: 4,
      toolUsePromptTokenCount: 3
    })
    assert.strictEqual(
      Spoken.usage(prompt, { ...nothing, usage: { ...usage, totalTokenCount: 1 } })["totalTokenCount"],
      1
    )
  })

  it("a scripted turn is spoken where it is words, and goes out as it is where it is messages", () => {
    const voice = { audio: false, transcribe: false, millisPerWord: 100, nextId: () => "new" }
    const said = Spoken.nothing()
    const call = { toolCall: { functionCalls: [{ id: "x", name: "f", args: { a: 1 } }, { name: "g" }] } }
    const messages = [
      ...Spoken.scripted({ chunks: ["one two three four five six seven", call] }, said, voice, Dice.make(""))
    ]
    assert.deepStrictEqual(messages.map((each) => Spoken.partsOf(each)), [
      [{ text: "one two three four five six " }],
      [{ text: "seven" }],
      [{ functionCall: { id: "x", name: "f", args: { a: 1 } } }, { functionCall: { name: "g" } }]
    ])
    assert.strictEqual(said.text, "one two three four five six seven")
    assert.deepStrictEqual(said.calls, [{ id: "x", name: "f", args: { a: 1 } }, { id: "", name: "g", args: undefined }])
    assert.deepStrictEqual([...Spoken.scripted({}, said, voice, Dice.make(""))], [])
    assert.deepStrictEqual([...Spoken.scripted({ text: "" }, said, voice, Dice.make(""))], [])
    assert.strictEqual([...Spoken.scripted({ text: "  " }, said, voice, Dice.make(""))].length, 1)
    const spoken = Spoken.nothing()
    const loud = [
      ...Spoken.scripted({ text: "one two three" }, spoken, { ...voice, audio: true, transcribe: true }, Dice.make(""))
    ]
    assert.deepStrictEqual(loud.map((each) => Object.keys(Object(each["serverContent"]))[0]), [
      "outputTranscription",
      "modelTurn",
      "outputTranscription",
      "modelTurn"
    ])
    assert.strictEqual(spoken.audioMillis, 300)
  })
})

const tools = [{
  functionDeclarations: [{
    name: "get_weather",
    description: "The weather of a city",
    parametersJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
  }]
}]

describe("a session", () => {
  it.effect("stays what it was, message by message", () =>
    Effect.gen(function*() {
      const report: Array<string> = []
      const told = (title: string, messages: ReadonlyArray<unknown>) =>
        report.push(`# ${title}\n${
          messages.map((each) =>
            JSON.stringify(each).replaceAll(
              /[\w+/=-]{60,}/g,
              (bytes) => `<${bytes.length}: ${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}>`
            )
          ).join("\n")
        }\n`)
      const text = yield* connect()
      told("the setup", [text.first])
      for (
        const words of ["Hello", "emulator:words 12", "emulator:recall", "emulator:finish MAX_TOKENS", "emulator:empty"]
      ) {
        yield* text.send(ask(words))
        told(words, yield* text.turn)
      }
      const speaking = yield* connect({
        model: live38,
        generationConfig: { responseModalities: ["AUDIO"] },
        outputAudioTranscription: {},
        inputAudioTranscription: {},
        sessionResumption: {}
      })
      told("the setup of one that speaks", [speaking.first])
      yield* speaking.send({ realtimeInput: { text: "Tell me of Oslo" } })
      told("Tell me of Oslo", yield* speaking.turn)
      const calling = yield* connect({
        tools,
        generationConfig: { responseModalities: ["TEXT"], thinkingConfig: { includeThoughts: true } }
      })
      yield* calling.send(ask("The weather in Oslo: get_weather"))
      const before = yield* calling.until(({ toolCall }) => toolCall !== undefined)
      told("a call", before)
      const id = before.at(-1)?.toolCall?.functionCalls[0]?.id
      yield* calling.send({
        toolResponse: { functionResponses: [{ id, name: "get_weather", response: { celsius: 7 } }] }
      })
      told("its answer", yield* calling.turn)
      yield* Effect.promise(() => expect(report.join("\n")).toMatchFileSnapshot("./messages/live.txt"))
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerWebSocketConstructor({ calls: "likely", values: "likely" }))))
})
