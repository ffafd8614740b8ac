/** The resources of a list, asked for page by page as they are wanted. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../../call/CallOptions.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"

interface Page {
  readonly nextPageToken?: string | null | undefined
}

/** `items` are the resources of a page, and the member that has them. A server that gives a token again is not asked again. */
export const paged = <P extends Page, A>(
  http: ResourceHttp.Service,
  request: Pick<ResourceHttp.Ask<P>, "method" | "query" | "of" | "answer"> & { readonly path: string },
  items: (page: P, member: string | undefined) => ReadonlyArray<A>,
  options: CallOptions | undefined
): Stream.Stream<A, GeminiError> =>
  Stream.paginate("", (pageToken: string) =>
    Effect.map(
      http.ask({
        ...request,
        httpMethod: "GET",
        query: { ...request.query, pageToken: pageToken === "" ? undefined : pageToken }
      }, options),
      ({ member, value }) => {
        const next = value.nextPageToken ?? ""
        return [items(value, member), next === "" || next === pageToken ? Option.none() : Option.some(next)]
      }
    ))
