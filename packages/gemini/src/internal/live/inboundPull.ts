/** What a queue holds, all at once, as a pull; it waits where the queue holds nothing. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type { StreamChunk } from "../../call/Answer.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import { ChunkFold } from "../call/ChunkFold.ts"
import type { InboundQueue } from "./InboundQueue.ts"

type Elements<A> = Arr.NonEmptyReadonlyArray<A>

/**
 * Waits until there is something to take. It is taken where the pull goes on, not where it is
 * woken: one that was interrupted takes nothing, and needs no telling.
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

/** The same as chunks, of which the last one is finished: `streamChunks` without a stage of its own. */
export const chunks = <E>(queue: InboundQueue<GenerateContentResponse, E>): Pull.Pull<Elements<StreamChunk>, E> => {
  const fold = new ChunkFold()
  const none: ReadonlyArray<GenerateContentResponse> = []
  return waiting<GenerateContentResponse, E, Elements<StreamChunk>, E | Cause.Done>(queue, () => {
    const out = fold.push(queue.takeAll() ?? none)
    const end = queue.ended
    const last = end === undefined ? undefined : end._tag === "Done" ? fold.end() : fold.cut()
    if (last !== undefined) out.push(last)
    return Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : endOf(queue)
  })
}
