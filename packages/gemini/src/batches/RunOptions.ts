/**
 * What a run of batches is told, what it gives, and how far it is: see `BatchRun`.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { GeminiError } from "../GeminiError.ts"
import type { GenerateContentResponse } from "../wire/GenerateContent.ts"
import type { BatchRequest, BatchRow } from "./Batches.ts"

/**
 * The result of a row. `place` is where it stands in the run: a reader that has the results before it goes on with
 * `from`. `row` is the row's place in the source; `via` says at which price it was asked, and `attempts` how often.
 *
 * @category models
 * @since 0.2.0
 */
export type RunResult =
  & {
    readonly key: string
    readonly row: number
    readonly place: number
    readonly via: "batch" | "standard"
    readonly attempts: number
  }
  & (
    | { readonly _tag: "Success"; readonly response: GenerateContentResponse }
    | { readonly _tag: "Failure"; readonly error: GeminiError }
  )

/**
 * How far a run is.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunProgress {
  /** How many rows lie in jobs, and whether the source has more. */
  readonly rows: number
  readonly isAllRead: boolean
  /** How many have their result, and how many of those are failures. */
  readonly results: number
  readonly failed: number
  /** How many jobs were cut, how many of them the API made, and the open ones. */
  readonly jobs: number
  readonly created: number
  readonly open: ReadonlyArray<{
    readonly job: number
    readonly displayName: string
    /** The batch (`batches/ID`), once it is known. */
    readonly batch: string | undefined
    readonly rows: number
    readonly isSynchronous: boolean
  }>
  readonly deadline: number | undefined
  readonly isCancelled: boolean
  readonly isFinished: boolean
}

/**
 * What is run, and how.
 *
 * @category options
 * @since 0.2.0
 */
export interface RunOptions<E = never, R = never> {
  /** By this name the run is found in the Journal: at most 100 letters, digits and `._~@-`. */
  readonly id: string
  readonly model: string
  /**
   * The requests. A run that goes on reads them again from the first and passes over those that it has, so they must be
   * the same ones in the same order; other ones are refused.
   */
  readonly rows: Iterable<BatchRow> | Stream.Stream<BatchRow, E, R>
  /** Gives the results from this place on. Default 0: all of them. */
  readonly from?: number | undefined
  /** How long the run may take, from its first beginning. Default: as long as it takes. */
  readonly deadline?: Duration.Input | undefined
  /** How long before the deadline rows without a result are asked synchronously. Default 30 minutes. */
  readonly lead?: Duration.Input | undefined
  /** How many rows are asked at once then; the quota of the lane bounds them too. Default 16. */
  readonly concurrency?: number | undefined
  /** How often a row is asked in jobs before its error is its result. Default 3. */
  readonly attempts?: number | undefined
  /** The most rows and bytes of a job. Default 10,000 rows and 256 MiB; the API takes 2 GB. */
  readonly job?: { readonly rows?: number | undefined; readonly bytes?: number | undefined } | undefined
  /** How many jobs are under way at once. Default 50; the API takes 100 of a project. */
  readonly jobs?: number | undefined
  /** A job that is not done after so long is given up. Default 50 hours; the API itself gives up after 48. */
  readonly stuckAfter?: Duration.Input | undefined
  /** The pauses between two questions about a job: the first one (default 10 seconds) and the longest (5 minutes). */
  readonly interval?: Duration.Input | undefined
  readonly maxInterval?: Duration.Input | undefined
  /**
   * Ends such a pause early, for example when a webhook has told that a batch is done. It is run anew in each pause. As a
   * function it is given the batch (`batches/ID`), so that only the pause of this one ends: `deliveries.about`.
   */
  readonly told?: Effect.Effect<unknown> | ((batch: string) => Effect.Effect<unknown>) | undefined
  /** Whom the API tells of the end of each job, instead of the project's webhooks. */
  readonly webhook?: BatchRequest<BatchRow>["webhook"]
  /** Called after everything that the run writes. */
  readonly onProgress?: ((progress: RunProgress) => Effect.Effect<unknown>) | undefined
}
