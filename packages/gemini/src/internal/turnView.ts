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
import type { GenerateContentResponse } from "../GenerateContent.ts"
import type { LiveError } from "../LiveError.ts"
import * as InboundPull from "./inboundPull.ts"
import type { SessionCore, Sink } from "./SessionCore.ts"
import type { TurnLock } from "./TurnLock.ts"

export const make = (
  core: SessionCore,
  lock: TurnLock,
  send: (sink: Sink) => Effect.Effect<void, LiveError>
): Stream.Stream<GenerateContentResponse, LiveError> =>
  Stream.fromChannel(Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) =>
    Effect.sync(() => {
      const sink = core.sink()
      const read = InboundPull.make(sink.queue)
      const over = Effect.sync(() => {
        core.turns.abandon(sink)
        lock.release(sink)
      })
      const locked = Effect.callback<void>((resume) => {
        if (lock.take(sink, () => queueMicrotask(() => resume(Effect.void)))) resume(Effect.void)
      })
      let pull: Pull.Pull<Arr.NonEmptyReadonlyArray<GenerateContentResponse>, LiveError> = Effect.suspend(() => {
        pull = read
        // How it ends stands before it begins: no interruption comes between.
        return Effect.andThen(
          Scope.addFinalizer(scope, over),
          Effect.andThen(locked, Effect.andThen(Effect.suspend(() => send(sink)), read))
        )
      })
      return Effect.suspend(() => pull)
    })
  ))
