/**
 * What becomes of the rows of one job: results out of its batch, answers at the standard price, another job, or an error.
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchesService, KeptBatch } from "../../batches/Batches.ts"
import type * as GeminiClient from "../../GeminiClient.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as Batch from "../../wire/Batch.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import * as JobRows from "./JobRows.ts"
import * as RunRecord from "./runRecord.ts"
import * as RunResults from "./runResults.ts"
import type { RunWriter } from "./RunWriter.ts"

/** How many results are written together. */
const together = 500
const togetherBytes = 4 * 1024 * 1024

/** After how many pauses a download of results is tried again, before the run fails. */
const outages = 5

type Failure = GeminiError | JournalError

/** Failures that are the run's own, and not of the row that met them. */
const isOfRun = ({ reason }: GeminiError): boolean =>
  reason._tag === "Unauthenticated" || reason._tag === "MissingApiKey" || reason._tag === "QuotaExhausted" ||
  reason._tag === "Unpriced"

export const make = (
  { attempts, batches, concurrency, gemini, model, pause, writer }: {
    readonly writer: RunWriter
    readonly batches: BatchesService
    readonly gemini: GeminiClient.Service
    readonly model: string
    readonly attempts: number
    readonly concurrency: number
    /** The pause of an outage, in milliseconds. */
    readonly pause: number
  }
) => {
  const { give, log, write } = writer

  const closed = (job: RunRecord.OpenJob, why: string, more: ReadonlyArray<RunRecord.RunRecord> = []) =>
    Effect.tap(
      write([{ _tag: "Closed", job: job.job, state: why }, ...more]),
      () => Effect.sync(() => log.drop(job.blobs))
    )

  /** Other jobs for the rows of this one that have no result, `parts` of about one size. */
  const cutAgain = (job: RunRecord.OpenJob, places: JobRows.JobPlaces, why: string, attempt: number, parts: number) =>
    Effect.gen(function*() {
      const size = Math.ceil((places.size - places.count) / parts)
      const cuts: Array<ReturnType<RunWriter["cut"]>> = []
      let rows = JobRows.writer(log)
      const end = Effect.suspend(() =>
        rows.rows() === 0 ? Effect.void : Effect.map(rows.end, (blobs) => {
          cuts.push(writer.cut({ attempt, rows: rows.rows(), blobs }))
          rows = JobRows.writer(log)
        })
      )
      yield* Stream.runForEach(
        Stream.filter(JobRows.read(log, job), ({ place }) => !places.has(place)),
        ({ line }) => Effect.andThen(rows.add(line), Effect.suspend(() => rows.rows() < size ? Effect.void : end))
      )
      yield* end
      yield* closed(job, why, cuts)
      return cuts.flatMap(({ job }) => writer.state().open.get(job) ?? [])
    })

  /** Another job, in which they are asked once more. */
  const again = (job: RunRecord.OpenJob, places: JobRows.JobPlaces, why: string) =>
    cutAgain(job, places, why, job.attempt + 1, 1)

  /** Two jobs in place of one that the server refuses because of some row, until that row is alone and has its error. */
  const split = (job: RunRecord.OpenJob, places: JobRows.JobPlaces, error: GeminiError) =>
    places.size > 1
      ? cutAgain(job, places, "refused", job.attempt, 2)
      : Effect.gen(function*() {
        yield* failed(job, places, RunResults.kept(error))
        yield* closed(job, "refused")
        return []
      })

  /**
   * Reads what came of a job. Rows that failed for a reason that may pass stay open, unless it was the last time.
   * `answered` is told of each response.
   */
  const taken = (
    job: RunRecord.OpenJob,
    kept: KeptBatch,
    places: JobRows.JobPlaces,
    answered: (place: number, response: GenerateContentResponse) => void
  ): Effect.Effect<void, Failure> => {
    if (Batch.outputOf(kept.batch) === undefined) return Effect.void
    const isLast = job.attempt >= attempts
    let waiting: Array<RunRecord.ResultLine> = []
    let bytes = 0
    const flush = Effect.suspend(() => {
      const lines = waiting
      waiting = []
      bytes = 0
      return give(job.job, lines)
    })
    const read = batches.results(kept).pipe(
      Stream.runForEach((result) => {
        const place = RunRecord.readKey(result.key)
        if (place === undefined || result._tag === "Failure" && result.error.isRetryable && !isLast) return Effect.void
        if (!places.take(place.place)) return Effect.void
        if (result._tag === "Success") answered(place.place, result.response)
        const common = { ...place, via: "batch" as const, attempts: job.attempt }
        const line: RunRecord.ResultLine = result._tag === "Success"
          ? { ...common, response: { ...result.response } }
          : { ...common, error: RunResults.kept(result.error) }
        waiting.push(line)
        bytes += JSON.stringify(line).length
        return waiting.length < together && bytes < togetherBytes ? Effect.void : flush
      }),
      // What came before a failure is kept.
      Effect.tapError(() => flush),
      Effect.andThen(Effect.suspend(() => flush))
    )
    /** The results are there and paid for, so an outage is waited for. A file that is gone, or none of results, is given up. */
    const patient = (left: number): Effect.Effect<void, Failure> =>
      Effect.catch(read, (error) => {
        if (error._tag !== "GeminiError" || isOfRun(error)) return Effect.fail(error)
        if (!error.isRetryable) return Effect.void
        return left === 0
          ? Effect.fail(error)
          : Effect.andThen(Effect.sleep(pause), Effect.suspend(() => patient(left - 1)))
      })
    return patient(outages)
  }

  const generated = (
    job: RunRecord.OpenJob,
    { line, place }: JobRows.Placed
  ): Effect.Effect<RunRecord.ResultLine, GeminiError> => {
    const common = { place, row: line.row, key: line.key, via: "standard" as const, attempts: job.attempt }
    return Effect.matchEffect(
      gemini.generate({ ...JobRows.requestOf(line), model }, { priority: "batch", whenExhausted: "wait" }),
      {
        onFailure: (error): Effect.Effect<RunRecord.ResultLine, GeminiError> => {
          const response = error.received?.at(-1)
          // In a batch an answer that was blocked is an answer, too.
          if (error.reason._tag === "ResponseBlocked" && typeof response === "object" && response !== null) {
            return Effect.succeed({ ...common, response: { ...response } })
          }
          return isOfRun(error) ? Effect.fail(error) : Effect.succeed({ ...common, error: RunResults.kept(error) })
        },
        onSuccess: ({ response }) => Effect.succeed({ ...common, response: { ...response } })
      }
    )
  }

  /** Asks the rest of a job at the standard price, under the lane's quota. */
  const asked = (job: RunRecord.OpenJob, places: JobRows.JobPlaces): Effect.Effect<void, Failure> =>
    Stream.filter(JobRows.read(log, job), ({ place }) => !places.has(place)).pipe(
      Stream.mapEffect((row) => generated(job, row), { concurrency, unordered: true }),
      Stream.runForEach((line) => places.take(line.place) ? give(job.job, [line]) : Effect.void)
    )

  /** Says of every row without a result why it has none. */
  const failed = (
    job: RunRecord.OpenJob,
    places: JobRows.JobPlaces,
    error: { readonly code: number; readonly message: string }
  ): Effect.Effect<void, Failure> =>
    JobRows.read(log, job).pipe(
      Stream.filter(({ place }) => places.take(place)),
      Stream.map(({ line: { key, row }, place }): RunRecord.ResultLine => ({
        place,
        row,
        key,
        via: "batch",
        attempts: job.attempt,
        error
      })),
      Stream.grouped(together),
      Stream.runForEach((lines) => give(job.job, lines))
    )

  return { closed, again, split, taken, asked, failed }
}
