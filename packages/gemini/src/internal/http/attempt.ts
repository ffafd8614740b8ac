/**
 * One attempt: a request goes out, and an answer or one typed error comes back. This is the shell around the pure
 * kernels; it knows the key, and so what may be said of a failure.
 */
import type * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as UrlParams from "effect/http/UrlParams"
import * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
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
import * as BodyPieces from "./bodyPieces.ts"
import * as BoundedText from "./boundedText.ts"
import { OnConnect } from "./connection.ts"
import * as Destination from "./destination.ts"
import * as Redirect from "./redirect.ts"
import type * as RequestCheck from "./requestCheck.ts"
import * as Body from "./responseBody.ts"
import * as ResponseStream from "./responseStream.ts"

/** One call of one method. */
export interface AttemptRequest extends Body.CallContext {
  readonly httpMethod: HttpMethod.HttpMethod
  /** The path after the API version, with the query: `models/x:generateContent`. */
  readonly path: string
  /** The whole address, in place of the path: of an upload, or one out of an answer, after its check. */
  readonly url?: string | undefined
  /** The body; `undefined` if there is none. */
  readonly body: unknown
  /** A body in place of JSON. */
  readonly payload?: HttpBody.HttpBody | undefined
  /** Finds what the server is known to refuse. It is called once the body is known to be JSON. */
  readonly check?: (() => ReadonlyArray<RequestCheck.Violation>) | undefined
  readonly timeouts?: GeminiConfig.Timeouts | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Decodes the pieces of a streamed body; `limit` is the most bytes of one event, `within` what bounds each pull. */
export type Decode<A> = (
  call: Body.CallContext,
  pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, HttpClientError.HttpClientError>,
  limit: number,
  within?: <B, E>(effect: Effect.Effect<B, E>) => Effect.Effect<B, E | GeminiError>
) => Pull.Pull<Arr.NonEmptyReadonlyArray<A>, GeminiError>

/** The answer whose text is decoded. Its headers cost more than the rest where they are asked for. */
export type Answered = Pick<HttpClientResponse.HttpClientResponse, "headers">

export interface Sender {
  readonly unary: <A>(
    attempt: AttemptRequest,
    decode: (call: Body.CallContext, text: string, answer: Answered) => Result.Result<A, GeminiError>,
    describe?: (span: Tracer.Span, answer: A, said: Said | undefined, counts: boolean) => void
  ) => Effect.Effect<A, GeminiError>
  readonly stream: (attempt: AttemptRequest) => Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError>
  /** The same for a body that is decoded by another rule. */
  readonly events: <A>(attempt: AttemptRequest, decode: Decode<A>, hear: AttemptSpan.Hear<A>) => Stream.Stream<
    A,
    GeminiError
  >
  /** Gives the answer as it comes, whatever its status, for bodies that are neither JSON nor events. */
  readonly execute: (
    attempt: AttemptRequest,
    onConnect?: () => void
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, GeminiError>
  /** Fails with the error that an answer outside 2xx stands for. */
  readonly refused: (
    attempt: AttemptRequest,
    response: HttpClientResponse.HttpClientResponse
  ) => Effect.Effect<never, GeminiError>
}

/** The name of a member, for the spans, if there are several. */
export interface Options extends GeminiConfig.Options {
  readonly member?: string | undefined
}

const headerName = /^[\w!#$%&'*+.^`|~-]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** The mark of an HttpClient. Importing it would bring Effect's own client into every bundle. */
const typeId: keyof HttpClient.HttpClient = "~effect/http/HttpClient"

const isHttpClient = (client: unknown): boolean => typeof client === "object" && client !== null && typeId in client

/**
 * The client as the caller's `transformClient` makes it. An error that is thrown there is not quoted, because it may
 * hold anything.
 */
const transformed = (
  { transformClient }: GeminiConfig.Options,
  httpClient: HttpClient.HttpClient
): HttpClient.HttpClient | undefined => {
  if (transformClient === undefined) return httpClient
  try {
    const client = transformClient(httpClient)
    return isHttpClient(client) ? client : undefined
  } catch {
    return undefined
  }
}

/**
 * What sends over a client that follows no redirect. `silence` is what the client is told in the context of a request,
 * for one that would write spans (see `foreignClient`).
 */
export const make = (
  options: Options,
  httpClient: HttpClient.HttpClient,
  silence: Context.Context<never> = Context.empty()
): Sender => {
  const own = transformed(options, httpClient)
  const problem = OptionCheck.problem(options, ["member"]) ??
    (own === undefined
      ? { field: "transformClient", description: "it threw, or gave back no HttpClient" }
      : undefined)
  const client = own ?? httpClient
  const destination = Destination.of(options)
  const server = AttemptSpan.server(destination, options.member)
  const fixedHeaders = { "content-type": "application/json", "x-goog-api-client": `effect-gemini/${version}` }

  // Most fibers of a program share one context, so the last merge is kept. Spans make a new context for each call, but
  // the merged part depends only on the redacted names.
  let last: readonly [from: Context.Context<never>, to: Context.Context<never>] | undefined
  let quiet: readonly [names: ReadonlyArray<string | RegExp>, context: Context.Context<never>] | undefined
  const silenced = (context: Context.Context<never>): Context.Context<never> => {
    if (last?.[0] === context) return last[1]
    const names = Context.get(context, Headers.CurrentRedactedNames)
    if (quiet?.[0] !== names) {
      quiet = [names, Context.add(silence, Headers.CurrentRedactedNames, [...names, Destination.keyHeader])]
    }
    const merged = Context.merge(context, quiet[1])
    last = [context, merged]
    return merged
  }

  const request = (attempt: AttemptRequest): Result.Result<HttpClientRequest.HttpClientRequest, GeminiError> => {
    const { timeouts } = attempt
    const wrong = problem ?? (timeouts === undefined ? undefined : OptionCheck.problem({ timeouts }))
    if (wrong !== undefined) return Result.fail(Body.failure(attempt, new Reason.InvalidRequest({ fields: [wrong] })))
    const credential = destination.credential()
    if (Result.isFailure(credential)) {
      const description = "the API key holds characters that no header can carry: look for blanks and line ends"
      return Result.fail(Body.failure(
        attempt,
        credential.failure === "missing" ? new Reason.MissingApiKey() : new Reason.Unauthenticated({ description })
      ))
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
      try: () =>
        attempt.payload ??
          (attempt.body === undefined
            ? HttpBody.empty
            : HttpBody.text(JSON.stringify(attempt.body), "application/json")),
      catch: () =>
        Body.failure(
          attempt,
          new Reason.InvalidRequest({ description: "the request cannot be written as JSON", fields: [] })
        )
    })
    if (Result.isFailure(body)) return Result.fail(body.failure)
    // A destination with a sender of its own has judged the call there, by its method.
    const lack = destination.over === undefined
      ? destination.lacks({ method: attempt.method, model: attempt.model ?? "", body: attempt.body })
      : undefined
    if (lack !== undefined) return Result.fail(Body.failure(attempt, lack))
    const fields = attempt.check?.() ?? []
    if (fields.length > 0) return Result.fail(Body.failure(attempt, new Reason.InvalidRequest({ fields })))
    const headers = Headers.fromRecordUnsafe({ ...fixedHeaders, ...credential.success })
    return Result.succeed(
      HttpClientRequest.makeWith(
        attempt.httpMethod,
        attempt.url ?? destination.url(attempt.path),
        UrlParams.empty,
        Option.none(),
        attempt.headers === undefined ? headers : Headers.setAll(headers, attempt.headers),
        body.success
      )
    )
  }

  const execute = (
    attempt: AttemptRequest,
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

  /** Refuses the answer of another origin. Its body is let go and not read. */
  const refuse = (
    attempt: AttemptRequest,
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
    attempt: AttemptRequest,
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
  ) => Channel.toPullScoped(Stream.toChannel(BodyPieces.of(response)), scope)

  /** The text of an answer. With a clock it is read in pieces, so that the first one and the gaps are seen. */
  const readText = (
    attempt: AttemptRequest,
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

  /** The answer with what is needed to word a server's refusal. */
  const worded = (attempt: AttemptRequest, fiber: Fiber.Fiber<unknown, unknown>): AttemptRequest => {
    const clock = fiber.getRef(Clock.Clock)
    return { key: options.apiKey, ...attempt, now: () => clock.currentTimeMillisUnsafe() }
  }

  const unary: Sender["unary"] = (given, decode, describe) =>
    Effect.withFiber((fiber) => {
      const attempt = worded(given, fiber)
      const answer = (
        response: HttpClientResponse.HttpClientResponse,
        text: Effect.Effect<string, GeminiError>
      ) =>
        isOk(response)
          ? Effect.flatMap(text, (text) => Effect.fromResult(decode(attempt, text, response)))
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

  const open = <A>(attempt: AttemptRequest, scope: Scope.Scope, decode: Decode<A>) => {
    const limits = AttemptClock.limits(options.timeouts, attempt.timeouts)
    if (limits === undefined) {
      return Effect.flatMap(execute(attempt), (response) =>
        isOk(response)
          ? Effect.map(pulled(response, scope), (pull) => decode(attempt, pull, bound("event")))
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
                  (pull) => decode(attempt, AttemptClock.watched(clock, pull), bound("event"), within)
                )
                : within(refused(attempt, response))
            }
          ))
    )
  }

  const events: Sender["events"] = (attempt, decode, hear) =>
    Stream.fromChannel(
      Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) =>
        Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
          const opened = open(worded(attempt, fiber), scope, decode)
          return AttemptSpan.isTraced(fiber)
            ? AttemptSpan.stream(fiber, attempt, server, scope, opened, hear)
            : opened
        })
      )
    )

  const sender: Sender = {
    unary,
    events,
    stream: (attempt) => events(attempt, ResponseStream.decodePull, AttemptSpan.hearAnswers),
    execute,
    refused
  }
  return destination.over?.(sender) ?? sender
}
