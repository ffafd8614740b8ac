/**
 * Bytes that the server keeps, as they come. The first request goes to the API, with the key. If it is answered with a
 * redirect, that is followed at most three times, without the key.
 */
import type * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type * as Attempt from "../http/attempt.ts"
import * as AttemptClock from "../http/attemptClock.ts"
import * as Body from "../http/responseBody.ts"
import * as AttemptSpan from "../telemetry/attemptSpan.ts"
import * as AnswerUrl from "./answerUrl.ts"
import * as Bare from "./bare.ts"

/** The most redirects of one download. */
export const mostRedirects = 3

type Response = HttpClientResponse.HttpClientResponse
type Bytes = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, GeminiError>

const isRedirect = ({ status }: Response): boolean => status >= 300 && status < 400 && status !== 304

export interface Options {
  readonly sender: Attempt.Sender
  /** The client as the program provides it, without its `transformClient`. */
  readonly client: HttpClient.HttpClient
  readonly timeouts: GeminiConfig.Timeouts | undefined
  /** The server as spans name it. */
  readonly server: AttemptSpan.Server
}

/** The bytes of an answer, with failures in our own words. A missing body is an empty one. */
const bytesOf = (call: Body.CallContext, response: Response): Stream.Stream<Uint8Array, GeminiError> =>
  Stream.catch(
    response.stream,
    (error) => error.reason._tag === "EmptyBodyError" ? Stream.empty : Stream.fail(Body.network(call, error))
  )

/** Lets a body go unread, because whoever answers chooses its length. */
const letGo = ({ stream }: Response): Effect.Effect<void> =>
  Effect.asVoid(Effect.exit(Effect.scopedWith((scope) => Channel.toPullScoped(Stream.toChannel(stream), scope))))

export const make = ({ client, sender, server, timeouts }: Options) => {
  const followed = (
    attempt: Attempt.AttemptRequest,
    response: Response,
    asked: string,
    hops: number
  ): Effect.Effect<Response, GeminiError> => {
    if (!isRedirect(response)) return Effect.succeed(response)
    const next = hops === mostRedirects
      ? Result.fail(`more than ${mostRedirects} redirects`)
      : AnswerUrl.redirected(response.headers["location"], asked)
    return Effect.andThen(
      letGo(response),
      Result.isFailure(next)
        ? Effect.fail(Body.invalid(attempt, "", `bytes, got ${next.failure}`))
        : Effect.flatMap(
          Bare.send(client, attempt, { httpMethod: "GET", url: next.success, headers: attempt.headers }),
          (response) => followed(attempt, response, next.success, hops + 1)
        )
    )
  }

  /** `target` is the base URL's origin, which gets the key, or another one, which does not. */
  const open = (
    attempt: Attempt.AttemptRequest,
    { isOwn, url }: AnswerUrl.Target,
    scope: Scope.Scope
  ): Effect.Effect<Bytes, GeminiError> => {
    const first = (onConnect?: () => void) =>
      isOwn ? sender.execute({ ...attempt, url }, onConnect) : Bare.send(client, attempt, { ...attempt, url })
    const answer = (response: Response) => followed(attempt, response, url, 0)
    const bytes = (response: Response): Effect.Effect<Bytes, GeminiError> =>
      response.status >= 200 && response.status < 300
        ? Channel.toPullScoped(Stream.toChannel(bytesOf(attempt, response)), scope)
        : sender.refused(attempt, response)
    const limits = AttemptClock.limits(timeouts, attempt.timeouts)
    if (limits === undefined) return Effect.flatMap(Effect.flatMap(first(), answer), bytes)
    return Effect.flatMap(
      AttemptClock.make(attempt, limits),
      (clock) =>
        Effect.flatMap(AttemptClock.inScope(clock, scope), (within) =>
          within(Effect.flatMap(
            first(() => clock.deadlines.connected()),
            answer
          )).pipe(
            Effect.tap(() => Effect.sync(() => clock.deadlines.connected())),
            Effect.flatMap((response) => within(bytes(response))),
            Effect.map((pull) => within(AttemptClock.watched(clock, pull)))
          ))
    )
  }

  /** The span of the attempt lasts until the last byte, as that of every other stream. */
  const traced = (
    attempt: Attempt.AttemptRequest,
    scope: Scope.Scope,
    opened: Effect.Effect<Bytes, GeminiError>
  ): Effect.Effect<Bytes, GeminiError> =>
    Effect.flatMap(
      Scope.provide(Effect.makeSpanScoped(AttemptSpan.name(attempt), AttemptSpan.options(attempt, server)), scope),
      (span) =>
        Effect.andThen(
          Scope.addFinalizerExit(scope, (exit) => Effect.sync(() => AttemptSpan.ended(span, exit, false))),
          Effect.withParentSpan(opened, span, { captureStackTrace: false })
        )
    )

  return (attempt: Attempt.AttemptRequest, target: AnswerUrl.Target): Stream.Stream<Uint8Array, GeminiError> =>
    Stream.fromChannel(
      Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) =>
        Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
          const opened = open(attempt, target, scope)
          return AttemptSpan.isTraced(fiber) ? traced(attempt, scope, opened) : opened
        })
      )
    )
}
