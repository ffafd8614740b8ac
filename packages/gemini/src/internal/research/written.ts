/**
 * The report out of an interaction's steps: the text that was written since the last input, with what it cites. The API
 * counts places in bytes of UTF-8 within one content; here they are places in the whole string. Pure.
 */
import * as Interaction from "../../interactions/Interaction.ts"
import type { Annotation } from "../../interactions/types/AnnotationTypes.ts"
import type { ResearchCitation, ResearchImage, ResearchSource, WrittenReport } from "../../research/ResearchReport.ts"
import * as Usage from "../../wire/Usage.ts"

/** The most sources of a report: a server that sends more says nothing that anybody could read. */
const mostSources = 2_000

/** The place in a string of each of these counts of bytes, which ascend. A count within a character leads behind it. */
const placesOf = (text: string, counts: ReadonlyArray<number>): ReadonlyMap<number, number> => {
  const places = new Map<number, number>()
  let at = 0
  let passed = 0
  for (const count of counts) {
    while (passed < count && at < text.length) {
      const point = text.codePointAt(at) ?? 0
      passed += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
      at += point < 0x10000 ? 1 : 2
    }
    places.set(count, at)
  }
  return places
}

type Named = Omit<ResearchSource, "number">

const sourceOf = (annotation: Annotation): Named | undefined => {
  switch (annotation.type) {
    case "url_citation": {
      const { title, url } = annotation
      if (!url && !title) return undefined
      return { kind: "url", title: title || url || "", ...(url ? { url } : {}) }
    }
    case "file_citation": {
      const { document_uri: url, file_name, page_number, source } = annotation
      const title = file_name || source || url
      if (!title) return undefined
      const page = page_number === undefined || page_number === null ? {} : { page: Usage.count(page_number) }
      return { kind: "file", title, ...(url ? { url } : {}), ...page }
    }
    case "place_citation": {
      const { name, url } = annotation
      if (!name && !url) return undefined
      return { kind: "place", title: name || url || "", ...(url ? { url } : {}) }
    }
    default:
      return undefined
  }
}

export const of = (interaction: Interaction.Interaction): WrittenReport => {
  const steps = Interaction.steps(interaction)
  const from = steps.findLastIndex(({ type }) => type === "user_input" || type === "function_result")
  const citations: Array<ResearchCitation> = []
  const images: Array<ResearchImage> = []
  const sources = new Map<string, ResearchSource>()
  let text = ""
  const numberOf = (named: Named): number | undefined => {
    const key = `${named.kind} ${named.url ?? named.title} ${named.page ?? ""}`
    const known = sources.get(key)
    if (known !== undefined) return known.number
    if (sources.size >= mostSources) return undefined
    const number = sources.size + 1
    sources.set(key, { number, ...named })
    return number
  }
  for (const step of steps.slice(from + 1)) {
    if (step.type !== "model_output") continue
    for (const content of step.content ?? []) {
      if (content.type === "image") {
        const { data, mime_type, uri } = content
        if (!data && !uri) continue
        const bytes = data ? { data } : uri ? { uri } : {}
        images.push({ at: text.length, mimeType: String(mime_type ?? "image/png"), ...bytes })
      }
      if (content.type !== "text") continue
      const piece = content.text ?? ""
      const annotations = content.annotations ?? []
      const counts = annotations.flatMap((annotation) =>
        "start_index" in annotation || "end_index" in annotation
          ? [Usage.count(annotation.start_index), Usage.count(annotation.end_index)]
          : []
      )
      const places = placesOf(piece, [...new Set(counts)].sort((a, b) => a - b))
      for (const annotation of annotations) {
        const named = sourceOf(annotation)
        const source = named && numberOf(named)
        if (source === undefined || !("end_index" in annotation)) continue
        const start = places.get(Usage.count(annotation.start_index)) ?? 0
        const end = places.get(Usage.count(annotation.end_index)) ?? 0
        // An end of 0 is left out on the wire: the source is listed then, and no stretch is marked.
        if (end > start) citations.push({ start: text.length + start, end: text.length + end, source })
      }
      text += piece
    }
  }
  return { text, citations, sources: [...sources.values()], images }
}
