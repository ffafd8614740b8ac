/** A body as text, if it is no larger than a bound. A larger body is not read to its end: the connection is cut. */
import type * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import * as BodyPieces from "./bodyPieces.ts"
import { Pieces } from "./Pieces.ts"
import * as Utf8 from "./utf8.ts"

/** The method of a response that counts its bytes by itself: that of our own client, which needs no stream for it. */
export const textWithin: unique symbol = Symbol("effect-gemini/internal/textWithin")

/** The text; `undefined` if the body is larger than the bound. */
export type Within = Effect.Effect<string | undefined, HttpClientError.HttpClientError>

export interface Bounded {
  readonly [textWithin]: (limit: number) => Within
}

type BytesPull = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, HttpClientError.HttpClientError>

const isBounded = (response: object): response is Bounded => textWithin in response

export const read = (response: HttpClientResponse.HttpClientResponse, limit: number): Within =>
  isBounded(response) ? response[textWithin](limit) : readPieces(response, limit)

/** The same piece by piece, so that a watcher sees each piece. */
export const readPieces = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number,
  watched: (pull: BytesPull) => BytesPull = identity
): Within =>
  Effect.scopedWith((scope) =>
    Effect.flatMap(Channel.toPullScoped(Stream.toChannel(BodyPieces.of(response)), scope), (opened) => {
      const pieces = new Pieces()
      const pull = watched(opened)
      const next: Within = Pull.matchEffect(pull, {
        onSuccess: (batch): Within => {
          for (const piece of batch) pieces.push(piece)
          return pieces.bytes > limit ? Effect.as(Effect.void, undefined) : next
        },
        onDone: () => Effect.sync(() => Utf8.decodeBody(pieces.take())),
        onFailure: (cause) => Effect.failCause(cause)
      })
      return next
    })
  ).pipe(
    Effect.catch((error) => error.reason._tag === "EmptyBodyError" ? Effect.succeed("") : Effect.fail(error))
  )
