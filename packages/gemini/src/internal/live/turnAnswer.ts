/**
 * One turn as one answer. It takes its place behind the session's other turns as a view does, and is one callback from
 * the sending to the end: no stream, no queue, and nothing runs for the messages between.
 */
import * as Effect from "effect/Effect"
import type { LiveAnswer } from "../../live/LiveSession.ts"
import { LiveError } from "../../LiveError.ts"
import { AnswerReader } from "./AnswerReader.ts"
import { soon } from "./microtask.ts"
import type { Reader } from "./Reader.ts"
import type { SessionCore } from "./SessionCore.ts"
import type { TurnLock } from "./TurnLock.ts"

export const make = (
  core: SessionCore,
  lock: TurnLock,
  send: (reader: Reader) => Effect.Effect<void, LiveError>
): Effect.Effect<LiveAnswer, LiveError> =>
  Effect.suspend(() => {
    let done: Effect.Effect<LiveAnswer, LiveError> | undefined
    let wake: (() => void) | undefined
    const reader = new AnswerReader(core.model, (answer) => {
      done = answer instanceof LiveError ? Effect.fail(answer) : Effect.succeed(answer)
      wake?.()
    })
    const wait = Effect.callback<LiveAnswer, LiveError>((resume) => {
      if (done !== undefined) return resume(done)
      // The caller goes on behind the message that ends the turn, and not in the middle of it.
      wake = () => soon(() => resume(done ?? Effect.never))
    })
    return Effect.onExitPrimitive(
      Effect.suspend(() => lock.within(reader, Effect.flatMap(send(reader), () => wait))),
      () => {
        core.turns.abandon(reader)
        lock.release(reader)
        return undefined
      }
    )
  })
