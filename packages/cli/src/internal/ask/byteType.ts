/**
 * What bytes are, by the bytes themselves: a name may lie, and stdin has none. The package `file-type` knows the magic
 * numbers; whether bytes are text, which has none, is told here. Nothing but the types that Gemini reads gets a kind.
 */

export interface ByteType {
  /** `other`: Gemini does not read it. */
  readonly kind: "text" | "image" | "audio" | "video" | "document" | "other"
  /** In the API's own spelling. */
  readonly mimeType: string
}

/** How many of the first bytes are enough. */
export const sample = 65_536

/** Types that the API names in another way than `file-type` (REST reference A.3, November 2026). */
const named: ReadonlyMap<string, string> = new Map(Object.entries({
  "audio/x-m4a": "audio/m4a",
  "audio/x-flac": "audio/flac",
  "audio/ogg; codecs=opus": "audio/ogg",
  "video/quicktime": "video/mov",
  "video/vnd.avi": "video/avi",
  "video/x-ms-asf": "video/wmv",
  "video/MP1S": "video/mpeg",
  "video/MP2P": "video/mpeg",
  "video/mp2t": "video/mpeg",
  "video/x-m4v": "video/mp4"
}))

/** The same reference; new kinds of sound and video come every year, so all of those are sent. */
const images: ReadonlySet<string> = new Set(
  ["png", "jpeg", "webp", "heic", "heif", "gif", "bmp", "tiff"].map((name) => `image/${name}`)
)
const documents =
  /^application\/(?:pdf|msword|vnd\.ms-(?:powerpoint|excel)|vnd\.oasis\.opendocument\.(?:text|presentation|spreadsheet)|vnd\.openxmlformats-officedocument\.(?:presentationml\.presentation|wordprocessingml\.(?:document|template)|spreadsheetml\.sheet))$/

const kindOf = (type: string): ByteType["kind"] => {
  if (images.has(type)) return "image"
  if (type.startsWith("audio/")) return "audio"
  if (type.startsWith("video/")) return "video"
  return documents.test(type) ? "document" : "other"
}

const isPdf = (bytes: Uint8Array): boolean =>
  String.fromCharCode(...bytes.subarray(0, 1024)).includes("%PDF-") && bytes[0] !== 0x50

/** What texts have of the control characters: tabs, ends of lines and pages, the ESC of logs, DEL and C1. */
const isUsual = (code: number): boolean => (code >= 9 && code <= 13) || code === 27 || code >= 0x7f

const hasBinary = (text: string): boolean =>
  text.match(/\p{Cc}/gu)?.some((character) => !isUsual(character.charCodeAt(0))) ?? false

/** Text of UTF-8, or of UTF-16 that says so; undefined where the bytes are not text. A last character may be cut. */
export const textOf = (bytes: Uint8Array, isWhole: boolean): string | undefined => {
  const [first, second] = bytes
  const wide = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : undefined
  try {
    const text = new TextDecoder(wide ?? "utf-8", { fatal: true }).decode(bytes, { stream: !isWhole })
    return hasBinary(text) ? undefined : text
  } catch {
    return undefined
  }
}

/** `isWhole`: these are all the bytes, not the first ones. */
export const byteType = async (bytes: Uint8Array, isWhole: boolean): Promise<ByteType> => {
  const head = bytes.subarray(0, sample)
  if (isPdf(head)) return { kind: "document", mimeType: "application/pdf" }
  // Before the magic numbers, of which some are letters: "BM…" is a bitmap only if it is not text.
  if (textOf(head, isWhole && head.length === bytes.length) !== undefined) {
    return { kind: "text", mimeType: "text/plain" }
  }
  const { fileTypeFromBuffer } = await import("file-type")
  const found = await fileTypeFromBuffer(head).catch(() => undefined)
  const mimeType = named.get(found?.mime ?? "") ?? found?.mime.split(";")[0] ?? "application/octet-stream"
  return { kind: kindOf(mimeType), mimeType }
}
