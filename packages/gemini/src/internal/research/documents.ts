/** The question and its documents as the input of an interaction. Pure. */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import type { InteractionContent } from "../../interactions/types/ContentTypes.ts"
import type { ResearchDocument } from "../../research/ResearchOptions.ts"

/** What is refused, and where. */
export interface Unfit {
  readonly field: string
  readonly description: string
}

const content = (document: ResearchDocument, at: number): Result.Result<InteractionContent, Unfit> => {
  const field = `documents[${at}]`
  if (document.type !== undefined) return Result.succeed(document)
  const mime = document.mimeType.toLowerCase().split(";")[0]?.trim() ?? ""
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(mime)) {
    return Result.fail({ field: `${field}.mimeType`, description: "expected a MIME type such as application/pdf" })
  }
  const kind = mime.split("/")[0]
  if (kind === "audio") return Result.fail({ field, description: "the agent takes no sound" })
  if ("uri" in document) {
    const { uri } = document
    if (uri === "") return Result.fail({ field: `${field}.uri`, description: "expected an address" })
    const given = { uri, mime_type: mime }
    return Result.succeed(
      kind === "image" || kind === "video" ? { type: kind, ...given } : { type: "document", ...given }
    )
  }
  if (document.data.length === 0) {
    return Result.fail({ field: `${field}.data`, description: "expected bytes, got none" })
  }
  if (kind === "text" && mime !== "text/csv") {
    try {
      return Result.succeed({ type: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(document.data) })
    } catch {
      return Result.fail({ field: `${field}.data`, description: `expected ${mime} in UTF-8` })
    }
  }
  const given = { data: Base64.encode(document.data), mime_type: mime }
  return Result.succeed(
    kind === "image" || kind === "video" ? { type: kind, ...given } : { type: "document", ...given }
  )
}

/** A text alone, or the text and its documents behind it. */
export const inputOf = (
  query: string,
  documents: ReadonlyArray<ResearchDocument>
): Result.Result<string | ReadonlyArray<InteractionContent>, Unfit> => {
  if (query.trim() === "") return Result.fail({ field: "query", description: "expected a question, got nothing" })
  if (documents.length === 0) return Result.succeed(query)
  const contents = Result.all(documents.map(content))
  return Result.map(contents, (all) => [{ type: "text", text: query }, ...all])
}
