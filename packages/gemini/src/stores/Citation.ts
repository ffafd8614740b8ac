/**
 * What a grounded answer cites out of file search stores: which document, which page, which text, and for what.
 *
 * ```ts
 * import * as Citation from "effect-gemini/stores/Citation"
 *
 * const cited = Citation.of({
 *   candidates: [{
 *     content: { role: "model", parts: [{ text: "It is changed from below." }] },
 *     groundingMetadata: {
 *       groundingChunks: [{
 *         retrievedContext: { title: "manual.pdf", pageNumber: 7, text: "Open the lid below.", fileSearchStore: "fileSearchStores/a" }
 *       }],
 *       groundingSupports: [{ segment: { endIndex: 25, text: "It is changed from below." }, groundingChunkIndices: [0] }]
 *     }
 *   }]
 * })
 * console.log(cited.map(({ document, page }) => `${document}, page ${page}`)) // [ "manual.pdf, page 7" ]
 * ```
 *
 * @since 0.2.0
 */
import * as Metadata from "../internal/stores/metadata.ts"
import type { GenerateContentResponse } from "../wire/GenerateContent.ts"
import { count } from "../wire/Usage.ts"

/**
 * One citation. A document without a display name has no `document`; only documents with pages have a `page`, which
 * counts from 1; of an image there is a `mediaId` for `FileSearchStores.downloadMedia`, and no text.
 *
 * @category models
 * @since 0.2.0
 */
export interface Citation {
  readonly document: string | undefined
  readonly page: number | undefined
  readonly text: string | undefined
  readonly store: string | undefined
  readonly mediaId: string | undefined
  readonly uri: string | undefined
  readonly metadata: Metadata.Metadata
  /** The stretches of the answer that rest on it. Offsets count bytes of its UTF-8 text. */
  readonly supports: ReadonlyArray<{ readonly text: string; readonly start: number; readonly end: number }>
}

/**
 * The citations of the first candidate of an answer, in the order of its sources.
 *
 * @category getters
 * @since 0.2.0
 */
export const of = (response: Pick<GenerateContentResponse, "candidates">): ReadonlyArray<Citation> => {
  const { groundingChunks, groundingSupports } = response.candidates?.[0]?.groundingMetadata ?? {}
  return (groundingChunks ?? []).flatMap(({ retrievedContext: found }, index): ReadonlyArray<Citation> => {
    if (found == null) return []
    const supports = (groundingSupports ?? []).filter(({ groundingChunkIndices }) =>
      groundingChunkIndices?.some((at) => count(at) === index) === true
    )
    return [{
      document: found.title ?? undefined,
      page: found.pageNumber == null ? undefined : count(found.pageNumber),
      text: found.text ?? undefined,
      store: found.fileSearchStore ?? undefined,
      mediaId: found.mediaId ?? undefined,
      uri: found.uri ?? undefined,
      metadata: Metadata.read(found.customMetadata ?? []),
      supports: supports.map(({ segment }) => ({
        text: segment?.text ?? "",
        start: count(segment?.startIndex),
        end: count(segment?.endIndex)
      }))
    }]
  })
}
