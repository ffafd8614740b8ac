/**
 * One attempt of a resource's method at one destination. It sends JSON or bytes, and reads JSON or bytes, at a path of
 * the API or at an address out of an answer.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type * as GeminiHttp from "../../GeminiHttp.ts"
import * as Bounds from "../config/bounds.ts"
import type * as Attempt from "../http/attempt.ts"
import * as BoundedText from "../http/boundedText.ts"
import * as Destination from "../http/destination.ts"
import * as ForeignClient from "../http/foreignClient.ts"
import * as Body from "../http/responseBody.ts"
import * as AttemptSpan from "../telemetry/attemptSpan.ts"
import * as AnswerUrl from "./answerUrl.ts"
import * as Bare from "./bare.ts"
import * as Download from "./download.ts"
import * as Names from "./names.ts"

/** A request before it has an address. */
export interface Asked {
  readonly method: string
  readonly httpMethod: HttpMethod.HttpMethod
  /** The path after the API version. Either the path or the address is given. */
  readonly path?: string | undefined
  /** The part before the version: `/upload`, `/download`. */
  readonly root?: string | undefined
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  /** The address as an answer gave it. */
  readonly address?: string | undefined
  /** A value that is written as JSON, or bytes. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export interface Heard {
  readonly value: unknown
  readonly headers: Headers.Headers
}

export interface Carrier {
  readonly json: (asked: Asked, options?: GeminiHttp.AttemptOptions) => Effect.Effect<Heard, GeminiError>
  readonly bytes: (asked: Asked, options?: GeminiHttp.AttemptOptions) => Stream.Stream<Uint8Array, GeminiError>
}

export interface Options extends Attempt.Options {
  /** The origins that an answer may name beside the base URL's. */
  readonly allowOrigin?: ReadonlyArray<string> | undefined
}

const anything = (value: unknown): Result.Result<unknown, never> => Result.succeed(value)

/** Whether a body is a resource, which may have failed: its `error` is then a field like any other. */
const isResource = (body: unknown): boolean =>
  typeof Names.own(body, "name") === "string" || typeof Names.own(body, "id") === "string"

/** An empty body is read as `{}`: an upload has such answers until its last. */
const decode = (call: Body.CallContext, text: string): Result.Result<unknown, GeminiError> => {
  if (text.trim() === "") return Result.succeed({})
  const body = Body.parse(text)
  return isResource(body) ? Result.succeed(body) : Body.decode(call, anything, text)
}

const withQuery = (path: string, query: Asked["query"]): string => {
  const said = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]]
  )
  return said.length === 0 ? path : `${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams(said)}`
}

export const make = (options: Options, client: HttpClient.HttpClient): Carrier => {
  const sender = ForeignClient.sender(options, client)
  const destination = Destination.of(options)
  const allowed = options.allowOrigin ?? []
  const wrong = AnswerUrl.wrongOrigin(allowed)

  const target = (asked: Asked): Result.Result<AnswerUrl.Target, Reason.InvalidRequest | Reason.Unsupported> => {
    const refused = (field: string, description: string) =>
      Result.fail(new Reason.InvalidRequest({ fields: [{ field, description }] }))
    if (wrong !== undefined) {
      return refused(
        "allowOrigin",
        `expected origins like "https://storage.googleapis.com", got ${JSON.stringify(wrong)}`
      )
    }
    const { address, path, query, root } = asked
    // A destination with a home is one on Vertex AI.
    if (destination.home === undefined && Names.collectionOf(path ?? "") === "batchPredictionJobs") {
      return Result.fail(
        new Reason.Unsupported({
          capability: "batches over Cloud Storage or BigQuery on the Gemini API",
          description: "the Gemini API has batches of rows or of a file that was uploaded: give those, or ask Vertex AI"
        })
      )
    }
    if (address === undefined) {
      return Result.succeed({ url: destination.url(withQuery(path ?? "", query), root), isOwn: true })
    }
    const judged = AnswerUrl.judge(address, destination.baseUrl, allowed)
    return Result.isFailure(judged)
      ? refused("url", judged.failure)
      : Result.succeed({ ...judged.success, url: withQuery(judged.success.url, query) })
  }

  const attemptOf = (
    { body, headers, httpMethod, method, path = "" }: Asked,
    call: GeminiHttp.AttemptOptions | undefined,
    clock: Clock.Clock
  ): Attempt.AttemptRequest => ({
    method,
    httpMethod,
    path,
    body: body instanceof Uint8Array ? undefined : body,
    payload: body instanceof Uint8Array ? HttpBody.uint8Array(body, "application/octet-stream") : undefined,
    timeouts: call?.timeouts,
    headers: { ...headers, ...call?.headers },
    key: options.apiKey,
    now: () => clock.currentTimeMillisUnsafe()
  })

  const judged = <A>(
    asked: Asked,
    call: GeminiHttp.AttemptOptions | undefined,
    use: (attempt: Attempt.AttemptRequest, target: AnswerUrl.Target) => A,
    fail: (error: GeminiError) => A
  ) =>
    Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
      const attempt = attemptOf(asked, call, fiber.getRef(Clock.Clock))
      const where = target(asked)
      return Effect.succeed(
        Result.isFailure(where) ? fail(Body.failure(attempt, where.failure)) : use(attempt, where.success)
      )
    })

  /** Asks another origin, without the key and within the same bounds. */
  const foreign = (attempt: Attempt.AttemptRequest, url: string): Effect.Effect<Heard, GeminiError> =>
    Effect.flatMap(
      Bare.send(client, attempt, {
        ...attempt,
        url,
        payload: attempt.payload ?? (attempt.body === undefined ? undefined : HttpBody.jsonUnsafe(attempt.body))
      }),
      (response) => {
        if (response.status < 200 || response.status >= 300) return sender.refused(attempt, response)
        const bound = Bounds.of(options.bounds, "body")
        return Effect.matchEffect(BoundedText.read(response, bound), {
          onFailure: (error) => Effect.fail(Body.network(attempt, error)),
          onSuccess: (text) =>
            text === undefined
              ? Effect.fail(Body.failure(attempt, Bounds.exceeded("body", bound)))
              : Effect.fromResult(Result.map(decode(attempt, text), (value) => ({ value, headers: response.headers })))
        })
      }
    )

  const download = Download.make({
    client,
    sender,
    server: AttemptSpan.server(destination, options.member),
    timeouts: options.timeouts
  })

  return {
    json: (asked, call) =>
      Effect.flatten(judged<Effect.Effect<Heard, GeminiError>>(
        asked,
        call,
        (attempt, { isOwn, url }) =>
          isOwn
            ? sender.unary(
              { ...attempt, url },
              (call, text, { headers }) => Result.map(decode(call, text), (value) => ({ value, headers }))
            )
            : foreign(attempt, url),
        Effect.fail
      )),
    bytes: (asked, call) =>
      Stream.unwrap(judged<Stream.Stream<Uint8Array, GeminiError>>(asked, call, download, Stream.fail))
  }
}
