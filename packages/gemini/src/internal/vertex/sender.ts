/**
 * What sends to Vertex AI, over what sends attempts as they are: it gives each attempt its form and its credential, and
 * reads the answer as one of the Gemini API. An access token that the server refuses (401) is renewed once, and the
 * attempt is sent again with the new one.
 */
import * as Effect from "effect/Effect"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { AttemptRequest, Decode, Sender } from "../http/attempt.ts"
import * as Body from "../http/responseBody.ts"
import * as ResponseStream from "../http/responseStream.ts"
import * as AttemptSpan from "../telemetry/attemptSpan.ts"
import type { Credential } from "./credential.ts"
import * as Request from "./request.ts"

export interface Options {
  readonly base: string
  readonly prefix: string
  readonly place: Parameters<typeof Request.of>[0]["place"]
  readonly credential: Credential
  /** The headers of every call, which those of a call win over. */
  readonly headers: Readonly<Record<string, string>>
  readonly problem: GeminiConfig.Problem | undefined
}

/** The text of an answer in the form of the Gemini API. A text that is not JSON stays as it is, and is refused as that. */
const reread = (text: string, read: (answer: unknown) => unknown): string => {
  const answer = Body.parse(text)
  return answer === undefined ? text : JSON.stringify(read(answer))
}

const senders = new WeakSet<Sender>()

/** Whether this sends to Vertex AI. */
export const isVertex = (sender: Sender): boolean => senders.has(sender)

const isRefused = ({ status }: { readonly status?: number | undefined }): boolean => status === 401

/** The headers of both; those of a call win, whatever the case of their names. */
const merged = (
  own: Options["headers"],
  given: AttemptRequest["headers"],
  who: Readonly<Record<string, string>>
): AttemptRequest["headers"] => {
  // Headers of another type are refused where they are written.
  if (given === null || given !== undefined && typeof given !== "object") return given
  const names = new Set(Object.keys(given ?? {}).map((name) => name.toLowerCase()))
  return {
    ...Object.fromEntries(Object.entries(own).filter(([name]) => !names.has(name))),
    ...given,
    ...who
  }
}

export const over = ({ base, credential, headers, place, prefix, problem }: Options) => (sender: Sender): Sender => {
  let last: Redacted.Redacted<string> | undefined

  const formed = (attempt: AttemptRequest): Result.Result<Request.Formed, GeminiError> =>
    problem === undefined
      ? Request.of({ base, place, prefix }, attempt)
      : Result.fail(Body.failure(attempt, new Reason.InvalidRequest({ fields: [problem] })))

  const signed = (attempt: AttemptRequest, secret: Redacted.Redacted<string>): AttemptRequest => {
    last = secret
    return {
      ...attempt,
      key: secret,
      headers: merged({ ...credential.payer(), ...headers }, attempt.headers, credential.headers(secret))
    }
  }

  const named = (attempt: AttemptRequest) => (error: GeminiError) => Body.failure(attempt, error.reason)

  const first = (attempt: AttemptRequest) => Effect.mapError(credential.get, named(attempt))

  const next = (attempt: AttemptRequest, refused: Redacted.Redacted<string>) =>
    Effect.mapError(credential.renew(refused), named(attempt))

  const unary: Sender["unary"] = (asked, decode, describe) =>
    Effect.flatMap(Effect.fromResult(formed(asked)), ({ attempt, read }) => {
      const decoded: typeof decode = read === undefined
        ? decode
        : (call, text, headers) => decode(call, reread(text, read), headers)
      return Effect.flatMap(first(attempt), (secret) =>
        Effect.catch(
          sender.unary(signed(attempt, secret), decoded, describe),
          (error) =>
            isRefused(error) && credential.isRenewed
              ? Effect.flatMap(
                next(attempt, secret),
                (secret) => sender.unary(signed(attempt, secret), decoded, describe)
              )
              : Effect.fail(error)
        ))
    })

  const events: Sender["events"] = <A>(
    asked: AttemptRequest,
    decode: Decode<A>,
    hear: Parameters<typeof sender.events<A>>[2]
  ) =>
    Stream.unwrap(Effect.map(
      Effect.flatMap(Effect.fromResult(formed(asked)), ({ attempt }) =>
        Effect.map(first(attempt), (secret) => ({ attempt, secret }))),
      ({ attempt, secret }) => {
        let isOpen = false
        const opened: Decode<A> = (...answer) => {
          isOpen = true
          return decode(...answer)
        }
        return Stream.catch(
          sender.events(signed(attempt, secret), opened, hear),
          (error) =>
            isRefused(error) && !isOpen && credential.isRenewed
              ? Stream.unwrap(Effect.map(
                next(attempt, secret),
                (secret) =>
                  sender.events(signed(attempt, secret), decode, hear)
              ))
              : Stream.fail(error)
        )
      }
    ))

  const refused: Sender["refused"] = (attempt, response) =>
    sender.refused(last === undefined ? attempt : { ...attempt, key: last }, response)

  const execute = (
    asked: AttemptRequest,
    onConnect?: () => void
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, GeminiError> =>
    Effect.flatMap(
      Effect.fromResult(formed(asked)),
      ({ attempt }) =>
        Effect.flatMap(first(attempt), (secret) =>
          Effect.flatMap(sender.execute(signed(attempt, secret), onConnect), (response) =>
            isRefused(response) && credential.isRenewed
              // Its body is read, so that the connection is free.
              ? Effect.andThen(
                Effect.exit(refused(attempt, response)),
                Effect.flatMap(next(attempt, secret), (secret) =>
                  sender.execute(signed(attempt, secret), onConnect))
              )
              : Effect.succeed(response)))
    )

  const made: Sender = {
    unary,
    events,
    stream: (attempt) => events(attempt, ResponseStream.decodePull, AttemptSpan.hearAnswers),
    execute,
    refused
  }
  senders.add(made)
  return made
}
