/**
 * What is measured of a Live session: that it is open, for how long, how often it was dialled anew, and how long the
 * model took to begin its answers. Only `Telemetry` loads this module.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { LiveSession } from "../../live/LiveSession.ts"
import type { Attributes, LiveRecorder, Measure, Write } from "../telemetry/recorder.ts"

export const make = (write: Write): LiveRecorder => (context, model, provider) => {
  const clock = Context.get(context, Clock.Clock)
  const now = () => clock.currentTimeMillisUnsafe()
  const attributes = { "gen_ai.provider.name": provider, "gen_ai.request.model": model }
  const observe = (measure: Measure, value: number, more?: Attributes): void =>
    write(measure, value, { ...attributes, ...more }, context)

  const asked = new WeakMap<object, number>()
  const turns = {
    turnOpened: (turn: object) => {
      asked.set(turn, now())
    },
    turnBegun: (turn: object) => {
      const at = asked.get(turn)
      if (at !== undefined) observe("liveTimeToFirstChunk", (now() - at) / 1_000)
    }
  }

  const opened = (session: LiveSession) =>
    Effect.suspend(() => {
      const since = now()
      let isOver = false
      let isLost = false
      observe("liveSessions", 1)
      const over = (failure: string | undefined) =>
        Effect.sync(() => {
          if (isOver) return
          isOver = true
          observe("liveSessions", -1)
          observe("liveDuration", (now() - since) / 1_000, { "error.type": failure })
        })
      const watch = Stream.runForEach(session.statusChanges, (status) => {
        if (status._tag === "Closed") return over(status.error?.reason._tag)
        if (status._tag === "Open" && isLost) observe("liveReconnects", 1)
        isLost = status._tag === "Reconnecting"
        return Effect.void
      })
      // The scope may be closed from two sides, but the session is counted as over only once.
      return Effect.andThen(
        Effect.addFinalizer(() =>
          Effect.flatMap(
            session.status,
            (status) => over(status._tag === "Closed" ? status.error?.reason._tag : undefined)
          )
        ),
        Effect.forkScoped(watch, { startImmediately: true })
      )
    })

  return { turns, opened }
}
