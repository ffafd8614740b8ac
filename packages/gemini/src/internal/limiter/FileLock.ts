/**
 * A lock for the processes of one machine: a file that can be made only once.
 *
 * Its holder is done in milliseconds. A lock that is older than `stale` belongs to a process that died or stands still,
 * and is taken away; a holder that finds the lock to be no longer its own has lost it. A lock that can neither be read
 * nor taken away is an error at once, because waiting would not change that.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"

export const stale = 5_000

/** Something else lies where the file should be: a directory, a pipe, a device, or a file that is too large. */
export class NotThatFile extends Data.TaggedError("NotThatFile")<{ readonly code: "NOT_THAT_FILE" }> {}

/** Another process took the lock away meanwhile. */
export class LockLost extends Data.TaggedError("LockLost")<{ readonly code: "LOCK_LOST" }> {}

/** Reads a regular file of at most so many bytes: reading a pipe would wait for ever, and a device has no end. */
export const readRegular = Effect.fnUntraced(function*(files: FileSystem, path: string, largest: number) {
  const { size, type } = yield* files.stat(path)
  if (type !== "File" || size > largest) return yield* new NotThatFile({ code: "NOT_THAT_FILE" })
  return yield* files.readFileString(path)
})

/** The largest lock file, which holds a process's name and the time. */
const largestMark = 1024

export interface FileLock {
  /** Fails if the lock is no longer held. */
  readonly check: Effect.Effect<void, PlatformError | NotThatFile | LockLost>
}

type LockError = PlatformError | NotThatFile

/**
 * Runs `use` while nobody else holds the lock at `path`. `owner` is a name that no other process has; `clock` is the
 * one to wait by, in real time.
 *
 * The wait for the lock can be interrupted. The caller must bound how long it may be.
 */
export const withLock = <A, E, R>(
  files: FileSystem,
  path: string,
  { clock, owner }: { readonly owner: string; readonly clock: Clock.Clock },
  use: (lock: FileLock) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | LockError, R> => {
  const takeAway = (now: number, since: number): Effect.Effect<void, LockError> =>
    Effect.gen(function*() {
      const seen = yield* readRegular(files, path, largestMark)
      // A lock without a time was made at this moment, or by a process that died between two steps.
      const age = now - (Number(seen.split(" ")[1]) || since)
      if (!(age > stale || age < -stale)) return
      const aside = `${path}.${owner}`
      yield* files.rename(path, aside)
      // Somebody else was faster, and this is a new lock: it is put back, unless there is an even newer one.
      if ((yield* files.readFileString(aside)) !== seen) yield* Effect.ignore(files.link(aside, path))
      yield* files.remove(aside)
    }).pipe(
      // The holder has released it meanwhile.
      Effect.catchReason("PlatformError", "NotFound", () => Effect.void)
    )

  const take = (
    restore: <B, F>(wait: Effect.Effect<B, F>) => Effect.Effect<B, F>,
    since?: number
  ): Effect.Effect<string, LockError> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const mark = `${owner} ${now}`
      return files.writeFileString(path, mark, { flag: "wx" }).pipe(
        Effect.as(mark),
        Effect.catchReason("PlatformError", "AlreadyExists", () =>
          Effect.andThen(takeAway(now, since ?? now), restore(clock.sleep(Duration.millis(2)))).pipe(
            Effect.andThen(take(restore, since ?? now))
          ))
      )
    })

  return Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(take(restore), (mark) => {
      const isMine = Effect.map(readRegular(files, path, largestMark), (found) => found === mark)
      const check = isMine.pipe(
        Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed(false)),
        Effect.flatMap((mine) => mine ? Effect.void : Effect.fail(new LockLost({ code: "LOCK_LOST" })))
      )
      // A process that stood still for long may find a successor's lock.
      const release = Effect.flatMap(isMine, (mine) => mine ? files.remove(path) : Effect.void)
      return Effect.onExit(restore(use({ check })), () => Effect.ignore(release))
    })
  )
}
