/**
 * Carries out a run: cuts the source into jobs, and follows each to its end.
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Batches } from "../../batches/Batches.ts"
import type { RunOptions, RunResult } from "../../batches/RunOptions.ts"
import { GeminiClient } from "../../GeminiClient.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as ModelId from "../../models/ModelId.ts"
import { invalid } from "../resources/invalid.ts"
import * as JobBudget from "./jobBudget.ts"
import * as JobLife from "./jobLife.ts"
import * as JobOutcome from "./jobOutcome.ts"
import * as JobRows from "./JobRows.ts"
import * as RunLog from "./RunLog.ts"
import * as RunRecord from "./runRecord.ts"
import * as RunResults from "./runResults.ts"
import * as RunSource from "./runSource.ts"
import * as RunWriter from "./RunWriter.ts"

const method = "batchRun"

type Failure = GeminiError | JournalError

/** The model, or what is wrong with the options. */
const checked = (options: RunOptions<unknown, unknown>): Result.Result<ModelId.ModelId, GeminiError> => {
  const { attempts = 1, concurrency = 1, deadline, from = 0, id, job, jobs = 1, model } = options
  const refuse = (field: string, description: string) => Result.fail(invalid(method, field, description))
  const numbers = [
    ["from", from, 0],
    ["attempts", attempts, 1],
    ["concurrency", concurrency, 1],
    ["jobs", jobs, 1],
    ["job.rows", job?.rows ?? 1, 1],
    ["job.bytes", job?.bytes ?? 1, 1]
  ] as const
  if (!/^[A-Za-z0-9][A-Za-z0-9._~@-]{0,99}$/.test(id)) {
    return refuse("id", "expected at most 100 letters, digits and ._~@-, the first a letter or digit")
  }
  for (const [field, value, least] of numbers) {
    if (!Number.isSafeInteger(value) || value < least) {
      return refuse(field, `expected a whole number from ${least}, got ${value}`)
    }
  }
  if (deadline !== undefined && Option.isNone(Duration.fromInput(deadline))) {
    return refuse("deadline", "expected a duration, such as \"1 day\"")
  }
  const parsed = ModelId.parse(model)
  return Result.isFailure(parsed) ? refuse("model", parsed.failure) : Result.succeed(parsed.success)
}

export const run = <E, R>(
  options: RunOptions<E, R>
): Stream.Stream<RunResult, Failure | E, R | Batches | GeminiClient> =>
  Stream.unwrap(Effect.gen(function*() {
    const model = yield* Effect.fromResult(checked(options))
    const log = yield* RunLog.open(options.id)
    const state = yield* Stream.runFold(log.before, () => RunRecord.nothing, RunRecord.step)
    const { begun } = state
    if (state.isCancelled) return yield* invalid(method, "id", `the run ${options.id} was cancelled`)
    if (begun !== undefined && begun.model !== model) {
      return yield* invalid(method, "model", `the run ${options.id} began with ${begun.model}`)
    }
    const from = options.from ?? 0
    const before = RunResults.replayed(log.before, log.get, from)
    if (state.isFinished) return before
    const sink = yield* Queue.bounded<ReadonlyArray<RunResult>, Failure | E | Cause.Done>(1)
    yield* Effect.forkScoped(Effect.onExit(carried(options, model, log, state, sink), (exit) =>
      Exit.isSuccess(exit) ? Queue.end(sink) : Queue.failCause(sink, exit.cause)))
    return Stream.concat(
      before,
      Stream.filter(Stream.flattenIterable(Stream.fromQueue(sink)), ({ place }) =>
        place >= from)
    )
  }))

