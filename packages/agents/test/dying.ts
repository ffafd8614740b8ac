/** A journal whose process dies: for tests of what a run comes to afterwards. */
import * as Journal from "effect-gemini-journal/Journal"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** A journal whose process dies at an append: that one, before or after it is written, and nothing after it happens. */
const dying = (
  journal: Journal.Journal["Service"],
  appends: number,
  isWritten: boolean,
  dead: Deferred.Deferred<void>
) => {
  let left = appends
  const dies = Effect.andThen(Deferred.succeed(dead, undefined), Effect.interruptible(Effect.never))
  const ends = <A>(run: Journal.Run<A>): Journal.Run<A> => ({
    id: run.id,
    writer: run.writer,
    next: run.next,
    state: run.state,
    putBlob: (bytes) => run.putBlob(bytes),
    append: (records, options) => {
      left--
      if (left > 0) return run.append(records, options)
      if (left < 0 || !isWritten) return dies
      return Effect.andThen(run.append(records, options), dies)
    }
  })
  return Journal.Journal.of({
    ...journal,
    create: (records, id) => Effect.map(journal.create(records, id), ends),
    resume: (records, id) => Effect.map(journal.resume(records, id), ends)
  })
}

/** Plays it until its process dies at that append, and says whether it died; it may have come to its end before. */
export const killed = <A, E, R>(
  run: Effect.Effect<A, E, R>,
  appends: number,
  isWritten: boolean
): Effect.Effect<boolean, never, R | Journal.Journal> =>
  Effect.gen(function*() {
    const journal = yield* Journal.Journal
    const dead = yield* Deferred.make<void>()
    const fiber = yield* Effect.forkChild(
      Effect.provideService(run, Journal.Journal, dying(journal, appends, isWritten, dead))
    )
    const died = Effect.as(Deferred.await(dead), true)
    const isDead = yield* Effect.raceFirst(died, Effect.as(Fiber.await(fiber), false))
    yield* Fiber.interrupt(fiber)
    return isDead
  })
