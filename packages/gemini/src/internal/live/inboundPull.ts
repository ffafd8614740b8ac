/** Pulls all items of a queue at once, and waits where the queue is empty. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type { LiveChunk } from "../../live/LiveSession.ts"
import type { LiveError } from "../../LiveError.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import { ChunkFold } from "../call/ChunkFold.ts"
import type { InboundQueue } from "./InboundQueue.ts"
import type { ViewReader } from "./ViewReader.ts"

type Elements<A> = Arr.NonEmptyReadonlyArray<A>

/**
 * Waits until there is something to take. It is taken where the pull goes on and not where it is woken, so a pull that
 * was interrupted takes nothing, and nobody has to be told.
 */
const waiting = <A, E, B, F>(
  queue: InboundQueue<A, E>,
  taken: () => Pull.Pull<B, F> | undefined
): Pull.Pull<B, F> => {
  const wait: Pull.Pull<B, F> = Effect.callback((resume) => queue.onReady(() => resume(pull)))
  const pull = Effect.suspend(() => taken() ?? wait)
  return pull
}

const endOf = <A, E>(queue: InboundQueue<A, E>): Pull.Pull<never, E> | undefined => {
  const end = queue.ended
  return end === undefined ? undefined : end._tag === "Done" ? Cause.done() : Effect.fail(end.error)
}

export const make = <A, E>(queue: InboundQueue<A, E>): Pull.Pull<Elements<A>, E> =>
  waiting<A, E, Elements<A>, E | Cause.Done>(queue, () => {
    const items = queue.takeAll()
    return items === undefined ? endOf(queue) : Effect.succeed(items)
  })

/**
 * Pulls what a reader has as chunks, of which the last one is finished. It does what `streamChunks` does without a stage
 * of its own.
 */
export const chunks = (reader: ViewReader): Pull.Pull<Elements<LiveChunk>, LiveError> => {
  const fold = new ChunkFold()
  const none: ReadonlyArray<GenerateContentResponse> = []
  const { queue } = reader
  return waiting<GenerateContentResponse, LiveError, Elements<LiveChunk>, LiveError | Cause.Done>(queue, () => {
    const out: Array<LiveChunk> = fold.push(queue.takeAll() ?? none)
    const end = queue.ended
    const last = end === undefined ? undefined : end._tag === "Done" ? fold.end() : fold.cut()
    const { overlap } = reader
    if (last !== undefined) out.push(last.finished && overlap !== undefined ? { ...last, overlap } : last)
    return Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : endOf(queue)
  })
}
