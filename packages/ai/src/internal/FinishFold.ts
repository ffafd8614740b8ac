/** How an answer ended: why, at what cost, on which sources, and what else was said of it. Pure. */
import * as Accumulate from "effect-gemini/call/Accumulate"
import * as Candidate from "effect-gemini/wire/Candidate"
import type * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type * as Grounding from "effect-gemini/wire/Grounding"
import * as Usage from "effect-gemini/wire/Usage"
import type * as Response from "effect/ai/Response"
import type { FinishDetails, SourceDetails } from "../GeminiMetadata.ts"
import * as Json from "./json.ts"

const reasons: Readonly<Record<Candidate.FinishKind, Response.FinishReason>> = {
  whole: "stop",
  continued: "pause",
  blocked: "content-filter",
  call: "error",
  malformed: "error",
  unknown: "other"
}

/** Gemini ends a call for functions with STOP, but `effect/ai` has a reason of its own for it. */
export const finishReason = (reason: string | undefined, asksForTools: boolean): Response.FinishReason => {
  if (reason === undefined) return asksForTools ? "tool-calls" : "unknown"
  if (reason === "MAX_TOKENS") return "length"
  const known = reasons[Candidate.finishKind(reason)]
  return known === "stop" && asksForTools ? "tool-calls" : known
}

/**
 * Total input is the prompt and what server-side tools put into it; output is the answer and the thoughts. Cached
 * tokens are a part of the prompt.
 */
export const usage = (counted: Usage.Usage | undefined): Response.FinishPartEncoded["usage"] => {
  if (counted === undefined) {
    return {
      inputTokens: { uncached: undefined, total: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: undefined, text: undefined, reasoning: undefined }
    }
  }
  const input = counted.promptTokens + counted.toolUsePromptTokens
  return {
    inputTokens: {
      uncached: input - counted.cachedTokens,
      total: input,
      cacheRead: counted.cachedTokens,
      cacheWrite: undefined
    },
    outputTokens: {
      total: counted.candidatesTokens + counted.thoughtsTokens,
      text: counted.candidatesTokens,
      reasoning: counted.thoughtsTokens
    }
  }
}

export const responseMetadata = (
  response: GenerateContent.GenerateContentResponse
): Response.ResponseMetadataPartEncoded => {
  const { createTime, modelVersion, responseId } = response
  return {
    type: "response-metadata",
    ...(responseId ? { id: responseId } : {}),
    ...(modelVersion ? { modelId: modelVersion } : {}),
    ...(createTime && !Number.isNaN(Date.parse(createTime)) ? { timestamp: createTime } : {})
  }
}

type Source = Response.UrlSourcePartEncoded | Response.DocumentSourcePartEncoded

const urlSource = (
  id: string,
  url: string,
  title: string | null | undefined,
  google: SourceDetails
): Source | undefined =>
  URL.canParse(url)
    ? { type: "source", sourceType: "url", id, url, title: title || url, metadata: { google } }
    : undefined

/** The source that a grounding chunk names, if it names one. */
export const source = (chunk: Grounding.GroundingChunk, index: number, id: string): Source | undefined => {
  const google: SourceDetails = { groundingChunk: Json.parsed(chunk), index }
  const { image, maps, retrievedContext, web } = chunk
  if (web?.uri) return urlSource(id, web.uri, web.title, google)
  if (maps?.uri) return urlSource(id, maps.uri, maps.title, google)
  const picture = image?.sourceUri ?? image?.imageUri
  if (picture) return urlSource(id, picture, image?.title, google)
  if (!retrievedContext) return undefined
  const { title, uri } = retrievedContext
  if (uri && URL.canParse(uri)) return urlSource(id, uri, title, google)
  return {
    type: "source",
    sourceType: "document",
    id,
    mediaType: "text/plain",
    title: title || uri || "document",
    metadata: { google }
  }
}

type Grounded = NonNullable<FinishDetails["groundingMetadata"]>

