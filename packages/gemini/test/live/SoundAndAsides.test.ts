/** The parts of a session that are only sums, at their bounds: the user's voice, what plays, and what is said again. */
import { assert, describe, it } from "@effect/vitest"
import type { ClientMessage } from "effect-gemini/live/LiveProtocol"
import * as Result from "effect/Result"
import { Asides } from "../../src/internal/live/Asides.ts"
import * as Playback from "../../src/internal/live/Playback.ts"
import * as TurnFold from "../../src/internal/live/TurnFold.ts"
import { Voice } from "../../src/internal/live/Voice.ts"
import * as Wav from "../../src/internal/live/wav.ts"

const samples = (...values: ReadonlyArray<number>) => new Uint8Array(Int16Array.from(values).buffer)

describe("the user's voice while a connection is left", () => {
  it("is what was sent just before, until three seconds have passed", () => {
    for (const [ago, left] of [[0, 3_000], [2_999, 3_000], [3_000, 0], [60_000, 0]] as const) {
      const voice = new Voice()
      voice.sounded(100_000 - ago, undefined)
      voice.listen(100_000, 20_000)
      assert.strictEqual(voice.left(100_000), left, `${ago}`)
    }
    const silent = new Voice()
    silent.listen(0, 20_000)
    assert.strictEqual(silent.left(0), 0)
  })

  it("is sound of a mean of at least 330, and what nobody can look into", () => {
    const heard = (pcm: Uint8Array | undefined) => {
      const voice = new Voice()
      voice.listen(0, 20_000)
      voice.sounded(1_000, pcm)
      return voice.left(1_000) > 0
    }
    assert.deepStrictEqual(
      [[330], [-330, 330], [0, 660], [32_767]].map((values) => heard(samples(...values))),
      [true, true, true, true]
    )
    assert.deepStrictEqual(
      [[329], [0, 659], [], [0, 0]].map((values) => heard(samples(...values))),
      Array(4).fill(false)
    )
    assert.isTrue(heard(undefined))
    // Half of a sample at the end says nothing.
    assert.isFalse(heard(Uint8Array.of(255)))
    assert.isTrue(heard(Uint8Array.of(...samples(400), 0)))
  })

  it("keeps the connection for three seconds after it, and no longer than it is listened to", () => {
    const voice = new Voice()
    voice.listen(0, 5_000)
    voice.sounded(1_000, samples(1_000))
    assert.deepStrictEqual([1_000, 3_999, 4_000, 9_000].map((now) => voice.left(now)), [3_000, 1, 0, 0])
    voice.sounded(4_999, samples(1_000))
    assert.strictEqual(voice.left(4_999), 1)
    // At the end itself nobody listens any more.
    const late = new Voice()
    late.listen(0, 5_000)
    late.sounded(5_000, undefined)
    late.sounded(6_000, undefined)
    late.active(true)
    assert.strictEqual(late.left(4_000), 1_000)
    late.active(false)
    assert.strictEqual(late.left(4_000), 0)
  })
})

