/**
 * A request to an origin that an answer named. It holds neither key nor cookies nor anything that the client adds to
 * its requests, and it follows no redirect.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { RequestInit } from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as UrlParams from "effect/http/UrlParams"
import * as Option from "effect/Option"
import type { GeminiError } from "../../GeminiError.ts"
import * as Redirect from "../http/redirect.ts"
import * as Body from "../http/responseBody.ts"

export interface Bare {
  readonly httpMethod: HttpMethod.HttpMethod
  readonly url: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly payload?: HttpBody.HttpBody | undefined
}

/** The only headers of a call that go to such an origin: they are about the bytes, and do not say who asks. */
const harmless = /^(?:accept|range|if-range|content-type|content-range|x-goog-upload-(?!header-)[a-z-]+)$/i

// A span of HttpClient's own would hold the address, and its query may be a signature.
const quiet = Context.make(HttpClient.TracerPropagationEnabled, false).pipe(
  Context.add(HttpClient.TracerDisabledWhen, () => true)
)

/** The options of fetch are read from the context in which the innermost client sends, so they are set there. */
const withoutCookies = (context: Context.Context<never>): Context.Context<never> =>
  Context.add(context, RequestInit, {
    ...Context.getOrUndefined(context, RequestInit),
    redirect: "manual",
    credentials: "omit"
  })

export const send = (
  client: HttpClient.HttpClient,
  call: Body.CallContext,
  bare: Bare
): Effect.Effect<HttpClientResponse.HttpClientResponse, GeminiError> => {
  const headers = Object.entries(bare.headers ?? {}).filter(([name]) => harmless.test(name))
  const request = HttpClientRequest.makeWith(
    bare.httpMethod,
    bare.url,
    UrlParams.empty,
    Option.none(),
    Headers.fromInput(headers),
    bare.payload ?? HttpBody.empty
  )
  const told = Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
    fiber.setContext(withoutCookies(fiber.context))
    return Effect.succeed(request)
  })
  // `preprocess` is left out: what a client adds there (credentials, cookies) is meant for the base URL.
  const sent = Effect.updateContext(
    client.postprocess(told),
    (context: Context.Context<never>) => Context.merge(context, quiet)
  )
  return Effect.matchEffect(sent, {
    onFailure: (error) => Effect.fail(Body.network(call, error)),
    onSuccess: (response) => {
      const other = Redirect.elsewhere({ request, response })
      if (other === undefined) return Effect.succeed(response)
      const expected = `an answer of ${other.asked}, got one of ${other.answered}: the HttpClient followed a redirect`
      return Effect.fail(Body.invalid(call, "", expected))
    }
  })
}
