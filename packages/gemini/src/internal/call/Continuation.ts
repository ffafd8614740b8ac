/**
 * One answer over several requests. A server that stops at its own cap hands out a token, and the same body with that
 * token goes on where it stopped (`@google/genai` 3.3; gemini-wire.md 3.5).
 *
 * It takes the chunks of one hop after another and hands them out as the pieces of one answer: the usage is that of all
 * hops so far, places in sources and parts count from the first hop, and a token that is followed is not handed out.
 * Chunks before the first token stay as they are.
 */
import * as Arr from "effect/Array"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { Charged } from "../../RateLimiter.ts"
import * as Candidate from "../../wire/Candidate.ts"
import type { GenerateContentRequest, GenerateContentResponse as Response } from "../../wire/GenerateContent.ts"
import type { GroundingChunk, GroundingMetadata } from "../../wire/Grounding.ts"
import * as Usage from "../../wire/Usage.ts"
import { receivedWith } from "../http/received.ts"
import { hopsOf, setHops } from "./hops.ts"
import type { Chain } from "./LogicalCall.ts"

export const defaultHops = 16

type Lists = Readonly<Record<string, unknown>>

const listOf = (owner: object | null | undefined, field: string): ReadonlyArray<unknown> => {
  const list: unknown = owner == null ? undefined : Reflect.get(owner, field)
  return Array.isArray(list) ? list : []
}

/** The lists of `fields`, with those of earlier hops in front of the later ones. */
const joined = (before: object | undefined, later: object, ...fields: ReadonlyArray<string>): Lists =>
  Object.fromEntries(
    fields.map((field) => [field, [...listOf(before, field), ...listOf(later, field)]] as const)
      .filter(([, list]) => list.length > 0)
  )

/** The fields of a candidate that grow from hop to hop, and the lists in them. */
const growing = {
  content: ["parts"],
  groundingMetadata: ["groundingChunks", "groundingSupports"],
  citationMetadata: ["citationSources", "citations"],
  logprobsResult: ["chosenCandidates", "topCandidates"]
} as const

const growingFields = ["content", "groundingMetadata", "citationMetadata", "logprobsResult"] as const

/** The answer so far with that of a later hop. `Accumulate` would do it, too, but weighs more in every bundle. */
const over = (before: Response, later: Response): Response => {
  const [a = {}, ...others] = before.candidates ?? []
  const [b = {}, ...more] = later.candidates ?? []
  const candidate: Candidate.Candidate = { ...a, ...b }
  for (const field of growingFields) {
    const [was, is] = [a[field], b[field]]
    if (was == null) continue
    Object.assign(candidate, { [field]: is == null ? was : { ...was, ...is, ...joined(was, is, ...growing[field]) } })
  }
  return { ...before, ...later, candidates: [candidate, ...(more.length > 0 ? more : others)] }
}

/** Whether a list begins with all of another list that is not empty. */
const repeats = (list: ReadonlyArray<unknown>, earlier: ReadonlyArray<unknown>): boolean =>
  earlier.length > 0 && JSON.stringify(list.slice(0, earlier.length)) === JSON.stringify(earlier)

type UsageMetadata = NonNullable<Response["usageMetadata"]>

/** The counters of two requests, added up. Every field that is not a counter is taken from the later one. */
const added = (before: UsageMetadata | undefined, now: UsageMetadata): UsageMetadata => {
  if (before === undefined) return now
  const sums: Record<string, unknown> = {}
  for (const [key, value] of Object.entries({ ...now, ...before })) {
    if (key.endsWith("Count")) {
      sums[key] = Usage.count(Reflect.get(before, key)) + Usage.count(Reflect.get(now, key))
    } else if (Array.isArray(value)) {
      const counts = new Map<unknown, number>()
      for (const entry of [...listOf(before, key), ...listOf(now, key)]) {
        const { modality, tokenCount } = Object(entry)
        counts.set(modality, (counts.get(modality) ?? 0) + Usage.count(tokenCount))
      }
      sums[key] = Array.from(counts, ([modality, tokenCount]) => ({ modality, tokenCount }))
    }
  }
  // If a total is left out, it is computed for each of them.
  const totalTokenCount = Usage.fromMetadata(before).totalTokens + Usage.fromMetadata(now).totalTokens
  return Object.assign({ ...before, ...now }, sums, { totalTokenCount })
}

export class Continuation implements Chain<Response> {
  hops = 1
  token: string | undefined = undefined
  readonly #limit: number
  readonly #sent: Set<string>

