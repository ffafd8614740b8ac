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
import * as Body from "./responseBody.ts"
import { SseSplitter } from "./SseSplitter.ts"
import { StreamSplitter } from "./StreamSplitter.ts"
import * as Utf8 from "./utf8.ts"
import * as WireError from "./wireError.ts"

type Response = GenerateContent.GenerateContentResponse
type Chunks = Arr.NonEmptyReadonlyArray<Response>

/** How much wire text of a stream is kept for the error of an interruption. */
export const receivedLimit = 1 << 20

/** So much is dropped at once: taking off one piece after the other costs a long stream 2 %. */
const slack = receivedLimit / 8

/** What a piece costs besides its bytes. It is counted so that a stream of single bytes is bounded, too. */
const pieceCost = 200

/**
 * What came last, in the form in which it came. Bytes lie outside the heap; parsed chunks or their texts would be
 * copied from generation to generation, and make each chunk of a long stream a tenth dearer. The bytes are split once
 * more when an error asks for them. The objects of a JSON array cannot be found again from the middle, so their texts
 * are kept.
 */
class Received {
  #pieces: Array<Uint8Array> = []
  #texts: Array<string> = []
  #length = 0
  #dropped = false
  /** How many chunks the consumer got. */
  delivered = 0

  addBytes(bytes: Uint8Array): void {
    this.#pieces.push(bytes)
    this.#length += bytes.length + pieceCost
    if (this.#length > receivedLimit + slack) this.#drop()
  }

  #drop(): void {
    let count = 0
    for (; this.#length > receivedLimit; count++) this.#length -= (this.#pieces[count]?.length ?? 0) + pieceCost
    this.#pieces.splice(0, count)
    this.#dropped = true
  }

  addTexts(texts: ReadonlyArray<string>): void {
    for (const text of texts) {
      this.#texts.push(text)
      this.#length += text.length + pieceCost
    }
    while (this.#length > receivedLimit) this.#length -= (this.#texts.shift()?.length ?? 0) + pieceCost
  }

  /** The chunks, the oldest first. */
  chunks(): Array<unknown> {
    return this.#split().map(Body.parse).filter((chunk) => chunk !== undefined)
  }

  #split(): ReadonlyArray<string> {
    if (this.#pieces.length === 0) return this.#texts
    if (this.#length > receivedLimit) this.#drop()
    // The rest of an event that began in a dropped piece does not look like a line of data, and falls away.
    const splitter = this.#dropped ? new SseSplitter() : new StreamSplitter()
    const texts = this.#pieces.flatMap((piece) => splitter.push(piece))
    return texts.concat(splitter.end())
  }
}

/** Whether a response ends a hop. A hop may also end with only a token, with which the next one goes on. */
const isFinished = (response: Response): boolean =>
  response.candidates?.some((candidate) =>
    Candidate.finishReason(candidate) !== undefined || !!candidate.continuationToken
  ) === true

/**
 * undici hands over a piece for each HTTP chunk. If the pieces are smaller than this on average, joining those of one
 * read is cheaper than splitting and decoding each of them. If they are larger, the copy is a seventh of a chunk's
 * cost, and garbage outside the heap (packages/bench: chunks-40, chunks-2k, rss-200M).
 */
const smallPiece = 1024

const joined = (pieces: Arr.NonEmptyReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> => {
  if (pieces.length === 1) return pieces
  let size = 0
  for (const piece of pieces) size += piece.length
  return size < smallPiece * pieces.length ? [Utf8.concat(pieces)] : pieces
}

/** Whether this is the marker with which proxies in front of the API end a stream as OpenAI's does. */
const isDoneMarker = (event: string): boolean => event === "[DONE]"

export const decodePull = (
  call: Body.CallContext,
  pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, HttpClientError.HttpClientError>,
  limit: number,
  within: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | GeminiError> = identity
): Pull.Pull<Chunks, GeminiError> => {
  const splitter = new StreamSplitter(limit)
  const received = new Received()
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
