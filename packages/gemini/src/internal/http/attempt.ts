/**
 * One attempt: a request out, an answer or one typed error back. The shell around the
 * pure kernels; it knows the key, and so what may be said of a failure.
 */
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as UrlParams from "effect/http/UrlParams"
import * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as GenerateContent from "../../wire/GenerateContent.ts"
import * as Bounds from "../config/bounds.ts"
import * as OptionCheck from "../config/optionCheck.ts"
import { version } from "../config/version.ts"
import * as AttemptSpan from "../telemetry/attemptSpan.ts"
import type { Said } from "../telemetry/recorder.ts"
import * as AttemptClock from "./attemptClock.ts"
import * as BoundedText from "./boundedText.ts"
import { OnConnect } from "./connection.ts"
import * as Redirect from "./redirect.ts"
import type * as RequestCheck from "./requestCheck.ts"
import * as Body from "./responseBody.ts"
import * as ResponseStream from "./responseStream.ts"

/** One call of one method. */
export interface Attempt extends Body.Call {
  readonly httpMethod: HttpMethod.HttpMethod
  /** Behind the API version, query included: `models/x:generateContent`. */
  readonly path: string
  /** `undefined`: none. */
  readonly body: unknown
  /** What the server is known to refuse; asked once the body is known to be JSON. */
  readonly check?: (() => ReadonlyArray<RequestCheck.Violation>) | undefined
  readonly timeouts?: GeminiConfig.Timeouts | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export interface Sender {
  readonly unary: <A>(
    attempt: Attempt,
    decode: (call: Body.Call, text: string) => Result.Result<A, GeminiError>,
    describe?: (span: Tracer.Span, answer: A, said: Said | undefined) => void
  ) => Effect.Effect<A, GeminiError>
  readonly stream: (attempt: Attempt) => Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError>
}

/** What a member of several is called, for its spans. */
export interface Options extends GeminiConfig.Options {
  readonly member?: string | undefined
}

const apiKeyHeader = "x-goog-api-key"
const headerName = /^[\w!#$%&'*+.^`|~-]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/
const visibleAscii = /^[\x21-\x7e]+$/

// Google must not see our trace ids, and a span of HttpClient's own would carry headers.
const silence = Context.make(HttpClient.TracerPropagationEnabled, false).pipe(
  Context.add(HttpClient.TracerDisabledWhen, () => true)
)

/** The client as the caller wants it. What was thrown there is not told: it may hold anything. */
const transformed = (
  { transformClient }: GeminiConfig.Options,
  httpClient: HttpClient.HttpClient
): HttpClient.HttpClient | undefined => {
  if (transformClient === undefined) return httpClient
  try {
    const client = transformClient(httpClient)
    return HttpClient.isHttpClient(client) ? client : undefined
  } catch {
    return undefined
  }
}

export const make = (options: Options, httpClient: HttpClient.HttpClient): Sender => {
  const own = transformed(options, Redirect.manual(httpClient))
  const problem = OptionCheck.problem(options) ??
    (own === undefined
      ? { field: "transformClient", description: "it threw, or gave back no HttpClient" }
      : undefined)
  const client = own ?? httpClient
  const baseUrl = (options.baseUrl ?? OptionCheck.defaultBaseUrl).replace(/\/+$/, "")
  const prefix = `${baseUrl}/${options.apiVersion ?? "v1beta"}/`
  const server = AttemptSpan.server(baseUrl, options.member)
  const fixedHeaders = { "content-type": "application/json", "x-goog-api-client": `effect-gemini/${version}` }

  // Fibers of a program mostly share one context: the last merge is kept. Spans make a new one
  // for each call, but what is merged into it depends on the redacted names alone.
  let last: readonly [from: Context.Context<never>, to: Context.Context<never>] | undefined
  let quiet: readonly [names: ReadonlyArray<string | RegExp>, context: Context.Context<never>] | undefined
  const silenced = (context: Context.Context<never>): Context.Context<never> => {
    if (last?.[0] === context) return last[1]
    const names = Context.get(context, Headers.CurrentRedactedNames)
    if (quiet?.[0] !== names) {
      quiet = [names, Context.add(silence, Headers.CurrentRedactedNames, [...names, apiKeyHeader])]
    }
    const merged = Context.merge(context, quiet[1])
    last = [context, merged]
    return merged
  }

  const request = (attempt: Attempt): Result.Result<HttpClientRequest.HttpClientRequest, GeminiError> => {
    const { timeouts } = attempt
    const wrong = problem ?? (timeouts === undefined ? undefined : OptionCheck.problem({ timeouts }))
    if (wrong !== undefined) return Result.fail(Body.failure(attempt, new Reason.InvalidRequest({ fields: [wrong] })))
    const key = options.apiKey === undefined ? "" : Redacted.value(options.apiKey)
    if (key === "") return Result.fail(Body.failure(attempt, new Reason.MissingApiKey()))
    if (!visibleAscii.test(key)) {
      const description = "the API key holds characters that no header can carry: look for blanks and line ends"
      return Result.fail(Body.failure(attempt, new Reason.Unauthenticated({ description })))
    }
    const own = attempt.headers === undefined ? {} : attempt.headers
    if (own === null || typeof own !== "object") {
      const fields = [{ field: "headers", description: "expected an object" }]
      return Result.fail(Body.failure(attempt, new Reason.InvalidRequest({ fields })))
    }
    for (const [name, value] of Object.entries(own)) {
      if (headerName.test(name) && typeof value === "string" && headerValue.test(value)) continue
      const fields = [{ field: `headers[${JSON.stringify(name)}]`, description: "no header can carry this" }]
      return Result.fail(Body.failure(attempt, new Reason.InvalidRequest({ fields })))
    }
    const body = Result.try({
      try: () => attempt.body === undefined ? HttpBody.empty : HttpBody.jsonUnsafe(attempt.body),
      catch: () =>
        Body.failure(
          attempt,
          new Reason.InvalidRequest({ description: "the request cannot be written as JSON", fields: [] })
        )
    })
    if (Result.isFailure(body)) return Result.fail(body.failure)
    const fields = attempt.check?.() ?? []
    if (fields.length > 0) return Result.fail(Body.failure(attempt, new Reason.InvalidRequest({ fields })))
    const headers = Headers.fromRecordUnsafe({ ...fixedHeaders, [apiKeyHeader]: key })
    return Result.succeed(
      HttpClientRequest.makeWith(
        attempt.httpMethod,
        prefix + attempt.path,
        UrlParams.empty,
        Option.none(),
        attempt.headers === undefined ? headers : Headers.setAll(headers, attempt.headers),
        body.success
      )
    )
  }

  const execute = (
    attempt: Attempt,
    onConnect?: () => void
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, GeminiError> => {
    const built = request(attempt)
    if (Result.isFailure(built)) return Effect.fail(built.failure)
    const foreign = (response: HttpClientResponse.HttpClientResponse, elsewhere: Redirect.Elsewhere) =>
      refuse(attempt, response, elsewhere)
    const sent = Effect.updateContext(Redirect.send(client, built.success, foreign), silenced)
    return Effect.mapError(
      onConnect === undefined ? sent : Effect.provideService(sent, OnConnect, onConnect),
      (error) => error instanceof GeminiError ? error : Body.network(attempt, error)
    )
  }

  /** Somebody else's answer: its body is let go, not read. */
  const refuse = (
    attempt: Attempt,
    response: HttpClientResponse.HttpClientResponse,
    { answered, asked }: Redirect.Elsewhere
  ): Effect.Effect<never, GeminiError> => {
    const expected =
      `an answer of ${asked}, got one of ${answered} (HTTP ${response.status}): the HttpClient followed a ` +
      `redirect, and the key may have gone there; use a client that follows none, and look at baseUrl`
    return Effect.andThen(
      Effect.exit(Effect.scopedWith((scope) => pulled(response, scope))),
      Effect.fail(Body.invalid(attempt, "", expected))
    )
  }

  const bound = (what: keyof GeminiConfig.Bounds): number => Bounds.of(options.bounds, what)

  const refused = (
    attempt: Attempt,
    response: HttpClientResponse.HttpClientResponse
  ): Effect.Effect<never, GeminiError> =>
    Effect.matchEffect(BoundedText.read(response, bound("errorBody")), {
      onFailure: (error) => Effect.fail(Body.network(attempt, error)),
      onSuccess: (text) => {
        const error = Body.httpError(attempt, response, text ?? "")
        return Effect.fail(
          text === undefined ? error.withReason(Bounds.exceeded("errorBody", bound("errorBody"))) : error
        )
      }
    })

  const isOk = (response: HttpClientResponse.HttpClientResponse): boolean =>
    response.status >= 200 && response.status < 300

  const pulled = (
    response: HttpClientResponse.HttpClientResponse,
    scope: Scope.Scope
  ) => Channel.toPullScoped(Stream.toChannel(response.stream), scope)

  /** The text of an answer; with a clock in pieces, so that the first one and the gaps are seen. */
  const readText = (
    attempt: Attempt,
    response: HttpClientResponse.HttpClientResponse,
    clock?: AttemptClock.AttemptClock
  ): Effect.Effect<string, GeminiError> =>
    Effect.matchEffect(
      clock === undefined
        ? BoundedText.read(response, bound("body"))
        : BoundedText.readPieces(response, bound("body"), (pull) => AttemptClock.watched(clock, pull)),
      {
        onFailure: (error) => Effect.fail(Body.network(attempt, error)),
        onSuccess: (text) =>
          text === undefined
            ? Effect.fail(Body.failure(attempt, Bounds.exceeded("body", bound("body"))))
            : Effect.succeed(text)
      }
    )

  /** With what is needed to word a server's refusal. */
  const worded = (attempt: Attempt, fiber: Fiber.Fiber<unknown, unknown>): Attempt => {
    const clock = fiber.getRef(Clock.Clock)
    return { ...attempt, key: options.apiKey, now: () => clock.currentTimeMillisUnsafe() }
  }

  const unary: Sender["unary"] = (given, decode, describe) =>
    Effect.withFiber((fiber) => {
      const attempt = worded(given, fiber)
      const answer = (
        response: HttpClientResponse.HttpClientResponse,
        text: Effect.Effect<string, GeminiError>
      ) =>
        isOk(response)
          ? Effect.flatMap(text, (text) => Effect.fromResult(decode(attempt, text)))
          : refused(attempt, response)
      const limits = AttemptClock.limits(options.timeouts, attempt.timeouts)
      const sent = limits === undefined
        ? Effect.flatMap(execute(attempt), (response) => answer(response, readText(attempt, response)))
        : Effect.flatMap(AttemptClock.make(attempt, limits), (clock) =>
          Effect.raceFirst(
            Effect.flatMap(execute(attempt, () => clock.deadlines.connected()), (response) => {
              clock.deadlines.connected()
              return answer(response, readText(attempt, response, clock))
            }),
            clock.expiry
          ))
      return AttemptSpan.isTraced(fiber) ? AttemptSpan.unary(fiber, attempt, server, sent, describe) : sent
    })

  const open = (attempt: Attempt, scope: Scope.Scope) => {
    const limits = AttemptClock.limits(options.timeouts, attempt.timeouts)
    if (limits === undefined) {
      return Effect.flatMap(execute(attempt), (response) =>
        isOk(response)
          ? Effect.map(pulled(response, scope), (pull) => ResponseStream.decodePull(attempt, pull, bound("event")))
          : refused(attempt, response))
    }
    return Effect.flatMap(
      AttemptClock.make(attempt, limits),
      (clock) =>
        Effect.flatMap(AttemptClock.inScope(clock, scope), (within) =>
          Effect.flatMap(
            within(execute(attempt, () => clock.deadlines.connected())),
            (response) => {
              clock.deadlines.connected()
              return isOk(response)
                ? Effect.map(
                  pulled(response, scope),
                  (pull) =>
                    ResponseStream.decodePull(attempt, AttemptClock.watched(clock, pull), bound("event"), within)
                )
                : within(refused(attempt, response))
            }
          ))
    )
  }

  const stream: Sender["stream"] = (attempt) =>
    Stream.fromChannel(
      Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) =>
        Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
          const opened = open(worded(attempt, fiber), scope)
          return AttemptSpan.isTraced(fiber) ? AttemptSpan.stream(fiber, attempt, server, scope, opened) : opened
        })
      )
    )

  return { unary, stream }
}
