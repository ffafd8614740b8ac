/**
 * One turn as a stream: takes its place behind the session's other turns, is sent when it is
 * its time, and lets go of both however it ends.
 */
import type * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { LiveError } from "../../LiveError.ts"
import type { SessionCore, Sink } from "./SessionCore.ts"
import type { TurnLock } from "./TurnLock.ts"

type Elements<A> = Arr.NonEmptyReadonlyArray<A>

export const make = <A>(
  core: SessionCore,
  lock: TurnLock,
  send: (sink: Sink) => Effect.Effect<void, LiveError>,
  read: (queue: Sink["queue"]) => Pull.Pull<Elements<A>, LiveError>
): Stream.Stream<A, LiveError> =>
  Stream.fromChannel(Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) => {
    const sink = core.sink()
    const answer = read(sink.queue)
    const begin = Effect.suspend(() => {
      let isMine = false
      let wake: (() => void) | undefined
      const taken = (): void => {
        isMine = true
        wake?.()
      }
      if (lock.take(sink, taken)) return Effect.flatMap(send(sink), () => answer)
      const turn = Effect.callback<void>((resume) => {
        // The fiber may have yielded before it waits.
        if (isMine) return resume(Effect.void)
        wake = () => queueMicrotask(() => resume(Effect.void))
      })
      return Effect.flatMap(turn, () => Effect.flatMap(send(sink), () => answer))
    })
    let pull: Pull.Pull<Elements<A>, LiveError> = Effect.suspend(() => {
      pull = answer
      return begin
    })
    // How it ends stands before it begins: no interruption comes between.
    return Effect.as(
      Scope.addFinalizer(
        scope,
        Effect.sync(() => {
          core.turns.abandon(sink)
          lock.release(sink)
        })
      ),
      Effect.suspend(() => pull)
    )
  }))