  // The charges of the earlier hops.
  readonly #charged: Array<Charged> = []
  readonly #received: Array<Response> = []
  #usage: UsageMetadata | undefined
  #partsBefore = 0
  #before: Candidate.Candidate = {}

  // The sources of the whole chain.
  readonly #sources: Array<GroundingChunk> = []
  #heard = 0

  // The usage of the current hop.
  #usageNow: UsageMetadata | undefined
  #model: Response["modelVersion"]
  #grounded: Response["candidates"]
  /** The candidate of the current hop, as it was handed out. */
  #now: Candidate.Candidate = {}
  #base = 0
  #parts = 0
  #reason: string | undefined
  #next: string | undefined
  /** Whether the hop gave a token that had been sent before. */
  #isRepeated = false
  #tokenChunk: Response | undefined
  /** Whether parts came after the last token: asking again would say them twice. */
  #hasContent = false

  constructor(settings: Exclude<GeminiConfig.Continuation, "off"> | undefined, first: string | null | undefined) {
    this.#limit = settings?.hops ?? defaultHops
    this.#sent = new Set(first ? [first] : [])
  }

  get hasNext(): boolean {
    return this.#next !== undefined
  }

  get canResume(): boolean {
    return !this.#hasContent && !this.#isOver && (this.hops > 1 || this.hasNext)
  }

