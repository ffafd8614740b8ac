import { assert, describe, it } from "@effect/vitest"
import * as Audio from "effect-gemini/live/Audio"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const tone = (hertz: number, sampleRate: number, seconds: number): Audio.Sound => ({
  sampleRate,
  samples: Int16Array.from(
    { length: Math.round(sampleRate * seconds) },
    (_, i) => Math.round(20_000 * Math.sin((2 * Math.PI * hertz * i) / sampleRate))
  )
})

/** Root mean square of what two sounds differ by, away from the edges. */
const difference = (a: Int16Array, b: Int16Array): number => {
  const from = 200
  const to = Math.min(a.length, b.length) - 200
  let sum = 0
  for (let i = from; i < to; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2
  return Math.sqrt(sum / (to - from))
}

describe("PCM16", () => {
  it("goes to bytes and back, at any offset", () => {
    const samples = Int16Array.of(0, 1, -1, 32_767, -32_768)
    const shifted = new Uint8Array(11)
    shifted.set(Audio.pcm(samples), 1)
    assert.deepStrictEqual(Audio.samples(shifted.subarray(1)), samples)
    assert.deepStrictEqual(Array.from(Audio.pcm(Int16Array.of(1, -2))), [1, 0, 254, 255])
    assert.strictEqual(Audio.samples(new Uint8Array(3)).length, 1)
  })

  it("is cut into chunks of so many milliseconds, of which none is lost", () => {
    const sound = tone(440, 16_000, 0.25)
    const chunks = Audio.chunks(sound, 100)
    assert.deepStrictEqual(chunks.map(({ length }) => length), [3200, 3200, 1600])
    assert.deepStrictEqual(chunks.flatMap((chunk) => Array.from(Audio.samples(chunk))), Array.from(sound.samples))
  })

  it("of an answer is all of its sound, in order, at its rate", () => {
    const blob = (samples: Int16Array, mimeType: string) => ({ mimeType, data: Base64.encode(Audio.pcm(samples)) })
    const media = [
      blob(Int16Array.of(1, 2), "audio/pcm;rate=24000"),
      { mimeType: "image/png", data: "AAAA" },
      blob(Int16Array.of(3), "audio/pcm;rate=24000")
    ]
    assert.deepStrictEqual(Audio.ofMedia(media), { samples: Int16Array.of(1, 2, 3), sampleRate: 24_000 })
    assert.isUndefined(Audio.ofMedia([]))
  })

  it("PCM is sound under each of its names, little-endian, at the rate that its type says", () => {
    const samples = Int16Array.of(1, -2, 300)
    const data = Base64.encode(Audio.pcm(samples))
    for (
      const [mimeType, sampleRate] of [
        ["audio/pcm", 24_000],
        ["audio/pcm;rate=16000", 16_000],
        ["audio/L16", 24_000],
        ["audio/L16;rate=16000", 16_000],
        ["audio/L16;codec=pcm;rate=24000", 24_000],
        ["audio/l16; codec=pcm; rate=8000", 8_000],
        ["AUDIO/PCM;Rate=48000", 48_000],
        ["audio/pcm;rate=0", 24_000],
        ["audio/pcm;rate=768000", 768_000],
        ["audio/pcm;rate=768001", 24_000],
        ["audio/pcm;bitrate=5", 24_000],
        [`audio/pcm;rate=${"9".repeat(400)}`, 24_000]
      ] as const
    ) {
      assert.deepStrictEqual(Audio.ofMedia([{ mimeType, data }]), { samples, sampleRate }, mimeType)
    }
    for (const mimeType of ["audio/pcmu", "audio/L24;rate=24000", "audio/mp3", "video/L16", "", null]) {
      assert.isUndefined(Audio.ofMedia([{ mimeType, data }]), String(mimeType))
    }
  })
})

/** A WAV file by hand. */
const wav = (encoding: number, channels: number, bits: number, data: Uint8Array, extra = new Uint8Array(0)) => {
  const size = 16 + extra.length
  const file = new Uint8Array(12 + 8 + size + 8 + 3 + 1 + 8 + data.length)
  const view = new DataView(file.buffer)
  const put = (at: number, text: string) => [...text].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)))
  put(0, "RIFF")
  put(8, "WAVEfmt ")
  view.setUint32(16, size, true)
  view.setUint16(20, encoding, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, 8000, true)
  view.setUint16(34, bits, true)
  file.set(extra, 36)
  // A chunk of odd length, which is padded.
  const list = 20 + size
  put(list, "LIST")
  view.setUint32(list + 4, 3, true)
  put(list + 12, "data")
  view.setUint32(list + 16, data.length, true)
  file.set(data, list + 20)
  return file
}

