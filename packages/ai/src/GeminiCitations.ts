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

/** `[1][2]`, or links where the source has an address. */
const defaultMark = ({ number, url }: Citation): string => url === undefined ? `[${number}]` : `[[${number}]](${url})`

/**
 * The text with a mark behind every stretch that a source supports. `mark` writes one;
 * default: a Markdown link with the source's number.
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
  text: string,
  metadata: Metadata | null | undefined,
  mark: (citation: Citation) => string = defaultMark
): Cited => {
  const chunks = metadata?.groundingChunks ?? []
  const sources = chunks.map((chunk, i) => citation(chunk, i + 1))
  const used = new Set<number>()
  const marks = new Map<number, Set<number>>()
  const length = new TextEncoder().encode(text).length
  for (const { groundingChunkIndices, segment } of metadata?.groundingSupports ?? []) {
    // A left-out end is 0 on the wire: nothing is marked then.
    const end = Math.min(Number(segment?.endIndex ?? 0), length)
    if (end <= 0) continue
    const at = marks.get(end) ?? new Set<number>()
    marks.set(end, at)
    for (const index of groundingChunkIndices ?? []) {
      if (sources[Number(index)] === undefined) continue
      at.add(Number(index))
      used.add(Number(index))
    }
  }
  return {
    text: inserted(text, marks, (index) => {
      const source = sources[index]
      return source === undefined ? "" : mark(source)
    }),
    citations: sources.filter((_, index) => used.has(index))
  }
}

const inserted = (
  text: string,
  marks: ReadonlyMap<number, ReadonlySet<number>>,
  write: (index: number) => string
): string => {
  const bytes = new TextEncoder().encode(text)
  const decoder = new TextDecoder()
  let out = ""
  let from = 0
  for (const [end, indices] of Array.from(marks).sort(([a], [b]) => a - b)) {
    out += decoder.decode(bytes.subarray(from, end)) + Array.from(indices, write).join("")
    from = end
  }
  return out + decoder.decode(bytes.subarray(from))
}
