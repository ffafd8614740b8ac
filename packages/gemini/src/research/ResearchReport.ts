/**
 * The report of a deep research: its text in Markdown, what it cites and where, its images, what it used and cost.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import type { Cost } from "../Cost.ts"
import type { InteractionUsage } from "../interactions/types/InteractionTypes.ts"
import type { Usage } from "../wire/Usage.ts"

/**
 * What is cited: a page, a file, a place. Each stands once in a report, and `number`, from 1, is its place there.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ResearchSource = /* @__PURE__ */ Schema.Struct({
  number: Schema.Int,
  kind: Schema.Literals(["url", "file", "place"]),
  title: Schema.String,
  url: Schema.optionalKey(Schema.String),
  /** The page of a file. */
  page: Schema.optionalKey(Schema.Finite)
})

/**
 * @category models
 * @since 0.2.0
 */
export type ResearchSource = typeof ResearchSource.Type

/**
 * A stretch of the report that rests on a source: `text.slice(start, end)`. (The API counts bytes of UTF-8; these are
 * places in the string.)
 *
 * @category schemas
 * @since 0.2.0
 */
export const ResearchCitation = /* @__PURE__ */ Schema.Struct({
  start: Schema.Int,
  end: Schema.Int,
  source: Schema.Int
})

/**
 * @category models
 * @since 0.2.0
 */
export type ResearchCitation = typeof ResearchCitation.Type

/**
 * An image of the report (a chart), and the place in the text before which it stands.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ResearchImage = /* @__PURE__ */ Schema.Struct({
  at: Schema.Int,
  mimeType: Schema.String,
  /** The bytes in base64, or `uri`. */
  data: Schema.optionalKey(Schema.String),
  uri: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export type ResearchImage = typeof ResearchImage.Type

/**
 * The written part of a report: what was said, and what it rests on.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WrittenReport = /* @__PURE__ */ Schema.Struct({
  text: Schema.String,
  citations: Schema.Array(ResearchCitation),
  sources: Schema.Array(ResearchSource),
  images: Schema.Array(ResearchImage)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface WrittenReport extends Schema.Schema.Type<typeof WrittenReport> {}

/**
 * What one interaction of the research used: `of` is the agent or the model.
 *
 * @category models
 * @since 0.2.0
 */
export interface ResearchUsage {
  readonly stage: "plan" | "research" | "output"
  readonly of: string
  readonly usage: InteractionUsage
}

/**
 * A report. `interaction` is the name of the one that wrote it, which a follow-up names in `previous_interaction_id`.
 * `isPartial`: the agent stopped before it was done (`incomplete`, `budget_exceeded`), and this is what it had.
 *
 * `cost` is by the price list; the agent itself has no price in it, so name the model whose prices hold (`pricedAs`), or
 * `cost` has no amount for it.
 *
 * @category models
 * @since 0.2.0
 */
export interface ResearchReport<Output = undefined> extends WrittenReport {
  readonly id: string
  readonly query: string
  readonly interaction: string
  readonly isPartial: boolean
  /** The plan that was approved, where one was asked for. */
  readonly plan: string | undefined
  /** The report in the form of `outputSchema`. */
  readonly output: Output
  /** The tokens of all interactions together. */
  readonly usage: Usage | undefined
  readonly usages: ReadonlyArray<ResearchUsage>
  readonly cost: Cost
  /** How many searches it made, as far as events told. */
  readonly searches: number
}

/**
 * The report's text with a mark `[1]` behind each stretch that rests on a source, and the sources at the end.
 *
 * ```ts
 * import * as ResearchReport from "effect-gemini/research/ResearchReport"
 *
 * const markdown = ResearchReport.toMarkdown({
 *   text: "Tides follow the moon.",
 *   citations: [{ start: 0, end: 22, source: 1 }],
 *   sources: [{ number: 1, kind: "url", title: "NOAA", url: "https://noaa.gov/tides" }],
 *   images: []
 * })
 * console.log(markdown) // Tides follow the moon.[1] … 1. [NOAA](<https://noaa.gov/tides>)
 * ```
 *
 * @category conversions
 * @since 0.2.0
 */
export const toMarkdown = ({ citations, sources, text }: WrittenReport): string => {
  const marked = marks({ citations, text }).toReversed().reduce(
    (out, { at, numbers }) => out.slice(0, at) + numbers.map((number) => `[${number}]`).join("") + out.slice(at),
    text
  )
  if (sources.length === 0) return marked
  return `${marked.trimEnd()}\n\n## Sources\n\n${sources.map(listed).join("\n")}\n`
}

const listed = ({ number, page, title, url }: ResearchSource): string => {
  const name = title.replace(/[\\[\]]/g, "\\$&").replace(/\s+/g, " ")
  const link = url === undefined ? name : `[${name}](<${url.replace(/[<>\s]/g, encodeURIComponent)}>)`
  return `${number}. ${link}${page === undefined ? "" : `, page ${page}`}`
}

/** The end of a stretch without the white space that it ends with: a mark behind a line break would begin the next line. */
const endOf = (text: string, { end, start }: ResearchCitation): number =>
  start + text.slice(start, end).trimEnd().length

/**
 * Where marks of sources stand: behind each stretch, the sources of all stretches that end there, each once. In the order
 * of the text.
 *
 * @category getters
 * @since 0.2.0
 */
export const marks = (
  { citations, text }: Pick<WrittenReport, "citations" | "text">
): ReadonlyArray<{ readonly at: number; readonly numbers: ReadonlyArray<number> }> => {
  const ends = new Map<number, Set<number>>()
  for (const citation of citations) {
    const end = endOf(text, citation)
    ends.set(end, (ends.get(end) ?? new Set()).add(citation.source))
  }
  return Array.from(ends, ([at, numbers]) => ({ at, numbers: [...numbers].sort((a, b) => a - b) }))
    .sort((one, other) => one.at - other.at)
}
