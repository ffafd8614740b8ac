/** RIFF WAVE files: PCM and floats in, PCM16 of one channel out. Pure. */
import * as Result from "effect/Result"

interface Format {
  readonly encoding: number
  readonly channels: number
  readonly sampleRate: number
  readonly bits: number
}

const text = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3))

const pcmEncoding = 1
const floatEncoding = 3
const extensible = 0xfffe

/** Reads one sample as a number from -1 to 1; `undefined` where the format is not one that we know. */
const reader = ({ bits, encoding }: Format): ((view: DataView, at: number) => number) | undefined => {
  if (encoding === floatEncoding && bits === 32) return (view, at) => view.getFloat32(at, true)
  if (encoding === floatEncoding && bits === 64) return (view, at) => view.getFloat64(at, true)
  if (encoding !== pcmEncoding) return undefined
  switch (bits) {
    case 8:
      return (view, at) => (view.getUint8(at) - 128) / 128
    case 16:
      return (view, at) => view.getInt16(at, true) / 32_768
    case 24:
      return (view, at) => (view.getUint16(at, true) | (view.getInt8(at + 2) << 16)) / 8_388_608
    case 32:
      return (view, at) => view.getInt32(at, true) / 2_147_483_648
    default:
      return undefined
  }
}

const formatOf = (view: DataView, at: number, size: number): Format => {
  const encoding = view.getUint16(at, true)
  return {
    // The extensible form has the true encoding in the first two bytes of a GUID.
    encoding: encoding === extensible && size >= 26 ? view.getUint16(at + 24, true) : encoding,
    channels: view.getUint16(at + 2, true),
    sampleRate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true)
  }
}

export const read = (
  file: Uint8Array
): Result.Result<{ readonly samples: Int16Array; readonly sampleRate: number }, string> => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < 12 || text(view, 0) !== "RIFF" || text(view, 8) !== "WAVE") {
    return Result.fail("not a WAV file: it does not begin with RIFF and WAVE")
  }
  let format: Format | undefined
  let at = 12
  while (at + 8 <= file.length) {
    const name = text(view, at)
    const size = view.getUint32(at + 4, true)
    const body = at + 8
    if (name === "fmt ") {
      if (size < 16 || body + 16 > file.length) return Result.fail("the fmt chunk is cut short")
      format = formatOf(view, body, Math.min(size, file.length - body))
    }
    if (name === "data") {
      if (format === undefined) return Result.fail("the data chunk comes before the fmt chunk")
      // A file that was written as a stream may name a size that it does not have.
      return decode(view, body, Math.min(size, file.length - body), format)
    }
    at = body + size + (size % 2)
  }
  return Result.fail("there is no data chunk")
}

const decode = (view: DataView, at: number, size: number, format: Format) => {
  const { bits, channels, encoding, sampleRate } = format
  const sample = reader(format)
  if (sample === undefined) return Result.fail(`encoding ${encoding} with ${bits} bits is not PCM or float`)
  if (channels === 0 || sampleRate === 0) return Result.fail("the fmt chunk says no channels or no rate")
  const width = bits / 8
  const samples = new Int16Array(Math.floor(size / (width * channels)))
  for (let i = 0; i < samples.length; i++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++) sum += sample(view, at + (i * channels + channel) * width)
    samples[i] = Math.max(-32_768, Math.min(32_767, Math.round((sum / channels) * 32_768)))
  }
  return Result.succeed({ samples, sampleRate })
}

export const write = (pcm: Uint8Array, sampleRate: number): Uint8Array => {
  const file = new Uint8Array(44 + pcm.length)
  const view = new DataView(file.buffer)
  const put = (at: number, word: string): void => {
    for (let i = 0; i < word.length; i++) view.setUint8(at + i, word.charCodeAt(i))
  }
  put(0, "RIFF")
  view.setUint32(4, 36 + pcm.length, true)
  put(8, "WAVEfmt ")
  view.setUint32(16, 16, true)
  view.setUint16(20, pcmEncoding, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  put(36, "data")
  view.setUint32(40, pcm.length, true)
  file.set(pcm, 44)
  return file
}
