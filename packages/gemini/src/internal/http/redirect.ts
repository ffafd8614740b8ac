/**
 * Sees to it that the key follows no redirect, over whatever HttpClient.
 *
 * `fetch` follows redirects by itself. Across origins it takes `authorization` off the request and leaves
 * `x-goog-api-key` on; a 307 or 308 carries the prompt along, and whoever answers is taken for the model. So every
 * request that we send tells fetch not to follow, and the origin of every answer is checked: a client that follows by
 * itself (`HttpClient.followRedirects`, or one written over fetch) cannot be known before.
 */
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"

type Response = HttpClientResponse.HttpClientResponse
type Request = HttpClientRequest.HttpClientRequest

/** Marks a client of ours that is not fetch and follows no redirect. */
export const followsNothing: unique symbol = Symbol("effect-gemini/internal/followsNothing")

/** An answer, and the request that the client really sent for it. */
export interface Sent {
  readonly request: Request
  readonly response: Response
}

/** Sends the request. An answer of another origin is given to `foreign`, which refuses it. */
export const send = <E>(
  client: HttpClient.HttpClient,
  request: Request,
  foreign: (response: Response, elsewhere: Elsewhere) => Effect.Effect<never, E>
): Effect.Effect<Response, HttpClientError.HttpClientError | E> =>
  Effect.suspend(() => {
    // A client may rewrite requests and try them again: the last request that was sent is the one that was answered.
    let sent = request
    return Effect.flatMap(
      client.postprocess(Effect.map(client.preprocess(request), (made) => sent = made)),
      (response): Effect.Effect<Response, E> => {
        const other = elsewhere({ request: sent, response })
        return other === undefined ? Effect.succeed(response) : foreign(response, other)
      }
    )
  })

const parsed = (url: string): string | undefined => URL.canParse(url) ? new URL(url).origin : undefined

/** No real origin has a longer name. */
const longest = 200

const sameStart = (one: string, other: string): boolean => {
  const slash = one.indexOf("/", 8)
  return slash > 0 && other.startsWith(one.slice(0, slash + 1))
}

/** Two origins that should be the same. */
export interface Elsewhere {
  readonly asked: string
  readonly answered: string
}

/** The other origin that answered, if one did. */
export const elsewhere = ({ request, response }: Sent): Elsewhere | undefined => {
  for (const url of [response.request.url, response.url]) {
    if (sameStart(request.url, url)) continue
    const [asked, answered] = [parsed(request.url), parsed(url)]
    // A URL that is not absolute names no origin: the answer was made in memory, or comes from a page's own server.
    if (asked === undefined || answered === undefined || asked === answered) continue
    return { asked, answered: answered.slice(0, longest) }
  }
  return undefined
}
