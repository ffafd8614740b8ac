/**
 * What of a request is kept on the server, and so can only be read with a key of the project
 * that made it: its cache and its files, by their resource names. Pure.
 */
import type { Content } from "../../wire/Content.ts"
import type { GenerateContentRequest } from "../../wire/GenerateContent.ts"

/** The resource behind a name or a URI of the API; a file that lies elsewhere is nobody's. */
export const nameOf = (uri: string): string | undefined => /(?:^|\/)((?:files|cachedContents)\/[\w-]+)$/.exec(uri)?.[1]

const isOfTheApi = (uri: string): boolean =>
  !uri.includes("://") || /^https?:\/\/[^/]+\/(?:[^?#]*\/)?v\d\w*\/files\//.test(uri)

/** A resource and the place in the request that names it. */
export interface Held {
  readonly field: string
  readonly resource: string
  /** What errors call it, where its name is not to be told. */
  readonly shown?: string
}

const filesIn = (contents: ReadonlyArray<Content> | null | undefined): ReadonlyArray<Held> =>
  (contents ?? []).flatMap(({ parts }, content) =>
    (parts ?? []).flatMap(({ fileData }, part) => {
      const uri = fileData?.fileUri
      const resource = typeof uri === "string" && isOfTheApi(uri) ? nameOf(uri) : undefined
      return resource === undefined
        ? []
        : [{ field: `contents[${content}].parts[${part}].fileData.fileUri`, resource }]
    })
  )

export const heldBy = (
  request: Pick<GenerateContentRequest, "contents" | "cachedContent">
): ReadonlyArray<Held> => {
  const cache = request.cachedContent
  const resource = typeof cache === "string" ? nameOf(cache) ?? cache : undefined
  return resource === undefined || resource === ""
    ? filesIn(request.contents)
    : [{ field: "cachedContent", resource }, ...filesIn(request.contents)]
}