describe("what plays", () => {
  const sound = (data: string, mimeType = "audio/pcm;rate=24000") => ({ inlineData: { data, mimeType } })

  it("has the rate that its type names, else 24 kHz", () => {
    const rates = ["audio/pcm;rate=16000", "audio/pcm; rate=8000", "audio/pcm", "audio/pcm;rate=0", "audio/pcm;rate=x"]
    assert.deepStrictEqual(rates.map(Playback.sampleRate), [16_000, 8_000, 24_000, 24_000, 24_000])
  })

  it("is as long as its samples, from the first of them, until the turn ends", () => {
    const playback = new Playback.Playback()
    assert.strictEqual(playback.left(0), 0)
    // 64 characters are 48 bytes and 24 samples: a millisecond of 24 kHz.
    playback.add([sound("A".repeat(64)), { text: "a" }, sound(""), sound("A".repeat(64), "image/png")], 100)
    assert.deepStrictEqual([100, 100.5, 101, 200].map((now) => playback.left(now)), [1, 0.5, 0, 0])
    playback.add([sound("A".repeat(64), "audio/pcm;rate=8000")], 150)
    assert.strictEqual(playback.left(100), 4)
    playback.reset()
    assert.strictEqual(playback.left(100), 0)
    playback.add([sound("A".repeat(64))], 300)
    assert.strictEqual(playback.left(300), 1)
  })

  it("a response is thrown away when the user speaks up only if it is sound alone", () => {
    const of = (parts: ReadonlyArray<object> | undefined, more: object = {}, rest: object = {}) =>
      TurnFold.isPlayback({ candidates: [{ ...(parts ? { content: { parts } } : {}), ...more }], ...rest })
    const pcm = sound("AA==")
    assert.isTrue(of([pcm]))
    assert.isTrue(of([pcm, sound("AA==", "audio/mp3")]))
    assert.deepStrictEqual(
      [
        of([]),
        of(undefined),
        of([pcm, { text: "a" }]),
        of([sound("", "image/png")]),
        of([pcm], { finishReason: "STOP" })
      ],
      Array(5).fill(false)
    )
    assert.isFalse(of([pcm], {}, { usageMetadata: {} }))
    assert.isFalse(TurnFold.isPlayback({ candidates: [] }))
  })
})

describe("a message of the server", () => {
  it("tells that the user was heard by words, by activity and by the signal of speech", () => {
    const heard = [
      { serverContent: { inputTranscription: { text: "a" } } },
      { serverContent: { interimInputTranscription: { text: "a" } } },
      { voiceActivity: { voiceActivityType: "ACTIVITY_START" } },
      { voiceActivityDetectionSignal: { vadSignalType: "VAD_SIGNAL_TYPE_SOS" } }
    ]
    const others = [
      {},
      { serverContent: { inputTranscription: { text: "" } } },
      { voiceActivity: { voiceActivityType: "ACTIVITY_END" } },
      { voiceActivityDetectionSignal: { vadSignalType: "VAD_SIGNAL_TYPE_EOS" } }
    ]
    assert.deepStrictEqual(heard.map(TurnFold.isSpeech), Array(4).fill(true))
    assert.deepStrictEqual(others.map(TurnFold.isSpeech), Array(4).fill(false))
  })

  it("tells that it answers by parts, words or their end", () => {
    const answers = [{ modelTurn: { parts: [{ text: "a" }] } }, { outputTranscription: {} }, {
      generationComplete: true
    }]
    const others = [undefined, null, {}, { modelTurn: { parts: [] } }, { generationComplete: false }, {
      turnComplete: true
    }]
    assert.deepStrictEqual(answers.map(TurnFold.isAnswer), [true, true, true])
    assert.deepStrictEqual(others.map(TurnFold.isAnswer), Array(6).fill(false))
  })

  it("becomes a response with what there is and nothing else", () => {
    const content = { role: "model", parts: [{ text: "a" }] }
    const response = (message: object, finishReason?: string) => TurnFold.response(message, "m", finishReason)
    assert.isUndefined(response({}))
    assert.isUndefined(response({ serverContent: { modelTurn: { role: "model", parts: [] } } }))
    assert.deepStrictEqual(response({ serverContent: { modelTurn: content } }), {
      candidates: [{ content }],
      modelVersion: "m"
    })
    assert.deepStrictEqual(response({ serverContent: { modelTurn: content } }, "STOP"), {
      candidates: [{ content, finishReason: "STOP" }],
      modelVersion: "m"
    })
    assert.deepStrictEqual(response({}, "STOP"), { candidates: [{ finishReason: "STOP" }], modelVersion: "m" })
    const groundingMetadata = { webSearchQueries: ["a"] }
    const urlContextMetadata = { urlMetadata: [] }
    assert.deepStrictEqual(response({ serverContent: { groundingMetadata } }), {
      candidates: [{ groundingMetadata }],
      modelVersion: "m"
    })
    assert.deepStrictEqual(response({ serverContent: { modelTurn: content, urlContextMetadata } }), {
      candidates: [{ content, urlContextMetadata }],
      modelVersion: "m"
    })
  })
})

