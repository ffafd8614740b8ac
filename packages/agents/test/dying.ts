/** A journal whose process dies: for tests of what a run comes to afterwards. */
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"

/** A journal whose process dies at an append: that one, before or after it is written, and nothing after it happens. */
export const dying = (journal: Journal.Journal["Service"], appends: number, isWritten: boolean) => {
  let left = appends
  const ends = <A>(run: Journal.Run<A>): Journal.Run<A> => ({
    ...run,
    append: (records, options) => {
      left--
      if (left > 0) return run.append(records, options)
      if (left < 0 || !isWritten) return Effect.interruptible(Effect.never)
      return Effect.andThen(run.append(records, options), Effect.interruptible(Effect.never))
    }
  })
  return Journal.Journal.of({
    ...journal,
    create: (records, id) => Effect.map(journal.create(records, id), ends),
    resume: (records, id) => Effect.map(journal.resume(records, id), ends)
  })
}
