/**
 * One turn as a stream: it takes its place behind the session's other turns, is sent when its time has come, and lets
 * go of both however it ends.
 */
import type * as Arr from "effect/Array"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { LiveError } from "../../LiveError.ts"
import type { SessionCore } from "./SessionCore.ts"
import type { TurnLock } from "./TurnLock.ts"
import { ViewReader } from "./ViewReader.ts"

type Elements<A> = Arr.NonEmptyReadonlyArray<A>

export const make = <A>(
  core: SessionCore,
  lock: TurnLock,
  send: (reader: ViewReader) => Effect.Effect<void, LiveError>,
  read: (reader: ViewReader) => Pull.Pull<Elements<A>, LiveError>
): Stream.Stream<A, LiveError> =>
  Stream.fromChannel(Channel.fromTransform((_: Pull.Pull<unknown, unknown, unknown>, scope) => {
    const reader = new ViewReader(core.model, core.events.limit)
    const answer = read(reader)
    let pull: Pull.Pull<Elements<A>, LiveError> = Effect.suspend(() => {
      pull = answer
      return lock.within(reader, Effect.flatMap(send(reader), () => answer))
    })
    // What happens at the end is set up before the beginning, so that no interruption comes between.
    return Effect.as(
      Scope.addFinalizer(
        scope,
        Effect.sync(() => {
          core.turns.abandon(reader)
          lock.release(reader)
        })
      ),
      Effect.suspend(() => pull)
    )
  }))
