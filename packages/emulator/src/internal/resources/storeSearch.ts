/**
 * A file search as the emulator does it: the passages that share most words with the question, as `groundingChunks`.
 */
import * as GoogleError from "../../GoogleError.ts"
import * as Json from "../json.ts"
import type { DocumentRecord } from "./DocumentRecord.ts"
import * as DocumentText from "./documentText.ts"
import * as MetadataFilter from "./metadataFilter.ts"

/** How many passages are found where a request names no number. Google publishes none: this one is ours. */
const standardTop = 5

interface Candidate {
  readonly document: DocumentRecord
  readonly passage: DocumentText.Passage
}

/** The last text that the user wrote. */
const questionOf = (body: Json.Json): string =>
  Json.list(Json.at(Json.list(body["contents"]).at(-1), "parts"))
    .map((part) => Json.text(Json.at(part, "text")) ?? "").join(" ")

const passagesOf = (document: DocumentRecord): ReadonlyArray<DocumentText.Passage> => {
  // Of an image nothing but its name can be found here.
  if (document.media !== undefined) return [{ text: document.displayName ?? "" }]
  const read = Json.parse(Buffer.concat([...document.bytes.read()]).toString())
  return Json.list(read).map((passage) => ({
    text: Json.text(Json.at(passage, "text")) ?? "",
    page: Json.number(Json.at(passage, "page"))
  }))
}

const cited = ({ document, passage }: Candidate): Json.Json => ({
  retrievedContext: {
    ...(document.displayName === undefined ? {} : { title: document.displayName }),
    ...(document.media === undefined ? { text: passage.text } : { mediaId: document.media }),
    fileSearchStore: document.store,
    ...(passage.page === undefined ? {} : { pageNumber: passage.page }),
    ...(document.metadata.length === 0 ? {} : { customMetadata: document.metadata })
  }
})

/** `asked` are the searches of the request, and `documents` gives what can be searched in a store. */
export const search = (
  body: Json.Json,
  asked: ReadonlyArray<unknown>,
  documents: (store: string) => ReadonlyArray<DocumentRecord>
): { readonly found: ReadonlyArray<Json.Json> } | { readonly refusal: GoogleError.Refusal } => {
  const candidates: Array<Candidate> = []
  let top = 0
  for (const one of asked) {
    const source = Json.text(Json.at(one, "metadataFilter")) ?? ""
    const filter = source.trim() === "" ? () => true : MetadataFilter.parse(source)
    const most = Json.number(Json.at(one, "topK")) ?? standardTop
    if (filter === undefined || most < 0) return { refusal: GoogleError.invalidArgument() }
    top = Math.max(top, most === 0 ? standardTop : most)
    for (const store of new Set(Json.list(Json.at(one, "fileSearchStoreNames")).map(String))) {
      for (const document of documents(store)) {
        if (!filter(document.metadata)) continue
        candidates.push(...passagesOf(document).map((passage) => ({ document, passage })))
      }
    }
  }
  const score = DocumentText.scorer(questionOf(body), candidates.map(({ passage }) => passage.text))
  const found = candidates.map((candidate) => ({ candidate, score: score(candidate.passage.text) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, top)
  return { found: found.map(({ candidate }) => cited(candidate)) }
}
