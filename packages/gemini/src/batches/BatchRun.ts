/**
 * Any number of requests as a stream in, their results as a stream out, in batches for half the price, and whole
 * whatever happens to the process, to the jobs or to an answer on its way.
 *
 * The run cuts the stream into jobs within the API's limits, and keeps what it did in the Journal of the context. Where the
 * process dies, the same call with the same `id` and the same rows goes on: it reads no row twice, makes no job twice and
 * gives each result once, in the place that it had. Without a Journal it runs in memory, and ends with its process.
 *
 * - Before a job is created, its rows and its display name are in the journal. If the answer to the create was lost, the
 *   job is found in the list by that name before another one is made.
 * - Rows that failed for a reason that may pass are asked again, they alone, in another job. So are the rows of a job that
 *   expired, failed, or was not done after `stuckAfter`.
 * - With a `deadline`, what is still open `lead` before it is asked synchronously, under the quota of the model's lane.
 * - A row that cannot be sent, or failed for good, is a result with its error.
 * - A `Budget` around the run reserves each job at the price of batches before it is made, and charges what was answered; what
 *   is asked synchronously has the standard price. A job that has no room fails the run, which can be gone on with.
 *
 * ```ts
 * import * as Batches from "effect-gemini/batches/Batches"
 * import * as BatchRun from "effect-gemini/batches/BatchRun"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as FileJournal from "effect-gemini-journal/FileJournal"
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import { Effect, Layer, Redacted, Stream } from "effect"
 *
 * const options = { apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") }
 *
 * const Gemini = Layer.mergeAll(
 *   Batches.layer().pipe(Layer.provide(ResourceHttp.layer(options)), Layer.provide(NodeGemini.layerHttpClient())),
 *   NodeGemini.layerHttp(options)
 * )
 *
 * const program = BatchRun.run({
 *   id: "summaries",
 *   model: "gemini-3.8-flash",
 *   rows: Stream.range(1, 100_000).pipe(
 *     Stream.map((page) => ({ key: `page-${page}`, request: { contents: `Summarise page ${page}.` } }))
 *   ),
 *   deadline: "1 day"
 * }).pipe(
 *   Stream.runForEach((result) =>
 *     Effect.log(result.key, result._tag === "Success" ? result.response : result.error.message)
 *   ),
 *   Effect.provide([Gemini, FileJournal.layer({ directory: "./runs" }).pipe(Layer.provide(NodeServices.layer))])
 * )
 * ```
 *
 * It needs the package `effect-gemini-journal`.
 *
 * @since 0.2.0
 */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { GeminiClient } from "../GeminiClient.ts"
import type { GeminiError } from "../GeminiError.ts"
import * as Engine from "../internal/batches/runEngine.ts"
import * as RunLog from "../internal/batches/RunLog.ts"
import * as RunRecord from "../internal/batches/runRecord.ts"
import * as RunResults from "../internal/batches/runResults.ts"
import * as RunWriter from "../internal/batches/RunWriter.ts"
import { Batches } from "./Batches.ts"
import type { RunOptions, RunProgress, RunResult } from "./RunOptions.ts"

/** The start of the ids of its runs in the Journal, by which `Journal.prune` finds those that are old. */
export const prefix: string = RunLog.prefix

/**
 * Runs, or goes on with, the run of this id. The stream ends when every row has its result; a failure leaves the run as it
 * stands, to be gone on with. Who stops reading stops the run, and the jobs that are under way go on at the server.
 *
 * @category constructors
 * @since 0.2.0
 */
export const run = <E = never, R = never>(
  options: RunOptions<E, R>
): Stream.Stream<RunResult, GeminiError | JournalError | E, R | Batches | GeminiClient> => Engine.run(options)

/**
 * How far a run is by its Journal, whoever runs it.
 *
 * @category getters
 * @since 0.2.0
 */
export const status = (id: string): Effect.Effect<RunProgress, JournalError, Journal.Journal> =>
  Effect.flatMap(Journal.Journal, (journal) =>
    Effect.map(
      Stream.runFold(RunLog.seen(journal, id).before, () => RunRecord.nothing, RunRecord.step),
      RunWriter.progressOf
    ))

/**
 * The results that a run has by now, from a place on.
 *
 * @category getters
 * @since 0.2.0
 */
export const results = (
  id: string,
  options: { readonly from?: number | undefined } = {}
): Stream.Stream<RunResult, JournalError, Journal.Journal> =>
  Stream.unwrap(Effect.map(Journal.Journal, (journal) => {
    const { before, get } = RunLog.seen(journal, id)
    return RunResults.replayed(before, get, options.from ?? 0)
  }))

/**
 * Cancels the open jobs of a run that nobody runs at the moment (else it fails with Busy), and lets nobody go on with
 * it. Results that it has stay.
 *
 * @category constructors
 * @since 0.2.0
 */
export const cancel = (id: string): Effect.Effect<RunProgress, GeminiError | JournalError, Journal.Journal | Batches> =>
  Effect.scoped(Effect.gen(function*() {
    const batches = yield* Batches
    const journal = yield* Journal.Journal
    const before = yield* status(id)
    const log = yield* RunLog.open(id)
    yield* Effect.forEach(
      before.open,
      ({ batch }) =>
        batch === undefined ? Effect.void : Effect.catchReason(
          batches.cancel(batch),
          "GeminiError",
          "NotFound",
          () => Effect.void
        ),
      { discard: true }
    )
    yield* log.append([{ _tag: "Cancelled" }], "cancelled")
    return yield* Effect.provideService(status(id), Journal.Journal, journal)
  }))
