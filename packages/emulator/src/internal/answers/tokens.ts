/**
 * Counting tokens: not Google's tokenizer, but its rules of thumb, the same for
 * countTokens, usage and quotas.
 */
import * as Json from "../json.ts"

export type Counts = Readonly<Record<string, number>>

/** About four characters make a token, as Google's documentation says. */
export const ofText = (text: string): number => text === "" ? 0 : Math.max(1, Math.ceil(text.length / 4))

/** The documented rates: 258 tokens a picture or page of a document, 258 a second of video and 32 a second of audio. */
const perImage = 258
const perAudioSecond = 32
/** The bytes of a second at 16 kHz and 16 bit, which base64 audio of unknown length is taken for. */
const audioBytesPerSecond = 32_000

const modality = (mimeType: string): "TEXT" | "IMAGE" | "AUDIO" | "VIDEO" | "DOCUMENT" =>
  mimeType.startsWith("image/")
    ? "IMAGE"
    : mimeType.startsWith("audio/")
    ? "AUDIO"
    : mimeType.startsWith("video/")
    ? "VIDEO"
    : mimeType === "application/pdf"
    ? "DOCUMENT"
    : "TEXT"

const add = (counts: Record<string, number>, kind: string, count: number) => {
  if (count > 0) counts[kind] = (counts[kind] ?? 0) + count
}

const countPart = (counts: Record<string, number>, part: unknown): void => {
  const media = Json.at(part, "inlineData") ?? Json.at(part, "fileData")
  if (media === undefined) {
    add(counts, "TEXT", ofText(Json.text(Json.at(part, "text")) ?? JSON.stringify(part) ?? ""))
    return
  }
  const kind = modality(Json.text(Json.at(media, "mimeType")) ?? "")
  const bytes = (Json.text(Json.at(media, "data")) ?? "").length * 0.75
  if (kind === "TEXT") add(counts, "TEXT", Math.ceil(bytes / 4))
  else if (kind === "AUDIO") add(counts, "AUDIO", Math.max(1, Math.ceil(bytes / audioBytesPerSecond)) * perAudioSecond)
  else add(counts, kind, perImage)
}

export const ofContents = (contents: ReadonlyArray<unknown>, counts: Record<string, number> = {}): Counts => {
  for (const content of contents) {
    for (const part of Json.list(Json.at(content, "parts"))) countPart(counts, part)
  }
  return counts
}

/** What a generateContent body costs as input: contents, system instruction, tools. */
export const ofRequest = (body: unknown): Counts => {
  const counts: Record<string, number> = {}
  ofContents(Json.list(Json.at(body, "contents")), counts)
  const system = Json.at(body, "systemInstruction")
  if (system !== undefined) ofContents([system], counts)
  const tools = Json.list(Json.at(body, "tools"))
  if (tools.length > 0) add(counts, "TEXT", ofText(JSON.stringify(tools)))
  return counts
}

export const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

export const details = (counts: Counts): ReadonlyArray<{ readonly modality: string; readonly tokenCount: number }> =>
  Object.entries(counts).map(([modality, tokenCount]) => ({ modality, tokenCount }))

/** The counts of what came out of a cache, which the prompt's own counts hold, too. */
export const ofCache = (cached: Counts | undefined) =>
  cached === undefined ? {} : { cachedContentTokenCount: total(cached), cacheTokensDetails: details(cached) }