  get #isOver(): boolean {
    return this.#reason !== undefined && Candidate.finishKind(this.#reason) !== "continued"
  }

  heard(chunks: Arr.NonEmptyReadonlyArray<Response>): Arr.NonEmptyReadonlyArray<Response> {
    for (const chunk of chunks) this.#hear(chunk)
    return this.hops === 1 && this.#tokenChunk === undefined ? chunks : Arr.map(chunks, (chunk) => this.#piece(chunk))
  }

  end(): boolean | string {
    if (this.#isOver) return false
    if (this.#next === undefined) {
      return this.#isRepeated ? "the server gave a continuation token for the second time" : false
    }
    if (this.hops >= this.#limit) return `the answer takes more than ${this.#limit} hops (options: continuation.hops)`
    if (this.#tokenChunk !== undefined) this.#received.push(this.#tokenChunk)
    this.token = this.#next
    this.#sent.add(this.#next)
    this.#partsBefore += this.#parts
    this.#before = { ...this.#before, ...this.#now }
    this.#settle()
    this.#begin()
    this.hops++
    return true
  }

  again(): void {
    if (this.hops > 1) this.#settle()
    this.#sources.length = Math.min(this.#sources.length, this.#base)
    this.#begin()
  }

  whole(pieces: ReadonlyArray<Response>): Response {
    const last = pieces.at(-1) ?? {}
    if (pieces.length < 2) return last
    const response = pieces.reduce(over)
    setHops(response, hopsOf(last))
    return response
  }

  told(error: GeminiError): GeminiError {
    if (this.hops === 1 && this.#tokenChunk === undefined) return error
    const sum = this.#usageNow === undefined ? this.#usage : added(this.#usage, this.#usageNow)
    const usage = error.usage ?? (sum && Usage.fromMetadata(sum))
    const before = this.#received.flatMap((chunk) => receivedWith.get(chunk)?.() ?? [chunk])
    const { reason } = error
    if (reason._tag !== "StreamInterrupted") return error.with({ usage, received: before })
    const received = [...before, ...reason.received]
    const dropped = this.#heard - received.length
    return error.with({
      usage,
      reason: new Reason.StreamInterrupted({
        ...reason,
        received,
        ...(dropped > 0 ? { dropped } : {})
      })
    })
  }

  broken(description: string): Reason.StreamInterrupted {
    const chunk = this.#tokenChunk
    return new Reason.StreamInterrupted({
      received: chunk === undefined ? [] : receivedWith.get(chunk)?.() ?? [chunk],
      description
    })
  }

  /** Adds up what the current hop counted, which must be paid whatever becomes of it. */
  #settle(): void {
    if (this.#usageNow === undefined) return
    this.#charged.push(this.#chargedNow)
    this.#usage = added(this.#usage, this.#usageNow)
  }

  #begin(): void {
    this.#usageNow =
      this.#grounded =
      this.#reason =
      this.#next =
      this.#tokenChunk =
        undefined
    this.#now = {}
    this.#base = this.#sources.length
    this.#parts = 0
    this.#isRepeated = this.#hasContent = false
  }

  get #chargedNow(): Charged {
    return { usageMetadata: this.#usageNow, candidates: this.#grounded, modelVersion: this.#model }
  }

  #hear(chunk: Response): void {
    this.#heard++
    this.#usageNow = Usage.carried(this.#usageNow, chunk.usageMetadata) ?? undefined
    if (chunk.modelVersion != null) this.#model = chunk.modelVersion
    const candidate = chunk.candidates?.[0]
    if (candidate === undefined) return
    const parts = candidate.content?.parts?.length ?? 0
    this.#parts += parts
    this.#reason = Candidate.finishReason(candidate) ?? this.#reason
    const token = candidate.continuationToken || undefined
    if (token !== undefined) {
      this.#tokenChunk = chunk
      if (this.#sent.has(token)) this.#isRepeated = true
      else this.#next = token
    }
    if (token !== undefined && token === this.#next) this.#hasContent = false
    else if (parts > 0) this.#hasContent = true
    if (candidate.groundingMetadata != null) this.#grounded = chunk.candidates
    if (this.hops === 1 && (candidate.groundingMetadata ?? candidate.urlContextMetadata) != null) {
      this.#sourced(candidate)
    }
  }

  /** A chunk as a piece of the whole answer. */
  #piece(chunk: Response): Response {
    const [first, ...others] = chunk.candidates ?? []
    const isFollowed = first !== undefined && this.#next !== undefined &&
      Candidate.finishKind(Candidate.finishReason(first) ?? "") === "continued"
    let candidate = first
    if (first !== undefined && ((first.continuationToken && !this.#isOver) || isFollowed)) {
      const { continuationToken: _, finishMessage, finishReason, ...rest } = first
      candidate = isFollowed ? rest : { ...rest, ...(finishReason == null ? {} : { finishReason, finishMessage }) }
    }
    if (this.hops > 1 && candidate !== undefined) candidate = this.#sourced(candidate)
    const piece = candidate === first || candidate === undefined
      ? chunk
      : { ...chunk, candidates: [candidate, ...others] }
    if (this.hops === 1) return piece
    const out = chunk.usageMetadata == null
      ? { ...piece }
      : {
        ...piece,
        usageMetadata: added(this.#usage, Usage.carried(this.#usageNow, chunk.usageMetadata) ?? chunk.usageMetadata)
      }
    setHops(out, { count: this.hops, charged: [...this.#charged, this.#chargedNow] })
    return out
  }

  /** What a candidate says of its sources, put behind what earlier hops said. */
  #sourced(candidate: Candidate.Candidate): Candidate.Candidate {
    const { groundingMetadata: grounding, urlContextMetadata: urls } = candidate
    if (grounding == null && urls == null) return candidate
    const before = this.#before
    const said = {
      ...(grounding == null ? {} : { groundingMetadata: this.#grounding(grounding) }),
      ...(urls == null ? {} : {
        urlContextMetadata: { ...urls, ...joined(before.urlContextMetadata ?? undefined, urls, "urlMetadata") }
      })
    }
    this.#now = { ...this.#now, ...said }
    return { ...candidate, ...said }
  }

  /** Brings only the new sources. A server may number the sources of a hop from the start, or all of them. */
  #grounding(metadata: GroundingMetadata): GroundingMetadata {
    const list = metadata.groundingChunks ?? []
    if (this.#sources.length === this.#base && repeats(list, this.#sources)) this.#base = 0
    const own = this.#sources.slice(this.#base)
    const fresh = repeats(list, own) ? list.slice(own.length) : list
    this.#sources.push(...fresh)
    if (this.hops === 1) return metadata
    const { groundingSupports: supports, ...rest } = metadata
    return {
      ...rest,
      ...joined(this.#before.groundingMetadata ?? undefined, metadata, "webSearchQueries", "imageSearchQueries"),
      ...(list.length === 0 ? {} : { groundingChunks: fresh }),
      ...(supports == null ? {} : {
        groundingSupports: supports.map(({ groundingChunkIndices: places, segment, ...support }) => ({
          ...support,
          ...(places == null ? {} : { groundingChunkIndices: places.map((place) => Usage.count(place) + this.#base) }),
          ...(segment == null
            ? {}
            : { segment: { ...segment, partIndex: Usage.count(segment.partIndex) + this.#partsBefore } })
        }))
      })
    }
  }
}

/** The request that goes on from a token; without one it is the request itself. */
export const from = (request: GenerateContentRequest, token: string | undefined): GenerateContentRequest =>
  token === undefined ? request : { ...request, continuationToken: token }

/** The chain that follows the tokens of one call; undefined if they are not followed. */
export const make = (
  settings: GeminiConfig.Continuation | undefined,
  request: GenerateContentRequest
) =>
(): Continuation | undefined => settings === "off" ? undefined : new Continuation(settings, request.continuationToken)