/** With offsets that count in the text of the whole answer: its parts are not told apart there. */
const inWhole = (grounding: Grounded, texts: ReadonlyArray<string>): Grounded => {
  const { groundingSupports } = grounding
  if (!groundingSupports?.some(({ segment }) => Usage.count(segment?.partIndex) > 0)) return grounding
  const bytes = texts.map((text) => new TextEncoder().encode(text).length)
  return {
    ...grounding,
    groundingSupports: groundingSupports.map((support) => {
      const { segment } = support
      const part = Usage.count(segment?.partIndex)
      if (!segment || !(part > 0 && part < texts.length)) return support
      const { partIndex: _, ...rest } = segment
      const start = bytes.slice(0, part).reduce((sum, length) => sum + length, 0)
      return {
        ...support,
        segment: {
          ...rest,
          startIndex: start + Usage.count(rest.startIndex),
          ...(rest.endIndex == null ? {} : { endIndex: start + Usage.count(rest.endIndex) })
        }
      }
    })
  }
}

/** Collects what an answer says besides its parts, chunk by chunk. */
export class FinishFold {
  /** All of it so far as one answer, without parts: the client's own fold knows which fields grow and which replace. */
  readonly #fold = new Accumulate.Fold()
  /** The text of each part so far, empty for a part that is none: offsets of grounding count within parts. */
  readonly #texts: Array<string> = []
  /** The last reason that was given. */
  reason: string | undefined

  add(response: GenerateContent.GenerateContentResponse): void {
    const candidate = response.candidates?.[0]
    const { content, index: _, ...said } = candidate ?? {}
    this.#fold.add({ ...response, candidates: [said] })
    this.reason = Candidate.finishReason(candidate) ?? this.reason
    for (const part of content?.parts ?? []) this.#texts.push(part.thought === true ? "" : part.text ?? "")
  }

  get #candidate(): Candidate.Candidate {
    return this.#fold.result().candidates?.[0] ?? {}
  }

  /** The sources so far; each address is listed once. */
  sources(nextId: () => string): Array<Source> {
    const seen = new Set<string>()
    const out: Array<Source> = []
    this.#candidate.groundingMetadata?.groundingChunks?.forEach((chunk, index) => {
      const found = source(chunk, index, "")
      if (found === undefined) return
      const key = found.sourceType === "url" ? found.url : `document ${found.title}`
      if (seen.has(key)) return
      seen.add(key)
      out.push({ ...found, id: nextId() })
    })
    return out
  }

  /** The tokens that were counted so far. */
  get used(): Response.FinishPartEncoded["usage"] {
    const { usageMetadata } = this.#fold.result()
    return usage(usageMetadata ? Usage.fromMetadata(usageMetadata) : undefined)
  }

  part(asksForTools: boolean): Response.FinishPartEncoded {
    return {
      type: "finish",
      reason: finishReason(this.reason, asksForTools),
      usage: this.used,
      metadata: { google: this.#details() }
    }
  }

  #details(): FinishDetails {
    const candidate = Json.parsed(this.#candidate)
    const { finishMessage, safetyRatings, groundingMetadata, citationMetadata, urlContextMetadata } = candidate
    const { avgLogprobs, continuationToken, logprobsResult } = candidate
    const { promptFeedback, usageMetadata } = this.#fold.result()
    return {
      ...(this.reason === undefined ? {} : { finishReason: this.reason }),
      ...(finishMessage ? { finishMessage } : {}),
      ...(continuationToken ? { continuationToken } : {}),
      ...(safetyRatings ? { safetyRatings } : {}),
      ...(groundingMetadata ? { groundingMetadata: inWhole(groundingMetadata, this.#texts) } : {}),
      ...(citationMetadata ? { citationMetadata } : {}),
      ...(urlContextMetadata ? { urlContextMetadata } : {}),
      ...(avgLogprobs === undefined || avgLogprobs === null ? {} : { avgLogprobs }),
      ...(logprobsResult ? { logprobsResult } : {}),
      ...(promptFeedback ? { promptFeedback: Json.parsed(promptFeedback) } : {}),
      ...(usageMetadata ? { usageMetadata: Json.parsed(usageMetadata) } : {})
    }
  }
}
