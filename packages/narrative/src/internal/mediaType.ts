/** What Gemini reads beside images (documentation of November 2026): PDF, sound and video, by their bytes or name. Pure. */
import * as ImageType from "./imageType.ts"

/** The kinds of files that a narrative names. */
export type FileKind = "image" | "pdf" | "audio" | "video" | "text"

const textAt = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length))

const startsWith = (bytes: Uint8Array, ...start: ReadonlyArray<number>): boolean =>
  bytes.length >= start.length && start.every((byte, i) => bytes[i] === byte)

/** MPEG's audio frames begin with eleven bits that are set; the layer tells MP3 (1) from AAC in ADTS (0). */
const mpegAudio = (bytes: Uint8Array): string | undefined => {
  const second = bytes[1] ?? 0
  if (bytes[0] !== 0xff || (second & 0xe0) !== 0xe0) return undefined
  const layer = (second >> 1) & 3
  return layer === 0 ? "audio/aac" : layer === 1 ? "audio/mp3" : undefined
}

const audio = (bytes: Uint8Array): string | undefined => {
  if (textAt(bytes, 0, 4) === "RIFF" && textAt(bytes, 8, 4) === "WAVE") return "audio/wav"
  if (textAt(bytes, 0, 3) === "ID3") return "audio/mp3"
  if (textAt(bytes, 0, 4) === "fLaC") return "audio/flac"
  if (textAt(bytes, 0, 4) === "OggS") return "audio/ogg"
  if (textAt(bytes, 0, 4) === "FORM" && /^AIF[FC]$/.test(textAt(bytes, 8, 4))) return "audio/aiff"
  return mpegAudio(bytes)
}

/** Brands of ISO media files (ISO/IEC 14496-12) that are videos. */
const brands: ReadonlyArray<readonly [RegExp, string]> = [
  [/^qt {2}$/, "video/mov"],
  [/^3g/, "video/3gpp"],
  [/^(?:isom|iso[2-9]|mp4[12]|avc1|M4V |dash|MSNV)/, "video/mp4"]
]

const video = (bytes: Uint8Array): string | undefined => {
  if (textAt(bytes, 4, 4) === "ftyp") {
    const brand = textAt(bytes, 8, 4)
    return brands.find(([pattern]) => pattern.test(brand))?.[1]
  }
  if (startsWith(bytes, 0x1a, 0x45, 0xdf, 0xa3)) return "video/webm"
  if (textAt(bytes, 0, 4) === "RIFF" && textAt(bytes, 8, 4) === "AVI ") return "video/avi"
  if (textAt(bytes, 0, 3) === "FLV") return "video/x-flv"
  if (startsWith(bytes, 0, 0, 1, 0xba) || startsWith(bytes, 0, 0, 1, 0xb3)) return "video/mpeg"
  return startsWith(bytes, 0x30, 0x26, 0xb2, 0x75) ? "video/wmv" : undefined
}

/** The type of a file of this kind by its bytes; undefined if it is none that Gemini reads. */
export const ofBytes = (kind: FileKind, bytes: Uint8Array): string | undefined => {
  switch (kind) {
    case "image":
      return ImageType.ofBytes(bytes)
    case "pdf":
      return textAt(bytes, 0, 5) === "%PDF-" ? "application/pdf" : undefined
    case "audio":
      return audio(bytes)
    case "video":
      return video(bytes)
    case "text":
      return "text/plain"
  }
}

/** What a file of this kind has to be. */
export const expected: { readonly [K in FileKind]: { readonly noun: string; readonly types: string } } = {
  image: { noun: "an image that Gemini reads", types: ImageType.all.join(", ") },
  pdf: { noun: "a PDF", types: "a PDF begins with %PDF-" },
  audio: { noun: "a sound that Gemini reads", types: "WAV, MP3, AIFF, AAC, Ogg, FLAC" },
  video: { noun: "a video that Gemini reads", types: "MP4, MOV, WebM, AVI, MPEG, FLV, WMV, 3GPP" },
  text: { noun: "a text in UTF-8", types: "save it as UTF-8" }
}

const byName: ReadonlyMap<string, string> = new Map([
  ["pdf", "application/pdf"],
  ["txt", "text/plain"],
  ["md", "text/markdown"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["wav", "audio/wav"],
  ["mp3", "audio/mp3"],
  ["aiff", "audio/aiff"],
  ["aac", "audio/aac"],
  ["ogg", "audio/ogg"],
  ["flac", "audio/flac"],
  ["mp4", "video/mp4"],
  ["mov", "video/mov"],
  ["webm", "video/webm"],
  ["avi", "video/avi"],
  ["mpg", "video/mpeg"],
  ["mpeg", "video/mpeg"],
  ["wmv", "video/wmv"],
  ["3gp", "video/3gpp"]
])

/** The type that the end of an address tells; a video of YouTube is one without such an end. */
export const ofUrl = ({ hostname, pathname }: URL): string | undefined =>
  /(?:^|\.)(?:youtube\.com|youtu\.be)$/.test(hostname)
    ? "video/mp4"
    : ImageType.ofName(pathname) ?? byName.get(pathname.slice(pathname.lastIndexOf(".") + 1).toLowerCase())
