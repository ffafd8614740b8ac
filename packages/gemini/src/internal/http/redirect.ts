/**
 * The key follows no redirect, over whatever HttpClient.
 *
 * `fetch` follows redirects by itself. Across origins it takes `authorization` off the
 * request and leaves `x-goog-api-key` on; a 307 or 308 carries the prompt along, and whoever
 * answers is taken for the model. So every request that we send tells fetch to leave a
 * redirect alone, and every answer is looked at for where it came from: a client that
 * follows by itself (`HttpClient.followRedirects`, one written over fetch) cannot be known
 * before.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { RequestInit } from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"

type Response = HttpClientResponse.HttpClientResponse
type Request = HttpClientRequest.HttpClientRequest

/** On a client of ours that is not fetch, and follows nothing. */
export const followsNothing: unique symbol = Symbol("effect-gemini/internal/followsNothing")

/**
 * The client, with fetch told not to follow.
 *
 * fetch's options come from the context in which the innermost client sends, where a layer
 * may have its own: a proxy, credentials. A service of ours around the call would replace
 * these, so it is put where they are, at the end of the request's own effect, and taken away
 * with the context of the attempt (`restored`).
 */
export const manual = (client: HttpClient.HttpClient): HttpClient.HttpClient => {
  if (followsNothing in client) return client
  const told = (context: Context.Context<never>): Context.Context<never> => {
    const init = Context.getOrUndefined(context, RequestInit)
    return init?.redirect === "manual" || init?.redirect === "error"
      ? context
      : Context.add(context, RequestInit, { ...init, redirect: "manual" })
  }
  const tell = (request: Request): Effect.Effect<Request> =>
    Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
      fiber.setContext(told(fiber.context))
      return Effect.succeed(request)
    })
  return HttpClient.makeWith((request) => client.postprocess(Effect.flatMap(request, tell)), client.preprocess)
}

/** An answer, and the request that went out for it, as the client had made it. */
export interface Sent {
  readonly request: Request
  readonly response: Response
}

/** Sends. Another origin's answer is for `foreign` to refuse. */
export const send = <E>(
  client: HttpClient.HttpClient,
  request: Request,
  foreign: (response: Response, elsewhere: Elsewhere) => Effect.Effect<never, E>
): Effect.Effect<Response, HttpClientError.HttpClientError | E> =>
  Effect.suspend(() => {
    // A client may rewrite requests, and try them again: what was sent at last is what was asked.
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

/** Longer names are no origin of anybody's. */
const longest = 200

const sameStart = (one: string, other: string): boolean => {
  const slash = one.indexOf("/", 8)
  return slash > 0 && other.startsWith(one.slice(0, slash + 1))
}

/** Two origins that should be one. */
export interface Elsewhere {
  readonly asked: string
  readonly answered: string
}

/** The other origin that answered, if one did. */
export const elsewhere = ({ request, response }: Sent): Elsewhere | undefined => {
  for (const url of [response.request.url, response.url]) {
    if (sameStart(request.url, url)) continue
    const [asked, answered] = [parsed(request.url), parsed(url)]
    // What is no absolute URL names no origin: an answer made in memory, a page's own server.
    if (asked === undefined || answered === undefined || asked === answered) continue
    return { asked, answered: answered.slice(0, longest) }
  }
  return undefined
}
