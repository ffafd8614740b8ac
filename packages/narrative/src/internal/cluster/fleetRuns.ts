/** Runs on a cluster: this process starts, watches and orders them, and whichever worker has the run plays it. */
import * as Journal from "effect-gemini-journal/Journal"
import { JournalError } from "effect-gemini-journal/JournalError"
import { Busy } from "effect-gemini-journal/JournalErrorReason"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Narrative } from "../../Narrative.ts"
import * as Plan from "../../Plan.ts"
import { fromJournal, RunError } from "../../RunError.ts"
import { records, type RunRecord, type RunSettings, standing } from "../../RunRecord.ts"
import type { Playing, ResumeOptions, RunSummary, Service, StartOptions } from "../../Runs.ts"
import { decide } from "../decide.ts"
import type { DecisionSign } from "../decisionFile.ts"
import * as JournalRuns from "../journalRuns.ts"
import { check, finishedAlready, keep, over, refused } from "../playRun.ts"
import { readOn, ReadRun, readRun } from "../ReadRun.ts"
import * as RunId from "../runId.ts"
import { summaryOf } from "../summary.ts"
import { version } from "../version.ts"
import type { State } from "./Fleet.ts"
import { type OrderKind, orderOf } from "./tables.ts"

/** How long `cancel` waits for the worker that plays the run. */
const patience = "10 seconds"

/** A run without a start is one whose process has died at once, if it is older than so many milliseconds. */
const startTakes = 60_000

const failed = (method: string) => (error: JournalError): RunError => fromJournal(method, error)

