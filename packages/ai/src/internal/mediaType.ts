/**
 * The type of a file that says `image/*`, `audio/*`, `video/*` or the like: by its first bytes, or by the ending of its
 * address. Pure.
 *
 * Gemini takes concrete types only; the names are those of its documentation (November 2026).
 */

type Sign = readonly [at: number, bytes: string, type: string]

// One character a byte. The first sign that fits counts, and only signs of the kind that was asked for are tried.
const signs: ReadonlyArray<Sign> = [
  [0, "\x89PNG", "image/png"],
  [0, "\xff\xd8\xff", "image/jpeg"],
  [0, "GIF8", "image/gif"],
  [8, "WEBP", "image/webp"],
  [4, "ftyphei", "image/heic"],
  [4, "ftyphev", "image/heic"],
  [4, "ftypmif1", "image/heif"],
  [4, "ftypavif", "image/avif"],
  [0, "BM", "image/bmp"],
  [0, "II*\0", "image/tiff"],
  [0, "MM\0*", "image/tiff"],
  [8, "WAVE", "audio/wav"],
  [0, "OggS", "audio/ogg"],
  [0, "fLaC", "audio/flac"],
  [8, "AIFF", "audio/aiff"],
  [0, "\xff\xf1", "audio/aac"],
  [0, "\xff\xf9", "audio/aac"],
  [4, "ftyp", "audio/m4a"],
  [0, "\x1aE\xdf\xa3", "audio/webm"],
  [4, "ftypqt", "video/mov"],
  [4, "ftyp3g", "video/3gpp"],
  [4, "ftyp", "video/mp4"],
  [0, "\x1aE\xdf\xa3", "video/webm"],
  [8, "AVI ", "video/avi"],
  [0, "FLV", "video/x-flv"],
  [0, "0&\xb2u", "video/wmv"],
  [0, "\0\0\x01", "video/mpeg"],
  [0, "%PDF", "application/pdf"]
]

const endings: Readonly<Record<string, ReadonlyArray<string>>> = {
  png: ["image/png"],
  gif: ["image/gif"],
  webp: ["image/webp"],
  heic: ["image/heic"],
  heif: ["image/heif"],
  avif: ["image/avif"],
  bmp: ["image/bmp"],
  tif: ["image/tiff"],
  tiff: ["image/tiff"],
  wav: ["audio/wav"],
  ogg: ["audio/ogg"],
  opus: ["audio/opus"],
  flac: ["audio/flac"],
  aac: ["audio/aac"],
  aif: ["audio/aiff"],
  aiff: ["audio/aiff"],
  m4a: ["audio/m4a"],
  webm: ["video/webm", "audio/webm"],
  mov: ["video/mov"],
  avi: ["video/avi"],
  flv: ["video/x-flv"],
  mpg: ["video/mpeg"],
  mpeg: ["video/mpeg"],
  wmv: ["video/wmv"],
  "3gp": ["video/3gpp"],
  pdf: ["application/pdf"],
  html: ["text/html"],
  css: ["text/css"],
  csv: ["text/csv"],
  md: ["text/markdown"]
}

/** Where nothing is known of the file: the type of most files of the kind. */
const usual: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  "image/": "image/jpeg",
  "audio/": "audio/mpeg",
  "video/": "video/mp4",
  "text/": "text/plain"
}))

const kindOf = (mediaType: string): string | undefined => mediaType.endsWith("/*") ? mediaType.slice(0, -1) : undefined

/** So many bytes hold every sign. */
const length = 16

const firstBytes = (data: Uint8Array | string): string => {
  if (typeof data !== "string") return String.fromCharCode(...data.subarray(0, length))
  try {
    return atob(data.slice(0, 24))
  } catch {
    return ""
  }
}

/** The type of bytes, or of base64. */
export const ofData = (mediaType: string, data: Uint8Array | string): string => {
  const kind = kindOf(mediaType)
  if (kind === undefined) return mediaType
  const bytes = firstBytes(data)
  const sign = signs.find(([at, sign, type]) => type.startsWith(kind) && bytes.startsWith(sign, at))
  return sign?.[2] ?? usual.get(kind) ?? mediaType
}

/** The type of what stands at an address. */
export const ofAddress = (mediaType: string, address: string): string => {
  const kind = kindOf(mediaType)
  if (kind === undefined) return mediaType
  const ending = /\.([a-z0-9]{1,5})(?:[?#]|$)/i.exec(address)?.[1]?.toLowerCase() ?? ""
  const types = Object.hasOwn(endings, ending) ? endings[ending] : undefined
  return types?.find((type) => type.startsWith(kind)) ?? usual.get(kind) ?? mediaType
}
