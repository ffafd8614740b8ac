/**
 * Makes `StreamChunk`s of wire chunks. A stream is not over at its first finish reason (text and usage may follow), so
 * a chunk with one is held until the next chunk or the end.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { StreamChunk } from "../../call/Answer.ts"
import * as Candidate from "../../wire/Candidate.ts"
import * as GenerateContent from "../../wire/GenerateContent.ts"
import * as Usage from "../../wire/Usage.ts"
import { hopsOf } from "./hops.ts"

type Response = GenerateContent.GenerateContentResponse

const otherReason = ({ candidates }: Response): string | undefined => {
  if (candidates == null || candidates.length < 2) return undefined
  for (const candidate of candidates) {
    const reason = Candidate.finishReason(candidate)
    if (reason !== undefined) return reason
  }
  return undefined
}

/** The fold without Effect: everything that was pushed comes out, except for a chunk that may be the last. */
export class ChunkFold {
  #held: StreamChunk | undefined
  #finishReason: string | undefined
  /** The finish reason of a candidate behind the first, which counts for a stream whose first one gives none. */
  #otherReason: string | undefined
  /** Whether a token has come: a hop that nobody follows may end with only a token. */
  #hasToken = false
  #usage: Usage.Usage | undefined
  #counted: Response["usageMetadata"]

  push(responses: ReadonlyArray<Response>): Array<StreamChunk> {
    const out: Array<StreamChunk> = []
    for (const response of responses) {
      if (this.#held !== undefined) out.push(this.#held)
      const { usageMetadata } = response
      this.#counted = Usage.carried(this.#counted, usageMetadata)
      const usage = usageMetadata && this.#counted ? Usage.fromMetadata(this.#counted) : undefined
      this.#usage = usage ?? this.#usage
      this.#finishReason = GenerateContent.finishReason(response) ?? this.#finishReason
      this.#otherReason ??= otherReason(response)
      const text = GenerateContent.text(response)
      const chunk = usage === undefined
        ? { text, finished: false, response }
        : { text, finished: false, usage, response }
      this.#hasToken ||= !!response.candidates?.[0]?.continuationToken
      if (this.#finishReason === undefined && this.#otherReason === undefined && !this.#hasToken) out.push(chunk)
      else this.#held = chunk
    }
    return out
  }

  /** Ends a stream that ended well: the held chunk is the finished one. */
  end(): StreamChunk | undefined {
    const held = this.cut()
    const finishReason = this.#finishReason ?? this.#otherReason
    if (held === undefined) return undefined
    return {
      ...held,
      finished: true,
      ...(finishReason === undefined ? {} : { finishReason }),
      hops: hopsOf(held.response).count,
      ...(this.#usage === undefined ? {} : { usage: this.#usage })
    }
  }

  /** Ends a stream that failed: what was held is still text that the server sent. */
  cut(): StreamChunk | undefined {
    const held = this.#held
    this.#held = undefined
    return held
  }
}

type Chunks = Arr.NonEmptyReadonlyArray<StreamChunk>

/** The next chunks of a pull. `explain` may replace its error. */
const folded = <E>(
  pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Response>, E>,
  explain: (error: E) => E
): () => Pull.Pull<Chunks, E> => {
  const fold = new ChunkFold()
  let over: Pull.Pull<never, E> | undefined
  const last = (
    chunk: StreamChunk | undefined,
    end: Pull.Pull<never, E>
  ): Pull.Pull<Chunks, E> => {
    over = end
    return chunk === undefined ? end : Effect.succeed(Arr.of(chunk))
  }
  const read: Pull.Pull<Chunks, E> = Pull.matchEffect(pull, {
    onSuccess: (responses): Pull.Pull<Chunks, E> => {
      const out = fold.push(responses)
      return Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : read
    },
    onFailure: (cause) => last(fold.cut(), Effect.failCause(Cause.map(cause, explain))),
    onDone: () => last(fold.end(), Cause.done())
  })
  return () => over ?? read
}

/** The chunks of a stream. `explain` may replace its error. */
export const streamChunks = <E>(
  source: Stream.Stream<Response, E>,
  explain: (error: E) => E
): Stream.Stream<StreamChunk, E> =>
  Stream.transformPull(source, (pull) => Effect.sync(() => Effect.suspend(folded(pull, explain))))

/** The same for a stream that must be opened first: `Stream.unwrap` costs one more stage for every chunk. */
export const openChunks = <E>(
  open: Effect.Effect<Stream.Stream<Response, E>, E>,
  explain: (error: E) => E
): Stream.Stream<StreamChunk, E> =>
  Stream.fromChannel(Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) =>
    Effect.sync(() => {
      let next = (): Pull.Pull<Chunks, E> =>
        Effect.flatMap(
          Effect.mapError(open, explain),
          (source) =>
            Effect.flatMap(Channel.toPullScoped(Stream.toChannel(source), scope), (pull) => {
              next = folded(pull, explain)
              return next()
            })
        )
      return Effect.suspend(() => next())
    })
  ))