describe("WAV", () => {
  it.effect.prop("what was written is read", { samples: Schema.Array(Schema.Int) }, ({ samples }) =>
    Effect.sync(() => {
      const sound = { samples: Int16Array.from(samples), sampleRate: 24_000 }
      assert.deepStrictEqual(Result.getOrThrow(Audio.fromWav(Audio.toWav(sound))), sound)
    }))

  it("8, 16, 24 and 32 bits, floats, stereo and the extensible form are read", () => {
    const read = (file: Uint8Array) => Array.from(Result.getOrThrow(Audio.fromWav(file)).samples)
    assert.deepStrictEqual(read(wav(1, 1, 8, Uint8Array.of(128, 255, 0))), [0, 32_512, -32_768])
    assert.deepStrictEqual(read(wav(1, 2, 16, Audio.pcm(Int16Array.of(100, 300, -4, -8)))), [200, -6])
    assert.deepStrictEqual(read(wav(1, 1, 24, Uint8Array.of(0, 0, 0x40, 0, 0, 0xc0))), [16_384, -16_384])
    assert.deepStrictEqual(read(wav(1, 1, 32, Uint8Array.of(0, 0, 0, 0x40))), [16_384])
    assert.deepStrictEqual(read(wav(3, 1, 32, new Uint8Array(Float32Array.of(0.5, -2).buffer))), [16_384, -32_768])
    const extra = new Uint8Array(24)
    extra[8] = 1
    assert.deepStrictEqual(read(wav(0xfffe, 1, 16, Audio.pcm(Int16Array.of(7)), extra)), [7])
  })

  it("a file that is not WAV says why, whatever is cut off", () => {
    const reason = (file: Uint8Array) =>
      Result.match(Audio.fromWav(file), { onFailure: (why) => why, onSuccess: () => "" })
    assert.include(reason(new Uint8Array(4)), "RIFF")
    assert.include(reason(wav(6, 1, 8, new Uint8Array(2))), "encoding 6")
    const whole = Audio.toWav(tone(440, 8000, 0.01))
    for (let length = 0; length < whole.length; length++) Audio.fromWav(whole.subarray(0, length))
    assert.include(reason(whole.subarray(0, 36)), "no data chunk")
  })
})

describe("resampling", () => {
  it("keeps a tone that both rates can carry", () => {
    for (
      const [from, to] of [[24_000, 16_000], [16_000, 24_000], [48_000, 16_000], [44_100, 16_000], [
        8_000,
        16_000
      ]] as const
    ) {
      const resampled = Audio.resample(tone(440, from, 0.5), to)
      assert.strictEqual(resampled.sampleRate, to)
      assert.strictEqual(resampled.samples.length, to / 2, `${from} to ${to}`)
      assert.isBelow(difference(resampled.samples, tone(440, to, 0.5).samples), 20, `${from} to ${to}`)
    }
  })

  it("takes away what the lower rate cannot carry, instead of folding it down", () => {
    const { samples } = Audio.resample(tone(11_000, 24_000, 0.5), 16_000)
    assert.isBelow(difference(samples, new Int16Array(samples.length)), 100)
  })

  it.effect.prop("does not depend on where the pieces were cut", {
    cuts: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 700 })))
  }, ({ cuts }) =>
    Effect.sync(() => {
      const sound = tone(700, 24_000, 0.05)
      const whole = Audio.resample(sound, 16_000)
      const resampler = new Audio.Resampler(24_000, 16_000)
      const out: Array<number> = []
      let at = 0
      for (const cut of [...cuts, sound.samples.length]) {
        out.push(...resampler.push(sound.samples.subarray(at, at + cut)))
        at += cut
      }
      out.push(...resampler.end())
      assert.deepStrictEqual(out, Array.from(whole.samples))
    }))
})
