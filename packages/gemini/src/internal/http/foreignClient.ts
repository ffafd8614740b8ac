/**
 * What sends over whatever HttpClient a program provides: it is told to follow no redirect, and to write no spans.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { RequestInit } from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Attempt from "./attempt.ts"
import { followsNothing } from "./redirect.ts"

// Google must not see our trace ids, and a span of HttpClient's own would hold headers.
const silence = Context.make(HttpClient.TracerPropagationEnabled, false).pipe(
  Context.add(HttpClient.TracerDisabledWhen, () => true)
)

/**
 * The client, with fetch told not to follow.
 *
 * fetch's options come from the context in which the innermost client sends, where a layer may have put its own: a
 * proxy, credentials. A service of ours around the call would replace these. So ours is put in the same place, at the
 * end of the request's own effect, and is taken away with the context of the attempt (`restored`).
 */
const manual = (client: HttpClient.HttpClient): HttpClient.HttpClient => {
  if (followsNothing in client) return client
  const told = (context: Context.Context<never>): Context.Context<never> => {
    const init = Context.getOrUndefined(context, RequestInit)
    return init?.redirect === "manual" || init?.redirect === "error"
      ? context
      : Context.add(context, RequestInit, { ...init, redirect: "manual" })
  }
  const tell = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<HttpClientRequest.HttpClientRequest> =>
    Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
      fiber.setContext(told(fiber.context))
      return Effect.succeed(request)
    })
  return HttpClient.makeWith((request) => client.postprocess(Effect.flatMap(request, tell)), client.preprocess)
}

export const sender = (options: Attempt.Options, client: HttpClient.HttpClient): Attempt.Sender =>
  Attempt.make(options, manual(client), silence)
