/** Images and sounds of a call. Only what a list of types names is shown, each by a blob: nothing in it can act. */
import { useEffect, useState } from "preact/hooks"

const images: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"])
const sounds: ReadonlySet<string> = new Set([
  "audio/wav",
  "audio/x-wav",
  "audio/mpeg",
  "audio/mp3",
  "audio/ogg",
  "audio/aac",
  "audio/flac"
])

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> | undefined => {
  try {
    const text = atob(base64.replaceAll("-", "+").replaceAll("_", "/"))
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** Raw samples (16 bits, one channel, little-endian, as Gemini sends them) with the header of a WAV file. */
export const wav = (samples: Uint8Array<ArrayBuffer>, rate: number): Blob => {
  const head = new DataView(new ArrayBuffer(44))
  const text = (at: number, word: string) => {
    for (let i = 0; i < word.length; i++) head.setUint8(at + i, word.charCodeAt(i))
  }
  text(0, "RIFF")
  head.setUint32(4, 36 + samples.length, true)
  text(8, "WAVEfmt ")
  head.setUint32(16, 16, true)
  head.setUint16(20, 1, true)
  head.setUint16(22, 1, true)
  head.setUint32(24, rate, true)
  head.setUint32(28, rate * 2, true)
  head.setUint16(32, 2, true)
  head.setUint16(34, 16, true)
  text(36, "data")
  head.setUint32(40, samples.length, true)
  return new Blob([head.buffer, samples], { type: "audio/wav" })
}

const blobOf = (type: string, parameters: string, data: string): Blob | undefined => {
  const bytes = bytesOf(data)
  if (bytes === undefined) return undefined
  if (type === "audio/l16" || type === "audio/pcm") {
    const rate = Number(/\brate=(\d{4,6})\b/.exec(parameters)?.[1] ?? 24_000)
    return wav(bytes, rate)
  }
  return images.has(type) || sounds.has(type) ? new Blob([bytes], { type }) : undefined
}

export const Media = ({ data, mimeType }: { readonly mimeType: string; readonly data: string }) => {
  const [url, setUrl] = useState<string | undefined>(undefined)
  const [type = "", ...parameters] = mimeType.toLowerCase().split(";")
  useEffect(() => {
    const blob = blobOf(type, parameters.join(";"), data)
    if (blob === undefined) return undefined
    const made = URL.createObjectURL(blob)
    setUrl(made)
    return () => {
      URL.revokeObjectURL(made)
      setUrl(undefined)
    }
  }, [mimeType, data])
  const size = Math.floor(data.length * 3 / 4)
  if (url === undefined) return <p class="quiet">{mimeType}, {size} bytes, which is not shown</p>
  return type.startsWith("image/")
    ? (
      <figure>
        <img src={url} alt={`${mimeType}, ${size} bytes`} />
        <figcaption class="quiet">{mimeType}, {size} bytes</figcaption>
      </figure>
    )
    : (
      <figure>
        <audio src={url} controls preload="metadata" aria-label={mimeType} />
        <figcaption class="quiet">{mimeType}, {size} bytes</figcaption>
      </figure>
    )
}
