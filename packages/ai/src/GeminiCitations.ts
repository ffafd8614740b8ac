/**
 * Marks for citations, put into the text that they belong to.
 *
 * Grounding says which stretch of the answer rests on which sources, in bytes of UTF-8. The
 * marks are put behind the stretches, and where nothing supports a stretch, nothing changes.
 *
 * @since 0.1.0
 */
import type * as Grounding from "effect-gemini/wire/Grounding"
import type { JsonOf } from "./GeminiMetadata.ts"

/**
 * A source, with the number that its marks have (from 1).
 *
 * @category models
 * @since 0.1.0
 */
export interface Citation {
  readonly number: number
  readonly title: string
  readonly url: string | undefined
}

/**
 * A text with its marks, and the sources that are marked.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cited {
  readonly text: string
  readonly citations: ReadonlyArray<Citation>
}

type Metadata = JsonOf<Grounding.GroundingMetadata>
type Chunk = NonNullable<Metadata["groundingChunks"]>[number]

const citation = (chunk: Chunk, number: number): Citation => {
  const { image, maps, retrievedContext, web } = chunk
  const url = web?.uri ?? maps?.uri ?? image?.sourceUri ?? retrievedContext?.uri ?? undefined
  return { number, url, title: web?.title ?? maps?.title ?? image?.title ?? retrievedContext?.title ?? url ?? "" }
}

/** Writes `[1][2]`, or links where the source has an address. */
const defaultMark = ({ number, url }: Citation): string => url === undefined ? `[${number}]` : `[[${number}]](${url})`

type Segment = NonNullable<NonNullable<Metadata["groundingSupports"]>[number]["segment"]>

/** How many bytes of UTF-8 a character is; half of one counts as the sign that stands for it. */
const bytesOf = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4

/** The place in the text that so many bytes lead to. One inside a character is the place behind it. */
const placeOf = (text: string, bytes: number, from = 0): number => {
  let at = from
  for (let passed = 0; passed < bytes && at < text.length;) {
    const codePoint = text.codePointAt(at) ?? 0
    passed += bytesOf(codePoint)
    at += codePoint < 0x10000 ? 1 : 2
  }
  return at
}

/** Where a stretch of the joined text ends; undefined where that cannot be known. */
const endOf = (text: string, starts: ReadonlyArray<number> | undefined, segment: Segment): number | undefined => {
  const count = (value: number | string | null | undefined): number => Number(value ?? 0)
  const end = count(segment.endIndex)
  // On the wire an end of 0 is left out: then nothing is marked.
  if (!(end > 0)) return undefined
  const part = count(segment.partIndex)
  if (part === 0) return placeOf(text, end)
  if (starts !== undefined) {
    const start = starts[part]
    return start === undefined ? undefined : placeOf(text, end, start)
  }
  // Where the part begins is not known, but it is not before what it counts.
  const at = segment.text ? text.indexOf(segment.text, placeOf(text, count(segment.startIndex))) : -1
  return at === -1 || !segment.text ? undefined : at + segment.text.length
}

/**
 * The text with a mark behind every stretch that a source supports. `mark` writes one;
 * default: a Markdown link with the source's number.
 *
 * The offsets of a stretch count within one part of the answer. What `LanguageModel` gives counts in the whole text
 * already; of a response of `GeminiClient` give the texts of its parts, an empty one for a part of another kind.
 *
 * ```ts
 * import * as GeminiCitations from "effect-gemini-ai/GeminiCitations"
 *
 * const { text } = GeminiCitations.render("Zürich is in Switzerland.", {
 *   groundingChunks: [{ web: { uri: "https://example.com/", title: "Example" } }],
 *   groundingSupports: [{ segment: { endIndex: 7 }, groundingChunkIndices: [0] }]
 * }, (source) => `[${source.number}]`)
 * console.log(text) // Zürich[1] is in Switzerland.
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const render = (
  text: string | ReadonlyArray<string>,
  metadata: Metadata | null | undefined,
  mark: (citation: Citation) => string = defaultMark
): Cited => {
  const chunks = metadata?.groundingChunks ?? []
  const sources = chunks.map((chunk, i) => citation(chunk, i + 1))
  const whole = typeof text === "string" ? text : text.join("")
  const starts = typeof text === "string" ? undefined : startsOf(text)
  const used = new Set<number>()
  const marks = new Map<number, Set<number>>()
  for (const { groundingChunkIndices, segment } of metadata?.groundingSupports ?? []) {
    const end = segment ? endOf(whole, starts, segment) : undefined
    if (end === undefined) continue
    const at = marks.get(end) ?? new Set<number>()
    marks.set(end, at)
    for (const index of groundingChunkIndices ?? []) {
      if (sources[Number(index)] === undefined) continue
      at.add(Number(index))
      used.add(Number(index))
    }
  }
  return {
    text: inserted(whole, marks, (index) => {
      const source = sources[index]
      return source === undefined ? "" : mark(source)
    }),
    citations: sources.filter((_, index) => used.has(index))
  }
}

const startsOf = (texts: ReadonlyArray<string>): ReadonlyArray<number> => {
  const starts: Array<number> = []
  let at = 0
  for (const text of texts) {
    starts.push(at)
    at += text.length
  }
  return starts
}

const inserted = (
  text: string,
  marks: ReadonlyMap<number, ReadonlySet<number>>,
  write: (index: number) => string
): string => {
  let out = ""
  let from = 0
  for (const [end, indices] of Array.from(marks).sort(([a], [b]) => a - b)) {
    out += text.slice(from, end) + Array.from(indices, write).join("")
    from = end
  }
  return out + text.slice(from)
}
