/**
 * How many input tokens a request may cost, before the server counts them.
 *
 * An estimate on purpose: it only has to be near enough that a lane's token budget is
 * reserved sensibly; the answer's usage settles the difference. It walks the request and
 * adds up lengths, so it costs nothing that grows with the bytes of an image.
 *
 * The figures are Google's rules of thumb of 2026: about four characters of English a
 * token, 258 tokens an image of up to 384 pixels a side, a page of a document, or a second
 * of video, 32 tokens a second of audio. Seconds are guessed from bytes at common bit rates.
 */

const charactersPerToken = 4
const tokensPerImage = 258

// Raw 16-bit PCM at 24 kHz, the heaviest audio in use, is 48 kB a second; compressed audio
// is about 16 kB. The lower rate never guesses too few seconds for compressed audio.
const tokensPerAudioByte = 32 / 16_000
// Video of one megabit a second.
const tokensPerVideoByte = 258 / 125_000
// A page of a PDF is about 50 kB and counts as one image.
const tokensPerDocumentByte = tokensPerImage / 50_000

const bytesOfBase64 = (length: number): number => length * 0.75

/** The tokens of media by its type, `length` being that of its base64 text. */
export const mediaTokens = (mimeType: string, length: number): number => {
  const bytes = bytesOfBase64(length)
  const kind = mimeType.slice(0, mimeType.indexOf("/"))
  switch (kind) {
    case "audio":
      return bytes * tokensPerAudioByte
    case "video":
      return Math.max(tokensPerImage, bytes * tokensPerVideoByte)
    case "text":
      return bytes / charactersPerToken
    case "application":
      return mimeType.endsWith("/pdf")
        ? Math.max(tokensPerImage, bytes * tokensPerDocumentByte)
        : bytes / charactersPerToken
    default:
      return tokensPerImage
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const walk = (value: unknown): number => {
  if (typeof value === "string") return value.length / charactersPerToken
  if (!isRecord(value)) return typeof value === "number" ? 1 : 0
  let tokens = 0
  if (Array.isArray(value)) {
    for (const item of value) tokens += walk(item)
    return tokens
  }
  const { data, mimeType } = value
  if (typeof data === "string") return mediaTokens(typeof mimeType === "string" ? mimeType : "", data.length)
  for (const key in value) {
    switch (key) {
      // Not shown to the model, or handles to what was counted before.
      case "role":
      case "thoughtSignature":
      case "cachedContent":
      case "generationConfig":
      case "safetySettings":
        break
      // A file's size is unknown here: one image is the least that it costs.
      case "fileData":
        tokens += tokensPerImage
        break
      default:
        tokens += walk(value[key])
    }
  }
  return tokens
}

/** The estimate of a request body: at least 1. What holds itself costs that: it will be refused as no JSON. */
export const estimateTokens = (request: object): number => {
  try {
    return Math.max(1, Math.ceil(walk(request)))
  } catch {
    return 1
  }
}
