import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type { InboundQueue } from "./InboundQueue.ts"

/** What a queue holds, all at once; waits where it holds nothing. */
export const make = <A, E>(queue: InboundQueue<A, E>): Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E> => {
  const taken = (): Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E> | undefined => {
    const items = queue.takeAll()
    if (items !== undefined) return Effect.succeed(items)
    const end = queue.ended
    return end === undefined ? undefined : end._tag === "Done" ? Cause.done() : Effect.fail(end.error)
  }
  const waiting: Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E> = Effect.callback((resume) => {
    queue.onReady(() => resume(taken() ?? waiting))
    return Effect.sync(() => queue.onReady(undefined))
  })
  return Effect.suspend(() => taken() ?? waiting)
}
