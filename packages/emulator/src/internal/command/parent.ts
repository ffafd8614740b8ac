/** The process for which the emulator was started: when it has ended, so does the emulator. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It belongs to somebody else, and it lives.
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** Whether there is such a process now. */
export const exists = (pid: number): Effect.Effect<boolean> => Effect.sync(() => isAlive(pid))

/**
 * Waits for its end. Of one's own parent the system says so at once, by another parent; of any other process it cannot
 * be known whether its number has been given to a new one in the half second between two looks.
 */
export const gone = (pid: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const isOwn = process.ppid === pid
    return Effect.sync(() => isOwn ? process.ppid !== pid : !isAlive(pid)).pipe(
      Effect.repeat({ schedule: Schedule.spaced("500 millis"), until: (isGone) => isGone }),
      Effect.asVoid
    )
  })
