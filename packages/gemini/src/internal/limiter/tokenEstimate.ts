/**
 * How many input tokens a request may cost, before the server counts them, by kind of content.
 *
 * An estimate on purpose: it only has to be near enough that a lane's token budget is
 * reserved sensibly; the answer's usage settles the difference. It walks the request and
 * adds up lengths, so it costs nothing that grows with the bytes of an image.
 *
 * The figures are Google's rules of thumb of 2026: about four characters of English a
 * token, 258 tokens an image of up to 384 pixels a side, a page of a document, or a second
 * of video, 32 tokens a second of audio. Seconds are guessed from bytes at common bit rates. What the server counts
 * corrects them (`Corrections`).
 */

import { Tally } from "./Tally.ts"

const charactersPerToken = 4
const tokensPerImage = 258

// Raw 16-bit PCM at 24 kHz, the heaviest audio in use, is 48 kB a second; compressed audio is about 16 kB. The lower
// rate never guesses too few seconds for compressed audio.
const tokensPerAudioByte = 32 / 16_000
// This is the rate of video of one megabit a second.
const tokensPerVideoByte = 258 / 125_000
// A page of a PDF is about 50 kB and counts as one image.
const tokensPerDocumentByte = tokensPerImage / 50_000

/** The least that a cache holds (https://ai.google.dev/gemini-api/docs/caching, Gemini 2.5 Flash). */
const tokensPerCache = 1_024

const bytesOfBase64 = (length: number): number => length * 0.75

const kindOf = (mimeType: string): "text" | "image" | "audio" | "video" | "document" => {
  const type = mimeType.slice(0, mimeType.indexOf("/"))
  if (type === "audio" || type === "video" || type === "text") return type
  return type !== "application" ? "image" : mimeType.endsWith("/pdf") ? "document" : "text"
}

/** Adds media by its type. `length` is that of its base64 text. */
const addMedia = (mimeType: string, length: number, tally: Tally): void => {
  const bytes = bytesOfBase64(length)
  const kind = kindOf(mimeType)
  switch (kind) {
    case "audio":
      return tally.add(kind, bytes * tokensPerAudioByte)
    case "video":
      return tally.add(kind, Math.max(tokensPerImage, bytes * tokensPerVideoByte))
    case "text":
      return tally.add(kind, bytes / charactersPerToken)
    case "document":
      return tally.add(kind, Math.max(tokensPerImage, bytes * tokensPerDocumentByte))
    case "image":
      return tally.add(kind, tokensPerImage)
  }
}

/** Adds a file that lies on the server. Its size is unknown here, so it counts as one image, the least it costs. */
const addFile = (file: unknown, tally: Tally): void => {
  const mimeType = isRecord(file) ? file["mimeType"] : undefined
  const kind = kindOf(typeof mimeType === "string" ? mimeType : "text/")
  tally.add(kind === "image" ? kind : kind === "text" ? "file" : `${kind}File`, tokensPerImage)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const walk = (value: unknown, tally: Tally): void => {
  if (typeof value === "string") {
    tally.text += value.length / charactersPerToken
    return
  }
  if (!isRecord(value)) {
    if (typeof value === "number") tally.text++
    return
  }
  if (Array.isArray(value)) {
    for (const item of value) walk(item, tally)
    return
  }
  const { data, mimeType } = value
  if (typeof data === "string") return addMedia(typeof mimeType === "string" ? mimeType : "", data.length, tally)
  for (const key in value) {
    switch (key) {
      // These are not shown to the model.
      case "role":
      case "thoughtSignature":
      case "generationConfig":
      case "safetySettings":
        break
      // A cache is counted with every request that names it.
      case "cachedContent":
        if (value[key] != null) tally.add("cache", tokensPerCache)
        break
      case "fileData":
        addFile(value[key], tally)
        break
      default:
        walk(value[key], tally)
    }
  }
}

/** The estimate for a request body. A body that holds itself is refused later, because it is not JSON. */
export const estimateOf = (request: object): Tally => {
  const tally = new Tally()
  try {
    walk(request, tally)
    return tally
  } catch {
    return new Tally()
  }
}

/** The same as one number: at least 1. */
export const estimateTokens = (request: object): number => estimateOf(request).total
