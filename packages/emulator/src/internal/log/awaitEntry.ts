/**
 * Waits for one entry of a log. After the first look it only looks at entries that have changed, so that its cost does
 * not grow with the number of earlier entries.
 */
import * as Effect from "effect/Effect"
import type { Entry, RequestLog } from "../../RequestLog.ts"

/** Gives the first entry from a number on that satisfies the predicate. */
export const awaitEntry = (
  log: RequestLog,
  predicate: (entry: Entry) => boolean,
  from = 0
): Effect.Effect<Entry> =>
  Effect.callback((resume) => {
    // If the predicate throws, the waiting effect fails, and not the request that is just being served.
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
