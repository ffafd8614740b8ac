/**
 * The chunks of a stream, folded into one response.
 *
 * Parts are kept as they came, each the object that was received: none is merged with
 * another, because a thought signature belongs to its part and to no other. Joined text
 * is a view: `GenerateContent.text` of the result. Counts are cumulative on the wire, so
 * the last one holds; log probabilities, citations and grounding are lists that grow: a
 * chunk brings what is new, and one that repeats what came before it is not counted twice.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Candidate } from "../wire/Candidate.ts"
import type { GenerateContentResponse } from "../wire/GenerateContent.ts"
import * as Usage from "../wire/Usage.ts"

/**
 * The fields of the later object over those of the earlier one; a field that is missing or null in the later one stays
 * as it was.
 */
const over = <A extends object>(earlier: A | null | undefined, later: A): A => {
  if (earlier === null || earlier === undefined) return later
  const out: A = { ...earlier, ...later }
  for (const [key, value] of Object.entries(later)) {
    if (value === null && key in earlier) Object.assign(out, { [key]: Reflect.get(earlier, key) })
  }
  return out
}

const isList = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

/** Both lists, one after the other; neither is changed. */
const joined = (earlier: ReadonlyArray<unknown>, later: ReadonlyArray<unknown>): ReadonlyArray<unknown> => [
  ...earlier,
  ...later
]

/** Both lists as one, for a later list that may repeat all of the earlier one at its beginning. */
const grown = (earlier: ReadonlyArray<unknown>, later: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  earlier.length > 0 && later.length >= earlier.length &&
    JSON.stringify(later.slice(0, earlier.length)) === JSON.stringify(earlier)
    ? later
    : [...earlier, ...later]

/** Joins the lists in some fields of two objects, for objects whose lists come in pieces. */
const growing = <A extends object>(
  earlier: A | null | undefined,
  later: A | null | undefined,
  fields: ReadonlyArray<keyof A & string>,
  join = grown
): A | null | undefined => {
  if (later === null || later === undefined) return earlier ?? later
  if (earlier === null || earlier === undefined) return later
  const out = over(earlier, later)
  for (const field of fields) {
    const [a, b]: ReadonlyArray<unknown> = [earlier[field], later[field]]
    if (isList(a) && isList(b)) Object.assign(out, { [field]: join(a, b) })
  }
  return out
}

type Parts = NonNullable<NonNullable<Candidate["content"]>["parts"]>

/** One candidate's chunks: parts are appended in place, so that long streams stay linear. */
class CandidateFold {
  #fields: Candidate
  #parts: Array<Parts[number]> | undefined

  constructor(first: Candidate) {
    this.#fields = first
    this.#append(first)
  }

  add(chunk: Candidate): void {
    const before = this.#fields
    const grown = {
      citationMetadata: growing(before.citationMetadata, chunk.citationMetadata, ["citationSources", "citations"]),
      logprobsResult: growing(
        before.logprobsResult,
        chunk.logprobsResult,
        ["chosenCandidates", "topCandidates"],
        joined
      ),
      groundingMetadata: growing(before.groundingMetadata, chunk.groundingMetadata, [
        "groundingChunks",
        "groundingSupports"
      ]),
      content: growing(before.content, chunk.content, [])
    }
    const fields = over(before, chunk)
    for (const [key, value] of Object.entries(grown)) {
      if (value !== undefined) Object.assign(fields, { [key]: value })
    }
    this.#fields = fields
    this.#append(chunk)
  }

  result(): Candidate {
    return this.#parts === undefined
      ? this.#fields
      : { ...this.#fields, content: { ...this.#fields.content, parts: this.#parts } }
  }

  #append(chunk: Candidate): void {
    const parts = chunk.content?.parts
    if (parts === null || parts === undefined) return
    this.#parts ??= []
    for (const part of parts) this.#parts.push(part)
  }
}

/**
 * A response that grows by one chunk at a time, for whoever reads the chunks, too: each costs what it brings, and `result`
 * is the response so far.
 *
 * @category folding
 * @since 0.2.0
 */
export class Fold {
  #fields: GenerateContentResponse = {}
  #candidates: Map<number, CandidateFold> | undefined

  add(chunk: GenerateContentResponse): void {
    const usageMetadata = Usage.carried(this.#fields.usageMetadata, chunk.usageMetadata)
    const promptFeedback = growing(this.#fields.promptFeedback, chunk.promptFeedback, [])
    this.#fields = {
      ...over(this.#fields, chunk),
      ...(usageMetadata === undefined ? {} : { usageMetadata }),
      ...(promptFeedback === undefined ? {} : { promptFeedback })
    }
    if (chunk.candidates === null || chunk.candidates === undefined) return
    this.#candidates ??= new Map()
    chunk.candidates.forEach((candidate, place) => {
      const index = Number(candidate.index ?? place)
      const before = this.#candidates?.get(index)
      if (before === undefined) this.#candidates?.set(index, new CandidateFold(candidate))
      else before.add(candidate)
    })
  }

  result(): GenerateContentResponse {
    return this.#candidates === undefined
      ? this.#fields
      : { ...this.#fields, candidates: Array.from(this.#candidates.values(), (candidate) => candidate.result()) }
  }
}

/**
 * The response whose pieces the chunks are. Without chunks it is empty.
 *
 * @category folding
 * @since 0.1.0
 * @example
 * ```ts
 * import * as Accumulate from "effect-gemini/call/Accumulate"
 * import * as GenerateContent from "effect-gemini/wire/GenerateContent"
 *
 * const response = Accumulate.fromChunks([
 *   { candidates: [{ content: { role: "model", parts: [{ text: "Hel" }] } }] },
 *   { candidates: [{ content: { role: "model", parts: [{ text: "lo" }] }, finishReason: "STOP" }] }
 * ])
 * console.log(GenerateContent.text(response), GenerateContent.finishReason(response)) // Hello STOP
 * ```
 */
export const fromChunks = (chunks: Iterable<GenerateContentResponse>): GenerateContentResponse => {
  const fold = new Fold()
  for (const chunk of chunks) fold.add(chunk)
  return fold.result()
}

/**
 * Runs a stream of chunks to its end and folds them.
 *
 * @category folding
 * @since 0.1.0
 */
export const accumulate = <E, R>(
  chunks: Stream.Stream<GenerateContentResponse, E, R>
): Effect.Effect<GenerateContentResponse, E, R> =>
  Effect.suspend(() => {
    const fold = new Fold()
    return Effect.map(
      Stream.runForEachArray(chunks, (batch) => Effect.sync(() => batch.forEach((chunk) => fold.add(chunk)))),
      () => fold.result()
    )
  })
