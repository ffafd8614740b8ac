/**
 * Waiting for one entry of a log. After its start it looks at what has changed alone, so that it costs the
 * same however many entries there were before.
 */
import * as Effect from "effect/Effect"
import type { Entry, RequestLog } from "../../RequestLog.ts"

/** The first entry from a number on that satisfies the predicate. */
export const awaitEntry = (
  log: RequestLog,
  predicate: (entry: Entry) => boolean,
  from = 0
): Effect.Effect<Entry> =>
  Effect.callback((resume) => {
    // A predicate that throws fails the one who waits, and not whoever is just being served.
    const stop = log.watch((changed) => {
      try {
        const entry = changed === undefined
          ? log.find(predicate, from)
          : changed.id >= from && predicate(changed)
          ? log.at(changed.id) ?? changed
          : undefined
        if (entry !== undefined) resume(Effect.succeed(entry))
        return entry !== undefined
      } catch (error) {
        resume(Effect.die(error))
        return true
      }
    })
    return Effect.sync(stop)
  })
