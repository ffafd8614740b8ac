/**
 * Settles a create whose answer was lost: it asks the server, by what the API offers, whether the resource exists.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CallOptions } from "../../call/CallOptions.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { Settle } from "../../ResourceHttp.ts"
import type { Asked } from "./carrier.ts"
import * as Names from "./names.ts"

/** `made` if it exists, `none` if it does not and may be asked for again, `unknown` if that cannot be found out. */
export type Verdict =
  | { readonly _tag: "made"; readonly found: unknown }
  | { readonly _tag: "none" }
  | { readonly _tag: "unknown" }

const none: Verdict = { _tag: "none" }
const unknown: Verdict = { _tag: "unknown" }

/** Asks the member that the create went to, with the usual retries. */
export type Look = (asked: Asked) => Effect.Effect<unknown, GeminiError>

/** The most pages of a list that are read; after them the answer is `unknown`. */
const mostPages = 1_000

const named = (look: Look, name: string, method: string): Effect.Effect<Verdict> =>
  Effect.matchEffect(look({ method, httpMethod: "GET", path: name }), {
    onFailure: ({ reason }) => Effect.succeed(reason._tag === "NotFound" ? none : unknown),
    onSuccess: (found) => Effect.succeed<Verdict>({ _tag: "made", found })
  })

const displayNameOf = (item: unknown): unknown =>
  Names.own(item, "displayName") ?? Names.own(Names.own(item, "metadata"), "displayName") ??
    Names.own(item, "display_name")

const listed = Effect.fnUntraced(function*(
  look: Look,
  { displayName, items, path }: Extract<Settle, { readonly displayName: string }>,
  method: string
): Effect.fn.Return<Verdict, GeminiError> {
  const found: Array<unknown> = []
  let token: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const query = token === undefined ? undefined : { [path.includes("_") ? "page_token" : "pageToken"]: token }
    const list = yield* look({ method, httpMethod: "GET", path, query })
    const entries = Names.own(list, items)
    if (Array.isArray(entries)) found.push(...entries.filter((item) => displayNameOf(item) === displayName))
    const next = Names.own(list, "nextPageToken") ?? Names.own(list, "next_page_token")
    if (typeof next !== "string" || next === "") {
      // If two bear the name, it cannot be known which of them this create made.
      return found.length === 0 ? none : found.length === 1 ? { _tag: "made", found: found[0] } : unknown
    }
    if (next === token) return unknown
    token = next
  }
  return unknown
})

/**
 * Looks twice before it says `none`, because a create that was cut off may still be under way at the server.
 */
export const verdict = (
  look: Look,
  settle: Settle | undefined,
  method: string,
  options: CallOptions | undefined,
  pause: Duration.Input
): Effect.Effect<Verdict> => {
  if (settle === undefined) return Effect.succeed(unknown)
  const once = settle.name === undefined
    ? Effect.catch(listed(look, settle, method), () => Effect.succeed(unknown))
    : named(look, settle.name, method)
  return Effect.flatMap(once, (first) =>
    first._tag === "none"
      ? Effect.andThen(Effect.sleep(options?.retry?.baseDelay ?? pause), once)
      : Effect.succeed(first))
}
