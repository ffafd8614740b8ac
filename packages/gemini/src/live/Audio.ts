/**
 * Sound as the Live API has it: PCM16 little-endian, one channel, 16 kHz to the model and
 * 24 kHz from it. Reading and writing WAV files, and changing the sample rate.
 *
 * Everything here is pure. Samples are `Int16Array`s, the wire's bytes `Uint8Array`s.
 *
 * @since 0.1.0
 */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import * as Wav from "../internal/live/wav.ts"

/**
 * The sample rate, in hertz, that the model hears best.
 *
 * @category constants
 * @since 0.1.0
 */
export const inputRate = 16_000

/**
 * The sample rate, in hertz, of what the model says.
 *
 * @category constants
 * @since 0.1.0
 */
export const outputRate = 24_000

/**
 * One channel of sound.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sound {
  readonly samples: Int16Array
  /** Samples per second, in hertz. */
  readonly sampleRate: number
}

/**
 * The samples in the wire's bytes; a byte that is left over at the end is dropped.
 *
 * @category conversions
 * @since 0.1.0
 */
export const samples = (pcm: Uint8Array): Int16Array => {
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength)
  return Int16Array.from({ length: pcm.byteLength >> 1 }, (_, index) => view.getInt16(index * 2, true))
}

/**
 * The wire's bytes of samples.
 *
 * @category conversions
 * @since 0.1.0
 */
export const pcm = (samples: Int16Array): Uint8Array => {
  const bytes = new Uint8Array(samples.length * 2)
  const view = new DataView(bytes.buffer)
  samples.forEach((sample, index) => view.setInt16(index * 2, sample, true))
  return bytes
}

/**
 * The bytes of an `Audio` event, or of a part's `inlineData`; empty if the data is not base64.
 *
 * @category conversions
 * @since 0.1.0
 */
export const bytes = (audio: { readonly data?: string | null | undefined }): Uint8Array =>
  Result.getOrElse(Base64.decode(audio.data ?? ""), () => new Uint8Array(0))

/**
 * PCM as the Live API names it (`audio/pcm;rate=24000`), and as speech over HTTP does (`audio/L16;codec=pcm;rate=24000`,
 * 2026). The latter is the name of a big-endian format; the API's samples are little-endian under both.
 */
const linear = /^audio\/(?:pcm|l16)\s*(?:;|$)/i

/** No sound has more samples a second; a WAV file could not even say it. */
const highestRate = 768_000

/**
 * All the sound of an answer, in order, if it holds any: `Audio.ofMedia(answer.media)`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const ofMedia = (
  media: ReadonlyArray<{ readonly mimeType?: string | null | undefined; readonly data?: string | null | undefined }>
): Sound | undefined => {
  const spoken = media.filter(({ mimeType }) => linear.test(mimeType ?? ""))
  const [first] = spoken
  if (first === undefined) return undefined
  const pieces = spoken.map((blob) => samples(bytes(blob)))
  const joined = new Int16Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    joined.set(piece, offset)
    offset += piece.length
  }
  const rate = Number(/;\s*rate=(\d+)/i.exec(first.mimeType ?? "")?.[1] ?? outputRate)
  return { samples: joined, sampleRate: rate > 0 && rate <= highestRate ? rate : outputRate }
}

/**
 * Reads a WAV file: PCM of 8 to 32 bits or floats, any number of channels, which are mixed
 * into one. Fails with what is wrong with the file.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromWav = (file: Uint8Array): Result.Result<Sound, string> => Wav.read(file)

/**
 * Writes a WAV file of PCM16.
 *
 * ```ts
 * import * as Audio from "effect-gemini/live/Audio"
 * import * as Result from "effect/Result"
 *
 * const file = Audio.toWav({ samples: Int16Array.of(0, 1000, -1000), sampleRate: Audio.outputRate })
 * const sound = Result.getOrThrow(Audio.fromWav(file))
 * sound.sampleRate // => 24000
 * sound.samples.length // => 3
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const toWav = (sound: Sound): Uint8Array => Wav.write(pcm(sound.samples), sound.sampleRate)

/** How many zero crossings the kernel has on either side. */
const crossings = 16

/**
 * Changes the rate of sound that comes in pieces: a windowed sinc, whose result does not
 * depend on where the pieces were cut.
 *
 * @category conversions
 * @since 0.1.0
 */
export class Resampler {
  readonly #step: number
  readonly #cutoff: number
  readonly #reach: number
  /** The input that later output still needs. */
  #kept: Float64Array = new Float64Array(0)
  #start = 0
  #read = 0
  #written = 0

  /** @param from hertz of what is pushed @param to hertz of what comes out */
  constructor(from: number, to: number) {
    this.#step = from / to
    this.#cutoff = Math.min(1, to / from)
    this.#reach = from === to ? 0 : crossings / this.#cutoff
  }

  /** Takes the next samples and gives the output that they settle. */
  push(samples: Int16Array): Int16Array {
    const kept = new Float64Array(this.#kept.length + samples.length)
    kept.set(this.#kept)
    kept.set(samples, this.#kept.length)
    this.#kept = kept
    this.#read += samples.length
    return this.#emit(this.#read - this.#reach)
  }

  /** Gives the rest of the output, as if silence followed. */
  end(): Int16Array {
    return this.#emit(this.#read)
  }

  /** Gives the output samples whose place in the input is before `until`. */
  #emit(until: number): Int16Array {
    const count = Math.max(0, Math.ceil(until / this.#step - this.#written - 1e-9))
    const out = new Int16Array(count)
    for (let i = 0; i < count; i++) out[i] = this.#at((this.#written + i) * this.#step)
    this.#written += count
    const needed = Math.max(this.#start, Math.floor(this.#written * this.#step - this.#reach))
    this.#kept = this.#kept.slice(needed - this.#start)
    this.#start = needed
    return out
  }

  #at(place: number): number {
    if (this.#reach === 0) return this.#kept[place - this.#start] ?? 0
    const first = Math.max(this.#start, Math.ceil(place - this.#reach))
    const last = Math.min(this.#start + this.#kept.length - 1, Math.floor(place + this.#reach))
    let sum = 0
    for (let i = first; i <= last; i++) {
      const distance = (i - place) * this.#cutoff
      sum += (this.#kept[i - this.#start] ?? 0) * sinc(distance) * this.#cutoff * hann(distance / crossings)
    }
    return Math.max(-32_768, Math.min(32_767, Math.round(sum)))
  }
}

const sinc = (x: number): number => Math.abs(x) < 1e-9 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)

const hann = (x: number): number => 0.5 + 0.5 * Math.cos(Math.PI * x)

/**
 * The same sound at another rate.
 *
 * @category conversions
 * @since 0.1.0
 */
export const resample = (sound: Sound, sampleRate: number): Sound => {
  if (sound.sampleRate === sampleRate) return sound
  const resampler = new Resampler(sound.sampleRate, sampleRate)
  const body = resampler.push(sound.samples)
  const rest = resampler.end()
  const all = new Int16Array(body.length + rest.length)
  all.set(body)
  all.set(rest, body.length)
  return { samples: all, sampleRate }
}

/**
 * Sound as the chunks of bytes that a microphone would give, each of so many milliseconds.
 *
 * @category conversions
 * @since 0.1.0
 */
export const chunks = (sound: Sound, milliseconds = 100): ReadonlyArray<Uint8Array> => {
  const size = Math.max(1, Math.round((sound.sampleRate * milliseconds) / 1000))
  const count = Math.ceil(sound.samples.length / size)
  return Array.from({ length: count }, (_, index) => pcm(sound.samples.subarray(index * size, (index + 1) * size)))
}