export const make = Effect.fnUntraced(function*(state: State): Effect.fn.Return<Service> {
  const { clear, decided, journal, live, streamed, tables, wake } = state
  const overJournal = yield* Effect.provideService(
    JournalRuns.make(undefined, undefined, live),
    Journal.Journal,
    journal
  )

  /** A worker's process has a number on its own machine, which says nothing here. */
  const get = (id: string) => Effect.map(overJournal.get(id), (state) => ({ ...state, pid: undefined }))

  const summary = (id: string): Effect.Effect<RunSummary, RunError> => Effect.map(get(id), summaryOf)

  /** The order is kept until it is obeyed, whoever plays the run by then, and told at once where the run is played here. */
  const order = (id: string, kind: OrderKind): Effect.Effect<void, RunError> =>
    Effect.andThen(
      tables.order(id, kind),
      Effect.suspend(() => {
        const here = live.get(id)
        return here === undefined ? Effect.void : Queue.offer(here.orders, orderOf(kind))
      })
    )

  /** The run from the entry `from` on, until it is over or stands still. */
  const endAfter = (id: string, from: number): Effect.Effect<RunSummary, RunError> =>
    journal.follow(records, id, from).pipe(
      Stream.takeUntil((entry) => entry._tag === "Recorded" && standing(entry.record) !== "running"),
      Stream.runDrain,
      Effect.mapError(failed("end")),
      Effect.andThen(summary(id))
    )

  const watched = (id: string, from: number): Playing => ({
    id,
    end: endAfter(id, from),
    stop: (inFlight) => Effect.ignore(order(id, inFlight), { log: true })
  })

  /** Gives the run to the fleet. */
  const handOver = (id: string, next: number, stream: boolean | undefined): Effect.Effect<Playing, RunError> =>
    Effect.gen(function*() {
      if (stream === true) streamed.add(id)
      yield* tables.dropOrders(id)
      yield* tables.queue(id)
      yield* wake(id)
      return watched(id, next)
    })

  const busy = (method: string, id: string): RunError => new RunError({ method, id, reason: new Busy({}) })

  /** A process that died before it had recorded the start has left an empty run, which is none. */
  const createAnew = (id: string) => {
    const create = Effect.mapError(journal.create(records, id), failed("start"))
    return Effect.catchReason(create, "RunError", "Exists", (_, error) =>
      Effect.gen(function*() {
        const left = new ReadRun(id)
        yield* Effect.mapError(readOn(journal, left), () => error)
        const now = yield* Clock.currentTimeMillis
        if (left.content !== undefined || now - left.fold.state.updatedAt < startTakes) return yield* error
        yield* Effect.mapError(journal.remove(id), () => error)
        return yield* create
      }))
  }

  const start = Effect.fnUntraced(function*(
    narrative: Narrative,
    options: StartOptions = {}
  ): Effect.fn.Return<Playing, RunError, GeminiClient.GeminiClient | Scope.Scope> {
    const id = options.id ?? (yield* RunId.make(narrative.title))
    yield* check("start", id, options)
    const { budget, concurrency = 1, defaultModel, model, onFailure, stream } = options
    const planned = yield* Plan.make(narrative, { model, defaultModel })
    const settings: RunSettings = {
      concurrency,
      ...(onFailure === undefined ? {} : { onFailure }),
      ...(budget === undefined ? {} : { budget }),
      ...(model === undefined ? {} : { model }),
      ...(defaultModel === undefined ? {} : { defaultModel })
    }
    let isMade = false
    const next = yield* Effect.scoped(Effect.gen(function*() {
      const run = yield* createAnew(id)
      isMade = true
      const contents = {
        put: (bytes: Uint8Array) => Effect.mapError(run.putBlob(bytes), failed("start")),
        get: (digest: string) => Effect.mapError(journal.getBlob(id, digest), failed("start"))
      }
      const content = yield* keep({ contents }, planned)
      const started: RunRecord = { _tag: "Started", content, settings, library: version }
      yield* Effect.mapError(run.append([started], { state: "running" }), failed("start"))
      return run.next
    })).pipe(
      // A run that was made here and could not be begun is none: there may be no room even for its start.
      Effect.tapError(() => isMade ? Effect.ignore(journal.remove(id)) : Effect.void)
    )
    // What the cluster keeps of an earlier run of this id is not about this one.
    yield* clear(id)
    return yield* handOver(id, next, stream)
  })

  const resume = Effect.fnUntraced(function*(
    id: string,
    options: ResumeOptions = {}
  ): Effect.fn.Return<Playing, RunError, GeminiClient.GeminiClient | Scope.Scope> {
    const { adopt, budget, concurrency, stream } = options
    yield* check("resume", id, options)
    const { read } = yield* readRun(journal, id)
    const { fold } = read
    const why = over(read)
    if (why !== undefined && (adopt === undefined || fold.standing === "cancelled")) {
      return yield* refused("resume", id, "id", why)
    }
    if (fold.standing === "finished" && adopt === undefined) return finishedAlready(id, summaryOf(fold.state))
    if (fold.standing === "running") {
      // The fleet plays it, or will: it is watched from here, but not changed.
      if (adopt !== undefined || budget !== undefined || concurrency !== undefined) return yield* busy("resume", id)
      if ((yield* tables.stateOf(id)) === "played") return watched(id, fold.next)
      return yield* handOver(id, fold.next, stream)
    }
    const { defaultModel = fold.settings.defaultModel, model = fold.settings.model } = options
    const planned = adopt === undefined ? undefined : yield* Plan.make(adopt, { model, defaultModel })
    const next = yield* Effect.scoped(Effect.gen(function*() {
      const run = yield* Effect.mapError(journal.resume(records, id), failed("resume"))
      yield* readOn(journal, read)
      const settings: RunSettings = {
        ...fold.settings,
        ...(concurrency === undefined ? {} : { concurrency }),
        ...(budget === undefined ? {} : { budget }),
        ...(planned === undefined || model === undefined ? {} : { model }),
        ...(planned === undefined || defaultModel === undefined ? {} : { defaultModel })
      }
      const contents = {
        put: (bytes: Uint8Array) => Effect.mapError(run.putBlob(bytes), failed("resume")),
        get: (digest: string) => Effect.mapError(journal.getBlob(id, digest), failed("resume"))
      }
      const adopted: ReadonlyArray<RunRecord> = planned === undefined
        ? []
        : [{ _tag: "Adopted", content: yield* keep({ contents }, planned), library: version }]
      yield* Effect.mapError(
        run.append([...adopted, { _tag: "Continued", settings }], { state: "running" }),
        failed("resume")
      )
      return run.next
    }))
    const playing = yield* handOver(id, next, stream)
    yield* Effect.forkIn(Effect.ignore(untilTaken(id)), yield* Effect.scope)
    return playing
  })

  /**
   * The pause of a run is recorded before its workflow is suspended: a resumption in between is made once more, until the
   * run is taken. Whoever dies here leaves that to the workers, who look for runs that wait.
   */
  const untilTaken = (id: string): Effect.Effect<void, RunError> =>
    Effect.gen(function*() {
      for (let n = 0; n < 50 && (yield* tables.stateOf(id)) === "queued"; n++) {
        yield* Effect.sleep("200 millis")
        yield* wake(id)
      }
    })

  /** The journal of a run that the fleet has is its worker's. */
  const guarded: Journal.Journal["Service"] = {
    ...journal,
    resume: (records, id) =>
      Effect.flatMap(journal.head(id), ({ state }) =>
        state === "running"
          ? Effect.fail(new JournalError({ method: "resume", id, reason: new Busy({}) }))
          : journal.resume(records, id))
  }
  const decisionSign: DecisionSign = {
    give: decided,
    take: () => Effect.void,
    look: () => Effect.undefined,
    seen: () => Effect.never
  }

  const forget = (id: string): Effect.Effect<void, RunError> =>
    Effect.andThen(Effect.andThen(clear(id), tables.drop(id)), tables.dropOrders(id))

  return {
    ...overJournal,
    get,
    list: (prefix) =>
      Stream.map(overJournal.list(prefix), ({ id, summary }) => ({
        id,
        summary: Result.map(summary, (summary) => ({ ...summary, pid: undefined }))
      })),
    start,
    resume,
    cancel: (id) =>
      Effect.gen(function*() {
        const isPlayed = live.has(id) || (yield* tables.stateOf(id)) === "played"
        if (isPlayed) {
          const { next } = yield* get(id)
          yield* order(id, "cancel")
          const heard = yield* Effect.timeoutOption(endAfter(id, next), patience)
          if (heard._tag === "Some" && heard.value.standing === "cancelled") return heard.value
        }
        // Nobody plays it, or its worker does not hear: its next record is refused.
        const cancelled = yield* overJournal.cancel(id)
        yield* forget(id)
        return cancelled
      }),
    // What is handed to a run in this process is lost where the run is suspended at that moment, so all decisions are durable.
    decide: (id, act, decision) =>
      decide({ journal: guarded, live: new Map(), sign: undefined, decisionSign, movesOn: true }, id, act, decision),
    remove: (id) =>
      Effect.gen(function*() {
        if ((yield* tables.stateOf(id)) === "played") return yield* busy("remove", id)
        yield* overJournal.remove(id)
        yield* forget(id)
      }),
    prune: (options) =>
      Effect.tap(
        overJournal.prune(options),
        ({ applied, runs }) => applied ? Effect.forEach(runs, ({ id }) => forget(id), { discard: true }) : Effect.void
      )
  }
})
