/**
 * One job of a run at the server: made once, waited for, and what became of it.
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { BatchesService, KeptBatch } from "../../batches/Batches.ts"
import type { RunOptions } from "../../batches/RunOptions.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"
import * as Batch from "../../wire/Batch.ts"
import * as JobRows from "./JobRows.ts"
import type { RunLog } from "./RunLog.ts"
import type { OpenJob } from "./runRecord.ts"
import * as RunRecord from "./runRecord.ts"

/** How a wait for a job ended: it is done, too much time has passed, or the server does not know it (any more). */
export type Ended = { readonly done: KeptBatch } | { readonly done?: undefined; readonly why: "due" | "stuck" | "gone" }

export interface Times {
  readonly interval: number
  readonly maxInterval: number
  readonly stuckAfter: number
  /** When rows are asked synchronously; undefined: never. */
  readonly due: number | undefined
}

export const timesOf = (
  { interval = "10 seconds", maxInterval = "5 minutes", stuckAfter = "50 hours" }: Pick<
    RunOptions,
    "interval" | "maxInterval" | "stuckAfter"
  >,
  due: number | undefined
): Times => ({
  interval: Duration.toMillis(interval),
  maxInterval: Duration.toMillis(maxInterval),
  stuckAfter: Duration.toMillis(stuckAfter),
  due
})

/** Larger jobs go in files, so that their results come piece by piece. */
const inlineBytes = 1024 * 1024

/** How many jobs are made at once: what one sends is in memory meanwhile. */
const atOnce = 4

/** How long a lost create may still be under way at the server, before the list is asked a second time. */
const settling = "1 second"

export const make = (
  { batches, log, model, times, told, webhook }: {
    readonly batches: BatchesService
    readonly log: RunLog
    readonly model: string
    readonly times: Times
    readonly told: RunOptions["told"]
    readonly webhook: RunOptions["webhook"]
  }
) => {
  const creates = Semaphore.makeUnsafe(atOnce)
  const pause = (millis: number, batch?: string) => {
    const early = typeof told !== "function" ? told : batch === undefined ? undefined : told(batch)
    return early === undefined ? Effect.sleep(millis) : Effect.raceFirst(Effect.sleep(millis), early)
  }

  const listed = ({ displayName }: OpenJob): Effect.Effect<ResourceHandle | undefined, GeminiError> =>
    Effect.map(batches.find(displayName), (found) => found?.handle)

  /** The job of this name, if an earlier process made it. */
  const found = (job: OpenJob) =>
    Effect.flatMap(
      listed(job),
      (handle) => handle === undefined ? Effect.andThen(Effect.sleep(settling), listed(job)) : Effect.succeed(handle)
    )

  const made = (job: OpenJob): Effect.Effect<ResourceHandle | "due", GeminiError | JournalError> => {
    const rows = Stream.map(JobRows.read(log, job), ({ line, place }) => ({
      key: RunRecord.sentKey(place, line),
      request: JobRows.requestOf(line)
    }))
    const create = creates.withPermits(1)(
      batches.create({ model, rows, displayName: job.displayName, isUniqueName: true, inlineBytes, webhook })
    )
    return Effect.catch(Effect.map(create, ({ handle }) => handle), (error) => {
      // Where the project has all the jobs that it may have, one of them has to end first.
      const isFull = error._tag === "GeminiError" &&
        (error.reason._tag === "RateLimited" || error.reason._tag === "QuotaExhausted" &&
            error.reason.budget === undefined)
      return isFull
        ? Effect.flatMap(Clock.currentTimeMillis, (now) =>
          times.due !== undefined && now >= times.due
            ? Effect.succeed("due" as const)
            : Effect.andThen(pause(times.maxInterval), made(job)))
        : Effect.fail(error)
    })
  }

  const waited = (
    job: Pick<OpenJob, "createdAt">,
    handle: ResourceHandle,
    wait = times.interval
  ): Effect.Effect<Ended, GeminiError> =>
    Effect.matchEffect(batches.get(handle), {
      onFailure: (error): Effect.Effect<KeptBatch | undefined | "gone", GeminiError> =>
        error.reason._tag === "NotFound"
          ? Effect.succeed("gone")
          // An outage passes, and the job goes on meanwhile.
          : error.isRetryable
          ? Effect.succeed(undefined)
          : Effect.fail(error),
      onSuccess: Effect.succeed
    }).pipe(Effect.flatMap((state): Effect.Effect<Ended, GeminiError> => {
      if (state === "gone") return Effect.succeed({ why: "gone" })
      if (state !== undefined && Batch.isDone(state.batch)) return Effect.succeed({ done: state })
      return Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<Ended, GeminiError> => {
        const stuckAt = (job.createdAt ?? now) + times.stuckAfter
        if (times.due !== undefined && now >= times.due) return Effect.succeed({ why: "due" })
        if (now >= stuckAt) return Effect.succeed({ why: "stuck" })
        const left = Math.min(stuckAt, times.due ?? Infinity) - now
        return Effect.andThen(
          pause(Math.min(wait, left), handle.name),
          Effect.suspend(() => waited(job, handle, Math.min(times.maxInterval, wait * 1.5)))
        )
      })
    }))

  return { found, made, waited }
}
