/**
 * Turns the bytes of a streamed body into responses. Splitting, parsing and validation are one stage, because a chunk
 * costs less than the seam between two stages.
 *
 * Invariants: nothing is pulled before the consumer asks. What came before a failure is delivered before it. A stream
 * that ends before any finish reason or continuation token fails with what had been received. One text of a stream has
 * a bound; the stream has none.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as Candidate from "../../wire/Candidate.ts"
import type * as GenerateContent from "../../wire/GenerateContent.ts"
import * as Bounds from "../config/bounds.ts"
import { receivedWith } from "./received.ts"
import { joined, ReceivedBytes } from "./ReceivedBytes.ts"
import * as Body from "./responseBody.ts"
import { StreamSplitter } from "./StreamSplitter.ts"
import * as WireError from "./wireError.ts"

type Response = GenerateContent.GenerateContentResponse
type Chunks = Arr.NonEmptyReadonlyArray<Response>

/** Whether a response ends a hop. A hop may also end with only a token, with which the next one goes on. */
const isFinished = (response: Response): boolean =>
  response.candidates?.some((candidate) =>
    Candidate.finishReason(candidate) !== undefined || !!candidate.continuationToken
  ) === true

/** Whether this is the marker with which proxies in front of the API end a stream as OpenAI's does. */
const isDoneMarker = (event: string): boolean => event === "[DONE]"

export const decodePull = (
  call: Body.CallContext,
  pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, HttpClientError.HttpClientError>,
  limit: number,
  within: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | GeminiError> = identity
): Pull.Pull<Chunks, GeminiError> => {
  const splitter = new StreamSplitter(limit)
  const received = new ReceivedBytes()
  let ended = false
  let started = false
  let finished = false
  let broken: (() => GeminiError) | undefined

  const interrupted = (description?: string): GeminiError => {
    const chunks = received.chunks()
    const dropped = received.delivered - chunks.length
    return Body.failure(
      call,
      new Reason.StreamInterrupted({
        received: chunks,
        ...(dropped === 0 ? {} : { dropped }),
        ...(description === undefined ? {} : { description })
      })
    )
  }

  /** Adds the responses of the texts, up to the first text that holds none; its failure waits for the next pull. */
  const decode = (events: ReadonlyArray<string>, out: Array<Response>): void => {
    let i = 0
    for (; i < events.length; i++) {
      const event = events[i] ?? ""
      const decoded = Body.decodeGenerate(call, event)
      if (Result.isSuccess(decoded)) {
        if (!finished) finished = isFinished(decoded.success)
        if (decoded.success.candidates?.[0]?.continuationToken) {
          receivedWith.set(decoded.success, () => received.chunks())
        }
        out.push(decoded.success)
      } else if (!isDoneMarker(event)) {
        broken = splitter.cut && Body.parse(event) === undefined ? interrupted : () => decoded.failure
        break
      }
    }
    if (!splitter.isEvents) received.addTexts(i === events.length ? events : events.slice(0, i))
  }

  const emit = (out: Array<Response>): Pull.Pull<Chunks, GeminiError> => {
    received.delivered += out.length
    return Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : next
  }

  /** Why a body that has ended was not a whole answer; undefined if it was. */
  const verdict = (): GeminiError | undefined => {
    const stray = splitter.stray === "" ? undefined : Body.parse(splitter.stray)
    if (WireError.statusOf(stray) !== undefined) return Body.errorInside(call, stray)
    if (finished) return undefined
    // Fewer characters than "data:" tell nothing of the kind of body: the stream was cut in its first bytes.
    return splitter.stray.trim().length >= 5 && received.chunks().length === 0
      ? Body.invalid(call, "", "an event stream or a JSON array")
      : interrupted()
  }

  const end: Pull.Pull<Chunks, GeminiError> = Effect.suspend(() => {
    ended = true
    const out: Array<Response> = []
    decode(splitter.end(), out)
    return emit(out)
  })

  const failed = (
    cause: Cause.Cause<HttpClientError.HttpClientError | GeminiError>
  ): Pull.Pull<Chunks, GeminiError> => {
    const error = Cause.findErrorOption(cause)
    if (Option.isSome(error) && error.value.reason._tag === "EmptyBodyError") return end
    return Effect.failCause(Cause.map(cause, (error) => {
      if (error instanceof GeminiError) return error
      const failure = Body.network(call, error)
      if (!started || failure.reason._tag !== "Network") return failure
      const { code, description } = failure.reason
      return interrupted([code, description].filter((text) => text !== undefined).join(": "))
    }))
  }

  const read: Pull.Pull<Chunks, GeminiError> = Pull.matchEffect(within(pull), {
    onSuccess: (pieces) => {
      started = true
      const out: Array<Response> = []
      // The texts of a piece are parsed before the next piece is split, so that fewer of them are alive in a
      // collection.
      for (const bytes of joined(pieces)) {
        const events = splitter.push(bytes)
        if (splitter.isEvents) received.addBytes(bytes)
        decode(events, out)
        if (splitter.isTooLarge) broken ??= () => Body.failure(call, Bounds.exceeded("event", limit))
        if (broken !== undefined) break
      }
      return emit(out)
    },
    onFailure: failed,
    onDone: () => end
  })

  const next: Pull.Pull<Chunks, GeminiError> = Effect.suspend(() => {
    if (broken !== undefined) return Effect.fail(broken())
    if (!ended) return read
    const error = verdict()
    return error === undefined ? Cause.done() : Effect.fail(error)
  })
  return next
}
