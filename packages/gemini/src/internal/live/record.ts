/**
 * What is measured of a Live session: that it is open, how long, how often it was dialled anew, and
 * how long the model took to begin its answers. Loaded with `Telemetry` alone.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Attributes, LiveRecorder, Measure, Recorder } from "../telemetry/recorder.ts"

export const make = (recorder: Recorder): LiveRecorder => (session, hooks) =>
  Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    const now = () => clock.currentTimeMillisUnsafe()
    const attributes = { "gen_ai.provider.name": "gcp.gemini", "gen_ai.request.model": session.model }
    const observe = (measure: Measure, value: number, more?: Attributes): void =>
      recorder(measure, value, { ...attributes, ...more }, fiber.context)

    const asked = new WeakMap<object, number>()
    hooks.turnOpened = (turn) => {
      asked.set(turn, now())
    }
    hooks.turnBegun = (turn) => {
      const at = asked.get(turn)
      if (at !== undefined) observe("liveTimeToFirstChunk", (now() - at) / 1_000)
    }

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
    // Whoever closes the scope first: it is counted as over once.
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