describe("what was said without asking for an answer", () => {
  const message = (text: string): ClientMessage => ({ clientContent: { turns: [{ parts: [{ text }] }] } })
  const said = (...sizes: ReadonlyArray<number>) => {
    const asides = new Asides()
    sizes.forEach((bytes, at) => asides.add(message(`${at + 1}`), at + 1, bytes))
    return asides
  }
  const lost = (asides: Asides) => {
    const { resend, unacknowledged } = asides.lose()
    return [resend.map(({ index }) => index), unacknowledged]
  }

  it("is said again, up to a megabyte of it, the oldest left out first, one message whatever its size", () => {
    const half = 1 << 19
    assert.deepStrictEqual(lost(said(half, half)), [[1, 2], 0])
    assert.deepStrictEqual(lost(said(half, half, 1)), [[2, 3], 1])
    assert.deepStrictEqual(lost(said(1, half, half, 2 * half)), [[4], 3])
    assert.deepStrictEqual(lost(said(3 * half)), [[1], 0])
    assert.deepStrictEqual(lost(said(3 * half, 3 * half)), [[2], 1])
  })

  it("is forgotten once the server's state holds it, and its bytes with it", () => {
    const half = 1 << 19
    const asides = said(half, half)
    asides.update(1)
    asides.add(message("3"), 3, half)
    assert.deepStrictEqual(lost(asides), [[2, 3], 0])
    asides.update(3)
    assert.deepStrictEqual(lost(asides), [[], 0])
  })

  it("may be held by a handle that does not say so: then it is not said twice, and counted", () => {
    const asides = said(1, 1, 1)
    asides.answered(2)
    asides.update(undefined)
    asides.add(message("4"), 4, 1)
    assert.deepStrictEqual(lost(asides), [[4], 2])
    // What was said again waits for an answer of its own.
    asides.update(undefined)
    assert.deepStrictEqual(lost(asides), [[], 1])
  })

  it("counts what nobody can say again until an answer or a handle comes", () => {
    const asides = said()
    asides.count()
    asides.count()
    assert.deepStrictEqual(lost(asides), [[], 2])
    assert.deepStrictEqual(lost(asides), [[], 0])
    asides.count()
    asides.answered(undefined)
    assert.deepStrictEqual(lost(asides), [[], 0])
    asides.count()
    asides.update(5)
    assert.deepStrictEqual(lost(asides), [[], 0])
  })
})

describe("a WAV file", () => {
  const file = (change: (view: DataView) => void) => {
    const bytes = Wav.write(samples(100, -100), 8_000)
    change(new DataView(bytes.buffer))
    return Wav.read(bytes)
  }
  const wrong = (change: (view: DataView) => void) => Result.getOrElse(Result.flip(file(change)), () => "taken")

  it("without a channel or a rate is refused", () => {
    const words = "the fmt chunk says no channels or no rate"
    assert.strictEqual(wrong((view) => view.setUint16(22, 0, true)), words)
    assert.strictEqual(wrong((view) => view.setUint32(24, 0, true)), words)
    assert.strictEqual(wrong((view) => view.setUint16(22, 2, true)), "taken")
  })

  it("of PCM with 64 bits, or of floats with 16, is refused", () => {
    assert.strictEqual(wrong((view) => view.setUint16(34, 64, true)), "encoding 1 with 64 bits is not PCM or float")
    assert.strictEqual(wrong((view) => view.setUint16(20, 3, true)), "encoding 3 with 16 bits is not PCM or float")
    assert.strictEqual(wrong((view) => view.setUint16(20, 2, true)), "encoding 2 with 16 bits is not PCM or float")
  })

  it("that names more sound than it has gives what it has", () => {
    assert.deepStrictEqual(Result.getOrThrow(file((view) => view.setUint32(40, 1_000, true))), {
      samples: Int16Array.of(100, -100),
      sampleRate: 8_000
    })
    assert.deepStrictEqual(Result.getOrThrow(file((view) => view.setUint32(40, 2, true))).samples, Int16Array.of(100))
  })
})