const carried = <E, R>(
  options: RunOptions<E, R>,
  model: ModelId.ModelId,
  log: RunLog.RunLog,
  first: RunRecord.RunState,
  sink: RunWriter.Sink<Failure | E>
): Effect.Effect<void, Failure | E, R | Batches | GeminiClient> =>
  Effect.scoped(Effect.gen(function*(): Effect.fn.Return<
    void,
    Failure | E,
    R | Batches | GeminiClient | Scope.Scope
  > {
    const { attempts = 3, concurrency = 16, jobs = 50, lead = "30 minutes", told, webhook } = options
    const batches = yield* Batches
    const gemini = yield* GeminiClient
    const writer = yield* RunWriter.make(log, first, sink, options)
    const { write } = writer

    if (first.begun === undefined) {
      const at = yield* Clock.currentTimeMillis
      const nonce = (yield* Random.nextIntBetween(0, 0x7fffffff)).toString(36)
      const end = options.deadline === undefined ? {} : { deadline: at + Duration.toMillis(options.deadline) }
      yield* write([{ _tag: "Begun", model, nonce, at, ...end }])
    }
    const deadline = writer.state().begun?.deadline
    const due = deadline === undefined ? undefined : deadline - Duration.toMillis(lead)
    const isDue = Effect.map(Clock.currentTimeMillis, (now) => due !== undefined && now >= due)
    const times = JobLife.timesOf(options, due)
    const life = JobLife.make({ batches, log, model, times, told, webhook })
    const outcome = JobOutcome.make({
      writer,
      batches,
      gemini,
      model,
      attempts,
      concurrency,
      pause: times.maxInterval
    })
    const cut = yield* RunSource.make(writer, model, options)

    /** Follows a job to its end at the server; gives why rows are left, if they are, or why the server refuses the job. */
    const batched = (
      job: RunRecord.OpenJob,
      places: JobRows.JobPlaces,
      isResumed: boolean
    ): Effect.Effect<string | GeminiError, Failure> =>
      Effect.flatMap(
        // A job that is under way when the run stops is charged by the run that goes on.
        JobBudget.enter(model, Stream.filter(JobRows.read(log, job), ({ place }) => !places.has(place))),
        (held) => Effect.ensuring(inBatch(job, places, isResumed, held), held.end)
      )

    const inBatch = (
      job: RunRecord.OpenJob,
      places: JobRows.JobPlaces,
      isResumed: boolean,
      { answered }: JobBudget.JobHold
    ): Effect.Effect<string | GeminiError, Failure> =>
      Effect.gen(function*() {
        const before = job.handle ?? (isResumed ? yield* life.found(job) : undefined)
        if (before === undefined && (yield* isDue)) return "due"
        const made = before === undefined ? yield* Effect.result(life.made(job)) : Result.succeed(before)
        if (Result.isFailure(made)) {
          const { failure } = made
          // The server judges the requests of a create together, and refuses all for one. Another precondition fails for all.
          const isOfRows = failure._tag === "GeminiError" && failure.reason._tag === "InvalidRequest" &&
            failure.googleStatus === "INVALID_ARGUMENT"
          return isOfRows ? failure : yield* Effect.fail(failure)
        }
        const handle = made.success
        if (handle === "due") return "due"
        const createdAt = job.createdAt ?? (yield* Clock.currentTimeMillis)
        if (job.handle === undefined) yield* write([{ _tag: "Created", job: job.job, handle, at: createdAt }])
        const ended = yield* life.waited({ createdAt }, handle)
        if (ended.done !== undefined) {
          yield* outcome.taken(job, ended.done, places, answered)
          return `the batch ${handle.name} ended without it`
        }
        if (ended.why === "gone") return ended.why
        // It may have come to its end before the cancel: what it made is there, and is not asked twice.
        const last = yield* Effect.result(Effect.andThen(batches.cancel(handle), batches.get(handle)))
        if (Result.isSuccess(last)) yield* outcome.taken(job, last.success, places, answered)
        return ended.why
      })

    const followed = (
      job: RunRecord.OpenJob,
      isResumed: boolean
    ): Effect.Effect<ReadonlyArray<RunRecord.OpenJob>, Failure> =>
      Effect.gen(function*() {
        const places = new JobRows.JobPlaces(job.rows)
        for (const record of isResumed ? job.results : []) {
          for (const { place } of yield* RunResults.read(record, log.get)) places.take(place)
        }
        const isAsked = job.isSynchronous || places.isFull
        const why = isAsked ? "asked synchronously" : yield* batched(job, places, isResumed)
        if (typeof why !== "string") return yield* outcome.split(job, places, why)
        if (!places.isFull && (job.isSynchronous || (yield* isDue))) {
          if (!job.isSynchronous) yield* write([{ _tag: "Synchronous", job: job.job }])
          yield* outcome.asked(job, places)
        }
        if (!places.isFull && job.attempt < attempts) return yield* outcome.again(job, places, why)
        const message = `the row got no answer in ${job.attempt} jobs: ${why}`
        yield* outcome.failed(job, places, { code: 504, message })
        yield* outcome.closed(job, "done")
        return []
      })

    const driven = (job: RunRecord.OpenJob, isResumed: boolean): Effect.Effect<void, Failure> =>
      Effect.flatMap(
        followed(job, isResumed),
        (more) => Effect.forEach(more, (job) => driven(job, false), { discard: true })
      )

    yield* Stream.concat(
      Stream.fromIterable([...first.open.values()].map((job) => ({ job, isResumed: true }))),
      Stream.paginate(undefined, () =>
        Effect.map(cut, (job) => [
          job === undefined ? [] : [{ job, isResumed: false }],
          job === undefined ? Option.none() : Option.some(undefined)
        ]))
    ).pipe(
      Stream.mapEffect(({ isResumed, job }) => driven(job, isResumed), { concurrency: jobs, unordered: true }),
      Stream.runDrain
    )
    yield* write([{ _tag: "Finished" }], [], "finished")
  }))
